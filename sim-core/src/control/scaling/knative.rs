//! The autoscaler of Knative: a stable window, and a short one in which it panics.

use super::situation::{Situation, Wish};
use crate::call::activator::HELD;
use crate::counters::level;
use crate::expression::{LevelSubject, Metric, Resolved, ScopeMeant, Subject, Window};
use crate::ids::{EdgeId, ServiceId};
use crate::names::Names;
use crate::problem::Problems;
use crate::results::Held;
use crate::units::{Count, Factor, Probability, SimDuration};
use serde::{Deserialize, Serialize};

/// The autoscaler of Knative (KPA): so many requests at once in an instance, on two windows.
///
/// # What it models
/// Instances = requests in the service / (`concurrency` x `utilisation`), rounded up, of the mean over `stable_window`. The same over the
/// panic window, a part of the stable one, is looked at beside it: as soon as that alone asks for `panic_threshold` times as many instances as are
/// ready, the autoscaler panics. It then takes the higher of both and goes down no more, until the panic window has asked for less for a whole stable
/// window. At a look it goes at most to `max_scale_up_rate` times the ready instances, and not below the ready instances / `max_scale_down_rate`.
/// `scale_down_delay` lets the highest number of that time count.
///
/// With `min: 0` it goes to none when nothing was in the service for a stable window and `scale_to_zero_grace` on top. Requests that come then are
/// not lost: Knative's activator holds them and counts them as requests in the service, so that they wake it, and lets them go as soon as an instance
/// is up. Here they wait at their caller, in its timeouts, and at most `activator_timeout`.
///
/// It differs from Knative in this:
/// - the windows are made of scrapes of the pipeline that it reads, and are no shorter than one; Knative scrapes each second and decides each 2 s, so
///   give it a pipeline and an `every` of 2s
/// - there is no burst capacity: where there are instances, the activator is not in the path
///
/// # When to use it
/// For services that scale by requests and not by CPU, for sudden load, and for scaling to none.
///
/// # Knobs
/// - `concurrency`: requests in an instance at once, count, default 100
/// - `utilisation`: the part of that which is aimed at, percentage, default 70%
/// - `stable_window`: duration, default 60s
/// - `panic_window`: the part of the stable window that it is, percentage, default 10%
/// - `panic_threshold`: from how many times the ready instances on it panics, percentage, default 200%
/// - `max_scale_up_rate`: factor, default 1000; `max_scale_down_rate`: factor, default 2
/// - `scale_down_delay`: duration, default 0s
/// - `scale_to_zero_grace`: duration, default 30s
/// - `activator_timeout`: how long requests may wait for the first instance, duration, default 5m
///
/// # Example
/// ```yaml
/// use: {knative: {concurrency: 100, utilisation: 70%, stable_window: 60s, panic_window: 10%, panic_threshold: 200%}}
/// ```
///
/// # Source
/// knative/serving `pkg/autoscaler/scaling/autoscaler.go`, whose test vectors are reproduced; knative.dev, Autoscaling.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct KnativeSettings {
    /// Requests in an instance at once.
    pub concurrency: Count,
    /// The part of that which is aimed at.
    pub utilisation: Probability,
    /// The stable window.
    pub stable_window: SimDuration,
    /// The part of it that the panic window is.
    pub panic_window: Probability,
    /// From how many times the ready instances on it panics.
    pub panic_threshold: crate::units::Percent,
    /// At most so many times the ready instances.
    pub max_scale_up_rate: Factor,
    /// At least the ready instances divided by this.
    pub max_scale_down_rate: Factor,
    /// For how long the highest number counts.
    pub scale_down_delay: SimDuration,
    /// How long the last instance stays.
    pub scale_to_zero_grace: SimDuration,
    /// How long requests may wait for the first instance.
    pub activator_timeout: SimDuration,
}

fn seconds(count: u64) -> SimDuration {
    SimDuration::from_ns(count * SimDuration::SECOND.ns())
}

impl Default for KnativeSettings {
    fn default() -> Self {
        Self {
            concurrency: Count::new(100),
            utilisation: Probability::new(0.7).unwrap_or_default(),
            stable_window: seconds(60),
            panic_window: Probability::new(0.1).unwrap_or_default(),
            panic_threshold: crate::units::Percent::new(2.0).unwrap_or_default(),
            max_scale_up_rate: Factor::new(1000.0).unwrap_or_default(),
            max_scale_down_rate: Factor::new(2.0).unwrap_or_default(),
            scale_down_delay: SimDuration::ZERO,
            scale_to_zero_grace: seconds(30),
            activator_timeout: seconds(300),
        }
    }
}

/// As meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Knative {
    /// Requests in the service, and those at its activator.
    stable: [Resolved; 2],
    panic: [Resolved; 2],
    /// Requests in an instance that are aimed at.
    target: f64,
    stable_ns: u64,
    threshold: f64,
    up_rate: f64,
    down_rate: f64,
    delay_ns: u64,
    grace_ns: u64,
    /// How long requests may wait for the first instance [ns].
    pub activator_ns: u64,
}

