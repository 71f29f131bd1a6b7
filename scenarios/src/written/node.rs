//! The sections `services` and `stores`, and the keys of all that has instances.
//!
//! Services, stores and caches have the same keys, which may also stand in `defaults.service`; those written at the node win, whole key
//! by whole key.

use super::named::Named;
use super::step::StepSettings;
use super::store::{EscrowSettings, ReplicationSettings, StockSettings};
use super::zones::ZoneSettings;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sim_core::call::balance::slow_start::SlowStart;
use sim_core::data::Effect;
use sim_core::data::level::{Level, Routing};
use sim_core::data::replication::SessionGuarantee;
use sim_core::data::state::StateSettings;
use sim_core::dist::Distribution;
use sim_core::problem::Problems;
use sim_core::service::admission::AdmissionSettings;
use sim_core::service::discipline::Discipline;
use sim_core::service::disk::DiskSettings;
use sim_core::service::memory::MemorySettings;
use sim_core::service::nic::NicSettings;
use sim_core::topology::Access;
use sim_core::units::{Cores, Count, Factor, SimDuration};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Defines settings that hold the keys of a node, beside keys of their own.
macro_rules! with_node_keys {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            /// Machines or pods, each with its own queue, workers and fate; default 1.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub instances: Option<sim_core::units::Count>,
            /// How many running instances it takes to be up; default 1. Fewer instances serve all the same: only `up` and metrics like it read
            /// `need`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub need: Option<sim_core::units::Count>,
            /// Zones over which the instances are spread in turn, `[a, b]`, or in proportion to a share, `{a: 5, b: 3}`; default the first zone. A
            /// scaler keeps to the order too.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub zones: Option<$crate::written::zones::ZoneSettings>,
            /// Places per instance, or `unlimited`; held while a callee is awaited, unless the endpoint is async. Required.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub workers: Option<$crate::written::node::Workers>,
            /// What an instance runs on; default one core a worker.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub machine: Option<$crate::written::node::MachineSettings>,
            /// Where requests wait for a worker; default 1k places, first come, first served.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub queue: Option<$crate::written::node::WaitingSettings>,
            /// What an instance asks of requests before it lets them in; default nothing.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub admission: Option<sim_core::service::admission::AdmissionSettings>,
            /// From ordered to running; default 0s.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub start_up: Option<sim_core::dist::Distribution>,
            /// A new instance is slower for a while.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub warm_up: Option<$crate::written::node::WarmUpSettings>,
            /// How long the balancers of callers send a new instance fewer calls, such as `30s`, or `{for, aggression, min_weight}`; default not at
            /// all. Its weight grows with time from `min_weight` (10%) to the whole: (time / `for`)^(1 / `aggression`), Envoy's slow start. An
            /// instance is new when it has started, and when its health check has found it well again; those that run at the begin of the run are
            /// not. Balancers that weigh do so: `round_robin`, `least_requests`, `weighted`. What an instance takes longer while it is new is
            /// `warm_up`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub slow_start: Option<sim_core::call::balance::slow_start::SlowStart>,
            /// Active check that takes instances which do not answer out of the balancer; default none.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub health: Option<$crate::written::node::HealthSettings>,
            /// Labels for targets of faults.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub labels: Option<std::collections::BTreeMap<String, String>>,
            /// The version that its instances run, a name for targets and for `error_rate(web.get) of v1`; default none.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub version: Option<String>,
            /// Whether a worker is free while a callee is awaited; default false.
            #[serde(rename = "async", skip_serializing_if = "Option::is_none")]
            pub is_async: Option<bool>,
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl $name {
            /// The keys that all nodes have in common.
            pub fn node_keys(&self) -> $crate::written::node::NodeKeys<'_> {
                $crate::written::node::NodeKeys {
                    instances: self.instances,
                    need: self.need,
                    zones: self.zones.as_ref(),
                    workers: self.workers,
                    machine: self.machine.as_ref(),
                    queue: self.queue.as_ref(),
                    admission: self.admission.as_ref(),
                    start_up: self.start_up.as_ref(),
                    warm_up: self.warm_up,
                    slow_start: self.slow_start,
                    health: self.health,
                    labels: self.labels.as_ref(),
                    version: self.version.as_deref(),
                    is_async: self.is_async,
                }
            }
        }
    };
}

