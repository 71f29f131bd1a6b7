//! Throwing switches.

use crate::names::Names;
use crate::problem::Problems;
use crate::switch::{Scope, Switch};
use serde::{Deserialize, Serialize};

/// Switches are thrown.
///
/// # What it models
/// Somebody throws a switch of `control.switches`, or all of a scope. A person throws only what he `may`. A switch that does not work (`fails`) keeps
/// none of the others back. Who throws what, and why, stands in the journal; what reverts does too.
///
/// # When to use it
/// As an action of a runbook; with `all` as an emergency stop.
///
/// # Knobs
/// - `switch`: one switch, name
/// - `all`: every switch of this scope: service, feature, region, control or global; one of the two is required
/// - `reason`: why, text
///
/// # Example
/// ```yaml
/// actions: [{do: {throw: {switch: old-prices, reason: wrong prices}}, takes: 30s}]
/// ```
///
/// # Source
/// Hodgson, Feature Toggles, 2017.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ThrowSettings {
    /// One switch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub switch: Option<String>,
    /// Every switch of this scope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<Scope>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Switches that are thrown, as meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Throw {
    /// Their places.
    pub switches: Vec<usize>,
    /// Why.
    pub reason: Option<String>,
}

impl ThrowSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.switch.is_some() == self.all.is_some() {
            problems.error("", "one switch is thrown, or all of a scope").hint =
                Some("write switch: NAME, or all: service".into());
        }
    }

    /// The switches with their places; in the order of the file.
    pub(super) fn compile(&self, names: &Names, all: &[Switch], problems: &mut Problems) -> Option<Throw> {
        let switches = match (&self.switch, self.all) {
            (Some(name), _) => vec![names.switch("switch", name, problems)?],
            (None, Some(scope)) => {
                let fits = |place: &usize| all[*place].scope == scope;
                let all: Vec<usize> = (0..all.len()).filter(fits).collect();
                if all.is_empty() {
                    problems.error("all", "no switch has this scope").hint = Some("name one: switch: NAME".into());
                    return None;
                }
                all
            }
            (None, None) => return None,
        };
        Some(Throw { switches, reason: self.reason.clone() })
    }
}
