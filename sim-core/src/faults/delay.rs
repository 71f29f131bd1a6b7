//! Delay: a share of messages takes longer.

use super::fail::never;
use crate::dist::Distribution;
use crate::problem::Problems;
use crate::units::Probability;
use serde::{Deserialize, Serialize};

/// A share of calls takes longer by a time of its own.
///
/// # What it models
/// Each message that goes the way of the target edge is held up by a drawn time, by its own chance: with `from: a` and `to: b` requests of
/// calls from a to b, and replies of calls from b to a; with `between` both ways, so that a call is held up twice. With instances as target
/// each call to them is held up once, on its way there. No capacity is used meanwhile. Delays that overlap add up.
///
/// # When to use it
/// For congested links, and the first half of a chaos field: with probability 10 % add 500 ms.
///
/// # Knobs
/// - `add`: by how much, distribution; required
/// - `probability`: chance for each message, percentage, default 100%
///
/// # Example
/// ```yaml
/// faults:
///   chaos-slow: {inject: {delay: {probability: 10%, add: 500ms}}, where: {from: web, to: api.get}}
/// ```
///
/// # Source
/// Chaos Mesh `NetworkChaos` delay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DelaySettings {
    /// By how much a call is held up.
    pub add: Distribution,
    /// Chance for each call.
    #[serde(default = "always")]
    pub probability: Probability,
}

fn always() -> Probability {
    Probability::ONE
}

impl DelaySettings {
    /// A chance or a delay of zero does nothing.
    pub fn validate(&self, problems: &mut Problems) {
        never(self.probability, problems);
        problems.at("add", |p| {
            self.add.validate(p);
            if self.add.mean() <= 0.0 {
                p.error("", "a delay of no time changes nothing").hint = Some("write a time such as 500ms".into());
            }
        });
    }
}
