//! What clippy cannot hold: the first line of files, their size, and that every kind is used by a shipped scenario.

use super::{files, root};

#[test]
fn files_say_what_lives_in_them_and_stay_small() {
    for folder in ["src", "sim-core/src", "scenarios/src", "reports/src", "tests/it"] {
        for file in files(folder, "rs") {
            let text = std::fs::read_to_string(&file).unwrap();
            assert!(text.starts_with("//!"), "{} does not say what lives in it", file.display());
            assert!(text.lines().count() <= 600, "{} has {} lines", file.display(), text.lines().count());
            let unfinished = ["FIX", "ME"].concat();
            assert!(!text.contains(&unfinished), "{}", file.display());
        }
    }
}

#[test]
fn paths_in_the_architecture_exist() {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    for word in text.split('`').skip(1).step_by(2) {
        let is_path = word.contains('/') && !word.contains(' ') && word.contains("src")
            || word.starts_with("scenarios/")
            || word.starts_with("tests/");
        if is_path {
            assert!(root().join(word).exists(), "{word} is gone");
        }
    }
}
