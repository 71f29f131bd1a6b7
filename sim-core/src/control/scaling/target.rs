//! Target tracking: as many instances as bring a metric to its target.

use super::{Situation, ceil, read};
use crate::expression::{Measure, Metric, Resolved, ScopeMeant, Subject, Tree, Value};
use crate::model::ServiceId;
use crate::names::Names;
use crate::problem::Problems;
use crate::units::{Factor, Probability, SimDuration};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Holds metrics at their targets.
///
/// # What it models
/// Instances = current x metric / target, rounded up; of several metrics the one that wants most counts. While the mean response
/// time of the scaled service is above a penalty's bound, the result is multiplied by its factor (the highest bound that is passed
/// counts). A change smaller than `tolerance` of the current number is not made.
///
/// # When to use it
/// For services whose load should sit at a share of their capacity.
///
/// # Knobs
/// - `metrics`: metric to target, such as `cpu(api): 70%`; required
/// - `tolerance`: smaller changes are not made, percentage, default 10%
/// - `penalties`: list of `above` (response time) and `factor`, default none
///
/// # Example
/// ```yaml
/// use: {target: {metrics: {cpu(api): 70%}, penalties: [{above: 200ms, factor: 1.1}, {above: 500ms, factor: 1.2}]}}
/// ```
///
/// # Source
/// Target tracking policies of cloud autoscalers; Kubernetes horizontal pod autoscaler, without its stabilisation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetSettings {
    /// Metric to target.
    pub metrics: MetricTargets,
    /// Smaller changes are not made.
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
    targets: Vec<(Tree<Resolved>, f64)>,
    tolerance: f64,
    /// Bound [s] and factor, by bound.
    penalties: Vec<(f64, f64)>,
    response: Resolved,
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
        let targets: Vec<Option<(Tree<Resolved>, f64)>> = problems.at("metrics", |p| {
            let entry = |(metric, target): &(Value, Value), p: &mut Problems| {
                let tree = p.at(metric, |p| metric.compile(names, p))?;
                Some((tree, target.literal()?))
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

fn check_target(metric: &Value, target: &Value, problems: &mut Problems) {
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

impl TargetTracking {
    pub(super) fn wanted(&self, situation: &mut Situation<'_>) -> Option<u32> {
        let mut ratio: Option<f64> = None;
        for (metric, target) in &self.targets {
            if let Some(value) = read(metric, situation) {
                ratio = Some(ratio.unwrap_or(0.0).max(value / target));
            }
        }
        let current = situation.current;
        let wanted = ceil(f64::from(current) * ratio? * self.penalty(situation));
        let change = f64::from(wanted.abs_diff(current));
        Some(if change < self.tolerance * f64::from(current) { current } else { wanted })
    }

    fn penalty(&self, situation: &mut Situation<'_>) -> f64 {
        if self.penalties.is_empty() {
            return 1.0;
        }
        let response_s = (situation.read)(&self.response).unwrap_or(0.0);
        self.penalties.iter().rev().find(|(above_s, _)| response_s > *above_s).map_or(1.0, |(_, factor)| *factor)
    }

    pub(super) fn metrics(&self) -> Vec<&Resolved> {
        let mut all: Vec<&Resolved> = self.targets.iter().flat_map(|(tree, _)| tree.metrics()).collect();
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

    fn tracking() -> Scaler {
        scaler(serde_json::json!({
            "of": "api", "min": 1, "max": 100,
            "use": {"target": {"metrics": {"cpu(api)": "70%"}, "tolerance": "10%",
                "penalties": [{"above": "200ms", "factor": 1.1}, {"above": "500ms", "factor": 1.2}]}}
        }))
    }

    /// Decides with a CPU share and a mean response time [s].
    fn check(current: u32, cpu: f64, response_s: f64, expect: u32) {
        let mut read = |m: &Resolved| Some(if m.metric == Metric::Cpu { cpu } else { response_s });
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
