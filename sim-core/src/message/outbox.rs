//! Outboxes: messages that are written together with a row, and sent later.

use crate::ids::{EdgeId, EndpointId};
use crate::kind::Kind;
use crate::metrics::{counters, levels};
use crate::problem::Problems;
use crate::units::{Count, SimDuration};
use serde::{Deserialize, Serialize};

counters! {
    Service {
        RELAYED_AGAIN = "relayed_again", "messages of an outbox in this store that are sent once more, because the relay went before it had noted that they were sent";
    }
}

levels! {
    Service {
        OUTBOX = "outbox", "messages in the outboxes of a store of which it is not noted yet that they were sent";
    }
}

/// The kinds of the family.
pub const ALL: &[Kind] = &[Kind { family: "call", name: "outbox", schema: || schemars::schema_for!(OutboxSettings) }];

/// A message that is written into a store together with the row, and sent by a relay.
///
/// # What it models
/// The transactional outbox: the write and its message are one transaction, so that there is a message exactly where the write was done, whatever
/// becomes of its caller and its answer. A write that is done a second time has a second message. A relay, which runs on the first instance of the
/// calling service that is up and stays there as long as that is, looks every `every`, sends as many as `batch.count`, and notes at its next look
/// that they were sent. A relay that goes before that leaves them to another, which sends them again: at least once. While no instance of the calling
/// service is up, or none of the store that it reaches, nothing is sent; and what does not come to the queue, because that is down or the way there
/// is cut, waits for the next look. A look whose way loses a message sends nothing. A look
/// takes the time of the messages there and back between the relay and its store, then `batch.takes`, and then that of the message to the queue, by
/// `network`; what comes into the outbox meanwhile waits for the next look, which begins at the next multiple of `every`. A relay has no worker.
///
/// Without an outbox a caller writes, and then sends: what crashes in between has written and sent nothing.
///
/// # When to use it
/// Where a message may neither be missing nor invented. Consumers have to be idempotent, or deduplicated.
///
/// # Knobs
/// - `to`: the queue or topic, as `name.send`, required
/// - `every`: how often the relay looks, duration, default 500ms
/// - `batch`: how many it sends at a look, and how long it is busy with reading and sending them, `{count: 100, takes: 0s}`
///
/// # Example
/// ```yaml
/// steps:
///   - call: {to: orders-db.insert, timeout: 1s, outbox: {to: order-events.send, every: 500ms, batch: {count: 100}}}
/// ```
///
/// # Source
/// C. Richardson, "Microservices Patterns", chapter 3: transactional outbox and polling publisher.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutboxSettings {
    /// The queue or topic.
    pub to: String,
    /// How often the relay looks; default 500ms.
    #[serde(default = "half_a_second")]
    pub every: SimDuration,
    /// How many it sends at a look.
    #[serde(default)]
    pub batch: RelaySettings,
}

/// How many messages of an outbox a relay sends at a look.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RelaySettings {
    /// How many at most; default 100.
    pub count: Count,
    /// How long the relay is busy with the batch of a look, beside the messages that it sends; default 0s.
    pub takes: SimDuration,
}

impl Default for RelaySettings {
    fn default() -> Self {
        Self { count: Count::new(100), takes: SimDuration::ZERO }
    }
}

fn half_a_second() -> SimDuration {
    SimDuration::from_ns(500_000_000)
}

impl OutboxSettings {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        if self.every.is_zero() {
            problems.error("every", "a relay that looks all the time does nothing else").hint =
                Some("write 500ms".into());
        }
        if self.batch.count.get() == 0 {
            problems.error("batch.count", "a relay that sends nothing").hint = Some("write at least 1".into());
        }
    }
}

/// An outbox as meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Outbox {
    /// The call that writes.
    pub edge: EdgeId,
    /// Where its messages are sent.
    pub to: EndpointId,
    /// How often the relay looks.
    pub every: SimDuration,
    /// How many it sends at a look.
    pub count: u32,
    /// How long it is busy with them.
    pub takes: SimDuration,
}
