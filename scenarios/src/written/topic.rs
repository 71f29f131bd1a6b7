//! The section `topics`: messages of which every consumer gets each, in partitions.

use super::named::Named;
use super::queue::ConsumerSettings;
use serde::{Deserialize, Serialize};
use sim_core::message::topic::RebalanceSettings;
use sim_core::problem::Problems;
use sim_core::units::Count;

/// A topic: every consumer gets each message, those of one partition in order and one at a time. Its endpoint is `send`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TopicSettings {
    /// Messages that fit, those of all consumers together; more are rejected; default 1M.
    pub capacity: Count,
    /// The key space by whose keys messages are told apart: those of one key are in one partition; default each message is in any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Into how many lines its messages are divided; default 1.
    pub partitions: Count,
    /// The zone from which messages travel; default the first zone of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Consumers, each of which gets every message; the instances of its service share the partitions.
    pub consumers: Named<ConsumerSettings>,
    /// How the partitions are shared out anew when instances come and go.
    pub rebalance: RebalanceSettings,
}

impl Default for TopicSettings {
    fn default() -> Self {
        Self {
            capacity: Count::new(1_000_000),
            key: None,
            partitions: Count::new(1),
            zone: None,
            consumers: Named::default(),
            rebalance: RebalanceSettings::default(),
        }
    }
}

/// Partitions of one topic.
const MOST_PARTITIONS: u64 = 10_000;

impl TopicSettings {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        if self.capacity.get() == 0 {
            problems.error("capacity", "a topic without places holds nothing").hint = Some("write at least 1".into());
        }
        if self.partitions.get() == 0 || self.partitions.get() > MOST_PARTITIONS {
            let what = format!("a topic has from 1 to {MOST_PARTITIONS} partitions");
            problems.error("partitions", what).hint = Some("write partitions: 12".into());
        }
        problems.at("rebalance", |p| self.rebalance.validate(p));
        problems.at("consumers", |p| {
            for (name, consumer) in self.consumers.iter() {
                p.at(name, |p| {
                    consumer.validate(p);
                    if consumer.prefetch.is_some() {
                        p.error("prefetch", "a partition hands over one message or batch at a time").hint =
                            Some("write batch: {count: 10}, or leave it out".into());
                    }
                });
            }
        });
    }
}
