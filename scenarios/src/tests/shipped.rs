//! The shipped scenarios are valid, open with their question, and are laid out as the language says.

use crate::files::Disk;
use crate::loaded::{Loaded, load};
use std::path::{Path, PathBuf};

/// All shipped scenarios, in the order of their paths.
pub(super) fn files() -> Vec<PathBuf> {
    let mut found = vec![];
    gather(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/shipped")), &mut found);
    found.sort();
    assert!(found.len() >= 11, "{found:?}");
    found
}

fn gather(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("is a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            gather(&path, found);
        } else if path.extension().is_some_and(|e| e == "yaml") {
            found.push(path);
        }
    }
}

fn loaded(path: &Path, variant: Option<&str>) -> Loaded {
    load(&Disk, path.to_str().expect("is text"), &[], variant)
        .unwrap_or_else(|r| panic!("{}{}", r.render(false), r.closing()))
}

#[test]
fn shipped_scenarios_have_no_problems() {
    for path in files() {
        let loaded = loaded(&path, None);
        assert!(loaded.warnings.problems.is_empty(), "{}", loaded.warnings.render(false));
        assert!(loaded.written.answer.is_some(), "{path:?} does not say what to expect");
    }
}

#[test]
fn variants_of_shipped_scenarios_are_valid() {
    for path in files() {
        for variant in loaded(&path, None).written.variants.names() {
            loaded(&path, Some(variant));
        }
    }
}

#[test]
fn yardsticks_have_a_million_requests() {
    for (name, rate) in [("w1", 0.8), ("w2", 14.4), ("w3", 560.0)] {
        let path = format!("{}/shipped/yardstick/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
        assert!(loaded(Path::new(&path), None).model.run.duration.secs() * rate >= 1e6, "{name}");
    }
}
