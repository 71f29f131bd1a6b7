//! People: who is called when an alert fires, and how late they react.

use crate::dist::Distribution;
use crate::problem::Problems;
use serde::{Deserialize, Serialize};

/// A person who is called.
///
/// # What it models
/// Somebody on call. From the alert until the first action is begun the reaction takes its time: to hear the pager, to log in, to find the runbook. A
/// person does one thing at a time: a second runbook waits until the first is done, and is then begun at once.
///
/// # When to use it
/// To ask what it costs that people react in minutes and automation in seconds.
///
/// # Knobs
/// - `reacts_after`: from the alert to the begin of the first action, duration or distribution, default 0s
///
/// # Example
/// ```yaml
/// control:
///   people:
///     on-call: {reacts_after: {lognormal: {p50: 4m, p95: 15m}}}
/// ```
///
/// # Source
/// Beyer et al., Site Reliability Engineering, chapter 11: response times of minutes for what users see.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PersonSettings {
    /// From the alert to the begin of the first action.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reacts_after: Option<Distribution>,
}

/// A person, as meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// As the user wrote it.
    pub name: String,
    /// From the alert to the begin of the first action; `None` is at once.
    pub reacts_after: Option<Distribution>,
}

impl PersonSettings {
    /// Problems of the settings by themselves.
    pub fn validate(&self, problems: &mut Problems) {
        if let Some(reacts_after) = &self.reacts_after {
            problems.at("reacts_after", |p| reacts_after.validate(p));
        }
    }

    /// The person as meant.
    pub fn compile(&self, name: &str) -> Person {
        Person { name: name.to_owned(), reacts_after: self.reacts_after.clone() }
    }
}
