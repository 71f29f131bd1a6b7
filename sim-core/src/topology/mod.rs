//! The topology: places, services, endpoints and their steps, who calls whom, and who sends load; with ids for names and every default
//! filled in.
//!
//! A topology says what is there before anything happens to it. What strikes, scales, judges and bills it stands in the model, above; so the
//! families that do these things read a topology and never a model, and no import runs in a circle. Settings that hold no names (a retry, a
//! breaker, a distribution) stand here as they were written, and all that refers to something is resolved to ids.

use crate::call::balance::BalanceSettings;
use crate::call::balance::slow_start::SlowStart;
use crate::call::breaker::BreakerSettings;
use crate::call::deadline::DeadlineAs;
use crate::call::ejection::EjectionSettings;
use crate::call::fallback::{Fallback, Source};
use crate::call::hedge::HedgeSettings;
use crate::call::limit::LimitSettings;
use crate::call::locality::LocalitySettings;
use crate::call::pool::PoolSettings;
use crate::call::rate_limit::RateLimitSettings;
use crate::call::retry::{BudgetSettings, RetrySettings};
use crate::call::throttle::ThrottleSettings;
use crate::data::cache::{CoalesceSettings, ContentsSettings, EarlySettings};
use crate::data::gate::Gate;
use crate::data::level::{Level, Routing};
use crate::data::replication::{Commit, FailoverSettings, Quorum, SessionGuarantee};
use crate::data::state::State;
use crate::data::stock::Stock;
use crate::data::{Effect, KeysSettings};
use crate::dist::Distribution;
use crate::ids::{Caller, EdgeId, EndpointId, GuardId, KeySpaceId, RegionId, ServiceId, VersionId, ZoneId};
use crate::message::Queue;
use crate::message::outbox::Outbox;
use crate::message::saga::Saga;
use crate::network::Network;
use crate::outcome::Outcome;
use crate::service::admission::AdmissionSettings;
use crate::service::cpu::CpuLimit;
use crate::service::discipline::Discipline;
use crate::service::disk::{Device, DiskWork};
use crate::service::memory::MemorySettings;
use crate::service::nic::NicSettings;
use crate::service::sizes::Sizes;
use crate::units::{Bytes, Cores, SimDuration};
use std::collections::BTreeMap;

mod load;

pub use load::Load;

/// How long and how much is simulated.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Runs before time 0 and is cut from all results.
    pub warm_up: SimDuration,
    /// What is measured.
    pub duration: SimDuration,
    /// Length of a window of the time series; divides `duration` up to a last, shorter one.
    pub window: SimDuration,
    /// Times at which the run is cut because clauses name them, in order and each once [ns from time 0].
    pub marks: Vec<u64>,
    /// Time of the week at time 0, from Monday 0h.
    pub start: SimDuration,
    /// A run with more requests waiting in all queues than this is stopped, and says so.
    pub max_backlog: u64,
    /// A run with more events than this is stopped, and says so.
    pub max_events: u64,
    /// A run with more attempts in flight than this is stopped, and says so; at most [`MOST_IN_FLIGHT`].
    pub max_in_flight: u64,
    /// One request in so many is simulated, and stands for all of them in the bill; 1 is each of them.
    pub one_of: u64,
}

/// Attempts that can be in flight at once: the engine tells no more apart.
pub const MOST_IN_FLIGHT: u64 = 32_000_000;
/// Instances that a system can have.
pub const MOST_INSTANCES: u64 = 1_000_000;

/// What is there: places, services, calls and load.
#[derive(Debug, Clone, PartialEq)]
pub struct Topology {
    /// How long and how much.
    pub run: Run,
    /// Regions; at least one.
    pub regions: Vec<Region>,
    /// Zones; at least one.
    pub zones: Vec<Zone>,
    /// Services, stores and queues.
    pub services: Vec<Service>,
    /// Their endpoints.
    pub endpoints: Vec<Endpoint>,
    /// All call sites.
    pub edges: Vec<Edge>,
    /// All shared state of calls.
    pub guards: Vec<Guard>,
    /// Load classes.
    pub loads: Vec<Load>,
    /// Key spaces.
    pub keys: Vec<KeySpace>,
    /// The names of versions, of all services.
    pub versions: Vec<String>,
    /// Latency and loss between places.
    pub network: Network,
}

