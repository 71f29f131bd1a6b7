//! The defaults of Polly's resilience strategies.

use super::Library;

profile! {
    /// The defaults of Polly's resilience strategies.
    ///
    /// # What it models
    /// Nothing is switched on: what is written beside it has the defaults of Polly where they are not written. Its names are on the left.
    /// - `MaxRetryAttempts` 3, which leaves the first out, so that there are 4 attempts; `Delay` 2 s, `BackoffType` constant, `UseJitter` false
    /// - `FailureRatio` 0.1, `MinimumThroughput` 100, `SamplingDuration` 30 s, `BreakDuration` 5 s; one call tries it
    /// - `MaxHedgedAttempts` 1, `Delay` 2 s
    /// - `PermitLimit` 1000, `QueueLimit` 0
    ///
    /// In Polly, strategies stand in the order in which they are added. Here retries stand around breaker and limits, and as `ShouldHandle` of
    /// `RetryStrategyOptions` is all exceptions by default, what these turn away is tried again.
    ///
    /// What differs: in the standard handler of `Microsoft.Extensions.Http.Resilience` the limiter is the outermost, then come total timeout, retry,
    /// breaker and the timeout of an attempt, and the refusal of an open breaker is not tried again. Write `turned_away: false` for both. The timeout
    /// (30 s) has to be written, and so has the jitter; that of Polly with `Exponential` is its own decorrelated form, to which `jitter:
    /// decorrelated` comes near. A break longer with each opening (`BreakDurationGenerator`) is `growth`.
    ///
    /// # When to use it
    /// For callers on .NET, also by way of `Microsoft.Extensions.Http.Resilience`, whose standard handler has other values.
    ///
    /// # Knobs
    /// - `version`: `8`, which is the one that is known, default 8; `profile: polly-8` says it in one word
    ///
    /// # Example
    /// ```yaml
    /// policies:
    ///   db: {profile: polly, timeout: 30s, retry: {}, breaker: rate}
    /// ```
    ///
    /// # Source
    /// Polly 8: `RetryStrategyOptions`, `CircuitBreakerStrategyOptions`, `HedgingStrategyOptions`, `ConcurrencyLimiterOptions`. .NET:
    /// `HttpStandardResilienceOptions`, `HttpClientResiliencePredicates`.
    PollySettings, PollyVersion { V8 = "8" }
}

/// What it switches on, and the defaults of what is written beside it.
pub(super) const LIBRARY: Library = Library {
    name: "polly",
    versions: VERSIONS,
    older: None,
    always: "",
    written: r"
retry: {max_attempts: 4, outcomes: [error, timeout, rejected, shed, unreachable, refused], backoff: {fixed: {delay: 2s}, linear: {base: 2s, cap: 1h, jitter: none}, exponential: {base: 2s, multiplier: 2, cap: 1h, jitter: none}}}
breaker: {rate: {failure_rate: 10%, window: {time: 30s}, minimum_calls: 100, open_for: 5s, half_open: {calls: 1, successes: 1, failures: 1}}}
hedge: {backup: {after: {time: 2s}, max_attempts: 2}}
concurrency_limit: {bulkhead: {limit: 1000, max_wait: 0s}}
",
};
