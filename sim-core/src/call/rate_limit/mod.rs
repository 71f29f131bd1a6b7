//! Limits of rate: how many attempts a caller sends in a stretch of time.
//!
//! A limit knows at once when an attempt may go: now, after a time for which it has reserved its turn, or not within `max_wait`, and then it refuses
//! and reserves nothing. Each kind is that one question, `Turns::reserve`, and with `per` there is one such state for each key.

mod fixed_window;
mod leaky_bucket;
mod sliding_window;
mod token_bucket;

pub use fixed_window::FixedWindowSettings;
pub use leaky_bucket::LeakyBucketSettings;
pub use sliding_window::SlidingWindowSettings;
pub use token_bucket::TokenBucketSettings;

use crate::call::doorman::{Answer, Doorman, Ended, Knock, Marks};
use crate::kind::Kind;
use crate::metrics::{counters, timed};
use crate::outcome::Outcome;
use crate::problem::Problems;
use crate::units::{Count, SimDuration};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How many attempts are sent in a stretch of time, as written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RateLimitSettings {
    /// So many a second on average, and so many at once.
    TokenBucket(TokenBucketSettings),
    /// One after the other, at a constant distance.
    LeakyBucket(LeakyBucketSettings),
    /// So many in each stretch of time, which all begin anew together.
    FixedWindow(FixedWindowSettings),
    /// So many in any stretch of time of that length.
    SlidingWindow(SlidingWindowSettings),
}

/// The kinds of rate limit.
pub const ALL: &[Kind] = &[
    Kind { family: "rate_limit", name: "token_bucket", schema: || schemars::schema_for!(TokenBucketSettings) },
    Kind { family: "rate_limit", name: "leaky_bucket", schema: || schemars::schema_for!(LeakyBucketSettings) },
    Kind { family: "rate_limit", name: "fixed_window", schema: || schemars::schema_for!(FixedWindowSettings) },
    Kind { family: "rate_limit", name: "sliding_window", schema: || schemars::schema_for!(SlidingWindowSettings) },
];

counters! {
    CallSite {
        REJECTED = "rate_limit_rejected", "attempts that limits of rate turned away", sampled;
        WAITED = "rate_limit_waited", "attempts that limits of rate let go later", sampled;
    }
}

timed! {
    CallSite {
        WAIT = "rate_limit_wait", "time for which a limit of rate holds an attempt back; those that it turns away are not timed";
    }
}

impl RateLimitSettings {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        match self {
            Self::TokenBucket(s) => problems.at("token_bucket", |p| s.validate(p)),
            Self::LeakyBucket(s) => problems.at("leaky_bucket", |p| s.validate(p)),
            Self::FixedWindow(s) => problems.at("fixed_window", |p| s.validate(p)),
            Self::SlidingWindow(s) => problems.at("sliding_window", |p| s.validate(p)),
        }
    }

    /// The name of the kind.
    pub fn name(&self) -> &'static str {
        match self {
            Self::TokenBucket(_) => "token_bucket",
            Self::LeakyBucket(_) => "leaky_bucket",
            Self::FixedWindow(_) => "fixed_window",
            Self::SlidingWindow(_) => "sliding_window",
        }
    }

    /// The key space of whose keys each has a limit of its own.
    pub fn per(&self) -> Option<&str> {
        match self {
            Self::TokenBucket(s) => s.per.as_deref(),
            Self::LeakyBucket(s) => s.per.as_deref(),
            Self::FixedWindow(s) => s.per.as_deref(),
            Self::SlidingWindow(s) => s.per.as_deref(),
        }
    }

    /// Whether another is of the same kind, and of the same keys, so that one may become the other while a run goes on.
    pub fn is_like(&self, other: &Self) -> bool {
        self.name() == other.name() && self.per() == other.per()
    }

    /// Whether an attempt may have to wait.
    pub fn may_delay(&self) -> bool {
        self.max_wait_ns() > 0
    }

    /// The longest wait for which an attempt is not refused [ns]; a leaky bucket looks at its places instead.
    fn max_wait_ns(&self) -> u64 {
        match self {
            Self::TokenBucket(s) => s.max_wait.ns(),
            Self::LeakyBucket(_) => u64::MAX,
            Self::FixedWindow(s) => s.max_wait.ns(),
            Self::SlidingWindow(s) => s.max_wait.ns(),
        }
    }

    /// How long an attempt waits at most before it is sent [ns].
    pub fn longest_wait_ns(&self) -> u64 {
        match self {
            Self::LeakyBucket(s) => s.longest_wait_ns(),
            others => others.max_wait_ns(),
        }
    }

    /// The most times that one state of it remembers.
    pub fn remembers(&self) -> u64 {
        if let Self::SlidingWindow(s) = self { s.limit.get() } else { 0 }
    }

    /// A limit under which nothing has been sent. `zero_ns` is time 0 of the run, at which a window of `fixed_window` begins [ns from the start].
    pub fn build(&self, zero_ns: u64) -> RateLimiter {
        RateLimiter {
            zero_ns,
            settings: self.clone(),
            max_wait_ns: self.max_wait_ns(),
            one: self.turns(zero_ns),
            per: BTreeMap::new(),
            look_at: 1024,
        }
    }

    fn turns(&self, zero_ns: u64) -> Turns {
        match self {
            Self::TokenBucket(s) => Turns::TokenBucket(s.build()),
            Self::LeakyBucket(s) => Turns::LeakyBucket(s.build()),
            Self::FixedWindow(s) => Turns::FixedWindow(s.build(zero_ns)),
            Self::SlidingWindow(s) => Turns::SlidingWindow(s.build()),
        }
    }
}

