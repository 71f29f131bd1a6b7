//! Transfer: bytes within a zone, between zones, between regions, and out.

use super::meter::{Across, Meter};
use crate::data::CONSENSUS_BYTES;
use crate::ids::{Caller, ServiceId};
use crate::names::Names;
use crate::problem::Problems;
use crate::results::{EdgeCounts, Slice};
use crate::topology::{Edge, Topology};
use serde::{Deserialize, Serialize};

/// Bytes that are sent within a zone, between zones of a region, between regions, or out.
///
/// # What it models
/// Requests and responses of calls to the service, both ways, and what a store that agrees on its writes sends between regions. Each byte
/// is in one of the four only. `out` is what is answered to load classes that are in no zone or region: users of the internet, whose
/// requests come in for nothing.
///
/// # When to use it
/// For the part of the bill that nobody expects.
///
/// # Knobs
/// - `of`: service or store; default all
/// - `across`: `within_zone`, `zones` (of one region), `regions` or `out`; required
///
/// # Example
/// ```yaml
/// costs:
///   consensus: {meter: {transfer: {of: ledger, across: regions}}, price: $0.02/GiB}
///   answers: {meter: {transfer: {across: out}}, price: $0.09/GB}
/// ```
///
/// # Source
/// Price lists of public clouds: a gigabyte between zones, between regions, and out to the internet.
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
    let to = |edge: &Edge| of.is_none_or(|of| topology.endpoints[edge.callee.index()].service == of);
    let edges = topology.edges.iter().zip(&slice.edges).filter(|(edge, _)| to(edge));
    let calls: u64 = edges.map(|(edge, counts)| sent(topology, edge, counts, across)).sum();
    let agreed = slice.services.iter().enumerate().filter(|(id, _)| of.is_none_or(|of| of.index() == *id));
    let agreed: u64 = if across == Across::Regions { agreed.map(|(_, c)| c.of(&CONSENSUS_BYTES)).sum() } else { 0 };
    (calls + agreed) as f64
}

/// What a call site has sent so far.
fn sent(topology: &Topology, edge: &Edge, counts: &EdgeCounts, across: Across) -> u64 {
    let [zones, regions, out] = counts.bytes_across;
    match across {
        // Those of users who are nowhere come from outside.
        Across::WithinZone if is_outside(topology, edge) => 0,
        Across::WithinZone => counts.bytes - zones,
        Across::Zones => zones - regions,
        Across::Regions => regions,
        Across::Out => out,
    }
}

/// Whether the caller is in no zone.
pub fn is_outside(topology: &Topology, edge: &Edge) -> bool {
    matches!(edge.caller, Caller::Load(load) if topology.loads[load.index()].zone.is_none())
}
