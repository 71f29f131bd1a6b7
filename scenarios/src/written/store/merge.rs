//! A store whose copies take reads and writes by themselves.

use serde::{Deserialize, Serialize};
use sim_core::problem::Problems;
use sim_core::topology::Replication;
use sim_core::units::SimDuration;

/// Every instance takes reads and writes, and tells the others now and then what it has.
///
/// # What it models
/// A request reads and writes at the instance to which it comes, and waits for nobody. All `every` each instance tells each other one all that it
/// knows, so that a write also comes by way of a third. A message that `network` or a fault would lose just then (`loss`, `partition`, a route that
/// is withdrawn) is a merge that does not take place; so copies that are cut off from each other go on, each for itself, and agree when they meet
/// again. Its time on the way is part of `every`. A copy that is down tells nothing and hears nothing, and has what it had when it is back.
///
/// A read that lacks a write of its row which another copy had answered before the request came is counted as a stale read. What is written at two
/// copies at one time is merged without a loss, as sets and counters are that converge (`conflicts: converge`).
///
/// With `conflicts: last_writer_wins` a row is a register, and each write has the time of the clock of its instance. When copies meet, the latest
/// write wins. Every other write that the winner's copy did not know when it took the winner was answered and is gone: counted as `lost_write`, by
/// the cause "overwritten by a later writer", and by `lost_writes`. A clock that is behind (`inject: clock_skew`) loses also what was written after
/// the other.
///
/// With `session_guarantees` a request goes only to copies that have what it has written or read before: reads for `read_your_writes` and
/// `monotonic_reads`, writes for `monotonic_writes` and `writes_follow_reads`. Copies tell each other all that they know, so that the orders of
/// writes are kept thereby. Where no such copy is up, the call fails as unreachable: what one copy alone has is with that copy. A write that a later
/// one has overwritten counts as there. Without guarantees an oracle counts what sessions find out of order, as at a store with a primary.
///
/// A `stock` of such a store is a counter that converges: each copy sells by what it knows, so that together they may sell more than there is,
/// which counts as `oversold`, unless its `escrow` splits the right to sell.
///
/// Not modelled: the load of the messages.
///
/// # When to use it
/// For stores that answer everywhere whatever is cut off: carts, counters, sessions.
///
/// # Knobs
/// - `every`: from one merge to the next, duration, default 1s
/// - `conflicts`: what becomes of writes at one time, `converge` or `last_writer_wins`, default converge
///
/// # Example
/// ```yaml
/// stores:
///   carts:
///     instances: 3
///     zones: [a, b, c]
///     workers: 16
///     key: cart
///     replication: {merge: {every: 500ms}}
/// ```
///
/// # Source
/// Shapiro, Preguica, Baquero and Zawirski, "Conflict-free Replicated Data Types", SSS 2011; Riak's data types, Redis Enterprise Active-Active.
/// Sessions: Terry et al., "Session Guarantees for Weakly Consistent Replicated Data", PDIS 1994; session tokens of Azure Cosmos DB. Registers whose
/// last writer wins: Apache Cassandra, `DynamoDB` global tables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MergeSettings {
    /// From one merge to the next; default 1s.
    pub every: SimDuration,
    /// What becomes of writes at one time; default converge.
    pub conflicts: Conflicts,
}

/// What becomes of writes of one row that two copies take at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Conflicts {
    /// All of them stand.
    #[default]
    Converge,
    /// The one with the latest time stands, and the others are lost.
    LastWriterWins,
}

impl Default for MergeSettings {
    fn default() -> Self {
        Self { every: SimDuration::SECOND, conflicts: Conflicts::Converge }
    }
}

impl MergeSettings {
    /// Problems of the settings.
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.every.ns() < 1_000_000 {
            problems.error("every", "copies that merge all the time are one copy").hint =
                Some("write at least 1ms, or leave replication out".into());
        }
    }

    /// Copies that nobody merges with.
    pub(super) fn check(instances: u32, problems: &mut Problems) {
        if instances < 2 {
            problems.error("every", "there is one copy, and nobody to merge with").hint =
                Some("write instances: 3 at the store".into());
        }
    }

    /// As meant.
    pub(super) fn compile(&self) -> Replication {
        Replication::Merge { every: self.every, last_wins: self.conflicts == Conflicts::LastWriterWins }
    }
}
