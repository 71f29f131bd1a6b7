//! Requests that come all at the same moment: settings. The times are in `process`.

use crate::problem::Problems;
use crate::units::{Count, SimDuration};
use serde::{Deserialize, Serialize};

/// Many requests at the same moment, once or again and again.
///
/// # What it models
/// A thundering herd: clients that were all woken by the same thing. `size` requests come at `at`, and again each `every`, `times` in
/// all. None come during the warm-up.
///
/// # When to use it
/// For cron jobs at the full hour, caches that expire, clients that reconnect after an outage, and contention measured from a
/// common start.
///
/// # Knobs
/// - `size`: requests at a time, count; required
/// - `at`: when, duration from time 0, default 0s
/// - `every`: and again each so long, duration, default never again
/// - `times`: how often in all, count, default to the end
///
/// # Example
/// ```yaml
/// load:
///   reports: {to: api.report, arrive: {burst: {size: 500, every: 1h}}}
/// ```
///
/// # Source
/// The common start of all clients in M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BurstSettings {
    /// Requests at a time.
    pub size: Count,
    /// When, from time 0.
    #[serde(default)]
    pub at: SimDuration,
    /// And again each so long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<SimDuration>,
    /// How often in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<Count>,
}

/// Bursts as meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bursts {
    /// Requests at a time.
    pub size: u64,
    /// The first, from time 0 [ns].
    pub at_ns: u64,
    /// Between two [ns]; `None` where there is one only.
    pub every_ns: Option<u64>,
    /// How many there are at most.
    pub times: u64,
}

impl BurstSettings {
    /// Nobody, no time between two, or a number of repetitions without a period are slips.
    pub fn validate(&self, problems: &mut Problems) {
        match self.size.get() {
            0 => problems.error("size", "without requests nothing ever comes").hint = Some("write at least 1".into()),
            1..=10_000_000 => {}
            _ => {
                problems.error("size", "more requests at once than can be simulated").label =
                    Some("at most 10M".into());
            }
        }
        if self.every.is_some_and(SimDuration::is_zero) {
            problems.error("every", "bursts that follow without a pause never end").hint =
                Some("write every: 1m".into());
        }
        match self.times {
            Some(times) if times.get() == 0 => {
                problems.error("times", "a burst that never happens is none").hint = Some("write at least 1".into());
            }
            Some(_) if self.every.is_none() => {
                problems.error("times", "repetitions need a period").hint = Some("write every: 1m beside it".into());
            }
            _ => {}
        }
    }

    pub(super) fn compile(&self) -> Bursts {
        let times = if self.every.is_some() { self.times.map_or(u64::MAX, Count::get) } else { 1 };
        Bursts { size: self.size.get(), at_ns: self.at.ns(), every_ns: self.every.map(SimDuration::ns), times }
    }
}

/// Bursts while they come.
#[derive(Debug, Clone)]
pub(super) struct Coming {
    bursts: Bursts,
    /// Bursts after the present one.
    more: u64,
    /// Requests left of the present one.
    left: u64,
    /// When the present one is, from time 0 [ns].
    at_ns: u64,
}

impl Coming {
    pub(super) fn new(bursts: Bursts) -> Self {
        Self { bursts, more: bursts.times.saturating_sub(1), left: bursts.size, at_ns: bursts.at_ns }
    }

    /// When the next request comes, from time 0 [ns].
    pub(super) fn next(&mut self) -> Option<u64> {
        if self.left == 0 {
            self.more = self.more.checked_sub(1)?;
            self.at_ns = self.at_ns.checked_add(self.bursts.every_ns?)?;
            self.left = self.bursts.size;
        }
        self.left = self.left.checked_sub(1)?;
        Some(self.at_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(written: &str) -> Vec<u64> {
        let settings: BurstSettings = serde_json::from_str(written).unwrap();
        let mut coming = Coming::new(settings.compile());
        std::iter::from_fn(|| coming.next()).take(5).map(|ns| ns / 1_000_000_000).collect()
    }

    #[test]
    fn all_come_at_once_and_again_as_often_as_is_said() {
        assert_eq!(times(r#"{"size": 3}"#), [0, 0, 0]);
        assert_eq!(times(r#"{"size": 2, "at": "5s", "every": "10s"}"#), [5, 5, 15, 15, 25]);
        assert_eq!(times(r#"{"size": 1, "every": "10s", "times": 2}"#), [0, 10]);
    }
}
