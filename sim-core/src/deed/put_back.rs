//! The end of an isolation: callers pick instances again.

use crate::problem::Problems;
use crate::units::{Probability, SimDuration};
use serde::{Deserialize, Serialize};

/// Callers pick isolated instances again.
///
/// # What it models
/// The end of a quarantine. When `takes` is over, callers know of the selected instances as of all others. Those that were not isolated are left
/// alone, and those that are down get requests when they are back.
///
/// With `steps` they get a part first: for `every` each, a call that would be sent to one of them is sent to another instance instead but
/// for such a share. Where there is no other, they get all. An isolation ends the steps.
///
/// # When to use it
/// As the last step of a runbook that began with `isolate`.
///
/// # Knobs
/// - `steps`: shares of what they would get, one after the other, percentages, default all at once
/// - `every`: how long each step lasts, duration, default 1m
///
/// # Example
/// ```yaml
/// actions: [{do: {return: {steps: [10%, 50%], every: 2m}}, where: {found_by: slow-fsync}, takes: 10s}]
/// ```
///
/// # Source
/// AWS Auto Scaling `exit-standby`; weights of target groups.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "DoReturnSettings")]
pub struct ReturnSettings {
    /// Shares of what they would get, one after the other; default all at once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Probability>,
    /// How long each step lasts; default 1m.
    pub every: SimDuration,
}

impl Default for ReturnSettings {
    fn default() -> Self {
        Self { steps: Vec::new(), every: SimDuration::from_ns(60_000_000_000) }
    }
}

impl ReturnSettings {
    /// Problems of the settings by themselves.
    pub(super) fn validate(&self, problems: &mut Problems) {
        if !self.steps.is_empty() && self.every.is_zero() {
            problems.error("every", "steps of no time are none").hint = Some("write every: 1m".into());
        }
    }
}
