//! Invented verdicts: those of the sample of a run.

use super::CheckAnswer;
use crate::answer::Answer;
use crate::studies::run::sample::study;
use crate::terminal::Style;
use sim_core::results::gate::{Checked, CheckedFile, Ended};
use std::collections::BTreeMap;

/// The verdicts of the same scenario, as `check` has them.
pub fn checked() -> Checked {
    let summary = study().summary;
    Checked {
        scenario: summary.scenario,
        seed: summary.seed,
        replications: summary.replications,
        most: summary.replications,
        ended: Ended::Complete,
        confidence: 0.95,
        any_time: false,
        digest: summary.digest,
        stopped: summary.stopped,
        precision: None,
        promises: summary.promises,
        experiments: summary.experiments.into_iter().map(|experiment| experiment.judgement).collect(),
        expectations: summary.expectations,
        places: BTreeMap::new(),
        measured: Vec::new(),
        against: Vec::new(),
    }
}

/// Forms of the sample for a terminal.
pub fn forms(style: &Style) -> Vec<(&'static str, String)> {
    let file = CheckedFile { file: "scenarios/a-long-folder/checkout.yaml".into(), outcome: Ok(checked()) };
    let answer = CheckAnswer { files: std::slice::from_ref(&file), baseline: None };
    vec![("check", answer.terminal(style)), ("check in a sentence", answer.sentence(style))]
}
