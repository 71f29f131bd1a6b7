//! The defaults of Failsafe's policies.

use super::Library;
use serde::{Deserialize, Serialize};

/// The defaults of Failsafe's policies.
///
/// # What it models
/// Nothing is switched on: what is written beside it has the defaults of Failsafe where they are not written. Its names are on the left.
/// - `maxRetries` 2, so that there are 3 attempts; no `delay`; all exceptions
/// - `failureThreshold` 1: the first failure opens the breaker; `delay` 1 min; the first success closes it
/// - `maxExecutions` has no default
///
/// What differs: `withFailureThreshold(n, capacity)` and `withFailureRateThreshold` are `rate` with the window as it is written. The timeout has to
/// be written.
///
/// # When to use it
/// For callers on the JVM that have Failsafe. Mind the breaker that a single failure opens.
///
/// # Knobs
/// - `version`: `3`, which is the one that is known, default 3
///
/// # Example
/// ```yaml
/// policies:
///   db: {profile: failsafe, timeout: 1s, retry: {}, breaker: consecutive}
/// ```
///
/// # Source
/// Failsafe 3: `RetryPolicyBuilder`, `CircuitBreakerBuilder`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FailsafeSettings {
    /// Which version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<FailsafeVersion>,
}

/// The versions of which defaults are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub enum FailsafeVersion {
    /// 3.
    #[default]
    #[serde(rename = "3")]
    V3,
}

/// What it switches on, and what what is written beside it is filled up with.
pub(super) const LIBRARY: Library = Library {
    name: "failsafe",
    older: None,
    always: "",
    written: r"
retry: {max_attempts: 3, outcomes: [error, timeout, rejected, shed, unreachable, refused], backoff: {fixed: {delay: 0s}}}
breaker: {consecutive: {failures: 1, open_for: 60s, half_open: {successes: 1, failures: 1}}}
",
};
