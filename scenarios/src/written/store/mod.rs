//! How a store is copied.

mod consensus;
mod merge;
mod primary;
mod quorum;
pub mod stock;

pub use consensus::ConsensusSettings;
pub use merge::{Conflicts, MergeSettings};
pub use primary::PrimarySettings;
pub use quorum::QuorumSettings;

pub use stock::{EscrowSettings, StockSettings};

use serde::{Deserialize, Serialize};
use sim_core::kind::Kind;
use sim_core::problem::Problems;
use sim_core::topology::Replication;
use sim_core::units::Count;

/// How a store is copied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReplicationSettings {
    /// One instance takes writes, the others follow it.
    Primary(PrimarySettings),
    /// Some copies are waited for, and some are asked.
    Quorum(QuorumSettings),
    /// Every write is agreed between regions.
    Consensus(ConsensusSettings),
    /// Every instance takes reads and writes, and tells the others now and then.
    Merge(MergeSettings),
}

/// The kinds of replication, and what else only stores have.
pub const ALL: &[Kind] = &[
    Kind { family: "replication", name: "primary", schema: || schemars::schema_for!(PrimarySettings) },
    Kind { family: "replication", name: "quorum", schema: || schemars::schema_for!(QuorumSettings) },
    Kind { family: "replication", name: "consensus", schema: || schemars::schema_for!(ConsensusSettings) },
    Kind { family: "replication", name: "merge", schema: || schemars::schema_for!(MergeSettings) },
    Kind { family: "store", name: "stock", schema: || schemars::schema_for!(StockSettings) },
    Kind { family: "store", name: "escrow", schema: || schemars::schema_for!(EscrowSettings) },
];

impl ReplicationSettings {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        match self {
            Self::Primary(settings) => problems.at("primary", |p| settings.validate(p)),
            Self::Quorum(settings) => problems.at("quorum", |p| settings.validate(p)),
            Self::Consensus(settings) => problems.at("consensus", |p| settings.validate(p)),
            Self::Merge(settings) => problems.at("merge", |p| settings.validate(p)),
        }
    }

    /// Problems of the settings at a store of so many instances.
    pub fn check(&self, instances: u32, problems: &mut Problems) {
        match self {
            Self::Primary(settings) => problems.at("primary", |p| settings.check(instances, p)),
            Self::Quorum(settings) => problems.at("quorum", |p| settings.check(instances, p)),
            Self::Merge(_) => problems.at("merge", |p| MergeSettings::check(instances, p)),
            Self::Consensus(_) => {}
        }
    }

    /// How many instances there are where the file does not say it at the store.
    pub fn instances(&self) -> Option<Count> {
        match self {
            Self::Primary(settings) => settings.replicas.map(|replicas| Count::new(replicas.get().saturating_add(1))),
            Self::Quorum(_) | Self::Consensus(_) | Self::Merge(_) => None,
        }
    }

    /// As meant.
    pub fn compile(&self) -> Replication {
        match self {
            Self::Primary(settings) => settings.compile(),
            Self::Quorum(settings) => settings.compile(),
            Self::Consensus(settings) => settings.compile(),
            Self::Merge(settings) => settings.compile(),
        }
    }
}
