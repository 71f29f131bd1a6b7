//! Retries that take tokens which calls bring.

use crate::problem::Problems;
use crate::units::Factor;
use serde::{Deserialize, Serialize};

/// Tokens that calls bring and retries take.
///
/// # What it models
/// A bucket of `max` tokens, full at first: each call brings `deposit`, however it ends, and each retry takes `cost`, as long as more
/// than that is there. Nothing leaks: after a good time `max` / `cost` retries are allowed at once.
///
/// # When to use it
/// For the strict form of a retry budget: on total failure a client sends `deposit` / `cost` more than it is asked for, and few clients
/// need no reserve.
///
/// # Knobs
/// - `max`: tokens in a full bucket, factor, default 5
/// - `deposit`: brought by a call, factor, default 0.1
/// - `cost`: taken by a retry, factor, default 1
///
/// # Example
/// ```yaml
/// budget: {token_bucket: {max: 5, deposit: 0.1}}
/// ```
///
/// # Source
/// M. Brooker, "Fixing retries with token buckets and circuit breakers", 2022 (the adaptive strategy); the retry quota of AWS SDKs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TokenBucketSettings {
    /// Tokens in a full bucket.
    pub max: Factor,
    /// Brought by a call.
    pub deposit: Factor,
    /// Taken by a retry.
    pub cost: Factor,
}

impl Default for TokenBucketSettings {
    fn default() -> Self {
        let factor = |value| Factor::new(value).unwrap_or_default();
        Self { max: factor(5.0), deposit: factor(0.1), cost: factor(1.0) }
    }
}

impl TokenBucketSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.max.value() <= self.cost.value() {
            problems.error("max", "a retry needs more tokens than fit, so that there is never one").label =
                Some(format!("a retry takes {}, and more has to be there", self.cost.value()));
        }
    }

    pub(super) fn build(&self) -> TokenBucket {
        let max = self.max.value();
        TokenBucket { max, deposit: self.deposit.value(), cost: self.cost.value(), tokens: max }
    }
}

/// The bucket.
#[derive(Debug, Clone)]
pub struct TokenBucket {
    max: f64,
    deposit: f64,
    cost: f64,
    tokens: f64,
}

impl TokenBucket {
    pub(super) fn on_call(&mut self) {
        self.tokens = (self.tokens + self.deposit).min(self.max);
    }

    pub(super) fn try_retry(&mut self) -> bool {
        let allowed = self.tokens > self.cost;
        if allowed {
            self.tokens -= self.cost;
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn total_failure_is_retried_at_the_rate_of_deposits() {
        let mut bucket = TokenBucketSettings::default().build();
        let mut retries = 0;
        for _ in 0..1000 {
            bucket.on_call();
            while bucket.try_retry() {
                retries += 1;
            }
        }
        // 5 at first and 100 brought, of which up to one stays.
        assert!((103..=105).contains(&retries), "{retries}");
    }

    #[test]
    fn a_full_bucket_holds_no_more() {
        let mut bucket = TokenBucketSettings::default().build();
        (0..1000).for_each(|_| bucket.on_call());
        // The fifth would leave nothing, and more than its cost has to be there.
        assert_eq!((0..10).filter(|_| bucket.try_retry()).count(), 4);
    }
}