/// A region: zones that are close to each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Region {
    /// As the user wrote it.
    pub name: String,
}

/// A zone: what stands in it can fail together.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone {
    /// As the user wrote it.
    pub name: String,
    /// The region it is in.
    pub region: RegionId,
}

/// What kind of node a service is.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// Runs endpoints.
    Service,
    /// Keeps data.
    Store(Store),
    /// Holds messages until a consumer takes them; its only endpoint is `send`.
    Queue(Queue),
    /// Keeps what others have made; its endpoints are `lookup` and `invalidate`, and it has none where it lies in the memory of its callers.
    Cache(Cache),
}

impl Node {
    /// The section of a file in which it stands.
    pub fn section(&self) -> &'static str {
        match self {
            Self::Service => "services",
            Self::Store(_) => "stores",
            Self::Queue(queue) => queue.section(),
            Self::Cache(_) => "caches",
        }
    }

    /// Whether it is a thing of its own that can be asked and paid for, and does not lie in the memory of others.
    pub fn stands_alone(&self) -> bool {
        !matches!(self, Self::Cache(Cache { is_local: true, .. }))
    }
}

/// A service, store or queue.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    /// As the user wrote it.
    pub name: String,
    /// Service, store, queue or cache.
    pub node: Node,
    /// Instances at the start.
    pub instances: u32,
    /// The most instances that a scaler may make of it; at least `instances`.
    pub max_instances: u32,
    /// How many running instances it takes to be up; at least 1.
    pub need: u32,
    /// The zones over which instances are spread in turn; at least one.
    pub zones: Vec<ZoneId>,
    /// Places per instance; `None` is unlimited.
    pub workers: Option<u32>,
    /// Cores that the work of an instance shares; `None` is one core a worker, so that nothing is shared.
    pub cores: Option<Cores>,
    /// How much of the processor an instance may use in each period.
    pub cpu_limit: Option<CpuLimit>,
    /// What the disk of an instance takes time for; `None` where it takes none.
    pub device: Option<Device>,
    /// The network card of an instance; `None` is one that holds nothing up.
    pub nic: Option<NicSettings>,
    /// The memory of an instance, and what takes it; `None` is as much as it takes.
    pub memory: Option<MemorySettings>,
    /// Requests that may wait per instance.
    pub queue_capacity: u32,
    /// How long a request waits for a worker before it gives up (`queue.max_wait`).
    pub max_wait: Option<Distribution>,
    /// In which order those that wait are served.
    pub discipline: Discipline,
    /// What has a turn of its own, where the discipline is fair.
    pub fair_per: Option<Subject>,
    /// What an instance asks of requests before it lets them in.
    pub admission: Option<Admission>,
    /// From ordered to running.
    pub start_up: Distribution,
    /// How long a new instance is slower, and by what factor.
    pub warm_up: Option<(SimDuration, f64)>,
    /// How the calls to a new instance grow.
    pub slow_start: Option<SlowStart>,
    /// Active health check.
    pub health: Option<Health>,
    /// Labels for targets.
    pub labels: BTreeMap<String, String>,
    /// The version that its instances run at the start.
    pub version: Option<VersionId>,
    /// Whether some fault deploys another version of it, or it has a version by name: what its callers see is then counted by version too.
    pub has_versions: bool,
    /// Type of machine, for the bill.
    pub machine_type: Option<String>,
    /// The sizes between which a vertical scaler changes its machines, from the smallest to the largest; none where none does.
    pub sizes: Sizes,
    /// Size of an instance's disk, for the bill.
    pub disk: Bytes,
    /// The strongest level that its answers have; `None` where nothing is said.
    pub provides: Option<Level>,
    /// Instances that the bill pays for whether they run or not: those above them are on demand.
    pub reserved: u32,
}

impl Service {
    /// The cores that an instance can use on average: those of its machine, or less where it has a limit. `None` is one a worker.
    pub fn usable_cores(&self) -> Option<Cores> {
        let limit = self.cpu_limit.map(|limit| limit.cores);
        self.cores.map_or(limit, |cores| Some(limit.map_or(cores, |limit| limit.min(cores))))
    }

