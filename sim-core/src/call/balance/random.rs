//! Random balancing.

use crate::engine::rng::Keyed;
use serde::{Deserialize, Serialize};

/// Each call goes to any instance, by chance.
///
/// # What it models
/// Independent uniform choices: with n instances each queue sees a Poisson stream of a share 1/n where the load is Poisson.
///
/// # When to use it
/// As the baseline that every other balancer has to beat, and for clients that know nothing of load.
///
/// # Knobs
/// none
///
/// # Example
/// ```yaml
/// balance: random
/// ```
///
/// # Source
/// Envoy `RANDOM`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RandomSettings {}

/// A place among `candidates`, all equally likely (up to 2^-40).
pub(super) fn pick(candidates: usize, draw: &mut Keyed) -> usize {
    ((u128::from(draw.next_u64()) * candidates as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_equally_likely() {
        let mut counts = [0u32; 7];
        for i in 0..70_000u64 {
            counts[pick(7, &mut Keyed::new(crate::engine::rng::mix(i, 1)))] += 1;
        }
        assert!(counts.iter().all(|&c| (f64::from(c) - 10_000.0).abs() < 400.0), "{counts:?}");
    }
}
