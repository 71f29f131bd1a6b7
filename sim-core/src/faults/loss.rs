//! Loss: a share of messages is lost on the way.

use super::fail::never;
use crate::problem::Problems;
use crate::units::Probability;
use serde::{Deserialize, Serialize};

/// A share of messages is lost on the way; the caller notices by its timeout.
///
/// # What it models
/// Requests and replies that go the way of the target are each lost by their own chance; so are deliveries of messages from a queue to its
/// consumers and their acknowledgements. A lost reply leaves work done that the caller does not know
/// of: retries of it may be duplicate effects.
///
/// # When to use it
/// For lossy links and overloaded switches.
///
/// # Knobs
/// - `probability`: chance for each message, percentage; required
///
/// # Example
/// ```yaml
/// faults:
///   lossy: {inject: {loss: {probability: 5%}}, where: {between: [a, b]}, at: 5m, for: 10m}
/// ```
///
/// # Source
/// Chaos Mesh `NetworkChaos` loss; tc netem loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LossSettings {
    /// Chance for each message.
    pub probability: Probability,
}

impl LossSettings {
    /// A chance of zero does nothing.
    pub fn validate(&self, problems: &mut Problems) {
        never(self.probability, problems);
    }
}
