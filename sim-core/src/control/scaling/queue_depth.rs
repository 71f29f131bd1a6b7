//! Scaling by the depth of a queue.

use super::Situation;
use crate::expression::{Metric, Resolved, ScopeMeant, Subject};
use crate::names::Names;
use crate::problem::Problems;
use crate::units::Count;
use serde::{Deserialize, Serialize};

/// One instance for so many waiting messages.
///
/// # What it models
/// The plainest scaler of queue workers: instances = depth / `per_instance`, whole ones (rounded down), between the scaler's `min`
/// and `max`. The depth is the number that wait at the latest scrape.
///
/// # When to use it
/// For workers that take messages from a queue, where waiting is no harm as long as the queue drains in time.
///
/// # Knobs
/// - `queue`: whose depth is read, a queue or service; required
/// - `per_instance`: waiting messages for one instance, count; required
///
/// # Example
/// ```yaml
/// control:
///   scalers:
///     resizer: {of: resizer, use: {queue_depth: {queue: jobs, per_instance: 100}}, every: 10s, min: 1, max: 100}
/// ```
///
/// # Source
/// replicas = min(100, max(1, depth / 100)), every 10 s.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueueDepthSettings {
    /// Whose depth is read.
    pub queue: String,
    /// Waiting messages for one instance.
    pub per_instance: Count,
}

/// As meant.
#[derive(Debug, Clone, PartialEq)]
pub struct QueueDepth {
    /// The depth.
    pub depth: Resolved,
    /// Waiting messages for one instance, above 0.
    pub per_instance: u64,
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
        Some(QueueDepth { depth, per_instance: self.per_instance.get().max(1) })
    }
}

impl QueueDepth {
    pub(super) fn wanted(&self, situation: &mut Situation<'_>) -> Option<u32> {
        let depth = (situation.read)(&self.depth)?;
        Some(u32::try_from(depth as u64 / self.per_instance).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::super::ScalerState;
    use super::super::tests::{decide, scaler};

    // CATALOGUE C1: replicas = min(100, max(1, depth / 100)).
    #[test]
    fn replicas_follow_the_formula() {
        let scaler = scaler(serde_json::json!({
            "of": "api", "use": {"queue_depth": {"queue": "jobs", "per_instance": 100}}, "every": "10s", "min": 1, "max": 100
        }));
        for (depth, expect) in [(0.0, 1), (99.0, 1), (199.0, 1), (200.0, 2), (5_050.0, 50), (10_000.0, 100), (1e9, 100)]
        {
            let found = decide(&scaler, &mut ScalerState::default(), 0, 7, &mut |_| Some(depth));
            assert_eq!(found, expect, "depth {depth}");
        }
    }
}