pub(crate) use with_node_keys;

with_node_keys! {
    /// A service: instances that run endpoints.
    ServiceSettings {
        /// What can be asked of it.
        endpoints: Named<EndpointSettings>,
        /// The strongest guarantee level that its answers have, whatever they are made of; default that of what they are made of.
        #[serde(skip_serializing_if = "Option::is_none")]
        provides: Option<Level>,
    }
}

with_node_keys! {
    /// A store: instances that keep data.
    StoreSettings {
        /// What can be asked of it.
        endpoints: Named<StoreEndpointSettings>,
        /// How the data is copied; default one copy.
        #[serde(skip_serializing_if = "Option::is_none")]
        replication: Option<ReplicationSettings>,
        /// The key space of its rows; without one, all requests touch a single row.
        #[serde(skip_serializing_if = "Option::is_none")]
        key: Option<String>,
        /// What a request can rely on, whatever copy it comes to, at a store with a primary or one whose copies merge: `read_your_writes`,
        /// `monotonic_reads`, `monotonic_writes` and `writes_follow_reads`; default nothing. A session is a request of a load with all that it
        /// causes. With the first two a read goes only to copies that have what its request has written, or has seen, and to the primary where none
        /// has; `kept_from_copies` counts it. With `monotonic_writes` or `writes_follow_reads` a replica applies a write of a row only after what its
        /// session had written, or read, of that row before: nobody sees an answer without the question. `held_back` counts writes that wait for
        /// that; a `commit` that waits for replicas waits longer. Where copies merge there is no primary and nothing is held back: reads, and with
        /// the last two writes, go to a copy that has what they need, however far away, and fail as unreachable where no such copy is up. A quorum
        /// has none of this: its reads have all writes, or, where read + write <= copies, no copy is known to have them.
        #[serde(skip_serializing_if = "Option::is_none")]
        session_guarantees: Option<Vec<SessionGuarantee>>,
        /// The strongest guarantee level that its answers have: `strict_serializable`, `serializable`, `snapshot_isolation`, `read_committed` or
        /// `eventual`; default what its replication can give. A replica gives snapshot isolation at most.
        #[serde(skip_serializing_if = "Option::is_none")]
        provides: Option<Level>,
        /// Where reads of each guarantee level go: a level is `primary`, `replica`, `nearest` (any instance; of a quorum the copy that answers
        /// first) or `quorum`. A level that is not written goes where the next stronger one does; without one, serializable and stronger reads go to
        /// the primary and weaker ones to a replica. Reads of which nobody says a level go where `replication` says. Where regions agree, nothing is
        /// written here: serializable and stronger reads ask a majority, weaker ones the own region.
        #[serde(skip_serializing_if = "Option::is_none")]
        routing: Option<Routing>,
        /// How many things of each row there are to sell; default rows are not counted.
        #[serde(skip_serializing_if = "Option::is_none")]
        stock: Option<StockSettings>,
        /// How the right to sell is split between zones; default not at all.
        #[serde(skip_serializing_if = "Option::is_none")]
        escrow: Option<EscrowSettings>,
        /// What an instance has to have before it serves; default nothing is said of it, and a new machine serves at once.
        #[serde(skip_serializing_if = "Option::is_none")]
        state: Option<StateSettings>,
    }
}

with_node_keys! {
    /// Settings of all services and stores that do not write their own.
    DefaultNodeSettings {}
}

/// The keys that all nodes have in common, as far as they are written.
#[derive(Debug, Clone, Copy, Default)]
pub struct NodeKeys<'a> {
    /// Machines or pods.
    pub instances: Option<Count>,
    /// How many it takes to be up.
    pub need: Option<Count>,
    /// Zones over which they are spread.
    pub zones: Option<&'a ZoneSettings>,
    /// Places per instance.
    pub workers: Option<Workers>,
    /// What an instance runs on.
    pub machine: Option<&'a MachineSettings>,
    /// Where requests wait.
    pub queue: Option<&'a WaitingSettings>,
    /// What requests are asked.
    pub admission: Option<&'a AdmissionSettings>,
    /// From ordered to running.
    pub start_up: Option<&'a Distribution>,
    /// Slower for a while.
    pub warm_up: Option<WarmUpSettings>,
    /// Fewer calls for a while.
    pub slow_start: Option<SlowStart>,
    /// Active check.
    pub health: Option<HealthSettings>,
    /// For targets.
    pub labels: Option<&'a BTreeMap<String, String>>,
    /// What its instances run.
    pub version: Option<&'a str>,
    /// Whether a worker is free while a callee is awaited.
    pub is_async: Option<bool>,
}

