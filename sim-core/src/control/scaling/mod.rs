//! Scalers: how many instances a service should have, from what telemetry delivers.
//!
//! A policy says how many it wants; bounds and cool-downs are common to all and applied here. Up is blocked until `cooldown.up` has
//! passed since the last step up, down until `cooldown.down` has passed since the last step in either direction. A reading without
//! data changes nothing. Each look that changes nothing is counted by its reason ([`Held`]).

mod change;
mod cluster;
mod forecast;
mod hpa;
mod keda;
mod knative;
mod overruled;
mod predictive;
mod queue_depth;
mod rules;
mod scheduled;
mod situation;
mod step;
mod target;
mod vertical;

pub use change::ChangeSettings;
pub use cluster::{ClusterSettings, LONGEST_BACKOFF_NS, ShortageSettings};
pub use hpa::{HpaSettings, whole};
pub use keda::KedaSettings;
pub use knative::KnativeSettings;
pub use predictive::PredictiveSettings;
pub use queue_depth::QueueDepthSettings;
pub use rules::{RuleSettings, RulesSettings};
pub use scheduled::{ScheduledEntry, ScheduledSettings};
pub use situation::Situation;
pub use step::{StepBand, StepSettings};
pub use target::{MetricTargets, Penalty, TargetSettings};
pub use vertical::{SizeMemorySettings, SizeSettings, Vertical, VerticalSettings};

use super::{Decide, DecideSettings, Override, OverrideSettings};
use crate::expression::Resolved;
use crate::ids::ServiceId;
use crate::kind::Kind;
use crate::names::Names;
use crate::problem::Problems;
use crate::results::{Held, HeldCounts, Looks, Steps};
use crate::units::{Count, SimDuration};
use serde::{Deserialize, Serialize};
use situation::Wish;

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
    /// The horizontal pod autoscaler of Kubernetes.
    Hpa(HpaSettings),
    /// The first rule that holds.
    Rules(RulesSettings),
    /// KEDA.
    Keda(KedaSettings),
    /// The autoscaler of Knative.
    Knative(KnativeSettings),
    /// By a forecast.
    Predictive(Box<PredictiveSettings>),
    /// Nodes behind instances.
    Cluster(ClusterSettings),
    /// Larger or smaller machines.
    Vertical(VerticalSettings),
}

/// The scaling policies.
pub const ALL: &[Kind] = &[
    Kind { family: "use", name: "queue_depth", schema: || schemars::schema_for!(QueueDepthSettings) },
    Kind { family: "use", name: "target", schema: || schemars::schema_for!(TargetSettings) },
    Kind { family: "use", name: "step", schema: || schemars::schema_for!(StepSettings) },
    Kind { family: "use", name: "scheduled", schema: || schemars::schema_for!(ScheduledSettings) },
    Kind { family: "use", name: "hpa", schema: || schemars::schema_for!(HpaSettings) },
    Kind { family: "use", name: "rules", schema: || schemars::schema_for!(RulesSettings) },
    Kind { family: "use", name: "keda", schema: || schemars::schema_for!(KedaSettings) },
    Kind { family: "use", name: "knative", schema: || schemars::schema_for!(KnativeSettings) },
    Kind { family: "use", name: "predictive", schema: || schemars::schema_for!(PredictiveSettings) },
    Kind { family: "use", name: "cluster", schema: || schemars::schema_for!(ClusterSettings) },
    Kind { family: "use", name: "vertical", schema: || schemars::schema_for!(VerticalSettings) },
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
    /// Who has the last word; default the scaler.
    #[serde(default, rename = "override")]
    pub overrule: OverrideSettings,
    /// Who decides; default the scaler itself.
    #[serde(default)]
    pub decide: DecideSettings,
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
    /// As Kubernetes does.
    Hpa(hpa::Hpa),
    /// By rules.
    Rules(rules::Rules),
    /// As KEDA does.
    Keda(keda::Keda),
    /// As Knative does.
    Knative(Box<knative::Knative>),
    /// By a forecast.
    Predictive(Box<predictive::Predictive>),
    /// Nodes for instances.
    Cluster(ClusterSettings),
    /// Sizes of machines.
    Vertical(Box<vertical::Vertical>),
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
    /// Who has the last word.
    pub overrule: Override,
    /// Who decides.
    pub decide: Decide,
}

