//! Lag: replicas fall behind their primary by several times the usual.

use crate::problem::Problems;
use crate::units::Factor;
use serde::{Deserialize, Serialize};

/// Replicas of a store apply writes several times as late.
///
/// # What it models
/// The lag drawn for each write and replica is multiplied while the fault lasts. Reads from a struck replica see an older state: more
/// stale reads, and no error.
///
/// # When to use it
/// To ask what a long-running query or a busy network between replicas does to those who read from them.
///
/// # Knobs
/// - `factor`: by which the lag is multiplied, factor; required
///
/// # Example
/// ```yaml
/// faults:
///   replica-lags: {inject: {lag: {factor: 20}}, where: {service: accounts, role: replica, count: 1}, at: 5m, for: 3m}
/// ```
///
/// # Source
/// Bailis et al., Probabilistically bounded staleness, VLDB 2012.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LagSettings {
    /// By what the lag is multiplied.
    pub factor: Factor,
}

impl LagSettings {
    /// A factor of 1 does nothing.
    pub fn validate(&self, problems: &mut Problems) {
        if (self.factor.value() - 1.0).abs() < f64::EPSILON {
            problems.error("factor", "a factor of 1 changes nothing").hint = Some("write a factor such as 20".into());
        }
    }
}
