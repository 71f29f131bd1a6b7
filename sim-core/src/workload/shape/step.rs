//! A step: higher from a moment on.

use super::{Piece, level, signed};
use crate::problem::Problems;
use crate::units::{Factor, SimDuration};
use serde::{Deserialize, Serialize};

/// The load is multiplied from a moment on, for good.
///
/// # What it models
/// A new customer, a region that failed over to here, a release that calls twice as often.
///
/// # When to use it
/// To see how fast a scaler follows, or whether the new level holds at all.
///
/// # Knobs
/// - `at`: start, duration from time 0, default 0s
/// - `factor`: by which the rate is multiplied, factor; required
///
/// # Example
/// ```yaml
/// shape: [{step: {at: 10m, factor: 2}}]
/// ```
///
/// # Source
/// The step response of control theory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepSettings {
    /// Start, from time 0.
    #[serde(default)]
    pub at: SimDuration,
    /// By what the rate is multiplied.
    pub factor: Factor,
}

impl StepSettings {
    /// A step of 1 is none; a variant or a sweep may mean that.
    pub fn validate(&self, problems: &mut Problems) {
        if self.factor == Factor::ONE {
            problems.warning("factor", "factors multiply, and so a step by 1 changes nothing").hint =
                Some("a load that comes back down is a spike: {spike: {at: 1h, for: 1h, factor: 2}}".into());
        }
    }

    pub(super) fn factor(&self, t_ns: i64) -> f64 {
        self.piece(t_ns).bound
    }

    pub(super) fn piece(&self, t_ns: i64) -> Piece {
        level(t_ns, signed(self.at), i64::MAX, self.factor)
    }
}
