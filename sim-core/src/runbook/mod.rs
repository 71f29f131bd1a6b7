//! Runbooks: what is done when an alert fires, step by step, by a person or by automation.
//!
//! Settings and what they mean; the world (`world/control/runbooks.rs`) follows them, and keeps a journal.

mod person;

pub use person::{Person, PersonSettings};

use crate::deed::{self, Deed, DeedSettings};
use crate::ids::ServiceId;
use crate::kind::Kind;
use crate::problem::Problems;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Who acts, and how.
pub const ALL: &[Kind] = &[
    Kind { family: "control", name: "people", schema: || schemars::schema_for!(PersonSettings) },
    Kind { family: "control", name: "runbooks", schema: || schemars::schema_for!(RunbookSettings) },
];

/// What is done when an alert fires.
///
/// # What it models
/// A procedure. When its alert begins to fire, its actions are done one after the other: each has its effect when its `takes` is over, and then the
/// next begins. With `by` a person does it, who reacts late and does one thing at a time; without it is automation, which begins at
/// once. What was begun is done to the end, whether the alert still fires or not. While it goes on, the same alert begins it no second time; when
/// it is over, the next time that the alert begins to fire begins it again. What it sets stays set.
///
/// Two actions of a runbook with the same `where` are done to the same instances, also where these are drawn; the next time others are drawn.
/// `where: {found_by: ALERT}` is what that alert accused as it began the runbook, or, of another alert, as it last began to fire.
/// `time_to_respond(FAULT)` is the time from the first alert that finds a fault to the first action that is begun because of such an alert.
///
/// # When to use it
/// To ask which action mends a fault best, and what a minute of reaction is worth: compare variants of its actions.
///
/// # Knobs
/// - `trigger`: what begins it; required
///   - `alert`: an alert, name
/// - `by`: who does it, the name of one of `people`, default automation
/// - `actions`: what is done (`do`, with `where` and `takes`), in this order; at least one
///
/// # Example
/// ```yaml
/// control:
///   runbooks:
///     bring-back:
///       trigger: {alert: slow-fsync}
///       by: on-call
///       actions:
///         - {do: isolate, where: {found_by: slow-fsync}, takes: 10s}
///         - {do: replace, where: {found_by: slow-fsync}, takes: 10m}
///         - {do: return, where: {found_by: slow-fsync}, takes: 10s}
/// ```
///
/// # Source
/// Beyer et al., Site Reliability Engineering, chapter 11 (being on-call); AWS Systems Manager Automation runbooks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunbookSettings {
    /// What begins it.
    pub trigger: TriggerSettings,
    /// Who does it; default automation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// What is done, one after the other.
    pub actions: Vec<DeedSettings>,
}

/// What begins a runbook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TriggerSettings {
    /// An alert that begins to fire.
    pub alert: String,
}

/// A runbook, as meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Runbook {
    /// As the user wrote it.
    pub name: String,
    /// The alert that begins it, by its place.
    pub alert: usize,
    /// Who does it, by its place among the people; `None` is automation.
    pub by: Option<usize>,
    /// What is done, one after the other.
    pub actions: Vec<Deed>,
}

impl Runbook {
    /// Services that it scales, and to how many instances. `of_scaler` is the service of a scaler, by its place.
    pub fn scales(&self, of_scaler: impl Fn(usize) -> ServiceId) -> Vec<(ServiceId, u32)> {
        deed::scales(&self.actions, of_scaler)
    }
}

impl RunbookSettings {
    /// Problems of the settings by themselves.
    pub fn validate(&self, problems: &mut Problems) {
        if self.actions.is_empty() {
            problems.error("actions", "a runbook without actions does nothing").hint =
                Some("write an action, as in actions: [{do: restart, where: {service: api, count: 1}}]".into());
        }
        problems.at("actions", |p| {
            for (place, deed) in self.actions.iter().enumerate() {
                p.at(place, |p| deed.validate(p));
            }
        });
    }

    /// The runbook with ids; `people` are those of the model, by their names.
    pub fn compile(
        &self,
        name: &str,
        people: &BTreeMap<&str, usize>,
        around: deed::Around<'_>,
        problems: &mut Problems,
    ) -> Option<Runbook> {
        let alert = around.alerts.iter().position(|alert| alert.name == self.trigger.alert);
        if alert.is_none() {
            let known = around.alerts.iter().map(|alert| alert.name.as_str());
            problems.at("trigger", |p| p.unknown("alert", "alert", &self.trigger.alert, known));
        }
        let by = self.by.as_deref().map(|person| {
            let found = people.get(person).copied();
            if found.is_none() {
                problems.unknown("by", "person", person, people.keys().copied());
            }
            found
        });
        let actions = self.actions.iter().enumerate();
        let actions: Vec<Option<Deed>> = problems.at("actions", |p| {
            actions.map(|(at, deed)| p.at(at, |p| deed.compile(&format!("{name}.{at}"), around, p))).collect()
        });
        let actions: Option<Vec<Deed>> = actions.into_iter().collect();
        Some(Runbook {
            name: name.to_owned(),
            alert: alert?,
            by: by.map_or(Some(None), |by| by.map(Some))?,
            actions: actions?,
        })
    }
}
