//! Metrics as meant: with ids for names.

use super::metric::{Metric, Window};
use crate::ids::{EdgeId, EndpointId, FaultId, LoadId, ProbeId, PromiseId, ServiceId, VersionId};
use crate::metrics::{LevelId, PartAt};
use crate::names::{LinkWays, Objective};
use crate::units::SimDuration;

/// Attempts one by one, or calls with all their retries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// Attempt by attempt, as the callee's callers saw each.
    Attempts,
    /// Calls as they ended for the caller.
    Calls,
}

/// A group of cost items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// What running the system costs.
    Infrastructure,
    /// Sales lost.
    Sales,
    /// What wrong replies cost.
    Wrongness,
    /// What broken promises cost.
    Penalties,
}

impl Group {
    /// All groups, in the order of a bill.
    pub const ALL: [Self; 4] = [Self::Infrastructure, Self::Sales, Self::Wrongness, Self::Penalties];

    /// The word in files and results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Infrastructure => "infrastructure",
            Self::Sales => "sales",
            Self::Wrongness => "wrongness",
            Self::Penalties => "penalties",
        }
    }
}

/// What is measured, with ids.
#[derive(Debug, Clone, PartialEq)]
pub enum Subject {
    /// All calls of one endpoint.
    Endpoint(EndpointId),
    /// All calls of the endpoints of one service, and the service itself.
    Service(ServiceId),
    /// The calls of a load class.
    Load(LoadId),
    /// Call sites of one name.
    Edges(Vec<EdgeId>),
    /// A timed part of a service, or of call sites.
    Timed(Vec<PartAt>),
    /// A level.
    Level(LevelId, LevelSubject),
    /// Directions of probes.
    Probe(Vec<ProbeId>),
    /// Directions of links.
    Link(LinkWays),
    /// A fault.
    Fault(FaultId),
    /// An alert, by its place.
    Alert(usize),
    /// A telemetry pipeline, by its place.
    Pipeline(usize),
    /// A promise.
    Promise(PromiseId, Option<Objective>),
    /// A cost item, by its place.
    CostItem(usize),
    /// A group of cost items.
    CostGroup(Group),
    /// An experiment, by its place.
    Experiment(usize),
    /// An operating mode, by its place.
    Mode(usize),
    /// Nothing in particular.
    Nothing,
}

/// Of what a level is asked.
#[derive(Debug, Clone, PartialEq)]
pub enum LevelSubject {
    /// The state that these call sites share with each other or have for themselves.
    Calls(Vec<EdgeId>),
    /// A service.
    Service(ServiceId),
}

/// When is measured, with ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ScopeMeant {
    /// How much of the latest.
    pub window: Option<Window>,
    /// While this fault was there.
    pub during: Option<FaultId>,
    /// From the end of this fault on; for times, from its begin.
    pub after: Option<FaultId>,
    /// Until this fault began.
    pub before: Option<FaultId>,
    /// Between two times from time 0 [ns].
    pub from_to: Option<(i64, i64)>,
    /// As it was so long ago.
    pub offset: Option<SimDuration>,
    /// How unusual it is beside what it was in so much time before.
    pub baseline: Option<SimDuration>,
    /// Only calls of this load class.
    pub of: Option<LoadId>,
    /// Only attempts that went to this version.
    pub version: Option<VersionId>,
}

/// A metric with ids.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// What is measured.
    pub metric: Metric,
    /// Of what.
    pub subject: Subject,
    /// Over which stretches of the run, of whose calls.
    pub scope: ScopeMeant,
}
