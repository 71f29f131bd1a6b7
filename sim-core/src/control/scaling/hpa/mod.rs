//! The horizontal pod autoscaler of Kubernetes.
//!
//! `replicas.rs` has what a metric asks for, `behaviour.rs` how fast that may be followed; both are pure, and reproduce the vectors of Kubernetes'
//! own tests (`vectors.rs`). Here are the settings, and how the two are put together.

mod behaviour;
mod replicas;
#[cfg(test)]
mod vectors;

pub use behaviour::{Behaviour, Memory, Select};
pub use replicas::{Tolerances, Youth};

use super::situation::{Situation, Wish, read};
use super::target::{MetricTargets, check_target};
use crate::control::pods::{is_of_pods, whole_of};
use crate::expression::{Metric, Resolved, Subject, Tree, Value};
use crate::ids::ServiceId;
use crate::names::Names;
use crate::problem::Problems;
use crate::results::Held;
use crate::topology::Topology;
use crate::units::{Cores, Count, Percent, Probability, SimDuration};
use behaviour::{Change, Direction, RatePolicy};
use replicas::{Proposal, Resource, by_average, by_pods, by_resource, by_value};
use serde::{Deserialize, Serialize};

/// The horizontal pod autoscaler of Kubernetes, as it is documented and coded.
///
/// # What it models
/// Replicas = replicas x usage / target, rounded up, of each metric; of several metrics the one that wants most counts, and while one has no data
/// nothing is taken away. Nothing is changed while usage / target is within `tolerance` of 1.
///
/// What a metric is follows from what is written:
/// - `cpu` and `memory` of the scaled service are resources with `averageUtilization`, in whole percents of what a pod requests: its cores and its
///   memory
/// - `utilisation`, `rps`, `throughput`, `in_system` and `queue_length` of the scaled service are metrics of pods with `averageValue`
/// - all else under `metrics` is a metric of another object with `value`, and under `per_instance` one with `averageValue`
///
/// Each pod has a reading of its own, over one scrape or over the window that is written (`cpu(api) over 1m: 70%`). It has one when it has run
/// through the whole of it. A pod that starts is unready: 0 on the way up, and not counted on the way down. A pod that runs and has no reading (it
/// has just come up, or has crashed) counts as 0 on the way up, and on the way down as 100 % of its request, or as the target where that is more. The
/// CPU of a pod that is younger than `cpu_initialization` counts when a whole window lies behind the moment in which it became ready.
///
/// Down, the highest recommendation of the last 300 s counts; up, the lowest of the last 0 s (`stabilization`). Policies limit what may change in a
/// period: by default 100 % or 4 pods in 15 s on the way up, whichever is more, and 100 % in 15 s on the way down. Without `up` and `down`, as in a
/// manifest without `behavior`, at most twice as many replicas as now, or 4, are asked for at a time.
///
/// It differs from Kubernetes in this:
/// - a pod is ready as soon as its `start_up` is over, whatever its `health` checks say
/// - the metric of a pod is what the pipeline has delivered (`reads`); a pod that is not ready and has a reading does not exist
/// - the `cooldown` of the scaler, 0 s by default, comes on top: Kubernetes has none
///
/// # When to use it
/// To try a manifest before production: whether it is soon enough, whether it runs away while pods start, and what it costs.
///
/// # Knobs
/// - `metrics`: metric to target, such as `cpu(api): 70%`
/// - `per_instance`: metric to its part for one instance, such as `queue_length(jobs): 30`
/// - `tolerance`: how far usage / target may be from 1 without a change, percentage, default 10%
/// - `up`, `down`: `stabilization` (duration, at most 1h; default 0s and 300s), `policies` (list of `percent` or `count`, and `every`, at most 30m),
///   `select` (`max`, `min` or `disabled`; default max), `tolerance` (percentage, default that of both)
/// - `cpu_initialization`: how long the CPU of a young pod is not believed, duration, default 5m
/// - `initial_readiness`: how long a pod may be unready at first, duration, default 30s
/// - `cpu_request`: what 100 % of CPU means, in cores, default the cores of an instance
///
/// The period of the controller, 15 s, is the scaler's `every`.
///
/// # Example
/// ```yaml
/// use:
///   hpa:
///     metrics: {cpu(api): 70%}
///     up: {policies: [{percent: 100%, every: 15s}, {count: 4, every: 15s}], select: max}
///     down: {stabilization: 300s}
/// ```
///
/// # Source
/// kubernetes/kubernetes `pkg/controller/podautoscaler`: `replica_calculator.go` and `horizontal.go`, whose test vectors are reproduced;
/// kubernetes.io, Horizontal Pod Autoscaling.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HpaSettings {
    /// Metric to target.
    #[serde(default = "no_metrics", skip_serializing_if = "MetricTargets::is_empty")]
    pub metrics: MetricTargets,
    /// Metric to its part for one instance.
    #[serde(default = "no_metrics", skip_serializing_if = "MetricTargets::is_empty")]
    pub per_instance: MetricTargets,
    /// How far usage / target may be from 1 without a change.
    #[serde(default = "tenth")]
    pub tolerance: Probability,
    /// How fast it may go to more instances.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up: Option<DirectionSettings>,
    /// How fast it may go to fewer instances.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub down: Option<DirectionSettings>,
    /// How long the CPU of a young pod is not believed.
    #[serde(default = "five_minutes")]
    pub cpu_initialization: SimDuration,
    /// How long a pod may be unready at first.
    #[serde(default = "half_a_minute")]
    pub initial_readiness: SimDuration,
    /// What 100 % of CPU means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_request: Option<Cores>,
}

