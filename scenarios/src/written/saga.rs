//! The section `sagas`: work in several steps at several services, which is undone when a step fails.

use super::call::CallKeys;
use serde::{Deserialize, Serialize};
use sim_core::call::retry::{Backoff, ExponentialSettings, Jitter, RetrySettings};
use sim_core::dist::Distribution;
use sim_core::message::saga::{CompensationFailedSettings, CoordinationSettings};
use sim_core::problem::Problems;
use sim_core::units::{Count, SimDuration};
use std::collections::BTreeSet;

/// A saga: steps that are taken one after the other, and undone in reverse order when one fails. The step `- saga: NAME` begins it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SagaSettings {
    /// Who sees to it that steps are taken or undone.
    pub coordination: CoordinationSettings,
    /// The settings of the calls of all steps.
    #[serde(default)]
    pub each: SagaCallSettings,
    /// The steps, in order.
    pub steps: Vec<SagaStepSettings>,
    /// What becomes of a saga whose compensation has failed; default it stays as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compensation_failed: Option<CompensationFailedSettings>,
}

/// Settings of the calls of a saga.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SagaCallSettings {
    /// The policy by which all of them go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// How long one attempt may take; default 30s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Distribution>,
    /// When and how often to try again; default three times, 2, 4 and 8 s after a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetrySettings>,
}

/// A step of a saga.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SagaStepSettings {
    /// What it is called.
    pub name: super::named::Name,
    /// The endpoint that takes it, as `service.endpoint`.
    pub action: String,
    /// The endpoint that undoes it, as `service.endpoint`; none of a step that needs no undoing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compensation: Option<String>,
}

impl SagaCallSettings {
    /// Where attempts are deliveries, they have a visibility timeout, and nothing between a caller and a callee.
    fn validate_events(&self, problems: &mut Problems) {
        if self.policy.is_some() {
            problems.error("policy", "nobody calls: a participant takes its events from a topic").hint =
                Some("write timeout and retry here, and leave policy out".into());
        }
        if self.timeout.as_ref().is_some_and(|timeout| timeout.build().is_constant().is_none()) {
            problems.error("timeout", "the visibility timeout of an event is a constant").hint =
                Some("write a duration such as 30s".into());
        }
        let Some(retry) = &self.retry else { return };
        if retry.budget.is_some() {
            problems.error("retry.budget", "a topic hands an event over again whatever else fails").hint =
                Some("leave budget out".into());
        }
        if retry.outcomes != RetrySettings::default().outcomes {
            problems.error("retry.outcomes", "a topic hands an event over again whatever the failure was").hint =
                Some("leave outcomes out".into());
        }
        if retry.attempts() > 250 {
            problems.error("retry.max_attempts", "more than 250 deliveries of one event").hint =
                Some("write max_attempts: 4".into());
        }
    }

    /// The keys that all calls have in common.
    pub fn call_keys(&self) -> CallKeys<'_> {
        CallKeys { timeout: self.timeout.as_ref(), retry: self.retry.as_ref(), ..CallKeys::default() }
    }

    /// The timeout where none is written.
    pub fn usual_timeout() -> Distribution {
        Distribution::constant(SimDuration::from_ns(30_000_000_000))
    }

    /// The retries where none are written: three, 2^attempt seconds after each failure.
    pub fn usual_retry() -> RetrySettings {
        let base = SimDuration::from_ns(2_000_000_000);
        let backoff = ExponentialSettings { base, jitter: Jitter::None, ..ExponentialSettings::default() };
        RetrySettings {
            max_attempts: Count::new(4),
            backoff: Backoff::Exponential(backoff),
            ..RetrySettings::default()
        }
    }
}

impl SagaSettings {
    /// Problems of the settings, but for those of calls.
    pub fn validate(&self, problems: &mut Problems) {
        problems.at("coordination", |p| self.coordination.validate(p));
        if self.steps.is_empty() {
            problems.error("steps", "a saga without steps does nothing").hint =
                Some("write steps, such as {name: pay, action: payment.charge, compensation: payment.refund}".into());
        }
        if self.steps.len() > MOST_STEPS {
            problems.error("steps", format!("a saga has at most {MOST_STEPS} steps")).hint =
                Some("begin another saga from the last step".into());
        }
        let mut seen = BTreeSet::new();
        for (index, step) in self.steps.iter().enumerate() {
            if !seen.insert(step.name.as_ref()) {
                problems
                    .error(&format!("steps.{index}.name"), format!("two steps are called \"{}\"", step.name.as_ref()));
            }
        }
        if let CoordinationSettings::Choreographed(_) = &self.coordination {
            problems.at("each", |p| self.each.validate_events(p));
        }
        if let Some(failed) = &self.compensation_failed {
            problems.at("compensation_failed", |p| failed.validate(p));
            if self.steps.iter().all(|step| step.compensation.is_none()) {
                problems.error("compensation_failed", "no step has a compensation that could fail").hint =
                    Some("write compensation: service.endpoint at the steps that can be undone".into());
            }
        }
    }
}

/// Steps of one saga.
const MOST_STEPS: usize = 1_000;
