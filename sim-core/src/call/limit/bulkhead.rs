//! A constant number of attempts under way.

use crate::call::doorman::Answer;
use crate::outcome::Outcome;
use crate::problem::Problems;
use crate::units::{Count, SimDuration};
use serde::{Deserialize, Serialize};

/// At most so many attempts of a caller instance are under way to a callee at once; the others wait for a place, or are turned away.
///
/// # What it models
/// A semaphore. An attempt, a retry too, takes a place before it is sent, and gives it back when it is answered, when its timeout comes or when
/// it is withdrawn. Where no place is free the attempt waits, first come, first served, for `max_wait` at most, and is then turned away (outcome
/// `rejected`, no attempt is sent); without `max_wait` it is turned away at once. The caller keeps its worker while it waits, unless its endpoint is
/// `async`. The timeout of an attempt begins when it is sent; `total_timeout` counts the wait, and ends it.
///
/// A breaker is asked first: an attempt that waits was let through by it, and goes when its turn comes though the breaker has opened meanwhile. One
/// that is turned away here is neither a success nor a failure to breaker and throttle. So it is no failure either where
/// resilience4j counts a full bulkhead as one unless it is told to ignore that.
///
/// # When to use it
/// To keep one slow callee from taking all workers of its caller, so that what does not need the callee goes on. The limit follows Little's law:
/// the calls a second of one caller instance, times the seconds that one takes, and room for bursts.
///
/// # Knobs
/// - `limit`: attempts under way at once, count, default 25
/// - `max_wait`: how long an attempt waits for a place, duration, default 0s
///
/// # Example
/// ```yaml
/// call: {to: reports.render, timeout: 2s, concurrency_limit: {bulkhead: {limit: 8, max_wait: 50ms}}}
/// ```
///
/// # Source
/// resilience4j `SemaphoreBulkhead`: `maxConcurrentCalls`, `maxWaitDuration`, fair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BulkheadSettings {
    /// Attempts under way at once.
    pub limit: Count,
    /// How long an attempt waits for a place.
    pub max_wait: SimDuration,
}

impl Default for BulkheadSettings {
    fn default() -> Self {
        Self { limit: Count::new(25), max_wait: SimDuration::ZERO }
    }
}

impl BulkheadSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.limit.get() == 0 {
            problems.error("limit", "a bulkhead without places lets no call through").hint =
                Some("write limit: 25".into());
        }
    }

    pub(super) fn build(&self) -> Bulkhead {
        Bulkhead { limit: self.limit.get(), max_wait_ns: self.max_wait.ns(), under_way: 0 }
    }
}

/// The bulkhead at work.
#[derive(Debug, Clone)]
pub struct Bulkhead {
    limit: u64,
    max_wait_ns: u64,
    /// Places that are taken.
    under_way: u64,
}

impl Bulkhead {
    pub(super) fn ask(&mut self) -> Answer {
        if self.under_way < self.limit {
            self.under_way += 1;
            return Answer::Go;
        }
        match self.max_wait_ns {
            0 => Answer::Refuse(Outcome::Rejected),
            at_most_ns => Answer::Wait { at_most_ns },
        }
    }

    pub(super) fn becomes(&mut self, settings: &BulkheadSettings) {
        (self.limit, self.max_wait_ns) = (settings.limit.get(), settings.max_wait.ns());
    }

    /// Places that are taken.
    pub(super) fn under_way(&self) -> u64 {
        self.under_way
    }

    pub(super) fn leave(&mut self) {
        debug_assert!(self.under_way > 0, "a place is given back that nobody had");
        self.under_way = self.under_way.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulkhead(limit: u64, max_wait_ms: u64) -> Bulkhead {
        let max_wait = SimDuration::from_ns(max_wait_ms * 1_000_000);
        BulkheadSettings { limit: Count::new(limit), max_wait }.build()
    }

    #[test]
    fn places_are_taken_and_given_back_as_resilience4j_does() {
        // resilience4j@03bf3a77 SemaphoreBulkheadTest.testBulkhead, 2 calls, no wait: permitted, permitted, rejected, finished, finished,
        // permitted, and after these 0, 1 and 2 calls available.
        let mut bulkhead = bulkhead(2, 0);
        let refused = Answer::Refuse(Outcome::Rejected);
        assert_eq!([bulkhead.ask(), bulkhead.ask(), bulkhead.ask()], [Answer::Go, Answer::Go, refused]);
        bulkhead.leave();
        assert_eq!(bulkhead.limit - bulkhead.under_way, 1);
        bulkhead.leave();
        assert_eq!(bulkhead.limit - bulkhead.under_way, 2);
        assert_eq!(bulkhead.ask(), Answer::Go);
    }

    #[test]
    fn an_attempt_waits_as_long_as_resilience4j_lets_it() {
        // The same class, testTryEnterWithTimeout: 1 call, 50 ms. The second is refused after 50 ms.
        let mut bulkhead = bulkhead(1, 50);
        assert_eq!(bulkhead.ask(), Answer::Go);
        assert_eq!(bulkhead.ask(), Answer::Wait { at_most_ns: 50_000_000 });
        bulkhead.leave();
        assert_eq!(bulkhead.ask(), Answer::Go, "the place that came back");
    }

    #[test]
    fn defaults_are_those_of_resilience4j() {
        let settings: BulkheadSettings = serde_json::from_str("{}").unwrap();
        assert_eq!((settings.limit.get(), settings.max_wait.ns()), (25, 0));
    }
}
