//! What an instance of a store keeps, and how long it takes to bring that back to a machine that has lost it.

use crate::kind::Kind;
use crate::problem::Problems;
use crate::units::{Bandwidth, Bytes, SimDuration};
use serde::{Deserialize, Serialize};

/// What an instance of a store keeps.
///
/// # What it models
/// Data that has to be there before an instance can serve. A new machine (`replace`, a scaler that adds an instance, a place that was drained and is
/// ordered again) is empty: callers do not pick it, and it follows no primary, until a runbook has done `restore` to it. A process that restarts
/// finds its data on its disk.
///
/// The size stays as it is. The log is what rebuilds all of it; it has a length at time 0 and grows while the run goes on, in all instances
/// alike. A snapshot is taken at time 0 and every `snapshot_every` from then on, in no time. Records that a fault has made wrong (`inject: wrong`
/// with `corrupt_record` or `wrong_amount` on instances) are part of the data: a new machine does not end such a fault, and `restore` does.
///
/// Not modelled: what reading all that costs the machines from which it comes, and data that grows.
///
/// # When to use it
/// For databases that do not come back in the time in which a process starts: which way back is fastest, and what a second failure does meanwhile.
///
/// # Knobs
/// - `size`: data of an instance, bytes; required
/// - `log`: what a replay from the begin reads at time 0, bytes, default 0B
/// - `growth`: how fast the log grows, bandwidth, default none
/// - `snapshot_every`: between two snapshots, duration, default none are taken
///
/// # Example
/// ```yaml
/// stores:
///   docs:
///     workers: 16
///     state: {size: 120GB, log: 40GB, growth: 2MB/s, snapshot_every: 6h}
///     endpoints: {get: {access: read, steps: [{work: 3ms}]}}
/// ```
///
/// # Source
/// Base backup and write-ahead log of `PostgreSQL`; snapshots and log of Raft (Ongaro and Ousterhout, 2014).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StateSettings {
    /// Data of an instance.
    pub size: Bytes,
    /// What a replay from the begin reads at time 0; default nothing.
    #[serde(default)]
    pub log: Bytes,
    /// How fast the log grows; default not at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub growth: Option<Bandwidth>,
    /// Between two snapshots; default none are taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot_every: Option<SimDuration>,
}

/// What stores keep.
pub const ALL: &[Kind] = &[Kind { family: "store", name: "state", schema: || schemars::schema_for!(StateSettings) }];

impl StateSettings {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        if self.size.get() == 0 {
            problems.error("size", "data of no size is there at once").hint = Some("write size: 100GB".into());
        }
        if self.snapshot_every.is_some_and(SimDuration::is_zero) {
            problems.error("snapshot_every", "snapshots without a time between them").hint =
                Some("write snapshot_every: 6h, or leave it out".into());
        }
    }

    /// As meant.
    pub fn compile(&self) -> State {
        State {
            size: self.size.get() as f64,
            log: self.log.get() as f64,
            growth: self.growth.map_or(0.0, Bandwidth::bytes_per_second),
            snapshot_every_s: self.snapshot_every.map(SimDuration::secs),
        }
    }
}

/// What an instance keeps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct State {
    /// Bytes of its data.
    pub size: f64,
    /// Bytes that a replay from the begin reads at time 0.
    pub log: f64,
    /// Bytes by which the log grows a second.
    pub growth: f64,
    /// Between two snapshots [s].
    pub snapshot_every_s: Option<f64>,
}

/// How data is brought back; rates in bytes a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum WayBack {
    /// The whole log is replayed.
    LogReplay(f64),
    /// The last snapshot is copied at the first rate, and the log since then is replayed at the second.
    Snapshot(f64, f64),
    /// All that the other copies have is taken over from them.
    Converge(f64),
    /// All is computed anew from what it was made of.
    Recompute(f64),
}

impl State {
    /// How long it takes to bring it back from a time on that lies `at_s` behind time 0 [s].
    ///
    /// What is read at a rate r while g is added to it takes x / (r - g): in that time r is read of x and of what g adds.
    pub fn restored_after_s(&self, way: WayBack, at_s: f64) -> f64 {
        let at_s = at_s.max(0.0);
        match way {
            WayBack::LogReplay(rate) => (self.log + self.growth * at_s) / (rate - self.growth),
            WayBack::Snapshot(rate, replay) => {
                let copies_s = self.size / rate;
                let age_s = self.snapshot_every_s.map_or(at_s, |every| at_s % every);
                copies_s + self.growth * (age_s + copies_s) / (replay - self.growth)
            }
            WayBack::Converge(rate) => self.size / rate,
            WayBack::Recompute(rate) => self.size / (rate - self.growth),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATE: State = State { size: 120e9, log: 40e9, growth: 2e6, snapshot_every_s: Some(6.0 * 3600.0) };

    /// What is left to read after a while, step by step of 10 ms.
    fn stepwise_s(mut left: f64, rate: f64, growth: f64) -> f64 {
        let mut steps = 0u64;
        while left > 0.0 {
            left += (growth - rate) * 0.01;
            steps += 1;
        }
        steps as f64 * 0.01
    }

    #[test]
    fn what_grows_while_it_is_read_takes_longer() {
        let near = |found: f64, exact: f64| assert!((found - exact).abs() < 0.02, "{found} s, not {exact}");
        let at = 900.0;
        near(STATE.restored_after_s(WayBack::LogReplay(150e6), at), stepwise_s(40e9 + 2e6 * at, 150e6, 2e6));
        near(STATE.restored_after_s(WayBack::LogReplay(150e6), at), 41.8e9 / 148e6);
        // 300 s of copying, and then what was written in 900 s and in these 300 s.
        let snapshot = 300.0 + stepwise_s(2e6 * 1200.0, 150e6, 2e6);
        near(STATE.restored_after_s(WayBack::Snapshot(400e6, 150e6), at), snapshot);
        near(STATE.restored_after_s(WayBack::Converge(80e6), at), 1500.0);
        near(STATE.restored_after_s(WayBack::Recompute(30e6), at), stepwise_s(120e9, 30e6, 2e6));
    }

    #[test]
    fn a_snapshot_is_as_old_as_the_last_one() {
        let hours = |hours: f64| STATE.restored_after_s(WayBack::Snapshot(400e6, 150e6), hours * 3600.0);
        assert_eq!(hours(1.0), hours(7.0));
        assert!(hours(5.0) > hours(1.0));
        assert_eq!(hours(-1.0), hours(0.0));
    }
}
