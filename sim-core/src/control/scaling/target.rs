//! Target tracking: as many instances as bring a metric to its target.

use super::situation::{Situation, Wish, ceil, read};
use crate::expression::{Measure, Metric, Resolved, ScopeMeant, Subject, Tree, Value, Window};
use crate::ids::ServiceId;
use crate::names::Names;
use crate::problem::Problems;
use crate::results::Held;
use crate::units::{Factor, Probability, SimDuration};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Holds metrics at their targets.
///
/// # What it models
/// The algorithm of the Kubernetes horizontal pod autoscaler. Instances = instances that the metric covers x metric / target, rounded
/// up; no change while |metric / target - 1| is at most `tolerance`; of several metrics the one that wants most counts, and while one
/// has no data nothing is taken away. Instances that are starting count as 0 on the way up, and not at all on the way down, so that an
/// order is not repeated while its instances start. Instances that run and are not yet in the metric (telemetry is late) count as 0 on
/// the way up, and as fully used on the way down. Where such instances turn a way up into a way down, nothing is changed.
///
/// It differs from Kubernetes in this:
/// - there is no stabilisation window (300 s on the way down there) and no policy of how much may change in 15 s; use `cooldown` instead
/// - the metric is what telemetry has delivered of the whole service, not a list of pods: an instance is covered for the part of the
///   reading's window in which it ran, and there is no initialisation period in which the CPU of a young instance is not believed
/// - `penalties` are not in Kubernetes: while the mean response time of the scaled service is above a penalty's bound, the ratio, which
///   is 1 within the tolerance, is multiplied by its factor (the highest bound that is passed counts)
///
/// # When to use it
/// For services whose load should sit at a share of their capacity.
///
/// # Knobs
/// - `metrics`: metric to target, such as `cpu(api): 70%`; required
/// - `tolerance`: how far metric / target may be from 1 without a change, percentage, default 10%
/// - `penalties`: list of `above` (response time) and `factor`, default none
///
/// # Example
/// ```yaml
/// use: {target: {metrics: {cpu(api): 70%}, penalties: [{above: 200ms, factor: 1.1}, {above: 500ms, factor: 1.2}]}}
/// ```
///
/// # Source
/// kubernetes.io, Horizontal Pod Autoscaling, algorithm details; kubernetes/kubernetes `replica_calculator.go`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetSettings {
    /// Metric to target.
    pub metrics: MetricTargets,
    /// How far metric / target may be from 1 without a change.
    #[serde(default = "tenth")]
    pub tolerance: Probability,
    /// More instances while responses are slow.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub penalties: Vec<Penalty>,
}

/// More instances while responses are slow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Penalty {
    /// Mean response time above which it counts.
    pub above: SimDuration,
    /// By what the number of instances is multiplied.
    pub factor: Factor,
}

fn tenth() -> Probability {
    Probability::new(0.1).unwrap_or_default()
}

/// Metrics and their targets, in the order of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricTargets(pub Vec<(Value, Value)>);

impl MetricTargets {
    /// Whether nothing is written.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for MetricTargets {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(metric, target)| (metric, target)))
    }
}

impl<'de> Deserialize<'de> for MetricTargets {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> serde::de::Visitor<'de> for Entries {
            type Value = MetricTargets;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("metrics and their targets such as {cpu(api): 70%}")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<MetricTargets, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(MetricTargets(entries))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

impl schemars::JsonSchema for MetricTargets {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "MetricTargets".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "object",
            "description": "metrics and their targets such as {cpu(api): 70%}",
            "additionalProperties": { "type": ["string", "number"] }
        })
    }
}

/// As meant.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetTracking {
    targets: Vec<Target>,
    tolerance: f64,
    /// Bound [s] and factor, by bound.
    penalties: Vec<(f64, f64)>,
    response: Resolved,
}

/// A metric and its target.
#[derive(Debug, Clone, PartialEq)]
struct Target {
    metric: Tree<Resolved>,
    target: f64,
    /// The mean number of running instances over the same stretch of time.
    covered: Resolved,
    /// Metric / target of an instance that is fully used, where nothing is known of it: 100 %, or the target where that is more.
    full: f64,
}

