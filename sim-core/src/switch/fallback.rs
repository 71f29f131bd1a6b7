//! Falling back: a feature answers with something simpler.

use super::SwitchEffect;
use crate::ids::EndpointId;
use crate::outcome::Outcome;
use crate::problem::Problems;
use crate::units::SimDuration;
use serde::{Deserialize, Serialize};

/// A feature answers with something simpler.
///
/// # What it models
/// A flag in the code: while the switch is thrown, requests to the endpoints with this `feature` do none of their steps. They have a worker for
/// `latency`, and their callers get `outcome`. No fault of these steps acts, and what a bad version would have answered wrongly is not asked.
///
/// # When to use it
/// To turn off what is new: old prices, no recommendations, a static list.
///
/// # Knobs
/// - `latency`: how long an answer takes, duration, default 0s
/// - `outcome`: what callers get, ok or degraded or another outcome, default degraded
///
/// # Example
/// ```yaml
/// control:
///   switches:
///     old-prices: {do: {fallback: {latency: 1ms, outcome: ok}}, where: {feature: new-prices}, for: 1h}
/// ```
///
/// # Source
/// Hodgson, Feature Toggles, 2017.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FallbackSettings {
    /// How long an answer takes.
    pub latency: SimDuration,
    /// What callers get.
    pub outcome: Outcome,
}

impl Default for FallbackSettings {
    fn default() -> Self {
        Self { latency: SimDuration::ZERO, outcome: Outcome::Degraded }
    }
}

impl FallbackSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if matches!(self.outcome, Outcome::Timeout | Outcome::Unreachable) {
            let what = format!("an instance cannot answer with {}", self.outcome.name());
            problems.error("outcome", what).hint = Some("write ok, degraded, error or rejected".into());
        }
    }

    pub(super) fn effect(&self, endpoints: Vec<EndpointId>) -> SwitchEffect {
        SwitchEffect::Answer { endpoints, latency_ns: self.latency.ns(), outcome: self.outcome }
    }
}
