//! The breaker by count: opens after so many failures.

use super::common::{Common, GrowthSettings, HalfOpenSettings, HandSettings, Probe, validate_common};
use crate::problem::Problems;
use crate::units::{Count, SimDuration};
use serde::{Deserialize, Serialize};

/// Opens after so many failures, once enough calls were seen.
///
/// # What it models
/// Failures since the breaker was last closed are counted, whatever succeeded between them. With `failures` of them among at least
/// `minimum_calls` it opens for `open_for`. Half-open, `successes` good calls close it and `failures` bad ones open it again.
/// A caller instance that starts again has seen nothing: its breaker is closed.
///
/// # When to use it
/// For callees that hardly ever fail. Under constant load with a small error rate it opens sooner or later; then take `rate`.
///
/// # Knobs
/// - `failures`: count, default 5
/// - `minimum_calls`: evidence needed, count, default 20
/// - `open_for`: duration, default 60s
/// - `growth`: `{factor, cap}` of the open time on repeated openings, default none
/// - `half_open`: `{calls, successes, failures, max_wait}`, default closes after 3, opens after 1
/// - `state`: `closed` (default: calls decide), or held by hand: `forced_open` refuses all calls, `disabled` lets all pass
///
/// # Example
/// ```yaml
/// breaker: {count: {failures: 5, minimum_calls: 20, open_for: 60s, half_open: {successes: 3, failures: 1}}}
/// ```
///
/// # Source
/// M. Nygard, "Release It!", 2007, with the numbers of Failsafe's `CircuitBreakerBuilder`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CountSettings {
    /// Failures that open it.
    pub failures: Count,
    /// Evidence needed before judging.
    pub minimum_calls: Count,
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

impl Default for CountSettings {
    fn default() -> Self {
        Self {
            failures: Count::new(5),
            minimum_calls: Count::new(20),
            open_for: SimDuration::from_ns(60_000_000_000),
            growth: None,
            half_open: None,
            state: HandSettings::Closed,
        }
    }
}

impl CountSettings {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        if self.failures.get() == 0 {
            problems.error("failures", "a breaker that opens after no failure is never closed").hint =
                Some("write failures: 5".into());
        }
        validate_common(self.open_for, self.growth.as_ref(), self.half_open.as_ref(), problems);
    }

    pub(super) fn common(&self) -> Common {
        let half_open = self.half_open.as_ref();
        let successes = half_open.and_then(|h| h.successes).map_or(3, Count::get_u32);
        let failures = half_open.and_then(|h| h.failures).map_or(1, Count::get_u32);
        let permits = half_open.and_then(|h| h.calls).map_or(successes, Count::get_u32);
        Common::new(self.open_for, self.growth.as_ref(), permits, half_open, Probe::Counts { successes, failures })
    }

    pub(super) fn build(&self) -> Failures {
        Failures { needed: self.failures.get_u32(), minimum: self.minimum_calls.get_u32(), calls: 0, failed: 0 }
    }
}

/// Calls and failures since it was closed.
#[derive(Debug, Clone)]
pub(super) struct Failures {
    needed: u32,
    minimum: u32,
    calls: u32,
    failed: u32,
}

impl Failures {
    /// Takes in a call; true if the breaker opens.
    pub(super) fn record(&mut self, failed: bool) -> bool {
        self.calls = self.calls.saturating_add(1);
        self.failed = self.failed.saturating_add(u32::from(failed));
        self.failed >= self.needed && self.calls >= self.minimum
    }

    pub(super) fn clear(&mut self) {
        (self.calls, self.failed) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{BreakerSettings, State};
    use super::*;

    #[test]
    fn opens_at_the_twentieth_call_with_five_failures_and_closes_after_three_successes() {
        let mut breaker = BreakerSettings::Count(CountSettings::default()).build();
        for call in 1..=19 {
            breaker.record(0, call <= 5, 0);
            assert_eq!(breaker.stands().state, State::Closed, "after {call} calls");
        }
        breaker.record(0, false, 0);
        assert_eq!(breaker.stands().state, State::Open);
        let later = 60_000_000_000;
        for probe in 1..=3 {
            assert!(breaker.admit(later));
            breaker.record(later, false, 0);
            assert_eq!(breaker.stands().state == State::Closed, probe == 3);
        }
    }

    #[test]
    fn one_failure_half_open_opens_it_again() {
        let mut breaker = BreakerSettings::Count(CountSettings::default()).build();
        (0..20).for_each(|_| breaker.record(0, true, 0));
        assert!(breaker.admit(60_000_000_000));
        breaker.record(60_000_000_000, true, 0);
        assert_eq!((breaker.stands().state, breaker.stands().openings), (State::Open, 2));
    }
}
