//! A ramp: grows in a straight line to a new level.

use super::{Piece, line, line_piece, signed};
use crate::problem::Problems;
use crate::units::{Factor, SimDuration};
use serde::{Deserialize, Serialize};

/// The load grows in a straight line to a multiple of itself, and stays there.
///
/// # What it models
/// A morning, a launch, the slope of a load test.
///
/// # When to use it
/// To find the load at which a system tips over.
///
/// # Knobs
/// - `at`: start, duration from time 0, default 0s
/// - `for`: time until the new level is reached, duration; required
/// - `factor`: the new level, factor of the old; required
///
/// # Example
/// ```yaml
/// shape: [{ramp: {at: 10m, for: 5m, factor: 5}}]
/// ```
///
/// # Source
/// Ramping arrival rate executors of load generators such as k6.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RampSettings {
    /// Start, from time 0.
    #[serde(default)]
    pub at: SimDuration,
    /// Time until the new level is reached.
    #[serde(rename = "for")]
    pub length: SimDuration,
    /// The new level, as a multiple of the old.
    pub factor: Factor,
}

impl RampSettings {
    /// A ramp of no length is a step.
    pub fn validate(&self, problems: &mut Problems) {
        if self.length.is_zero() {
            problems.error("for", "a ramp that takes no time is a step").hint =
                Some(format!("write step: {{at: {}, factor: {}}}", self.at, self.factor));
        }
    }

    fn ends(&self) -> ((i64, f64), (i64, f64)) {
        ((signed(self.at), 1.0), (signed(self.at.saturating_add(self.length)), self.factor.value()))
    }

    pub(super) fn factor(&self, t_ns: i64) -> f64 {
        let (a, b) = self.ends();
        line(t_ns.clamp(a.0, b.0), a, b)
    }

    pub(super) fn piece(&self, t_ns: i64) -> Piece {
        let (a, b) = self.ends();
        match t_ns {
            t if t < a.0 => Piece { until_ns: a.0, bound: 1.0 },
            t if t < b.0 => line_piece(t, a, b),
            _ => Piece { until_ns: i64::MAX, bound: b.1 },
        }
    }
}
