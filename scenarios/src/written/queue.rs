//! The section `queues`: messages that wait until somebody takes them.

use super::named::Named;
use serde::{Deserialize, Serialize};
use sim_core::problem::Problems;
use sim_core::units::{Count, Rate, SimDuration};

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
    /// When messages that were set aside here go back to where they came from; default never. Such a queue has no consumers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redrive: Option<RedriveSettings>,
}

impl Default for QueueSettings {
    fn default() -> Self {
        Self { capacity: Count::new(1_000_000), zone: None, consumers: Named::default(), redrive: None }
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
    /// How often a consumer that is at work on a message begins its visibility timeout anew; default never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renew_every: Option<SimDuration>,
    /// How many messages an instance holds at most, those that it works on among them: it takes them before it has a free worker; default one for
    /// each free worker. What has no place in the queue of the service is turned away there, and that counts as a delivery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefetch: Option<Count>,
    /// Messages that are handed over together; default one by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<BatchSettings>,
    /// After so many deliveries a message goes to `dead_letter`, or is lost; default 5.
    #[serde(default = "five")]
    pub max_deliveries: Count,
    /// The queue for messages that nobody could handle; default none, they are lost and counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_letter: Option<String>,
}

/// Messages that are handed over together: the endpoint runs once for all of them, and what becomes of that becomes of each. Each message is a call
/// with an outcome of its own; attempts and retries are those of the batch, which is one request to the endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchSettings {
    /// How many at most.
    pub count: Count,
    /// How long the first of fewer waits for others; default 0s, as many as there are.
    #[serde(default)]
    pub max_wait: SimDuration,
}

impl BatchSettings {
    fn validate(self, problems: &mut Problems) {
        if self.count.get() < 2 {
            problems.error("count", "a batch of one message is no batch").hint =
                Some("write a number such as 10".into());
        }
    }
}

/// When messages that were set aside in a dead-letter queue go back to the queues from which they came.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RedriveSettings {
    /// When those that are there begin to go back; default 0s.
    #[serde(default)]
    pub at: SimDuration,
    /// After how long that begins again; default never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<SimDuration>,
    /// How fast they go back.
    pub rate: Rate,
}

impl RedriveSettings {
    fn validate(self, problems: &mut Problems) {
        if self.rate.per_second() <= 0.0 {
            problems.error("rate", "nothing goes back at this rate").hint = Some("write a rate such as 100/s".into());
        }
        if self.every.is_some_and(SimDuration::is_zero) {
            problems.error("every", "a time of zero").hint = Some("write 10m, or leave it out".into());
        }
    }
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
        if let Some(redrive) = self.redrive {
            problems.at("redrive", |p| redrive.validate(p));
            if !self.consumers.is_empty() {
                problems.error("redrive", "messages that consumers take here do not go back").hint =
                    Some("leave consumers out, or redrive".into());
            }
        }
        problems.at("consumers", |p| {
            for (name, consumer) in self.consumers.iter() {
                p.at(name, |p| consumer.validate(p));
            }
        });
    }
}

impl ConsumerSettings {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        if self.visibility_timeout.is_zero() {
            problems.error("visibility_timeout", "a message that may take no time is handed out forever").hint =
                Some("write 30s".into());
        }
        if let Some(every) = self.renew_every
            && (every.is_zero() || every >= self.visibility_timeout)
        {
            let problem = problems.error("renew_every", "a message is handed out again before it is renewed");
            problem.label = Some(format!("renewed every {every}, visible after {}", self.visibility_timeout));
            problem.hint = Some("write a third of the visibility_timeout".into());
        }
        if self.prefetch.is_some_and(|most| most.get() == 0) {
            problems.error("prefetch", "an instance that holds no message takes none").hint =
                Some("write at least 1".into());
        }
        if let Some(batch) = self.batch {
            problems.at("batch", |p| batch.validate(p));
            if let Some(most) = self.prefetch.filter(|most| most.get() < batch.count.get()) {
                let problem = problems.error("batch.count", "a batch is larger than what an instance may hold");
                problem.label = Some(format!("{} at once, and prefetch allows {most}", batch.count));
                problem.hint = Some("write a prefetch of some batches, or a smaller batch".into());
            }
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