/// What it remembers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct KnativeMemory {
    /// When the panic threshold was last passed [ns]; `None` without panic.
    panic_ns: Option<u64>,
    /// The most instances of this panic.
    most: u32,
    /// What was decided when [ns], as far as it counts.
    decided: Vec<(u64, u32)>,
    /// Since when nothing is wanted [ns].
    none_ns: Option<u64>,
}

impl KnativeSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.concurrency.get() == 0 {
            problems.error("concurrency", "an instance that holds no request serves none");
        }
        if self.utilisation.value() <= 0.0 {
            problems.error("utilisation", "nothing of an instance is aimed at").hint = Some("write 70%".into());
        }
        if self.stable_window < seconds(6) {
            problems.error("stable_window", "Knative accepts from 6s on");
        }
        if self.panic_window.value() < 0.01 {
            problems.error("panic_window", "Knative accepts from 1% to 100%");
        }
        if self.panic_threshold.fraction() < 1.1 {
            problems.error("panic_threshold", "Knative accepts from 110% on");
        }
        for (key, rate) in
            [("max_scale_up_rate", self.max_scale_up_rate), ("max_scale_down_rate", self.max_scale_down_rate)]
        {
            if rate.value() <= 1.0 {
                problems.error(key, "a rate of 1 or less never changes anything");
            }
        }
    }

    pub(super) fn compile(&self, names: &Names, of: ServiceId) -> Knative {
        let over = |window: SimDuration| {
            let scope = ScopeMeant { window: Some(Window::Over(window)), ..ScopeMeant::default() };
            let held = Subject::Level(const { level(&HELD) }, LevelSubject::Calls(calls_to(names, of)));
            [(Metric::InSystem, Subject::Service(of)), (Metric::Average, held)].map(|(metric, subject)| Resolved {
                metric,
                subject,
                scope,
            })
        };
        let panic_ns = (self.stable_window.ns() as f64 * self.panic_window.value()) as u64;
        Knative {
            stable: over(self.stable_window),
            panic: over(SimDuration::from_ns(panic_ns)),
            target: self.concurrency.get() as f64 * self.utilisation.value(),
            stable_ns: self.stable_window.ns(),
            threshold: self.panic_threshold.fraction(),
            up_rate: self.max_scale_up_rate.value(),
            down_rate: self.max_scale_down_rate.value(),
            delay_ns: self.scale_down_delay.ns(),
            grace_ns: self.scale_to_zero_grace.ns(),
            activator_ns: self.activator_timeout.ns(),
        }
    }
}

/// The call sites of a service.
fn calls_to(names: &Names, of: ServiceId) -> Vec<EdgeId> {
    let name = names.services.iter().find(|(_, id)| **id == of).map_or("", |(name, _)| name);
    let is_to = |edge: &str| edge.split_once("->").is_some_and(|(_, to)| to.split('.').next() == Some(name));
    let mut sites: Vec<EdgeId> =
        names.edges.iter().filter(|(edge, _)| is_to(edge)).flat_map(|(_, ids)| ids).copied().collect();
    sites.sort_unstable();
    sites
}

impl Knative {
    pub(super) fn wish(&self, memory: &mut KnativeMemory, situation: &mut Situation<'_>, min: u32) -> Wish {
        let (now_ns, current) = (situation.now_ns, situation.current);
        if current == 0 && situation.waiting > 0 {
            memory.none_ns = None;
            return Wish::of(min.max(1));
        }
        let mut requests = |both: &[Resolved; 2]| {
            let inside = (situation.read)(&both[0])?;
            Some(inside + (situation.read)(&both[1]).unwrap_or(0.0))
        };
        let (Some(stable), Some(panic)) = (requests(&self.stable), requests(&self.panic)) else {
            return Wish::keep(current, Held::NoData);
        };
        let desired = self.decide(memory, now_ns, situation.running, (stable, panic));
        if desired > 0 || min > 0 || current == 0 {
            memory.none_ns = None;
            return Wish::of(desired);
        }
        let since_ns = *memory.none_ns.get_or_insert(now_ns);
        let to = u32::from(now_ns - since_ns < self.grace_ns);
        Wish { desired, to, held: Held::Stabilization }
    }

    /// `Scale` of `autoscaler.go`: so many instances for so many requests in the service on either window.
    fn decide(&self, memory: &mut KnativeMemory, now_ns: u64, ready: u32, (stable, panic): (f64, f64)) -> u32 {
        let ready = f64::from(ready.max(1));
        let (least, most) = ((ready / self.down_rate).floor(), (self.up_rate * ready).ceil());
        // What a mean of many parts adds is not a whole instance.
        let for_requests = |requests: f64| (requests / self.target - 1e-9).ceil().max(0.0);
        let (by_stable, by_panic) = (for_requests(stable), for_requests(panic));
        let bounded = |instances: f64| instances.max(least).min(most) as u32;
        let is_over = by_panic / ready >= self.threshold;
        if is_over {
            memory.panic_ns = Some(now_ns);
        } else if memory.panic_ns.is_some_and(|since_ns| since_ns + self.stable_ns < now_ns) {
            (memory.panic_ns, memory.most) = (None, 0);
        }
        let mut desired = bounded(by_stable);
        if memory.panic_ns.is_some() {
            memory.most = memory.most.max(desired).max(bounded(by_panic));
            desired = memory.most;
        }
        if self.delay_ns == 0 {
            return desired;
        }
        memory.decided.retain(|(at_ns, _)| at_ns + self.delay_ns > now_ns);
        memory.decided.push((now_ns, desired));
        memory.decided.iter().map(|(_, instances)| *instances).max().unwrap_or(desired)
    }

