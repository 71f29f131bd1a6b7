//! The truth suite, as `windtunnel verify` runs it: every case is held, by an interval that is narrow enough to miss, and the page of
//! the documentation says so.

use super::generated::check;
use reports::studies::verify::{Verified, page::page};
use scenarios::study::{self, Plan};
use scenarios::suite::{self, Case};
use sim_core::results::Verdict;
use std::ops::ControlFlow;

fn verified(case: &Case, seeds: u64) -> Verified {
    let (loaded, variants) = case.load().unwrap_or_else(|r| panic!("{}", r.render(false)));
    let mut plan = Plan::of(&loaded, 2);
    plan.seed += seeds;
    let study = study::run(&loaded, &variants, &plan, &|_, _| ControlFlow::Continue(())).unwrap();
    let source = loaded.written.source.unwrap_or_default();
    Verified { name: case.name.to_owned(), file: case.path(), source, summary: study.summary }
}

#[test]
fn the_truth_suite_holds_and_its_page_says_so() {
    let results: Vec<Verified> = suite::ALL.iter().map(|case| verified(case, 0)).collect();
    let mut cases = 0;
    let mut wrong = Vec::new();
    for (case, of) in results.iter().zip(suite::ALL) {
        if case.summary.replications == 1 {
            let (once, again) = (&case.summary.expectations, verified(of, 1).summary.expectations);
            let same = once.iter().zip(&again).all(|(a, b)| a.observed == b.observed);
            assert!(same, "{} draws random numbers and needs replications", case.name);
        }
        for clause in &case.summary.expectations {
            cases += 1;
            let name = format!("{}: {}", case.name, clause.name);
            if clause.verdict != Verdict::Held {
                wrong.push(format!("{name} is {:?}: {:?}", clause.verdict, clause.observed));
            }
            // An interval wider than the band overlaps it whatever is true.
            if let (Some(observed), Some(tolerance)) = (clause.observed, clause.tolerance) {
                let half = observed.half_width();
                if half > tolerance * 1.001 {
                    wrong.push(format!("{name} is known to {half} only, where {tolerance} is the band"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {cases}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(cases >= 100, "{cases} cases");
    check("docs/TRUTH.md", &page(&results));
}
