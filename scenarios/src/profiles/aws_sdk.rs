//! A call of an AWS SDK in standard mode.

use super::Library;

profile! {
    /// A call of an AWS SDK in standard mode.
    ///
    /// # What it models
    /// The SDK tries again by itself, which is switched on, from a quota that calls fill. Its names are on the left. `version: 2026` is what
    /// `AWS_NEW_RETRIES_2026` switches on, `version: 2025` what was before it.
    /// - `max_attempts` 3 with the first; transient errors, throttling and timeouts are tried again
    /// - full jitter up to 50 ms x 2^n (2026) or 1 s x 2^n (2025), at most 20 s
    /// - the quota holds 500 tokens: a retry takes 14 (2026) or 5 (2025), and a call brings 1
    ///
    /// What differs: the SDK gives a retry's tokens back when it succeeds and brings 1 only for calls that succeed, and waits from 1 s where the
    /// service throttled; here each call brings 1. Before 2026 a retry after a timeout took 10 tokens, here 5 like all others; and SDKs whose default
    /// was `legacy` had no quota. The 4 attempts of `DynamoDB` from 25 ms have to be written.
    ///
    /// # When to use it
    /// For services that call the interfaces of AWS, to see how long a throttled table is called again.
    ///
    /// # Knobs
    /// - `version`: `2026`, `2025`, default 2026; `profile: aws_sdk-2026` says it in one word
    ///
    /// # Example
    /// ```yaml
    /// policies:
    ///   table: {profile: {aws_sdk: {version: 2025}}, timeout: 1s}
    /// ```
    ///
    /// # Source
    /// AWS SDKs and Tools reference, "Retry behavior".
    AwsSdkSettings, AwsSdkVersion { V2026 = "2026", V2025 = "2025" }
}

/// What it switches on, and the defaults of what is written beside it.
pub(super) const LIBRARY: Library = Library {
    name: "aws_sdk",
    versions: VERSIONS,
    older: Some(("2025", ALWAYS_2025)),
    always: r"
retry: {max_attempts: 3, outcomes: [error, timeout, unreachable, rejected, shed], backoff: {exponential: {base: 50ms, multiplier: 2, cap: 20s, jitter: full}}, budget: {token_bucket: {max: 500, deposit: 1, cost: 14}}}
",
    written: "",
};

const ALWAYS_2025: &str = r"
retry: {max_attempts: 3, outcomes: [error, timeout, unreachable, rejected, shed], backoff: {exponential: {base: 1s, multiplier: 2, cap: 20s, jitter: full}}, budget: {token_bucket: {max: 500, deposit: 1, cost: 5}}}
";
