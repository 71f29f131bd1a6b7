//! The lowest latency of two: peak exponentially weighted moving averages.

use super::outstanding::Outstanding;
use crate::engine::math::exp;
use crate::engine::rng::Keyed;
use crate::problem::Problems;
use crate::units::SimDuration;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Each call goes to the one of two drawn instances that answers faster, as far as the caller has seen.
///
/// # What it models
/// Finagle's Peak EWMA: each caller instance keeps a moving average of the latency of each instance, which jumps to a latency above it at once and
/// comes down with time: after `decay` a latency counts 37 % of what it did. The load of an instance is that average, times the calls that the caller
/// awaits from it and one more. Two instances are drawn, and the one with the smaller load gets the call. An instance that has not answered yet
/// counts as one that takes no time, until a call to it is awaited: then as one that takes very long.
///
/// A failed attempt counts with the time that it took, as in Finagle: an instance that fails at once looks fast and draws calls.
///
/// # When to use it
/// Where instances differ in speed, or one may become slow without failing: it is left alone after a few calls. Beside `outlier_ejection`, because of
/// fast failures.
///
/// # Knobs
/// - `decay`: how fast a latency is forgotten, duration, default 10s
///
/// # Example
/// ```yaml
/// balance: {latency_ewma: {decay: 10s}}
/// ```
///
/// # Source
/// Finagle `PeakEwma` (`decayTime` 10 s), linkerd.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LatencyEwmaSettings {
    /// How fast a latency is forgotten.
    pub decay: SimDuration,
}

impl Default for LatencyEwmaSettings {
    fn default() -> Self {
        Self { decay: SimDuration::from_ns(10 * SimDuration::SECOND.ns()) }
    }
}

impl LatencyEwmaSettings {
    pub(super) fn validate(self, problems: &mut Problems) {
        if self.decay.is_zero() {
            problems.error("decay", "an average that forgets at once knows nothing").hint =
                Some("write a time such as 10s".into());
        }
    }

    pub(super) fn build(self, outstanding: Outstanding, places: usize) -> LatencyEwma {
        LatencyEwma {
            decay_ns: self.decay.ns() as f64,
            means: vec![Mean::default(); places],
            outstanding,
            sent: BTreeMap::new(),
        }
    }
}

/// The average of one instance.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Mean {
    ns: f64,
    at_ns: u64,
}

/// The load of an instance that has not answered yet, of each call that is awaited from it: Finagle's penalty [ns].
const PENALTY: f64 = (i64::MAX >> 16) as f64;

/// What one caller has seen of the instances.
#[derive(Debug, Clone)]
pub struct LatencyEwma {
    decay_ns: f64,
    means: Vec<Mean>,
    pub(super) outstanding: Outstanding,
    /// When the attempts that are awaited were sent, by the caller's frame [ns].
    sent: BTreeMap<u32, u64>,
}

impl LatencyEwma {
    /// A latency was seen.
    fn observe(&mut self, place: u32, latency_ns: u64, now_ns: u64) {
        let at = &mut self.means[place as usize];
        let latency = latency_ns as f64;
        let old = exp(-(now_ns.saturating_sub(at.at_ns) as f64) / self.decay_ns);
        at.ns = if latency > at.ns { latency } else { at.ns * old + latency * (1.0 - old) };
        at.at_ns = now_ns;
    }

    /// The load of an instance. The average comes down while nothing is heard, as if a latency of zero had been seen.
    fn load(&mut self, place: u32, now_ns: u64) -> f64 {
        let awaited = self.outstanding.at(place);
        let at = &mut self.means[place as usize];
        at.ns *= exp(-(now_ns.saturating_sub(at.at_ns) as f64) / self.decay_ns);
        at.at_ns = now_ns;
        if at.ns <= 0.0 && awaited > 0 { PENALTY + f64::from(awaited) } else { at.ns * f64::from(awaited + 1) }
    }

    /// The place among the candidates; `place_of` tells the place of each in its service.
    pub(super) fn pick(
        &mut self,
        candidates: usize,
        place_of: impl Fn(usize) -> u32,
        draw: &mut Keyed,
        now_ns: u64,
    ) -> usize {
        let first = super::random::pick(candidates, draw);
        if candidates < 2 {
            return first;
        }
        // Another one than the first.
        let second = (first + 1 + super::random::pick(candidates - 1, draw)) % candidates;
        let (a, b) = (self.load(place_of(first), now_ns), self.load(place_of(second), now_ns));
        if b < a { second } else { first }
    }

    /// An attempt of a caller's frame goes to a place.
    pub(super) fn sent(&mut self, place: u32, who: u32, now_ns: u64) {
        self.outstanding.sent(place);
        self.sent.insert(who, now_ns);
    }

    /// An attempt that went to a place has ended.
    pub(super) fn ended(&mut self, place: u32, who: u32, now_ns: u64) {
        self.outstanding.ended(place);
        if let Some(sent) = self.sent.remove(&who) {
            self.observe(place, now_ns.saturating_sub(sent), now_ns);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::rng::mix;

    const MS: u64 = 1_000_000;

    fn balancer() -> LatencyEwma {
        LatencyEwmaSettings::default().build(Outstanding::new(3, 1), 3)
    }

    #[test]
    fn the_average_jumps_up_and_comes_down_with_time() {
        let mut state = balancer();
        state.observe(0, 100 * MS, 0);
        assert_eq!(state.means[0].ns, 100e6);
        // After the time of decay the old counts 1/e.
        state.observe(0, 10 * MS, 10_000 * MS);
        let expected = 100e6 / std::f64::consts::E + 10e6 * (1.0 - 1.0 / std::f64::consts::E);
        assert!((state.means[0].ns - expected).abs() < 1.0);
        state.observe(0, 300 * MS, 10_001 * MS);
        assert_eq!(state.means[0].ns, 300e6, "a peak counts at once");
    }

    #[test]
    fn a_slow_instance_is_left_alone_until_it_is_forgotten() {
        let mut state = balancer();
        for (place, ms) in [(0, 10), (1, 10), (2, 500)] {
            state.observe(place, ms * MS, 0);
        }
        let slow = |state: &mut LatencyEwma, now_ns| {
            (0..3000).filter(|i| state.pick(3, |at| at as u32, &mut Keyed::new(mix(*i, 9)), now_ns) == 2).count()
        };
        assert_eq!(slow(&mut state, MS), 0, "the other one of two is always faster");
        // With sixty awaited from each, the others are worse: 61 times 10 ms against 500 ms.
        (0..120).for_each(|who| state.sent(who % 2, who, MS));
        assert!(slow(&mut state, MS) > 1500, "drawn in two of three pairs");
    }

    #[test]
    fn a_new_instance_is_tried_by_one_call() {
        let mut state = balancer();
        state.observe(0, 10 * MS, 0);
        state.observe(1, 10 * MS, 0);
        assert_eq!(state.load(2, MS), 0.0);
        state.sent(2, 7, MS);
        assert!(state.load(2, MS) > 1e13, "nobody knows how long it takes");
        state.ended(2, 7, 3 * MS);
        assert!((state.means[2].ns - 2e6).abs() < 1.0 && state.outstanding.at(2) == 0);
    }
}
