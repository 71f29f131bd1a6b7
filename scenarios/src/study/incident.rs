//! Incidents over the replications: how many alerts became how many incidents, who was told how often, and how soon somebody answered.

use super::experiment::MOST_JOURNALS;
use super::interval::MeanSums;
use sim_core::model::Model;
use sim_core::results::{Course, IncidentRun, IncidentsSummary, Journal, RunResult};

/// Sums of all incidents.
#[derive(Default)]
pub struct IncidentSums {
    raised: MeanSums,
    incidents: MeanSums,
    notifications: MeanSums,
    suppressed: MeanSums,
    silenced: MeanSums,
    escalations: MeanSums,
    severity: MeanSums,
    acknowledged_after: MeanSums,
    lasted: MeanSums,
    journals: Vec<Journal>,
}

impl IncidentSums {
    /// Adds the next replication. Incidents of the warm-up are left out, as all counts of a run are.
    pub fn merge(&mut self, run: &RunResult) {
        let all = &run.incidents;
        let measured = || all.all.iter().filter(|incident| incident.opened_ns >= 0);
        let sum = |of: fn(&IncidentRun) -> u32| measured().map(|incident| f64::from(of(incident))).sum::<f64>();
        self.raised.add(sum(|incident| incident.raised));
        self.escalations.add(sum(|incident| incident.escalations));
        self.incidents.add(measured().count() as f64);
        self.notifications.add(all.notified_ns.iter().filter(|at_ns| **at_ns >= 0).count() as f64);
        self.suppressed.add(all.suppressed as f64);
        self.silenced.add(all.silenced as f64);
        for incident in measured() {
            self.severity.add(f64::from(incident.severity));
            let after = |ns: Option<i64>| ns.map(|ns| (ns - incident.opened_ns) as f64 / 1e9);
            after(incident.acked_ns).into_iter().for_each(|seconds| self.acknowledged_after.add(seconds));
            after(incident.closed_ns).into_iter().for_each(|seconds| self.lasted.add(seconds));
        }
        let is_first = self.journals.is_empty();
        if !all.journal.is_empty() && (run.replication < MOST_JOURNALS || is_first) {
            let (replication, entries) = (run.replication, all.journal.clone());
            self.journals.push(Journal { replication, course: Course::Completed, held: None, entries });
        }
    }

    /// All journals that were kept, in the order of their replications.
    pub fn journals(&self) -> impl Iterator<Item = &Journal> {
        self.journals.iter().filter(|journal| journal.replication < MOST_JOURNALS)
    }

    /// What became of incidents; `None` where nothing makes any of alerts.
    pub fn summary(&self, model: &Model) -> Option<IncidentsSummary> {
        model.incidents.as_ref()?;
        Some(IncidentsSummary {
            raised: self.raised.at_least_zero(),
            incidents: self.incidents.at_least_zero(),
            notifications: self.notifications.at_least_zero(),
            suppressed: self.suppressed.at_least_zero(),
            silenced: self.silenced.at_least_zero(),
            escalations: self.escalations.at_least_zero(),
            severity: self.severity.estimate(),
            acknowledged_after_s: self.acknowledged_after.of_positive(),
            lasted_s: self.lasted.of_positive(),
            journal: self.journals.first().cloned(),
        })
    }
}
