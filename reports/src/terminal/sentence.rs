//! The one sentence of each study, for those who ask for nothing else.

use super::{Style, wrap};
use crate::findings;
use crate::{answer, course};
use sim_core::results::compare::Comparison;
use sim_core::results::{CapacityResult, StudyResult, SweepResult};

/// A sentence at the width of the terminal.
pub(crate) fn say(text: &str, style: &Style) -> String {
    style.finish(&wrap(text, "", style.sentence_width()))
}

/// The answer of a run, and that it was stopped where it was.
pub fn of_run(study: &StudyResult, style: &Style) -> String {
    let stopped = course::stopped_early(&study.summary).map_or_else(String::new, |says| say(&says, style));
    stopped + &say(&answer::join(&answer::answer(study)), style)
}

/// The answers of a comparison, one for each B.
pub fn of_comparison(comparison: &Comparison, style: &Style) -> String {
    comparison.against.iter().map(|compared| say(&findings::compare::answer(compared), style)).collect()
}

/// The answer of a sweep.
pub fn of_sweep(sweep: &SweepResult, style: &Style) -> String {
    say(&findings::sweep::answer(sweep), style)
}

/// The answer of a search.
pub fn of_capacity(capacity: &CapacityResult, style: &Style) -> String {
    say(&findings::capacity::answer(capacity), style)
}
