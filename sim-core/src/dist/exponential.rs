//! The exponential distribution.

use super::check_mean_cv;
use crate::engine::math::exp;
use crate::problem::Problems;
use crate::units::SimDuration;
use serde::{Deserialize, Serialize};

/// Memoryless: how long it has lasted says nothing of how long it will.
///
/// # What it models
/// Density exp(-x/mean)/mean; coefficient of variation 1.
///
/// # When to use it
/// For gaps between independent events, and for service times when the result is compared with a queueing formula.
///
/// # Knobs
/// - `mean`: duration, required
///
/// # Example
/// ```yaml
/// work: {exponential: {mean: 2ms}}
/// ```
///
/// # Source
/// Drawn by a ziggurat of 256 layers: Marsaglia and Tsang, "The Ziggurat Method for Generating Random Variables", 2000.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExponentialSettings {
    /// Mean.
    pub mean: SimDuration,
}

impl ExponentialSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        check_mean_cv(Some(self.mean), None, problems);
    }
}

pub(super) fn cdf(mean: f64, x: f64) -> f64 {
    if x <= 0.0 { 0.0 } else { 1.0 - exp(-x / mean) }
}
