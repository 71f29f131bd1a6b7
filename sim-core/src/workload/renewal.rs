//! Arrivals with any distribution of the gaps: settings. The draws are in `process`.

use crate::dist::Distribution;
use crate::problem::Problems;
use serde::{Deserialize, Serialize};

/// Requests with independent gaps of a given distribution.
///
/// # What it models
/// A renewal process: burstier than Poisson with a coefficient of variation above 1, smoother below. Under a shape each gap is
/// divided by the shape's factor at the moment at which the gap begins.
///
/// # When to use it
/// When measured gaps are not exponential.
///
/// # Knobs
/// - `between`: time between two requests, distribution; required
///
/// # Example
/// ```yaml
/// load:
///   batches: {to: api.put, arrive: {renewal: {between: {gamma: {mean: 20ms, cv: 3}}}}}
/// ```
///
/// # Source
/// The G of Kendall's notation (G/M/1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RenewalSettings {
    /// Time between two requests.
    pub between: Distribution,
}

impl RenewalSettings {
    /// Gaps must take time, or the run never advances.
    pub fn validate(&self, problems: &mut Problems) {
        problems.at("between", |p| {
            self.between.validate(p);
            if self.between.mean() <= 0.0 {
                p.error("", "with no time between two requests the run never advances").hint =
                    Some("give a distribution with a mean above 0s".into());
            }
        });
    }
}
