//! Runbooks: what is done when an alert fires, step by step, by a person or by automation.
//!
//! Settings and what they mean; the world (`world/control/runbooks.rs`) follows them, and keeps a journal.

mod person;

pub use person::{ErrsSettings, GetsSettings, OfficeHours, Person, PersonSettings};

use crate::control::Alert;
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
///   - `incident`: an incident of `severity` or above, a number from 1 to 5; once for each incident
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert: Option<String>,
    /// An incident that is severe enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<IncidentTriggerSettings>,
}

/// An incident that begins a runbook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IncidentTriggerSettings {
    /// The least severity, from 1 to 5.
    pub severity: u8,
}

/// What begins a runbook, as meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// This alert begins to fire; its place.
    Alert(usize),
    /// An incident has at least this severity.
    Incident(u8),
}

/// A runbook, as meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Runbook {
    /// As the user wrote it.
    pub name: String,
    /// What begins it.
    pub trigger: Trigger,
    /// Who does it, by its place among the people; `None` is automation.
    pub by: Option<usize>,
    /// What is done, one after the other.
    pub actions: Vec<Deed>,
}

impl Runbook {
    /// The alert that begins it, by its place; `None` where an incident does.
    pub fn alert(&self) -> Option<usize> {
        match self.trigger {
            Trigger::Alert(alert) => Some(alert),
            Trigger::Incident(_) => None,
        }
    }

    /// The pipeline of telemetry by which what it does is looked at: that of its alert, or the first.
    pub fn pipeline(&self, alerts: &[Alert]) -> usize {
        self.alert().map_or(0, |alert| alerts[alert].pipeline)
    }

    /// The least severity of an incident that begins it; `None` where an alert does.
    pub fn begins_at(&self) -> Option<u8> {
        match self.trigger {
            Trigger::Alert(_) => None,
            Trigger::Incident(severity) => Some(severity),
        }
    }

    /// Services that it scales, and to how many instances. `of_scaler` is the service of a scaler, by its place.
    pub fn scales(&self, of_scaler: impl Fn(usize) -> ServiceId) -> Vec<(ServiceId, u32)> {
        deed::scales(&self.actions, of_scaler)
    }
}

impl TriggerSettings {
    fn compile(&self, alerts: &[Alert], problems: &mut Problems) -> Option<Trigger> {
        if let Some(incident) = &self.incident {
            return Some(Trigger::Incident(incident.severity));
        }
        let name = self.alert.as_deref()?;
        let alert = alerts.iter().position(|alert| alert.name == name);
        if alert.is_none() {
            problems.unknown("alert", "alert", name, alerts.iter().map(|alert| alert.name.as_str()));
        }
        alert.map(Trigger::Alert)
    }
}

impl RunbookSettings {
    /// Problems of the settings by themselves.
    pub fn validate(&self, problems: &mut Problems) {
        if self.actions.is_empty() {
            problems.error("actions", "a runbook without actions does nothing").hint =
                Some("write an action, as in actions: [{do: restart, where: {service: api, count: 1}}]".into());
        }
        problems.at("trigger", |p| match (&self.trigger.alert, &self.trigger.incident) {
            (Some(_), Some(_)) | (None, None) => {
                p.error("", "an alert begins it, or an incident").hint =
                    Some("write {alert: NAME}, or {incident: {severity: 3}}".into());
            }
            (_, Some(incident)) if !(1..=5).contains(&incident.severity) => {
                p.error("incident.severity", format!("severity {} does not exist", incident.severity)).label =
                    Some("from 1 to 5, 5 is worst".into());
            }
            _ => {}
        });
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
        people: (&[Person], &BTreeMap<&str, usize>),
        around: deed::Around<'_>,
        problems: &mut Problems,
    ) -> Option<Runbook> {
        let trigger = problems.at("trigger", |p| self.trigger.compile(around.alerts, p));
        let by = self.by.as_deref().map(|person| {
            let found = people.1.get(person).copied();
            if found.is_none() {
                problems.unknown("by", "person", person, people.1.keys().copied());
            }
            found
        });
        let actions = self.actions.iter().enumerate();
        let actions: Vec<Option<Deed>> = problems.at("actions", |p| {
            actions.map(|(at, deed)| p.at(at, |p| deed.compile(&format!("{name}.{at}"), around, p))).collect()
        });
        let actions: Option<Vec<Deed>> = actions.into_iter().collect();
        if let (Some(actions), Some(Some(by))) = (&actions, by) {
            may_throw(actions, people.0.get(by), around, problems);
        }
        Some(Runbook {
            name: name.to_owned(),
            trigger: trigger?,
            by: by.map_or(Some(None), |by| by.map(Some))?,
            actions: actions?,
        })
    }
}

/// A person throws only the switches that he may; a problem at the action for each other.
fn may_throw(actions: &[Deed], person: Option<&Person>, around: deed::Around<'_>, problems: &mut Problems) {
    let Some(person) = person else { return };
    for (place, action) in actions.iter().enumerate() {
        let deed::DeedEffect::Throw(throw) = &action.effect else { continue };
        for switch in throw.switches.iter().filter(|switch| !person.may.contains(switch)) {
            // A switch that could not be read has its problem already.
            let Some(name) = around.switches.get(*switch).map(|switch| &switch.name) else { continue };
            problems
                .error(&format!("actions.{place}.do.throw"), format!("{} may not throw {name}", person.name))
                .hint = Some(format!("write control.people.{}.may: [{name}]", person.name));
        }
    }
}