impl<'a> NodeKeys<'a> {
    /// These keys, and those of `below` where these are not written.
    #[must_use]
    pub fn over(self, below: NodeKeys<'a>) -> Self {
        Self {
            instances: self.instances.or(below.instances),
            need: self.need.or(below.need),
            zones: self.zones.or(below.zones),
            workers: self.workers.or(below.workers),
            machine: self.machine.or(below.machine),
            queue: self.queue.or(below.queue),
            admission: self.admission.or(below.admission),
            start_up: self.start_up.or(below.start_up),
            warm_up: self.warm_up.or(below.warm_up),
            slow_start: self.slow_start.or(below.slow_start),
            health: self.health.or(below.health),
            labels: self.labels.or(below.labels),
            version: self.version.or(below.version),
            is_async: self.is_async.or(below.is_async),
        }
    }

    /// Problems of the keys, each at its path below the present one.
    pub fn validate(&self, problems: &mut Problems) {
        if let Some(instances) = self.instances {
            check_instances("instances", instances.get(), problems);
        }
        if self.need.is_some_and(|need| need.get() == 0) {
            problems.error("need", "what needs no instance is never down").hint = Some("write at least 1".into());
        }
        if matches!(self.workers, Some(Workers::Limited(n)) if n.get() == 0) {
            problems.error("workers", "an instance without workers answers nothing").hint =
                Some("write at least 1, or unlimited".into());
        }
        if let Some(zones) = self.zones {
            zones.validate(problems);
        }
        if let Some(machine) = self.machine {
            problems.at("machine", |p| machine.validate(p));
        }
        if let Some(queue) = self.queue {
            problems.at("queue", |p| queue.validate(p));
        }
        if let Some(admission) = self.admission {
            problems.at("admission", |p| admission.validate(p));
        }
        if let Some(start_up) = self.start_up {
            problems.at("start_up", |p| start_up.validate(p));
        }
        if let Some(warm_up) = self.warm_up {
            problems.at("warm_up", |p| warm_up.validate(p));
        }
        if let Some(slow_start) = self.slow_start {
            problems.at("slow_start", |p| slow_start.validate(p));
        }
        if let Some(health) = self.health {
            problems.at("health", |p| health.validate(p));
        }
    }
}

/// A number of instances that a machine can hold in memory.
pub fn check_instances(key: &str, count: u64, problems: &mut Problems) {
    match count {
        0 => {
            problems.error(key, "a service without instances answers nothing").hint = Some("write at least 1".into());
        }
        1..=100_000 => {}
        _ => {
            problems.error(key, "more than 100,000 instances are too many").hint = Some("write at most 100k".into());
        }
    }
}

/// Places per instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Workers {
    /// So many.
    Limited(Count),
    /// As many as requests come.
    Unlimited,
}

impl<'de> Deserialize<'de> for Workers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "unlimited" {
            return Ok(Self::Unlimited);
        }
        Count::parse(&text).map(Self::Limited).map_err(|why| {
            let first = why.lines().next().unwrap_or_default();
            de::Error::custom(format!("{first}\nexpected a count such as 64, or unlimited"))
        })
    }
}

impl Serialize for Workers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Limited(count) => count.serialize(serializer),
            Self::Unlimited => serializer.serialize_str("unlimited"),
        }
    }
}

impl schemars::JsonSchema for Workers {
    fn schema_name() -> Cow<'static, str> {
        "Workers".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"anyOf": [generator.subschema_for::<Count>(), {"const": "unlimited"}]})
    }
}

