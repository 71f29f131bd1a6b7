//! What becomes of records for which the queue to a sink has no room.

use crate::problem::Problems;
use crate::units::Count;
use serde::{Deserialize, Serialize};

/// What becomes of records when the queue to a sink is full. No request waits for any of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OverflowSettings {
    /// The new ones are lost: what is there when the sink is back is old.
    #[default]
    DropNewest,
    /// The oldest are lost: what is there when the sink is back is new.
    DropOldest,
    /// The agents keep them, each as many as its buffer holds; what finds that full is lost.
    Block(BlockSettings),
}

/// The agents keep what the queue has no room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BlockSettings {
    /// How many records the agent of each running instance keeps.
    pub buffer: Count,
}

impl Default for BlockSettings {
    fn default() -> Self {
        Self { buffer: Count::new(2_048) }
    }
}

impl OverflowSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if let Self::Block(block) = self
            && block.buffer.get() == 0
        {
            problems.error("block.buffer", "agents that keep nothing lose what the queue has no room for").hint =
                Some("write overflow: drop_newest, or a number such as 2048".into());
        }
    }

    /// How many records the agent of each instance keeps.
    pub(super) fn buffer(self) -> u64 {
        match self {
            Self::Block(block) => block.buffer.get(),
            Self::DropNewest | Self::DropOldest => 0,
        }
    }
}
