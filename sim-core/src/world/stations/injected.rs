//! Faults on an instance that strike one request or reply, each by a draw of its own.

use crate::engine::rng::{Keyed, mix};
use crate::outcome::Outcome;
use crate::world::World;
use crate::world::frame::FrameId;
use crate::world::together::First;

/// Keeps the draws of several faults on one instance apart.
const ONE_OF_SEVERAL: u32 = 40;
const INJECTED: u64 = 0x22;
const WRONG_REPLY: u64 = 0x41;

fn draw(key: u64, purpose: u64, number: usize) -> f64 {
    Keyed::new(mix(key, purpose ^ (number as u64) << ONE_OF_SEVERAL)).unit()
}

impl World<'_> {
    /// Whether a switch answers a request in the place of its endpoint: then no fault of the endpoint's steps acts.
    pub(super) fn is_answered_by_switch(&self, frame: FrameId) -> bool {
        let at = &self.frames[frame];
        at.pc != self.program.door[self.calls.endpoint(at.edge)]
    }

    /// The outcome with which faults make an instance answer instead of working.
    pub(super) fn injected(&self, frame: FrameId) -> Option<Outcome> {
        let at = &self.frames[frame];
        let mut first = First::default();
        for (number, &(probability, outcome)) in self.stations.instances[at.instance.known()].fails.iter().enumerate() {
            first.add(draw(at.key, INJECTED, number), probability, outcome);
        }
        first.what()
    }

    /// The ways in which faults on its instance make a reply wrong, one bit each.
    pub(in crate::world) fn wrong_at_instance(&self, frame: FrameId) -> u16 {
        let at = &self.frames[frame];
        let mut kinds = 0;
        for (number, &(probability, kind)) in self.stations.instances[at.instance.known()].wrongs.iter().enumerate() {
            if draw(at.key, WRONG_REPLY, number) < probability {
                kinds |= 1 << kind;
            }
        }
        kinds
    }
}
