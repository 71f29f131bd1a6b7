//! Poison: some messages of a queue fail on every consumer.

use crate::problem::Problems;
use crate::units::Probability;
use serde::{Deserialize, Serialize};

/// Some messages of a queue or topic fail on every consumer.
///
/// # What it models
/// A message that its consumer cannot handle: it takes a worker for as long as any other, and then fails, with no effect, on whichever instance it is
/// tried. It comes back until `max_deliveries`, and goes to the dead-letter queue, or is lost. Whether a message is poison is drawn once for each; it
/// is so while the fault lasts, as long as the consumer has the bug, and can be handled when the fault is over. A batch with one of them fails as a
/// whole. In a topic it holds up all messages behind it in its partition.
///
/// # When to use it
/// To ask what one message that cannot be handled does to those behind it, and whether dead letters find their way back (`redrive`).
///
/// # Knobs
/// - `probability`: how likely a message is poison, probability, required
///
/// # Example
/// ```yaml
/// faults:
///   poison: {inject: {poison: {probability: 0.1%}}, where: {service: jobs}, at: 5m, for: 20m}
/// ```
///
/// # Source
/// AWS, "Amazon SQS dead-letter queues"; `RabbitMQ`, "Quorum queues: poison message handling".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PoisonSettings {
    /// How likely a message is poison.
    pub probability: Probability,
}

impl PoisonSettings {
    /// What never happens is no fault.
    pub fn validate(&self, problems: &mut Problems) {
        if self.probability.value() <= 0.0 {
            problems.error("probability", "no message is poison: this fault does nothing").hint =
                Some("write a probability such as 0.1%".into());
        }
    }
}
