//! The Pareto distribution, bounded or not.

use super::ziggurat;
use crate::engine::math::{ln, pow};
use crate::engine::quick;
use crate::engine::rng::Draw;
use crate::problem::Problems;
use crate::units::{Factor, SimDuration};
use serde::{Deserialize, Serialize};

/// A power-law tail: few are very long.
///
/// # What it models
/// P(X > x) = (min/x)^shape from `min` on; with `max` it is bounded there (renewed over the range, not heaped up at its end).
///
/// # When to use it
/// For sizes and durations without a typical scale. Below shape 2 the variance is infinite without `max`, below 1 the mean as well.
///
/// # Knobs
/// - `min`: shortest, duration, required
/// - `shape`: factor, required
/// - `max`: longest, duration, default none
///
/// # Example
/// ```yaml
/// work: {pareto: {min: 5ms, shape: 2.5, max: 10s}}
/// ```
///
/// # Source
/// min·exp(E/shape) with an exponential E, drawn by a ziggurat; bounded Pareto after Harchol-Balter, "Performance Modeling and Design of
/// Computer Systems", 2013.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ParetoSettings {
    /// The shortest duration, at which the density begins.
    pub min: SimDuration,
    /// Shape: the smaller, the heavier the tail.
    pub shape: Factor,
    /// Longest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<SimDuration>,
}

/// Least [ns], shape, one over it, longest [ns], the share that an unbounded one has beyond it, and minus the logarithm of that share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pareto {
    min: f64,
    shape: f64,
    inverse: f64,
    max: f64,
    beyond: f64,
    period: f64,
}

impl ParetoSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.min.ns() == 0 {
            problems.error("min", "a power law begins above zero").hint = Some("write min: 1ms".into());
        }
        if self.max.is_some_and(|max| max <= self.min) {
            problems.error("max", "the longest is not longer than the shortest").label =
                Some(format!("min is {}", self.min));
        }
    }

    pub(super) fn build(&self) -> Pareto {
        let (min, shape) = ((self.min.ns() as f64).max(1.0), self.shape.value());
        let max = self.max.map_or(f64::INFINITY, |m| m.ns() as f64);
        let beyond = if max.is_finite() { pow(min / max, shape) } else { 0.0 };
        let period = if max.is_finite() { (shape * ln(max / min)).max(f64::MIN_POSITIVE) } else { f64::INFINITY };
        Pareto { min, shape, inverse: 1.0 / shape, max, beyond, period }
    }
}

impl Pareto {
    pub(super) fn sample(&self, draw: &mut impl Draw) -> f64 {
        let drawn = ziggurat::Exponential::new().sample(draw);
        // An exponential forgets: what it is beyond whole periods is one that ends with the period.
        let within = if drawn < self.period { drawn } else { drawn % self.period };
        self.min * quick::exp(within * self.inverse)
    }

    pub(super) fn mean(&self) -> f64 {
        self.moment(1.0)
    }

    pub(super) fn variance(&self) -> f64 {
        self.moment(2.0) - self.mean() * self.mean()
    }

    /// E X^k = a L^a (H^(k-a) - L^(k-a)) / ((k-a) (1 - (L/H)^a)).
    fn moment(&self, k: f64) -> f64 {
        let a = self.shape;
        if self.max.is_infinite() {
            return if a > k { a * pow(self.min, k) / (a - k) } else { f64::INFINITY };
        }
        let ratio = self.max / self.min;
        let integral = if (k - a).abs() < 1e-9 { ln(ratio) } else { (pow(ratio, k - a) - 1.0) / (k - a) };
        a * pow(self.min, k) * integral / (1.0 - self.beyond)
    }

    pub(super) fn cdf(&self, x: f64) -> f64 {
        if x <= self.min {
            return 0.0;
        }
        ((1.0 - pow(self.min / x, self.shape)) / (1.0 - self.beyond)).min(1.0)
    }
}
