//! A drain: instances finish what they have, take nothing new, and go.

use crate::units::SimDuration;
use serde::{Deserialize, Serialize};

/// Instances finish what they have, take nothing new, and are gone when it is done.
///
/// # What it models
/// An orderly retreat. When `takes` is over, callers no longer pick the selected instances; each ends with the last of its requests, and with
/// `within` at the latest when that is over: requests that are not done by then end, and their callers see a reset. Nothing brings
/// the instances back but a scaler, `scale` or `replace`.
///
/// # When to use it
/// To take instances away without an error: before maintenance, or as the gentle variant of a kill.
///
/// # Knobs
/// - `within`: how long requests have until they are cut off, duration, default as long as they take
///
/// # Example
/// ```yaml
/// actions: [{do: drain, where: {service: payment, percent: 30%}, at: 0s}]
/// ```
///
/// # Source
/// Kubernetes `kubectl drain`; Envoy drain sequence.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "DoDrainSettings")]
pub struct DrainSettings {
    /// How long requests have until they are cut off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<SimDuration>,
}
