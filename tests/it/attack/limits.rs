//! Depth and size: what is too deep or too large is refused with a word, and nothing recurses as far as a file likes.

use crate::cli::small;
use crate::program::Folder;

/// The program refuses the scenario and says so.
fn refused(folder: &Folder, arguments: &[&str], word: &str) {
    let (status, out, err) = folder.run(arguments);
    let said = format!("{out}{err}");
    let start: String = said.chars().take(3000).collect();
    assert_eq!(status, 2, "{start}");
    assert!(said.contains(word) && !said.contains("panicked"), "{start}");
}

#[test]
fn paths_and_nesting_are_bounded() {
    let folder = Folder::new("attack-deep");
    let path = vec!["a"; 20_000].join(".");
    let base = small("1s", 3);
    folder.write("small.yaml", &base);
    folder.write("variant.yaml", &format!("{base}variants:\n  deep:\n    ? {path}\n    : 1\n"));
    let study = format!(
        "studies:\n  s:\n    ask:\n      sweep:\n        over:\n          ? {path}\n          : {{list: [1, 2]}}\n"
    );
    folder.write("over.yaml", &format!("{base}{study}"));
    let capacity = study
        .replace("sweep:", "capacity:")
        .replace("over:", "find:")
        .replace("{list: [1, 2]}", "{range: {from: 1, to: 9}}");
    folder.write("find.yaml", &format!("{base}{capacity}"));
    let word = "this path has more than 128 parts";
    refused(&folder, &["validate", "small.yaml", "--set", &format!("{path}=1")], word);
    refused(&folder, &["check", "small.yaml", "--set", &format!("{path}=1")], word);
    refused(&folder, &["sweep", "small.yaml", "--set", &format!("{path}=1,2")], word);
    refused(&folder, &["validate", "variant.yaml"], word);
    refused(&folder, &["run", "variant.yaml", "--variant", "deep"], word);
    refused(&folder, &["validate", "over.yaml"], word);
    refused(&folder, &["sweep", "over.yaml"], word);
    refused(&folder, &["validate", "find.yaml"], word);
    refused(&folder, &["capacity", "find.yaml"], word);
    // Brackets, blocks, and aliases that stand for each other.
    let brackets = format!("{base}x: {}{}\n", "[".repeat(200_000), "]".repeat(200_000));
    let maps = format!("{base}x: {}1{}\n", "{a: ".repeat(100_000), "}".repeat(100_000));
    let blocks: String = (0..2000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    let lists = format!("{base}x:\n  {}1\n", "- ".repeat(100_000));
    let wrap = |i: usize| format!("a{i}: &a{i} {}*a{}{}\n", "[".repeat(60), i - 1, " ]".repeat(60));
    let aliases = format!("{base}a0: &a0 [x]\n{}", (1..57).map(wrap).collect::<String>());
    for (name, text) in [("[", brackets), ("{", maps), ("blocks", blocks), ("- ", lists), ("aliases", aliases)] {
        folder.write("deep.yaml", &text);
        let (status, out, err) = folder.run(&["validate", "deep.yaml"]);
        assert_eq!(status, 2, "{name}: {err}");
        assert!(!format!("{out}{err}").contains("panicked"), "{name}");
    }
    refused(&folder, &["validate", "small.yaml", "--set", &format!("services={}", "[".repeat(50_000))], "error: ");
}
