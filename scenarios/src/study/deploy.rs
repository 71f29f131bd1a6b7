//! Deploys over the replications: how often they came to stay, how often they were halted, and how long that took.

use super::experiment::MOST_JOURNALS;
use super::interval::{MeanSums, wilson};
use sim_core::faults::FaultEffect;
use sim_core::ids::FaultId;
use sim_core::model::Model;
use sim_core::results::{Course, DeployRun, DeploySummary, Journal, RunResult};

/// Sums of a deploy.
pub struct DeploySums {
    fault: FaultId,
    ran: u32,
    completed: u32,
    halted: u32,
    blind: u32,
    halted_after: MeanSums,
    back_after: MeanSums,
    journals: Vec<Journal>,
}

/// Nothing yet, of each deploy of a model, in the order of its faults.
pub fn of(model: &Model) -> Vec<DeploySums> {
    let deploys = model.faults.iter().enumerate().filter(|(_, fault)| matches!(fault.effect, FaultEffect::Deploy(_)));
    deploys.map(|(place, _)| DeploySums::new(FaultId::from(place))).collect()
}

impl DeploySums {
    fn new(fault: FaultId) -> Self {
        Self {
            fault,
            ran: 0,
            completed: 0,
            halted: 0,
            blind: 0,
            halted_after: MeanSums::default(),
            back_after: MeanSums::default(),
            journals: Vec::new(),
        }
    }

    /// Adds the next replication.
    pub fn merge(&mut self, run: &RunResult) {
        let fault = self.fault;
        for done in run.deploys.iter().filter(|done| done.fault == fault) {
            self.ran += 1;
            self.completed += u32::from(done.course == Course::Completed);
            self.halted += u32::from(done.course == Course::Aborted);
            self.blind += u32::from(done.is_blind);
            done.halted_after_s.into_iter().for_each(|s| self.halted_after.add(s));
            done.back_after_s.into_iter().for_each(|s| self.back_after.add(s));
            self.keep(run.replication, done);
        }
    }

    fn keep(&mut self, replication: u32, done: &DeployRun) {
        let is_first_halt =
            done.course == Course::Aborted && !self.journals.iter().any(|journal| journal.course == Course::Aborted);
        if replication < MOST_JOURNALS || is_first_halt {
            let (course, entries) = (done.course, done.journal.clone());
            self.journals.push(Journal { replication, course, held: None, entries });
        }
    }

    /// All journals that were kept, in the order of their replications.
    pub fn journals(&self) -> impl Iterator<Item = &Journal> {
        self.journals.iter().filter(|journal| journal.replication < MOST_JOURNALS)
    }

    /// Its name.
    pub fn name(&self, model: &Model) -> String {
        model.shown_name(self.fault)
    }

    /// What became of it.
    pub fn summary(&self, model: &Model) -> DeploySummary {
        let fault = &model.faults[self.fault.index()];
        let (version, halt) = match &fault.effect {
            FaultEffect::Deploy(deploy) => {
                (deploy.name.clone(), deploy.halt.as_ref().map(|(check, _)| check.text.as_str()))
            }
            _ => (String::new(), None),
        };
        let first = self.journals.first();
        let halted = self.journals.iter().find(|journal| journal.course == Course::Aborted);
        let mut telling: Vec<Journal> = first.into_iter().chain(halted).cloned().collect();
        telling.dedup_by_key(|journal| journal.replication);
        DeploySummary {
            name: self.name(model),
            says: fault.says.as_str().into(),
            halt_when: halt.unwrap_or_default().into(),
            version,
            ran: self.ran,
            blind: self.blind,
            completed: self.completed,
            halted: self.halted,
            halted_share: wilson(self.halted, self.ran),
            halted_after_s: self.halted_after.estimate(),
            back_after_s: self.back_after.estimate(),
            journals: telling,
        }
    }
}
