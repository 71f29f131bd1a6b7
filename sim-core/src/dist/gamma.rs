//! The gamma distribution.

use super::checks::check_mean_cv;
use super::ziggurat;
use crate::engine::math::gamma_p;
use crate::engine::quick;
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
    /// Mean duration.
    pub mean: SimDuration,
    /// Coefficient of variation: deviation over mean.
    pub cv: Factor,
}

/// Shape, and scale [ns].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gamma {
    shape: f64,
    scale: f64,
    /// 1/shape where the shape is below 1, else 0.
    boost: f64,
    /// The shape that is drawn from, which is at least 1, less a third; and 1/sqrt(9 d).
    d: f64,
    c: f64,
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
        // A gamma of shape a is one of shape a + 1 times U^(1/a).
        let (boost, from) = if shape < 1.0 { (1.0 / shape, shape + 1.0) } else { (0.0, shape) };
        let d = from - 1.0 / 3.0;
        Self { shape, scale, boost, d, c: 1.0 / (9.0 * d).sqrt() }
    }

    pub(super) fn sample(&self, draw: &mut impl Draw) -> f64 {
        let drawn = self.scale * self.at_least_one(draw);
        // U^(1/a) = exp(-E/a) with an exponential E.
        if self.boost > 0.0 {
            drawn * quick::exp(-self.boost * ziggurat::Exponential::new().sample(draw))
        } else {
            drawn
        }
    }

    /// Of shape d + 1/3, which is at least 1, and scale 1.
    fn at_least_one(&self, draw: &mut impl Draw) -> f64 {
        loop {
            let x = ziggurat::normal(draw);
            let v = 1.0 + self.c * x;
            if v <= 0.0 {
                continue;
            }
            let v = v * v * v;
            let (u, x2) = (draw.unit_open(), x * x);
            if u < 1.0 - 0.0331 * x2 * x2 || quick::ln(u) < 0.5 * x2 + self.d * (1.0 - v + quick::ln(v)) {
                return self.d * v;
            }
        }
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
