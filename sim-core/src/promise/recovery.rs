//! Recovery: how soon after a fault an endpoint keeps its promises again.

use super::{Promise, PromiseKind};
use crate::ids::EndpointId;
use crate::problem::Problems;
use crate::units::SimDuration;
use serde::{Deserialize, Serialize};

/// The endpoint is back soon after a fault.
///
/// # What it models
/// From the end of the fault to the first moment from which the endpoint keeps its availability and latency promises for 30 s, looked
/// at in windows of 10 s. A window without requests keeps nothing. If it never does, the promise is broken; if the run ends too early
/// to know, it is not judged. Latency is known in windows only of endpoints that a load class calls.
///
/// # When to use it
/// For every fault that should heal by itself.
///
/// # Knobs
/// - `after`: the fault, name; required
/// - `within`: the bound, duration; required
///
/// # Example
/// ```yaml
/// promises:
///   back-soon: {keep: {recovery: {after: brownout, within: 60s}}, of: gateway.checkout}
/// ```
///
/// # Source
/// Bronson et al., Metastable failures in distributed systems, `HotOS` 2021.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecoverySettings {
    /// The fault whose end it is counted from, by its name.
    pub after: String,
    /// How long the way back may take at most.
    pub within: SimDuration,
}

impl RecoverySettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.within.is_zero() {
            problems.error("within", "nothing is back in no time").hint = Some("write a bound such as 60s".into());
        }
    }
}

/// A promise to be back needs something to be back to: an availability or latency promise of the same endpoint. The problems'
/// path is that of the promises.
pub fn check_recoveries(promises: &[Promise], problems: &mut Problems) {
    for promise in promises {
        let PromiseKind::Recovery { of, .. } = promise.kind else { continue };
        if !promises.iter().any(|other| is_about(other, of)) {
            problems.at(&promise.name, |p| {
                let problem = p.error("keep", "nothing says what the endpoint has to keep to be back");
                problem.label = Some("recovery is back to the availability and latency that are promised".into());
                problem.hint = Some("promise its availability or latency too".into());
            });
        }
    }
}

/// Whether anything is promised of an endpoint that it can be back to after a fault.
pub fn keeps_anything(promises: &[Promise], endpoint: EndpointId) -> bool {
    promises.iter().any(|promise| is_about(promise, endpoint))
}

/// Whether a promise says what an endpoint has to keep to be back after a fault.
pub(crate) fn is_about(promise: &Promise, endpoint: EndpointId) -> bool {
    match promise.kind {
        PromiseKind::Availability { of, .. } | PromiseKind::Latency { of, .. } => of == endpoint,
        _ => false,
    }
}