/// What a scaler moves of its service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moves {
    /// How many instances there are.
    Instances,
    /// How many nodes stand behind them.
    Nodes,
    /// Of which size their machines are.
    Sizes,
}

impl Moves {
    /// The word in results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Instances => "instances",
            Self::Nodes => "nodes",
            Self::Sizes => "sizes",
        }
    }
}

/// What a scaler remembers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ScalerState {
    last_up_ns: Option<u64>,
    last_change_ns: Option<u64>,
    /// How often it looked, and found nothing to read.
    pub looks: Looks,
    /// How often it changed the number of instances since time 0.
    pub steps: Steps,
    /// How often it looked since time 0 and changed nothing, and why.
    pub held: HeldCounts,
    /// Whether its last step since time 0 was up; `None` before the first.
    last_was_up: Option<bool>,
    /// What an autoscaler of pods remembers.
    hpa: hpa::Memory,
    /// What KEDA remembers.
    keda: keda::KedaMemory,
    /// What the autoscaler of Knative remembers.
    knative: knative::KnativeMemory,
    /// What a forecast remembers.
    predictive: predictive::PredictiveMemory,
}

/// What a scaler has decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// How many instances its metrics ask for, whatever holds it back.
    pub desired: u32,
    /// How many there are to be.
    pub to: u32,
    /// How many there would be if somebody approved it, where it waits for that.
    pub asks: Option<u32>,
}

impl ScalerState {
    /// What forecasts missed, and what they were about, from time 0 on.
    pub fn forecast_error(&self) -> (f64, f64) {
        self.predictive.error
    }

    /// It waits for who decides, or had no answer.
    pub fn waits(&mut self, from_zero_ns: i64) {
        self.looks.all += 1;
        if from_zero_ns >= 0 {
            self.held.looks += 1;
            self.held.by[Held::NoDecision as usize] += 1;
        }
    }

    fn count(&mut self, is_up: bool, by: u32) {
        self.steps.moved += u64::from(by);
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
        if matches!(self.policy, PolicySettings::Vertical(_)) {
            for (key, written) in [("min", self.min != one()), ("max", self.max != hundred())] {
                if written {
                    problems.error(key, "a vertical scaler changes no number of instances").hint =
                        Some(format!("leave {key} out: its sizes are its bounds"));
                }
            }
        }
        problems.at("decide", |p| self.decide.validate(p));
        problems.at("use", |p| match &self.policy {
            PolicySettings::QueueDepth(s) => p.at("queue_depth", |p| s.validate(p)),
            PolicySettings::Target(s) => p.at("target", |p| s.validate(p)),
            PolicySettings::Step(s) => p.at("step", |p| s.validate(p)),
            PolicySettings::Scheduled(s) => p.at("scheduled", |p| s.validate(p)),
            PolicySettings::Hpa(s) => p.at("hpa", |p| s.validate(p)),
            PolicySettings::Rules(s) => p.at("rules", |p| s.validate(p)),
            PolicySettings::Keda(s) => p.at("keda", |p| {
                s.validate(p);
                if s.idle.is_some() && self.min.get() == 0 {
                    p.error("idle", "with min: 0 there is none while nothing happens anyway").hint =
                        Some("write how many there are as soon as something does: min: 1".into());
                }
            }),
            PolicySettings::Knative(s) => p.at("knative", |p| s.validate(p)),
            PolicySettings::Predictive(s) => p.at("predictive", |p| s.validate(p)),
            PolicySettings::Cluster(s) => p.at("cluster", |p| s.validate(p)),
            PolicySettings::Vertical(s) => p.at("vertical", |p| s.validate(p)),
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
            PolicySettings::Hpa(s) => p.at("hpa", |p| s.compile(names, p, of)).map(Policy::Hpa),
            PolicySettings::Rules(s) => p.at("rules", |p| s.compile(names, p)).map(Policy::Rules),
            PolicySettings::Keda(s) => p.at("keda", |p| s.compile(names, p, of)).map(Policy::Keda),
            PolicySettings::Knative(s) => of.map(|of| Policy::Knative(Box::new(s.compile(names, of)))),
            PolicySettings::Predictive(s) => p
                .at("predictive", |p| s.compile(names, p, (of, self.every.ns())))
                .map(|policy| Policy::Predictive(Box::new(policy))),
            PolicySettings::Cluster(s) => Some(Policy::Cluster(s.clone())),
            PolicySettings::Vertical(s) => {
                p.at("vertical", |p| s.compile(names, p)).map(|policy| Policy::Vertical(Box::new(policy)))
            }
        });
        let (min, max) = match &policy {
            // The first size counts as one.
            Some(Policy::Vertical(policy)) => (1, policy.sizes.len() as u32),
            _ => (self.min.get_u32(), self.max.get_u32()),
        };
        Some(Scaler {
            name: name.to_owned(),
            of: of?,
            policy: policy?,
            pipeline: pipeline?,
            every_ns: self.every.ns(),
            min,
            max,
            cooldown_up_ns: self.cooldown.up.ns(),
            cooldown_down_ns: self.cooldown.down.ns(),
            // Who approves is known when people are.
            overrule: Override::Automatic,
            // Who is asked is known when calls are.
            decide: Decide::Local,
        })
    }
}

