//! Retry budgets: how many retries there may be, whatever each call would like.

mod breaker;
mod token_bucket;

pub use breaker::RetryBreakerSettings;
pub use token_bucket::TokenBucketSettings;

use crate::call::time_window::TimeWindow;
use crate::problem::Problems;
use crate::units::{Count, Factor, Percent, Rate, SimDuration};
use serde::{Deserialize, Serialize};

/// How many retries there may be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BudgetSettings {
    /// A share of the rate of calls.
    RateShare(RateShareSettings),
    /// A share of the calls in flight.
    ConcurrencyShare(ConcurrencyShareSettings),
    /// Tokens that failures take and successes give.
    Tokens(TokensSettings),
    /// Tokens that calls bring and retries take.
    TokenBucket(TokenBucketSettings),
    /// None while too many attempts have failed.
    Breaker(RetryBreakerSettings),
}

/// Retries may be a share of the calls of the last seconds, and a few more.
///
/// # What it models
/// A leaky token bucket: each call deposits for `window`, each retry withdraws what 1/`percent` calls deposit; `reserve` a second may
/// always be retried.
///
/// # When to use it
/// The strongest protection against retry storms: a total outage costs at most `percent` more load.
///
/// # Knobs
/// - `percent`: share of calls, percent, default 20%
/// - `window`: how long a deposit lasts, `{time: 10s}` or a duration, default 10s
/// - `reserve`: retries that are always allowed, rate, default 10/s
///
/// # Example
/// ```yaml
/// budget: {rate_share: {percent: 10%}}
/// ```
///
/// # Source
/// Finagle `RetryBudget`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RateShareSettings {
    /// Share of calls.
    pub percent: Percent,
    /// How long a deposit lasts.
    pub window: TimeWindow,
    /// Retries that are always allowed.
    pub reserve: Rate,
}

/// Retries in flight may be a share of the calls in flight.
///
/// # What it models
/// A retry is allowed while fewer retries than `percent` of all attempts in flight (but at least `min`) wait for their turn or are in
/// flight. What fails at once is never in flight together, so that only calls that hang are held.
///
/// # When to use it
/// Where a mesh does so. It allows more as calls pile up, which a rate does not.
///
/// # Knobs
/// - `percent`: share of calls in flight, percent, default 20%
/// - `min`: always allowed, count, default 3
///
/// # Example
/// ```yaml
/// budget: {concurrency_share: {percent: 20%, min: 3}}
/// ```
///
/// # Source
/// Envoy `retry_budget`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ConcurrencyShareSettings {
    /// Share of calls in flight.
    pub percent: Percent,
    /// Always allowed.
    pub min: Count,
}

/// Tokens that failures take and successes give back.
///
/// # What it models
/// A bucket of `max` tokens, full at first: a failure takes `cost`, a success gives `ratio`. A retry is allowed while more than half
/// of the tokens are there.
///
/// # When to use it
/// Where a gRPC service configuration does so (`retryThrottling`).
///
/// # Knobs
/// - `max`: tokens, factor, default 10
/// - `ratio`: given by a success, factor, default 0.1
/// - `cost`: taken by a failure, factor, default 1
///
/// # Example
/// ```yaml
/// budget: {tokens: {max: 10, ratio: 0.1}}
/// ```
///
/// # Source
/// gRPC proposal A6, `retryThrottling`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TokensSettings {
    /// Tokens in a full bucket.
    pub max: Factor,
    /// Given by a success.
    pub ratio: Factor,
    /// Taken by a failure.
    pub cost: Factor,
}

impl Default for RateShareSettings {
    fn default() -> Self {
        Self {
            percent: Percent::new(0.2).unwrap_or_default(),
            window: TimeWindow { time: SimDuration::from_ns(10_000_000_000) },
            reserve: Rate::from_per_second(10.0),
        }
    }
}

impl Default for ConcurrencyShareSettings {
    fn default() -> Self {
        Self { percent: Percent::new(0.2).unwrap_or_default(), min: Count::new(3) }
    }
}

