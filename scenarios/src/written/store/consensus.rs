//! A store of which regions agree on each write.

use serde::{Deserialize, Serialize};
use sim_core::problem::Problems;
use sim_core::topology::Replication;
use sim_core::units::{Bytes, Count};

/// Every write is agreed between regions before it is answered, and a strong read asks a majority of them.
///
/// # What it models
/// A write waits, when its work is done, for `round_trips` between the instance that has taken it and the other regions of the store: each
/// lasts until so many of them have answered that they make a majority of `regions` with its own. Messages take the latencies of `network`
/// between the zones, drawn for each message; without them nothing is waited for. The write keeps its worker and uses no processor.
/// Messages go to all regions, and the bill may count them as transfer.
///
/// Each message meets the links and the faults of its direction; what is lost is sent again, after 200ms (or `rto_min` of the link's transport) and
/// twice as long each time. A region does not answer while no message reaches it, none comes back from it, or all its instances are down.
/// A write that cannot reach a majority waits until it can, or until its caller gives up.
///
/// A read at `serializable` or stronger waits for one round trip to the same majority, whatever `round_trips` says (the `ReadIndex` of Raft, or a
/// quorum read): no region knows by itself what others have agreed on. It keeps its worker, sees all that was
/// committed before it asks, and waits where too few regions answer, so that its caller gives up. An update reads in the agreement on its write,
/// and a gate reads as a strong read does. A read at a weaker level reads what its own region has, at once: a write comes to another region one way
/// over the network after it is committed, and to one that cannot be reached when it can be again. A read that misses a write which was committed
/// before it began is a stale read, of the cause `region without the write`. A read of which nobody says a level is as strong as what the
/// store `provides`, which is `strict_serializable` where nothing is said. What a read sends is small, and the bill does not count it.
///
/// A region is spoken for by the first zone in which the store stands there. Not modelled: a leader to which writes are handed on (any
/// instance leads what it takes) and its lease, by which it would read without asking; elections, and conflicts.
///
/// # When to use it
/// For databases that stay right when a region is lost, and that read what the own region has where a weak level will do.
///
/// # Knobs
/// - `regions`: regions that agree, the first so many of the store's `zones`, count, default 3
/// - `round_trips`: messages there and back for each write and region, count, default 2; a read needs one
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
/// Paxos and Raft (Ongaro's dissertation, 2014, section 6.4, on reads); Spanner (Corbett et al., OSDI 2012).
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

impl ConsensusSettings {
    /// Problems of the settings.
    pub(super) fn validate(&self, problems: &mut Problems) {
        for (key, count) in [("regions", self.regions), ("round_trips", self.round_trips)] {
            if !(1..=100).contains(&count.get()) {
                problems.error(key, "agreement needs at least 1, and at most 100");
            }
        }
    }

    /// As meant.
    pub(super) fn compile(&self) -> Replication {
        Replication::Consensus {
            regions: self.regions.get_u32(),
            round_trips: self.round_trips.get_u32(),
            message: self.message,
        }
    }
}