/// A limit without attempts, or without a rate, is a problem at its key.
fn check_window(limit: Count, every: SimDuration, problems: &mut Problems) {
    if limit.get() == 0 {
        problems.error("limit", "a limit of none lets no call through").hint = Some("write limit: 100".into());
    }
    if every.is_zero() {
        problems.error("every", "a limit for no time limits nothing").hint = Some("write every: 1s".into());
    }
}

/// The turns of attempts under one limit.
#[derive(Debug, Clone)]
enum Turns {
    TokenBucket(token_bucket::TokenBucket),
    LeakyBucket(leaky_bucket::LeakyBucket),
    FixedWindow(fixed_window::FixedWindow),
    SlidingWindow(sliding_window::SlidingWindow),
}

impl Turns {
    /// After how long an attempt may go [ns], which takes its turn; none where that is longer than `at_most_ns`, or where the bucket is full.
    fn reserve(&mut self, now_ns: u64, at_most_ns: u64) -> Option<u64> {
        match self {
            Self::TokenBucket(turns) => turns.reserve(now_ns, at_most_ns),
            Self::LeakyBucket(turns) => turns.reserve(now_ns),
            Self::FixedWindow(turns) => turns.reserve(now_ns, at_most_ns),
            Self::SlidingWindow(turns) => turns.reserve(now_ns, at_most_ns),
        }
    }

    /// Whether it would say the same if nothing had ever been sent.
    fn is_as_new(&self, now_ns: u64) -> bool {
        match self {
            Self::TokenBucket(turns) => turns.is_full(now_ns),
            Self::LeakyBucket(turns) => turns.is_empty(now_ns),
            Self::FixedWindow(turns) => turns.is_untouched(now_ns),
            Self::SlidingWindow(turns) => turns.is_empty(now_ns),
        }
    }
}

/// A rate limit at work.
#[derive(Debug, Clone)]
pub struct RateLimiter {
    zero_ns: u64,
    settings: RateLimitSettings,
    max_wait_ns: u64,
    /// The state where there is one for all.
    one: Turns,
    /// The states of keys that are not as new.
    per: BTreeMap<u64, Turns>,
    /// So many states are looked through for those that are as new.
    look_at: usize,
}

impl RateLimiter {
    /// Another limit of the same kind from now on. A bucket keeps its tokens, as far as there is room; a window begins anew.
    pub fn becomes(&mut self, now_ns: u64, settings: &RateLimitSettings) {
        self.settings = settings.clone();
        self.max_wait_ns = settings.max_wait_ns();
        let fresh = settings.turns(self.zero_ns);
        for turns in std::iter::once(&mut self.one).chain(self.per.values_mut()) {
            match (turns, settings) {
                (Turns::TokenBucket(bucket), RateLimitSettings::TokenBucket(settings)) => {
                    bucket.becomes(now_ns, settings);
                }
                (turns, _) => *turns = fresh.clone(),
            }
        }
    }

