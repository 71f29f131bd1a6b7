//! An invented case: the sample of a run.

use super::{Verified, VerifyAnswer};
use crate::answer::Answer;
use crate::studies::run::sample::{source, study};
use crate::terminal::Style;

/// Forms of the sample for a terminal.
pub fn forms(style: &Style) -> Vec<(&'static str, String)> {
    let cases = [Verified {
        name: "queueing/mm1".into(),
        file: "a.yaml".into(),
        source: source().question,
        summary: study().summary,
    }];
    let answer = VerifyAnswer { cases: &cases };
    vec![("verify", answer.terminal(style)), ("verify in a sentence", answer.sentence(style))]
}
