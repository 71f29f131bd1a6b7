//! A call of a gRPC client.

use super::Library;

profile! {
    /// A call of a gRPC client.
    ///
    /// # What it models
    /// A channel without a service configuration keeps one connection to one instance (`pick_first`), which is switched on. What is written beside it
    /// has gRPC's form. Its names are on the left.
    /// - `loadBalancingConfig` `pick_first`; `round_robin` has to be written
    /// - `retryPolicy` has no defaults but its jitter: a wait is drawn from 0.8 to 1.2 times the backoff; `retryableStatusCodes` here `UNAVAILABLE`
    /// - `hedgingDelay` 0: all copies go at once
    /// - `retryThrottling`: `maxTokens` and `tokenRatio` have no defaults; a failure takes 1
    ///
    /// What differs: gRPC allows at most 5 attempts, and pushes back where the server says so (`grpc-retry-pushback-ms`), which is not modelled. Its
    /// transparent retries are not counted by anybody. `deadline` has to be written.
    ///
    /// # When to use it
    /// For clients that call gRPC services directly, without a mesh: most surprises come from `pick_first`.
    ///
    /// # Knobs
    /// - `version`: `1`, which is the one that is known, default 1; `profile: grpc-1` says it in one word
    ///
    /// # Example
    /// ```yaml
    /// policies:
    ///   db: {profile: grpc, deadline: 2s, retry: {max_attempts: 4, backoff: {exponential: {base: 100ms, cap: 1s}}}}
    /// ```
    ///
    /// # Source
    /// gRPC proposals A6 and A50, and `service_config.md`.
    GrpcSettings, GrpcVersion { V1 = "1" }
}

/// What it switches on, and the defaults of what is written beside it.
pub(super) const LIBRARY: Library = Library {
    name: "grpc",
    versions: VERSIONS,
    older: None,
    always: r"
balance: pinned
",
    written: r"
retry: {outcomes: [unreachable, rejected, shed], backoff: {exponential: {jitter: {around: 20%}}}, budget?: {tokens: {cost: 1}}}
hedge: {backup: {after: {time: 0s}, max_attempts: 5}}
",
};
