//! The breaker by rate: opens when too large a share of the calls in a window fails or is slow.

use super::common::{Common, GrowthSettings, HalfOpenSettings, HandSettings, Probe, validate_common, validate_share};
use crate::problem::Problems;
use crate::units::{Count, Probability, SimDuration};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Opens when too large a share of the calls in a sliding window fails or is slow.
///
/// # What it models
/// A sliding window over the last calls, by their number or by time. Once it holds `minimum_calls` and the share of failures (or of
/// slow calls) reaches its threshold, the breaker opens for `open_for`; then `half_open.calls` calls are let through, and the same
/// shares of these decide whether it closes or opens again. A window that is full of good calls opens late.
/// A caller instance that starts again has seen nothing: its breaker is closed.
///
/// # When to use it
/// The common breaker of service meshes and client libraries. Take a time window no longer than the outage that users can bear.
///
/// # Knobs
/// - `failure_rate`: share of failures that opens it, percent, default 50%
/// - `slow_call_rate`: share of slow calls that opens it, percent, default off
/// - `slow_call_duration`: what is slow, duration, default 60s
/// - `window`: `{time: 10s}` or `{count: 100}`, default 100 calls
/// - `minimum_calls`: evidence needed, count, default 100, or the window's count where that is less
/// - `open_for`: duration, default 60s
/// - `growth`: `{factor, cap}` of the open time on repeated openings, default none
/// - `half_open`: `{calls, successes, failures, max_wait}`, default 10 calls judged by rate, forever
/// - `state`: `closed` (default: calls decide), or held by hand: `forced_open` refuses all calls, `disabled` lets all pass
///
/// # Example
/// ```yaml
/// breaker: {rate: {failure_rate: 50%, window: {time: 10s}, minimum_calls: 20, open_for: 60s}}
/// ```
///
/// # Source
/// resilience4j `CircuitBreakerConfig`; its time window has buckets of one second, which this one has too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RateSettings {
    /// Share of failures that opens it.
    pub failure_rate: Probability,
    /// Share of slow calls that opens it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slow_call_rate: Option<Probability>,
    /// What is slow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slow_call_duration: Option<SimDuration>,
    /// The calls that are looked at.
    pub window: Window,
    /// Evidence needed before judging.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum_calls: Option<Count>,
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

/// The calls that a breaker looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// Those of the last so long.
    Time(SimDuration),
    /// The last so many.
    Count(Count),
}

impl Default for RateSettings {
    fn default() -> Self {
        Self {
            failure_rate: Probability::new(0.5).unwrap_or_default(),
            slow_call_rate: None,
            slow_call_duration: None,
            window: Window::Count(Count::new(100)),
            minimum_calls: None,
            open_for: SimDuration::from_ns(60_000_000_000),
            growth: None,
            half_open: None,
            state: HandSettings::Closed,
        }
    }
}

impl RateSettings {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        validate_share("failure_rate", self.failure_rate, problems);
        if let Some(share) = self.slow_call_rate {
            validate_share("slow_call_rate", share, problems);
        }
        match self.window {
            Window::Time(time) if time.ns() == 0 => {
                problems.error("window", "a window of no time holds no call").hint =
                    Some("write window: {time: 10s}".into());
            }
            Window::Count(count) if count.get() == 0 => {
                problems.error("window", "a window of no calls holds no call").hint =
                    Some("write window: {count: 100}".into());
            }
            Window::Count(count) if self.minimum_calls.is_some_and(|m| m > count) => {
                let problem = problems.error(
                    "minimum_calls",
                    "the breaker can never open: minimum_calls is more than the window can hold",
                );
                problem.label = Some(format!("the window holds {count} calls"));
                problem.hint = Some("lower minimum_calls, or widen window".into());
            }
            _ => {}
        }
        validate_common(self.open_for, self.growth.as_ref(), self.half_open.as_ref(), problems);
    }

    /// Calls needed before judging.
    pub fn evidence(&self) -> u32 {
        let most = match self.window {
            Window::Count(count) => count.get_u32(),
            Window::Time(_) => 100,
        };
        self.minimum_calls.map_or(most.min(100), Count::get_u32)
    }

    pub(super) fn common(&self) -> Common {
        let half_open = self.half_open.as_ref();
        let slow = self.slow();
        let counts = half_open.filter(|h| h.successes.is_some() || h.failures.is_some());
        let (permits, probe) = match counts {
            Some(h) => {
                let successes = h.successes.map_or(1, Count::get_u32);
                let failures = h.failures.map_or(1, Count::get_u32);
                (h.calls.map_or(successes, Count::get_u32), Probe::Counts { successes, failures })
            }
            None => {
                let permits = half_open.and_then(|h| h.calls).map_or(10, Count::get_u32);
                (permits, Probe::Rate { failure: self.failure_rate.value(), slow })
            }
        };
        Common::new(self.open_for, self.growth.as_ref(), permits, half_open, probe)
    }

    /// How long a call takes that is slow, also where the file does not say so.
    pub fn slow_after(&self) -> SimDuration {
        self.slow_call_duration.unwrap_or(SimDuration::from_ns(60 * SimDuration::SECOND.ns()))
    }

    /// Whether slow calls matter.
    pub(super) fn asks_for_slow(&self) -> bool {
        self.slow_call_rate.is_some() || self.slow_call_duration.is_some()
    }

    fn slow(&self) -> Option<(f64, u64)> {
        let duration = self.slow_after().ns();
        match (self.slow_call_rate, self.slow_call_duration) {
            (None, None) => None,
            (share, _) => Some((share.map_or(1.0, Probability::value), duration)),
        }
    }

    pub(super) fn build(&self) -> Rate {
        let window = match self.window {
            Window::Count(count) => Calls::Last { most: count.get() as usize, calls: VecDeque::new() },
            // Buckets of a second; shorter windows have ten buckets.
            Window::Time(time) => {
                let bucket = 1_000_000_000.min(time.ns() / 10).max(1);
                Calls::Recent { bucket, length: time.ns().div_ceil(bucket), buckets: VecDeque::new() }
            }
        };
        let (failure, slow) = (self.failure_rate.value(), self.slow());
        Rate { failure, slow, minimum: self.evidence(), window, total: 0, failed: 0, slow_calls: 0 }
    }
}

