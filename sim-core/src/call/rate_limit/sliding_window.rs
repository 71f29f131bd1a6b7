//! So many in any stretch of time of that length.

use super::check_window;
use crate::problem::Problems;
use crate::units::{Count, SimDuration};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// At most `limit` attempts in any stretch of `every`, wherever it begins.
///
/// # What it models
/// A log of the last `limit` attempts. An attempt goes when the one that was sent `limit` attempts before is `every` ago. Until then it waits, in
/// the order in which they came, if that is within `max_wait`; else it is turned away (outcome `rejected`) at once and takes nothing.
///
/// Each caller instance has a log of its own, and with `per` one for each tenant, or each key of a key space.
///
/// # When to use it
/// For quotas without the edges of `fixed_window`. The exact log is what Redis scripts and gateways keep in a sorted set; those that only
/// weigh two counters come near it.
///
/// # Knobs
/// - `limit`: attempts in a window, count, default 50
/// - `every`: length of the window, duration, default 1s
/// - `max_wait`: how long an attempt waits for its turn, duration, default 0s
/// - `per`: `tenant`, or a key space: each tenant or key has a log, default one log for all
///
/// # Example
/// ```yaml
/// call: {to: maps.find, timeout: 1s, rate_limit: {sliding_window: {limit: 600, every: 1m}}}
/// ```
///
/// # Source
/// The sliding window log of a sorted set in Redis, as in Cloudflare's "How we built rate limiting capable of scaling to millions of domains", which
/// approximates it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SlidingWindowSettings {
    /// Attempts in a window.
    pub limit: Count,
    /// Length of the window.
    pub every: SimDuration,
    /// How long an attempt waits for its turn.
    pub max_wait: SimDuration,
    /// `tenant`, or a key space: each tenant or key has a log; default one log for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per: Option<String>,
}

impl Default for SlidingWindowSettings {
    fn default() -> Self {
        Self { limit: Count::new(50), every: SimDuration::SECOND, max_wait: SimDuration::ZERO, per: None }
    }
}

impl SlidingWindowSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        check_window(self.limit, self.every, problems);
    }

    pub(super) fn build(&self) -> SlidingWindow {
        SlidingWindow { limit: self.limit.get() as usize, every_ns: self.every.ns(), sent: VecDeque::new() }
    }
}

/// The log at work.
#[derive(Debug, Clone)]
pub(super) struct SlidingWindow {
    limit: usize,
    every_ns: u64,
    /// When the last attempts went or will go, at most `limit` of them, in order [ns].
    sent: VecDeque<u64>,
}

impl SlidingWindow {
    pub(super) fn reserve(&mut self, now_ns: u64, at_most_ns: u64) -> Option<u64> {
        while self.sent.front().is_some_and(|sent_ns| sent_ns.saturating_add(self.every_ns) <= now_ns) {
            self.sent.pop_front();
        }
        let is_full = self.sent.len() == self.limit;
        let free_ns = self.sent.front().filter(|_| is_full).map_or(0, |sent_ns| sent_ns.saturating_add(self.every_ns));
        let wait_ns = free_ns.saturating_sub(now_ns);
        if wait_ns > at_most_ns {
            return None;
        }
        if is_full {
            self.sent.pop_front();
        }
        self.sent.push_back(now_ns.max(free_ns));
        Some(wait_ns)
    }

    pub(super) fn is_empty(&self, now_ns: u64) -> bool {
        self.sent.back().is_none_or(|sent_ns| sent_ns.saturating_add(self.every_ns) <= now_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::rng::Keyed;

    const MS: u64 = 1_000_000;

    fn window(limit: u64, every_ms: u64) -> SlidingWindow {
        let every = SimDuration::from_ns(every_ms * MS);
        SlidingWindowSettings { limit: Count::new(limit), every, ..SlidingWindowSettings::default() }.build()
    }

    #[test]
    fn no_stretch_of_the_length_has_more() {
        let (mut window, mut draws, mut now_ns, mut sent) = (window(5, 100), Keyed::new(7), 0, Vec::new());
        for _ in 0..10_000 {
            now_ns += (draws.unit() * 20e6) as u64;
            if window.reserve(now_ns, 0).is_some() {
                sent.push(now_ns);
            }
        }
        let full = sent.windows(6).filter(|six| six[5] - six[0] < 100 * MS).count();
        assert_eq!(full, 0, "six within 100 ms");
        // 5 in 100 ms of a stream of 10 in 100 ms: nearly as many as may go.
        let most = now_ns / (20 * MS);
        assert!(sent.len() as u64 > most * 85 / 100, "{} of {most}", sent.len());
    }

    #[test]
    fn those_that_wait_go_when_the_window_lets_them() {
        let mut window = window(2, 100);
        let waits = [0, 30, 40, 40, 40].map(|at| window.reserve(at * MS, 150 * MS).map(|ns| ns / MS));
        assert_eq!(waits, [Some(0), Some(0), Some(60), Some(90), None]);
    }
}
