//! KEDA: from none to one and back, and the horizontal pod autoscaler in between.

use super::hpa::{AimKind, DirectionSettings, Hpa, Memory, Tolerances, Youth, aims, behaviour, check_metrics, tenth};
use super::situation::{Situation, Wish, read};
use super::target::MetricTargets;
use crate::expression::{Resolved, Value};
use crate::ids::ServiceId;
use crate::names::Names;
use crate::problem::Problems;
use crate::results::Held;
use crate::units::{Count, Probability, SimDuration};
use serde::{Deserialize, Serialize};

/// KEDA: scales to none when nothing happens, to one when something does, and leaves the rest to the horizontal pod autoscaler.
///
/// # What it models
/// A metric is active while it is above its activation threshold, 0 by default. While one is, there is at least one instance, and the horizontal pod
/// autoscaler holds each metric at its target for one instance: instances = value / target, rounded up (`averageValue`); `cpu` and `memory` of the
/// scaled service are shares of a pod's request. When none has been active for `cooldown`, the service goes to `min`, or to `idle`. The cool-down is
/// for that last step alone: from many to one, the stabilization of the pod autoscaler counts.
///
/// A metric that has had no data more than `failure_threshold` times in a row reads target x replicas of its `fallback`, so that the autoscaler goes
/// there and stays: a fixed number, or as many as there are.
///
/// What calls find while there is no instance is what calls find of a service without endpoints: they fail as `unreachable`. Whether they wake it
/// depends on the metric: `rps(api)` counts requests that instances got, of which there are none, and `rps(api.get)` those that callers sent.
/// Messages wait in their queue, and `queue_length(jobs)` wakes the workers.
///
/// It differs from KEDA in this: `pollingInterval` (30 s, for the way from none to one) and the pod autoscaler's period (15 s) are one, the scaler's
/// `every`; `minReplicaCount` is the scaler's `min`, which is 1 and not 0 if nothing is written.
///
/// # When to use it
/// For workers that have nothing to do at times, and for scaling by the length of a queue.
///
/// # Knobs
/// - `metrics`: metric to its part for one instance, such as `queue_length(jobs): 30`; required
/// - `activation`: metric to the value above which it is active, default 0 of each
/// - `cooldown`: from when nothing was active any more to the last step down, duration, default 300s
/// - `initial_cooldown`: the same from the start of the run where nothing was ever active, duration, default 0s
/// - `idle`: instances while nothing is active, 0 or nothing; `min` is then what there is as soon as something is
/// - `fallback`: `failure_threshold` (count), `replicas` (count) and `behaviour` (`static`, `current_replicas`, `current_replicas_if_higher` or
///   `current_replicas_if_lower`; default `static`); default none
/// - `tolerance`, `up`, `down`: as of `hpa`
///
/// # Example
/// ```yaml
/// control:
///   scalers:
///     workers: {of: worker, min: 0, max: 20, use: {keda: {metrics: {queue_length(jobs): 30}, cooldown: 120s}}}
/// ```
///
/// # Source
/// keda.sh 2.21, `ScaledObject` specification; kedacore/keda `scale_scaledobjects.go` and `fallback.go`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KedaSettings {
    /// Metric to its part for one instance.
    pub metrics: MetricTargets,
    /// Metric to the value above which it is active.
    #[serde(default = "super::hpa::no_metrics", skip_serializing_if = "MetricTargets::is_empty")]
    pub activation: MetricTargets,
    /// From when nothing was active any more to the last step down.
    #[serde(default = "super::hpa::five_minutes")]
    pub cooldown: SimDuration,
    /// The same from the start of the run, where nothing was ever active.
    #[serde(default)]
    pub initial_cooldown: SimDuration,
    /// Instances while nothing is active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle: Option<Count>,
    /// What a metric reads that has no data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<FallbackSettings>,
    /// How far value / target may be from 1 without a change.
    #[serde(default = "tenth")]
    pub tolerance: Probability,
    /// How fast it may go to more instances.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up: Option<DirectionSettings>,
    /// How fast it may go to fewer instances.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub down: Option<DirectionSettings>,
}

/// What a metric reads that has no data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FallbackSettings {
    /// How often in a row it may have none before.
    pub failure_threshold: Count,
    /// Instances that are to be there then.
    pub replicas: Count,
    /// Whether those, or as many as there are.
    #[serde(default)]
    pub behaviour: FallbackBehaviour,
}

/// Which number of instances a metric without data asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FallbackBehaviour {
    /// The one that is written.
    #[default]
    Static,
    /// As many as there are.
    CurrentReplicas,
    /// The one that is written, or as many as there are, if these are more.
    CurrentReplicasIfHigher,
    /// The one that is written, or as many as there are, if these are fewer.
    CurrentReplicasIfLower,
}

