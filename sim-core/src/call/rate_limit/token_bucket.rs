//! So many a second on average, and so many at once.

use crate::problem::Problems;
use crate::units::{Count, Rate, SimDuration};
use serde::{Deserialize, Serialize};

/// A bucket that is filled with tokens at a constant rate, up to `burst`: each attempt takes one.
///
/// # What it models
/// The rate limit of most gateways and clients. The bucket is full at the start. An attempt that finds a token goes at once. One that finds none
/// waits until its token is there, in the order in which they came, if that is within `max_wait`; else it is turned away (outcome `rejected`) and
/// takes none. With `max_wait: 0s` it is a limiter, with a longer one it also shapes. A token that was taken is spent, even if the attempt is given
/// up while it waits.
///
/// Each caller instance has a bucket of its own, and with `per` one for each tenant, or each key of a key space: the key of a request is the same at
/// all steps, and in all stores with that key space. Limits of one instance do not add up to one of all: ten instances with 10/s let 100/s through.
///
/// # When to use it
/// For the quota of an API, with the bursts that it allows; to keep a caller from flooding its callee.
///
/// # Knobs
/// - `rate`: tokens, per time, required
/// - `burst`: tokens that fit, count, default 1
/// - `max_wait`: how long an attempt waits for its token, duration, default 0s
/// - `per`: `tenant`, or a key space: each tenant or key has a bucket, default one bucket for all
///
/// # Example
/// ```yaml
/// call: {to: api.get, timeout: 1s, rate_limit: {token_bucket: {rate: 100/s, burst: 20, max_wait: 50ms}}}
/// ```
///
/// # Source
/// `golang.org/x/time/rate`: `Limiter` with `Allow` (no wait) and `Wait` (a context of `max_wait`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenBucketSettings {
    /// Tokens a second.
    pub rate: Rate,
    /// Tokens that fit.
    #[serde(default = "one")]
    pub burst: Count,
    /// How long an attempt waits for its token.
    #[serde(default)]
    pub max_wait: SimDuration,
    /// `tenant`, or a key space: each tenant or key has a bucket; default one bucket for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per: Option<String>,
}

fn one() -> Count {
    Count::new(1)
}

impl TokenBucketSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.rate.per_second() <= 0.0 {
            problems.error("rate", "a bucket that is never filled lets no call through").hint =
                Some("write rate: 100/s".into());
        }
        if self.burst.get() == 0 {
            problems.error("burst", "a bucket without room for a token lets no call through").hint =
                Some("write burst: 1".into());
        }
    }

    pub(super) fn build(&self) -> TokenBucket {
        let burst = self.burst.get() as f64;
        TokenBucket { rate_per_s: self.rate.per_second(), burst, tokens: burst, since_ns: 0 }
    }
}

/// The bucket at work.
#[derive(Debug, Clone)]
pub(super) struct TokenBucket {
    rate_per_s: f64,
    burst: f64,
    /// Tokens in it; fewer than none are those that attempts wait for.
    tokens: f64,
    /// As of when [ns].
    since_ns: u64,
}

impl TokenBucket {
    fn fill(&mut self, now_ns: u64) {
        let filled = (now_ns - self.since_ns) as f64 * self.rate_per_s / 1e9;
        self.tokens = (self.tokens + filled).min(self.burst);
        self.since_ns = now_ns;
    }

    /// Another rate and another size from now on: the tokens that are there stay, as far as there is room.
    pub(super) fn becomes(&mut self, now_ns: u64, settings: &TokenBucketSettings) {
        self.fill(now_ns);
        (self.rate_per_s, self.burst) = (settings.rate.per_second(), settings.burst.get() as f64);
        self.tokens = self.tokens.min(self.burst);
    }

    pub(super) fn reserve(&mut self, now_ns: u64, at_most_ns: u64) -> Option<u64> {
        self.take(now_ns, 1.0, at_most_ns)
    }

    fn take(&mut self, now_ns: u64, tokens: f64, at_most_ns: u64) -> Option<u64> {
        self.fill(now_ns);
        let missing = tokens - self.tokens;
        let wait_ns = if missing > 0.0 { (missing / self.rate_per_s * 1e9).ceil() as u64 } else { 0 };
        if wait_ns > at_most_ns {
            return None;
        }
        self.tokens -= tokens;
        Some(wait_ns)
    }

    pub(super) fn is_full(&self, now_ns: u64) -> bool {
        let mut later = self.clone();
        later.fill(now_ns);
        later.tokens >= later.burst
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn bucket(rate_per_s: f64, burst: u64) -> TokenBucket {
        let (rate, burst) = (Rate::from_per_second(rate_per_s), Count::new(burst));
        TokenBucketSettings { rate, burst, max_wait: SimDuration::ZERO, per: None }.build()
    }

    #[test]
    fn tokens_come_and_go_as_in_go() {
        // golang/time rate/rate_test.go, rate 10/s, burst 1: at 100 ms times the first, so many are asked for, which finds as many tokens, and
        // whether they are given.
        let mut bucket = bucket(10.0, 1);
        for (place, (at, asked, before, ok)) in [
            (0, 1, 1, 1),
            (0, 1, 0, 0),
            (0, 1, 0, 0),
            (1, 1, 1, 1),
            (1, 1, 0, 0),
            (1, 1, 0, 0),
            (2, 2, 1, 0),
            (2, 1, 1, 1),
            (2, 1, 0, 0),
        ]
        .into_iter()
        .enumerate()
        {
            bucket.fill(at * 100 * MS);
            assert_eq!(bucket.tokens as u64, before, "row {place}");
            assert_eq!(bucket.take(at * 100 * MS, f64::from(asked), 0).is_some(), ok == 1, "row {place}");
        }
    }

    #[test]
    fn a_long_run_is_let_through_as_in_go() {
        // The same file, LongRunningQPS: 100/s, burst 100, one call in 2 ms for 5 s: 599 to 601 are accepted.
        let mut bucket = bucket(100.0, 100);
        let accepted = (0..2_500).filter(|call| bucket.reserve(call * 2 * MS, 0).is_some()).count();
        assert!((599..=601).contains(&accepted), "{accepted}");
    }

    #[test]
    fn those_that_wait_go_one_after_the_other() {
        let mut bucket = bucket(10.0, 2);
        let waits = [0, 0, 10, 10, 10].map(|at| bucket.reserve(at * MS, 250 * MS).map(|ns| ns / MS));
        assert_eq!(waits, [Some(0), Some(0), Some(90), Some(190), None]);
        // The one that was refused has taken nothing.
        assert_eq!(bucket.reserve(310 * MS, 0), Some(0));
    }
}
