//! Faults: when they strike, whom, and what fails by its own clock.

mod strike;
mod wear;

pub(in crate::world) use strike::Occurrence;

use super::events::EventId;
use super::{Event, World, fact};
use crate::ids::{FaultId, InstanceId};
use crate::results::Span;

/// What may be due of faults, by their places in the lists of strikes and clocks.
#[derive(Debug, Clone, Copy)]
pub(in crate::world) enum Due {
    /// A fault begins on its targets.
    Strike(u32),
    /// A fault ends.
    Mend(u32),
    /// A thing that fails by its own clock fails, or is repaired.
    Clock(u32),
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
        })
    }

    fn recurs(self) -> bool {
        matches!(self, Self::Clock(_))
    }
}

impl World<'_> {
    /// What is due of faults.
    pub(in crate::world) fn chaos_due(&mut self, due: Due, _: EventId) {
        match due {
            Due::Strike(strike) => self.strike(strike),
            Due::Mend(strike) => self.mend(strike),
            Due::Clock(clock) => self.clock(clock),
        }
    }
}

/// What is struck now, and what will be.
#[derive(Debug, Default)]
pub(in crate::world) struct Chaos {
    strikes: strike::Strikes,
    wear: wear::Wear,
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

    /// When each fault struck, and how many strikes were left out of that.
    pub(in crate::world) fn finish(self) -> (Vec<Vec<Span>>, u64) {
        (self.strikes.spans, self.strikes.left_out)
    }
}
