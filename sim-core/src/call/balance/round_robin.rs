//! Round robin balancing.

use serde::{Deserialize, Serialize};

/// Calls go to the instances one after the other.
///
/// # What it models
/// Each caller instance has its own turn, as client libraries and proxies have; several callers together are therefore nearly random.
///
/// # When to use it
/// The default of many proxies; fine while instances are alike and requests are.
///
/// # Knobs
/// none
///
/// # Example
/// ```yaml
/// balance: round_robin
/// ```
///
/// # Source
/// Envoy `ROUND_ROBIN` with equal weights, but for those in `slow_start`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RoundRobinSettings {}

/// Whose turn it is.
#[derive(Debug, Clone, Default)]
pub struct RoundRobin {
    next: usize,
}

impl RoundRobin {
    pub(super) fn pick(&mut self, candidates: usize) -> usize {
        let at = self.next % candidates;
        self.next = at + 1;
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_round_and_survives_a_change_of_number() {
        let mut turn = RoundRobin::default();
        let picks: Vec<usize> = (0..5).map(|_| turn.pick(3)).collect();
        assert_eq!(picks, [0, 1, 2, 0, 1]);
        assert_eq!(turn.pick(2), 0);
        assert_eq!(turn.pick(2), 1);
    }
}
