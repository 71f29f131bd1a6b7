//! The maintenance page: users are told that nothing goes.

use super::SwitchEffect;
use crate::ids::EndpointId;
use crate::outcome::Outcome;
use crate::units::SimDuration;
use serde::{Deserialize, Serialize};

/// Users see a page that says that nothing goes.
///
/// # What it models
/// While the switch is thrown, requests of load classes to a service, or to all, have a worker for `latency` and end as `rejected`: the page is no
/// answer to what they asked, and counts as a failure. Nothing behind it is called, so that it gets time to recover.
///
/// # When to use it
/// When all that can be done is to stop the harm.
///
/// # Knobs
/// - `latency`: how long the page takes, duration, default 1ms
///
/// # Example
/// ```yaml
/// control:
///   switches:
///     closed: {do: {maintenance_page: {latency: 1ms}}, where: {service: all}, for: 15m}
/// ```
///
/// # Source
/// Status 503 with `Retry-After`: RFC 9110, section 15.6.4.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MaintenanceSettings {
    /// How long the page takes.
    pub latency: SimDuration,
}

impl Default for MaintenanceSettings {
    fn default() -> Self {
        Self { latency: SimDuration::from_ns(1_000_000) }
    }
}

impl MaintenanceSettings {
    pub(super) fn effect(&self, endpoints: Vec<EndpointId>) -> SwitchEffect {
        SwitchEffect::Answer { endpoints, latency_ns: self.latency.ns(), outcome: Outcome::Rejected }
    }
}
