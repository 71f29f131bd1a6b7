//! The defaults of Failsafe's policies.

use super::Library;

profile! {
    /// The defaults of Failsafe's policies.
    ///
    /// # What it models
    /// Nothing is switched on: what is written beside it has the defaults of Failsafe where they are not written. Its names are on the left.
    /// - `maxRetries` 2, so that there are 3 attempts; no `delay`; all exceptions
    /// - `failureThreshold` 1: the first failure opens the breaker; `delay` 1 min; the first success closes it
    /// - `maxExecutions` has no default
    ///
    /// What differs: `withFailureThreshold(n, capacity)` and `withFailureRateThreshold` are `rate` with the window as it is written. The timeout has
    /// to be written.
    ///
    /// # When to use it
    /// For callers on the JVM that have Failsafe. Mind the breaker that a single failure opens.
    ///
    /// # Knobs
    /// - `version`: `3`, which is the one that is known, default 3; `profile: failsafe-3` says it in one word
    ///
    /// # Example
    /// ```yaml
    /// policies:
    ///   db: {profile: failsafe, timeout: 1s, retry: {}, breaker: consecutive}
    /// ```
    ///
    /// # Source
    /// Failsafe 3: `RetryPolicyBuilder`, `CircuitBreakerBuilder`.
    FailsafeSettings, FailsafeVersion { V3 = "3" }
}

/// What it switches on, and the defaults of what is written beside it.
pub(super) const LIBRARY: Library = Library {
    name: "failsafe",
    versions: VERSIONS,
    older: None,
    always: "",
    written: r"
retry: {max_attempts: 3, outcomes: [error, timeout, rejected, shed, unreachable, refused], backoff: {fixed: {delay: 0s}}}
breaker: {consecutive: {failures: 1, open_for: 60s, half_open: {successes: 1, failures: 1}}}
",
};
