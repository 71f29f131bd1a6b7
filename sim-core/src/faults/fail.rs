//! Fail: a share of requests is answered with an error.

use crate::outcome::Outcome;
use crate::problem::Problems;
use crate::units::Probability;
use serde::{Deserialize, Serialize};

/// A share of requests ends with an error, or another outcome, instead of being served.
///
/// # What it models
/// Each request that reaches the target is answered at once with the outcome, by its own chance. With instances as target they do it
/// at the instance, with an edge on the way. Where `from` and `to` name the way of a reply, the work has been done and its reply becomes the
/// outcome. Faults that overlap strike independently; a request that several strike has the outcome of one of them, each as likely.
///
/// # When to use it
/// For a failing API, a bad deploy, or the second half of a chaos field.
///
/// # Knobs
/// - `probability`: chance for each request, percentage, default 100%
/// - `outcome`: what callers get, an outcome that is not ok, default error
///
/// # Example
/// ```yaml
/// faults:
///   api-fails: {inject: {fail: {probability: 50%}}, where: {service: api}, at: 2m, for: 5m}
/// ```
///
/// # Source
/// AWS FIS inject-api-internal-error; Chaos Mesh `HTTPChaos`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FailSettings {
    /// Chance for each request.
    pub probability: Probability,
    /// What callers get.
    pub outcome: Outcome,
}

impl Default for FailSettings {
    fn default() -> Self {
        Self { probability: Probability::ONE, outcome: Outcome::Error }
    }
}

impl FailSettings {
    /// A chance of zero does nothing, and ok is no failure.
    pub fn validate(&self, problems: &mut Problems) {
        never(self.probability, problems);
        if self.outcome == Outcome::Ok {
            problems.error("outcome", "ok is no failure").hint =
                Some("write error, timeout, rejected or unreachable".into());
        }
    }
}

/// A chance of zero does nothing.
pub(super) fn never(probability: Probability, problems: &mut Problems) {
    if probability.value() <= 0.0 {
        problems.error("probability", "with a probability of 0% the fault does nothing").hint =
            Some("write a probability such as 10%, or remove the fault".into());
    }
}
