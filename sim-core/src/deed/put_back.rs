//! The end of an isolation: callers pick instances again.

use serde::{Deserialize, Serialize};

/// Callers pick isolated instances again.
///
/// # What it models
/// The end of a quarantine. When `takes` is over, callers know of the selected instances as of all others. Those that were not isolated are left
/// alone, and those that are down get requests when they are back.
///
/// # When to use it
/// As the last step of a runbook that began with `isolate`.
///
/// # Knobs
/// - none
///
/// # Example
/// ```yaml
/// actions: [{do: return, where: {found_by: slow-fsync}, takes: 10s}]
/// ```
///
/// # Source
/// AWS Auto Scaling `exit-standby`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DoReturnSettings")]
pub struct ReturnSettings {}
