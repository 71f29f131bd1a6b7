//! Poisson arrivals: settings. The draws are in `process`.

use crate::problem::Problems;
use crate::units::Rate;
use serde::{Deserialize, Serialize};

/// Requests that come at random and independent of each other, at a mean rate.
///
/// # What it models
/// Many users who know nothing of each other. Requests keep coming when the system stalls, and their latency counts from the
/// moment at which they wanted to start. With shapes the process is a non-homogeneous Poisson process, drawn exactly by thinning.
///
/// # When to use it
/// For traffic from the outside, unless you know better.
///
/// # Knobs
/// - `rate`: mean rate, such as 800/s; required
///
/// # Example
/// ```yaml
/// load:
///   shoppers: {to: gateway.checkout, arrive: {poisson: {rate: 800/s}}}
/// ```
///
/// # Source
/// Lewis and Shedler, Simulation of nonhomogeneous Poisson processes by thinning, 1979.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PoissonSettings {
    /// Mean rate of requests.
    pub rate: Rate,
}

impl PoissonSettings {
    /// A rate of zero is nothing to simulate.
    pub fn validate(&self, problems: &mut Problems) {
        positive(self.rate, problems);
    }
}

/// A rate of arrivals has to be above zero.
pub(super) fn positive(rate: Rate, problems: &mut Problems) {
    if rate.per_second() <= 0.0 {
        problems.error("rate", "at a rate of zero no request ever comes").hint =
            Some("remove the load class, or give it a rate such as 10/s".into());
    }
}
