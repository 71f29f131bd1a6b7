//! How a store is copied: what a write to a primary waits for, who takes over from one that is gone, and how many copies answer where there is none.
//!
//! The settings and what follows from them; the log of writes and the copies of a store are in `world/data/copies`, the world's part of a failover in
//! `world/data/failover`, and stores without a primary in `world/data/quorum`.

use crate::dist::Distribution;
use crate::problem::Problems;
use crate::units::SimDuration;
use serde::{Deserialize, Serialize};

/// How many copies have a write before it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Commit {
    /// None: it is answered before the primary's own disk has it.
    Asynchronous,
    /// The primary alone, which the other copies follow.
    #[default]
    Primary,
    /// The primary and one replica.
    OneReplica,
    /// More than half of the copies, the primary among them.
    Majority,
    /// All copies.
    All,
}

impl Commit {
    /// How many replicas a write waits for, where there are so many copies.
    pub fn replicas(self, copies: u32) -> u32 {
        let others = copies.saturating_sub(1);
        match self {
            Self::Asynchronous | Self::Primary => 0,
            Self::OneReplica => 1.min(others),
            Self::Majority => (copies / 2).min(others),
            Self::All => others,
        }
    }

    /// The word in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Asynchronous => "asynchronous",
            Self::Primary => "primary",
            Self::OneReplica => "one_replica",
            Self::Majority => "majority",
            Self::All => "all",
        }
    }
}

/// Who takes over when the primary is gone, and how long that takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FailoverSettings {
    /// From the crash or freeze of the primary until that is noticed, a duration or a distribution; default 10s. A primary that is isolated, drained
    /// or replaced by order needs no notice.
    pub detect: Distribution,
    /// From then until a replica takes writes as the new primary, a duration or a distribution; default 30s.
    pub takes: Distribution,
}

impl Default for FailoverSettings {
    fn default() -> Self {
        let seconds = |seconds: u64| Distribution::constant(SimDuration::from_ns(seconds * 1_000_000_000));
        Self { detect: seconds(10), takes: seconds(30) }
    }
}

impl FailoverSettings {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        problems.at("detect", |p| self.detect.validate(p));
        problems.at("takes", |p| self.takes.validate(p));
    }
}

/// What a request can rely on at a store of several copies, whatever copy it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SessionGuarantee {
    /// It sees what it has written.
    ReadYourWrites,
    /// It never sees an older version than it has seen.
    MonotonicReads,
    /// What it writes nobody sees without what it had written before.
    MonotonicWrites,
    /// What it writes nobody sees without what it had read before.
    WritesFollowReads,
}

/// How a store without a primary is copied.
#[derive(Debug, Clone, PartialEq)]
pub struct Quorum {
    /// Copies of each row.
    pub copies: u32,
    /// How many copies have to reply to a read.
    pub read: u32,
    /// How many copies have to acknowledge a write.
    pub write: u32,
    /// How long messages to copies take.
    pub legs: Legs,
}

/// How long the legs of messages to a copy of a row take, each drawn for each copy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Legs {
    /// A write to a copy; default 500us.
    pub write: Distribution,
    /// Its acknowledgement; default 500us.
    pub ack: Distribution,
    /// A read to a copy; default 500us.
    pub read: Distribution,
    /// The reply to it; default 500us.
    pub reply: Distribution,
}

impl Default for Legs {
    fn default() -> Self {
        let leg = || Distribution::constant(SimDuration::from_ns(500_000));
        Self { write: leg(), ack: leg(), read: leg(), reply: leg() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_majority_is_more_than_half() {
        for (copies, replicas) in [(1, 0), (2, 1), (3, 1), (4, 2), (5, 2), (6, 3), (7, 3)] {
            assert_eq!(Commit::Majority.replicas(copies), replicas, "{copies} copies");
            assert!(2 * (replicas + 1) > copies);
            assert_eq!(Commit::All.replicas(copies), copies - 1);
            assert_eq!(Commit::OneReplica.replicas(copies), u32::from(copies > 1));
            assert_eq!(Commit::Asynchronous.replicas(copies), 0);
        }
    }
}
