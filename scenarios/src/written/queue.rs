//! The section `queues`: messages that wait until somebody takes them.

use super::named::Named;
use serde::{Deserialize, Serialize};
use sim_core::problem::Problems;
use sim_core::units::{Count, SimDuration};

/// A queue: holds messages until a consumer takes them. Its endpoint is `send`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct QueueSettings {
    /// Messages that fit; more are rejected; default 1M.
    pub capacity: Count,
    /// The zone from which messages travel; default the first zone of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Consumers, which compete for the messages.
    pub consumers: Named<ConsumerSettings>,
}

impl Default for QueueSettings {
    fn default() -> Self {
        Self { capacity: Count::new(1_000_000), zone: None, consumers: Named::default() }
    }
}

/// Who takes messages from a queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsumerSettings {
    /// The endpoint that handles a message, as `service.endpoint`.
    pub to: String,
    /// A message that is not done by then is handed out again; default 30s.
    #[serde(default = "thirty_seconds")]
    pub visibility_timeout: SimDuration,
    /// After so many deliveries a message goes to `dead_letter`, or is lost; default 5.
    #[serde(default = "five")]
    pub max_deliveries: Count,
    /// The queue for messages that nobody could handle; default none, they are lost and counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_letter: Option<String>,
}

fn thirty_seconds() -> SimDuration {
    SimDuration::from_ns(30_000_000_000)
}

fn five() -> Count {
    Count::new(5)
}

impl QueueSettings {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        if self.capacity.get() == 0 {
            problems.error("capacity", "a queue without places holds nothing").hint = Some("write at least 1".into());
        }
        problems.at("consumers", |p| {
            for (name, consumer) in self.consumers.iter() {
                p.at(name, |p| consumer.validate(p));
            }
        });
    }
}

impl ConsumerSettings {
    fn validate(&self, problems: &mut Problems) {
        if self.visibility_timeout.is_zero() {
            problems.error("visibility_timeout", "a message that may take no time is handed out forever").hint =
                Some("write 30s".into());
        }
        if self.max_deliveries.get() == 0 {
            problems.error("max_deliveries", "a message that is never handed out is lost at once").hint =
                Some("write at least 1".into());
        }
        if self.max_deliveries.get() > 250 {
            problems.error("max_deliveries", "more than 250 deliveries of one message").hint =
                Some("write max_deliveries: 5".into());
        }
    }
}