    pub(super) fn metrics(&self) -> Vec<&Resolved> {
        self.stable.iter().chain(&self.panic).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    const SECOND: u64 = 1_000_000_000;

    fn number(value: &Value, key: &str, otherwise: f64) -> f64 {
        value[key].as_f64().unwrap_or(otherwise)
    }

    /// The autoscaler of a vector: target in requests an instance, and the rates, 10 in Knative's own tests.
    fn autoscaler(vector: &Value) -> Knative {
        let rate = |key: &str| Factor::new(number(vector, key, 10.0)).unwrap();
        let settings = KnativeSettings {
            concurrency: Count::new(number(vector, "target", 0.0) as u64),
            utilisation: Probability::ONE,
            max_scale_up_rate: rate("max_up"),
            max_scale_down_rate: rate("max_down"),
            ..KnativeSettings::default()
        };
        settings.compile(&Names::default(), ServiceId(0))
    }

    fn check(autoscaler: &Knative, memory: &mut KnativeMemory, vector: &Value, (now_s, ready): (u64, u32)) {
        let now_s = now_s + number(vector, "after_s", 0.0) as u64;
        let ready = number(vector, "ready", f64::from(ready)) as u32;
        let requests = (number(vector, "stable", 0.0), number(vector, "panic", 0.0));
        let found = autoscaler.decide(memory, now_s * SECOND, ready, requests);
        assert_eq!(found, number(vector, "pods", -1.0) as u32, "{vector}");
        if let Some(panics) = vector["in_panic"].as_bool() {
            assert_eq!(memory.panic_ns.is_some(), panics, "{vector}");
        }
        if vector["then"].is_object() {
            check(autoscaler, memory, &vector["then"], (now_s, ready));
        }
    }

    // knative/serving pkg/autoscaler/scaling/autoscaler_test.go at 98e5ef90 (`knative.json`).
    #[test]
    fn the_vectors_of_knative() {
        let file: Value = serde_json::from_str(include_str!("knative.json")).unwrap();
        let vectors = file["vectors"].as_array().unwrap();
        assert_eq!(vectors.len(), 10);
        for vector in vectors {
            let (autoscaler, mut memory) = (autoscaler(vector), KnativeMemory::default());
            let Some(turns) = vector["pods_in_turn"].as_array() else {
                check(&autoscaler, &mut memory, vector, (1_000, 1));
                continue;
            };
            let mut ready = 1;
            for (turn, pods) in turns.iter().enumerate() {
                let requests = f64::from(6 * ready);
                ready = autoscaler.decide(&mut memory, turn as u64 * 2 * SECOND, ready, (requests, requests));
                assert_eq!(u64::from(ready), pods.as_u64().unwrap(), "turn {turn}");
            }
        }
    }

    #[test]
    fn the_last_instance_stays_for_the_grace_and_the_delay_keeps_the_most() {
        let mut settings = KnativeSettings { stable_window: seconds(60), ..KnativeSettings::default() };
        let autoscaler = settings.compile(&Names::default(), ServiceId(0));
        let mut memory = KnativeMemory::default();
        let mut wish = |second: u64, current: u32, requests: f64| {
            let each = |_: &Resolved| crate::control::pods::Pods::default();
            let mut read = |m: &Resolved| Some(if m.metric == Metric::InSystem { requests } else { 0.0 });
            let now_ns = second * SECOND;
            let mut situation = Situation {
                now_ns,
                from_zero_ns: 0,
                of_week_ns: 0,
                current,
                running: current,
                waiting: 0,
                idle: 0,
                is_short: false,
                is_changing: false,
                runs_away: 1.0,
                read: &mut read,
                each: &each,
            };
            autoscaler.wish(&mut memory, &mut situation, 0).to
        };
        assert_eq!([wish(0, 1, 10.0), wish(2, 1, 0.0), wish(30, 1, 0.0), wish(32, 1, 0.0)], [1, 1, 1, 0]);
        assert_eq!([wish(34, 0, 0.0), wish(36, 0, 1.0)], [0, 1]);
        settings.scale_down_delay = seconds(30);
        let (autoscaler, mut memory) = (settings.compile(&Names::default(), ServiceId(0)), KnativeMemory::default());
        let mut decide =
            |second: u64, requests: f64| autoscaler.decide(&mut memory, second * SECOND, 4, (requests, requests));
        assert_eq!([decide(0, 280.0), decide(10, 140.0), decide(29, 140.0), decide(30, 140.0)], [4, 4, 4, 2]);
    }
}
