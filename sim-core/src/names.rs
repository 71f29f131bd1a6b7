//! Names of a scenario and the ids that the model uses for them.
//!
//! Families resolve the names in their settings here, so that a new kind which refers to something needs no other file.

use crate::ids::{
    EdgeId, EndpointId, FaultId, KeySpaceId, LoadId, Location, ProbeId, PromiseId, RegionId, ServiceId, VersionId,
    ZoneId,
};
use crate::problem::Problems;
use crate::units::SimDuration;
use std::collections::{BTreeMap, BTreeSet};

/// What a promise of availability asks: the share of requests to an endpoint that are answered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Objective {
    /// The endpoint.
    pub of: EndpointId,
    /// From 0 to 1.
    pub at_least: f64,
    /// In which its error budget is spent; `None` where the promise says none.
    pub period: Option<SimDuration>,
}

/// A link, for those who name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamedLink {
    /// Its place among the links.
    pub place: usize,
    /// Where messages over it start.
    pub from: Location,
    /// Where they arrive.
    pub to: Location,
    /// Whether it is the way back too.
    pub both_ways: bool,
    /// Whether a route has it.
    pub is_routed: bool,
}

/// Directions of links, of which something is measured together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkWays {
    /// By the number of the link: twice that from its first end, and one more the other way.
    pub ways: Vec<usize>,
    /// The route, by its place, where they are those of one.
    pub route: Option<usize>,
}

/// All names that settings may refer to.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Services, stores, caches, queues and topics.
    pub services: BTreeMap<String, ServiceId>,
    /// Which of these are queues.
    pub queues: BTreeSet<String>,
    /// Which of these are caches.
    pub caches: BTreeSet<String>,
    /// Which of these are caches in the memory of their callers, which have no instances.
    pub in_memory: BTreeSet<String>,
    /// Which of these say how much memory their machines have.
    pub with_memory: BTreeSet<String>,
    /// `service.endpoint`, and `queue.send`.
    pub endpoints: BTreeMap<String, EndpointId>,
    /// `caller->service.endpoint`; several call sites may share one name.
    pub edges: BTreeMap<String, Vec<EdgeId>>,
    /// Load classes.
    pub loads: BTreeMap<String, LoadId>,
    /// Zones of regions.
    pub zones: BTreeMap<String, ZoneId>,
    /// Regions, each of which has zones.
    pub regions: BTreeMap<String, RegionId>,
    /// Faults, and behind them the experiments, whose names stand for stretches of time as those of faults do.
    pub faults: BTreeMap<String, FaultId>,
    /// Promises by the names that the user gave them.
    pub promises: BTreeMap<String, PromiseId>,
    /// What those promises ask that are about availability, and so have an error budget.
    pub objectives: BTreeMap<PromiseId, Objective>,
    /// Key spaces.
    pub keys: BTreeMap<String, KeySpaceId>,
    /// Telemetry pipelines, by their place.
    pub pipelines: BTreeMap<String, usize>,
    /// Those whose records are counted: with a sink, redaction, or what must never leave.
    pub recorded: BTreeMap<String, usize>,
    /// The places of those that have a sink.
    pub sinks: BTreeSet<usize>,
    /// Cost items, by their place.
    pub costs: BTreeMap<String, usize>,
    /// Probes, all their directions, and behind their name each by itself: `NAME.FROM->TO`.
    pub probes: BTreeMap<String, Vec<ProbeId>>,
    /// Alerts, by their place.
    pub alerts: BTreeMap<String, usize>,
    /// Experiments, by their place; they stand among the faults too, for their name is a stretch of time.
    pub experiments: BTreeMap<String, usize>,
    /// Scalers, by their place.
    pub scalers: BTreeMap<String, usize>,
    /// Switches, by their place.
    pub switches: BTreeMap<String, usize>,
    /// Features, with the endpoints that have each.
    pub features: BTreeMap<String, Vec<EndpointId>>,
    /// Load classes that say how many users they have.
    pub populations: BTreeSet<String>,
    /// Load classes whose users complain.
    pub complaining: BTreeSet<String>,
    /// Faults that deploy a version to a service: the names of both.
    pub deploys: BTreeMap<(String, String), Vec<FaultId>>,
    /// Operating modes, by their place.
    pub modes: BTreeMap<String, usize>,
    /// Versions, of all services.
    pub versions: BTreeMap<String, VersionId>,
    /// Named links.
    pub links: BTreeMap<String, NamedLink>,
    /// Links and routes, and each direction of them by itself: `NAME.FROM->TO`.
    pub link_ways: BTreeMap<String, LinkWays>,
    /// Which service may run which version: the names of both.
    pub versions_of: BTreeSet<(String, String)>,
    /// Whether one request in so many is simulated, so that numbers and rates of requests mean less than they say.
    pub is_thinned: bool,
}

