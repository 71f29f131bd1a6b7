//! Topics: queues whose messages go to every consumer, each of which is a group of instances that share the partitions among them.

use crate::ids::KeySpaceId;
use crate::kind::Kind;
use crate::metrics::{counters, levels};
use crate::problem::Problems;
use crate::units::SimDuration;
use serde::{Deserialize, Serialize};

counters! {
    Service {
        REBALANCES = "rebalances", "times that the partitions of a topic are shared out anew in a consumer group";
    }
}

levels! {
    Calls {
        LAG = "lag", "messages of a topic that a consumer group is not done with";
    }
}

/// The kinds of the family.
pub const ALL: &[Kind] =
    &[Kind { family: "topic", name: "rebalance", schema: || schemars::schema_for!(RebalanceSettings) }];

/// How the partitions of a topic are shared out anew when the members of a consumer group change.
///
/// # What it models
/// The instances of a consumer that are up are the members of its group, and each partition belongs to one of them. When an instance comes, or goes
/// in an orderly way, the whole group stops taking messages for `takes`, and then the partitions are shared out in turn among the members. What is
/// being worked on meanwhile is finished. An instance that crashes, or is frozen, keeps its partitions for `session_timeout` before anybody notices:
/// nobody takes their messages until then, and through the pause that follows. One that is back earlier goes on with its own.
///
/// # When to use it
/// To ask what a deploy, a scaler or a crash of a consumer does to the lag.
///
/// # Knobs
/// - `takes`: how long the group stands still, duration, default 3s
/// - `session_timeout`: how long a member that is gone is waited for, duration, default 10s
///
/// # Example
/// ```yaml
/// topics:
///   order-events:
///     partitions: 12
///     rebalance: {takes: 3s, session_timeout: 45s}
///     consumers: {mail: {to: mailer.send}}
/// ```
///
/// # Source
/// Apache Kafka: the eager protocol of consumer groups, `session.timeout.ms` (45 s since 3.0, 10 s before) and
/// `group.initial.rebalance.delay.ms` (3 s). There, work that is under way when partitions are revoked may be done twice; here it is finished first.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RebalanceSettings {
    /// How long the group stands still.
    pub takes: SimDuration,
    /// How long a member that is gone is waited for.
    pub session_timeout: SimDuration,
}

impl Default for RebalanceSettings {
    fn default() -> Self {
        let seconds = |seconds: u64| SimDuration::from_ns(seconds * 1_000_000_000);
        Self { takes: seconds(3), session_timeout: seconds(10) }
    }
}

impl RebalanceSettings {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        if self.session_timeout.is_zero() {
            problems.error("session_timeout", "a member that may be silent for no time is always gone").hint =
                Some("write 10s".into());
        }
    }
}

/// What is particular to a topic.
#[derive(Debug, Clone, PartialEq)]
pub struct Topic {
    /// In how many lines its messages wait, each in order.
    pub partitions: u32,
    /// The key space by whose keys messages are told apart: those of one key are in one partition. `None` is any partition.
    pub key: Option<KeySpaceId>,
    /// How partitions are shared out.
    pub rebalance: RebalanceSettings,
}