impl Scaler {
    /// What it wants against what there is, without anything coming of it.
    pub fn leans(&self, state: &ScalerState, mut situation: Situation<'_>) -> std::cmp::Ordering {
        let (mut state, current) = (state.clone(), situation.current);
        let wish = self.wish(&mut state, &mut situation);
        wish.to.clamp(self.least(), self.max).cmp(&current)
    }

    /// How many instances there should be now.
    pub fn decide(&self, state: &mut ScalerState, mut situation: Situation<'_>) -> Decision {
        let (now_ns, current) = (situation.now_ns, situation.current);
        let wish = self.wish(state, &mut situation);
        state.looks.all += 1;
        state.looks.without_data += u64::from(wish.held == Held::NoData);
        let (to, held) = self.runs_away(self.bounded(state, wish, &situation), &situation);
        let asks = Some(to).filter(|to| self.has_to_ask(&situation, *to));
        let (to, held) = if asks.is_some() { (current, Held::Approval) } else { (to, held) };
        if situation.from_zero_ns >= 0 {
            state.held.looks += 1;
            if to == current {
                state.held.by[held as usize] += 1;
            }
        }
        self.changes(state, (now_ns, situation.from_zero_ns), current, to);
        Decision { desired: wish.desired, to, asks }
    }

    /// What is wanted within bounds and cool-downs, and what holds it back.
    fn bounded(&self, state: &ScalerState, wish: Wish, situation: &Situation<'_>) -> (u32, Held) {
        let (now_ns, current) = (situation.now_ns, situation.current);
        let wanted = wish.to.clamp(self.least(), self.max);
        let over = |last: Option<u64>, cooldown_ns: u64| last.is_none_or(|last| now_ns - last >= cooldown_ns);
        let allowed = match wanted.cmp(&current) {
            std::cmp::Ordering::Equal if wish.to == current => return (current, wish.held),
            std::cmp::Ordering::Equal => return (current, Held::Bounds),
            std::cmp::Ordering::Greater => over(state.last_up_ns, self.cooldown_up_ns),
            std::cmp::Ordering::Less => over(state.last_change_ns, self.cooldown_down_ns),
        };
        if allowed { (wanted, Held::OnTarget) } else { (current, Held::Cooldown) }
    }

