//! The breaker by failures in a row.

use super::common::{Common, GrowthSettings, HalfOpenSettings, HandSettings, Probe, validate_common};
use crate::problem::Problems;
use crate::units::{Count, SimDuration};
use serde::{Deserialize, Serialize};

/// Opens after so many failures in a row; one success begins the count anew.
///
/// # What it models
/// The classic breaker. Half-open, one success closes it and one failure opens it again.
/// A caller instance that starts again has seen nothing: its breaker is closed.
///
/// # When to use it
/// For callees that fail altogether or not at all; it never opens at an error rate of 50 % for long runs of failures are rare.
///
/// # Knobs
/// - `failures`: in a row, count, default 3
/// - `open_for`: duration, default 60s
/// - `growth`: `{factor, cap}` of the open time on repeated openings, default none
/// - `half_open`: `{calls, successes, failures, max_wait}`, default closes after 1, opens after 1
/// - `state`: `closed` (default: calls decide), or held by hand: `forced_open` refuses all calls, `disabled` lets all pass
///
/// # Example
/// ```yaml
/// breaker: {consecutive: {failures: 3, open_for: 30s}}
/// ```
///
/// # Source
/// Finagle's failure accrual by consecutive failures; M. Nygard, "Release It!", 2007.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ConsecutiveSettings {
    /// Failures in a row that open it.
    pub failures: Count,
    /// How long it is open.
    pub open_for: SimDuration,
    /// Longer on repeated openings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub growth: Option<GrowthSettings>,
    /// How it tries again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub half_open: Option<HalfOpenSettings>,
    /// The state into which it is put by hand: `forced_open` turns all calls away, `disabled` lets all pass; default closed, from where calls decide.
    #[serde(skip_serializing_if = "HandSettings::is_closed")]
    pub state: HandSettings,
}

impl Default for ConsecutiveSettings {
    fn default() -> Self {
        Self {
            failures: Count::new(3),
            open_for: SimDuration::from_ns(60_000_000_000),
            growth: None,
            half_open: None,
            state: HandSettings::Closed,
        }
    }
}

impl ConsecutiveSettings {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        if self.failures.get() == 0 {
            problems.error("failures", "a breaker that opens after no failure is never closed").hint =
                Some("write failures: 3".into());
        }
        validate_common(self.open_for, self.growth.as_ref(), self.half_open.as_ref(), problems);
    }

    pub(super) fn common(&self) -> Common {
        let half_open = self.half_open.as_ref();
        let successes = half_open.and_then(|h| h.successes).map_or(1, Count::get_u32);
        let failures = half_open.and_then(|h| h.failures).map_or(1, Count::get_u32);
        let permits = half_open.and_then(|h| h.calls).map_or(successes, Count::get_u32);
        Common::new(self.open_for, self.growth.as_ref(), permits, half_open, Probe::Counts { successes, failures })
    }

    pub(super) fn build(&self) -> Run {
        Run { needed: self.failures.get_u32(), length: 0 }
    }
}

/// Failures in a row.
#[derive(Debug, Clone)]
pub(super) struct Run {
    needed: u32,
    length: u32,
}

impl Run {
    /// Takes in a call; true if the breaker opens.
    pub(super) fn record(&mut self, failed: bool) -> bool {
        self.length = if failed { self.length.saturating_add(1) } else { 0 };
        self.length >= self.needed
    }

    pub(super) fn clear(&mut self) {
        self.length = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::super::{BreakerSettings, State};
    use super::*;

    #[test]
    fn a_success_between_failures_keeps_it_closed() {
        let mut breaker = BreakerSettings::Consecutive(ConsecutiveSettings::default()).build();
        for failed in [true, true, false, true, true] {
            breaker.record(0, failed, 0);
        }
        assert_eq!(breaker.stands().state, State::Closed);
        breaker.record(0, true, 0);
        assert_eq!(breaker.stands().state, State::Open);
    }
}
