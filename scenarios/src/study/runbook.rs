//! Runbooks over the replications: how often they were begun, how soon somebody acted, and how long it took.

use super::experiment::MOST_JOURNALS;
use super::interval::MeanSums;
use sim_core::model::Model;
use sim_core::results::{Course, Journal, RunResult, RunbookRun, RunbookSummary};
use sim_core::runbook::Trigger;

/// Sums of a runbook.
#[derive(Default)]
pub struct RunbookSums {
    begun: MeanSums,
    runs: u32,
    acts_after: MeanSums,
    done_after: MeanSums,
    journals: Vec<Journal>,
}

impl RunbookSums {
    /// Adds the next replication, in which the runbook has this place.
    pub fn merge(&mut self, run: &RunResult, place: usize) {
        let done = &run.runbooks[place];
        self.begun.add(done.responses.len() as f64);
        self.runs += u32::from(!done.responses.is_empty());
        for response in &done.responses {
            let after = |ns: Option<i64>| ns.map(|ns| (ns - response.begun_ns) as f64 / 1e9);
            after(response.acted_ns).into_iter().for_each(|s| self.acts_after.add(s));
            after(response.ended_ns).into_iter().for_each(|s| self.done_after.add(s));
        }
        let is_first = self.journals.is_empty();
        if !done.responses.is_empty() && (run.replication < MOST_JOURNALS || is_first) {
            self.journals.push(journal(run.replication, done));
        }
    }

    /// All journals that were kept, in the order of their replications.
    pub fn journals(&self) -> impl Iterator<Item = &Journal> {
        self.journals.iter().filter(|journal| journal.replication < MOST_JOURNALS)
    }

    /// What became of the runbook that has this place.
    pub fn summary(&self, model: &Model, place: usize) -> RunbookSummary {
        let runbook = &model.runbooks[place];
        RunbookSummary {
            name: runbook.name.clone(),
            alert: match runbook.trigger {
                Trigger::Alert(alert) => model.alerts[alert].name.clone(),
                Trigger::Incident(severity) => format!("incidents from severity {severity}"),
            },
            by: runbook.by.map(|by| model.people[by].name.clone()),
            actions: runbook.actions.iter().map(|deed| deed.says.as_str().into()).collect(),
            begun: self.begun.at_least_zero(),
            runs: self.runs,
            acts_after_s: self.acts_after.of_positive(),
            done_after_s: self.done_after.of_positive(),
            journal: self.journals.first().cloned(),
        }
    }
}

fn journal(replication: u32, done: &RunbookRun) -> Journal {
    let is_done = done.responses.last().is_some_and(|last| last.ended_ns.is_some());
    let course = if is_done { Course::Completed } else { Course::CutShort };
    Journal { replication, course, held: None, entries: done.journal.clone() }
}
