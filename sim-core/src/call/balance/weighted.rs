//! Smooth weighted round robin.

use crate::problem::Problems;
use crate::units::Count;
use serde::{Deserialize, Serialize};

/// Calls go to the instances in turn, to each as often as its weight says.
///
/// # What it models
/// The smooth weighted round robin of nginx: an instance of weight 5 beside two of weight 1 gets the calls 1, 2, 4, 6 and 7 of seven, so that its
/// calls do not come in one burst. Each caller instance has its own turn. The weights are those of the instances by their numbers, and begin anew
/// behind the last; an instance that is not in the balancer is left out, and the others share its calls by their weights.
///
/// It differs from nginx in this: failures do not lower a weight for a while.
///
/// # When to use it
/// Where instances differ, or where a new version is to get a small part of the calls.
///
/// # Knobs
/// - `weights`: list of counts, of instance 0, 1 and so on; required
///
/// # Example
/// ```yaml
/// balance: {weighted: {weights: [5, 1, 1]}}
/// ```
///
/// # Source
/// nginx, `ngx_http_upstream_round_robin`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WeightedSettings {
    /// Weights of instance 0, 1 and so on; behind the last they begin anew.
    pub weights: Vec<Count>,
}

impl WeightedSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.weights.iter().all(|weight| weight.get() == 0) {
            problems.error("weights", "without a weight above zero no instance is ever called").hint =
                Some("write weights such as [5, 1, 1]".into());
        }
    }

    pub(super) fn build(&self, places: usize) -> Weighted {
        let weights = self.weights.iter().map(|weight| i64::from(weight.get_u32())).cycle().take(places).collect();
        Weighted { weights, current: vec![0; places] }
    }
}

/// Whose turn it is.
#[derive(Debug, Clone)]
pub struct Weighted {
    weights: Vec<i64>,
    /// By how much each instance is behind its share, times the sum of weights.
    current: Vec<i64>,
}

impl Weighted {
    /// The weight of a place.
    pub(super) fn weight(&self, place: u32) -> f64 {
        self.weights[place as usize] as f64
    }

    /// The place among the candidates; `place_of` tells the place of each in its service.
    pub(super) fn pick(&mut self, candidates: usize, place_of: impl Fn(usize) -> u32) -> usize {
        let (mut best, mut sum) = (0, 0);
        for at in 0..candidates {
            let place = place_of(at) as usize;
            self.current[place] += self.weights[place];
            sum += self.weights[place];
            if self.current[place] > self.current[place_of(best) as usize] {
                best = at;
            }
        }
        if sum == 0 {
            // Only instances of weight zero are left: they are better than none.
            return 0;
        }
        self.current[place_of(best) as usize] -= sum;
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weighted(weights: &[u64], places: usize) -> Weighted {
        WeightedSettings { weights: weights.iter().map(|w| Count::new(*w)).collect() }.build(places)
    }

    #[test]
    fn goes_in_the_order_of_nginx() {
        // The published order of weights 5, 1, 1: a a b a c a a.
        let mut state = weighted(&[5, 1, 1], 3);
        let picks: Vec<usize> = (0..14).map(|_| state.pick(3, |at| at as u32)).collect();
        assert_eq!(picks, [0, 0, 1, 0, 2, 0, 0, 0, 0, 1, 0, 2, 0, 0]);
    }

    #[test]
    fn those_that_are_left_share_by_their_weights() {
        let mut state = weighted(&[5, 2, 1], 3);
        let mut counts = [0; 3];
        for _ in 0..300 {
            counts[[1, 2][state.pick(2, |at| [1, 2][at])]] += 1;
        }
        assert_eq!(counts, [0, 200, 100]);
        assert_eq!(weighted(&[1, 0], 5).weights, [1, 0, 1, 0, 1]);
    }
}
