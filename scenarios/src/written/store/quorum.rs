//! A store without a primary: some copies are waited for, and some are asked.

use serde::{Deserialize, Serialize};
use sim_core::data::replication::{Legs, Quorum};
use sim_core::problem::Problems;
use sim_core::topology::Replication;
use sim_core::units::Count;

/// Each write goes to all copies of its row and waits for some, each read asks all and takes the first replies.
///
/// # What it models
/// Any instance takes a request, does its steps, and then asks the `copies` instances that keep the row (neighbours on a ring of all instances).
/// A write is answered when `write` of them have acknowledged it, and comes to the others in its own time; a read when `read` of them have
/// replied, and it sees the newest version that any of these had when it came there. The four legs take a time of their own, drawn for each copy,
/// also for a copy on the same instance. The request keeps its worker meanwhile and uses no processor.
///
/// A read that misses a write which was answered before the read's request came is counted as a stale read. With `read` + `write` above `copies`
/// there is none, because each read asks a copy that has acknowledged the write.
///
/// A copy that is down or frozen is not asked. Where fewer are up than have to answer, the request fails as unreachable, and `too_few_copies` counts
/// it. A copy that is back gets what it lacks after one more leg (hinted handoff); nobody stands in for it meanwhile, so that the quorum is strict.
/// The timed part `commit_wait` is how long writes wait.
///
/// Messages between two instances also take the latency of the link in their direction, and meet the faults on it; what is lost is sent again, after
/// 200ms (or `rto_min` of the link's transport) and twice as long each time. A copy to which nothing comes through from the instance that has taken
/// the request counts as down, and gets its hints when all others come through to it; one from which nothing comes back gets writes and
/// acknowledges none.
///
/// Not modelled: repair by reads, and conflicts of writes at one time (the later one to begin is the newer version).
///
/// # When to use it
/// For Dynamo, Cassandra, Riak and the like: how often a read is stale for which R and W, and what each costs in latency.
///
/// # Knobs
/// - `copies`: N, how many instances keep a row, count, default 3
/// - `read`: R, how many have to reply to a read, count, default 2
/// - `write`: W, how many have to acknowledge a write, count, default 2
/// - `legs`: `{write, ack, read, reply}`, a duration or a distribution each, default 500us
///
/// # Example
/// ```yaml
/// stores:
///   carts:
///     instances: 3
///     workers: 64
///     key: cart
///     replication: {quorum: {copies: 3, read: 1, write: 1, legs: {write: {exponential: {mean: 5ms}}}}}
/// ```
///
/// # Source
/// The model WARS of Bailis et al., "Probabilistically Bounded Staleness for Practical Partial Quorums", VLDB 2012; Dynamo (`DeCandia` et al., SOSP
/// 2007); the consistency levels of Apache Cassandra.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct QuorumSettings {
    /// How many instances keep a row; default 3.
    pub copies: Count,
    /// How many have to reply to a read; default 2.
    pub read: Count,
    /// How many have to acknowledge a write; default 2.
    pub write: Count,
    /// How long messages to copies take; default 500us each.
    pub legs: Legs,
}

impl Default for QuorumSettings {
    fn default() -> Self {
        Self { copies: Count::new(3), read: Count::new(2), write: Count::new(2), legs: Legs::default() }
    }
}

impl QuorumSettings {
    /// Problems of the settings by themselves.
    pub(super) fn validate(&self, problems: &mut Problems) {
        let legs = &self.legs;
        problems.at("legs", |p| {
            for (key, leg) in [("write", &legs.write), ("ack", &legs.ack), ("read", &legs.read), ("reply", &legs.reply)]
            {
                p.at(key, |p| leg.validate(p));
            }
        });
        for (key, count) in [("read", self.read), ("write", self.write)] {
            if count.get() == 0 {
                problems.error(key, "a request that asks no copy has no answer").hint = Some("write at least 1".into());
            } else if count.get() > self.copies.get() {
                let what = format!("{count} copies are to answer, and a row has {}", self.copies);
                problems.error(key, what).hint = Some(format!("write at most {}", self.copies));
            }
        }
    }

    /// More copies than instances.
    pub(super) fn check(&self, instances: u32, problems: &mut Problems) {
        if self.copies.get() > u64::from(instances) {
            let what = format!("{} copies of a row need as many instances, and there are {instances}", self.copies);
            problems.error("copies", what).hint = Some(format!("write instances: {} at the store", self.copies));
        }
    }

    /// As meant.
    pub(super) fn compile(&self) -> Replication {
        Replication::Quorum(Quorum {
            copies: self.copies.get_u32(),
            read: self.read.get_u32(),
            write: self.write.get_u32(),
            legs: self.legs.clone(),
        })
    }
}
