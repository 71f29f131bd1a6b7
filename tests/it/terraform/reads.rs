//! What `import terraform --resources` lists is what the code reads: each type of resources that it names, and each argument.

use super::super::program::Folder;
use super::super::{files, root};
use std::collections::BTreeSet;

/// Words in quotes in the sources of the import, without their tests and without the list itself.
fn quoted() -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for file in files("scenarios/src/terraform/import", "rs") {
        let text = std::fs::read_to_string(&file).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap();
        if !file.ends_with("resources.rs") {
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            // What is said to people has more than one word.
            let words = code.flat_map(|line| line.split('"').skip(1).step_by(2).filter(|word| !word.contains(' ')));
            all.extend(words.map(str::to_owned));
        }
    }
    all
}

fn is_kind(word: &str) -> bool {
    let whole = word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    whole && ["aws_", "kubernetes_"].iter().any(|provider| word.starts_with(provider))
}

#[test]
fn each_resource_that_is_read_is_listed_and_the_other_way_round() {
    let folder = Folder::new("import-resources");
    let (status, listed, told) = folder.run(&["import", "terraform", "--resources"]);
    assert_eq!((status, told.as_str()), (0, ""));
    let words: BTreeSet<&str> = listed.split([' ', ',', '\n', ':']).map(|word| word.trim_end_matches('.')).collect();
    let quoted = quoted();
    let kinds: BTreeSet<&str> = quoted.iter().map(String::as_str).filter(|word| is_kind(word)).collect();
    let named = words.iter().map(|word| word.strip_prefix("data.").unwrap_or(word)).filter(|word| is_kind(word));
    let mut named: BTreeSet<&str> = named.collect();
    // A policy is read wherever one is attached, whatever its type is.
    assert!(named.remove("aws_iam_policy"), "{listed}");
    assert_eq!(kinds, named);
    // Each argument, which has `_` or is a word of its own in the code.
    let arguments = words.iter().filter(|word| word.contains('_') && !is_kind(word) && !word.starts_with("data."));
    for argument in arguments {
        assert!(quoted.contains(*argument), "{argument} is listed, and no code reads it");
    }
    // What is listed twice would be read in two ways.
    let first = |line: &str| line.strip_prefix("  ").and_then(|line| line.split(' ').next()).map(str::to_owned);
    let lines: Vec<String> = listed.lines().filter_map(first).collect();
    assert_eq!(lines.iter().collect::<BTreeSet<_>>().len(), lines.len(), "{listed}");
    assert!(lines.len() > 25 && root().join("docs/TERRAFORM.md").exists());
}
