//! Holding: a scaler leaves the number of instances alone.

use serde::{Deserialize, Serialize};

/// A scaler leaves the number of instances alone.
///
/// # What it models
/// The manual override of a scaler. While the switch is thrown, the scaler decides nothing, whatever a fault makes it want; a `scale` by hand stays.
///
/// # When to use it
/// For a scaler that runs away, and before a change by hand.
///
/// # Knobs
/// - none
///
/// # Example
/// ```yaml
/// control:
///   switches:
///     stop-scaling: {do: hold, where: {control: worker}, for: 1h}
/// ```
///
/// # Source
/// Suspended processes of Amazon EC2 Auto Scaling groups.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldSettings {}
