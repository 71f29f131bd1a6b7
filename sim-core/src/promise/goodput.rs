//! Goodput: so many good answers a second.

use crate::problem::Problems;
use crate::units::Rate;
use serde::{Deserialize, Serialize};

/// Answers that are not wrong come at least at a rate.
///
/// # What it models
/// Answers (ok or degraded) less the wrong ones, over the measured time.
///
/// # When to use it
/// For batch work and for overload: what still gets through.
///
/// # Knobs
/// - the rate itself, such as 900/s
///
/// # Example
/// ```yaml
/// promises:
///   through: {keep: {goodput: 900/s}, of: api.get}
/// ```
///
/// # Source
/// Dean and Barroso, The tail at scale, CACM 2013.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct GoodputSettings(pub Rate);

impl GoodputSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.0.per_second() <= 0.0 {
            problems.error("goodput", "a promise of no answers is always kept").hint =
                Some("write a rate such as 900/s".into());
        }
    }
}
