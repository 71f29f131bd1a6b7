//! One after the other, at a constant distance.

use crate::problem::Problems;
use crate::units::{Count, Rate};
use serde::{Deserialize, Serialize};

/// A bucket with a hole: attempts leave it one by one at a constant rate, and those that do not fit are turned away.
///
/// # What it models
/// The leaky bucket as a queue. An attempt that finds it empty, with the last one gone long enough ago, goes at once. Else it waits until its turn,
/// one every 1/`rate`, first come, first served. At most `capacity` wait; an attempt that finds so many waiting is turned away at once (outcome
/// `rejected`). Nothing saves up: after a quiet hour there is no burst, which is the difference to `token_bucket`. The turn of an attempt that is
/// given up while it waits is lost.
///
/// Each caller instance has a bucket of its own, and with `per` one for each tenant, or each key of a key space.
///
/// # When to use it
/// To shape bursts into an even stream before a callee that bears none.
///
/// # Knobs
/// - `rate`: attempts that leave, per time, required
/// - `capacity`: attempts that wait, count, default 0
/// - `per`: `tenant`, or a key space: each tenant or key has a bucket, default one bucket for all
///
/// # Example
/// ```yaml
/// policies: {ads: {timeout: 100ms, rate_limit: {leaky_bucket: {rate: 150/s, capacity: 20}}}}
/// ```
///
/// # Source
/// nginx `limit_req rate=150r/s`, `burst=20` without `nodelay`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeakyBucketSettings {
    /// Attempts that leave it, a second.
    pub rate: Rate,
    /// Attempts that wait in it.
    #[serde(default)]
    pub capacity: Count,
    /// `tenant`, or a key space: each tenant or key has a bucket; default one bucket for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per: Option<String>,
}

impl LeakyBucketSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.rate.per_second() <= 0.0 {
            problems.error("rate", "a bucket that nothing leaves lets no call through").hint =
                Some("write rate: 100/s".into());
        }
    }

    /// The wait of the last of those that fit [ns].
    pub(super) fn longest_wait_ns(&self) -> u64 {
        self.build().gap_ns.saturating_mul(self.capacity.get())
    }

    pub(super) fn build(&self) -> LeakyBucket {
        let gap_ns = (1e9 / self.rate.per_second()).round().max(1.0) as u64;
        LeakyBucket { gap_ns, capacity: self.capacity.get(), next_ns: 0 }
    }
}

/// The bucket at work.
#[derive(Debug, Clone)]
pub(super) struct LeakyBucket {
    gap_ns: u64,
    capacity: u64,
    /// When the next turn is free [ns].
    next_ns: u64,
}

impl LeakyBucket {
    pub(super) fn reserve(&mut self, now_ns: u64) -> Option<u64> {
        let wait_ns = self.next_ns.saturating_sub(now_ns);
        // Of those before, the last leaves one gap earlier, and each of them one gap after the other.
        if wait_ns.div_ceil(self.gap_ns) > self.capacity {
            return None;
        }
        self.next_ns = now_ns.saturating_add(wait_ns).saturating_add(self.gap_ns);
        Some(wait_ns)
    }

    pub(super) fn is_empty(&self, now_ns: u64) -> bool {
        self.next_ns <= now_ns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn a_burst_leaves_at_a_constant_distance_and_what_does_not_fit_is_refused() {
        let mut bucket =
            LeakyBucketSettings { rate: Rate::from_per_second(10.0), capacity: Count::new(3), per: None }.build();
        let burst = [0; 6].map(|at| bucket.reserve(at).map(|ns| ns / MS));
        assert_eq!(burst, [Some(0), Some(100), Some(200), Some(300), None, None]);
        // At 150 ms two wait, and there is room for one.
        let later = [150, 150].map(|at| bucket.reserve(at * MS).map(|ns| ns / MS));
        assert_eq!(later, [Some(250), None]);
        // Nothing saves up in a quiet minute.
        let quiet = [60_000, 60_000].map(|at| bucket.reserve(at * MS).map(|ns| ns / MS));
        assert_eq!(quiet, [Some(0), Some(100)]);
    }
}
