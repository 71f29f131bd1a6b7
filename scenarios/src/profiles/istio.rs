//! A call through Istio's sidecar with nothing configured.

use super::Library;

profile! {
    /// A call through Istio's sidecar with nothing configured.
    ///
    /// # What it models
    /// What the mesh does without being asked: each request is tried twice more where it could not reach the callee,
    /// a sidecar balances by the requests that it has outstanding, and there is no timeout. Its names are on the left.
    /// - `retries.attempts` 2, so that there are 3 attempts; `retryOn` `connect-failure,refused-stream,unavailable,cancelled`; from 25 ms, full
    ///   jitter
    /// - `loadBalancer` `LEAST_REQUEST`; `timeout` disabled
    /// - `outlierDetection` where it is written: `consecutive5xxErrors` 5, `interval` 10 s, `baseEjectionTime` 30 s, `maxEjectionPercent` 10 %
    ///
    /// Answers of the callee are not tried again, whatever they are, and neither is what `circuit_breakers` turn away
    /// (`turned_away: false`). Before Istio 1.24 answers with 503 were: write `retry: {outcomes: [unreachable, rejected, shed]}` for that.
    ///
    /// What differs: as for `envoy`. gRPC's status `UNAVAILABLE` is tried again by Istio also where the callee says it. Retries go to other hosts in
    /// Istio (`retry_host_predicate`), and wherever the balancer says here.
    ///
    /// # When to use it
    /// For services in a mesh that nobody has configured: to see which of their failures the mesh hides, and which it multiplies.
    ///
    /// # Knobs
    /// - `version`: `1`, which is the one that is known, default 1; `profile: istio-1` says it in one word
    ///
    /// # Example
    /// ```yaml
    /// policies:
    ///   db: {profile: istio}
    /// ```
    ///
    /// # Source
    /// Istio 1: `HTTPRetry`, `LoadBalancerSettings`, `OutlierDetection`.
    IstioSettings, IstioVersion { V1 = "1" }
}

/// What it switches on, and the defaults of what is written beside it.
pub(super) const LIBRARY: Library = Library {
    name: "istio",
    versions: VERSIONS,
    older: None,
    always: r"
balance: {least_requests: {choices: 2}}
retry: {max_attempts: 3, outcomes: [unreachable], backoff: {exponential: {base: 25ms, multiplier: 2, cap: 250ms, jitter: full}}, turned_away: false}
",
    written: r"
retry: {budget?: {concurrency_share: {percent: 20%, min: 3}}}
outlier_ejection: {consecutive_errors: 5, every: 10s, eject_for: 30s, max_eject_for: 300s, max_ejected: {percent: 10%}}
",
};
