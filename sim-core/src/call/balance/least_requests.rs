//! Least requests: power of d choices.

use crate::engine::rng::Keyed;
use crate::problem::Problems;
use crate::units::Count;
use serde::{Deserialize, Serialize};

/// Each call goes to the least loaded of a few instances that are drawn for it.
///
/// # What it models
/// Power of d choices: `choices` instances are drawn by chance, and the one with the fewest requests gets the call. The load is the
/// number of requests in the instance, of all callers. With as many choices as instances it is join-the-shortest-queue.
///
/// # When to use it
/// Nearly always: two choices already cut the queues from geometric to doubly exponential tails.
///
/// # Knobs
/// - `choices`: how many are drawn, count, default 2
///
/// # Example
/// ```yaml
/// balance: {least_requests: {choices: 2}}
/// ```
///
/// # Source
/// Envoy `LEAST_REQUEST` (`choice_count` 2); Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LeastRequestsSettings {
    /// How many instances are drawn.
    pub choices: Count,
}

impl Default for LeastRequestsSettings {
    fn default() -> Self {
        Self { choices: Count::new(2) }
    }
}

impl LeastRequestsSettings {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        if self.choices.get() == 0 {
            problems.error("choices", "nobody can be picked from no choices").hint = Some("write choices: 2".into());
        }
    }
}

/// The least loaded of `choices` different places that are drawn; the first drawn wins a tie.
pub(super) fn pick(choices: u32, candidates: usize, load_of: impl Fn(usize) -> u32, draw: &mut Keyed) -> usize {
    let choices = choices as usize;
    if choices >= candidates {
        // All are looked at, from a place that is drawn, so that ties do not always go to the first.
        let start = super::random::pick(candidates, draw);
        let places = (0..candidates).map(|i| (start + i) % candidates);
        return places.min_by_key(|&i| load_of(i)).unwrap_or(0);
    }
    let mut drawn = [usize::MAX; 8];
    let mut best = (u32::MAX, 0);
    for n in 0..choices {
        let mut at = super::random::pick(candidates, draw);
        while drawn[..n.min(8)].contains(&at) {
            at = (at + 1) % candidates;
        }
        if n < 8 {
            drawn[n] = at;
        }
        let load = load_of(at);
        if n == 0 || load < best.0 {
            best = (load, at);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::rng::mix;

    #[test]
    fn with_all_choices_the_least_loaded_is_found() {
        let loads = [5, 3, 9, 1, 4];
        for i in 0..50 {
            assert_eq!(pick(5, 5, |i| loads[i], &mut Keyed::new(mix(i, 2))), 3);
        }
    }

    #[test]
    fn the_most_loaded_is_never_picked_of_two() {
        let loads = [5, 3, 9, 1, 4];
        for i in 0..500 {
            assert_ne!(pick(2, 5, |i| loads[i], &mut Keyed::new(mix(i, 3))), 2);
        }
    }
}
