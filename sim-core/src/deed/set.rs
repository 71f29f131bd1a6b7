//! Setting values while a run goes on.

use crate::call::breaker::HandSettings;
use crate::call::fallback::Fallback;
use crate::call::limit::LimitSettings;
use crate::call::locality::LocalitySettings;
use crate::call::rate_limit::RateLimitSettings;
use crate::call::retry::RetrySettings;
use crate::data::replication::Commit;
use crate::data::stock::Escrow;
use crate::dist::Distribution;
use crate::ids::{Caller, EdgeId, EndpointId, GuardId, ServiceId};
use crate::message::Consumer;
use crate::network::LinkQuality;
use crate::service::admission::AdmissionSettings;
use crate::topology::{Health, Topology};
use crate::units::{Count, SimDuration};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, IgnoredAny};
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::mem::discriminant;

/// Values of the file become others while the run goes on.
///
/// # What it models
/// A change of configuration in production. From the moment at which it is done, what the file says at a path is as if the new value had stood
/// there from the start: attempts that are sent from then on have the new timeout, requests that come from then on find the new queue. What was
/// begun before keeps what it began with: timers that run, requests that wait, messages on their way. Where a limit becomes smaller, nobody loses
/// a place.
///
/// Values that an action has set are as before when the experiment ends or is aborted, before its rollback begins. What a rollback sets stays.
/// Where two experiments have set the same value, it is the one that was set last and has not been taken back.
///
/// Only values that are marked *live* in the reference can be set. A path is that of `variants` and `--set`; with `where: {service: NAME}` it
/// begins at that service, store or queue.
///
/// # When to use it
/// To ask whether a setting helps once the trouble is there, and how soon: a shorter timeout, a smaller limit, retries off.
///
/// # Knobs
/// - values by path; at least one. These are live:
///   - of calls, in policies and wherever a call has them: `timeout`, `total_timeout`, `cancel`, `optional`, `fallback`, `locality`,
///     `concurrency_limit.bulkhead`, the rates and sizes of a `rate_limit`, `retry` where there is one, but for its budget, and the `state` of a
///     `breaker` (`forced_open` refuses all calls; `closed` begins a breaker anew that was set to another state, but not one that calls have opened)
///   - of services and stores: `instances`, `start_up`, `queue.capacity`, `queue.max_wait` and `health` where there is one, and `machine.nic.ring`
///     where they have a `nic`; of an `admission`, also at endpoints, the rates and sizes of `rate_limit`, `concurrency_limit.bulkhead` and `shed`
///   - of caches the `ttl` of their contents, where there is one
///   - of stores `replication.primary.lag`, `replication.primary.commit` and `replication.primary.closed_timestamp_lag`; of queues `capacity` and a
///     consumer's `visibility_timeout` and `max_deliveries`
///   - of the network `within_zone`, `between_zones`, `between_regions`, and `latency`, `loss`, `bandwidth`, `buffer` and
///     `transport` of links; of routes `pin`
///   - of scalers `min` and `max`
///
/// # Example
/// ```yaml
/// actions: [{do: {set: {policies.db.timeout: 300ms, policies.db.retry.max_attempts: 1}}, takes: 30s}]
/// ```
///
/// # Source
/// Configuration that services read while they run: dynamic configuration of Envoy, Archaius and the like.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, JsonSchema)]
#[serde(transparent)]
#[expect(
    clippy::zero_sized_map_values,
    reason = "a value is read where it is put, and the schema says that there is one"
)]
pub struct SetSettings(pub BTreeMap<String, Anything>);

/// Any value at all, null too: what is put at a path is checked when it stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Anything;

