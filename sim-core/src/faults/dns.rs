//! DNS: the name of a service is not found, or not soon.

use super::{Pick, Selection, Target};
use crate::ids::Location;
use crate::problem::Problems;
use crate::units::{Probability, SimDuration};
use serde::{Deserialize, Serialize};

/// Lookups of a service's name fail, or take long; a caller that still knows the address does not notice.
///
/// # What it models
/// An instance that calls the service looks its name up, and keeps the answer for `ttl`. When the fault begins, each running instance has a cached
/// answer of a random age up to `ttl`, so callers lose theirs one by one. From then on each call without a good answer is a lookup: with
/// `probability` it fails after `takes`, and the attempt with it (outcome `unreachable`), unless its caller has given up before; else the answer is
/// there after `delay`, and good for `ttl`. Failures are not kept: the next call asks again. An instance that starts knows nothing.
///
/// A call over a connection of a `pool` that is open already needs no name; one that opens a connection does. The users of a load class are many, and
/// each call of theirs is a lookup. Messages of queues are fetched by consumers, who know the queue, and health checks go to addresses.
///
/// `where: {service: db}` is the name of all of `db`, for every caller; `where: {from: web, to: db}` its name as `web` sees it.
/// A lookup belongs to an attempt that has picked its instance: where the caller ejects instances, a lookup that fails counts against that one.
///
/// # When to use it
/// For a resolver that is down or overloaded, an empty zone after a bad change, a pod network that drops packets to port 53. Ask whether timeouts are
/// shorter than the resolver's, and which callers go on by what they know.
///
/// # Knobs
/// - `probability`: share of lookups that fail, percentage, default 100%
/// - `takes`: how long a failing lookup takes, duration, default 5s
/// - `delay`: how long a lookup takes that does not fail, duration, default 0s
/// - `ttl`: how long a calling instance keeps an answer, duration, default 30s
///
/// # Example
/// ```yaml
/// faults:
///   resolver-down: {inject: {dns: {probability: 30%, takes: 5s}}, where: {service: db}, at: 5m, for: 10m}
/// ```
///
/// # Source
/// resolv.conf(5): a resolver waits 5 s for an answer (`RES_TIMEOUT`). The default `ttl` is that of the cache of `CoreDNS` in Kubernetes and of a
/// JVM.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DnsSettings {
    /// Share of lookups that fail.
    pub probability: Probability,
    /// How long a failing lookup takes.
    pub takes: SimDuration,
    /// How long a lookup takes that does not fail.
    pub delay: SimDuration,
    /// How long a calling instance keeps an answer.
    pub ttl: SimDuration,
}

impl Default for DnsSettings {
    fn default() -> Self {
        let seconds = |s: u64| SimDuration::from_ns(s * SimDuration::SECOND.ns());
        Self { probability: Probability::ONE, takes: seconds(5), delay: SimDuration::ZERO, ttl: seconds(30) }
    }
}

/// Lookups as a fault makes them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dns {
    /// Share of lookups that fail, from 0 to 1.
    pub probability: f64,
    /// Until a lookup that fails is given up [ns].
    pub takes_ns: u64,
    /// How long a lookup takes that does not fail [ns].
    pub delay_ns: u64,
    /// How long an answer is kept [ns].
    pub ttl_ns: u64,
}

impl DnsSettings {
    /// Some lookups have to fail or to take time.
    pub fn validate(&self, problems: &mut Problems) {
        if self.probability.value() <= 0.0 && self.delay.is_zero() {
            problems.error("", "no lookup fails and none takes time").hint =
                Some("write probability: 30%, or delay: 2s".into());
        }
    }

    /// A name is that of a whole service.
    pub(super) fn check_target(target: &Target, problems: &mut Problems) -> Option<()> {
        let is_name = match target {
            Target::Pipeline(_) | Target::Scaler(_) => false,
            Target::Edge { to, both_ways, .. } => !both_ways && matches!(to, None | Some(Location::Service(_))),
            Target::Instances(selection) => {
                let Selection { services: _, zone, region, role, version, pick, redraw } = selection;
                (zone, region, role, version, pick, redraw) == (&None, &None, &None, &None, &Pick::All, &false)
            }
        };
        if is_name {
            return Some(());
        }
        problems.error("where", "a name is that of a whole service, and not of a part of it").hint =
            Some("write where: {service: NAME}, or {from: CALLER, to: NAME}".into());
        None
    }

    pub(super) fn meant(&self) -> Dns {
        Dns {
            probability: self.probability.value(),
            takes_ns: self.takes.ns(),
            delay_ns: self.delay.ns(),
            ttl_ns: self.ttl.ns(),
        }
    }

    pub(super) fn says(&self, target: &str) -> String {
        if self.probability.value() > 0.0 {
            format!("{} of lookups of the name of {target} fail", self.probability)
        } else {
            format!("lookups of the name of {target} take {}", self.delay)
        }
    }
}
