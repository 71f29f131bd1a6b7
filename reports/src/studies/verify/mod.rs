//! `verify`: the truth suite.
//!
//! A case is a scenario; each clause of its `expect` is a line: what is measured, what is expected, what the simulation says with its
//! 95 % interval, and the verdict. A clause that does not hold is a miss and is shown as one, before the totals once more.

mod cases;
pub mod measured;
pub mod page;
#[cfg(test)]
mod sample;
mod terminal;

use crate::ReportError;
use crate::answer::{Answer, Kind, pretty};
use crate::terminal::{Style, say};
pub use cases::Verified;

/// Its kind.
pub const KIND: Kind = Kind {
    command: "verify",
    results: None,
    runs_again: None,
    #[cfg(any(test, feature = "sample"))]
    pages: Vec::new,
    #[cfg(test)]
    forms: sample::forms,
};

/// The answer of the truth suite.
#[derive(Debug, Clone, Copy)]
pub struct VerifyAnswer<'a> {
    /// The cases that were simulated.
    pub cases: &'a [Verified],
}

impl Answer for VerifyAnswer<'_> {
    /// A list of cases with their clauses.
    fn json(&self) -> Result<String, ReportError> {
        let item = |case: &Verified| {
            serde_json::json!({
                "case": case.name,
                "file": case.file,
                "scenario": case.summary.scenario,
                "question": case.summary.question,
                "source": case.source,
                "seed": case.summary.seed,
                "replications": case.summary.replications,
                "digest": case.summary.digest,
                "expectations": case.summary.expectations,
            })
        };
        pretty(&self.cases.iter().map(item).collect::<Vec<serde_json::Value>>())
    }

    /// The table, without the last line that tells the exit status.
    fn terminal(&self, style: &Style) -> String {
        terminal::table(self.cases, style)
    }

    /// How many cases are held.
    fn sentence(&self, style: &Style) -> String {
        say(&cases::totals(self.cases), style)
    }
}