impl<'de> Deserialize<'de> for Anything {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

impl Serialize for Anything {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

impl JsonSchema for Anything {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Anything".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!(true)
    }
}

/// A value that may change while a run goes on: what it belongs to, and what it is.
#[derive(Debug, Clone, PartialEq)]
pub enum Live {
    /// A setting of a call.
    Call(EdgeId, OfCall),
    /// How many attempts of the calls that share a state may be under way at once.
    Limit(GuardId, Option<LimitSettings>),
    /// How many attempts of the calls that share a state are sent in a stretch of time.
    Rate(GuardId, RateLimitSettings),
    /// Into which state the breakers of the calls that share it are put by hand.
    Breaker(GuardId, HandSettings),
    /// A setting of a service, store or queue.
    Node(ServiceId, OfNode),
    /// What a distance (0 within a zone, 1 between zones, 2 between regions) or a named link (from 3 on) does to messages.
    Link(usize, LinkQuality),
    /// The one link that a route takes, by its place in `prefer`; the route by its place in the model.
    Pin(usize, Option<usize>),
    /// The bounds of a scaler, by its place in the model: never fewer instances, never more.
    Bounds(usize, u32, u32),
}

/// A setting of a call that may change.
#[derive(Debug, Clone, PartialEq)]
pub enum OfCall {
    /// How long an attempt may take.
    Timeout(Option<Distribution>),
    /// How long the call with its retries may take.
    TotalTimeout(Option<SimDuration>),
    /// Whether the callee stops when the caller gives up.
    Cancel(bool),
    /// When it is tried again.
    Retry(Option<RetrySettings>),
    /// Who answers when it fails.
    Fallback(Option<Fallback>),
    /// Whether its failure does no harm.
    Optional(bool),
    /// Which instances are near, and when all are called.
    Locality(Option<LocalitySettings>),
}

/// A setting of a service, store or queue that may change.
#[derive(Debug, Clone, PartialEq)]
pub enum OfNode {
    /// How many instances it has.
    Instances(u32),
    /// From ordered to running.
    StartUp(Distribution),
    /// How many requests may wait at each instance.
    QueueCapacity(u32),
    /// How long a request waits for a worker.
    MaxWait(Option<Distribution>),
    /// The active health check.
    Health(Option<Health>),
    /// What its door asks, or that of one of its endpoints.
    Admission(Option<EndpointId>, AdmissionSettings),
    /// How many packets wait at the network card of an instance.
    Ring(Count),
    /// How late replicas of a store apply a write.
    Lag(Distribution),
    /// How old what the replicas of a store show is at least.
    ClosedLag(SimDuration),
    /// What a write of a store waits for.
    Commit(Commit),
    /// How the right to sell is split.
    Escrow(Escrow),
    /// How long a value of a cache is good for.
    Ttl(SimDuration),
    /// How many messages fit into a queue.
    Messages(u64),
    /// A consumer of a queue, by its place there.
    Consumer(usize, Consumer),
}

impl Live {
    /// The service whose instances it changes: of a call, the caller. None for users, for the network and for scalers.
    pub(crate) fn acts_at(&self, topology: &Topology) -> Option<ServiceId> {
        match self {
            Self::Call(edge, _) => match topology.edges[edge.index()].caller {
                Caller::Endpoint(endpoint) => Some(topology.endpoints[endpoint.index()].service),
                Caller::Queue(queue) => Some(queue),
                Caller::Load(_) | Caller::Scaler(_) => None,
            },
            Self::Limit(guard, _) | Self::Rate(guard, _) | Self::Breaker(guard, _) => {
                topology.guards[guard.index()].caller
            }
            Self::Node(service, _) => Some(*service),
            Self::Link(..) | Self::Pin(..) | Self::Bounds(..) => None,
        }
    }

    /// Whether two values are of the same thing.
    pub fn is_of_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Call(a, x), Self::Call(b, y)) => a == b && discriminant(x) == discriminant(y),
            (Self::Limit(a, _), Self::Limit(b, _))
            | (Self::Rate(a, _), Self::Rate(b, _))
            | (Self::Breaker(a, _), Self::Breaker(b, _)) => a == b,
            (Self::Node(a, OfNode::Consumer(x, _)), Self::Node(b, OfNode::Consumer(y, _))) => a == b && x == y,
            (Self::Node(a, OfNode::Admission(x, _)), Self::Node(b, OfNode::Admission(y, _))) => a == b && x == y,
            (Self::Node(a, x), Self::Node(b, y)) => a == b && discriminant(x) == discriminant(y),
            (Self::Link(a, _), Self::Link(b, _))
            | (Self::Pin(a, _), Self::Pin(b, _))
            | (Self::Bounds(a, ..), Self::Bounds(b, ..)) => a == b,
            _ => false,
        }
    }
}

/// What a value is in the file, and what it becomes.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// As the file has it.
    pub from: Live,
    /// As it is set.
    pub to: Live,
}

/// What a `set` means.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Meant {
    /// All that becomes another.
    pub changes: Vec<Change>,
    /// In words: `policies.db.timeout set to 300ms`.
    pub says: String,
}

/// What each `set` of a file means, by the path of its deed, as `experiments.kill.actions.0`. The file knows paths and the engine ids, so
/// that who reads the file has to say it.
pub type Sets = BTreeMap<String, Meant>;
