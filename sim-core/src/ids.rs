//! Ids of what a scenario names: places in the model's lists, as types of their own, so that one is never taken for another.

use crate::engine::table::id;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        pub struct $name(pub u32);

        impl $name {
            /// The place in the list of its kind in the topology.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }

        id!($name);

        impl From<usize> for $name {
            fn from(index: usize) -> Self {
                Self(u32::try_from(index).expect("fewer than 2^32 of anything"))
            }
        }
    )*};
}

ids! {
    /// A service, store or queue: all that has instances and endpoints.
    ServiceId,
    /// An endpoint of a service.
    EndpointId,
    /// One call in one place: a call step, a load class's arm, a queue's consumer.
    EdgeId,
    /// The state that calls share: the breaker, retry budget and balancer of one caller instance towards one callee.
    GuardId,
    /// An instance: a place among those of all services, each of which has as many as it may ever have instances.
    InstanceId,
    /// A load class.
    LoadId,
    /// A zone.
    ZoneId,
    /// A region.
    RegionId,
    /// A fault; behind all faults, an experiment, for whose name stands a stretch of time as that of a fault does.
    FaultId,
    /// A promise.
    PromiseId,
    /// A key space.
    KeySpaceId,
    /// A direction between two sites of probes. That of the way back differs in the last bit.
    ProbeId,
    /// A version of the software that instances run, by its name.
    VersionId,
}

impl ProbeId {
    /// The other direction between the same two sites.
    #[must_use]
    pub fn back(self) -> Self {
        Self(self.0 ^ 1)
    }
}

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// A load class.
    Load(LoadId),
    /// A step of an endpoint.
    Endpoint(EndpointId),
    /// A queue that hands over messages.
    Queue(ServiceId),
    /// A scaler that asks who decides, by its place.
    Scaler(u32),
}

/// Where an end of a link or a target of a fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location {
    /// All instances of a service.
    Service(ServiceId),
    /// One endpoint (only as the far end).
    Endpoint(EndpointId),
    /// All instances in a zone.
    Zone(ZoneId),
    /// All instances in a region.
    Region(RegionId),
    /// A load class.
    Load(LoadId),
}
