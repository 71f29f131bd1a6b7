//! How many replicas a metric asks for: `replica_calculator.go` of Kubernetes, in the same whole numbers.
//!
//! Values are thousandths, as Kubernetes has them, and averages are rounded down to whole thousandths or percents as there.

use crate::control::pods::{Phase, Pod};

/// How near to 1 usage / target may be without a change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerances {
    /// Above 1.
    pub up: f64,
    /// Below 1.
    pub down: f64,
}

impl Tolerances {
    fn hold(self, ratio: f64) -> bool {
        1.0 - self.down <= ratio && ratio <= 1.0 + self.up
    }
}

/// For how long the CPU of a young pod is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Youth {
    /// `--horizontal-pod-autoscaler-cpu-initialization-period` [ns].
    pub cpu_initialization_ns: u64,
    /// `--horizontal-pod-autoscaler-initial-readiness-delay` [ns].
    pub initial_readiness_ns: u64,
}

/// What a calculation comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proposal {
    /// So many replicas.
    Replicas(u32),
    /// As many as there are, because the metric is near enough to its target.
    Near,
    /// As many as there are, because what is not known of some pods could turn the direction.
    Unsure,
    /// The metric cannot be had.
    NoData,
}

/// A pod's usage and its request [thousandths].
type Usage = (i64, i64);

/// The pods of a metric, told apart as Kubernetes does.
struct Groups {
    counted: Vec<Usage>,
    /// Requests of those whose metric does not count because they are not ready.
    unready: Vec<i64>,
    /// Requests of those without a metric.
    missing: Vec<i64>,
}

/// Thousandths, rounded up as a `Quantity` is.
fn milli(value: f64) -> i64 {
    (value * 1_000.0 - 1e-6).ceil() as i64
}

fn group(pods: &[Pod], request_milli: i64, cpu: Option<(Youth, u64)>, now_ns: u64) -> Groups {
    let mut groups = Groups { counted: Vec::new(), unready: Vec::new(), missing: Vec::new() };
    for pod in pods.iter().filter(|pod| pod.phase != Phase::Ended) {
        if pod.phase == Phase::Pending {
            groups.unready.push(request_milli);
            continue;
        }
        let Some(sample) = pod.sample else {
            groups.missing.push(request_milli);
            continue;
        };
        let is_unready = cpu.is_some_and(|(youth, from_ns)| {
            if pod.started_ns + youth.cpu_initialization_ns > now_ns {
                // A whole window has to lie behind the last change of readiness.
                !pod.is_ready || from_ns < pod.turned_ns
            } else {
                // It has never been ready.
                !pod.is_ready && pod.started_ns + youth.initial_readiness_ns > pod.turned_ns
            }
        });
        if is_unready {
            groups.unready.push(request_milli);
        } else {
            groups.counted.push((milli(sample), request_milli));
        }
    }
    groups
}

/// The second part of both calculations: `ratio_of` is usage / target of a list of pods, and `missing_as` the usage of a pod without a metric on the
/// way down, of its request.
fn calculate(
    current: u32,
    groups: Groups,
    tolerances: Tolerances,
    ratio_of: impl Fn(&[Usage]) -> Option<f64>,
    missing_as: impl Fn(i64) -> i64,
) -> Proposal {
    let Groups { mut counted, unready, missing } = groups;
    let Some(ratio) = ratio_of(&counted) else { return Proposal::NoData };
    let ready = counted.len() as f64;
    let grows_with_unready = !unready.is_empty() && ratio > 1.0;
    if !grows_with_unready && missing.is_empty() {
        return if tolerances.hold(ratio) { Proposal::Near } else { Proposal::Replicas((ratio * ready).ceil() as u32) };
    }
    if ratio < 1.0 {
        counted.extend(missing.iter().map(|request| (missing_as(*request), *request)));
    } else if ratio > 1.0 {
        counted.extend(missing.iter().map(|request| (0, *request)));
    }
    if grows_with_unready {
        counted.extend(unready.iter().map(|request| (0, *request)));
    }
    let Some(again) = ratio_of(&counted) else { return Proposal::NoData };
    if tolerances.hold(again) {
        return Proposal::Near;
    }
    if (ratio < 1.0 && again > 1.0) || (ratio > 1.0 && again < 1.0) {
        return Proposal::Unsure;
    }
    let replicas = (again * counted.len() as f64).ceil() as u32;
    if (again < 1.0 && replicas > current) || (again > 1.0 && replicas < current) {
        return Proposal::Unsure;
    }
    Proposal::Replicas(replicas)
}

/// A resource metric with `averageUtilization`: usage in units of which a pod requests `request`, and a target [%]. `from_ns` is when the window of
/// the readings began; CPU alone is not believed of young pods.
#[derive(Debug, Clone, Copy)]
pub struct Resource {
    /// What a pod requests.
    pub request: f64,
    /// What is to be used of it [%].
    pub target_percent: i64,
    /// Of CPU, who is young, and when the window of the readings began [ns].
    pub cpu: Option<(Youth, u64)>,
}

/// Replicas by a resource of each pod.
pub fn by_resource(current: u32, pods: &[Pod], of: Resource, tolerances: Tolerances, now_ns: u64) -> Proposal {
    let ratio_of = |counted: &[Usage]| {
        let (used, requested) = counted.iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        (requested > 0).then(|| (used * 100 / requested) as f64 / of.target_percent as f64)
    };
    let request_milli = milli(of.request).max(1);
    let groups = group(pods, request_milli, of.cpu, now_ns);
    calculate(current, groups, tolerances, ratio_of, |request| request * of.target_percent.max(100) / 100)
}

/// Replicas by a metric of each pod with `averageValue`.
pub fn by_pods(current: u32, pods: &[Pod], target: f64, tolerances: Tolerances, now_ns: u64) -> Proposal {
    let target_milli = milli(target).max(1);
    let ratio_of = |counted: &[Usage]| {
        let used: i64 = counted.iter().map(|one| one.0).sum();
        (!counted.is_empty()).then(|| (used / counted.len() as i64) as f64 / target_milli as f64)
    };
    calculate(current, group(pods, 0, None, now_ns), tolerances, ratio_of, |_| target_milli)
}

/// Replicas by a metric of another object with `value`.
pub fn by_value(current: u32, pods: &[Pod], value: f64, target: f64, tolerances: Tolerances) -> Proposal {
    let ratio = value / target;
    if current == 0 {
        return Proposal::Replicas(ratio.ceil() as u32);
    }
    if tolerances.hold(ratio) {
        return Proposal::Near;
    }
    let ready = pods.iter().filter(|pod| pod.phase == Phase::Running && pod.is_ready).count();
    Proposal::Replicas((ratio * ready as f64).ceil() as u32)
}

/// Replicas by a metric of another object with `averageValue`: a share of the value for each replica.
pub fn by_average(current: u32, value: f64, target: f64, tolerances: Tolerances) -> Proposal {
    if current > 0 && tolerances.hold(value / (target * f64::from(current))) {
        return Proposal::Near;
    }
    Proposal::Replicas((value / target - 1e-9).ceil().max(0.0) as u32)
}