    /// In how many zones its instances stand at the start.
    pub fn zones_at_start(&self) -> usize {
        let zones: std::collections::BTreeSet<ZoneId> =
            self.zones.iter().take(self.instances as usize).copied().collect();
        zones.len()
    }
}

/// Active health check: an instance that does not answer in time is taken out of the balancer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Health {
    /// Between two checks.
    pub every: SimDuration,
    /// How long an answer may take.
    pub timeout: SimDuration,
    /// Bad answers in a row that take it out.
    pub unhealthy_after: u32,
    /// Good answers in a row that bring it back.
    pub healthy_after: u32,
    /// How long an instance at full speed takes to answer.
    pub takes: SimDuration,
    /// Whether what is taken out is restarted too.
    pub restart: bool,
}

/// What is particular to a store.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Store {
    /// Primary and replicas, or several regions that agree; none is one plain copy.
    pub replication: Replication,
    /// Key space of its rows; without one, all requests touch a single row.
    pub keys: Option<KeySpaceId>,
    /// What a request can rely on, whatever copy it reads.
    pub session: Vec<SessionGuarantee>,
    /// Where reads go that a level is asked for.
    pub routing: Routing,
    /// Messages that are written together with its rows.
    pub outboxes: Vec<Outbox>,
    /// What an instance has to have before it serves; `None` where nothing is said of it.
    pub state: Option<State>,
    /// How many things of each row there are to sell; `None` where rows are not counted.
    pub stock: Option<Stock>,
}

/// How a store is copied.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Replication {
    /// One copy, or copies that the scenario says nothing about.
    #[default]
    None,
    /// Writes go to the primary, at first instance 0, reads to any of the others, which lag behind.
    Primary {
        /// How late a replica applies a write, drawn for each write and replica.
        lag: Distribution,
        /// Whether reads go to the primary too: `any` of the instances, or only replicas.
        reads: ReadFrom,
        /// What a write waits for.
        commit: Commit,
        /// How another becomes the primary; `None` where none ever does.
        failover: Option<FailoverSettings>,
        /// How old what replicas show is at least; `None` where they show all that they have.
        closed_lag: Option<SimDuration>,
    },
    /// Every instance takes reads and writes, and asks the copies of the row.
    Quorum(Quorum),
    /// Every instance takes reads and writes, and tells the others now and then.
    Merge {
        /// How often.
        every: SimDuration,
        /// Of writes at one time only the last one stands.
        last_wins: bool,
    },
    /// Every write is agreed between regions.
    Consensus {
        /// Regions that agree.
        regions: u32,
        /// Messages there and back for each write and region.
        round_trips: u32,
        /// Bytes of a message.
        message: Bytes,
    },
}

/// Where reads of a primary-replica store go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReadFrom {
    /// To the primary.
    Primary,
    /// To a replica.
    #[default]
    Replica,
    /// To any instance.
    Nearest,
}

/// What is particular to a cache.
#[derive(Debug, Clone, PartialEq)]
pub struct Cache {
    /// What it holds.
    pub contents: ContentsSettings,
    /// The key space by whose keys values are told apart; `None` where the contents have no keys.
    pub key: Option<KeySpaceId>,
    /// It lies in the memory of each instance that looks something up, and has no instances of its own.
    pub is_local: bool,
    /// How far those who miss the same key wait for one of them.
    pub coalesce: Option<CoalesceSettings>,
    /// When a value is made anew before it expires.
    pub early: Option<EarlySettings>,
    /// For how long an expired value is still given, while it is made anew.
    pub stale_while_revalidate: Option<SimDuration>,
}

/// What a store's endpoint does with its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Reads.
    Read,
    /// Writes.
    Write,
    /// Reads and writes.
    Update,
    /// Writes if this request has read the row and nobody else has written it since; else the outcome is an error.
    CompareAndSet,
}