impl TargetSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        problems.at("metrics", |p| {
            if self.metrics.0.is_empty() {
                p.error("", "nothing is tracked").hint = Some("write a metric and its target: {cpu(api): 70%}".into());
            }
            for (metric, target) in &self.metrics.0 {
                p.at(metric, |p| check_target(metric, target, p));
            }
        });
        let mut penalties: Vec<_> = self.penalties.iter().map(|p| p.above).collect();
        penalties.dedup();
        if penalties.len() < self.penalties.len() {
            problems.error("penalties", "two penalties begin at the same response time");
        }
    }

    pub(super) fn compile(
        &self,
        names: &Names,
        problems: &mut Problems,
        of: Option<ServiceId>,
    ) -> Option<TargetTracking> {
        let targets: Vec<Option<Target>> = problems.at("metrics", |p| {
            let entry = |(metric, target): &(Value, Value), p: &mut Problems| {
                let is_share = metric.measure() == Measure::Share;
                let tree = p.at(metric, |p| metric.compile(names, p))?;
                Some(Target::new(tree, target.literal()?, of?, is_share))
            };
            self.metrics.0.iter().map(|both| entry(both, p)).collect()
        });
        let mut penalties: Vec<(f64, f64)> =
            self.penalties.iter().map(|p| (p.above.secs(), p.factor.value())).collect();
        penalties.sort_by(|a, b| a.0.total_cmp(&b.0));
        Some(TargetTracking {
            targets: targets.into_iter().collect::<Option<_>>()?,
            tolerance: self.tolerance.value(),
            penalties,
            response: Resolved { metric: Metric::Mean, subject: Subject::Service(of?), scope: ScopeMeant::default() },
        })
    }
}

pub(super) fn check_target(metric: &Value, target: &Value, problems: &mut Problems) {
    if metric.literal().is_some() {
        problems.error("", format!("{metric} is a number, not a metric"));
    }
    match target.literal() {
        None => {
            problems.error("", format!("a target is written, and {target} is measured"));
        }
        Some(value) if value <= 0.0 => {
            problems.error("", "a target of zero is never reached").hint = Some("write a target such as 70%".into());
        }
        Some(_) if metric.measure() != target.measure() && metric.measure() != Measure::Truth => {
            let problem =
                problems.error("", format!("{metric} is {}, and its target is {}", metric.measure(), target.measure()));
            problem.label = Some(format!("expected {}", metric.measure().example()));
        }
        Some(_) => {}
    }
}

impl Target {
    fn new(metric: Tree<Resolved>, target: f64, of: ServiceId, is_share: bool) -> Self {
        // Without a window the latest scrape is meant, and of that the mean, not the number at its end: instances that came up within
        // it have worked for a part of it only.
        let window = metric.metrics().first().and_then(|first| first.scope.window);
        let scope = ScopeMeant { window: window.or(Some(Window::Over(SimDuration::ZERO))), ..ScopeMeant::default() };
        let covered = Resolved { metric: Metric::Instances, subject: Subject::Service(of), scope };
        let full = if is_share { (1.0 / target).max(1.0) } else { 1.0 };
        Self { metric, target, covered, full }
    }

    /// Metric / target, and the number of instances that it covers; `None` without data.
    fn reading(&self, situation: &mut Situation<'_>) -> Option<(f64, f64)> {
        let ratio = read(&self.metric, situation)? / self.target;
        let covered = (situation.read)(&self.covered).unwrap_or_else(|| f64::from(situation.running));
        Some((ratio, covered.min(f64::from(situation.current))))
    }
}

/// How many instances bring a ratio of metric and target back to 1, by the rules of the horizontal pod autoscaler. `covered` instances
/// are in the metric, `running` run, and `current` are ordered; `full` is the ratio of an instance that is fully used.
fn replicas(ratio: f64, covered: f64, full: f64, situation: &Situation<'_>, tolerance: f64) -> u32 {
    let (current, running) = (situation.current, f64::from(situation.running));
    if current == 0 {
        return ceil(ratio);
    }
    let missing = (running - covered).max(0.0);
    let unready = (f64::from(current) - covered - missing).max(0.0);
    let is_within = |ratio: f64| (ratio - 1.0).abs() <= tolerance + 1e-9;
    let grows = ratio > 1.0;
    if missing < 1e-9 && (unready < 1e-9 || !grows) {
        return if is_within(ratio) { current } else { ceil(ratio * covered) };
    }
    let (unknown, counted) =
        if grows { (0.0, covered + missing + unready) } else { (full * missing, covered + missing) };
    let again = (ratio * covered + unknown) / counted;
    if is_within(again) || (again > 1.0) != grows {
        return current;
    }
    let wanted = ceil(again * counted);
    // Those that are not counted must not turn the direction either.
    if (wanted > current) == grows { wanted } else { current }
}

