//! How a store is copied.

use serde::{Deserialize, Serialize};
use sim_core::dist::Distribution;
use sim_core::kind::Kind;
use sim_core::problem::Problems;
use sim_core::topology::{ReadFrom, Replication};
use sim_core::units::{Bytes, Count};

/// How a store is copied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReplicationSettings {
    /// One instance takes writes, the others follow it.
    Primary(PrimarySettings),
    /// Every write is agreed between regions.
    Consensus(ConsensusSettings),
}

/// The kinds of replication.
pub const ALL: &[Kind] = &[
    Kind { family: "replication", name: "primary", schema: || schemars::schema_for!(PrimarySettings) },
    Kind { family: "replication", name: "consensus", schema: || schemars::schema_for!(ConsensusSettings) },
];

/// One instance takes all writes, the others follow it and lag behind.
///
/// # What it models
/// Writes go to instance 0. Each replica applies a write after a lag of its own. A read from a replica that has not yet applied the
/// newest write of its row is counted as a stale read.
///
/// # When to use it
/// For databases with read replicas.
///
/// # Knobs
/// - `lag`: how late a replica applies a write, duration or distribution, default 100ms
/// - `reads`: where reads go, `primary`, `replica` or `nearest` (any instance), default replica
///
/// # Example
/// ```yaml
/// stores:
///   accounts:
///     instances: 3
///     workers: 32
///     replication: {primary: {lag: {exponential: {mean: 200ms}}}}
/// ```
///
/// # Source
/// Asynchronous replication as in `PostgreSQL` and `MySQL`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PrimarySettings {
    /// How late a replica applies a write, drawn for each write and replica; default 100ms.
    pub lag: Distribution,
    /// Where reads go; default replica.
    pub reads: ReadFrom,
}

impl Default for PrimarySettings {
    fn default() -> Self {
        let lag = sim_core::units::SimDuration::from_ns(100_000_000);
        Self { lag: Distribution::constant(lag), reads: ReadFrom::default() }
    }
}

/// Every write is agreed between regions before it is answered.
///
/// # What it models
/// A write waits, when its work is done, for `round_trips` between the instance that has taken it and the other regions of the store: each
/// lasts until so many of them have answered that they make a majority of `regions` with its own. Messages take the latencies of `network`
/// between the zones, drawn for each message; without them nothing is waited for. The write keeps its worker and uses no processor.
/// Messages go to all regions, and the bill may count them as transfer.
///
/// A region is spoken for by the first zone in which the store stands there. Not modelled: a leader to which writes are handed on (any
/// instance leads what it takes), elections, conflicts, reads that ask a majority, and losses and faults on the way of these messages.
///
/// # When to use it
/// For databases that stay right when a region is lost.
///
/// # Knobs
/// - `regions`: regions that agree, the first so many of the store's `zones`, count, default 3
/// - `round_trips`: messages there and back for each write and region, count, default 2
/// - `message`: size of a message, bytes, default 2KiB
///
/// # Example
/// ```yaml
/// regions: {east: {zones: [east-a]}, west: {zones: [west-a]}, north: {zones: [north-a]}}
/// network: {between_regions: {latency: 35ms}}
/// stores:
///   ledger:
///     instances: 9
///     zones: [east-a, west-a, north-a]
///     workers: 64
///     replication: {consensus: {regions: 3, round_trips: 2, message: 2KiB}}
/// ```
///
/// # Source
/// Paxos and Raft; Spanner (Corbett et al., OSDI 2012).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ConsensusSettings {
    /// Regions that agree; default 3.
    pub regions: Count,
    /// Messages there and back for each write and region; default 2.
    pub round_trips: Count,
    /// Size of a message; default 2KiB.
    pub message: Bytes,
}

impl Default for ConsensusSettings {
    fn default() -> Self {
        Self { regions: Count::new(3), round_trips: Count::new(2), message: Bytes::new(2048) }
    }
}

impl ReplicationSettings {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        match self {
            Self::Primary(settings) => problems.at("primary", |p| p.at("lag", |p| settings.lag.validate(p))),
            Self::Consensus(settings) => problems.at("consensus", |p| {
                for (key, count) in [("regions", settings.regions), ("round_trips", settings.round_trips)] {
                    if !(1..=100).contains(&count.get()) {
                        p.error(key, "agreement needs at least 1, and at most 100");
                    }
                }
            }),
        }
    }

    /// As meant.
    pub fn compile(&self) -> Replication {
        match self {
            Self::Primary(s) => Replication::Primary { lag: s.lag.clone(), reads: s.reads },
            Self::Consensus(s) => Replication::Consensus {
                regions: s.regions.get_u32(),
                round_trips: s.round_trips.get_u32(),
                message: s.message,
            },
        }
    }
}
