//! What a meter counts, with ids for names.

use crate::data::WrongnessKind;
use crate::ids::{EdgeId, EndpointId, PromiseId, ServiceId};
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
        /// How they are bought.
        bought: Bought,
        /// Those alone that have the size of machines at this place, of a service that changes them.
        size: Option<usize>,
    },
    /// Bytes kept on the disks of instances [bytes s].
    Storage {
        /// Of this service.
        of: ServiceId,
        /// Of this size in all; `None` is the disk of each instance.
        size: Option<Bytes>,
    },
    /// Bytes sent within a zone, across zones or regions, or out [bytes].
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
    /// Credits of instances that are paid for [things].
    Credits {
        /// Of this service.
        of: ServiceId,
        /// Credits of one instance, on average over all time [s⁻¹].
        per_s: f64,
    },
    /// Parts of what was bought [things].
    Capital {
        /// The time over which it is written off [s].
        over_s: f64,
    },
    /// Periods in which a promise was broken [things].
    Breach {
        /// This one.
        promise: PromiseId,
        /// Its period [s].
        period_s: f64,
    },
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
    /// Records that reach the sink of a telemetry pipeline [things].
    Records {
        /// Of this pipeline, by its place.
        of: usize,
    },
    /// Records that left with what must never leave [things].
    Leaks {
        /// Of this pipeline, by its place.
        of: usize,
        /// The share of them that costs.
        share: f64,
    },
}

/// What bytes cross: each byte crosses one of them, the farthest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Across {
    /// Nothing: both ends are in one zone.
    WithinZone,
    /// From one zone to another of the same region.
    Zones,
    /// From one region to another.
    Regions,
    /// Out, to users who are in no zone; what comes in from them is free.
    Out,
}

impl Across {
    /// The word in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::WithinZone => "within_zone",
            Self::Zones => "zones",
            Self::Regions => "regions",
            Self::Out => "out",
        }
    }
}

/// How instances are bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Bought {
    /// All that are paid for.
    #[default]
    All,
    /// Those above the reserved ones of the service.
    OnDemand,
    /// So many, whether they run or not.
    Reserved(u32),
    /// Those that the provider has not taken away: what is down is not paid for.
    Spot,
}

/// The call sites of an endpoint.
pub(super) fn calls_of(topology: &Topology, endpoint: EndpointId) -> impl Iterator<Item = EdgeId> {
    (0..topology.edges.len()).map(EdgeId::from).filter(move |id| topology.edges[id.index()].callee == endpoint)
}
