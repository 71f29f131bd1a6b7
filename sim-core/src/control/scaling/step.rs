//! Step scaling: a change for each band of a metric.

use super::situation::{Situation, Wish, read};
use crate::expression::{Resolved, Tree, Value};
use crate::names::Names;
use crate::problem::Problems;
use crate::results::Held;
use crate::units::{Count, Percent};
use serde::{Deserialize, Serialize};

/// Changes the number of instances by steps, one for each band of a metric.
///
/// # What it models
/// The first band that the metric is in decides: write the widest last. A percentage is of the current number, rounded toward zero,
/// and at least one instance; a count is added, or taken away where it is `below`.
///
/// # When to use it
/// When reactions should be graded, and small ones should not wait for large ones.
///
/// # Knobs
/// - `metric`: what is read, such as `cpu(api)`; required
/// - `steps`: list of `above` or `below` (a value of the metric's unit), and `change` by `percent` or `count`; required
///
/// # Example
/// ```yaml
/// use: {step: {metric: cpu(api), steps: [{above: 70%, change: {percent: 30%}}, {below: 30%, change: {percent: -30%}}]}}
/// ```
///
/// # Source
/// AWS step scaling, `PercentChangeInCapacity`: rounded toward zero, at least 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepSettings {
    /// What is read.
    pub metric: Value,
    /// The bands; the first that fits decides.
    pub steps: Vec<StepBand>,
}

/// One band of the metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepBand {
    /// At or above this value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above: Option<Value>,
    /// At or below this value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<Value>,
    /// What changes.
    pub change: StepChange,
}

/// A change of the number of instances.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepChange {
    /// By a part of the current number, signed.
    Percent(Percent),
    /// By so many.
    Count(Count),
}

/// As meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What is read.
    pub metric: Tree<Resolved>,
    /// (whether above, bound, change).
    bands: Vec<(bool, f64, StepChange)>,
}

impl StepSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.steps.is_empty() {
            problems.error("steps", "without steps nothing is ever changed");
        }
        if self.metric.literal().is_some() {
            problems.error("metric", format!("{} is a number, not a metric", self.metric));
        }
        problems.at("steps", |p| {
            for (place, band) in self.steps.iter().enumerate() {
                p.at(place, |p| self.check(band, p));
            }
        });
    }

    fn check(&self, band: &StepBand, problems: &mut Problems) {
        let (key, bound) = match (&band.above, &band.below) {
            (Some(bound), None) => ("above", bound),
            (None, Some(bound)) => ("below", bound),
            _ => {
                problems.error("", "a step begins either above or below a value").hint =
                    Some("write above: 70% or below: 30%".into());
                return;
            }
        };
        if bound.literal().is_none() {
            problems.error(key, format!("a bound is written, and {bound} is measured"));
        } else if bound.measure() != self.metric.measure() {
            let problem = problems
                .error(key, format!("{} is {}, and this is {}", self.metric, self.metric.measure(), bound.measure()));
            problem.label = Some(format!("expected {}", self.metric.measure().example()));
        }
    }

    pub(super) fn compile(&self, names: &Names, problems: &mut Problems) -> Option<Step> {
        let metric = problems.at("metric", |p| self.metric.compile(names, p))?;
        let bands = self.steps.iter().map(|band| {
            let above = band.above.is_some();
            let bound = band.above.as_ref().or(band.below.as_ref())?.literal()?;
            Some((above, bound, band.change.clone()))
        });
        Some(Step { metric, bands: bands.collect::<Option<_>>()? })
    }
}

impl Step {
    pub(super) fn wish(&self, situation: &mut Situation<'_>) -> Wish {
        let current = situation.current;
        let Some(value) = read(&self.metric, situation) else { return Wish::keep(current, Held::NoData) };
        self.after(value, current).map_or(Wish::keep(current, Held::NoRule), Wish::of)
    }

    /// How many there are after the step of the band that a value is in.
    fn after(&self, value: f64, current: u32) -> Option<u32> {
        // A share that was written and one that was measured may differ in the last bit.
        let slack = value.abs() * 1e-12;
        let fits = |above: bool, bound: f64| if above { value + slack >= bound } else { value - slack <= bound };
        let (above, _, change) = self.bands.iter().find(|(above, bound, _)| fits(*above, *bound))?;
        let by = match change {
            StepChange::Percent(percent) => {
                let exact = f64::from(current) * percent.fraction();
                let size = (exact.abs() + 1e-9).floor().max(1.0);
                if exact < 0.0 { -size } else { size }
            }
            StepChange::Count(count) if *above => count.get() as f64,
            StepChange::Count(count) => -(count.get() as f64),
        };
        Some((f64::from(current) + by).clamp(0.0, f64::from(u32::MAX)) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::super::ScalerState;
    use super::super::tests::{decide, scaler};

    // AWS step scaling, as restated by the Pulumi awsx StepScalingPolicy page: start 10, metric 60, 70, 40 -> 11, 14, 13.
    #[test]
    fn aws_sequence() {
        let scaler = scaler(serde_json::json!({"of": "api", "use": {"step": {"metric": "cpu(api)", "steps": [
            {"above": "70%", "change": {"percent": "30%"}}, {"above": "60%", "change": {"percent": "10%"}},
            {"below": "30%", "change": {"percent": "-30%"}}, {"below": "40%", "change": {"percent": "-10%"}}]}}}));
        let (mut state, mut current) = (ScalerState::default(), 10);
        for (second, (cpu, expect)) in [(0.6, 11), (0.7, 14), (0.4, 13), (0.5, 13)].into_iter().enumerate() {
            current = decide(&scaler, &mut state, second as u64, current, &mut |_| Some(cpu));
            assert_eq!(current, expect, "at cpu {cpu}");
        }
    }
}
