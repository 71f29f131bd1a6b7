//! Closed load: users who wait for their reply. Settings only; the world sends a user's next request when the reply is there.

use crate::dist::Distribution;
use crate::problem::Problems;
use crate::units::{Count, SimDuration};
use serde::{Deserialize, Serialize};

/// A fixed number of users who each wait for their reply, think, and ask again.
///
/// # What it models
/// Each user has one request under way at most; when the system slows down, so do the users. The rate is at most users divided
/// by think time plus latency. Users begin at the start of the warm-up, each after a first think time, or after `first`: with `first: 0s`
/// all ask at once, as the threads of a load generator do, and what queues up then may last.
///
/// # When to use it
/// For batch workers, crawlers and load tests with virtual users. Traffic from the outside is open: use poisson.
///
/// # Knobs
/// - `users`: how many, count; required
/// - `think`: from a reply to the next request, distribution, default 0s
/// - `first`: from the start to a user's first request, distribution, default a think time
///
/// # Example
/// ```yaml
/// load:
///   clerks: {to: desk.form, arrive: {closed: {users: 40, think: {exponential: {mean: 1s}}}}}
/// ```
///
/// # Source
/// Schroeder, Wierman and Harchol-Balter, Open versus closed: a cautionary tale, NSDI 2006.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClosedSettings {
    /// How many users.
    pub users: Count,
    /// Time from a reply to the user's next request.
    #[serde(default = "no_time")]
    pub think: Distribution,
    /// Time from the start to a user's first request; default a think time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Distribution>,
}

fn no_time() -> Distribution {
    Distribution::constant(SimDuration::ZERO)
}

impl ClosedSettings {
    /// Without users there is nothing to simulate; more than 10 million are a slip.
    pub fn validate(&self, problems: &mut Problems) {
        match self.users.get() {
            0 => problems.error("users", "without users no request ever comes").hint = Some("write at least 1".into()),
            1..=10_000_000 => {}
            _ => problems.error("users", "more users than can be simulated").label = Some("at most 10M".into()),
        }
        problems.at("think", |p| self.think.validate(p));
        if let Some(first) = &self.first {
            problems.at("first", |p| first.validate(p));
        }
    }
}