/// An endpoint: what a service does when it is asked for this.
#[derive(Debug, Clone, PartialEq)]
pub struct Endpoint {
    /// `service.endpoint`.
    pub name: String,
    /// The service it belongs to.
    pub service: ServiceId,
    /// What it does, in order; ends with a reply even if none is written.
    pub steps: Vec<Step>,
    /// What happens when it runs twice for one request.
    pub effect: Effect,
    /// The worker is free while a callee is awaited.
    pub is_async: bool,
    /// In stores: what it does with its row.
    pub access: Option<Access>,
    /// The level that a request has to carry; a weaker one is refused.
    pub requires: Option<Level>,
    /// What an instance asks of requests to it before it lets them in.
    pub admission: Option<Admission>,
}

/// What is asked at a door.
#[derive(Debug, Clone, PartialEq)]
pub struct Admission {
    /// As written.
    pub settings: AdmissionSettings,
    /// What has a limit of rate of its own.
    pub per: Option<Subject>,
}

/// One step of an endpoint.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// CPU work.
    Work(Distribution),
    /// Waiting that uses no CPU.
    Wait(Distribution),
    /// Ask the disk of the instance.
    Disk(DiskWork),
    /// Ask and wait for the reply.
    Call(EdgeId),
    /// Ask and wait for the reply; if that fails for good, another call.
    Fallback {
        /// The call that is made first.
        call: EdgeId,
        /// The other call.
        otherwise: Vec<Step>,
    },
    /// Branches at the same time; done when `need` have succeeded.
    Parallel {
        /// What each branch does.
        branches: Vec<Vec<Step>>,
        /// How often all of them are there.
        repeat: u32,
        /// How many must succeed.
        need: u32,
    },
    /// One of several, by chance; the probabilities add up to 1.
    Choose(Vec<(f64, Vec<Step>)>),
    /// Hand the request over and be free.
    Forward(EdgeId),
    /// Answer now and go on.
    Reply(Outcome),
    /// With this probability end with this outcome.
    Fail(f64, Outcome),
    /// Not waited for.
    Background(Vec<Step>),
    /// A group.
    Steps(Vec<Step>),
    /// Take a value from a cache, and make it where there is none.
    Lookup {
        /// The cache.
        cache: ServiceId,
        /// The call to it; `None` where it lies in the memory of the caller.
        call: Option<EdgeId>,
        /// The share of lookups that are hits, where the file says it.
        hit_ratio: Option<f64>,
        /// What makes a value.
        miss: Vec<Step>,
    },
    /// Let a value of a cache go.
    Invalidate {
        /// The cache.
        cache: ServiceId,
        /// The call to it; `None` where it lies in the memory of the caller.
        call: Option<EdgeId>,
    },
}

impl Step {
    /// The lists of steps that stand in it.
    pub fn inner(&self) -> impl Iterator<Item = &[Self]> {
        let (branches, arms, own): (&[Vec<Self>], &[(f64, Vec<Self>)], Option<&[Self]>) = match self {
            Self::Parallel { branches, .. } => (branches, &[], None),
            Self::Choose(arms) => (&[], arms, None),
            Self::Background(steps)
            | Self::Steps(steps)
            | Self::Lookup { miss: steps, .. }
            | Self::Fallback { otherwise: steps, .. } => (&[], &[], Some(steps)),
            _ => (&[], &[], None),
        };
        branches.iter().map(Vec::as_slice).chain(arms.iter().map(|(_, arm)| arm.as_slice())).chain(own)
    }
}

/// One call in one place.
#[derive(Debug, Clone, PartialEq)]
pub struct Edge {
    /// `caller->service.endpoint`, the caller being a service, a load class or a queue. Call sites with the same name are added up in results.
    pub name: String,
    /// Who calls.
    pub caller: Caller,
    /// What is called.
    pub callee: EndpointId,
    /// One attempt may take this long (constant, or drawn for each attempt).
    pub timeout: Option<Distribution>,
    /// The call with all its retries may take this long.
    pub total_timeout: Option<SimDuration>,
    /// All that the call causes has to be done so long after its begin.
    pub deadline: Option<SimDuration>,
    /// How its callee is told by when all has to be done.
    pub deadline_as: DeadlineAs,
    /// Whether the callee stops when the caller has given up.
    pub cancel: bool,
    /// When and how often to try again.
    pub retry: Option<RetrySettings>,
    /// Who answers when the call fails.
    pub fallback: Option<Fallback>,
    /// How it is sent more than once.
    pub hedge: Option<HedgeSettings>,
    /// Which instances are near, and when all are called.
    pub locality: Option<LocalitySettings>,
    /// Failure does no harm: the caller goes on, with a degraded answer.
    pub optional: bool,
    /// Bytes of the request and the response.
    pub size: (Bytes, Bytes),
    /// The state that this call shares.
    pub guard: GuardId,
    /// The level that is asked for; `None` is that of the request.
    pub level: Option<Level>,
    /// What is compared and decided when the call is answered, where it is that of a gate.
    pub gate: Option<Gate>,
}

