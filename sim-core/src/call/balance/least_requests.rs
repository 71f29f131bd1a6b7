//! Least requests: power of d choices, by what the caller itself has outstanding.

use super::outstanding::Outstanding;
use crate::engine::rng::Keyed;
use crate::problem::Problems;
use crate::units::{Count, CountOrAll};
use serde::{Deserialize, Serialize};

/// Each call goes to the instance of a few drawn ones of which the caller awaits the fewest replies.
///
/// # What it models
/// Envoy's rule: `choices` instances are drawn by chance, one may be drawn twice, and the one with the fewest outstanding requests gets
/// the call; the first that was drawn wins a tie. Each caller instance counts its own requests only, from when it sends one until it has
/// an answer or gives up (a load class is one caller). So callers do not know of each other: behind ten proxies the choice is nearly by
/// chance. An instance that fails at once looks idle and draws traffic; one that hangs does not.
///
/// `choices: all` looks at every instance: Envoy's `selection_method: FULL_SCAN`, and with one caller join-the-shortest-queue.
///
/// It differs from Envoy in this: all instances have the same weight but for those in `slow_start`. While one is, instances take turns by their
/// weight divided by the requests that the caller awaits from them and one more (`active_request_bias` 1).
///
/// # When to use it
/// Nearly always where there are few callers: two choices already cut the queues from geometric to doubly exponential tails.
///
/// # Knobs
/// - `choices`: how many are drawn, count or `all`, default 2
///
/// # Example
/// ```yaml
/// balance: {least_requests: {choices: 2}}
/// ```
///
/// # Source
/// Envoy `LEAST_REQUEST` (`choice_count` 2, `N_CHOICES`); Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LeastRequestsSettings {
    /// How many instances are drawn.
    pub choices: CountOrAll,
}

impl Default for LeastRequestsSettings {
    fn default() -> Self {
        Self { choices: CountOrAll::Count(Count::new(2)) }
    }
}

impl LeastRequestsSettings {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        if self.choices == CountOrAll::Count(Count::new(0)) {
            problems.error("choices", "nobody can be picked from no choices").hint = Some("write choices: 2".into());
        }
    }

    /// A balancer of one caller.
    pub(super) fn build(&self, outstanding: Outstanding) -> LeastRequests {
        let choices = match self.choices {
            CountOrAll::Count(count) => Some(count.get_u32()),
            CountOrAll::All => None,
        };
        LeastRequests { choices, outstanding }
    }
}

/// What one caller has outstanding.
#[derive(Debug, Clone)]
pub struct LeastRequests {
    /// How many are drawn; `None` is all.
    choices: Option<u32>,
    pub(super) outstanding: Outstanding,
}

impl LeastRequests {
    /// The place among the candidates; `place_of` tells the place of each in its service.
    pub(super) fn pick(&self, candidates: usize, place_of: impl Fn(usize) -> u32, draw: &mut Keyed) -> usize {
        let load_of = |at: usize| self.outstanding.at(place_of(at));
        let Some(choices) = self.choices else {
            // From a place that is drawn, so that ties do not always go to the first.
            let start = super::random::pick(candidates, draw);
            let places = (0..candidates).map(|i| (start + i) % candidates);
            return places.min_by_key(|&i| load_of(i)).unwrap_or(0);
        };
        let mut picked = super::random::pick(candidates, draw);
        let mut least = load_of(picked);
        for _ in 1..choices {
            let other = super::random::pick(candidates, draw);
            let load = load_of(other);
            if load < least {
                (picked, least) = (other, load);
            }
        }
        picked
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::rng::mix;

    fn balancer(choices: CountOrAll, loads: &[u32]) -> LeastRequests {
        let mut balancer = LeastRequestsSettings { choices }.build(Outstanding::new(loads.len(), 1));
        for (place, load) in loads.iter().enumerate() {
            (0..*load).for_each(|_| balancer.outstanding.sent(place as u32));
        }
        balancer
    }

    /// How often each place is picked of 100,000 times.
    fn shares(choices: CountOrAll, loads: &[u32]) -> Vec<f64> {
        let balancer = balancer(choices, loads);
        let mut counts = vec![0u32; loads.len()];
        for i in 0..100_000 {
            counts[balancer.pick(loads.len(), |i| i as u32, &mut Keyed::new(mix(i, 3)))] += 1;
        }
        counts.into_iter().map(|count| f64::from(count) / 1e5).collect()
    }

    #[test]
    fn with_all_choices_the_least_loaded_is_found() {
        assert_eq!(shares(CountOrAll::All, &[5, 3, 9, 1, 4]), [0.0, 0.0, 0.0, 1.0, 0.0]);
    }

    // Two draws with replacement, as Envoy draws: the idle one of four is among them in 1 - (3/4)^2, the most loaded gets what draws it
    // twice.
    #[test]
    fn an_instance_can_be_drawn_twice() {
        let shares = shares(CountOrAll::Count(Count::new(2)), &[2, 0, 3, 1]);
        for (found, expect) in shares.iter().zip([3.0 / 16.0, 7.0 / 16.0, 1.0 / 16.0, 5.0 / 16.0]) {
            assert!((found - expect).abs() < 0.006, "{shares:?}");
        }
    }
}
