//! The exponential distribution.

use super::checks::check_mean_cv;
use super::ziggurat;
use crate::engine::math::exp;
use crate::engine::rng::Draw;
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
    /// Mean duration.
    pub mean: SimDuration,
}

impl ExponentialSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        check_mean_cv(Some(self.mean), None, problems);
    }
}

/// Draws from an exponential distribution.
#[derive(Clone, Copy)]
pub struct Exponential {
    mean: f64,
    unit: ziggurat::Exponential,
}

impl Exponential {
    /// The exponential with this mean.
    pub fn new(mean: f64) -> Self {
        Self { mean, unit: ziggurat::Exponential::new() }
    }

    /// The next duration [ns].
    #[inline(always)]
    pub fn sample(&self, draw: &mut impl Draw) -> f64 {
        self.unit.sample(draw) * self.mean
    }

    /// A draw times `factor`, which is known before the draw is: what is multiplied first decides how long one waits.
    #[inline(always)]
    pub(super) fn sample_times(&self, draw: &mut impl Draw, factor: f64) -> f64 {
        self.unit.sample(draw) * (self.mean * factor)
    }

    pub(super) fn mean(&self) -> f64 {
        self.mean
    }

    pub(super) fn variance(&self) -> f64 {
        self.mean * self.mean
    }

    pub(super) fn cdf(&self, x: f64) -> f64 {
        if x <= 0.0 { 0.0 } else { 1.0 - exp(-x / self.mean) }
    }
}

impl PartialEq for Exponential {
    fn eq(&self, other: &Self) -> bool {
        self.mean == other.mean
    }
}

impl std::fmt::Debug for Exponential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Exponential({})", self.mean)
    }
}