impl TargetTracking {
    pub(super) fn wish(&self, situation: &mut Situation<'_>) -> Wish {
        let current = situation.current;
        match self.wanted(situation) {
            None => Wish::keep(current, Held::NoData),
            Some(wanted) if wanted == current => Wish::keep(current, Held::Tolerance),
            Some(wanted) => Wish::of(wanted),
        }
    }

    fn wanted(&self, situation: &mut Situation<'_>) -> Option<u32> {
        let penalty = self.penalty(situation);
        let (mut most, mut is_blind) = (None, false);
        for target in &self.targets {
            match target.reading(situation) {
                Some((ratio, covered)) => {
                    most = most.max(Some(self.of_one(ratio, covered, target, situation, penalty)));
                }
                None => is_blind = true,
            }
        }
        // What one metric says is too much, another that is not seen may need.
        most.filter(|&wanted| !is_blind || wanted >= situation.current)
    }

    /// What one metric wants.
    fn of_one(&self, ratio: f64, covered: f64, target: &Target, situation: &Situation<'_>, penalty: f64) -> u32 {
        let wanted = replicas(ratio, covered, target.full, situation, self.tolerance);
        if penalty <= 1.0 {
            return wanted;
        }
        let is_within = (ratio - 1.0).abs() <= self.tolerance + 1e-9;
        replicas(if is_within { penalty } else { ratio * penalty }, covered, target.full, situation, 0.0)
    }

    fn penalty(&self, situation: &mut Situation<'_>) -> f64 {
        if self.penalties.is_empty() {
            return 1.0;
        }
        let response_s = (situation.read)(&self.response).unwrap_or(0.0);
        self.penalties.iter().rev().find(|(above_s, _)| response_s > *above_s).map_or(1.0, |(_, factor)| *factor)
    }

