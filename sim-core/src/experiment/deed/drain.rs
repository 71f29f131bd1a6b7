//! A drain: instances finish what they have, take nothing new, and go.

use serde::{Deserialize, Serialize};

/// Instances finish what they have, take nothing new, and are gone when it is done.
///
/// # What it models
/// An orderly retreat. When `takes` is over, callers no longer pick the selected instances; each ends with the last of its requests. Nothing brings
/// them back but a scaler or `scale`.
///
/// # When to use it
/// To take instances away without an error: before maintenance, or as the gentle variant of a kill.
///
/// # Knobs
/// - none
///
/// # Example
/// ```yaml
/// actions: [{do: drain, where: {service: payment, percent: 30%}, at: 0s}]
/// ```
///
/// # Source
/// Kubernetes `kubectl drain`; Envoy drain sequence.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DoDrainSettings")]
pub struct DrainSettings {}
