//! A call of a Finagle client.

use super::Library;

profile! {
    /// A call of a Finagle client.
    ///
    /// # What it models
    /// A client balances by the smaller load of two, tries again what certainly was not done, within a budget, and leaves out hosts that fail: these
    /// are switched on. Its names are on the left.
    /// - `Balancers.p2c` with least loaded
    /// - requeues of what could not be sent or was refused (`unreachable`, `rejected`), without a wait; `RetryBudget`: `ttl` 10 s, `minRetriesPerSec`
    ///   10, `percentCanRetry` 0.2
    /// - `FailureAccrualFactory`: 5 failures in a row, away for 5 s to 300 s
    ///
    /// What differs: failure accrual also looks at a success rate of 80 % over 30 s, and lengthens the time away with jitter; `outlier_ejection`
    /// looks at the errors in a row alone. How many hosts may be away is not bounded. A call makes 25 attempts at most here; Finagle bounds requeues
    /// of a request by a fifth of what the budget holds. Finagle sends deadlines as times: write `deadline` and `deadline_as: timestamp` beside the
    /// profile. A server refuses what is late where it has a `DeadlineFilter`, and then at most a fifth of it; here it refuses all.
    ///
    /// # When to use it
    /// For clients of Finagle, and to see what a budget does that is there by default.
    ///
    /// # Knobs
    /// - `version`: `22`, which is the one that is known, default 22; `profile: finagle-22` says it in one word
    ///
    /// # Example
    /// ```yaml
    /// policies:
    ///   db: {profile: finagle, timeout: 500ms}
    /// ```
    ///
    /// # Source
    /// Finagle 22: `RetryBudget`, `RequeueFilter`, `FailureAccrualFactory`.
    FinagleSettings, FinagleVersion { V22 = "22" }
}

/// What it switches on, and the defaults of what is written beside it.
pub(super) const LIBRARY: Library = Library {
    name: "finagle",
    versions: VERSIONS,
    older: None,
    always: r"
balance: {least_requests: {choices: 2}}
retry: {max_attempts: 25, outcomes: [unreachable, rejected], backoff: {fixed: {delay: 0s}}, budget: {rate_share: {percent: 20%, window: 10s, reserve: 10/s}}}
outlier_ejection: {consecutive_errors: 5, every: 1s, eject_for: 5s, max_eject_for: 300s, max_ejected: {percent: 100%}}
",
    written: "",
};
