//! What a meter counts, with ids for names.

use crate::data::WrongnessKind;
use crate::ids::{EdgeId, EndpointId, ServiceId};
use crate::topology::Topology;
use crate::units::Bytes;
use serde::{Deserialize, Serialize};

/// What is metered, as meant.
#[derive(Debug, Clone, PartialEq)]
pub enum Meter {
    /// Time of instances that are paid for [instances s].
    Instances {
        /// Of this service.
        of: ServiceId,
    },
    /// Bytes kept on the disks of instances [bytes s].
    Storage {
        /// Of this service.
        of: ServiceId,
        /// Of this size in all; `None` is the disk of each instance.
        size: Option<Bytes>,
    },
    /// Bytes sent across zones or regions [bytes].
    Transfer {
        /// Of calls to this service, and of its own agreement on writes; `None` is all.
        of: Option<ServiceId>,
        /// Across what.
        across: Across,
    },
    /// Requests that ended [things].
    Requests {
        /// Of this endpoint.
        of: EndpointId,
    },
    /// Time itself [s].
    Flat,
    /// Requests that were not answered in the end [things].
    Failures {
        /// Of this endpoint.
        of: EndpointId,
    },
    /// Wrong replies [things].
    Wrongness {
        /// In which way.
        kind: WrongnessKind,
        /// Of this endpoint; `None` is all.
        of: Option<EndpointId>,
        /// The share of them that costs.
        share: f64,
    },
    /// Answers slower than a bound [things]; only of endpoints that a load class calls.
    Slower {
        /// Of this endpoint.
        of: EndpointId,
        /// The bound [ns].
        than_ns: u64,
        /// The share of them that costs.
        share: f64,
    },
}

/// What bytes cross.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Across {
    /// From one zone to another.
    Zones,
    /// From one region to another.
    Regions,
}

/// The call sites of an endpoint.
pub(super) fn calls_of(topology: &Topology, endpoint: EndpointId) -> impl Iterator<Item = EdgeId> {
    (0..topology.edges.len()).map(EdgeId::from).filter(move |id| topology.edges[id.index()].callee == endpoint)
}