/// The state that calls share, one for each caller instance: balancer, breaker, throttle, limits, pool and retry budget.
#[derive(Debug, Clone, PartialEq)]
pub struct Guard {
    /// The policy's name, or the call's.
    pub name: String,
    /// The service that is called.
    pub callee: ServiceId,
    /// The service that calls (`None` for a load).
    pub caller: Option<ServiceId>,
    /// Which instance gets the call.
    pub balance: BalanceSettings,
    /// The key space by whose keys an instance is picked, where its balancer hashes keys.
    pub balance_key: Option<KeySpaceId>,
    /// When to stop calling.
    pub breaker: Option<BreakerSettings>,
    /// When to turn calls away by chance.
    pub throttle: Option<ThrottleSettings>,
    /// How many attempts may be under way at once.
    pub limit: Option<LimitSettings>,
    /// The connections that attempts need.
    pub pool: Option<PoolSettings>,
    /// How many attempts may be sent in a stretch of time.
    pub rate_limit: Option<RateLimitSettings>,
    /// How long attempts wait for the first instance of a callee that may be scaled to none.
    pub activator: Option<SimDuration>,
    /// What has such a limit of its own.
    pub per: Option<Subject>,
    /// How many retries there may be (the settings stand in `Edge::retry`; this says that the state is shared here).
    pub budget: Option<BudgetSettings>,
    /// Which instances are not called for a while.
    pub ejection: Option<EjectionSettings>,
    /// When calls are sent more than once, and how often (what was seen and spent is shared here).
    pub hedge: Option<HedgeSettings>,
}

impl Topology {
    /// All sagas, each with the service that stands for it.
    pub fn sagas(&self) -> impl Iterator<Item = (ServiceId, &Saga)> {
        self.services.iter().enumerate().filter_map(|(index, service)| match &service.node {
            Node::Queue(queue) => Some((ServiceId::from(index), queue.saga.as_ref()?)),
            _ => None,
        })
    }
}

impl Edge {
    /// The other call that is made when this one has failed.
    pub fn other_call(&self) -> Option<EdgeId> {
        match self.fallback.as_ref()?.source {
            Source::Call(other) => Some(other),
            Source::Itself | Source::Kept { .. } => None,
        }
    }

    /// Whether the caller keeps answers of this call to give them again.
    pub fn keeps_answers(&self) -> bool {
        self.fallback.as_ref().is_some_and(|fallback| matches!(fallback.source, Source::Kept { .. }))
    }

    /// The key space that tells such answers apart.
    pub fn kept_by(&self) -> Option<KeySpaceId> {
        match self.fallback.as_ref()?.source {
            Source::Kept { key, .. } => key,
            Source::Itself | Source::Call(_) => None,
        }
    }
}

impl Guard {
    /// Whether an attempt may have to wait before it is sent.
    pub fn has_gates(&self) -> bool {
        self.limit.is_some() || self.pool.is_some() || self.rate_limit.is_some() || self.activator.is_some()
    }
}

/// What tells requests apart: each has a limit, or a turn in a queue, of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The key that a request draws in a key space.
    Key(KeySpaceId),
    /// The tenant of the load class from which it comes.
    Tenant,
}

/// A space of keys from which each request draws its own.
#[derive(Debug, Clone, PartialEq)]
pub struct KeySpace {
    /// As the user wrote it.
    pub name: String,
    /// Which keys are asked for how often.
    pub popularity: KeysSettings,
}
