//! Scalers that are struck, held or overruled, and pipelines of telemetry that are frozen.

use super::Due;
use super::people::Task;
use crate::control::Override;
use crate::engine::rng::Stream;
use crate::faults::{FaultEffect, Target};
use crate::model::Model;
use crate::world::World;

/// What faults do to control now, and what waits for an approval.
#[derive(Debug, Default)]
pub(super) struct Struck {
    /// By pipeline: how many faults freeze it.
    frozen_pipes: Vec<u32>,
    /// By scaler: how many faults freeze it.
    frozen_scalers: Vec<u32>,
    /// By scaler: by what its wish is multiplied, of each fault that does.
    runs_away: Vec<Vec<f64>>,
    /// By scaler: how many instances it wants to have approved, and how often it has asked.
    asks: Vec<Option<u32>>,
    asked: Vec<u32>,
}

impl Struck {
    pub(super) fn new(model: &Model) -> Self {
        let (pipes, scalers) = (model.telemetry.len(), model.scalers.len());
        Self {
            frozen_pipes: vec![0; pipes],
            frozen_scalers: vec![0; scalers],
            runs_away: vec![Vec::new(); scalers],
            asks: vec![None; scalers],
            asked: vec![0; scalers],
        }
    }
}

impl World<'_> {
    /// A fault on what controls begins, or ends.
    pub(in crate::world) fn control_is_struck(&mut self, effect: &FaultEffect, target: &Target, begins: bool) {
        let struck = &mut self.control.struck;
        let by = if begins { 1 } else { -1 };
        match (effect, target) {
            (FaultEffect::Runaway { factor }, Target::Scaler(scaler)) if begins => {
                struck.runs_away[*scaler].push(*factor);
            }
            (FaultEffect::Runaway { factor }, Target::Scaler(scaler)) => {
                let all = &mut struck.runs_away[*scaler];
                if let Some(place) = all.iter().position(|one| one == factor) {
                    all.remove(place);
                }
            }
            (FaultEffect::Crash { .. }, Target::Pipeline(pipe)) => {
                self.control.watch.sink_is_struck(*pipe, self.now, None, begins);
            }
            (FaultEffect::Slow { factor }, Target::Pipeline(pipe)) => {
                self.control.watch.sink_is_struck(*pipe, self.now, Some(*factor), begins);
            }
            (_, Target::Scaler(scaler)) => {
                struck.frozen_scalers[*scaler] = struck.frozen_scalers[*scaler].saturating_add_signed(by);
            }
            (_, Target::Pipeline(pipe)) => {
                struck.frozen_pipes[*pipe] = struck.frozen_pipes[*pipe].saturating_add_signed(by);
            }
            _ => {}
        }
    }

    /// Whether a pipeline is frozen. What an experiment sees without one of the file's never is.
    pub(super) fn is_frozen(&self, pipe: u32) -> bool {
        let of_file = self.control.watch.of_file(pipe);
        of_file.is_some_and(|place| self.control.struck.frozen_pipes[place] > 0)
    }

    /// Whether a scaler decides nothing now.
    pub(super) fn leaves_alone(&self, scaler: u32) -> bool {
        let place = scaler as usize;
        self.control.switches.holds(place)
            || self.control.struck.frozen_scalers[place] > 0
            || self.model.scalers[place].overrule == Override::Manual
    }

    /// By what the wish of a scaler is multiplied now.
    pub(super) fn runs_away(&self, scaler: u32) -> f64 {
        self.control.struck.runs_away[scaler as usize].iter().product()
    }

    /// A scaler wants so many, which somebody has to approve, or nothing of that kind any more.
    pub(super) fn asks_for(&mut self, scaler: u32, wanted: Option<u32>) {
        let place = scaler as usize;
        let before = std::mem::replace(&mut self.control.struck.asks[place], wanted);
        let Override::Supervised(_, by) = self.model.scalers[place].overrule else { return };
        if wanted.is_none() || before.is_some() {
            return;
        }
        let asked = self.control.struck.asked[place];
        self.control.struck.asked[place] += 1;
        let (person, name) = (&self.model.people[by], &self.model.scalers[place].name);
        let mut stream = Stream::new(self.seed, self.replication, name, &format!("approves {asked}"));
        let took = person.reaction_ns(self.since_zero(self.now), self.model.run.start.ns(), &mut stream);
        self.schedule(self.now.saturating_add(took), Due::Approves(scaler));
    }

    /// A person approves what a scaler wants by now, if it wants it still; who is busy does that afterwards.
    pub(super) fn approves(&mut self, scaler: u32) {
        let Override::Supervised(_, by) = self.model.scalers[scaler as usize].overrule else { return };
        if self.control.struck.asks[scaler as usize].is_none() || self.has_to_wait(by, Task::Approves(scaler)) {
            return;
        }
        let Some(wanted) = self.control.struck.asks[scaler as usize].take() else { return };
        if !self.leaves_alone(scaler) {
            self.is_approved(scaler, wanted);
        }
    }
}