/// What an instance runs on.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MachineSettings {
    /// Type of machine, for the bill.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Cores that the work of all workers shares, also a part of one, such as `500m`; default one core a worker, so that nothing is shared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cores: Option<Cores>,
    /// How much of the processor an instance may use, as Kubernetes' `limits.cpu` and the kernel's `cpu.max` have it: `500m` is 50 ms of work in
    /// each period of 100 ms. All work of an instance spends the same quota, so that eight workers spend it in 6.25 ms; when it is spent, all work
    /// stands still until the next period begins. What is left of a quota is lost. Default none.
    ///
    /// It differs from the kernel in this: the quota is not handed out to processors in slices of 5 ms, there is no burst, and threads do not
    /// compete with other containers. Periods of instances begin at times of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_limit: Option<Cores>,
    /// The period of `cpu_limit`; default 100ms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_period: Option<SimDuration>,
    /// Its memory: an instance that needs more is killed and starts again; default as much as it needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<MemorySettings>,
    /// Its disk: what steps ask it for takes time, and its size is billed; default one that takes no time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk: Option<DiskSettings>,
    /// Its network card: packets that arrive wait until they are handled, and are dropped where too many wait; default one that drops none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nic: Option<NicSettings>,
}

impl MachineSettings {
    fn validate(&self, problems: &mut Problems) {
        if let Some(memory) = self.memory {
            problems.at("memory", |p| memory.validate(p));
        }
        if let Some(disk) = &self.disk {
            problems.at("disk", |p| disk.validate(p));
        }
        if let Some(nic) = &self.nic {
            problems.at("nic", |p| nic.validate(p));
        }
        let Some(period) = self.cpu_period else { return };
        if !(1_000_000..=1_000_000_000).contains(&period.ns()) {
            problems.error("cpu_period", "the kernel takes a period from 1 ms to 1 s").hint =
                Some("leave it out for 100ms".into());
        }
        if self.cpu_limit.is_none() {
            problems.error("cpu_period", "a period without a limit does nothing").hint =
                Some("write cpu_limit, such as 500m".into());
        }
    }
}

/// Where requests wait for a worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WaitingSettings {
    /// Requests that may wait per instance; more are rejected; default 1k.
    pub capacity: Count,
    /// How long a request waits before it gives up; default forever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_wait: Option<Distribution>,
    /// In which order those that wait are served; default fifo.
    pub discipline: Discipline,
}

impl Default for WaitingSettings {
    fn default() -> Self {
        Self { capacity: Count::new(1_000), max_wait: None, discipline: Discipline::default() }
    }
}

impl WaitingSettings {
    fn validate(&self, problems: &mut Problems) {
        problems.at("discipline", |p| self.discipline.validate(p));
        if let Some(wait) = &self.max_wait {
            problems.at("max_wait", |p| wait.validate(p));
            if wait.mean() <= 0.0 {
                problems.error("max_wait", "nobody waits for no time").hint =
                    Some("write capacity: 0 for a service without a queue".into());
            }
        }
    }
}

/// A new instance is slower for a while.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WarmUpSettings {
    /// For how long after it has started.
    #[serde(rename = "for")]
    pub length: SimDuration,
    /// How many times as long its work takes.
    pub factor: Factor,
}

impl WarmUpSettings {
    fn validate(self, problems: &mut Problems) {
        if self.length.is_zero() {
            problems.error("for", "a warm-up of no time does nothing").hint = Some("remove warm_up".into());
        }
        if self.factor.value() < 1.0 {
            problems.error("factor", "a cold instance is slower, not faster").hint =
                Some("write a factor above 1".into());
        }
    }
}

/// Active check that takes instances which do not answer in time out of the balancer.
///
/// A check and its answer are messages: links and faults delay and lose them like requests. At the instance a check waits for a worker in the queue
/// behind the requests, and takes it for no time. So a busy instance answers late, one whose queue is full refuses, one that is frozen answers when
/// it resumes, one whose `cpu_limit` is spent answers in the next period, one that is silent never answers, and one that fails requests fails checks
/// as often. Limits at the door (`admission`) do not ask it, and it is counted nowhere. It asks for no endpoint: a fault on calls to one (`where:
/// {to: api.get}`) does not act on it, one on all that goes to the service (`where: {to: api}`) does.
///
/// Each zone from which the service is called has a checker, and users without a zone share one. Callers go by the checker of
/// their zone: an instance that cannot be reached from one zone is left out by the callers there, and by nobody else. A caller that a link or
/// a fault names (`where: {from: web}`) has checkers of its own. Without zones, links and such faults there is one for all. Where the checker
/// of a caller finds no instance well, that caller calls all, or what `locality: {panic_below}` says, which counts the instances that the
/// caller's own checker finds well. `slow_start` begins anew for the callers whose checker has found an instance well again. `up` counts what
/// runs, whatever checks say; deploys, scalers and alerts do not ask checkers either. Consumers of a queue are checked from the zone of the
/// queue.
///
/// `restart` is a liveness probe: it is decided by the checker in the instance's own zone, the agent of its machine.
///
/// It differs from Envoy's and from Kubernetes' probes in this: the callers of a zone share one checker, a new instance counts as healthy
/// until a check fails, and all instances are checked at the same times.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HealthSettings {
    /// Between two checks; default 10s.
    pub every: SimDuration,
    /// How long an answer may take, with both ways; default 1s. A checker that still waits for an answer of an instance does not ask it
    /// again.
    pub timeout: SimDuration,
    /// Bad answers in a row that take an instance out; default 3.
    pub unhealthy_after: Count,
    /// Good answers in a row that bring it back; default 2.
    pub healthy_after: Count,
    /// How long an instance at full speed takes to answer; one that is slower takes longer. No worker is held meanwhile. Default no time.
    pub takes: SimDuration,
    /// Whether an instance that is taken out is restarted too, with all that is in it lost; default false. It is not checked while it
    /// starts.
    pub restart: bool,
}

