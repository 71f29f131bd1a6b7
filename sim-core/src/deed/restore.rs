//! Restoring data: a machine of a store gets back what it has to keep.

use super::Whom;
use crate::data::state::WayBack;
use crate::problem::Problems;
use crate::topology::{Node, Topology};
use crate::units::Bandwidth;
use serde::{Deserialize, Serialize};

/// Instances of a store get their data back.
///
/// # What it models
/// One of four ways to bring the `state` of a store back to a machine. When `takes` is over it begins, and it takes as long as there is to read:
///
/// - `log_replay`: the log from its begin, (log + growth × time of the run) / (rate - growth)
/// - `snapshot`: the last snapshot, size / rate, and then the log since it was taken, by `then`
/// - `converge`: all that other copies have, size / rate; what is written meanwhile comes of itself, as in a merge of replicated data types
/// - `recompute`: all of it from what it was made of, size / (rate - growth)
///
/// Then the instance has its data: records that a fault had made wrong are right again, and the fault is over when it has struck no other
/// instance; a new machine is no longer empty, serves when callers may pick it, and follows its primary after one more `lag`. Where the instance
/// has crashed meanwhile, the restore begins again from its start when it would have been done. Nothing is done to instances that are gone.
///
/// # When to use it
/// In runbooks of stores, between `isolate` or `replace` and `validate` or `return`: as variants of one action, to ask which way is fastest.
///
/// # Knobs
/// One of these, each with its `rate`, bandwidth, default 100MB/s:
/// - `log_replay`, `converge`, `recompute`
/// - `snapshot`, with `then: log_replay` (the default) or `then: {log_replay: {rate: 150MB/s}}`
///
/// # Example
/// ```yaml
/// actions: [{do: {restore: {snapshot: {rate: 400MB/s, then: {log_replay: {rate: 150MB/s}}}}}, where: {found_by: audit}, takes: 1m}]
/// ```
///
/// # Source
/// `pg_basebackup` and WAL replay; anti-entropy of Dynamo; lineage of Spark's RDDs (Zaharia et al., NSDI 2012).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RestoreSettings {
    /// The whole log is replayed.
    LogReplay(RateSettings),
    /// The last snapshot is copied, and the log since then is replayed.
    Snapshot(SnapshotSettings),
    /// All that the other copies have is taken over from them.
    Converge(RateSettings),
    /// All is computed anew from what it was made of.
    Recompute(RateSettings),
}

/// How fast data is read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RateSettings {
    /// How fast; default 100MB/s.
    pub rate: Bandwidth,
}

impl Default for RateSettings {
    fn default() -> Self {
        Self { rate: Bandwidth::from_bytes_per_second(100e6) }
    }
}

/// How fast a snapshot is copied, and the log behind it replayed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SnapshotSettings {
    /// How fast it is copied; default 100MB/s.
    pub rate: CopyRate,
    /// What brings the rest; default `log_replay`.
    pub then: ThenSettings,
}

/// How fast a snapshot is copied.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct CopyRate(pub Bandwidth);

impl Default for CopyRate {
    fn default() -> Self {
        Self(RateSettings::default().rate)
    }
}

/// What brings what was written since a snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ThenSettings {
    /// The log is replayed.
    LogReplay(RateSettings),
}

impl Default for ThenSettings {
    fn default() -> Self {
        Self::LogReplay(RateSettings::default())
    }
}

impl RestoreSettings {
    /// Problems of the settings by themselves.
    pub(super) fn validate(&self, problems: &mut Problems) {
        let nothing = |rate: Bandwidth| rate.bytes_per_second() <= 0.0;
        let nothing_comes = match self {
            Self::LogReplay(s) | Self::Converge(s) | Self::Recompute(s) => nothing(s.rate),
            Self::Snapshot(SnapshotSettings { rate, then: ThenSettings::LogReplay(then) }) => {
                nothing(rate.0) || nothing(then.rate)
            }
        };
        if nothing_comes {
            problems.error("", "data that is read at no rate never comes back").hint =
                Some("write rate: 100MB/s".into());
        }
    }

    /// As meant.
    pub(super) fn way(&self) -> WayBack {
        let of = |settings: &RateSettings| settings.rate.bytes_per_second();
        match self {
            Self::LogReplay(settings) => WayBack::LogReplay(of(settings)),
            Self::Snapshot(SnapshotSettings { rate, then: ThenSettings::LogReplay(then) }) => {
                WayBack::Snapshot(rate.0.bytes_per_second(), of(then))
            }
            Self::Converge(settings) => WayBack::Converge(of(settings)),
            Self::Recompute(settings) => WayBack::Recompute(of(settings)),
        }
    }

    /// In words: `a log replay`.
    pub(super) fn says(&self) -> &'static str {
        match self {
            Self::LogReplay(_) => "log replay",
            Self::Snapshot(_) => "a snapshot and log replay",
            Self::Converge(_) => "convergence",
            Self::Recompute(_) => "recomputation",
        }
    }
}

/// The selected services have data, and the way leads back.
pub(super) fn check_target(
    way: Option<WayBack>,
    whom: &Whom,
    topology: &Topology,
    problems: &mut Problems,
) -> Option<()> {
    for id in whom.services().iter().filter(|id| whom.may_mean(**id, topology)) {
        let service = &topology.services[id.index()];
        let Node::Store(store) = &service.node else { continue };
        let Some(state) = store.state else { continue };
        match way {
            Some(WayBack::LogReplay(rate) | WayBack::Snapshot(_, rate) | WayBack::Recompute(rate))
                if rate <= state.growth =>
            {
                let what = format!("the log of {} grows faster than it is replayed", service.name);
                problems.error("do", what).hint = Some("write a rate above the store's state.growth".into());
                return None;
            }
            Some(WayBack::LogReplay(_)) if state.log <= 0.0 && state.growth <= 0.0 => {
                let what = format!("the state of {} has no log that could be replayed", service.name);
                problems.error("do", what).hint =
                    Some("write log: 500GB, and perhaps growth: 2MB/s, in the store's state".into());
                return None;
            }
            Some(WayBack::Snapshot(..)) if state.snapshot_every_s.is_none() => {
                problems.error("do", format!("no snapshots of {} are taken", service.name)).hint =
                    Some("write snapshot_every: 6h in the store's state".into());
                return None;
            }
            _ => return Some(()),
        }
    }
    problems.error("where", "no selected store says what it keeps").hint =
        Some("write state: {size: 100GB} in the store".into());
    None
}
