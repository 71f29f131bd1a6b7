//! The shipped scenarios are valid, open with their question, and are laid out as the language says.

use crate::Set;
use crate::files::{Disk, Files, Memory};
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

/// Each is right of its scenario, and most scenarios are there to show it. Another one is a false alarm until somebody has looked at it.
#[test]
fn findings_of_shipped_scenarios_are_those_that_are_right_of_them() {
    let checkout = &["duplicate-effects"][..];
    let storm = &["retry-amplification", "timeouts-in-the-wrong-order"][..];
    let expected = [
        ("answers/checkout-capacity", checkout),
        ("answers/checkout-gate", checkout),
        ("answers/checkout-sweep", checkout),
        ("checkout", checkout),
        // Its money is in one store, whose regions are cut off.
        ("data/cut-off-region", &["everything-needs-it"]),
        ("data/two-writers", &["everything-needs-it"]),
        ("experiments/breaker-forced-open", &["single-point-of-failure"]),
        ("experiments/retries-off-by-hand", &["single-point-of-failure"]),
        ("network/deaf-link", &["duplicate-effects"]),
        // It is about the one service that all call.
        ("network/half-cut-zones", &["everything-needs-it"]),
        ("resilience/breaker-that-never-opens", &["breaker-never-opens"]),
        // Users give a log-in 3 s, and a query of it may take 10 s.
        ("resilience/connection-pool-exhaustion", &["timeouts-in-the-wrong-order"]),
        ("resilience/retry-storm", storm),
        // One of them is all that it asks about.
        ("answers/checkout-knee", &["single-point-of-failure"]),
        // The promise is that of the whole, which its parts cannot keep.
        ("availability/slo-arithmetic", &["promise-above-its-parts"]),
        // Without keys a charge is made twice, which is what they show.
        ("messages/order-saga", &["duplicate-effects"]),
        ("messages/outbox", &["duplicate-effects"]),
        ("resilience/operating-modes", &["single-point-of-failure"]),
        ("resilience/timeouts-in-the-wrong-order", storm),
        // Some libraries have no timeout, or one of half a minute.
        ("resilience/which-library", &["timeouts-in-the-wrong-order"]),
        // What it compares limits with: one that is too wide.
        ("resilience/which-limit", &["limit-wider-than-callee"]),
        ("yardstick/big", storm),
        ("yardstick/w3", &["retry-amplification"]),
    ];
    for path in files() {
        let loaded = loaded(&path, None);
        let mut names: Vec<&str> = loaded.findings.problems.iter().filter_map(|p| p.problem.name).collect();
        names.sort_unstable();
        names.dedup();
        let path = path.to_string_lossy();
        let known = expected.iter().find(|(name, _)| path.ends_with(&format!("shipped/{name}.yaml")));
        assert_eq!(names, known.map_or(&[][..], |(_, names)| names), "{path}:\n{}", loaded.findings.render(false));
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

#[test]
fn what_is_told_at_once_is_the_same_system() {
    for path in files() {
        let sets = [Set { path: "run.seed".into(), value: "7".into() }];
        let name = path.to_str().expect("is text");
        let whole = load(&Disk, name, &sets, None).unwrap_or_else(|r| panic!("{}", r.render(false)));
        assert!(whole.text.starts_with("# "), "{}", whole.text);
        let beside = path.with_file_name("newsletter.csv");
        let mut files = Memory::of(name, &whole.text);
        if let Ok(csv) = std::fs::read_to_string(&beside) {
            files = files.and(beside.to_str().expect("is text"), &csv);
        }
        let again = load(&files, name, &[], None).unwrap_or_else(|r| panic!("{}", r.render(false)));
        assert_eq!(format!("{:?}", again.model), format!("{:?}", whole.model), "{name}");
        assert_eq!(again.written.studies, whole.written.studies, "{name}");
        for variant in whole.written.variants.names() {
            assert_eq!(
                again.written.variants.names().collect::<Vec<_>>(),
                whole.written.variants.names().collect::<Vec<_>>()
            );
            let model = |source: &dyn Files, sets: &[Set]| {
                let loaded = load(source, name, sets, Some(variant)).unwrap_or_else(|r| panic!("{}", r.render(false)));
                format!("{:?}", loaded.model)
            };
            assert_eq!(model(&files, &[]), model(&Disk, &sets), "{name} in {variant}");
        }
    }
}