/// How fast an autoscaler of pods may go in one direction.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DirectionSettings {
    /// For how long the most careful recommendation counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stabilization: Option<SimDuration>,
    /// How much may change in a period.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policies: Option<Vec<AllowanceSettings>>,
    /// Which policy counts.
    pub select: Select,
    /// How far usage / target may be from 1 without a change in this direction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<Probability>,
}

/// So much may change in a period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AllowanceSettings {
    /// Of the instances that there were when the period began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<Percent>,
    /// So many instances.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<Count>,
    /// The period.
    pub every: SimDuration,
}

pub(super) fn no_metrics() -> MetricTargets {
    MetricTargets(Vec::new())
}

pub(super) fn tenth() -> Probability {
    Probability::new(0.1).unwrap_or_default()
}

fn seconds(count: u64) -> SimDuration {
    SimDuration::from_ns(count * SimDuration::SECOND.ns())
}

pub(super) fn five_minutes() -> SimDuration {
    seconds(300)
}

fn half_a_minute() -> SimDuration {
    seconds(30)
}

/// The longest window and the longest period that Kubernetes accepts [s].
const LONGEST_S: (u64, u64) = (3_600, 1_800);

impl DirectionSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.stabilization.is_some_and(|window| window > seconds(LONGEST_S.0)) {
            problems.error("stabilization", "Kubernetes accepts at most one hour");
        }
        let Some(policies) = &self.policies else { return };
        if policies.is_empty() {
            problems.error("policies", "without policies nothing may change").hint =
                Some("write select: disabled, or leave policies out for those of Kubernetes".into());
        }
        problems.at("policies", |p| {
            for (place, policy) in policies.iter().enumerate() {
                p.at(place, |p| policy.validate(p));
            }
        });
    }

    fn compile(settings: Option<&Self>, stabilization: SimDuration, policies: Vec<RatePolicy>) -> Direction {
        let written = settings.cloned().unwrap_or_default();
        let own = written.policies.map(|all| all.iter().filter_map(AllowanceSettings::meant).collect());
        Direction {
            stabilization_ns: written.stabilization.unwrap_or(stabilization).ns(),
            policies: own.unwrap_or(policies),
            select: written.select,
        }
    }
}

impl AllowanceSettings {
    fn validate(&self, problems: &mut Problems) {
        if self.meant().is_none() {
            problems.error("", "a policy allows either a percentage or a count").hint =
                Some("write {percent: 100%, every: 15s} or {count: 4, every: 15s}".into());
        } else if self.percent.is_some_and(|percent| percent.fraction() <= 0.0)
            || self.count.is_some_and(|count| count.get() == 0)
        {
            problems.error("", "a policy that allows nothing").hint = Some("write select: disabled".into());
        }
        if self.every.is_zero() {
            problems.error("every", "a period of no time never gets on");
        } else if self.every > seconds(LONGEST_S.1) {
            problems.error("every", "Kubernetes accepts at most 30 minutes");
        }
    }

    fn meant(&self) -> Option<RatePolicy> {
        let change = match (self.percent, self.count) {
            (Some(percent), None) => Change::Percent(percent.fraction() * 100.0),
            (None, Some(count)) => Change::Count(count.get_u32()),
            _ => return None,
        };
        Some(RatePolicy { change, every_ns: self.every.ns() })
    }
}

/// The policies that Kubernetes has where none are written.
fn default_policies() -> (Vec<RatePolicy>, Vec<RatePolicy>) {
    let every_ns = seconds(15).ns();
    let all = RatePolicy { change: Change::Percent(100.0), every_ns };
    (vec![all, RatePolicy { change: Change::Count(4), every_ns }], vec![all])
}

