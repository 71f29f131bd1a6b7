//! Load shedding: which requests an instance turns away because others matter more.

use crate::kind::Kind;
use crate::problem::Problems;
use crate::units::SimDuration;
use crate::workload::Priority;
use serde::{Deserialize, Serialize};

/// Which requests are shed, as written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShedSettings {
    /// The less important ones, when requests wait for a worker.
    ByPriority(ByPrioritySettings),
}

/// The kinds of shedding.
pub const ALL: &[Kind] =
    &[Kind { family: "shed", name: "by_priority", schema: || schemars::schema_for!(ByPrioritySettings) }];

/// Turns less important requests away while the queue is slow.
///
/// # What it models
/// An instance knows how slow its queue is: how long the request has waited that got a worker last, or how long the first in the queue has waited by
/// now, whichever is longer; nothing while a worker is free. A request whose priority has a time in `queue_wait` is turned away (outcome `shed`)
/// while the queue is slower than that. A priority without a time is never shed. Where the queue is not first come, first served, only the wait of
/// the request that got a worker last is known.
///
/// Requests have the priority of their load class, with all that is called for them.
///
/// # When to use it
/// To keep what matters whole in overload, at the price of what can wait or be done without. Times that grow with importance shed in that order.
///
/// # Knobs
/// - `queue_wait`: by priority (`critical_plus`, `critical`, `sheddable_plus`, `sheddable`), how slow the queue may be, durations, required
///
/// # Example
/// ```yaml
/// services: {api: {workers: 16, admission: {shed: {by_priority: {queue_wait: {sheddable: 20ms, sheddable_plus: 50ms}}}}}}
/// ```
///
/// # Source
/// Criticality as in Beyer et al., "Site Reliability Engineering", ch. 21. The wait in the queue as the sign of overload as in DAGOR (Zhou et al.,
/// "Overload Control for Scaling `WeChat` Microservices", `SoCC` 2018: 20 ms), which takes its average over a second or 2,000 requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ByPrioritySettings {
    /// How slow the queue may be for requests of a priority.
    pub queue_wait: QueueWaits,
}

/// How slow the queue may be, by priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct QueueWaits {
    /// For what is most important; default never shed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub critical_plus: Option<SimDuration>,
    /// For what users see; default never shed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub critical: Option<SimDuration>,
    /// For what may fail in part; default never shed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheddable_plus: Option<SimDuration>,
    /// For what is least important; default never shed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheddable: Option<SimDuration>,
}

impl QueueWaits {
    /// How slow the queue may be, in the order of [`Priority::ALL`].
    fn all(&self) -> [Option<SimDuration>; 4] {
        [self.critical_plus, self.critical, self.sheddable_plus, self.sheddable]
    }
}

impl ShedSettings {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        let Self::ByPriority(settings) = self;
        problems.at("by_priority", |p| p.at("queue_wait", |p| settings.queue_wait.validate(p)));
    }

    /// The longest wait of the queue at which requests of each priority are let in [ns], by the number of the priority.
    pub fn most_ns(&self) -> [u64; 4] {
        let Self::ByPriority(settings) = self;
        settings.queue_wait.all().map(|wait| wait.map_or(u64::MAX, SimDuration::ns))
    }
}

impl QueueWaits {
    fn validate(&self, problems: &mut Problems) {
        let all = self.all();
        if all.iter().all(Option::is_none) {
            problems.error("", "nothing is shed without a time").hint = Some("write sheddable: 20ms".into());
        }
        for (more, less) in Priority::ALL.into_iter().zip(Priority::ALL.into_iter().skip(1)) {
            let (Some(important), below) = (all[more as usize], all[less as usize]) else { continue };
            if below.is_none_or(|below| below > important) {
                let message = format!("{} is shed before {}, which matters less", more.name(), less.name());
                problems.error(more.name(), message).hint =
                    Some(format!("write a time for {} that is no longer", less.name()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(json: serde_json::Value) -> Vec<String> {
        let settings: ShedSettings = serde_json::from_value(json).unwrap();
        let mut problems = Problems::new();
        settings.validate(&mut problems);
        problems.into_vec().into_iter().map(|p| p.path).collect()
    }

    #[test]
    fn what_matters_less_is_shed_first() {
        let waits = |waits: serde_json::Value| problems(serde_json::json!({"by_priority": {"queue_wait": waits}}));
        assert!(
            waits(serde_json::json!({"sheddable": "20ms", "sheddable_plus": "50ms", "critical": "200ms"})).is_empty()
        );
        assert_eq!(waits(serde_json::json!({})), ["by_priority.queue_wait"]);
        let of = "by_priority.queue_wait.critical";
        assert_eq!(waits(serde_json::json!({"critical": "20ms"})), [of]);
        assert_eq!(waits(serde_json::json!({"critical": "20ms", "sheddable_plus": "30ms", "sheddable": "1ms"})), [of]);
        let settings: ShedSettings =
            serde_json::from_value(serde_json::json!({"by_priority": {"queue_wait": {"sheddable": "20ms"}}})).unwrap();
        assert_eq!(settings.most_ns(), [u64::MAX, u64::MAX, u64::MAX, 20_000_000]);
    }
}
