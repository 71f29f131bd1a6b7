//! Failures: what each request costs that nobody answered.

use super::meter::{Meter, calls_of};
use crate::ids::EndpointId;
use crate::names::Names;
use crate::problem::Problems;
use crate::results::{EdgeCounts, Slice};
use crate::topology::Topology;
use serde::{Deserialize, Serialize};

/// Requests to an endpoint that were not answered in the end.
///
/// # What it models
/// A call counts once, after its retries and its fallback: neither ok nor degraded, or never answered (see `availability`). The price is what a lost
/// request costs, such as the margin of an order.
///
/// # When to use it
/// To say what an outage costs in sales.
///
/// # Knobs
/// - `of`: endpoint; required
///
/// # Example
/// ```yaml
/// costs:
///   lost-orders: {meter: {failures: {of: gateway.checkout}}, price: $38}
/// ```
///
/// # Source
/// Mean order value times margin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FailuresSettings {
    /// Of which endpoint.
    pub of: String,
}

impl FailuresSettings {
    pub(super) fn compile(&self, names: &Names, problems: &mut Problems) -> Option<Meter> {
        Some(Meter::Failures { of: names.endpoint("of", &self.of, problems)? })
    }
}

/// What one slice has lost [calls].
pub(super) fn metered(topology: &Topology, slice: &Slice, of: EndpointId) -> f64 {
    let failed = |counts: &EdgeCounts| counts.call_outcomes[2..].iter().sum::<u64>() + counts.call_unanswered;
    calls_of(topology, of).map(|edge| failed(&slice.edges[edge.index()])).sum::<u64>() as f64
}
