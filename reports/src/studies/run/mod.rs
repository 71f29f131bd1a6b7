//! `run`: one scenario, simulated many times.

mod answer;
pub(crate) mod course;
mod deploy_page;
pub(crate) mod experiment;
pub mod experiment_page;
pub mod findings;
mod incident_page;
mod known;
mod listed;
mod loop_page;
mod modes_page;
mod network_page;
pub mod page;
mod runbook_page;
#[cfg(any(test, feature = "sample"))]
pub mod sample;
mod tables;
mod terminal;
mod wrong_page;

use crate::answer::{Answer, Files, Kind, Reported, pretty};
use crate::page::Page;
use crate::page::sentence::join;
use crate::terminal::{Style, say};
use crate::{ReportError, Source};
use sim_core::results::StudyResult;

/// Its kind.
pub const KIND: Kind = Kind {
    command: "run",
    results: Some("results.json"),
    runs_again: None,
    #[cfg(any(test, feature = "sample"))]
    pages: sample::pages,
    #[cfg(test)]
    forms: sample::forms,
};

/// `results.json`.
///
/// # Errors
/// Never for results of a study.
pub fn json(study: &StudyResult) -> Result<String, ReportError> {
    pretty(&study.summary)
}

/// The answer of a run.
#[derive(Debug, Clone, Copy)]
pub struct RunAnswer<'a> {
    /// Its results.
    pub study: &'a StudyResult,
    /// The scenario that was run.
    pub source: &'a Source,
}

impl Answer for RunAnswer<'_> {
    fn json(&self) -> Result<String, ReportError> {
        json(self.study)
    }

    fn terminal(&self, style: &Style) -> String {
        terminal::summary(self.study, self.source, style)
    }

    /// The answer, and that the run was stopped where it was.
    fn sentence(&self, style: &Style) -> String {
        let stopped = course::stopped_early(&self.study.summary).map_or_else(String::new, |says| say(&says, style));
        stopped + &say(&join(&answer::answer(self.study)), style)
    }
}

/// The sections of what watches and acts, which stand together in the order in which they are added.
const CONTROL: [&str; 4] = ["alerts", "loops", "incidents", "runbooks"];

impl Reported for RunAnswer<'_> {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn tables(&self) -> Result<Files, ReportError> {
        tables::files(self.study, self.source)
    }

    /// With an experiment the page is that of the experiment.
    fn page(&self) -> Page {
        let page = if self.study.summary.experiments.is_empty() { page::page } else { experiment_page::page };
        let mut page = page(self.study, self.source);
        deploy_page::add(&mut page, self.study);
        network_page::add(&mut page, self.study);
        wrong_page::add(&mut page, self.study);
        loop_page::add(&mut page, self.study);
        incident_page::add(&mut page, self.study);
        runbook_page::add(&mut page, self.study);
        modes_page::add(&mut page, self.study);
        page
    }
}
