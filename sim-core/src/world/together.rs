//! Faults that strike one request or reply together: each by a draw of its own, so that none hides another.
//!
//! Of several outcomes a request can have only one. It is that of the fault whose draw is the smallest part of its probability, which
//! prefers none of those that strike and does not depend on their order.

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::rng::{Keyed, mix};

    #[test]
    fn each_of_two_happens_as_often_as_alone_and_ties_are_shared() {
        let (n, mut counts) = (200_000u64, [0u64; 3]);
        for key in 0..n {
            let mut first = First::default();
            first.add(Keyed::new(mix(key, 1)).unit(), 0.5, 1);
            first.add(Keyed::new(mix(key, 2)).unit(), 0.2, 2);
            counts[first.what().unwrap_or(0)] += 1;
        }
        // 0.5 alone 0.4, 0.2 alone 0.1, and both 0.1, of which each gets half.
        for (found, exact) in counts.into_iter().zip([0.4, 0.45, 0.15]) {
            assert!((found as f64 / n as f64 - exact).abs() < 0.005, "{counts:?}");
        }
    }
}
