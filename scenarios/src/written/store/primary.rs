//! A store with one instance that takes all writes.

use serde::{Deserialize, Serialize};
use sim_core::data::replication::{Commit, FailoverSettings};
use sim_core::dist::Distribution;
use sim_core::problem::Problems;
use sim_core::topology::{ReadFrom, Replication};
use sim_core::units::{Count, SimDuration};

/// One instance takes all writes, the others follow it and lag behind.
///
/// # What it models
/// Writes go to the primary, at first instance 0, which keeps a log of them. Each replica has a write after a lag of its own; writes
/// overtake each other on the way. A read from a replica that lacks a write of its row which was answered before the read began is counted as a
/// stale read.
///
/// A write is answered when as many copies have it as `commit` says; until then it keeps its worker and uses no processor. That is, from weak to
/// strong: `asynchronous`, before the primary's own disk has it, so that no step `disk` of a write waits for its fsync; `primary`; `one_replica`;
/// `majority` of the copies, the primary among them; `all`. A write waits for copies that are up, and for one that is away until it is back.
/// `commit` is live.
///
/// Replicas that crash or freeze get nothing; when they are back they have all that they lack after one more lag. When the primary crashes or
/// freezes, nothing is on its way any more. Without `failover` writes fail until it is back. With it that is noticed after `detect`, and `takes`
/// later the replica is the primary that lacks the fewest writes of those that are up and have caught up. It takes from the other
/// replicas what these have and it lacks; an answered write that none of them has is lost. A primary that somebody isolates, drains or
/// replaces, or with `do: failover`, hands over in `takes`, without a loss. From the notice to the end of `takes` nobody takes writes: calls of them
/// fail as unreachable, and writes that the old primary has still in hand fail there (fenced). When it is back it follows the new one. If no
/// replica can lead, the first that can does, or the old primary when it is back.
///
/// A primary that is back before anybody else leads has lost what it had answered before its disk (`asynchronous`), unless a replica has it.
///
/// Lost writes are counted as `lost_write` at each call by which they came, and as `wrong_mode` where they were answered before the disk
/// because an action has set `commit` so. Counters: `lost_writes`, `failovers`, `fenced_writes`; the timed part `commit_wait`; the level
/// `no_primary`.
///
/// With `closed_timestamp_lag` a replica shows its rows as they were so long ago: all writes that were answered by then, and none that was answered
/// later, so that what it shows is old and consistent, though writes overtake each other. A replica that lacks a write of the row from before that
/// time, because its lag is longer, is not asked: the read goes to another, or to the primary, and `kept_from_copies` counts it. What was closed
/// stays closed when the setting changes. `CockroachDB` closes timestamps for a range of rows, and lets writes of a closed time begin again later;
/// here each row is a range of its own, and no write is late.
///
/// An oracle counts what sessions find out of order at replicas, and which of `session_guarantees` would prevent it: `own_writes_missed`,
/// `reads_went_back`, `writes_out_of_order` and `writes_before_reads`. A session is a request of a load with all that it causes.
///
/// The log goes to each replica over the links of `network` in their direction, with the latency of the link before the lag, and the acknowledgement
/// comes back over those of the other direction. What is lost is sent again, after 200ms (or `rto_min` of the link's transport) and twice as long
/// each time. A replica to which nothing comes through, in a partition or because a link is withdrawn, gets nothing, serves what it has, and writes
/// that wait for it wait on. When the way is there again it has all that it lacks after one more lag.
///
/// Where more than half of the copies hear nothing of the primary, and hear each other, they take it for dead: `detect` and `takes` later one of them
/// leads. Until then the old primary takes writes: with `majority` they wait and fail, with less they are answered, and what only its side has is
/// lost. From then on it follows the new one, and all callers know that. With two copies there is no such majority: only a crash, or somebody, makes
/// the replica the primary.
///
/// Not modelled: callers that still hold the old primary for the primary when another leads, and the bandwidth that the log takes.
///
/// # When to use it
/// For databases with read replicas: what reads of replicas see, what it costs to wait for copies, and what a failover loses.
///
/// # Knobs
/// - `replicas`: how many follow the primary, count, default all other instances; without `instances` there are so many and the primary
/// - `lag`: how late a replica has a write that has come over the network, duration or distribution, default 100ms
/// - `reads`: where reads go, `primary`, `replica` or `nearest` (any instance), default replica
/// - `commit`: which copies have a write before it is answered, `asynchronous`, `primary`, `one_replica`, `majority` or `all`, default primary
/// - `closed_timestamp_lag`: the least age of what a replica shows, duration such as `CockroachDB`'s 3s, default none; live
/// - `failover`: `{detect, takes}`, durations or distributions, default none; `{}` is 10s and 30s
///
/// # Example
/// ```yaml
/// stores:
///   accounts:
///     workers: 32
///     replication: {primary: {replicas: 2, lag: {exponential: {mean: 200ms}}, commit: one_replica, failover: {detect: 10s, takes: 20s}}}
/// ```
///
/// # Source
/// Streaming replication of `PostgreSQL` (`synchronous_commit`, `synchronous_standby_names`) and `MySQL`'s semisynchronous replication; failover as
/// by Patroni, and MHA for `MySQL`, which collects from all replicas what the dead primary has sent to any.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PrimarySettings {
    /// How many instances follow the primary; default all others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<Count>,
    /// How late a replica has a write, drawn for each write and replica; default 100ms.
    pub lag: Distribution,
    /// Where reads go; default replica.
    pub reads: ReadFrom,
    /// Which copies have a write before it is answered; default primary.
    pub commit: Commit,
    /// How a replica takes over from a primary that is gone; default not at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failover: Option<FailoverSettings>,
    /// The least age of what a replica shows; default a replica shows all that it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_timestamp_lag: Option<SimDuration>,
}

