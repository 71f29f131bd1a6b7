//! Scaling by hand: a service gets another number of instances.

use crate::faults::TargetSettings;
use crate::problem::Problems;
use crate::units::Count;
use serde::{Deserialize, Serialize};

/// A service gets another number of instances.
///
/// # What it models
/// What an operator does by hand. When `takes` is over, new instances are ordered and start after their `start_up`, or the last ones
/// drain. Crashed instances count as present. A scaler of the service may change the number again.
///
/// # When to use it
/// To add room in a rollback, or to ask what a wrong number does.
///
/// # Knobs
/// - `set`: how many instances there are to be, count; required
///
/// # Example
/// ```yaml
/// rollback: [{do: {scale: {set: 16}}, where: {service: payment}, takes: 30s}]
/// ```
///
/// # Source
/// Kubernetes `kubectl scale`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScaleSettings {
    /// How many instances there are to be.
    pub set: Count,
}

/// More instances than this are too many.
const MOST: u64 = 100_000;

impl ScaleSettings {
    /// A service keeps an instance.
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.set.get() == 0 {
            problems.error("set", "a service without instances answers nothing").hint =
                Some("write at least 1; to stop a service, inject: crash".into());
        } else if self.set.get() > MOST {
            problems.error("set", "more than 100,000 instances are too many").hint = Some("write at most 100k".into());
        }
    }
}

/// Whether a target is a service and nothing else.
pub(super) fn is_service(target: &TargetSettings) -> bool {
    let service = TargetSettings { service: target.service.clone(), ..TargetSettings::default() };
    *target == service && target.service.as_deref().is_some_and(|name| name != "all")
}