/// What is in the window.
#[derive(Debug, Clone)]
pub(super) struct Rate {
    failure: f64,
    slow: Option<(f64, u64)>,
    minimum: u32,
    window: Calls,
    total: u32,
    failed: u32,
    slow_calls: u32,
}

#[derive(Debug, Clone)]
enum Calls {
    /// The last calls: whether each failed, and was slow.
    Last { most: usize, calls: VecDeque<(bool, bool)> },
    /// Buckets of time: number, calls, failures, slow calls.
    Recent { bucket: u64, length: u64, buckets: VecDeque<(u64, u32, u32, u32)> },
}

impl Rate {
    /// Takes in a call; true if the breaker opens.
    pub(super) fn record(&mut self, now_ns: u64, failed: bool, latency_ns: u64) -> bool {
        let slow = self.slow.is_some_and(|(_, duration)| latency_ns > duration);
        self.total += 1;
        self.failed += u32::from(failed);
        self.slow_calls += u32::from(slow);
        match &mut self.window {
            Calls::Last { most, calls } => {
                calls.push_back((failed, slow));
                if calls.len() > *most
                    && let Some((failed, slow)) = calls.pop_front()
                {
                    self.total -= 1;
                    self.failed -= u32::from(failed);
                    self.slow_calls -= u32::from(slow);
                }
            }
            Calls::Recent { bucket, length, buckets } => {
                let number = now_ns / *bucket;
                match buckets.back_mut().filter(|b| b.0 == number) {
                    Some(last) => {
                        last.1 += 1;
                        last.2 += u32::from(failed);
                        last.3 += u32::from(slow);
                    }
                    None => buckets.push_back((number, 1, u32::from(failed), u32::from(slow))),
                }
                while let Some(&(first, total, failed, slow)) = buckets.front().filter(|b| b.0 + *length <= number) {
                    debug_assert!(first < number);
                    self.total -= total;
                    self.failed -= failed;
                    self.slow_calls -= slow;
                    buckets.pop_front();
                }
            }
        }
        self.total >= self.minimum && self.reached()
    }

    fn reached(&self) -> bool {
        let reaches = |n: u32, share: f64| f64::from(n) >= share * f64::from(self.total);
        reaches(self.failed, self.failure) || self.slow.is_some_and(|(share, _)| reaches(self.slow_calls, share))
    }

    pub(super) fn clear(&mut self) {
        (self.total, self.failed, self.slow_calls) = (0, 0, 0);
        match &mut self.window {
            Calls::Last { calls, .. } => calls.clear(),
            Calls::Recent { buckets, .. } => buckets.clear(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn count_window_of_four_forgets_the_oldest() {
        // resilience4j's FixedSizeSlidingWindowMetrics test: E S S S S gives 100, 50, 33.33, 25, 0 %.
        let settings = RateSettings { window: Window::Count(Count::new(4)), ..RateSettings::default() };
        let mut rate = settings.build();
        let rates: Vec<f64> = [true, false, false, false, false]
            .iter()
            .map(|&failed| {
                rate.record(0, failed, 0);
                100.0 * f64::from(rate.failed) / f64::from(rate.total)
            })
            .collect();
        assert_eq!(rates, [100.0, 50.0, 100.0 / 3.0, 25.0, 0.0]);
    }

    #[test]
    fn time_window_forgets_what_is_older() {
        let second = 1_000_000_000;
        let settings =
            RateSettings { window: Window::Time(SimDuration::from_ns(10 * second)), ..RateSettings::default() };
        let mut rate = settings.build();
        for t in 0..30 {
            rate.record(t * second, t < 15, 0);
        }
        assert_eq!((rate.total, rate.failed), (10, 0));
    }

    #[test]
    fn more_evidence_than_the_window_holds_is_a_problem() {
        let settings = RateSettings { minimum_calls: Some(Count::new(200)), ..RateSettings::default() };
        let mut problems = Problems::new();
        settings.validate(&mut problems);
        assert!(problems.has_errors());
    }
}
