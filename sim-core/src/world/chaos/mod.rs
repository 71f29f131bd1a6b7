//! Faults: when they strike, whom, and what fails by its own clock.

mod deploy;
mod strike;
mod wear;

pub(in crate::world) use strike::Occurrence;

use super::events::EventId;
use super::{Event, World, fact};
use crate::ids::{FaultId, InstanceId, ServiceId, VersionId};
use crate::results::{DeployRun, Span};

/// What may be due of faults, by their places in the lists of strikes and clocks.
#[derive(Debug, Clone, Copy)]
pub(in crate::world) enum Due {
    /// A fault begins on its targets.
    Strike(u32),
    /// A fault ends.
    Mend(u32),
    /// A thing that fails by its own clock fails, or is repaired.
    Clock(u32),
    /// Instances of a service have come or gone, and a rollout may go on.
    GoOn(u32),
    /// The time after a step of a rollout is over.
    Step { rollout: u32, step: u32 },
    /// A rollout looks at what halts it.
    LookAt(u32),
    /// A fault that grows in has come to a step.
    Grows { strike: u32, step: u32 },
}

impl From<Due> for Event {
    fn from(due: Due) -> Self {
        Self::Chaos(due)
    }
}

impl super::events::Due for Due {
    fn fact(self) -> Option<(u64, u64)> {
        Some(match self {
            Self::Strike(strike) => (u64::from(strike), fact::STRIKES),
            Self::Mend(strike) => (u64::from(strike), fact::MENDED),
            Self::Clock(clock) => (u64::from(clock), fact::CLOCK),
            Self::GoOn(_) | Self::Step { .. } | Self::LookAt(_) | Self::Grows { .. } => return None,
        })
    }

    fn recurs(self) -> bool {
        matches!(self, Self::Clock(_) | Self::LookAt(_))
    }
}

impl World<'_> {
    /// What is due of faults.
    pub(in crate::world) fn chaos_due(&mut self, due: Due, id: EventId) {
        match due {
            Due::Strike(strike) => self.strike(strike),
            Due::Mend(strike) => self.mend(strike),
            Due::Clock(clock) => self.clock(clock),
            Due::GoOn(rollout) => self.rollout_goes_on(rollout),
            Due::Step { rollout, step } => self.next_step_of(rollout, step),
            Due::LookAt(rollout) => self.looks_at_halt(rollout, id),
            Due::Grows { strike, step } => self.grows(strike, step),
        }
    }
}

/// What is struck now, and what will be.
#[derive(Debug, Default)]
pub(in crate::world) struct Chaos {
    strikes: strike::Strikes,
    wear: wear::Wear,
    deploys: deploy::Deploys,
}

impl Chaos {
    /// The place of an occurrence from now on.
    pub(in crate::world) fn add(&mut self, occurrence: Occurrence) -> u32 {
        self.strikes.add(occurrence)
    }

    /// An instance is no target any more of the active faults that are meant.
    pub(in crate::world) fn spare(&mut self, instance: InstanceId, meant: impl Fn(FaultId) -> bool) {
        self.strikes.spare(instance, meant);
    }

    /// Whether callers are not to know of an instance that has started.
    pub(in crate::world) fn is_held_back(&self, instance: InstanceId) -> bool {
        self.deploys.is_held_back(instance)
    }

    /// The version of new machines of a service, which is `at_start` where no deploy has come to it.
    pub(in crate::world) fn version_of_new(
        &self,
        service: ServiceId,
        at_start: Option<VersionId>,
    ) -> Option<VersionId> {
        self.deploys.version_of_new(service, at_start)
    }

    /// When each fault struck, how many strikes were left out of that, and what became of each deploy.
    pub(in crate::world) fn finish(self) -> (Vec<Vec<Span>>, u64, Vec<DeployRun>) {
        (self.strikes.spans, self.strikes.left_out, self.deploys.finish())
    }
}
