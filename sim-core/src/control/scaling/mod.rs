//! Scalers: how many instances a service should have, from what telemetry delivers.
//!
//! A policy says how many it wants; bounds and cool-downs are common to all and applied here. Up is blocked until `cooldown.up` has
//! passed since the last step up, down until `cooldown.down` has passed since the last step in either direction. A reading without
//! data changes nothing.

mod queue_depth;
mod scheduled;
mod situation;
mod step;
mod target;

pub use queue_depth::QueueDepthSettings;
pub use scheduled::{ScheduledEntry, ScheduledSettings};
pub use situation::Situation;
pub use step::{StepBand, StepSettings};
pub use target::{MetricTargets, Penalty, TargetSettings};

use crate::expression::Resolved;
use crate::ids::ServiceId;
use crate::kind::Kind;
use crate::names::Names;
use crate::problem::Problems;
use crate::results::{Looks, Steps};
use crate::units::{Count, SimDuration};
use serde::{Deserialize, Serialize};

/// How a scaler decides, as written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "a file has few scalers")]
pub enum PolicySettings {
    /// So many instances for so many waiting messages.
    QueueDepth(QueueDepthSettings),
    /// Hold metrics at a target.
    Target(TargetSettings),
    /// Change by steps where a metric is beyond bounds.
    Step(StepSettings),
    /// By the clock.
    Scheduled(ScheduledSettings),
}

/// The scaling policies.
pub const ALL: &[Kind] = &[
    Kind { family: "use", name: "queue_depth", schema: || schemars::schema_for!(QueueDepthSettings) },
    Kind { family: "use", name: "target", schema: || schemars::schema_for!(TargetSettings) },
    Kind { family: "use", name: "step", schema: || schemars::schema_for!(StepSettings) },
    Kind { family: "use", name: "scheduled", schema: || schemars::schema_for!(ScheduledSettings) },
];

/// A scaler: what it moves, how it decides, how often, and between which bounds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScalerSettings {
    /// The service that it moves.
    pub of: String,
    /// How it decides.
    #[serde(rename = "use")]
    pub policy: PolicySettings,
    /// The telemetry pipeline that it sees; default the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reads: Option<String>,
    /// Between two decisions.
    #[serde(default = "often")]
    pub every: SimDuration,
    /// Never fewer instances.
    #[serde(default = "one")]
    pub min: Count,
    /// Never more instances.
    #[serde(default = "hundred")]
    pub max: Count,
    /// How long it waits after a change.
    #[serde(default)]
    pub cooldown: CooldownSettings,
}

/// How long a scaler waits after a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CooldownSettings {
    /// From a step up to the next step up.
    pub up: SimDuration,
    /// From any step to the next step down.
    pub down: SimDuration,
}

fn often() -> SimDuration {
    SimDuration::from_ns(15 * SimDuration::SECOND.ns())
}

fn one() -> Count {
    Count::new(1)
}

fn hundred() -> Count {
    Count::new(100)
}

/// How a scaler decides, as meant.
#[derive(Debug, Clone, PartialEq)]
pub enum Policy {
    /// By the depth of a queue.
    QueueDepth(queue_depth::QueueDepth),
    /// By targets of metrics.
    Target(target::TargetTracking),
    /// By steps.
    Step(step::Step),
    /// By the clock.
    Scheduled(ScheduledSettings),
}

/// A scaler, as meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Scaler {
    /// As the user wrote it.
    pub name: String,
    /// The service that it moves.
    pub of: ServiceId,
    /// How it decides.
    pub policy: Policy,
    /// The telemetry pipeline that it sees, by its place.
    pub pipeline: usize,
    /// Between two decisions [ns].
    pub every_ns: u64,
    /// Never fewer instances.
    pub min: u32,
    /// Never more instances.
    pub max: u32,
    /// From a step up to the next step up [ns].
    pub cooldown_up_ns: u64,
    /// From any step to the next step down [ns].
    pub cooldown_down_ns: u64,
}

/// What a scaler remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ScalerState {
    last_up_ns: Option<u64>,
    last_change_ns: Option<u64>,
    /// How often it looked, and found nothing to read.
    pub looks: Looks,
    /// How often it changed the number of instances since time 0.
    pub steps: Steps,
    /// Whether its last step since time 0 was up; `None` before the first.
    last_was_up: Option<bool>,
}

impl ScalerState {
    fn count(&mut self, is_up: bool) {
        let sum = if is_up { &mut self.steps.up } else { &mut self.steps.down };
        *sum += 1;
        self.steps.turns += u64::from(self.last_was_up.is_some_and(|was_up| was_up != is_up));
        self.last_was_up = Some(is_up);
    }
}

impl ScalerSettings {
    /// Problems of the settings by themselves.
    pub fn validate(&self, problems: &mut Problems) {
        if self.every.is_zero() {
            problems.error("every", "a scaler that decides without pause never gets on").hint =
                Some("write a period such as 15s".into());
        }
        if self.max.get() == 0 {
            problems.error("max", "with at most 0 instances nothing is served");
        } else if self.min > self.max {
            problems.error("min", format!("min {} is above max {}", self.min, self.max));
        }
        problems.at("use", |p| match &self.policy {
            PolicySettings::QueueDepth(s) => p.at("queue_depth", |p| s.validate(p)),
            PolicySettings::Target(s) => p.at("target", |p| s.validate(p)),
            PolicySettings::Step(s) => p.at("step", |p| s.validate(p)),
            PolicySettings::Scheduled(s) => p.at("scheduled", |p| s.validate(p)),
        });
    }

