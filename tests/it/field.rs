//! Cases that people who run services have reported in public, as small scenarios with what is known to be right (`tests/it/field/`, each with
//! its source), which is written as clauses: every clause of each is held.

use super::program::Folder;
use super::{files, run};
use sim_core::results::Verdict;

/// Cases that ask for what is not built yet, and a word of what they are told.
const NOT_BUILT: &[(&str, &str)] = &[("26-nginx-limit-req.yaml", "rate_limit")];

#[test]
fn every_clause_of_every_field_case_is_held() {
    let mut wrong = Vec::new();
    let cases = files("tests/it/field", "yaml");
    assert!(cases.len() >= 17, "{} cases", cases.len());
    for file in cases {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        if NOT_BUILT.iter().any(|(case, _)| *case == name) {
            continue;
        }
        let study = run(&file, &[], 2);
        assert!(!study.summary.expectations.is_empty(), "{name} says nothing of what is known");
        for clause in &study.summary.expectations {
            if clause.verdict != Verdict::Held {
                wrong.push(format!("{name}: {} is {:?}: {:?}", clause.name, clause.verdict, clause.observed));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn cases_that_need_what_is_not_built_are_refused_by_its_name() {
    let folder = Folder::new("field");
    for (case, word) in NOT_BUILT {
        let text = std::fs::read_to_string(super::root().join("tests/it/field").join(case)).unwrap();
        folder.write(case, &text);
        let (status, _, told) = folder.run(&["check", case]);
        assert_eq!(status, 2, "{case}: {told}");
        assert!(told.contains(word), "{case}: {told}");
    }
}
