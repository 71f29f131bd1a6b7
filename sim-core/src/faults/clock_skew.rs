//! Clock skew: the clock of an instance is ahead of the true time, or behind it.

use crate::problem::Problems;
use crate::units::{ClockDrift, ClockOffset};
use serde::{Deserialize, Serialize};

/// The clocks of instances are wrong: what they say and what they are told as a time of day is off by as much.
///
/// # What it models
/// A clock that is set wrong (`offset`), and one that runs too fast or too slow from the begin of the fault on (`drift`). What sees a clock here is a
/// deadline that is sent as a time (`deadline_as: timestamp`): the caller writes the time by its own clock, and the callee reads it by its own. With
/// a clock that is 2 s ahead, the callee sees a deadline of 1 s as passed, and refuses the request; with one that is behind it works on for callers
/// who have gone. Offsets of caller and callee that are equal do no harm. When the fault ends, the clock is right at once, as after a step of NTP.
///
/// Timeouts, waits, and deadlines that are sent as a duration (the default, as gRPC sends them) are measured by a clock that nobody sets, and stay
/// right. Nothing else reads a time of day: expiry of cached values is measured by the instance that holds them, and stores order
/// writes by their log. Finagle's `DeadlineFilter` refuses at most a fifth of the requests of a connection; here nothing bounds it. The users of a
/// load class have the right time.
///
/// # When to use it
/// For a host whose time daemon has died, or whose machine was suspended, where deadlines, as in Finagle, are sent as times.
///
/// # Knobs
/// - `offset`: how far the clock is ahead, or behind (`-2s`), duration, default 0s
/// - `drift`: what it gains in a time, or loses (`-4s/d`), default 0s/s
///
/// # Example
/// ```yaml
/// policies: {db: {deadline: 1s, deadline_as: timestamp}}
/// faults:
///   skew: {inject: {clock_skew: {offset: 2s, drift: 50us/s}}, where: {service: db, count: 1}, at: 5m, for: 20m}
/// ```
///
/// # Source
/// RFC 5905 names offset and drift (frequency error); a quartz is off by tens of microseconds in a second. `com.twitter.finagle.context.Deadline`
/// carries a time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClockSkewSettings {
    /// How far the clock is ahead at the begin; negative where it is behind.
    pub offset: ClockOffset,
    /// What it gains in a time from then on.
    pub drift: ClockDrift,
}

/// How wrong a clock is, as meant.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ClockSkew {
    /// How far it is ahead at the begin [ns].
    pub offset_ns: i64,
    /// What it gains in a unit of time.
    pub drift: f64,
}

impl ClockSkewSettings {
    /// A clock that is right does nothing.
    pub fn validate(&self, problems: &mut Problems) {
        if self.offset.ns() == 0 && self.drift.rate() == 0.0 {
            problems.error("", "a clock without offset and drift is right").hint =
                Some("write offset: 2s, or drift: 50us/s".into());
        }
    }

    pub(super) fn meant(&self) -> ClockSkew {
        ClockSkew { offset_ns: self.offset.ns(), drift: self.drift.rate() }
    }

    pub(super) fn says(&self, target: &str) -> String {
        match (self.offset.ns(), self.drift.rate() == 0.0) {
            (0, _) => format!("the clock of {target} drifts by {}", self.drift),
            (_, true) => format!("the clock of {target} off by {}", self.offset),
            _ => format!("the clock of {target} off by {}, and drifts by {}", self.offset, self.drift),
        }
    }
}