    /// The fewest instances that it may want.
    fn least(&self) -> u32 {
        match &self.policy {
            Policy::Keda(policy) => policy.least(self.min),
            _ => self.min,
        }
    }

    fn wish(&self, state: &mut ScalerState, situation: &mut Situation<'_>) -> Wish {
        match &self.policy {
            Policy::QueueDepth(policy) => policy.wish(situation),
            Policy::Target(policy) => policy.wish(situation),
            Policy::Step(policy) => policy.wish(situation),
            Policy::Scheduled(policy) => policy.wish(situation),
            Policy::Hpa(policy) => policy.wish(&mut state.hpa, situation, (self.min, self.max)),
            Policy::Rules(policy) => policy.wish(situation),
            Policy::Keda(policy) => policy.wish(&mut state.keda, situation, (self.min, self.max)),
            Policy::Knative(policy) => policy.wish(&mut state.knative, situation, self.min),
            Policy::Predictive(policy) => policy.wish(&mut state.predictive, situation),
            Policy::Cluster(policy) => policy.wish(situation),
            Policy::Vertical(policy) => policy.wish(situation),
        }
    }

    /// How long attempts may wait for the first instance of its service [ns], where it may go to none and has an activator.
    pub fn activator_ns(&self) -> Option<u64> {
        match &self.policy {
            Policy::Knative(policy) if self.min == 0 => Some(policy.activator_ns),
            _ => None,
        }
    }

    /// How it changes the size of its service's machines, if it does that, and not their number.
    pub fn resizes(&self) -> Option<&Vertical> {
        match &self.policy {
            Policy::Vertical(policy) => Some(policy),
            _ => None,
        }
    }

    /// What it moves.
    pub fn moves(&self) -> Moves {
        match &self.policy {
            Policy::Cluster(_) => Moves::Nodes,
            Policy::Vertical(_) => Moves::Sizes,
            _ => Moves::Instances,
        }
    }

    /// Whether it looks at each instance by itself.
    pub fn looks_at_each(&self) -> bool {
        matches!(self.policy, Policy::Hpa(_) | Policy::Keda(_))
    }

    /// The metrics that it reads.
    pub fn metrics(&self) -> Vec<&Resolved> {
        match &self.policy {
            Policy::QueueDepth(policy) => vec![&policy.depth],
            Policy::Target(policy) => policy.metrics(),
            Policy::Step(policy) => policy.metric.metrics(),
            Policy::Scheduled(_) | Policy::Cluster(_) => Vec::new(),
            Policy::Hpa(policy) => policy.metrics(),
            Policy::Rules(policy) => policy.metrics(),
            Policy::Keda(policy) => policy.metrics(),
            Policy::Knative(policy) => policy.metrics(),
            Policy::Predictive(policy) => policy.metrics(),
            Policy::Vertical(policy) => policy.metrics(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::pods::Pods;
    use crate::expression::Metric;

    /// A scaler of service 0 that reads one value.
    pub(super) fn scaler(json: serde_json::Value) -> Scaler {
        let mut names = Names::default();
        names.services.insert("api".into(), ServiceId(0));
        names.services.insert("jobs".into(), ServiceId(1));
        names.endpoints.insert("api.get".into(), crate::ids::EndpointId(0));
        names.with_memory.insert("api".into());
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
        let each = |_: &Resolved| Pods::default();
        let from_zero_ns = now_ns as i64;
        scaler
            .decide(
                state,
                Situation {
                    now_ns,
                    from_zero_ns,
                    of_week_ns: now_ns,
                    current,
                    running: current,
                    waiting: 0,
                    idle: 100,
                    is_short: false,
                    is_changing: false,
                    runs_away: 1.0,
                    read,
                    each: &each,
                },
            )
            .to
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
        assert_eq!(state.steps, Steps { up: 2, down: 1, turns: 1, moved: 3 + 4 + 14 });
        assert_eq!(state.held.by[Held::Cooldown as usize], 2);
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
