//! Requests: a price for each.

use super::meter::{Meter, calls_of};
use crate::ids::EndpointId;
use crate::names::Names;
use crate::problem::Problems;
use crate::results::Slice;
use crate::topology::Topology;
use serde::{Deserialize, Serialize};

/// Requests to an endpoint, each attempt of them.
///
/// # What it models
/// Every attempt counts, retries too, as a provider would count them.
///
/// # When to use it
/// For functions, queues, stores and gateways that are paid by the request.
///
/// # Knobs
/// - `of`: endpoint; required
///
/// # Example
/// ```yaml
/// costs:
///   reads: {meter: {requests: {of: posts.read}}, price: $0.25/1M}
/// ```
///
/// # Source
/// Price lists of public clouds: a million requests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestsSettings {
    /// Of which endpoint.
    pub of: String,
}

impl RequestsSettings {
    pub(super) fn compile(&self, names: &Names, problems: &mut Problems) -> Option<Meter> {
        Some(Meter::Requests { of: names.endpoint("of", &self.of, problems)? })
    }
}

/// What one slice has used [attempts].
pub(super) fn metered(topology: &Topology, slice: &Slice, of: EndpointId) -> f64 {
    calls_of(topology, of).map(|edge| slice.edges[edge.index()].attempts).sum::<u64>() as f64
}