/// What Kubernetes makes of `up` and `down`: nothing where neither is written.
pub(super) fn behaviour(up: Option<&DirectionSettings>, down: Option<&DirectionSettings>) -> Option<Behaviour> {
    let (policies_up, policies_down) = default_policies();
    (up.is_some() || down.is_some()).then(|| Behaviour {
        up: DirectionSettings::compile(up, SimDuration::ZERO, policies_up),
        down: DirectionSettings::compile(down, five_minutes(), policies_down),
    })
}

/// An autoscaler of pods, as meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Hpa {
    /// What it looks at.
    pub(super) aims: Vec<Aim>,
    pub(super) tolerances: Tolerances,
    pub(super) youth: Youth,
    /// What is written of `up` and `down`; `None` where nothing is.
    pub(super) behaviour: Option<Behaviour>,
}

/// A metric and what is to become of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Aim {
    pub metric: Tree<Resolved>,
    pub target: f64,
    pub kind: AimKind,
}

/// What a metric is to Kubernetes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum AimKind {
    /// A resource of pods; what one requests where that is written.
    Resource(Option<f64>),
    /// A metric of pods.
    Pods,
    /// A metric of another object.
    Value,
    /// The same, a part for each instance.
    Average,
}

impl Aim {
    /// What a metric is that stands under `metrics` of an autoscaler of a service.
    pub fn new(metric: Tree<Resolved>, target: f64, of: ServiceId, request: Option<f64>, otherwise: AimKind) -> Self {
        let own = match &metric {
            Tree::Metric(one) if one.subject == Subject::Service(of) => Some(one.metric),
            _ => None,
        };
        let kind = match own {
            Some(Metric::Cpu) => AimKind::Resource(request),
            Some(Metric::Memory) => AimKind::Resource(None),
            Some(metric) if is_of_pods(metric) && otherwise == AimKind::Value => AimKind::Pods,
            _ => otherwise,
        };
        Self { metric, target, kind }
    }

    fn proposal(&self, situation: &mut Situation<'_>, hpa: &Hpa, own: Option<f64>) -> Proposal {
        let (current, now_ns) = (situation.current, situation.now_ns);
        let one = self.metric.metrics()[0];
        if matches!(self.kind, AimKind::Resource(_) | AimKind::Pods) {
            let pods = (situation.each)(one);
            let AimKind::Resource(request) = self.kind else {
                return by_pods(current, &pods.pods, self.target, hpa.tolerances, now_ns);
            };
            let cpu = (one.metric == Metric::Cpu).then_some((hpa.youth, pods.from_ns));
            let target_percent = (self.target * 100.0).round() as i64;
            let of = Resource { request: request.unwrap_or(pods.whole), target_percent, cpu };
            return by_resource(current, &pods.pods, of, hpa.tolerances, now_ns);
        }
        let Some(value) = own.or_else(|| read(&self.metric, situation)) else { return Proposal::NoData };
        if self.kind == AimKind::Average {
            return by_average(current, value, self.target, hpa.tolerances);
        }
        // Who is ready is the same whatever the metric.
        let pods = (situation.each)(one);
        by_value(current, &pods.pods, value, self.target, hpa.tolerances)
    }
}

/// Checks metrics and targets of an autoscaler of pods.
pub(super) fn check_metrics(metrics: &MetricTargets, problems: &mut Problems) {
    for (metric, target) in &metrics.0 {
        problems.at(metric, |p| {
            check_target(metric, target, p);
            let resource = metric.tree().metrics().iter().any(|m| matches!(m.metric, Metric::Cpu | Metric::Memory));
            let percent = target.literal().map_or(1.0, |target| target * 100.0);
            if resource && (percent - percent.round()).abs() > 1e-6 {
                p.error("", "Kubernetes knows whole percents of a resource").hint =
                    Some(format!("write {}%", percent.round()));
            }
        });
    }
}

/// Metrics with ids, and their targets.
pub(super) fn aims(
    metrics: &MetricTargets,
    names: &Names,
    problems: &mut Problems,
    (of, request, otherwise): (Option<ServiceId>, Option<f64>, &AimKind),
) -> Option<Vec<Aim>> {
    let each = |(metric, target): &(Value, Value), p: &mut Problems| {
        let tree = p.at(metric, |p| metric.compile(names, p))?;
        Some(Aim::new(tree, target.literal()?, of?, request, otherwise.clone()))
    };
    let all: Vec<Option<Aim>> = metrics.0.iter().map(|both| each(both, problems)).collect();
    all.into_iter().collect()
}

