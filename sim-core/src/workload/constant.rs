//! Arrivals in equal steps: settings. The steps are in `process`.

use super::poisson::positive;
use crate::problem::Problems;
use crate::units::Rate;
use serde::{Deserialize, Serialize};

/// Requests that come in equal steps, like the ticks of a clock.
///
/// # What it models
/// A load generator or a scheduled job: the gap between two requests is one over the rate. Under a shape each gap is divided by
/// the shape's factor at the moment at which the gap begins.
///
/// # When to use it
/// For load tests and for arithmetic that should come out without spread.
///
/// # Knobs
/// - `rate`: such as 2000/s; required
///
/// # Example
/// ```yaml
/// load:
///   probe: {to: api.get, arrive: {constant: {rate: 10/s}}}
/// ```
///
/// # Source
/// The D of Kendall's notation (D/M/1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConstantSettings {
    /// Rate of requests.
    pub rate: Rate,
}

impl ConstantSettings {
    /// A rate of zero is nothing to simulate.
    pub fn validate(&self, problems: &mut Problems) {
        positive(self.rate, problems);
    }
}
