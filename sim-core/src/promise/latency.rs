//! Latency: a percentile stays below a bound.

use crate::problem::Problems;
use crate::units::{Percentile, SimDuration};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A percentile of the latency of answers is at most a bound.
///
/// # What it models
/// Answers in the measured time, from the intended start of each request. Requests that are never answered, in the sense of `availability`,
/// are longer than every bound.
///
/// # When to use it
/// For every endpoint at which somebody waits.
///
/// # Knobs
/// - a percentile (`p50`, `p99.9`) and its bound, duration
///
/// # Example
/// ```yaml
/// promises:
///   quick: {keep: {latency: {p99: 800ms}}, of: gateway.checkout}
/// ```
///
/// # Source
/// Dean and Barroso, The tail at scale, CACM 2013.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct LatencySettings(pub BTreeMap<Percentile, SimDuration>);

impl LatencySettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.0.len() != 1 {
            problems.error("latency", format!("a promise has one bound, and here are {}", self.0.len())).hint =
                Some("write a promise for each percentile".into());
        }
        if self.0.values().any(|bound| bound.is_zero()) {
            problems.error("latency", "nothing is done in no time").hint = Some("write a bound such as 800ms".into());
        }
    }

    /// The percentile and its bound [s].
    pub(super) fn bound(&self) -> Option<(Percentile, f64)> {
        self.0.iter().next().map(|(percentile, bound)| (*percentile, bound.secs()))
    }
}
