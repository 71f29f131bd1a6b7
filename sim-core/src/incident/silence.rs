//! Silences: one alert is silent for a while.

use crate::control::Alert;
use crate::problem::Problems;
use crate::units::SimDuration;
use serde::{Deserialize, Serialize};

/// When one alert is silent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SilenceSettings {
    /// The alert.
    pub alert: String,
    /// Begin, from time 0.
    pub at: SimDuration,
    /// How long.
    #[serde(rename = "for")]
    pub length: SimDuration,
}

/// A silence, as meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {
    /// The alert, by its place.
    pub alert: usize,
    /// Begin, from time 0 [ns].
    pub from_ns: i64,
    /// End [ns].
    pub to_ns: i64,
}

impl SilenceSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.length.is_zero() {
            problems.error("for", "a silence of no time silences nothing").hint =
                Some("write a duration such as 20m".into());
        }
    }

    pub(super) fn compile(&self, alerts: &[Alert], problems: &mut Problems) -> Option<Silence> {
        let Some(alert) = alerts.iter().position(|alert| alert.name == self.alert) else {
            problems.unknown("alert", "alert", &self.alert, alerts.iter().map(|alert| alert.name.as_str()));
            return None;
        };
        let from_ns = self.at.ns() as i64;
        Some(Silence { alert, from_ns, to_ns: from_ns.saturating_add(self.length.ns() as i64) })
    }
}
