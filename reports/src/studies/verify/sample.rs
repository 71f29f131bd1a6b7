//! An invented case, and an invented measured system: the sample of a run.

use super::measured::{MeasuredAnswer, Predicted};
use super::{Verified, VerifyAnswer};
use crate::answer::Answer;
use crate::studies::run::sample::{source, study};
use crate::terminal::Style;
use sim_core::results::PromiseSummary;
use sim_core::results::measured::{Fact, Target, Together};

/// Forms of the sample for a terminal.
pub fn forms(style: &Style) -> Vec<(&'static str, String)> {
    let cases = [Verified {
        name: "queueing/mm1".into(),
        file: "a.yaml".into(),
        source: source().question,
        summary: study().summary,
    }];
    let answer = VerifyAnswer { cases: &cases };
    let systems = [predicted()];
    let measured = MeasuredAnswer { systems: &systems };
    vec![
        ("verify", answer.terminal(style)),
        ("verify in a sentence", answer.sentence(style)),
        ("verify --measured", measured.terminal(style)),
        ("verify --measured in a sentence", measured.sentence(style)),
    ]
}

/// A system each of whose clauses was measured, and of which one is missed.
fn predicted() -> Predicted {
    let summary = study().summary;
    let fact = |(place, clause): (usize, &PromiseSummary)| Fact {
        what: format!("row {place}"),
        metric: clause.name.clone(),
        measured: clause.expected.to_string(),
        calibrates: place == 0,
        target: if place % 2 == 0 { Target::None } else { Target::Within(0.03) },
        why: "What is known of the system does not say how its users come, so that nothing can be set by it".into(),
    };
    Predicted {
        name: "web-application".into(),
        file: "a.yaml".into(),
        source: source().question,
        facts: summary.expectations.iter().enumerate().map(fact).collect(),
        together: Some(Together { at_most: 0.025, why: "The measured numbers vary by 1.5 % themselves".into() }),
        summary,
    }
}