    /// After how long an attempt may go [ns], which takes its turn; none where it is refused.
    pub fn reserve(&mut self, now_ns: u64, subject: Option<u64>) -> Option<u64> {
        let Some(subject) = subject else { return self.one.reserve(now_ns, self.max_wait_ns) };
        if self.per.len() >= self.look_at {
            self.per.retain(|_, turns| !turns.is_as_new(now_ns));
            self.look_at = 1024.max(2 * self.per.len());
        }
        let turns = self.per.entry(subject).or_insert_with(|| self.settings.turns(self.zero_ns));
        turns.reserve(now_ns, self.max_wait_ns)
    }
}

impl Doorman for RateLimiter {
    fn ask(&mut self, knock: Knock) -> Answer {
        match self.reserve(knock.now_ns, knock.subject) {
            None => Answer::Refuse(Outcome::Rejected),
            Some(0) => Answer::Go,
            Some(after_ns) => Answer::Later { after_ns, at_most_ns: u64::MAX },
        }
    }

    fn ended(&mut self, _ended: Ended) {}

    fn is_gone(&mut self) -> bool {
        self.one = self.settings.turns(self.zero_ns);
        self.per.clear();
        false
    }

    // Its turn is spent, as a permission of resilience4j is.
    fn withdrawn(&mut self, _now_ns: u64, _by: u32) {}

    fn marks(&self) -> Marks {
        Marks { refused: Some(REJECTED), later: Some(WAITED), wait: Some(WAIT), ..Marks::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Rate;

    const MS: u64 = 1_000_000;

    fn all() -> Vec<RateLimitSettings> {
        [
            r#"{"token_bucket": {"rate": "10/s", "burst": 1}}"#,
            r#"{"leaky_bucket": {"rate": "10/s", "capacity": 0}}"#,
            r#"{"fixed_window": {"limit": 1, "every": "100ms"}}"#,
            r#"{"sliding_window": {"limit": 1, "every": "100ms"}}"#,
        ]
        .map(|text| serde_json::from_str(text).unwrap())
        .into()
    }

    #[test]
    fn each_lets_one_go_in_100_ms_and_each_key_by_itself() {
        for settings in all() {
            let mut limit = settings.build(0);
            let goes = |limit: &mut RateLimiter, at_ms: u64, subject| limit.reserve(at_ms * MS, subject) == Some(0);
            let one: Vec<bool> = [0, 50, 99, 100, 199, 200].map(|at| goes(&mut limit, at, None)).into();
            assert_eq!(one, [true, false, false, true, false, true], "{}", settings.name());
            let keys = [(0, 7), (0, 8), (50, 7), (60, 8), (100, 7)].map(|(at, key)| goes(&mut limit, at, Some(key)));
            assert_eq!(keys, [true, true, false, false, true], "{}", settings.name());
        }
    }

    #[test]
    fn keys_that_rest_are_forgotten() {
        for settings in all() {
            let mut limit = settings.build(0);
            for key in 0..5_000 {
                assert_eq!(limit.reserve(key * 10 * MS, Some(key)), Some(0), "{}", settings.name());
            }
            assert!(limit.per.len() < 1_100, "{}: {} keys", settings.name(), limit.per.len());
        }
    }

    #[test]
    fn what_limits_nothing_or_all_is_refused() {
        let problems = |settings: &RateLimitSettings| {
            let mut problems = Problems::new();
            settings.validate(&mut problems);
            problems.into_vec().into_iter().map(|p| p.path).collect::<Vec<_>>()
        };
        all().iter().for_each(|settings| assert!(problems(settings).is_empty(), "{}", settings.name()));
        let none = TokenBucketSettings {
            rate: Rate::from_per_second(0.0),
            burst: Count::new(0),
            max_wait: SimDuration::ZERO,
            per: None,
        };
        assert_eq!(problems(&RateLimitSettings::TokenBucket(none)), ["token_bucket.rate", "token_bucket.burst"]);
        let none = FixedWindowSettings {
            limit: Count::new(0),
            every: SimDuration::ZERO,
            max_wait: SimDuration::ZERO,
            per: None,
        };
        assert_eq!(problems(&RateLimitSettings::FixedWindow(none)), ["fixed_window.limit", "fixed_window.every"]);
    }
}
