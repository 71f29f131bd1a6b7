//! `capacity`: the cheapest setting that keeps every promise.

pub mod findings;
mod page;
#[cfg(any(test, feature = "sample"))]
mod sample;
mod table;
mod terminal;

use crate::answer::{Answer, Files, Kind, Reported, pretty};
use crate::columns;
use crate::page::Page;
use crate::terminal::{Style, say};
use crate::{ReportError, Source};
use sim_core::results::CapacityResult;

/// Its kind.
pub const KIND: Kind = Kind {
    command: "capacity",
    results: Some("capacity.json"),
    runs_again: Some("a search"),
    #[cfg(any(test, feature = "sample"))]
    pages: sample::pages,
    #[cfg(test)]
    forms: sample::forms,
};

/// The answer of a search for capacity.
#[derive(Debug, Clone, Copy)]
pub struct CapacityAnswer<'a> {
    /// Its results.
    pub capacity: &'a CapacityResult,
    /// The scenario.
    pub source: &'a Source,
}

impl Answer for CapacityAnswer<'_> {
    fn json(&self) -> Result<String, ReportError> {
        pretty(self.capacity)
    }

    fn terminal(&self, style: &Style) -> String {
        terminal::summary(self.capacity, self.source, style)
    }

    fn sentence(&self, style: &Style) -> String {
        say(&findings::answer(self.capacity), style)
    }
}

impl Reported for CapacityAnswer<'_> {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn tables(&self) -> Result<Files, ReportError> {
        let table = columns::csv(&table::columns(self.capacity));
        Ok([vec![("capacity.csv".to_owned(), table.into_bytes())], self.source.files()].concat())
    }

    fn page(&self) -> Page {
        page::page(self.capacity, self.source)
    }
}
