//! Closed forms, written as scenario files with their exact values in `expect`. Sources: Kleinrock, "Queueing Systems" I, 1975 (M/M/c and
//! kin, G/M/1); Pollaczek and Khinchine (M/G/1); Garnett, Mandelbaum, Reiman 2002 (Erlang A); Reiser and Lavenberg 1980 (closed networks);
//! Jackson 1957. A clause is held when the 95 % interval of the simulated value overlaps the band around the exact one.

use super::{files, run};
use sim_core::results::Verdict;

#[test]
fn closed_forms_hold() {
    let mut missed = Vec::new();
    let mut cases = 0;
    for file in files("tests/truth", "yaml") {
        let study = run(&file, &[], 2);
        assert!(!study.summary.expectations.is_empty(), "{} expects nothing", file.display());
        for clause in &study.summary.expectations {
            cases += 1;
            if clause.verdict != Verdict::Held {
                missed.push(format!("{}: {} is {:?}", file.display(), clause.name, clause.observed));
            }
        }
    }
    assert!(missed.is_empty(), "{} of {cases} missed:\n{}", missed.len(), missed.join("\n"));
    assert!(cases >= 25, "{cases} cases");
}
