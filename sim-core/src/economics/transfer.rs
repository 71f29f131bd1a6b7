//! Transfer: bytes that cross zones or regions.

use super::meter::{Across, Meter};
use crate::data::CONSENSUS_BYTES;
use crate::ids::ServiceId;
use crate::names::Names;
use crate::problem::Problems;
use crate::results::Slice;
use crate::topology::Topology;
use serde::{Deserialize, Serialize};

/// Bytes that cross zones or regions.
///
/// # What it models
/// Requests and responses of calls to the service, both ways, and what a store that agrees on its writes sends between regions.
///
/// # When to use it
/// For the part of the bill that nobody expects.
///
/// # Knobs
/// - `of`: service or store; default all
/// - `across`: `zones` or `regions`; required
///
/// # Example
/// ```yaml
/// costs:
///   consensus: {meter: {transfer: {of: ledger, across: regions}}, price: $0.02/GiB}
/// ```
///
/// # Source
/// Price lists of public clouds: a gigabyte between regions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TransferSettings {
    /// Calls to whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// Across what.
    pub across: Across,
}

impl TransferSettings {
    pub(super) fn compile(&self, names: &Names, problems: &mut Problems) -> Option<Meter> {
        let of = match &self.of {
            None => None,
            Some(name) => Some(names.with_instances("of", name, problems)?),
        };
        Some(Meter::Transfer { of, across: self.across })
    }
}

/// What one slice has used [bytes].
pub(super) fn metered(topology: &Topology, slice: &Slice, of: Option<ServiceId>, across: Across) -> f64 {
    let place = usize::from(across == Across::Regions);
    let to = |edge: &crate::topology::Edge| of.is_none_or(|of| topology.endpoints[edge.callee.index()].service == of);
    let calls: u64 =
        topology.edges.iter().zip(&slice.edges).filter(|(edge, _)| to(edge)).map(|(_, c)| c.bytes_across[place]).sum();
    let agreed = slice.services.iter().enumerate().filter(|(id, _)| of.is_none_or(|of| of.index() == *id));
    let agreed: u64 = if across == Across::Regions { agreed.map(|(_, c)| c.of(&CONSENSUS_BYTES)).sum() } else { 0 };
    (calls + agreed) as f64
}
