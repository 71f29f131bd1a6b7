//! The gamma distribution.

use super::{check_mean_cv, ziggurat};
use crate::engine::math::{gamma_p, ln, pow};
use crate::engine::rng::Draw;
use crate::problem::Problems;
use crate::units::{Factor, SimDuration};
use serde::{Deserialize, Serialize};

/// Between a constant and a wild one, by its coefficient of variation.
///
/// # What it models
/// Shape 1/cv², scale mean·cv²: cv 1 is the exponential, below it is tamer, above it is wilder.
///
/// # When to use it
/// For service times of which mean and variation are known.
///
/// # Knobs
/// - `mean`: duration, required
/// - `cv`: coefficient of variation, factor, required
///
/// # Example
/// ```yaml
/// work: {gamma: {mean: 8ms, cv: 0.7}}
/// ```
///
/// # Source
/// Marsaglia and Tsang, "A Simple Method for Generating Gamma Variables", 2000.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GammaSettings {
    /// Mean.
    pub mean: SimDuration,
    /// Coefficient of variation: deviation over mean.
    pub cv: Factor,
}

/// Shape, and scale [ns].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gamma {
    shape: f64,
    scale: f64,
}

impl GammaSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        check_mean_cv(Some(self.mean), Some(self.cv.value()), problems);
    }

    pub(super) fn build(&self) -> Gamma {
        let cv2 = (self.cv.value() * self.cv.value()).max(1e-12);
        Gamma::new(1.0 / cv2, self.mean.ns() as f64 * cv2)
    }
}

impl Gamma {
    pub(super) fn new(shape: f64, scale: f64) -> Self {
        Self { shape, scale }
    }

    pub(super) fn sample(&self, draw: &mut impl Draw) -> f64 {
        if self.shape < 1.0 {
            // A gamma of shape a is one of shape a + 1 times U^(1/a).
            let boost = pow(draw.unit_open(), 1.0 / self.shape);
            return self.scale * boost * at_least_one(self.shape + 1.0, draw);
        }
        self.scale * at_least_one(self.shape, draw)
    }

    pub(super) fn mean(&self) -> f64 {
        self.shape * self.scale
    }

    pub(super) fn variance(&self) -> f64 {
        self.shape * self.scale * self.scale
    }

    pub(super) fn cdf(&self, x: f64) -> f64 {
        gamma_p(self.shape, x / self.scale)
    }
}

/// A gamma of this shape, at least 1, and scale 1.
fn at_least_one(shape: f64, draw: &mut impl Draw) -> f64 {
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = ziggurat::normal(draw);
        let v = 1.0 + c * x;
        if v <= 0.0 {
            continue;
        }
        let v = v * v * v;
        let u = draw.unit_open();
        if u < 1.0 - 0.0331 * x * x * x * x || ln(u) < 0.5 * x * x + d * (1.0 - v + ln(v)) {
            return d * v;
        }
    }
}
