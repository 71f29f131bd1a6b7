//! What all studies have in common: how one is run, watched and stopped.

use super::replicate::Interrupted;
use crate::Report;
use sim_core::problem::Problem;
use std::ops::ControlFlow;

/// A study that is ready to run. The type that implements it holds the scenarios and what is asked of them.
pub trait Study {
    /// What comes out: plain data, of which reports are made.
    type Answer;

    /// Replications at most, as far as that is known before.
    fn replications(&self) -> u32;

    /// Runs it.
    ///
    /// # Errors
    /// If the watch stopped it, or it cannot be run.
    fn run(self, watch: &dyn Watch) -> Result<Self::Answer, Stop>;
}

/// What watches a study while it runs.
pub trait Watch: Sync {
    /// So many replications are done, of so many at most. Tells whether to go on.
    fn at(&self, done: u32, of: u32) -> ControlFlow<()>;

    /// What is being done now, of a study that does one thing after the other.
    fn now(&self, _what: String) {}
}

impl<F: Fn(u32, u32) -> ControlFlow<()> + Sync> Watch for F {
    fn at(&self, done: u32, of: u32) -> ControlFlow<()> {
        self(done, of)
    }
}

/// Why a study ended without an answer.
#[derive(Debug)]
pub enum Stop {
    /// The watch stopped it.
    Interrupted,
    /// The scenario cannot be run at a setting, which is named where a command line can name it.
    Report(Option<String>, Box<Report>),
    /// What is asked makes no sense for this scenario.
    Problem(Box<Problem>),
}

impl From<Interrupted> for Stop {
    fn from(_: Interrupted) -> Self {
        Self::Interrupted
    }
}