macro_rules! lookup {
    ($(#[$doc:meta])* $name:ident, $field:ident, $id:ty, $what:literal) => {
        $(#[$doc])*
        pub fn $name(&self, key: &str, name: &str, problems: &mut Problems) -> Option<$id> {
            let found = self.$field.get(name).cloned();
            if found.is_none() {
                problems.unknown(key, $what, name, self.$field.keys().map(String::as_str));
            }
            found
        }
    };
}

impl Names {
    /// The name of a place.
    pub fn of_place(&self, place: Location) -> String {
        fn of<T: PartialEq>(all: &BTreeMap<String, T>, id: &T) -> Option<String> {
            all.iter().find(|(_, other)| *other == id).map(|(name, _)| name.clone())
        }
        let name = match &place {
            Location::Zone(id) => of(&self.zones, id),
            Location::Region(id) => of(&self.regions, id),
            Location::Service(id) => of(&self.services, id),
            Location::Endpoint(id) => of(&self.endpoints, id),
            Location::Load(id) => of(&self.loads, id),
        };
        name.unwrap_or_default()
    }

    lookup!(
        /// The service, store or queue called `name`; a problem at `key` if there is none.
        service, services, ServiceId, "service"
    );
    /// The service, store or queue called `name`, which has instances; a problem at `key` if there is none.
    pub fn with_instances(&self, key: &str, name: &str, problems: &mut Problems) -> Option<ServiceId> {
        if self.lies_in_memory(key, name, problems) {
            return None;
        }
        self.service(key, name, problems)
    }

    /// Whether `name` is a cache in the memory of its callers: a problem at `key`, which asks for instances.
    pub fn lies_in_memory(&self, key: &str, name: &str, problems: &mut Problems) -> bool {
        let lies = self.in_memory.contains(name);
        if lies {
            let what = format!("{name} lies in the memory of its callers, and has no instances");
            problems.error(key, what).hint =
                Some(format!("name the service whose memory it is, or give caches.{name} steps: [{{work: 0.2ms}}]"));
        }
        lies
    }

    /// The queue called `name`; a problem at `key` if there is none.
    pub fn queue(&self, key: &str, name: &str, problems: &mut Problems) -> Option<ServiceId> {
        if !self.queues.contains(name) {
            problems.unknown(key, "queue", name, self.queues.iter().map(String::as_str));
            return None;
        }
        self.services.get(name).copied()
    }

    lookup!(
        /// The link called `name`; a problem at `key` if there is none.
        link, links, NamedLink, "link"
    );
    lookup!(
        /// The endpoint called `name`; a problem at `key` if there is none.
        endpoint, endpoints, EndpointId, "endpoint"
    );
    lookup!(
        /// The call sites called `name`; a problem at `key` if there is none.
        edge, edges, Vec<EdgeId>, "call"
    );
    lookup!(
        /// The promise called `name`; a problem at `key` if there is none.
        promise, promises, PromiseId, "promise"
    );
    lookup!(
        /// The load class called `name`; a problem at `key` if there is none.
        load, loads, LoadId, "load"
    );
    lookup!(
        /// The zone called `name`; a problem at `key` if there is none.
        zone, zones, ZoneId, "zone"
    );
    lookup!(
        /// The region called `name`; a problem at `key` if there is none.
        region, regions, RegionId, "region"
    );
    /// The fault or experiment called `name`; a problem at `key` if there is none, which lists no fault of an experiment's action: its
    /// name is not in the file.
    pub fn fault(&self, key: &str, name: &str, problems: &mut Problems) -> Option<FaultId> {
        let found = self.faults.get(name).copied();
        if found.is_none() {
            let of_action = |name: &str| name.rsplit_once('.').is_some_and(|(of, _)| self.experiments.contains_key(of));
            problems.unknown(
                key,
                "fault",
                name,
                self.faults.keys().map(String::as_str).filter(|name| !of_action(name)),
            );
        }
        found
    }
    lookup!(
        /// The key space called `name`; a problem at `key` if there is none.
        key_space, keys, KeySpaceId, "key space"
    );
    lookup!(
        /// The switch called `name`; a problem at `key` if there is none.
        switch, switches, usize, "switch"
    );
    lookup!(
        /// The version called `name`; a problem at `key` if there is none.
        version, versions, VersionId, "version"
    );
    lookup!(
        /// The telemetry pipeline called `name`; a problem at `key` if there is none.
        pipeline, pipelines, usize, "telemetry pipeline"
    );
}
