//! Availability: a share of requests is answered.

use crate::problem::Problems;
use crate::units::Probability;
use serde::{Deserialize, Serialize};

/// A share of requests is answered, ok or degraded.
///
/// # What it models
/// Requests that ended in the measured time, attempt by attempt as callers saw them, and requests that were never answered: a request that was sent
/// without a timeout, and has waited longer than the latency that is promised of the endpoint (without such a promise a minute, or a tenth of a
/// run shorter than ten minutes) and longer than twice the longest answer of the run, counts as not answered. Requests in flight at the end
/// that have waited less count nowhere.
///
/// # When to use it
/// For every endpoint that users call.
///
/// # Knobs
/// - the share itself, percentage; `period` beside it is the time over which the error budget runs
///
/// # Example
/// ```yaml
/// promises:
///   works: {keep: {availability: 99.5%}, of: gateway.checkout, period: 30d}
/// ```
///
/// # Source
/// Google, Site Reliability Engineering, chapter 4.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct AvailabilitySettings(pub Probability);

impl AvailabilitySettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.0.value() <= 0.0 {
            problems.error("availability", "a promise of 0% is always kept").hint =
                Some("write a share such as 99.5%".into());
        }
    }
}
