//! The normal distribution, cut at zero.

use super::checks::check_mean_cv;
use super::ziggurat;
use crate::engine::math::{exp, normal_cdf};
use crate::engine::rng::Draw;
use crate::problem::Problems;
use crate::units::SimDuration;
use serde::{Deserialize, Serialize};

/// The bell curve; draws below zero are zero.
///
/// # What it models
/// A normal distribution whose negative draws become 0s, so that the mean of the draws lies above `mean` where the deviation is large.
///
/// # When to use it
/// For durations that vary little around a mean; latencies are rather lognormal.
///
/// # Knobs
/// - `mean`: duration, required
/// - `deviation`: standard deviation, duration, required
///
/// # Example
/// ```yaml
/// wait: {normal: {mean: 10ms, deviation: 2ms}}
/// ```
///
/// # Source
/// Drawn by a ziggurat of 256 layers: Marsaglia and Tsang, 2000.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NormalSettings {
    /// Mean before the cut.
    pub mean: SimDuration,
    /// Standard deviation before the cut.
    pub deviation: SimDuration,
}

/// Mean and deviation before the cut [ns].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Normal {
    mean: f64,
    deviation: f64,
}

impl NormalSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        check_mean_cv(Some(self.mean), None, problems);
        if self.deviation.ns() == 0 {
            problems.error("deviation", "without deviation it is a constant").hint =
                Some("write the duration alone".into());
        }
    }

    pub(super) fn build(&self) -> Normal {
        Normal { mean: self.mean.ns() as f64, deviation: (self.deviation.ns() as f64).max(1e-9) }
    }
}

impl Normal {
    #[inline]
    pub(super) fn sample(&self, draw: &mut impl Draw) -> f64 {
        (self.mean + self.deviation * ziggurat::normal(draw)).max(0.0)
    }

    /// E max(0, X) = m Φ(m/s) + s φ(m/s).
    pub(super) fn mean(&self) -> f64 {
        let z = self.mean / self.deviation;
        self.mean * normal_cdf(z) + self.deviation * density(z)
    }

    /// E max(0, X)² = (m² + s²) Φ(m/s) + m s φ(m/s).
    pub(super) fn variance(&self) -> f64 {
        let (m, s) = (self.mean, self.deviation);
        let z = m / s;
        (m * m + s * s) * normal_cdf(z) + m * s * density(z) - self.mean() * self.mean()
    }

    pub(super) fn cdf(&self, x: f64) -> f64 {
        if x < 0.0 { 0.0 } else { normal_cdf((x - self.mean) / self.deviation) }
    }
}

fn density(z: f64) -> f64 {
    exp(-z * z / 2.0) / (2.0 * std::f64::consts::PI).sqrt()
}
