//! The Weibull distribution.

use super::ziggurat;
use crate::engine::math::{exp, gamma, pow};
use crate::engine::quick;
use crate::engine::rng::Draw;
use crate::problem::Problems;
use crate::units::{Factor, SimDuration};
use serde::{Deserialize, Serialize};

/// Wear-out (shape above 1) and infant mortality (below 1).
///
/// # What it models
/// P(X > x) = exp(-(x/scale)^shape). Given by `scale`, or by `mean` = scale·Γ(1 + 1/shape).
///
/// # When to use it
/// For times to failure of disks and machines, and for service times with a stretched tail (shape under 1).
///
/// # Knobs
/// - `shape`: factor, required
/// - `scale` or `mean`: duration, one of them required
///
/// # Example
/// ```yaml
/// random: {mtbf: {weibull: {shape: 0.7, mean: 1000h}}, mttr: 4h}
/// ```
///
/// # Source
/// scale·E^(1/shape) with an exponential E, drawn by a ziggurat.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WeibullSettings {
    /// Shape k: below 1 long draws are more likely than with an exponential, above 1 less.
    pub shape: Factor,
    /// Scale: 63.2 % are below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<SimDuration>,
    /// Mean, instead of the scale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<SimDuration>,
}

/// Shape, one over it, and scale [ns].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weibull {
    shape: f64,
    inverse: f64,
    scale: f64,
}

impl WeibullSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.scale.is_some() == self.mean.is_some() {
            problems.error("", "a Weibull is given by its shape and either scale or mean").hint =
                Some("write {shape: 0.7, mean: 1000h}".into());
        }
        for (key, value) in [("scale", self.scale), ("mean", self.mean)] {
            if value.is_some_and(|v| v.ns() == 0) {
                problems.error(key, format!("a {key} of zero is the constant 0s"));
            }
        }
    }

    pub(super) fn build(&self) -> Weibull {
        let shape = self.shape.value().max(1e-3);
        let scale = match (self.scale, self.mean) {
            (Some(scale), _) => scale.ns() as f64,
            (None, Some(mean)) => mean.ns() as f64 / gamma(1.0 + 1.0 / shape),
            (None, None) => 1.0,
        };
        Weibull { shape, inverse: 1.0 / shape, scale }
    }
}

impl Weibull {
    pub(super) fn sample(&self, draw: &mut impl Draw) -> f64 {
        self.scale * quick::exp(quick::ln(ziggurat::Exponential::new().sample(draw)) * self.inverse)
    }

    pub(super) fn mean(&self) -> f64 {
        self.scale * gamma(1.0 + 1.0 / self.shape)
    }

    pub(super) fn variance(&self) -> f64 {
        let g1 = gamma(1.0 + 1.0 / self.shape);
        self.scale * self.scale * (gamma(1.0 + 2.0 / self.shape) - g1 * g1)
    }

    pub(super) fn cdf(&self, x: f64) -> f64 {
        if x <= 0.0 { 0.0 } else { 1.0 - exp(-pow(x / self.scale, self.shape)) }
    }
}
