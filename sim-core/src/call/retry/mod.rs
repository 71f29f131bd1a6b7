//! Retries: whether, when and how often a failed call is tried again.

mod backoff;
mod budget;

pub use backoff::{Backoff, ExponentialSettings, FixedSettings, Jitter, LinearSettings};
pub use budget::{
    Budget, BudgetSettings, ConcurrencyShareSettings, RateShareSettings, RetryBreakerSettings, TokenBucketSettings,
    TokensSettings,
};

use crate::kind::Kind;
use crate::metrics::counters;
use crate::outcome::Outcome;
use crate::problem::Problems;
use crate::units::Count;
use serde::{Deserialize, Serialize};

/// A failed attempt is tried again.
///
/// # What it models
/// The caller waits (`backoff`) and sends the call again, up to `max_attempts` in all, as long as the outcome is one of `outcomes` and
/// the budget allows it. The work that a timed-out attempt left behind goes on unless the call says `cancel: true`. Each attempt
/// passes the breaker, throttle, limits and pool: retries stand around these, as in resilience4j, whose order is Retry(CircuitBreaker(RateLimiter(
/// TimeLimiter(Bulkhead(call))))). What they turn away is an attempt with the outcome `rejected`, the first as any other, and so is the first of each
/// copy of a hedged call: it is tried again where `outcomes` has `rejected`, and not by default. An attempt that was turned away is counted in
/// `rejected`, and not as a retry.
///
/// With `turned_away: false` a retry answers the callee alone: what the caller's own breaker, throttle, limits or pool turn away is final, also where
/// `outcomes` has `rejected`. So it is in Envoy, which never retries what overflowed its circuit breakers, and in the standard handler of .NET, where
/// the limiter stands outside of the retry, and the refusal of an open breaker is none of the failures that are tried again.
///
/// # When to use it
/// Against failures that pass. Without a budget retries multiply the load just when the callee can bear it least.
///
/// # Knobs
/// - `max_attempts`: with the first, count, default 3, at most 1M (a caller that never gives up); more than 100 need a backoff
/// - `outcomes`: which failures are tried again, default error, timeout, unreachable
/// - `backoff`: wait before the next attempt, kind, default exponential with base 50ms and full jitter
/// - `budget`: how many retries there may be, kind, default none
/// - `turned_away`: whether what the caller's own breaker, throttle, limits or pool turn away is tried again too, default true
///
/// # Example
/// ```yaml
/// retry: {max_attempts: 3, backoff: {exponential: {base: 50ms, cap: 1s, jitter: full}}, budget: {rate_share: {percent: 10%}}}
/// ```
///
/// # Source
/// gRPC proposal A6; M. Brooker, "Exponential Backoff And Jitter", 2015. Envoy, `RetryStateImpl::wouldRetry`; .NET, `HttpStandardResilienceOptions`
/// and `HttpClientResiliencePredicates`; resilience4j, "Getting Started", Aspect order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RetrySettings {
    /// Attempts in all, with the first.
    pub max_attempts: Count,
    /// Which failures are tried again.
    pub outcomes: Vec<Outcome>,
    /// The wait before the next attempt.
    pub backoff: Backoff,
    /// How many retries there may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<BudgetSettings>,
    /// Whether what the caller's own doormen turn away is tried again too, where `outcomes` has `rejected`.
    pub turned_away: bool,
}

/// The kinds of the family: retry itself, backoffs and budgets.
pub const ALL: &[Kind] = &[
    Kind { family: "retry", name: "retry", schema: || schemars::schema_for!(RetrySettings) },
    Kind { family: "backoff", name: "fixed", schema: || schemars::schema_for!(FixedSettings) },
    Kind { family: "backoff", name: "linear", schema: || schemars::schema_for!(LinearSettings) },
    Kind { family: "backoff", name: "exponential", schema: || schemars::schema_for!(ExponentialSettings) },
    Kind { family: "budget", name: "rate_share", schema: || schemars::schema_for!(RateShareSettings) },
    Kind { family: "budget", name: "concurrency_share", schema: || schemars::schema_for!(ConcurrencyShareSettings) },
    Kind { family: "budget", name: "tokens", schema: || schemars::schema_for!(TokensSettings) },
    Kind { family: "budget", name: "token_bucket", schema: || schemars::schema_for!(TokenBucketSettings) },
    Kind { family: "budget", name: "breaker", schema: || schemars::schema_for!(RetryBreakerSettings) },
];

counters! {
    CallSite {
        RETRIES = "retries", "attempts that are retries; of a call from a queue, deliveries after the first", sampled, in_a_field;
        BY_RETRIES = "attempts_by_retries", "attempts that a retry or hedge has caused, of their own call or of one above", sampled;
        BUDGET_EXHAUSTED = "budget_exhausted", "retries that a budget did not allow", sampled, in_a_field;
    }
}

impl Default for RetrySettings {
    fn default() -> Self {
        Self {
            max_attempts: Count::new(3),
            outcomes: vec![Outcome::Error, Outcome::Timeout, Outcome::Unreachable],
            backoff: Backoff::default(),
            budget: None,
            turned_away: true,
        }
    }
}

/// So many attempts may follow each other without a wait.
const FEW_ATTEMPTS: u64 = 100;
/// More than this nobody makes: one who never gives up.
const MOST_ATTEMPTS: u64 = 1_000_000;

impl RetrySettings {
    /// Attempts in all, with the first.
    #[inline]
    pub fn attempts(&self) -> u32 {
        self.max_attempts.get_u32()
    }

    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        match self.max_attempts.get() {
            0 => {
                problems.error("max_attempts", "a call with no attempt is no call; the first one counts").hint =
                    Some("write max_attempts: 3".into());
            }
            1 => {
                problems.warning("max_attempts", "one attempt is no retry; the first one counts").hint =
                    Some("write max_attempts: 2 for one retry, or remove retry".into());
            }
            attempts if attempts > MOST_ATTEMPTS => {
                problems.error("max_attempts", "more than a million attempts of one call").hint =
                    Some("write max_attempts: 3, or 1M for one who never gives up".into());
            }
            attempts if attempts > FEW_ATTEMPTS && !self.backoff.pauses() => {
                problems.error("max_attempts", "more than 100 attempts of one call without a wait between them").hint =
                    Some("write max_attempts: 3, or a backoff".into());
            }
            _ => {}
        }
        if self.outcomes.is_empty() {
            problems.error("outcomes", "a retry of no outcome never happens").hint = Some("remove retry".into());
        }
        if self.outcomes.iter().any(|o| o.is_answer()) {
            problems.error("outcomes", "an answer is not tried again").hint =
                Some("choose among error, timeout, rejected, shed, unreachable and refused".into());
        }
        problems.at("backoff", |p| self.backoff.validate(p));
        if let Some(budget) = &self.budget {
            problems.at("budget", |p| budget.validate(p));
        }
    }
}
