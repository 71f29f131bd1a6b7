//! A call in a Hystrix command.

use super::Library;

profile! {
    /// A call in a Hystrix command.
    ///
    /// # What it models
    /// A command has a timeout, a breaker and a pool of threads, whether anybody asked for them or not: all three are switched on. Its names are on
    /// the left.
    /// - `execution.isolation.thread.timeoutInMilliseconds` 1000
    /// - `circuitBreaker.requestVolumeThreshold` 20 in `metrics.rollingStats.timeInMilliseconds` 10 000, `errorThresholdPercentage` 50,
    ///   `sleepWindowInMilliseconds` 5000; one call tries it, and closes or opens it
    /// - `coreSize` 10, `maxQueueSize` -1: nobody waits for a thread
    ///
    /// A fallback, `getFallback`, answers failures of every kind where it is written. Hystrix does not try again.
    ///
    /// What differs: each call has a pool of its own here, as a policy of its own; Hystrix keeps one a command group. The window slides in 10 buckets
    /// in both.
    ///
    /// # When to use it
    /// For services that still have Hystrix, and to see what its thread pools do to them.
    ///
    /// # Knobs
    /// - `version`: `1`, which is the one that is known, default 1; `profile: hystrix-1` says it in one word
    ///
    /// # Example
    /// ```yaml
    /// policies:
    ///   db: {profile: hystrix, fallback: {}}
    /// ```
    ///
    /// # Source
    /// Hystrix 1.5: `HystrixCommandProperties`, `HystrixThreadPoolProperties`.
    HystrixSettings, HystrixVersion { V1 = "1" }
}

/// What it switches on, and the defaults of what is written beside it.
pub(super) const LIBRARY: Library = Library {
    name: "hystrix",
    versions: VERSIONS,
    older: None,
    always: r"
timeout: 1s
breaker: {rate: {failure_rate: 50%, window: {time: 10s}, minimum_calls: 20, open_for: 5s, half_open: {calls: 1, successes: 1, failures: 1}}}
concurrency_limit: {bulkhead: {limit: 10, max_wait: 0s}}
",
    written: r"
fallback: {outcomes: [rejected, error, timeout, unreachable, shed, refused]}
",
};
