//! Scaling by the depth of a queue.

use super::situation::{Situation, Wish};
use crate::expression::{Metric, Resolved, ScopeMeant, Subject};
use crate::names::Names;
use crate::problem::Problems;
use crate::results::Held;
use crate::units::Count;
use serde::{Deserialize, Serialize};

/// One instance for so many waiting messages.
///
/// # What it models
/// The plainest scaler of queue workers: instances = depth / `per_instance`, between the scaler's `min` and `max`. Rounded up, as KEDA
/// and the horizontal pod autoscaler do with an average value, one message is enough for an instance, also where there is none
/// (`min: 0`), and none is left once the queue is empty. Rounded down, as many hand-written scalers do, a part of an instance is none.
/// The depth is the number that wait at the latest scrape.
///
/// It differs from KEDA in this: messages that are being worked on do not count (they do in some of KEDA's scalers), there is no
/// tolerance of 10 % (the pod autoscaler keeps its number while depth / instances is so near to `per_instance`), and no
/// `cooldownPeriod` of 300 s before the last instance goes; use `cooldown` for that.
///
/// # When to use it
/// For workers that take messages from a queue, where waiting is no harm as long as the queue drains in time.
///
/// # Knobs
/// - `queue`: whose depth is read, a queue or service; required
/// - `per_instance`: waiting messages for one instance, count; required
/// - `rounding`: `up` or `down`, default up
///
/// # Example
/// ```yaml
/// control:
///   scalers:
///     resizer: {of: resizer, use: {queue_depth: {queue: jobs, per_instance: 100}}, every: 10s, min: 1, max: 100}
/// ```
///
/// # Source
/// Up: KEDA `queueLength`, Kubernetes HPA `AverageValue`: ceil(depth / target). Down: replicas = min(100, max(1, depth / 100)) in whole
/// numbers, every 10 s.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueueDepthSettings {
    /// Whose depth is read.
    pub queue: String,
    /// Waiting messages for one instance.
    pub per_instance: Count,
    /// What becomes of a part of an instance.
    #[serde(default)]
    pub rounding: Rounding,
}

/// To which whole number of instances a part of one is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// A part of an instance is one.
    #[default]
    Up,
    /// A part of an instance is none.
    Down,
}

/// As meant.
#[derive(Debug, Clone, PartialEq)]
pub struct QueueDepth {
    /// The number of messages that wait, as a metric.
    pub depth: Resolved,
    /// Waiting messages for one instance, above 0.
    pub per_instance: u64,
    /// What becomes of a part of an instance.
    pub rounding: Rounding,
}

impl QueueDepthSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.per_instance.get() == 0 {
            problems.error("per_instance", "one instance for no messages is no number of instances").hint =
                Some("write a count such as 100".into());
        }
    }

    pub(super) fn compile(&self, names: &Names, problems: &mut Problems) -> Option<QueueDepth> {
        let service = names.service("queue", &self.queue, problems)?;
        let depth =
            Resolved { metric: Metric::QueueLength, subject: Subject::Service(service), scope: ScopeMeant::default() };
        Some(QueueDepth { depth, per_instance: self.per_instance.get().max(1), rounding: self.rounding })
    }
}

impl QueueDepth {
    pub(super) fn wish(&self, situation: &mut Situation<'_>) -> Wish {
        let Some(depth) = (situation.read)(&self.depth) else { return Wish::keep(situation.current, Held::NoData) };
        let depth = depth as u64;
        let instances = match self.rounding {
            Rounding::Up => depth.div_ceil(self.per_instance),
            Rounding::Down => depth / self.per_instance,
        };
        Wish::of(u32::try_from(instances).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::super::ScalerState;
    use super::super::tests::{decide, scaler};

    fn check(rounding: Option<&str>, min: u32, per_instance: u32, depths: &[(f64, u32)]) {
        let mut policy = serde_json::json!({"queue": "jobs", "per_instance": per_instance});
        if let Some(rounding) = rounding {
            policy["rounding"] = rounding.into();
        }
        let scaler = scaler(serde_json::json!({
            "of": "api", "use": {"queue_depth": policy}, "every": "10s", "min": min, "max": 100
        }));
        for &(depth, expect) in depths {
            let found = decide(&scaler, &mut ScalerState::default(), 0, 7, &mut |_| Some(depth));
            assert_eq!(found, expect, "depth {depth}");
        }
    }

    // Replicas = min(100, max(1, depth / 100)) in whole numbers.
    #[test]
    fn rounded_down_replicas_follow_the_formula() {
        let depths = [(0.0, 1), (99.0, 1), (199.0, 1), (200.0, 2), (5_050.0, 50), (10_000.0, 100), (1e9, 100)];
        check(Some("down"), 1, 100, &depths);
    }

    // kedacore/keda issues 196 and 1942: ceil(depth / target), from none to one by the first message.
    #[test]
    fn rounded_up_one_message_is_enough_for_an_instance() {
        check(None, 0, 50, &[(0.0, 0), (1.0, 1), (30.0, 1), (50.0, 1), (51.0, 2), (120.0, 3), (1e9, 100)]);
    }
}
