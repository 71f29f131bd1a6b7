//! A restart: instances crash and start again at once.

use serde::{Deserialize, Serialize};

/// Instances crash and start again at once.
///
/// # What it models
/// All work on the instance ends and callers see a reset; it is back after its `start_up`, and slower for its `warm_up`. The fault is
/// over as soon as it has struck: `for` is not needed.
///
/// # When to use it
/// For reboots, deploys and out-of-memory kills.
///
/// # Knobs
/// - none
///
/// # Example
/// ```yaml
/// faults:
///   rebooted: {inject: restart, where: {service: db}, at: 25m}
/// ```
///
/// # Source
/// AWS FIS reboot-instances.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RestartSettings {}
