//! `sweep`: one system at many settings.

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
use sim_core::results::SweepResult;

/// Its kind.
pub const KIND: Kind = Kind {
    command: "sweep",
    results: Some("sweep.json"),
    runs_again: None,
    #[cfg(any(test, feature = "sample"))]
    pages: sample::pages,
    #[cfg(test)]
    forms: sample::forms,
};

/// The answer of a sweep.
#[derive(Debug, Clone, Copy)]
pub struct SweepAnswer<'a> {
    /// Its results.
    pub sweep: &'a SweepResult,
    /// The scenario.
    pub source: &'a Source,
}

impl Answer for SweepAnswer<'_> {
    /// All but the replications, which stand in the tables.
    fn json(&self) -> Result<String, ReportError> {
        let mut value = serde_json::to_value(self.sweep)?;
        for point in value["points"].as_array_mut().into_iter().flatten() {
            point.as_object_mut().map(|point| point.remove("rows"));
        }
        pretty(&value)
    }

    fn terminal(&self, style: &Style) -> String {
        terminal::summary(self.sweep, self.source, style)
    }

    fn sentence(&self, style: &Style) -> String {
        say(&findings::answer(self.sweep), style)
    }
}

impl Reported for SweepAnswer<'_> {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn tables(&self) -> Result<Files, ReportError> {
        let columns = table::columns(self.sweep);
        let mut files = vec![
            ("sweep.csv".to_owned(), columns::csv(&columns).into_bytes()),
            #[cfg(feature = "parquet")]
            ("sweep.parquet".to_owned(), columns::parquet(&columns)?),
        ];
        files.extend(self.source.files());
        Ok(files)
    }

    fn page(&self) -> Page {
        page::page(self.sweep, self.source)
    }
}