impl Default for TokensSettings {
    fn default() -> Self {
        let factor = |value| Factor::new(value).unwrap_or_default();
        Self { max: factor(10.0), ratio: factor(0.1), cost: factor(1.0) }
    }
}

impl BudgetSettings {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        let share = |percent: Percent, p: &mut Problems| {
            if percent.fraction() < 0.0 {
                p.error("percent", "a share of retries is not negative").hint = Some("write percent: 20%".into());
            }
        };
        match self {
            Self::RateShare(s) => problems.at("rate_share", |p| {
                share(s.percent, p);
                if s.window.time.ns() == 0 {
                    p.error("window", "a deposit that lasts no time is none").hint = Some("write window: 10s".into());
                }
            }),
            Self::ConcurrencyShare(s) => problems.at("concurrency_share", |p| share(s.percent, p)),
            Self::Tokens(_) => {}
            Self::TokenBucket(s) => problems.at("token_bucket", |p| s.validate(p)),
            Self::Breaker(s) => problems.at("breaker", |p| s.validate(p)),
        }
    }

    /// A budget with these settings.
    pub fn build(&self) -> Budget {
        match self {
            Self::RateShare(s) => Budget::RateShare {
                share: s.percent.fraction(),
                window_s: s.window.time.secs(),
                reserve: s.reserve.per_second() * s.window.time.secs(),
                balance: 0.0,
                updated: 0,
            },
            Self::ConcurrencyShare(s) => {
                Budget::ConcurrencyShare { share: s.percent.fraction(), min: s.min.get_u32(), retries: 0 }
            }
            Self::Tokens(s) => {
                let max = s.max.value();
                Budget::Tokens { max, ratio: s.ratio.value(), cost: s.cost.value(), tokens: max }
            }
            Self::TokenBucket(s) => Budget::TokenBucket(s.build()),
            Self::Breaker(s) => Budget::Breaker(s.build()),
        }
    }
}

/// A budget at work.
#[derive(Debug, Clone)]
pub enum Budget {
    /// A leaky bucket of retries: deposits decay over the window, so that at a constant rate the balance is rate x window x share.
    RateShare {
        /// Retries that a call deposits.
        share: f64,
        /// How long a deposit lasts [s].
        window_s: f64,
        /// Retries that the reserve allows in a window.
        reserve: f64,
        /// Deposits less withdrawals, at `updated`.
        balance: f64,
        /// When the balance was last brought up to date [ns].
        updated: u64,
    },
    /// A share of what is in flight.
    ConcurrencyShare {
        /// Share of calls in flight.
        share: f64,
        /// Always allowed.
        min: u32,
        /// Retries that have not ended.
        retries: u32,
    },
    /// Tokens.
    Tokens {
        /// Tokens in a full bucket.
        max: f64,
        /// Given by a success.
        ratio: f64,
        /// Taken by a failure.
        cost: f64,
        /// Tokens now.
        tokens: f64,
    },
    /// Tokens that calls bring and retries take.
    TokenBucket(token_bucket::TokenBucket),
    /// None while too many attempts have failed.
    Breaker(breaker::RetryBreaker),
}

impl Budget {
    /// A call begins.
    pub fn on_call(&mut self, now_ns: u64) {
        self.leak(now_ns);
        match self {
            Self::RateShare { share, balance, .. } => *balance += *share,
            Self::TokenBucket(bucket) => bucket.on_call(),
            Self::Breaker(breaker) => breaker.on_call(),
            Self::ConcurrencyShare { .. } | Self::Tokens { .. } => {}
        }
    }

    /// An attempt that was sent has ended.
    pub fn on_result(&mut self, ok: bool) {
        match self {
            Self::Tokens { max, ratio, cost, tokens } => {
                *tokens = if ok { (*tokens + *ratio).min(*max) } else { (*tokens - *cost).max(0.0) };
            }
            Self::Breaker(breaker) => breaker.on_result(ok),
            Self::ConcurrencyShare { .. } | Self::RateShare { .. } | Self::TokenBucket(_) => {}
        }
    }

