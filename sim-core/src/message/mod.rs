//! Messages: queues, who takes from them, and sagas, which are work in several steps that is handed over as a message is.
//!
//! What they mean, with ids for names; how they run is in `world/data/message` and `world/data/sagas`.

pub mod outbox;
pub mod saga;
pub mod topic;

use crate::call::retry::Backoff;
use crate::ids::{EdgeId, EndpointId};
use crate::units::SimDuration;
use saga::Saga;
use topic::Topic;

/// What is particular to a queue.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Queue {
    /// Messages that fit; more are rejected.
    pub capacity: u64,
    /// Consumers, which compete for the messages.
    pub consumers: Vec<Consumer>,
    /// Each consumer gets every message, in partitions.
    pub topic: Option<Topic>,
    /// When messages that were set aside here go back to where they came from.
    pub redrive: Option<Redrive>,
    /// The steps of a saga, each run of which is a message.
    pub saga: Option<Saga>,
}

impl Queue {
    /// The section of a file in which it stands.
    pub fn section(&self) -> &'static str {
        match (&self.saga, &self.topic) {
            (Some(_), _) => "sagas",
            (_, Some(_)) => "topics",
            _ => "queues",
        }
    }
}

/// Who takes messages from a queue.
#[derive(Debug, Clone, PartialEq)]
pub struct Consumer {
    /// The call by which a message is handed over.
    pub edge: EdgeId,
    /// A message that is not done by then is handed out again.
    pub visibility_timeout: SimDuration,
    /// How often a consumer that is at work on a message begins its visibility timeout anew; `None` where it never does.
    pub renew_every: Option<SimDuration>,
    /// How many messages an instance holds at most, those that it works on among them; `None` is one for each free worker.
    pub prefetch: Option<u32>,
    /// How many messages are handed over together, and how long the first of them waits for others.
    pub batch: Option<Batch>,
    /// How long a message that failed waits until it is handed over again; `None` is not at all.
    pub backoff: Option<Backoff>,
    /// It takes what belongs to a step of a saga, and nothing that is sent to the topic.
    pub is_of_saga: bool,
    /// After so many deliveries a message goes to `dead_letter`, or is lost.
    pub max_deliveries: u32,
    /// Where messages go that nobody could handle (the queue's `send`).
    pub dead_letter: Option<EndpointId>,
}

impl Consumer {
    /// One that takes a message for each free worker, and renews nothing.
    pub fn plain(edge: EdgeId, visibility_timeout: SimDuration, max_deliveries: u32) -> Self {
        Self {
            edge,
            visibility_timeout,
            renew_every: None,
            prefetch: None,
            batch: None,
            backoff: None,
            is_of_saga: false,
            max_deliveries,
            dead_letter: None,
        }
    }
}

/// Messages that are handed over together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch {
    /// How many at most.
    pub count: u32,
    /// How long the first of fewer waits.
    pub max_wait: SimDuration,
}

/// When messages that were set aside go back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Redrive {
    /// When that begins.
    pub at: SimDuration,
    /// After how long it begins again; `None` is never.
    pub every: Option<SimDuration>,
    /// How many go back in a second.
    pub per_second: f64,
}
