//! A restart: instances stop and start again.

use serde::{Deserialize, Serialize};

/// Instances stop and start again at once.
///
/// # What it models
/// What an operator does by hand. When `takes` is over, all work on the selected instances ends, those that run as those that do not, and
/// callers see a reset; they are back after their `start_up`.
///
/// # When to use it
/// As a step of a rollback, or as an action of an experiment that asks what a rolling restart does.
///
/// # Knobs
/// - none
///
/// # Example
/// ```yaml
/// rollback: [{do: restart, where: {service: payment, count: 2}, takes: 20s}]
/// ```
///
/// # Source
/// Kubernetes `kubectl rollout restart`; AWS FIS reboot-instances.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DoRestartSettings")]
pub struct RestartSettings {}
