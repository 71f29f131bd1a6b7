//! Straight lines between points.

use super::{Piece, line, line_piece, signed};
use crate::problem::Problems;
use crate::units::{Factor, SimDuration};
use serde::{Deserialize, Serialize};

/// The load follows straight lines between points; before the first and after the last it is level.
///
/// # What it models
/// Any curve that you can draw: a hill, two peaks, a day as measured.
///
/// # When to use it
/// When no other shape fits.
///
/// # Knobs
/// - a list of points, each with `at` (duration from time 0) and `factor`; at least two, in order of time
///
/// # Example
/// ```yaml
/// shape: [{points: [{at: 0h, factor: 1}, {at: 1h, factor: 4}, {at: 2h, factor: 1}]}]
/// ```
///
/// # Source
/// Linear interpolation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct PointsSettings(pub Vec<Point>);

/// A point of a curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// When, from time 0.
    pub at: SimDuration,
    /// By what the rate is multiplied then.
    pub factor: Factor,
}

impl PointsSettings {
    /// Points must be two or more, and in order.
    pub fn validate(&self, problems: &mut Problems) {
        if self.0.len() < 2 {
            problems.error("", "a curve needs at least two points");
        }
        for (place, pair) in self.0.windows(2).enumerate() {
            if pair[1].at <= pair[0].at {
                problems.at(place + 1, |p| {
                    p.error("at", "this point does not come after the one before it").label =
                        Some(format!("the one before it is at {}", pair[0].at));
                });
            }
        }
    }

    fn point(&self, place: usize) -> (i64, f64) {
        (signed(self.0[place].at), self.0[place].factor.value())
    }

    /// The place of the first point after a time.
    fn next(&self, t_ns: i64) -> usize {
        self.0.partition_point(|p| signed(p.at) <= t_ns)
    }

    pub(super) fn factor(&self, t_ns: i64) -> f64 {
        match (self.next(t_ns), self.0.len()) {
            (_, 0) => 1.0,
            (0, _) => self.point(0).1,
            (n, length) if n == length => self.point(n - 1).1,
            (n, _) => line(t_ns, self.point(n - 1), self.point(n)),
        }
    }

    pub(super) fn piece(&self, t_ns: i64) -> Piece {
        match (self.next(t_ns), self.0.len()) {
            (_, 0) => Piece { until_ns: i64::MAX, bound: 1.0 },
            (0, _) => Piece { until_ns: self.point(0).0, bound: self.point(0).1 },
            (n, length) if n == length => Piece { until_ns: i64::MAX, bound: self.point(n - 1).1 },
            (n, _) => line_piece(t_ns, self.point(n - 1), self.point(n)),
        }
    }
}
