//! What links, routes and probes of a study came to.

use super::Estimate;
use serde::Serialize;

/// Of one direction of a link, or of all links of a route.
#[derive(Debug, Clone, Serialize)]
pub struct LinkSummary {
    /// Messages of calls that it has brought over, per replication.
    pub carried: Estimate,
    /// Messages of calls that were lost for good, per replication.
    pub lost: Estimate,
    /// What was sent [bytes], per replication.
    pub bytes: Estimate,
    /// Share of time in which it sends; `None` of a route, and without a bandwidth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub utilisation: Option<Estimate>,
    /// Average of what waits or is being sent [bytes]; `None` of a route, and without a bandwidth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backlog_bytes: Option<Estimate>,
    /// From setting out to arrival; `None` where no message arrived.
    pub way_s: Option<LinkTimes>,
    /// Changes of the links that a route uses, per replication; `None` of a link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route_changes: Option<Estimate>,
}

/// Time of messages on their way over a link [s].
#[derive(Debug, Clone, Serialize)]
pub struct LinkTimes {
    /// Its mean.
    pub mean: Estimate,
    /// Its median.
    pub p50: Estimate,
    /// Its 99th percentile.
    pub p99: Estimate,
}

/// Of one direction of probes.
#[derive(Debug, Clone, Serialize)]
pub struct ProbeSummary {
    /// Probes whose fate is known, per replication.
    pub sent: Estimate,
    /// Those of them that did not arrive in time.
    pub lost: Estimate,
    /// Those of these of which the probe the other way arrived.
    pub one_way_failures: Estimate,
    /// Time on the way of those that arrived; `None` where none did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub way_s: Option<ProbeTimes>,
}

/// Time of probes on their way.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ProbeTimes {
    /// Mean [s].
    pub mean: Estimate,
    /// Median [s].
    pub p50: Estimate,
    /// 99th percentile [s].
    pub p99: Estimate,
}
