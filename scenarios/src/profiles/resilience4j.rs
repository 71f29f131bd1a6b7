//! The defaults of resilience4j.

use super::Library;

profile! {
    /// The defaults of resilience4j.
    ///
    /// # What it models
    /// Nothing is switched on: what is written beside it has the defaults of resilience4j where they are not written. Its names are on the left.
    /// - `failureRateThreshold` 50 %, `slowCallRateThreshold` 100 % of calls over `slowCallDurationThreshold` 60 s, `slidingWindowType` count of
    ///   `slidingWindowSize` 100, `minimumNumberOfCalls` 100, `waitDurationInOpenState` 60 s, `permittedNumberOfCallsInHalfOpenState` 10,
    ///   `maxWaitDurationInHalfOpenState` unbounded
    /// - `maxAttempts` 3 with the first, `waitDuration` 500 ms always, `IntervalFunction.ofExponentialBackoff` from 500 ms by 1.5, all exceptions
    /// - `maxConcurrentCalls` 25, `maxWaitDuration` 0
    /// - `limitForPeriod` 50, `limitRefreshPeriod` 500 ns, `timeoutDuration` 5 s
    ///
    /// What differs: decorators stand in one order here, the default one of resilience4j:
    /// Retry(CircuitBreaker(RateLimiter(TimeLimiter(Bulkhead(call))))). So what breaker, limiter or bulkhead turn away is tried again, and costs an
    /// attempt; for retries inside of them write `turned_away: false`. `TimeLimiter` (1 s, `cancelRunningFuture`) has to be written as `timeout`.
    /// `IntervalFunction.ofExponentialRandomBackoff` is `jitter: {around: 50%}`.
    ///
    /// # When to use it
    /// For callers on the JVM that name resilience4j in their build and have hardly any configuration.
    ///
    /// # Knobs
    /// - `version`: `2`, which is the one that is known, default 2; `profile: resilience4j-2` says it in one word
    ///
    /// # Example
    /// ```yaml
    /// policies:
    ///   db: {profile: resilience4j, timeout: 1s, retry: {}, breaker: rate}
    /// ```
    ///
    /// # Source
    /// resilience4j 2: `CircuitBreakerConfig`, `RetryConfig`, `BulkheadConfig`, `RateLimiterConfig`; "Getting Started", Aspect order.
    Resilience4jSettings, Resilience4jVersion { V2 = "2" }
}

/// What it switches on, and the defaults of what is written beside it.
pub(super) const LIBRARY: Library = Library {
    name: "resilience4j",
    versions: VERSIONS,
    older: None,
    always: "",
    written: r"
retry: {max_attempts: 3, outcomes: [error, timeout, rejected, shed, unreachable, refused], backoff: {fixed: {delay: 500ms}, exponential: {base: 500ms, multiplier: 1.5, cap: 1h, jitter: none}}}
breaker: {rate: {failure_rate: 50%, window: {count: 100}, open_for: 60s, half_open: {calls: 10}}}
concurrency_limit: {bulkhead: {limit: 25, max_wait: 0s}}
rate_limit: {fixed_window: {limit: 50, every: 500ns, max_wait: 5s}}
",
};
