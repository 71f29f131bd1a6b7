//! Files of the first proposal of the language (`tests/it/language/`), as they were written before there was a program: it reads them as they stand.

use super::files;
use super::program::Folder;

/// The files, and the findings that `validate` tells of each.
const FILES: [(&str, &[&str]); 5] = [
    ("breaker-that-never-opens.yaml", &["breaker-never-opens"]),
    ("connection-pool-exhaustion.yaml", &["timeouts-in-the-wrong-order"]),
    ("retry-budgets.yaml", &["retry-amplification"]),
    ("timeouts-in-the-wrong-order.yaml", &["timeouts-in-the-wrong-order", "retry-amplification"]),
    ("vlan-blackhole.yaml", &[]),
];

#[test]
fn files_of_the_first_proposal_are_valid_as_they_stand() {
    let folder = Folder::new("language");
    let all = files("tests/it/language", "yaml");
    assert_eq!(all.len(), FILES.len());
    for (path, (name, findings)) in all.iter().zip(FILES) {
        assert!(path.ends_with(name), "{}", path.display());
        folder.write(name, &std::fs::read_to_string(path).unwrap());
        let (status, out, told) = folder.run(&["validate", name]);
        assert_eq!(status, 0, "{name}: {told}");
        for finding in findings {
            assert!(format!("{out}{told}").contains(&format!("warning[{finding}]")), "{name}, {finding}: {out}{told}");
        }
    }
}
