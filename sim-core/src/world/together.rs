//! Faults that strike one request or reply together: each by a draw of its own, so that none hides another.
//!
//! Of several outcomes a request can have only one. It is that of the fault whose draw is the smallest part of its probability, which
//! prefers none of those that strike and does not depend on their order.

use super::World;
use crate::engine::rng::{Keyed, mix};
use crate::outcome::Outcome;

/// Keeps the draws of several faults on one instance apart.
const ONE_OF_SEVERAL: u32 = 40;
const INJECTED: u64 = 0x22;
const WRONG_REPLY: u64 = 0x41;

/// Which of several things happens, where at most one can.
#[derive(Debug, Clone, Copy)]
pub(super) struct First<T>(Option<(f64, T)>);

impl<T> Default for First<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Copy> First<T> {
    /// One more thing that may happen, by a draw from 0 to 1 of its own.
    pub(super) fn add(&mut self, draw: f64, probability: f64, what: T) {
        if draw < probability && self.0.is_none_or(|(part, _)| draw / probability < part) {
            self.0 = Some((draw / probability, what));
        }
    }

    /// What happens.
    pub(super) fn what(self) -> Option<T> {
        self.0.map(|(_, what)| what)
    }
}

fn draw(key: u64, purpose: u64, number: usize) -> f64 {
    Keyed::new(mix(key, purpose ^ (number as u64) << ONE_OF_SEVERAL)).unit()
}

impl World<'_> {
    /// The outcome with which faults make an instance answer instead of working.
    pub(super) fn injected(&self, frame: u32) -> Option<Outcome> {
        let at = &self.frames[frame];
        let mut first = First::default();
        for (number, &(probability, outcome)) in self.instances[at.instance as usize].fails.iter().enumerate() {
            first.add(draw(at.key, INJECTED, number), probability, outcome);
        }
        first.what()
    }

    /// The ways in which faults on its instance make a reply wrong, one bit each.
    pub(super) fn wrong_at_instance(&self, frame: u32) -> u16 {
        let at = &self.frames[frame];
        let mut kinds = 0;
        for (number, &(probability, kind)) in self.instances[at.instance as usize].wrongs.iter().enumerate() {
            if draw(at.key, WRONG_REPLY, number) < probability {
                kinds |= 1 << kind;
            }
        }
        kinds
    }

    /// Counts a reply of a frame's endpoint that is wrong in these ways.
    pub(super) fn wrongs(&mut self, frame: u32, kinds: u16) {
        let mut left = kinds;
        while left != 0 {
            self.wrong(frame, left.trailing_zeros() as u8);
            left &= left - 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_two_happens_as_often_as_alone_and_ties_are_shared() {
        let (n, mut counts) = (200_000u64, [0u64; 3]);
        for key in 0..n {
            let mut first = First::default();
            first.add(draw(mix(1, key), 1, 0), 0.5, 1);
            first.add(draw(mix(1, key), 1, 1), 0.2, 2);
            counts[first.what().unwrap_or(0)] += 1;
        }
        // 0.5 alone 0.4, 0.2 alone 0.1, and both 0.1, of which each gets half.
        for (found, exact) in counts.into_iter().zip([0.4, 0.45, 0.15]) {
            assert!((found as f64 / n as f64 - exact).abs() < 0.005, "{counts:?}");
        }
    }
}
