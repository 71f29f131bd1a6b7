//! `compare`: systems on the same random numbers.

pub mod findings;
mod page;
#[cfg(any(test, feature = "sample"))]
mod sample;
mod table;
mod terminal;

use crate::answer::{Answer, Files, Kind, Reported, pretty};
use crate::page::Page;
use crate::terminal::{Style, say};
use crate::{ReportError, Source};
use sim_core::results::compare::Comparison;

/// Its kind.
pub const KIND: Kind = Kind {
    command: "compare",
    results: Some("compare.json"),
    runs_again: Some("a comparison"),
    #[cfg(any(test, feature = "sample"))]
    pages: sample::pages,
    #[cfg(test)]
    forms: sample::forms,
};

/// The answer of a comparison.
#[derive(Debug, Clone, Copy)]
pub struct CompareAnswer<'a> {
    /// Its results.
    pub comparison: &'a Comparison,
    /// The scenarios that were compared: that of A and those of each B.
    pub sources: &'a [Source],
}

impl Answer for CompareAnswer<'_> {
    fn json(&self) -> Result<String, ReportError> {
        pretty(self.comparison)
    }

    fn terminal(&self, style: &Style) -> String {
        terminal::summary(self.comparison, style)
    }

    fn sentence(&self, style: &Style) -> String {
        self.comparison.against.iter().map(|compared| say(&findings::answer(compared), style)).collect()
    }
}

impl Reported for CompareAnswer<'_> {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn tables(&self) -> Result<Files, ReportError> {
        Ok(vec![("compare.csv".to_owned(), table::csv(self.comparison).into_bytes())])
    }

    fn page(&self) -> Page {
        page::page(self.comparison, self.sources)
    }
}