impl FallbackSettings {
    /// What the metric reads.
    fn reported(self, current: u32, target: f64) -> f64 {
        let written = self.replicas.get_u32();
        let replicas = match self.behaviour {
            FallbackBehaviour::Static => written,
            FallbackBehaviour::CurrentReplicas => current,
            FallbackBehaviour::CurrentReplicasIfHigher => written.max(current),
            FallbackBehaviour::CurrentReplicasIfLower => written.min(current),
        };
        f64::from(replicas) * target
    }
}

/// As meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Keda {
    hpa: Hpa,
    /// By metric, the value above which it is active.
    activation: Vec<f64>,
    cooldown_ns: u64,
    initial_cooldown_ns: u64,
    idle: Option<u32>,
    fallback: Option<FallbackSettings>,
}

/// What it remembers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct KedaMemory {
    /// What the pod autoscaler remembers.
    pub hpa: Memory,
    /// When a metric was last active [ns].
    active_ns: Option<u64>,
    /// By metric, how often in a row it had no data.
    failures: Vec<u64>,
}

impl KedaSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.metrics.is_empty() {
            problems.error("metrics", "nothing is looked at").hint =
                Some("write metrics: {queue_length(jobs): 30}".into());
        }
        problems.at("metrics", |p| check_metrics(&self.metrics, p));
        problems.at("activation", |p| {
            let known = || self.metrics.0.iter().map(|(metric, _)| metric.to_string());
            for (metric, threshold) in &self.activation.0 {
                if !known().any(|name| name == metric.to_string()) {
                    p.error(&metric.to_string(), format!("{metric} is none of the metrics")).hint =
                        Some("activation is of what stands under metrics".into());
                } else if threshold.literal().is_none() || threshold.measure() != metric.measure() {
                    p.error(&metric.to_string(), format!("{metric} is {}", metric.measure())).label =
                        Some(format!("expected {}", metric.measure().example()));
                }
            }
        });
        if self.idle.is_some_and(|idle| idle.get() > 0) {
            problems.error("idle", "KEDA supports an idle number of 0 alone").hint =
                Some("the pod autoscaler would raise any other to min".into());
        }
        if self.fallback.is_some_and(|fallback| fallback.failure_threshold.get() == 0) {
            problems.at("fallback", |p| {
                p.error("failure_threshold", "a metric may fail once");
            });
        }
        for (key, direction) in [("up", &self.up), ("down", &self.down)] {
            if let Some(direction) = direction {
                problems.at(key, |p| direction.validate(p));
            }
        }
    }

    pub(super) fn compile(&self, names: &Names, problems: &mut Problems, of: Option<ServiceId>) -> Option<Keda> {
        let aims = problems.at("metrics", |p| aims(&self.metrics, names, p, (of, None, &AimKind::Average)))?;
        let threshold = |metric: &Value| {
            let own = self.activation.0.iter().find(|(of, _)| of.to_string() == metric.to_string());
            own.and_then(|(_, threshold)| threshold.literal()).unwrap_or(0.0)
        };
        let both = self.tolerance.value();
        let own = |direction: &Option<DirectionSettings>| {
            direction.as_ref().and_then(|direction| direction.tolerance).map_or(both, Probability::value)
        };
        let second = SimDuration::SECOND.ns();
        let youth = Youth { cpu_initialization_ns: 300 * second, initial_readiness_ns: 30 * second };
        Some(Keda {
            activation: self.metrics.0.iter().map(|(metric, _)| threshold(metric)).collect(),
            hpa: Hpa {
                aims,
                tolerances: Tolerances { up: own(&self.up), down: own(&self.down) },
                youth,
                behaviour: behaviour(self.up.as_ref(), self.down.as_ref()),
            },
            cooldown_ns: self.cooldown.ns(),
            initial_cooldown_ns: self.initial_cooldown.ns(),
            idle: self.idle.map(Count::get_u32),
            fallback: self.fallback,
        })
    }
}

impl Keda {
    /// The fewest instances of a scaler with this `min`.
    pub(super) fn least(&self, min: u32) -> u32 {
        self.idle.map_or(min, |idle| idle.min(min))
    }

    /// What there should be, between bounds.
    pub(super) fn wish(&self, memory: &mut KedaMemory, situation: &mut Situation<'_>, (min, max): (u32, u32)) -> Wish {
        let (now_ns, current) = (situation.now_ns, situation.current);
        let values: Vec<Option<f64>> = self.hpa.aims.iter().map(|aim| read(&aim.metric, situation)).collect();
        memory.failures.resize(values.len(), 0);
        for (failures, value) in memory.failures.iter_mut().zip(&values) {
            *failures = if value.is_none() { *failures + 1 } else { 0 };
        }
        let is_active =
            values.iter().zip(&self.activation).any(|(value, above)| value.is_some_and(|value| value > *above));
        let fails = values.iter().any(Option::is_none);
        if is_active {
            memory.active_ns = Some(now_ns);
            if current == 0 || self.idle.is_some() && current < min {
                return Wish::of(min.max(1));
            }
        } else if !fails && (current > self.idle.unwrap_or(u32::MAX) || current > 0 && min == 0) {
            let is_over = match memory.active_ns {
                Some(at_ns) => now_ns >= at_ns + self.cooldown_ns,
                None => now_ns >= self.initial_cooldown_ns,
            };
            if is_over {
                return Wish::of(self.idle.unwrap_or(0));
            }
        }
        let given_up =
            |place: usize| self.fallback.filter(|fallback| memory.failures[place] > fallback.failure_threshold.get());
        let reported: Vec<Option<f64>> = (0..values.len())
            .map(|place| given_up(place).map(|fallback| fallback.reported(current, self.hpa.aims[place].target)))
            .collect();
        if current == 0 {
            // The pod autoscaler is switched off where there is none, until KEDA makes one.
            let falls_back = reported.iter().flatten().any(|value| *value > 0.0);
            return match () {
                () if falls_back => Wish::of(min.max(1)),
                () if fails => Wish::keep(0, Held::NoData),
                () => Wish::keep(0, Held::OnTarget),
            };
        }
        self.hpa.wish_of(&mut memory.hpa, situation, (min.max(1), max), &|place| reported[place])
    }

