//! No retries while too many attempts have failed.

use crate::problem::Problems;
use crate::units::Probability;
use serde::{Deserialize, Serialize};

/// No retry while more than a share of all attempts for calls has failed.
///
/// # What it models
/// Each caller counts its calls and the attempts that failed, from the start of the run on. A retry is allowed while failures divided by
/// calls is at most `failure_rate`. First attempts are never held back. Nothing is forgotten, and an early failure among few calls
/// counts much.
///
/// # When to use it
/// To compare with token buckets: near its threshold it turns all retries off or on by chance.
///
/// # Knobs
/// - `failure_rate`: failed attempts for each call, percent, default 10%
///
/// # Example
/// ```yaml
/// budget: {breaker: {failure_rate: 10%}}
/// ```
///
/// # Source
/// M. Brooker, "Fixing retries with token buckets and circuit breakers", 2022.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RetryBreakerSettings {
    /// Failed attempts for each call.
    pub failure_rate: Probability,
}

impl Default for RetryBreakerSettings {
    fn default() -> Self {
        Self { failure_rate: Probability::new(0.1).unwrap_or_default() }
    }
}

impl RetryBreakerSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.failure_rate.value() <= 0.0 {
            problems.error("failure_rate", "a threshold of 0% allows no retry").hint =
                Some("write failure_rate: 10%, or remove retry".into());
        }
    }

    pub(super) fn build(&self) -> RetryBreaker {
        RetryBreaker { most: self.failure_rate.value(), calls: 0, failures: 0 }
    }
}

/// Counts since the start.
#[derive(Debug, Clone)]
pub struct RetryBreaker {
    most: f64,
    calls: u64,
    failures: u64,
}

impl RetryBreaker {
    pub(super) fn on_call(&mut self) {
        self.calls += 1;
    }

    pub(super) fn on_result(&mut self, ok: bool) {
        self.failures += u64::from(!ok);
    }

    pub(super) fn allows(&self) -> bool {
        self.failures as f64 <= self.most * self.calls as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn early_failures_are_not_retried_and_late_ones_are() {
        let mut budget = RetryBreakerSettings::default().build();
        let mut allowed = Vec::new();
        for call in 1..=30 {
            budget.on_call();
            let fails = call % 10 == 0 || call == 5;
            budget.on_result(!fails);
            if fails {
                allowed.push((call, budget.allows()));
            }
        }
        // 1 of 5, 2 of 10, 3 of 20, 4 of 30.
        assert_eq!(allowed, [(5, false), (10, false), (20, false), (30, false)]);
        (0..20).for_each(|_| budget.on_call());
        budget.on_result(false);
        assert!(budget.allows(), "5 of 50");
    }
}
