//! Looking for what is wrong.

use serde::{Deserialize, Serialize};

/// Somebody looks for what is wrong.
///
/// # What it models
/// Time that passes before anything is done: dashboards, logs, a call to those who have deployed last. It has no effect.
///
/// # When to use it
/// As the first action of a runbook, for the time that it takes to find the cause.
///
/// # Knobs
/// - none; `takes` says how long
///
/// # Example
/// ```yaml
/// actions: [{do: look, takes: {lognormal: {p50: 12m, p95: 60m}}}]
/// ```
///
/// # Source
/// Beyer et al., Site Reliability Engineering, chapter 12 (effective troubleshooting).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LookSettings {}
