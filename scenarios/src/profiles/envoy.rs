//! A call through Envoy.

use super::Library;

profile! {
    /// A call through Envoy.
    ///
    /// # What it models
    /// A route has a timeout of 15 s for all attempts together, a cluster is balanced by turns and has `circuit_breakers`, which are limits of
    /// concurrency: these are switched on. A retry policy and outlier detection have Envoy's defaults where they are written. Its names are on the
    /// left.
    /// - `timeout` of the route 15 s; `lb_policy` `ROUND_ROBIN`; `max_requests` 1024
    /// - `num_retries` 1, so that there are 2 attempts; `retry_on` has no default, here `5xx,reset,connect-failure`; `base_interval` 25 ms up to
    ///   `max_interval` 250 ms, full jitter; `max_retries` 3 at once
    /// - what overflows `circuit_breakers` is not tried again, which is `turned_away: false`
    /// - `retry_budget` 20 %, `min_retry_concurrency` 3
    /// - `consecutive_5xx` 5, `interval` 10 s, `base_ejection_time` 30 s, `max_ejection_time` 300 s, `max_ejection_percent` 10 %
    ///
    /// What differs: outlier detection also compares success rates in Envoy, for which `success_rate: {}` has to be written here. The wait before
    /// retry n is drawn up to 25 ms x 2^(n-1), and in Envoy up to 25 ms x (2^n - 1). `max_connections` and `max_pending_requests` are `pool`.
    /// `per_try_timeout` is `timeout`, without which an attempt is ended by the route alone.
    ///
    /// # When to use it
    /// For callers behind Envoy with a configuration of their own. Behind Istio, use that profile.
    ///
    /// # Knobs
    /// - `version`: `1`, which is the one that is known, default 1; `profile: envoy-1` says it in one word
    ///
    /// # Example
    /// ```yaml
    /// policies:
    ///   db: {profile: envoy, timeout: 500ms, retry: {}, outlier_ejection: {}}
    /// ```
    ///
    /// # Source
    /// Envoy: `RouteAction.timeout`, `RetryPolicy`, `CircuitBreakers`, `OutlierDetection`, `Cluster.lb_policy`; `RetryStateImpl::wouldRetry`.
    EnvoySettings, EnvoyVersion { V1 = "1" }
}

/// What it switches on, and the defaults of what is written beside it.
pub(super) const LIBRARY: Library = Library {
    name: "envoy",
    versions: VERSIONS,
    older: None,
    always: r"
total_timeout: 15s
balance: round_robin
concurrency_limit: {bulkhead: {limit: 1024, max_wait: 0s}}
",
    written: r"
retry: {max_attempts: 2, outcomes: [error, timeout, unreachable, rejected, shed], backoff: {exponential: {base: 25ms, multiplier: 2, cap: 250ms, jitter: full}}, turned_away: false, budget!: {concurrency_share: {percent: 0%, min: 3}}}
outlier_ejection: {consecutive_errors: 5, every: 10s, eject_for: 30s, max_eject_for: 300s, max_ejected: {percent: 10%}}
",
};