impl HpaSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.metrics.is_empty() && self.per_instance.is_empty() {
            problems.error("", "nothing is looked at").hint = Some("write metrics: {cpu(api): 70%}".into());
        }
        problems.at("metrics", |p| check_metrics(&self.metrics, p));
        problems.at("per_instance", |p| check_metrics(&self.per_instance, p));
        for (key, direction) in [("up", &self.up), ("down", &self.down)] {
            if let Some(direction) = direction {
                problems.at(key, |p| direction.validate(p));
            }
        }
    }

    pub(super) fn compile(&self, names: &Names, problems: &mut Problems, of: Option<ServiceId>) -> Option<Hpa> {
        let request = self.cpu_request.map(Cores::get);
        let metrics = problems.at("metrics", |p| aims(&self.metrics, names, p, (of, request, &AimKind::Value)));
        let shares =
            problems.at("per_instance", |p| aims(&self.per_instance, names, p, (of, request, &AimKind::Average)));
        let own = |direction: &Option<DirectionSettings>| {
            direction.as_ref().and_then(|direction| direction.tolerance).unwrap_or(self.tolerance).value()
        };
        Some(Hpa {
            aims: metrics?.into_iter().chain(shares?).collect(),
            tolerances: Tolerances { up: own(&self.up), down: own(&self.down) },
            youth: Youth {
                cpu_initialization_ns: self.cpu_initialization.ns(),
                initial_readiness_ns: self.initial_readiness.ns(),
            },
            behaviour: behaviour(self.up.as_ref(), self.down.as_ref()),
        })
    }
}

impl Hpa {
    /// What there should be, between bounds.
    pub(super) fn wish(&self, memory: &mut Memory, situation: &mut Situation<'_>, bounds: (u32, u32)) -> Wish {
        self.wish_of(memory, situation, bounds, &|_| None)
    }

    /// The same; `reported` has values that stand in the place of metrics, by their place.
    pub(super) fn wish_of(
        &self,
        memory: &mut Memory,
        situation: &mut Situation<'_>,
        (min, max): (u32, u32),
        reported: &dyn Fn(usize) -> Option<f64>,
    ) -> Wish {
        let current = situation.current;
        if current > max || current < min {
            return Wish::of(current.clamp(min, max));
        }
        let (mut most, mut held, mut is_blind): (Option<u32>, Held, bool) = (None, Held::OnTarget, false);
        for (place, aim) in self.aims.iter().enumerate() {
            let (replicas, by) = match aim.proposal(situation, self, reported(place)) {
                Proposal::Replicas(replicas) => (replicas, Held::OnTarget),
                Proposal::Near => (current, Held::Tolerance),
                Proposal::Unsure => (current, Held::Unsure),
                Proposal::NoData => {
                    is_blind = true;
                    continue;
                }
            };
            if most.is_none_or(|most| replicas > most) {
                (most, held) = (Some(replicas), by);
            }
        }
        // What one metric says is too much, another that is not seen may need.
        match most {
            Some(desired) if !is_blind || desired >= current => {
                self.follow(memory, situation, (min, max), (desired, held))
            }
            _ => Wish::keep(current, Held::NoData),
        }
    }

    /// As fast as it may go to what is desired.
    fn follow(
        &self,
        memory: &mut Memory,
        situation: &Situation<'_>,
        (min, max): (u32, u32),
        (desired, held): (u32, Held),
    ) -> Wish {
        let (now_ns, current) = (situation.now_ns, situation.current);
        let (stable, to, by) = match &self.behaviour {
            Some(behaviour) => {
                let stable = memory.stabilize(now_ns, current, desired, behaviour);
                let (to, by) = memory.limit(now_ns, current, stable, (min, max), behaviour);
                (stable, to, by)
            }
            None => {
                let stable = memory.stabilize_without_behaviour(now_ns, desired, five_minutes().ns());
                let most = current.saturating_mul(2).max(4);
                let by = if stable > most && most < max { Held::Policies } else { Held::Bounds };
                (stable, stable.clamp(min, most.min(max).max(min)), by)
            }
        };
        let held = match () {
            () if desired == current && stable == current => held,
            () if stable == current => Held::Stabilization,
            () => by,
        };
        Wish { desired, to, held }
    }

    /// The number of instances was changed.
    pub(super) fn changed(&self, memory: &mut Memory, now_ns: u64, from: u32, to: u32) {
        if let Some(behaviour) = &self.behaviour {
            memory.changed(now_ns, from, to, behaviour);
        }
    }

    pub(super) fn metrics(&self) -> Vec<&Resolved> {
        self.aims.iter().flat_map(|aim| aim.metric.metrics()).collect()
    }
}

/// What is 100 % of a metric of an instance.
pub fn whole(topology: &Topology, service: ServiceId, metric: &Resolved) -> f64 {
    whole_of(metric, &topology.services[service.index()])
}
