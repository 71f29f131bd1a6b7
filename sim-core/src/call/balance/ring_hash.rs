//! Consistent hashing on a ring.

use crate::engine::rng::mix;
use crate::problem::Problems;
use crate::units::Count;
use serde::{Deserialize, Serialize};

/// Calls with the same key go to the same instance, and few keys move when instances come or go.
///
/// # What it models
/// Envoy's ring: each instance has several places on a ring of hashes, together at least `size` of them, and a key goes to the instance whose place
/// is the first behind the key's own hash. When one of n instances leaves the balancer its keys go to the others, and all other keys stay. The more
/// places, the more alike the shares: with 1,024 places and four instances each gets a quarter within a few percent.
///
/// A key space with hot keys makes hot instances: no balancer on keys splits one key. Without `key` the request itself is hashed, and calls of one
/// request go to one instance.
///
/// It differs from Envoy in this: places are hashes of the instance's number, and not of its address, so that which key goes where is another.
///
/// # When to use it
/// In front of instances that keep what belongs to a key: caches, sessions, shards.
///
/// # Knobs
/// - `key`: a key space, name, default the request
/// - `size`: places on the ring at least, count, default 1024
///
/// # Example
/// ```yaml
/// balance: {ring_hash: {key: customer}}
/// ```
///
/// # Source
/// Envoy `RING_HASH` (`minimum_ring_size` 1024); Karger et al., "Consistent Hashing and Random Trees", 1997.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RingHashSettings {
    /// The key space whose keys are hashed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Places on the ring at least.
    pub size: Count,
}

impl Default for RingHashSettings {
    fn default() -> Self {
        Self { key: None, size: Count::new(1024) }
    }
}

/// Places on a ring at most, as Envoy's default bound.
const MOST: u64 = 8_388_608;

impl RingHashSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.size.get() == 0 || self.size.get() > MOST {
            problems.error("size", "a ring has from 1 to 8,388,608 places").hint = Some("write size: 1024".into());
        }
    }

    /// A ring for a callee with so many instances at the start and so many places for instances. How many places on the ring each has follows
    /// from those at the start: otherwise an experiment that could start more would move keys without being run.
    pub(super) fn build(&self, at_start: usize, places: usize) -> RingHash {
        let each = self.size.get().div_ceil(at_start.max(1) as u64);
        let mut ring: Vec<(u64, u32)> = (0..places as u32)
            .flat_map(|place| (0..each).map(move |n| (mix(u64::from(place) << 32 | n, RING), place)))
            .collect();
        ring.sort_unstable();
        RingHash { ring }
    }
}

const RING: u64 = 0x7269_6e67;

/// The ring.
#[derive(Debug, Clone)]
pub struct RingHash {
    /// Hashes and the instances whose places they are, in the order of the hashes.
    ring: Vec<(u64, u32)>,
}

impl RingHash {
    /// The place among the candidates of the first instance behind a hash; `place_of` tells the place of each in its service, in rising order.
    pub(super) fn pick(&self, candidates: usize, place_of: impl Fn(usize) -> u32, hash: u64) -> usize {
        let start = self.ring.partition_point(|(at, _)| *at < hash);
        let mut around = self.ring[start..].iter().chain(&self.ring[..start]);
        let found = around.find_map(|(_, place)| (0..candidates).find(|&at| place_of(at) == *place));
        found.unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn homes(ring: &RingHash, places: &[u32]) -> Vec<u32> {
        (0..40_000u64).map(|key| places[ring.pick(places.len(), |at| places[at], mix(key, 5))]).collect()
    }

    #[test]
    fn keys_of_an_instance_that_goes_move_and_no_others() {
        let ring = RingHashSettings::default().build(4, 4);
        let (all, three) = (homes(&ring, &[0, 1, 2, 3]), homes(&ring, &[0, 1, 3]));
        for (before, after) in all.iter().zip(&three) {
            assert!(before == after || *before == 2, "a key of {before} went to {after}");
        }
        // What was of the third is shared by all others.
        for place in [0, 1, 3] {
            assert!(all.iter().zip(&three).any(|(before, after)| *before == 2 && *after == place));
        }
    }

    #[test]
    fn instances_that_may_come_move_no_key() {
        let (four, more) = (RingHashSettings::default().build(4, 4), RingHashSettings::default().build(4, 9));
        assert_eq!(homes(&four, &[0, 1, 2, 3]), homes(&more, &[0, 1, 2, 3]));
    }

    #[test]
    fn shares_are_alike_within_the_spread_of_a_ring() {
        // The share of an instance with v places varies by about 1/sqrt(v): 6 % of a quarter for 256 places; three times that is allowed.
        let all = homes(&RingHashSettings::default().build(4, 4), &[0, 1, 2, 3]);
        for place in 0..4 {
            let share = all.iter().filter(|home| **home == place).count() as f64 / all.len() as f64;
            assert!((share - 0.25).abs() < 0.25 * 3.0 / 16.0, "{share}");
        }
    }
}