    /// The number of instances was changed.
    pub(super) fn changed(&self, memory: &mut KedaMemory, now_ns: u64, from: u32, to: u32) {
        self.hpa.changed(&mut memory.hpa, now_ns, from, to);
    }

    pub(super) fn metrics(&self) -> Vec<&Resolved> {
        self.hpa.metrics()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{decide, scaler};
    use super::super::{Scaler, ScalerState};
    use super::*;

    // shared truth, knative_kpa.json, `keda_fallback`: a metric that fails reads replicas x target.
    #[test]
    fn a_metric_that_fails_reads_replicas_times_target() {
        let reported = |behaviour: FallbackBehaviour, written: u64, current: u32| {
            let failure_threshold = Count::new(3);
            FallbackSettings { failure_threshold, replicas: Count::new(written), behaviour }.reported(current, 10.0)
        };
        assert_eq!(reported(FallbackBehaviour::Static, 10, 3), 100.0);
        assert_eq!(reported(FallbackBehaviour::CurrentReplicas, 10, 6), 60.0);
        assert_eq!(reported(FallbackBehaviour::CurrentReplicasIfHigher, 10, 9), 100.0);
        assert_eq!(reported(FallbackBehaviour::CurrentReplicasIfHigher, 10, 12), 120.0);
        assert_eq!(reported(FallbackBehaviour::CurrentReplicasIfLower, 10, 12), 100.0);
    }

    fn workers(extra: &serde_json::Value) -> Scaler {
        let mut keda = serde_json::json!({"metrics": {"queue_length(jobs)": 30}, "cooldown": "120s"});
        keda.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        scaler(serde_json::json!({"of": "api", "min": 0, "max": 20, "use": {"keda": keda}}))
    }

    /// Decides each 30 s with the depth of the queue; what there is after each.
    fn course(scaler: &Scaler, begin: u32, depths: &[Option<f64>]) -> Vec<u32> {
        let (mut state, mut current) = (ScalerState::default(), begin);
        let each = depths.iter().enumerate().map(|(place, depth)| {
            current = decide(scaler, &mut state, place as u64 * 30, current, &mut |_| *depth);
            current
        });
        each.collect()
    }

    #[test]
    fn from_none_to_one_and_after_the_cooldown_back() {
        let scaler = workers(&serde_json::json!({}));
        let [none, some, many] = [0.0, 5.0, 100.0].map(Some);
        assert_eq!(course(&scaler, 0, &[none, some, some]), [0, 1, 1]);
        // The pod autoscaler takes over from one on: 100 / 30. For 120 s after the last message nothing goes below one.
        assert_eq!(course(&scaler, 1, &[many, none, none, none, none, none]), [4, 4, 4, 4, 0, 0]);
        // What was never active goes at once.
        assert_eq!(course(&scaler, 3, &[none]), [0]);
    }

    #[test]
    fn activation_and_idle() {
        let scaler = workers(&serde_json::json!({"activation": {"queue_length(jobs)": 10}}));
        assert_eq!(course(&scaler, 0, &[Some(10.0), Some(11.0)]), [0, 1]);
        let idle = super::super::tests::scaler(serde_json::json!({"of": "api", "min": 3, "max": 20,
            "use": {"keda": {"metrics": {"queue_length(jobs)": 30}, "cooldown": "30s", "idle": 0}}}));
        assert_eq!(course(&idle, 0, &[Some(1.0), Some(0.0), Some(0.0), Some(1.0)]), [3, 0, 0, 3]);
    }

    #[test]
    fn without_data_it_keeps_what_it_has_or_falls_back() {
        let bare = workers(&serde_json::json!({}));
        assert_eq!(course(&bare, 4, &[Some(100.0), None, None, None, None, None]), [4; 6]);
        let fallback = serde_json::json!({"fallback": {"failure_threshold": 2, "replicas": 10}});
        let scaler = workers(&fallback);
        assert_eq!(course(&scaler, 4, &[Some(100.0), None, None, None, None]), [4, 4, 4, 8, 10]);
    }
}
