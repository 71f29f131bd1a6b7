//! The metrics of named links and routes.

use super::doc::{MetricDoc, doc};
use super::measure::Measure;
use super::metric::Metric;
use super::metric::SubjectKind::{Link, Route};

/// Metrics that only links and routes have.
pub(super) const LINKS: &[MetricDoc] = &[
    doc(
        Metric::MessagesCarried,
        "messages_carried",
        Measure::NUMBER,
        &[Link],
        true,
        "messages of calls, requests and replies, that a link has brought over, counted as they set out",
    ),
    doc(
        Metric::MessagesLost,
        "link_lost",
        Measure::NUMBER,
        &[Link],
        true,
        "messages of calls that a link has lost for good: what a transport sends again is not lost",
    ),
    doc(
        Metric::BytesCarried,
        "bytes_carried",
        Measure::BYTES,
        &[Link],
        true,
        "what was sent over a link, what was sent again included",
    ),
    doc(
        Metric::BandwidthUsed,
        "bandwidth_used",
        Measure::BANDWIDTH,
        &[Link],
        true,
        "bytes that are sent over a link in a second, what is sent again included; of a link with two directions, of both together",
    ),
    doc(
        Metric::LinkBacklog,
        "link_backlog",
        Measure::BYTES,
        &[Link],
        true,
        "average over time of what waits for the bandwidth of a link or is being sent, of all its directions together",
    ),
    doc(
        Metric::Starts,
        "starts",
        Measure::NUMBER,
        &[Link],
        true,
        "the most messages that set out over one direction of a link within 10 ms, counted from the first that sets out after 10 ms were over",
    ),
    doc(
        Metric::RouteChanges,
        "route_changes",
        Measure::NUMBER,
        &[Route],
        true,
        "how often the links that a route uses have changed",
    ),
];