    /// The scaler with ids.
    pub fn compile(&self, name: &str, names: &Names, problems: &mut Problems) -> Option<Scaler> {
        let of = names.with_instances("of", &self.of, problems);
        let pipeline = match &self.reads {
            None => Some(0),
            Some(name) => names.pipeline("reads", name, problems),
        };
        let policy = problems.at("use", |p| match &self.policy {
            PolicySettings::QueueDepth(s) => p.at("queue_depth", |p| s.compile(names, p)).map(Policy::QueueDepth),
            PolicySettings::Target(s) => p.at("target", |p| s.compile(names, p, of)).map(Policy::Target),
            PolicySettings::Step(s) => p.at("step", |p| s.compile(names, p)).map(Policy::Step),
            PolicySettings::Scheduled(s) => Some(Policy::Scheduled(s.clone())),
        });
        Some(Scaler {
            name: name.to_owned(),
            of: of?,
            policy: policy?,
            pipeline: pipeline?,
            every_ns: self.every.ns(),
            min: self.min.get_u32(),
            max: self.max.get_u32(),
            cooldown_up_ns: self.cooldown.up.ns(),
            cooldown_down_ns: self.cooldown.down.ns(),
        })
    }
}

impl Scaler {
    /// How many instances there should be now.
    pub fn decide(&self, state: &mut ScalerState, mut situation: Situation<'_>) -> u32 {
        let (now_ns, current) = (situation.now_ns, situation.current);
        let wanted = match &self.policy {
            Policy::QueueDepth(policy) => policy.wanted(&mut situation),
            Policy::Target(policy) => policy.wanted(&mut situation),
            Policy::Step(policy) => policy.wanted(&mut situation),
            Policy::Scheduled(policy) => policy.wanted(situation.from_zero_ns),
        };
        state.looks.all += 1;
        if wanted.is_none() && self.metrics().into_iter().any(|metric| (situation.read)(metric).is_none()) {
            state.looks.without_data += 1;
        }
        let wanted = wanted.unwrap_or(current).clamp(self.min, self.max);
        let over = |last: Option<u64>, cooldown_ns: u64| last.is_none_or(|last| now_ns - last >= cooldown_ns);
        let allowed = match wanted.cmp(&current) {
            std::cmp::Ordering::Equal => return current,
            std::cmp::Ordering::Greater => over(state.last_up_ns, self.cooldown_up_ns),
            std::cmp::Ordering::Less => over(state.last_change_ns, self.cooldown_down_ns),
        };
        if !allowed {
            return current;
        }
        state.last_change_ns = Some(now_ns);
        if wanted > current {
            state.last_up_ns = Some(now_ns);
        }
        // Steps of the warm-up are cut, as all counts of a run are.
        if situation.from_zero_ns >= 0 {
            state.count(wanted > current);
        }
        wanted
    }

    /// The metrics that it reads.
    pub fn metrics(&self) -> Vec<&Resolved> {
        match &self.policy {
            Policy::QueueDepth(policy) => vec![&policy.depth],
            Policy::Target(policy) => policy.metrics(),
            Policy::Step(policy) => policy.metric.metrics(),
            Policy::Scheduled(_) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression::Metric;

    /// A scaler of service 0 that reads one value.
    pub(super) fn scaler(json: serde_json::Value) -> Scaler {
        let mut names = Names::default();
        names.services.insert("api".into(), ServiceId(0));
        names.services.insert("jobs".into(), ServiceId(1));
        names.endpoints.insert("api.get".into(), crate::ids::EndpointId(0));
        let settings: ScalerSettings = serde_json::from_value(json).unwrap();
        let mut problems = Problems::new();
        settings.validate(&mut problems);
        let scaler = settings.compile("s", &names, &mut problems);
        let problems = problems.into_vec();
        assert!(problems.is_empty(), "{problems:?}");
        scaler.unwrap()
    }

    /// Decides once at a second of the run.
    pub(super) fn decide(
        scaler: &Scaler,
        state: &mut ScalerState,
        second: u64,
        current: u32,
        read: &mut dyn FnMut(&Resolved) -> Option<f64>,
    ) -> u32 {
        let now_ns = second * 1_000_000_000;
        scaler.decide(state, Situation { now_ns, from_zero_ns: now_ns as i64, current, running: current, read })
    }

    #[test]
    fn cooldowns_hold_each_direction() {
        let scaler = scaler(serde_json::json!({
            "of": "api", "use": {"target": {"metrics": {"cpu(api)": "70%"}}}, "cooldown": {"up": "300s", "down": "600s"}
        }));
        let mut state = ScalerState::default();
        let mut check = |second: u64, current: u32, cpu: f64, expect: u32| {
            let mut read = |m: &Resolved| Some(if m.metric == Metric::Cpu { cpu } else { f64::from(current) });
            assert_eq!(decide(&scaler, &mut state, second, current, &mut read), expect, "at {second} s");
        };
        check(0, 10, 0.9, 13);
        check(299, 13, 0.9, 13);
        check(300, 13, 0.9, 17);
        check(899, 17, 0.1, 17);
        check(900, 17, 0.1, 3);
        assert_eq!(state.steps, Steps { up: 2, down: 1, turns: 1 });
    }

    #[test]
    fn no_data_changes_nothing() {
        let scaler = scaler(serde_json::json!({"of": "api", "use": {"target": {"metrics": {"cpu(api)": "70%"}}}}));
        let mut state = ScalerState::default();
        assert_eq!(decide(&scaler, &mut state, 0, 7, &mut |_| None), 7);
        assert_eq!(state.looks, Looks { all: 1, without_data: 1 });
        decide(&scaler, &mut state, 15, 7, &mut |_| Some(0.7));
        assert_eq!(state.looks, Looks { all: 2, without_data: 1 });
    }
}
