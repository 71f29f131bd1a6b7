//! Age: messages do not grow old.

use crate::problem::Problems;
use crate::units::{Percentile, SimDuration};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A percentile of the age of messages, when they are done, is at most a bound.
///
/// # What it models
/// From the sending of a message to the end of its work, in the measured time. A message that is not done at the end of the run, and older
/// than the bound and than twice the oldest that was done, is older than every bound.
///
/// # When to use it
/// For queues behind which somebody waits for the result.
///
/// # Knobs
/// - a percentile (`p50`, `p99.9`) and its bound, duration
///
/// # Example
/// ```yaml
/// promises:
///   fresh: {keep: {age: {p99: 5m}}, of: jobs}
/// ```
///
/// # Source
/// Freshness objectives of data pipelines: Google, SRE Workbook, chapter 13.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct AgeSettings(pub BTreeMap<Percentile, SimDuration>);

impl AgeSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.0.len() != 1 {
            problems.error("age", format!("a promise has one bound, and here are {}", self.0.len())).hint =
                Some("write a promise for each percentile".into());
        }
        if self.0.values().any(|bound| bound.is_zero()) {
            problems.error("age", "nothing is done in no time").hint = Some("write a bound such as 5m".into());
        }
    }

    /// The percentile and its bound [s].
    pub(super) fn bound(&self) -> Option<(Percentile, f64)> {
        self.0.iter().next().map(|(percentile, bound)| (*percentile, bound.secs()))
    }
}
