//! Stopping: the instances of a service finish what they have, and go.

use crate::units::SimDuration;
use serde::{Deserialize, Serialize};

/// Instances finish what they have and go.
///
/// # What it models
/// The emergency stop of a service. Its instances get no new requests, finish what they have and go; with `drain` what is not done by then is cut
/// off. Callers find nobody, scalers of the service are held. When the switch reverts, as many instances are ordered as there were, and start after
/// their `start_up`.
///
/// # When to use it
/// For a service that does more harm the longer it runs.
///
/// # Knobs
/// - `drain`: how long instances may take to finish, duration, default as long as they need
///
/// # Example
/// ```yaml
/// control:
///   switches:
///     emergency-stop: {do: {stop: {drain: 30s}}, where: {service: worker}, for: 10m}
/// ```
///
/// # Source
/// Kubernetes `kubectl scale --replicas=0`, with `terminationGracePeriodSeconds`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StopSettings {
    /// How long instances may take to finish.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drain: Option<SimDuration>,
}
