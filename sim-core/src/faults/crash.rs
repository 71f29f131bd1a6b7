//! A crash: instances are gone until the fault is over.

use serde::{Deserialize, Serialize};

/// Instances stop at once, and start again when the fault is over.
///
/// # What it models
/// All work on the instance ends. Callers see a reset at once, or silence until their own timeout. When its time is over the instance
/// starts again, which takes its `start_up`. Where a whole zone or region is struck, callers see silence unless you say otherwise.
///
/// # When to use it
/// For instance failures, zone outages and kills.
///
/// # Knobs
/// - `callers_see`: `reset` or `silence`, default reset, for a zone or region silence
///
/// # Example
/// ```yaml
/// faults:
///   zone-dark: {inject: {crash: {callers_see: silence}}, where: {zone: eu-b}, at: 10m, for: 15m, frequency: 1/year}
/// ```
///
/// # Source
/// Chaos Mesh `PodChaos` pod-kill; AWS FIS stop-instances.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CrashSettings {
    /// What callers of a crashed instance see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callers_see: Option<CallersSee>,
}

/// What callers of a crashed instance see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallersSee {
    /// The connection is refused or broken off at once: unreachable.
    Reset,
    /// Nothing, until they stop waiting.
    Silence,
}

impl CrashSettings {
    /// What callers see: as written, or silence where a whole `place` (zone or region) is struck, else a reset.
    pub(super) fn seen(&self, place: bool) -> CallersSee {
        self.callers_see.unwrap_or(if place { CallersSee::Silence } else { CallersSee::Reset })
    }
}
