//! Levels of severity: what makes an incident so severe, and how soon somebody has to answer.

use crate::expression::{Condition, Resolved, Tree};
use crate::names::Names;
use crate::problem::Problems;
use crate::units::SimDuration;
use serde::{Deserialize, Serialize};

/// How soon somebody has to answer, of severities 1 to 5 [s].
pub const DEFAULT_RESPONSE_S: [u64; 5] = [3_600, 900, 300, 60, 30];

/// What makes an incident so severe, and how soon somebody has to answer.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LevelSettings {
    /// The condition under which an incident is at least so severe; default as its alerts say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<Condition>,
    /// How soon somebody has to acknowledge before the next person is called; default by severity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub respond_within: Option<SimDuration>,
}

/// A level, as meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Level {
    /// The condition under which an incident is at least so severe.
    pub when: Option<Tree<Resolved>>,
    /// How soon somebody has to acknowledge before the next person is called [ns].
    pub respond_ns: u64,
}

impl LevelSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.respond_within.is_some_and(SimDuration::is_zero) {
            problems.error("respond_within", "nobody answers at once").hint =
                Some("write a duration such as 5m".into());
        }
    }

    /// The level with ids; `place` is its severity less 1.
    pub(super) fn compile(&self, place: usize, names: &Names, problems: &mut Problems) -> Level {
        let when = self.when.as_ref().and_then(|when| problems.at("when", |p| when.compile(names, p)));
        let default = SimDuration::from_ns(DEFAULT_RESPONSE_S[place] * SimDuration::SECOND.ns());
        Level { when, respond_ns: self.respond_within.unwrap_or(default).ns() }
    }
}
