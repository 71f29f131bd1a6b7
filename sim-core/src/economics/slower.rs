//! Slower: what slow answers cost.

use super::meter::{Meter, calls_of};
use crate::ids::EndpointId;
use crate::metrics::Histogram;
use crate::names::Names;
use crate::problem::Problems;
use crate::results::Slice;
use crate::topology::Topology;
use crate::units::{Probability, SimDuration};
use serde::{Deserialize, Serialize};

/// Answers of an endpoint that took longer than a bound, or a part of them.
///
/// # What it models
/// Counts answers slower than the bound, and takes the part of them that leaves. Known only of endpoints that a load class calls.
///
/// # When to use it
/// For users who go away when they have to wait.
///
/// # Knobs
/// - `of`: endpoint; required
/// - `than`: the bound, duration; required
/// - `percent`: the part of them that costs, percentage, default 100%
///
/// # Example
/// ```yaml
/// costs:
///   slow-sales: {meter: {slower: {of: wallet.spend, than: 500ms, percent: 2%}}, price: $15}
/// ```
///
/// # Source
/// Studies of abandonment against page load time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlowerSettings {
    /// Of which endpoint.
    pub of: String,
    /// Answers that take longer are counted.
    pub than: SimDuration,
    /// The part of them that costs.
    #[serde(default = "all")]
    pub percent: Probability,
}

fn all() -> Probability {
    Probability::ONE
}

impl SlowerSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.than.is_zero() {
            problems.error("than", "every answer takes longer than no time").hint =
                Some("write a bound such as 500ms".into());
        }
    }

    pub(super) fn compile(&self, names: &Names, problems: &mut Problems) -> Option<Meter> {
        let of = names.endpoint("of", &self.of, problems)?;
        Some(Meter::Slower { of, than_ns: self.than.ns(), share: self.percent.value() })
    }
}

/// What one slice has seen [answers].
pub(super) fn metered(topology: &Topology, slice: &Slice, of: EndpointId, than_ns: u64) -> f64 {
    let mut latency = Histogram::new();
    for edge in calls_of(topology, of) {
        let of_edge = slice.entry_latency.iter().filter(|(id, _)| *id == edge);
        of_edge.for_each(|(_, histogram)| latency.add_sparse(histogram));
    }
    latency.share_above(than_ns).unwrap_or(0.0) * latency.total() as f64
}
