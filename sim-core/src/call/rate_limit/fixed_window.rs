//! So many in each stretch of time, which all begin anew together.

use super::check_window;
use crate::problem::Problems;
use crate::units::{Count, SimDuration};
use serde::{Deserialize, Serialize};

/// At most `limit` attempts in each stretch of `every`, one of which begins at time 0, the end of the warm-up.
///
/// # What it models
/// A counter that is set back at the end of each window. An attempt that finds the window used up waits for the first window with room, in the order
/// in which they came, if that begins within `max_wait`; else it is turned away (outcome `rejected`) at once and takes nothing. At the edge between
/// two windows twice `limit` may go within a moment.
///
/// Each caller instance counts for itself, and with `per` for each tenant, or each key of a key space. The windows of all begin at the same times.
///
/// # When to use it
/// For quotas that are counted by the minute or hour, and to see what their edges do.
///
/// # Knobs
/// - `limit`: attempts in a window, count, default 50
/// - `every`: length of a window, duration, default 1s
/// - `max_wait`: how long an attempt waits for its window, duration, default 0s
/// - `per`: `tenant`, or a key space: each tenant or key has a count, default one count for all
///
/// # Example
/// ```yaml
/// call: {to: maps.find, timeout: 1s, rate_limit: {fixed_window: {limit: 600, every: 1m}}}
/// ```
///
/// # Source
/// resilience4j `AtomicRateLimiter`: `limitForPeriod` (50), `limitRefreshPeriod`, `timeoutDuration`; there the period is 500 ns and the wait 5 s if
/// nothing is said, and a blocked thread is refused after `timeoutDuration`, where here it is known at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FixedWindowSettings {
    /// Attempts in a window.
    pub limit: Count,
    /// Length of a window.
    pub every: SimDuration,
    /// How long an attempt waits for its window.
    pub max_wait: SimDuration,
    /// `tenant`, or a key space: each tenant or key has a count; default one count for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per: Option<String>,
}

impl Default for FixedWindowSettings {
    fn default() -> Self {
        Self { limit: Count::new(50), every: SimDuration::SECOND, max_wait: SimDuration::ZERO, per: None }
    }
}

impl FixedWindowSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        check_window(self.limit, self.every, problems);
    }

    /// Windows of which one begins at `zero_ns`.
    pub(super) fn build(&self, zero_ns: u64) -> FixedWindow {
        let every_ns = self.every.ns();
        let ahead_ns = (every_ns - zero_ns % every_ns) % every_ns;
        FixedWindow { limit: self.limit.get(), every_ns, ahead_ns, window: 0, taken: 0 }
    }
}

/// The windows at work.
#[derive(Debug, Clone)]
pub(super) struct FixedWindow {
    limit: u64,
    every_ns: u64,
    /// How much of a window was over at the start of the run [ns].
    ahead_ns: u64,
    /// The present window.
    window: u64,
    /// Turns that are taken from it on; those beyond `limit` are in the windows that follow.
    taken: u64,
}

impl FixedWindow {
    fn advance(&mut self, now_ns: u64) {
        let window = (now_ns + self.ahead_ns) / self.every_ns;
        let gone = (window - self.window).saturating_mul(self.limit);
        self.taken = self.taken.saturating_sub(gone);
        self.window = window;
    }

    pub(super) fn reserve(&mut self, now_ns: u64, at_most_ns: u64) -> Option<u64> {
        self.advance(now_ns);
        let begins_ns = (self.window + self.taken / self.limit).saturating_mul(self.every_ns);
        let wait_ns = begins_ns.saturating_sub(now_ns + self.ahead_ns);
        if wait_ns > at_most_ns {
            return None;
        }
        self.taken += 1;
        Some(wait_ns)
    }

    pub(super) fn is_untouched(&self, now_ns: u64) -> bool {
        let mut later = self.clone();
        later.advance(now_ns);
        later.taken == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A cycle of resilience4j's tests [ns].
    const CYCLE: u64 = 250_000_000;

    fn windows(limit: u64, max_wait_ns: u64) -> impl FnMut(u64) -> Option<u64> {
        let (limit, every) = (Count::new(limit), SimDuration::from_ns(CYCLE));
        let mut windows = FixedWindowSettings { limit, every, ..FixedWindowSettings::default() }.build(0);
        move |now_ns| windows.reserve(now_ns, max_wait_ns)
    }

    #[test]
    fn permissions_come_anew_as_in_resilience4j() {
        // resilience4j@09d9d1f5 AtomicRateLimiterTest, 1 in 250 ms. acquireAndRefreshWithEventPublishing, no wait: true, false, in the next cycle
        // true, false.
        let mut asks = windows(1, 0);
        let found = [CYCLE, CYCLE, 2 * CYCLE, 2 * CYCLE].map(|now_ns| asks(now_ns).is_some());
        assert_eq!(found, [true, false, true, false]);
        // reserveFewThenSkipCyclesBeforeRefreshNonBlocking, a wait of one cycle: at once, after one cycle, not at all; and six cycles later at once.
        let mut asks = windows(1, CYCLE);
        let found = [CYCLE, CYCLE, CYCLE, 6 * CYCLE + 10, 6 * CYCLE + 10].map(&mut asks);
        assert_eq!(found, [Some(0), Some(CYCLE), None, Some(0), Some(CYCLE - 10)]);
    }

    #[test]
    fn twice_the_limit_may_go_at_an_edge() {
        let mut asks = windows(3, 0);
        let found = [CYCLE - 2, CYCLE - 2, CYCLE - 1, CYCLE - 1, CYCLE, CYCLE, CYCLE + 1, CYCLE + 1];
        assert_eq!(found.into_iter().filter(|now_ns| asks(*now_ns).is_some()).count(), 6);
    }
}
