//! Consistent hashing by a table: Maglev.

use crate::engine::rng::mix;
use crate::problem::Problems;
use crate::units::Count;
use serde::{Deserialize, Serialize};

/// Calls with the same key go to the same instance, shares are nearly equal, and few keys move when instances come or go.
///
/// # What it models
/// Google's Maglev: a table with a prime number of places, which the instances fill in turn, each in an order of its own. A key looks up its instance
/// at one place. The shares of n instances differ by one place, so they are more alike than those of a ring; when an instance leaves the balancer the
/// table is filled anew, and a few keys of others move too, which a ring avoids.
///
/// Without `key` the request itself is hashed.
///
/// It differs from Envoy in this: the order of an instance comes from its number, and not from its address; all instances have the same weight.
///
/// # When to use it
/// As `ring_hash`, where equal shares matter more than that no other key moves.
///
/// # Knobs
/// - `key`: a key space, name, default the request
/// - `size`: places of the table, a prime number and more than there are instances, default 65537
///
/// # Example
/// ```yaml
/// balance: {maglev: {key: customer}}
/// ```
///
/// # Source
/// Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer", NSDI 2016; Envoy `MAGLEV` (`table_size` 65537).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MaglevSettings {
    /// The key space whose keys are hashed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Places of the table, a prime number.
    pub size: Count,
}

impl Default for MaglevSettings {
    fn default() -> Self {
        Self { key: None, size: Count::new(65_537) }
    }
}

/// Places of a table at most, as Envoy allows.
const MOST: u64 = 5_000_011;

impl MaglevSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        let size = self.size.get();
        let is_prime = || size > 1 && (2..=size.isqrt()).all(|d| !size.is_multiple_of(d));
        if size > MOST || !is_prime() {
            problems.error("size", "the size of the table is a prime number of at most 5,000,011").hint =
                Some("write size: 65537".into());
        }
    }

    pub(super) fn build(&self) -> Maglev {
        Maglev { size: self.size.get(), of: Vec::new(), table: Vec::new() }
    }
}

/// The table.
#[derive(Debug, Clone)]
pub struct Maglev {
    size: u64,
    /// The instances for which the table was filled.
    of: Vec<u32>,
    /// By place: which of these instances.
    table: Vec<u32>,
}

const NOBODY: u32 = u32::MAX;

impl Maglev {
    /// The place among the candidates; `place_of` tells the place of each in its service.
    pub(super) fn pick(&mut self, candidates: usize, place_of: impl Fn(usize) -> u32, hash: u64) -> usize {
        let same = self.of.len() == candidates && (0..candidates).all(|at| self.of[at] == place_of(at));
        if !same {
            self.of = (0..candidates).map(place_of).collect();
            self.fill();
        }
        self.table[(hash % self.size) as usize] as usize
    }

    /// The instances take places in turn: each the first that is free in its own order, which begins at its offset and goes on by its skip.
    fn fill(&mut self) {
        let size = self.size;
        let orders: Vec<(u64, u64)> = self
            .of
            .iter()
            .map(|place| {
                (mix(u64::from(*place), 0x6f66) % size, mix(u64::from(*place), 0x736b) % (size - 1).max(1) + 1)
            })
            .collect();
        let mut next = vec![0u64; self.of.len()];
        self.table = vec![NOBODY; size as usize];
        let mut filled = 0;
        while filled < size {
            for (at, (offset, skip)) in orders.iter().enumerate() {
                let place = loop {
                    let place = ((offset + next[at] * skip) % size) as usize;
                    next[at] += 1;
                    if self.table[place] == NOBODY {
                        break place;
                    }
                };
                self.table[place] = at as u32;
                filled += 1;
                if filled == size {
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn homes(maglev: &mut Maglev, places: &[u32]) -> Vec<u32> {
        (0..65_537u64).map(|hash| places[maglev.pick(places.len(), |at| places[at], hash)]).collect()
    }

    #[test]
    fn shares_differ_by_one_place() {
        let mut maglev = MaglevSettings::default().build();
        let homes = homes(&mut maglev, &[0, 1, 2, 3, 4, 5, 6]);
        let counts: Vec<usize> = (0..7).map(|place| homes.iter().filter(|home| **home == place).count()).collect();
        let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
        assert!(most - least <= 1, "{counts:?}");
    }

    #[test]
    fn few_keys_of_others_move_when_one_goes() {
        // The paper's figure 12: with a table a hundred times larger than the number of instances, few of the entries of others move. Here it is
        // 65,537 for 10: less than 3 % of them.
        let mut maglev = MaglevSettings::default().build();
        let all = homes(&mut maglev, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        let nine = homes(&mut maglev, &[0, 1, 2, 4, 5, 6, 7, 8, 9]);
        let others: Vec<bool> = all.iter().zip(&nine).filter(|(a, _)| **a != 3).map(|(a, b)| a != b).collect();
        let moved = others.iter().filter(|moved| **moved).count() as f64 / others.len() as f64;
        assert!(moved < 0.03, "{moved}");
    }
}
