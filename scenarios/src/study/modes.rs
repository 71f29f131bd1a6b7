//! Operating modes over the replications: how often each was entered, and for how much of the time it was in force.

use super::experiment::MOST_JOURNALS;
use super::interval::MeanSums;
use sim_core::model::Model;
use sim_core::results::{Course, Journal, ModeSummary, ModesSummary, RunResult};

/// Sums of the modes.
#[derive(Default)]
pub struct ModesSums {
    modes: Vec<OfMode>,
    changes: MeanSums,
    rollbacks: MeanSums,
    journals: Vec<Journal>,
}

/// Sums of one mode.
#[derive(Default)]
struct OfMode {
    entered: MeanSums,
    share: MeanSums,
    stays: MeanSums,
}

impl ModesSums {
    /// Nothing yet; of a model without modes nothing ever.
    pub fn new(model: &Model) -> Self {
        let states = model.modes.as_ref().map_or(0, |modes| modes.states.len());
        Self { modes: (0..states).map(|_| OfMode::default()).collect(), ..Self::default() }
    }

    /// Adds the next replication.
    pub fn merge(&mut self, run: &RunResult) {
        if self.modes.is_empty() {
            return;
        }
        let spans = &run.modes.spans;
        let whole_s = (run.whole().to_ns - run.whole().from_ns) as f64 / 1e9;
        for (place, sums) in self.modes.iter_mut().enumerate() {
            let of_mode = || spans.iter().enumerate().filter(|(_, (mode, _))| *mode == place);
            let seconds =
                |(_, (_, span)): (usize, &(usize, sim_core::results::Span))| (span.to_ns - span.from_ns) as f64 / 1e9;
            sums.entered.add(of_mode().filter(|(number, _)| *number > 0).count() as f64);
            if whole_s > 0.0 {
                sums.share.add(of_mode().map(seconds).sum::<f64>() / whole_s);
            }
            of_mode().map(seconds).for_each(|s| sums.stays.add(s));
        }
        self.changes.add(spans.len().saturating_sub(1) as f64);
        self.rollbacks.add(run.modes.rollbacks as f64);
        let is_first = self.journals.is_empty();
        if !run.modes.journal.is_empty() && (run.replication < MOST_JOURNALS || is_first) {
            let entries = run.modes.journal.clone();
            self.journals.push(Journal {
                replication: run.replication,
                course: Course::Completed,
                held: None,
                entries,
            });
        }
    }

    /// All journals that were kept, in the order of their replications.
    pub fn journals(&self) -> impl Iterator<Item = &Journal> {
        self.journals.iter().filter(|journal| journal.replication < MOST_JOURNALS)
    }

    /// What became of the modes; `None` without.
    pub fn summary(&self, model: &Model) -> Option<ModesSummary> {
        let modes = model.modes.as_ref()?;
        let one = |(mode, sums): (&sim_core::mode::Mode, &OfMode)| ModeSummary {
            name: mode.name.clone(),
            entered: sums.entered.at_least_zero(),
            share: sums.share.at_least_zero(),
            stays_s: sums.stays.of_positive(),
            actions: mode.actions.iter().map(|deed| deed.says.as_str().into()).collect(),
        };
        Some(ModesSummary {
            modes: modes.states.iter().zip(&self.modes).map(one).collect(),
            changes: self.changes.at_least_zero(),
            rollbacks: self.rollbacks.at_least_zero(),
            journal: self.journals.first().cloned(),
        })
    }
}
