//! An action of an experiment: a fault or a deed, at a time from its begin.

use crate::deed::{self, Deed, DoSettings};
use crate::dist::Distribution;
use crate::faults::{Fault, FaultSettings, InjectSettings, Schedule, Surroundings, TargetSettings};
use crate::problem::Problems;
use crate::topology::Run;
use crate::units::{Count, SimDuration};
use serde::{Deserialize, Serialize};

/// A fault (`inject`) or something that is done (`do`), at a time from the begin of the experiment.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ActionSettings {
    /// A fault: what it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inject: Option<InjectSettings>,
    /// Or something that is done.
    #[serde(rename = "do", skip_serializing_if = "Option::is_none")]
    pub what: Option<DoSettings>,
    /// Where it strikes, or is done.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub target: Option<TargetSettings>,
    /// Start, from the begin of the experiment; default 0s.
    pub at: SimDuration,
    /// Length of a fault; default until the experiment ends. With it all its faults end.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub length: Option<SimDuration>,
    /// How long a fault takes to grow in, linearly, of its length; default 0s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ramp: Option<SimDuration>,
    /// From one begin of a fault to the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<SimDuration>,
    /// How often a fault comes in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<Count>,
    /// How long a deed takes until it is done and has its effect; a duration or a distribution of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub takes: Option<Distribution>,
}

/// What an action is, as meant.
pub(super) enum Meant {
    /// A fault, with its times from time 0.
    Fault(Box<Fault>),
    /// A deed, so long after the begin [ns].
    Deed(u64, Box<Deed>),
}

/// When an experiment is.
#[derive(Debug, Clone, Copy)]
pub(super) struct When {
    /// Begin, from time 0.
    pub at: SimDuration,
    /// How long the experiment lasts.
    pub length: SimDuration,
}

impl ActionSettings {
    /// Whether it is a fault.
    pub fn is_fault(&self) -> bool {
        self.inject.is_some()
    }

    /// Problems of the settings by themselves.
    pub(super) fn validate(&self, when: When, problems: &mut Problems) {
        match (&self.inject, &self.what) {
            (Some(_), Some(_)) => {
                problems.error("do", "an action is a fault or something that is done, not both").hint =
                    Some("make two actions of it".into());
            }
            (None, None) => {
                problems.error("", "nothing says what this action does").hint =
                    Some("write inject: crash, or do: restart".into());
            }
            (Some(_), None) => self.validate_fault(when, problems),
            (None, Some(what)) => self.validate_deed(what, when, problems),
        }
        if self.at >= when.length && !when.length.is_zero() {
            let problem = problems.error("at", "the action begins after the experiment has ended");
            problem.label = Some(format!("the experiment lasts {}", when.length));
            problem.hint = Some("times of actions are from the begin of the experiment".into());
        }
    }

    fn validate_fault(&self, when: When, problems: &mut Problems) {
        if self.takes.is_some() {
            problems.error("takes", "a fault is there at once").hint = Some("say how long it lasts: for".into());
        }
        match self.fault() {
            Some(fault) => fault.validate(problems),
            None => {
                problems.error("", "nothing says where the fault strikes").hint =
                    Some("write where: {service: NAME}, {from: A, to: B} or {link: NAME}".into());
            }
        }
        let end = self.length.map(|length| self.at.ns().saturating_add(length.ns()));
        if self.every.is_none() && self.at < when.length && end.is_some_and(|end| end > when.length.ns()) {
            problems.warning("for", "the fault ends with the experiment, and so before its time").label =
                Some(format!("the experiment lasts {}", when.length));
        }
    }

    fn validate_deed(&self, what: &DoSettings, when: When, problems: &mut Problems) {
        for (key, given) in [
            ("for", self.length.is_some()),
            ("ramp", self.ramp.is_some()),
            ("every", self.every.is_some()),
            ("times", self.times.is_some()),
        ] {
            if given {
                problems.error(key, format!("`{key}` goes with a fault, and this is done once")).hint =
                    Some("say how long it takes to be done: takes".into());
            }
        }
        deed::validate(what, self.target.as_ref(), self.takes.as_ref(), problems);
        let takes = self.takes.as_ref().and_then(|takes| takes.build().is_constant());
        if self.at < when.length && takes.is_some_and(|takes| self.at.ns().saturating_add(takes) >= when.length.ns()) {
            problems.warning("takes", "the experiment ends before this is done, and so it never is").label =
                Some(format!("the experiment lasts {}", when.length));
        }
    }

    fn fault(&self) -> Option<FaultSettings> {
        Some(FaultSettings {
            inject: self.inject.clone()?,
            target: self.target.clone()?,
            at: Some(self.at),
            length: self.length,
            every: self.every,
            times: self.times,
            random: None,
            ramp: self.ramp,
            frequency: None,
        })
    }

    /// The action with ids; `name` is that of its fault, or what its draws are named by.
    pub(super) fn compile(
        &self,
        name: &str,
        when: When,
        around: deed::Around<'_>,
        problems: &mut Problems,
    ) -> Option<Meant> {
        if let Some(what) = &self.what {
            let takes = self.takes.clone();
            let deed = deed::compile(what, self.target.as_ref(), takes, name, around, problems)?;
            return Some(Meant::Deed(self.at.ns(), Box::new(deed)));
        }
        let deed::Around { names, topology, .. } = around;
        let around = Surroundings { names, services: &topology.services, zones: &topology.zones };
        // Its times are not those of the run, and were looked at.
        let run = Run { duration: SimDuration::from_ns(u64::MAX), ..topology.run.clone() };
        let mut fault = self.fault()?.compile(name, around, &run, problems)?;
        if let Schedule::Fixed { at_ns, for_ns, .. } = &mut fault.schedule {
            let left_ns = when.length.ns().saturating_sub(self.at.ns());
            *for_ns = Some(for_ns.unwrap_or(left_ns).min(left_ns));
            *at_ns = at_ns.saturating_add_unsigned(when.at.ns());
        }
        Some(Meant::Fault(Box::new(fault)))
    }
}