    pub(super) fn metrics(&self) -> Vec<&Resolved> {
        let mut all: Vec<&Resolved> = self.targets.iter().flat_map(|target| target.metric.metrics()).collect();
        all.extend(self.targets.iter().map(|target| &target.covered));
        if !self.penalties.is_empty() {
            all.push(&self.response);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{decide, scaler};
    use super::super::{Scaler, ScalerState};
    use super::*;
    use crate::control::pods::Pods;

    fn tracking() -> Scaler {
        scaler(serde_json::json!({
            "of": "api", "min": 1, "max": 100,
            "use": {"target": {"metrics": {"cpu(api)": "70%"}, "tolerance": "10%",
                "penalties": [{"above": "200ms", "factor": 1.1}, {"above": "500ms", "factor": 1.2}]}}
        }))
    }

    /// Decides with a CPU share and a mean response time [s].
    fn check(current: u32, cpu: f64, response_s: f64, expect: u32) {
        let mut read = |m: &Resolved| match m.metric {
            Metric::Cpu => Some(cpu),
            Metric::Instances => Some(f64::from(current)),
            _ => Some(response_s),
        };
        let found = decide(&tracking(), &mut ScalerState::default(), 0, current, &mut read);
        assert_eq!(found, expect, "{current} instances, cpu {cpu}, response {response_s}");
    }

    // CATALOGUE C1: 70 % CPU, penalty 1.1 above 200 ms and 1.2 above 500 ms, changes under 10 % skipped, bounds 1..100.
    #[test]
    fn instances_follow_the_target() {
        check(10, 0.7, 0.1, 10);
        check(10, 0.9, 0.1, 13);
        check(10, 0.35, 0.1, 5);
        check(20, 0.73, 0.1, 20);
        check(60, 1.0, 1.0, 100);
        check(1, 0.01, 0.1, 1);
    }

    #[test]
    fn slow_responses_ask_for_more() {
        check(10, 0.7, 0.2, 10);
        check(10, 0.7, 0.3, 11);
        check(10, 0.7, 0.6, 12);
    }

    /// What the calculator wants of `current` instances, of which `covered` are in the metric and `running` run.
    fn calculate(current: u32, covered: f64, running: u32, value: f64, target: f64) -> u32 {
        let situation = Situation {
            now_ns: 0,
            from_zero_ns: 0,
            of_week_ns: 0,
            current,
            running,
            waiting: 0,
            idle: 0,
            is_short: false,
            is_changing: false,
            runs_away: 1.0,
            read: &mut |_| None,
            each: &|_| Pods::default(),
        };
        replicas(value / target, covered, (1.0 / target).max(1.0), &situation, 0.1)
    }

    // kubernetes/kubernetes@00067268 replica_calculator_test.go, by the names of its tests: CPU as a share of the request. A vector in
    // which a pod has no sample is one in which an instance runs that telemetry has not seen yet.
    #[test]
    fn cpu_vectors_of_the_pod_autoscaler() {
        let check = |name: &str, found: u32, expect: u32| assert_eq!(found, expect, "{name}");
        check("ScaleUp", calculate(3, 3.0, 3, 0.50, 0.30), 5);
        check("ScaleUpUnreadyLessScale", calculate(3, 2.0, 2, 0.60, 0.30), 4);
        check("ScaleUpUnreadyNoScale", calculate(3, 1.0, 1, 0.40, 0.30), 3);
        check("ScaleUpIgnoresFailedPods", calculate(2, 2.0, 2, 0.60, 0.30), 4);
        check("ScaleDown", calculate(5, 5.0, 5, 0.28, 0.50), 3);
        check("ScaleDownExcludeUnscheduledPods", calculate(5, 1.0, 1, 0.10, 0.50), 1);
        check("Tolerance", calculate(3, 3.0, 3, 1.02, 1.0), 3);
        check("SuperfluousMetrics", calculate(4, 4.0, 4, 5.87, 1.0), 24);
        check("MissingMetrics", calculate(4, 2.0, 4, 0.2475, 1.0), 3);
        check("MissingMetricsNoChangeGt", calculate(2, 1.0, 2, 1.90, 1.0), 2);
        check("MissingMetricsUnreadyScaleUp", calculate(3, 1.0, 2, 2.0, 0.50), 4);
    }

    // The same file: metrics of pods and of objects, which are no share.
    #[test]
    fn other_vectors_of_the_pod_autoscaler() {
        let check = |name: &str, found: u32, expect: u32| assert_eq!(found, expect, "{name}");
        check("ScaleUpCM", calculate(3, 3.0, 3, 20.0, 15.0), 4);
        check("ScaleUpCMUnreadyHotCpuNoLessScale", calculate(3, 3.0, 3, 30.0, 15.0), 6);
        check("ScaleUpCMObject", calculate(3, 3.0, 3, 20.0, 15.0), 4);
        check("ScaleUpCMObjectIgnoresUnreadyPods", calculate(3, 1.0, 1, 50.0, 10.0), 5);
        check("ScaleDownCM", calculate(5, 5.0, 5, 12.0, 20.0), 3);
        check("ToleranceCM", calculate(3, 3.0, 3, 20.666, 20.0), 3);
    }

    // kubernetes/kubernetes issue 78761: 4, 8, 16, ... 200 within 75 s, where starting pods counted.
    #[test]
    fn starting_instances_are_not_ordered_again() {
        assert_eq!(calculate(4, 4.0, 4, 1.0, 0.5), 8);
        assert_eq!(calculate(8, 4.0, 4, 1.0, 0.5), 8);
        // One of four has come up in the middle of the scrape, and has worked for half of it.
        assert_eq!(calculate(8, 4.5, 5, 0.89, 0.5), 8);
    }

    #[test]
    fn tolerance_is_of_the_ratio_not_of_whole_instances() {
        // One of two is half of them, and 15 % are not within the tolerance.
        assert_eq!(calculate(2, 2.0, 2, 0.575, 0.5), 3);
        assert_eq!(calculate(2, 2.0, 2, 0.55, 0.5), 2);
        assert_eq!(calculate(100, 100.0, 100, 0.55, 0.5), 100);
        assert_eq!(calculate(100, 100.0, 100, 0.551, 0.5), 111);
    }

    #[test]
    fn a_metric_without_data_forbids_the_way_down() {
        let scaler = scaler(serde_json::json!({"of": "api", "use": {"target": {
            "metrics": {"cpu(api)": "70%", "p99(api.get)": "100ms"}}}}));
        let with_cpu = |cpu: f64| {
            let mut read = |m: &Resolved| match m.metric {
                Metric::Cpu => Some(cpu),
                Metric::Instances => Some(10.0),
                _ => None,
            };
            decide(&scaler, &mut ScalerState::default(), 0, 10, &mut read)
        };
        assert_eq!(with_cpu(0.35), 10);
        assert_eq!(with_cpu(0.84), 12);
    }

    #[test]
    fn units_of_metric_and_target_must_fit() {
        let settings: TargetSettings =
            serde_json::from_value(serde_json::json!({"metrics": {"cpu(api)": "70ms", "rps(api)": "80/s"}})).unwrap();
        let mut problems = Problems::new();
        settings.validate(&mut problems);
        let problems = problems.into_vec();
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].path, "metrics.cpu(api)");
    }
}