    /// A retry that [`Self::try_retry`] allowed has ended: with a result, because nobody waits for it any more, or before it was sent.
    pub fn retry_ended(&mut self) {
        if let Self::ConcurrencyShare { retries, .. } = self {
            *retries = retries.saturating_sub(1);
        }
    }

    /// Whether a retry may be sent now; takes it from the budget if so. `in_flight` is the number of calls in flight.
    pub fn try_retry(&mut self, now_ns: u64, in_flight: u32) -> bool {
        self.leak(now_ns);
        match self {
            Self::RateShare { reserve, balance, .. } => {
                let allowed = *balance + *reserve >= 1.0;
                if allowed {
                    *balance -= 1.0;
                }
                allowed
            }
            Self::ConcurrencyShare { share, min, retries } => {
                let most = (*share * f64::from(in_flight)).max(f64::from(*min));
                let allowed = f64::from(*retries) < most;
                *retries += u32::from(allowed);
                allowed
            }
            Self::Tokens { max, tokens, .. } => *tokens > *max / 2.0,
            Self::TokenBucket(bucket) => bucket.try_retry(),
            Self::Breaker(breaker) => breaker.allows(),
        }
    }

    /// Deposits and withdrawals older than the window leak away, linearly.
    fn leak(&mut self, now_ns: u64) {
        if let Self::RateShare { window_s, balance, updated, .. } = self {
            let passed = (now_ns - *updated) as f64 / 1e9;
            *updated = now_ns;
            *balance *= (1.0 - passed / *window_s).max(0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_follow_the_grpc_test_vector() {
        // grpc/grpc@01e03e22 test/core/client_channel/retry_throttle_test.cc: max 4, ratio 1.6.
        let factor = |v| Factor::new(v).unwrap();
        let mut budget =
            BudgetSettings::Tokens(TokensSettings { max: factor(4.0), ratio: factor(1.6), cost: factor(1.0) }).build();
        let expected = [3.0, 4.0, 3.0, 2.0, 1.0, 0.0, 0.0, 1.6, 3.2, 2.2, 1.2, 2.8, 1.8, 3.4, 2.4];
        let mut allowed = Vec::new();
        for (event, tokens_after) in "FSFFFFFSSFFSFSF".chars().zip(expected) {
            budget.on_result(event == 'S');
            let Budget::Tokens { tokens, .. } = &budget else { unreachable!() };
            assert!((tokens - tokens_after).abs() < 1e-9, "{tokens} is not {tokens_after}");
            if event == 'F' {
                allowed.push(u8::from(budget.try_retry(0, 0)));
            }
        }
        assert_eq!(allowed, [1, 1, 0, 0, 0, 0, 1, 0, 0, 1]);
    }

    #[test]
    fn rate_share_on_total_failure_allows_its_share_and_the_reserve() {
        // 1000 calls a second for 60 s, all fail: 10 % and 10/s of reserve.
        let settings = RateShareSettings { percent: Percent::new(0.1).unwrap(), ..RateShareSettings::default() };
        let mut budget = BudgetSettings::RateShare(settings).build();
        let mut retries = 0;
        for i in 0..60_000u64 {
            let now = i * 1_000_000;
            budget.on_call(now);
            for _ in 0..2 {
                retries += u32::from(budget.try_retry(now, 0));
            }
        }
        let share = f64::from(retries) / 60_000.0;
        assert!((0.10..0.125).contains(&share), "{share} retries for each call");
    }

    #[test]
    fn concurrency_share_counts_what_is_out() {
        let mut budget = BudgetSettings::ConcurrencyShare(ConcurrencyShareSettings::default()).build();
        let allowed = (0..100).filter(|_| budget.try_retry(0, 50)).count();
        assert_eq!(allowed, 10);
        budget.on_result(false);
        assert!(!budget.try_retry(0, 50), "a first attempt that ends gives no room");
        budget.on_result(true);
        budget.retry_ended();
        assert!(budget.try_retry(0, 50));
        let mut few = BudgetSettings::ConcurrencyShare(ConcurrencyShareSettings::default()).build();
        assert_eq!((0..10).filter(|_| few.try_retry(0, 1)).count(), 3);
    }
}