impl Default for PrimarySettings {
    fn default() -> Self {
        let lag = SimDuration::from_ns(100_000_000);
        Self {
            replicas: None,
            lag: Distribution::constant(lag),
            reads: ReadFrom::default(),
            commit: Commit::default(),
            failover: None,
            closed_timestamp_lag: None,
        }
    }
}

impl PrimarySettings {
    /// Problems of the settings by themselves.
    pub(super) fn validate(&self, problems: &mut Problems) {
        problems.at("lag", |p| self.lag.validate(p));
        if let Some(failover) = &self.failover {
            problems.at("failover", |p| failover.validate(p));
        }
        if self.closed_timestamp_lag.is_some_and(SimDuration::is_zero) {
            problems.error("closed_timestamp_lag", "what is no time old is what the primary has").hint =
                Some("write a time such as 3s, or leave it out".into());
        }
        if self.replicas.is_some_and(|replicas| replicas.get() == 0) {
            problems.error("replicas", "a primary that nobody follows is one copy").hint =
                Some("leave replication out, or write at least 1".into());
        }
    }

    /// What needs other copies than there are.
    pub(super) fn check(&self, instances: u32, problems: &mut Problems) {
        if let Some(replicas) = self.replicas.filter(|replicas| replicas.get() + 1 != u64::from(instances)) {
            let what =
                format!("a primary and {replicas} replicas are {} instances, not {instances}", replicas.get() + 1);
            problems.error("replicas", what).hint =
                Some("write one less than instances, or leave one of the two out".into());
        } else if instances == 1 && self.failover.is_some() {
            problems.error("failover", "there is no replica that could take over").hint =
                Some("write instances: 3 at the store".into());
        } else if instances == 1 && self.commit > Commit::Primary {
            problems.error("commit", "there is no replica to wait for").hint =
                Some("write instances: 3 at the store".into());
        }
    }
}

impl PrimarySettings {
    /// As meant.
    pub(super) fn compile(&self) -> Replication {
        Replication::Primary {
            lag: self.lag.clone(),
            reads: self.reads,
            commit: self.commit,
            failover: self.failover.clone(),
            closed_lag: self.closed_timestamp_lag,
        }
    }
}
