//! Between measured percentiles.

use crate::engine::rng::Draw;
use crate::problem::Problems;
use crate::units::{Percentile, SimDuration};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What was measured: percentiles, with straight lines between them.
///
/// # What it models
/// The inverse of the distribution function, linear between the given percentiles. Below the lowest it goes straight to zero at p0,
/// above the highest it stays at that value: give `min` and `max` where they are known.
///
/// # When to use it
/// When a dashboard shows p50, p90, p99 and p99.9, and no formula fits.
///
/// # Knobs
/// - `quantiles`: percentile to duration, at least two
/// - `min`, `max`: shortest and longest, duration, default 0s and the highest percentile
///
/// # Example
/// ```yaml
/// work: {empirical: {min: 5ms, quantiles: {p50: 20ms, p99: 80ms}, max: 200ms}}
/// ```
///
/// # Source
/// Inverse transform of a piecewise linear distribution function.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EmpiricalSettings {
    /// Durations by percentile (`p50`, `p99`); between two of them the distribution is linear.
    pub quantiles: BTreeMap<Percentile, SimDuration>,
    /// Shortest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<SimDuration>,
    /// Longest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<SimDuration>,
}

/// Parts of equal shares, in each of which a draw begins to look for its piece.
const PARTS: usize = 128;

/// Shares and durations [ns], from share 0 to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Empirical {
    points: Vec<(f64, f64)>,
    /// The straight pieces between: share at which one ends, its duration at share 0, and its slope.
    pieces: Vec<(f64, f64, f64)>,
    /// The piece in which each part begins.
    begins: [u16; PARTS],
}

impl EmpiricalSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.quantiles.len() < 2 {
            problems.error("quantiles", "two percentiles at least are needed").hint =
                Some("write {p50: 20ms, p99: 80ms}".into());
        }
        let values: Vec<_> = self.min.iter().chain(self.quantiles.values()).chain(&self.max).collect();
        if values.windows(2).any(|pair| pair[0] > pair[1]) {
            problems.error("quantiles", "a higher percentile is a longer time");
        }
    }

    pub(super) fn build(&self) -> Empirical {
        let mut points: Vec<(f64, f64)> = self.quantiles.iter().map(|(p, d)| (p.fraction(), d.ns() as f64)).collect();
        let highest = points.last().map_or(0.0, |last| last.1);
        points.insert(0, (0.0, self.min.map_or(0.0, |d| d.ns() as f64)));
        points.push((1.0, self.max.map_or(highest, |d| d.ns() as f64)));
        Empirical::new(points)
    }
}

impl Empirical {
    fn new(points: Vec<(f64, f64)>) -> Self {
        let rising = points.windows(2).filter(|w| w[1].0 > w[0].0);
        let pieces: Vec<_> = rising
            .map(|w| {
                let slope = (w[1].1 - w[0].1) / (w[1].0 - w[0].0);
                (w[1].0, w[0].1 - w[0].0 * slope, slope)
            })
            .collect();
        let begins = std::array::from_fn(|part| {
            let share = part as f64 / PARTS as f64;
            pieces.partition_point(|piece| piece.0 <= share) as u16
        });
        Self { points, pieces, begins }
    }

    pub(super) fn sample(&self, draw: &mut impl Draw) -> f64 {
        let u = draw.unit();
        let mut piece = usize::from(self.begins[(u * PARTS as f64) as usize]);
        // The last piece ends at 1, which no draw reaches.
        while self.pieces[piece].0 <= u {
            piece += 1;
        }
        let (_, at_zero, slope) = self.pieces[piece];
        (at_zero + slope * u).max(0.0)
    }

    pub(super) fn mean(&self) -> f64 {
        self.points.windows(2).map(|w| (w[1].0 - w[0].0) * f64::midpoint(w[0].1, w[1].1)).sum()
    }

    pub(super) fn variance(&self) -> f64 {
        let square = |w: &[(f64, f64)]| {
            let (a, b) = (w[0].1, w[1].1);
            (w[1].0 - w[0].0) * (a * a + a * b + b * b) / 3.0
        };
        self.points.windows(2).map(square).sum::<f64>() - self.mean() * self.mean()
    }

    pub(super) fn cdf(&self, x: f64) -> f64 {
        let above = self.points.partition_point(|p| p.1 <= x);
        if above == 0 {
            return 0.0;
        }
        if above == self.points.len() {
            return 1.0;
        }
        let ((p0, x0), (p1, x1)) = (self.points[above - 1], self.points[above]);
        p0 + (p1 - p0) * (x - x0) / (x1 - x0)
    }
}
