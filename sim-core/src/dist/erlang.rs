//! The Erlang distribution.

use super::checks::check_mean_cv;
use super::gamma::Gamma;
use crate::problem::Problems;
use crate::units::{Count, SimDuration};
use serde::{Deserialize, Serialize};

/// So many exponential stages in a row.
///
/// # What it models
/// The sum of `stages` independent exponentials; coefficient of variation 1/sqrt(stages).
///
/// # When to use it
/// For gaps and service times that are more regular than exponential, and for comparison with the `E_k` of queueing formulas.
///
/// # Knobs
/// - `stages`: count, required
/// - `mean`: of the sum, duration, required
///
/// # Example
/// ```yaml
/// arrive: {renewal: {between: {erlang: {stages: 2, mean: 125ms}}}}
/// ```
///
/// # Source
/// A gamma of whole shape.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErlangSettings {
    /// How many stages.
    pub stages: Count,
    /// Mean of all together.
    pub mean: SimDuration,
}

impl ErlangSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        check_mean_cv(Some(self.mean), None, problems);
        if self.stages.get() == 0 {
            problems.error("stages", "no stages take no time").hint = Some("write stages: 2".into());
        }
    }

    pub(super) fn build(&self) -> Gamma {
        let stages = (self.stages.get() as f64).max(1.0);
        Gamma::new(stages, self.mean.ns() as f64 / stages)
    }
}