impl Default for HealthSettings {
    fn default() -> Self {
        Self {
            every: SimDuration::from_ns(10_000_000_000),
            timeout: SimDuration::SECOND,
            unhealthy_after: Count::new(3),
            healthy_after: Count::new(2),
            takes: SimDuration::ZERO,
            restart: false,
        }
    }
}

impl HealthSettings {
    fn validate(self, problems: &mut Problems) {
        if self.every.is_zero() {
            problems.error("every", "checks that follow without a pause never end").hint =
                Some("write every: 10s".into());
        }
        if self.timeout.is_zero() {
            problems.error("timeout", "a probe that may take no time always fails").hint =
                Some("write timeout: 1s".into());
        } else if self.takes >= self.timeout {
            problems.error("takes", "an answer that takes as long as the timeout always comes too late").hint =
                Some("write a timeout that is longer than what an answer takes".into());
        }
        for (key, count) in [("unhealthy_after", self.unhealthy_after), ("healthy_after", self.healthy_after)] {
            if count.get() == 0 {
                problems.error(key, "no answer decides nothing").hint = Some("write at least 1".into());
            }
        }
    }
}

/// What can be asked of a service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndpointSettings {
    /// What it does, in order; it answers after the last step, unless a step has answered before.
    pub steps: Vec<StepSettings>,
    /// The feature that it is part of, which a switch may turn off; default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature: Option<String>,
    /// What happens when it runs twice for one request; default none.
    #[serde(default)]
    pub effect: Effect,
    /// Whether its worker is free while a callee is awaited; default as the service says.
    #[serde(rename = "async", default, skip_serializing_if = "Option::is_none")]
    pub is_async: Option<bool>,
    /// What an instance asks of requests to it, after what the service asks of all; default nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admission: Option<AdmissionSettings>,
    /// The guarantee level that a request has to carry; one that carries a weaker level is refused (status 400, the outcome `refused`) before any
    /// step is done. Default none. A value from a cache and a kept answer of a fallback have the level `eventual`, also where no age is known; a gate
    /// makes it strong again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requires: Option<Level>,
}

/// What can be asked of a store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StoreEndpointSettings {
    /// What it does, in order; it answers after the last step, unless a step has answered before.
    pub steps: Vec<StepSettings>,
    /// What it does with its row: `read`, `write`, `update` (both), or `compare_and_set`, which writes if nobody else has written the
    /// row since this request has read it, and ends with an error if somebody has.
    pub access: Access,
    /// What happens when it runs twice for one request; default none.
    #[serde(default)]
    pub effect: Effect,
    /// Whether its worker is free while a callee is awaited; default as the store says.
    #[serde(rename = "async", default, skip_serializing_if = "Option::is_none")]
    pub is_async: Option<bool>,
    /// What an instance asks of requests to it, after what the service asks of all; default nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admission: Option<AdmissionSettings>,
    /// The guarantee level that a request has to carry; one that carries a weaker level is refused (status 400, the outcome `refused`) before any
    /// step is done. Default none. A value from a cache and a kept answer of a fallback have the level `eventual`, also where no age is known; a gate
    /// makes it strong again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requires: Option<Level>,
}
