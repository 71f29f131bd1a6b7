//! Steps: what an endpoint does for a request, in order.

use super::call::CallStep;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sim_core::data::gate::OnConflict;
use sim_core::data::level::Level;
use sim_core::dist::Distribution;
use sim_core::kind::Kind;
use sim_core::outcome::Outcome;
use sim_core::units::{Bytes, Count, Probability};
use std::borrow::Cow;
use std::fmt;

/// One step of an endpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepSettings {
    /// Work of the processor, a duration or a distribution of it.
    Work(Distribution),
    /// Waiting that uses no processor, such as input and output; a duration or a distribution of it.
    Wait(Distribution),
    /// Reads, writes or syncs the disk of the instance.
    Disk(DiskStep),
    /// Asks an endpoint and waits for its reply.
    Call(Box<CallStep>),
    /// Several branches at the same time.
    Parallel(ParallelStep),
    /// One of several branches, by chance; the one without probability gets the rest.
    Choose(Vec<ChoiceSettings>),
    /// Hands the request over to another endpoint and is free.
    Forward(ForwardStep),
    /// Answers now and goes on.
    Reply(ReplyStep),
    /// Ends the request with an outcome, always or by chance.
    Fail(FailStep),
    /// Steps that nobody waits for.
    Background(Vec<StepSettings>),
    /// A group of steps.
    Steps(Vec<StepSettings>),
    /// Begins a saga, by its name, and goes on at once.
    Saga(String),
    /// Takes a value from a cache, and makes it where there is none.
    Lookup(LookupStep),
    /// Lets a value of a cache go.
    Invalidate(Invalidated),
    /// Reads from the authority again, and compares.
    Gate(GateStep),
}

/// The steps that have settings of their own.
pub const ALL: &[Kind] = &[
    Kind { family: "step", name: "disk", schema: || schemars::schema_for!(DiskStep) },
    Kind { family: "step", name: "call", schema: || schemars::schema_for!(CallStep) },
    Kind { family: "step", name: "parallel", schema: || schemars::schema_for!(ParallelStep) },
    Kind { family: "step", name: "choose", schema: || schemars::schema_for!(ChoiceSettings) },
    Kind { family: "step", name: "forward", schema: || schemars::schema_for!(ForwardStep) },
    Kind { family: "step", name: "reply", schema: || schemars::schema_for!(ReplyStep) },
    Kind { family: "step", name: "fail", schema: || schemars::schema_for!(FailStep) },
    Kind { family: "step", name: "lookup", schema: || schemars::schema_for!(LookupStep) },
    Kind { family: "step", name: "invalidate", schema: || schemars::schema_for!(InvalidateStep) },
    Kind { family: "step", name: "gate", schema: || schemars::schema_for!(GateStep) },
];

/// Reads from the authority again, and compares: the request fails, reads again, or goes on with a stronger level.
///
/// # What it models
/// A request that has read at a copy asks the authority before it acts: the primary of the store, a majority of its
/// regions where these agree, or as many copies of a quorum as the store reads.
/// The read is a call like any other, so that it takes time, holds a worker of the store, and may fail.
///
/// When it is answered, the version of the row is compared with the one that the request has read in this store before, or has made of it by a write
/// of its own. Where they agree, or nothing was read before, the request carries `level` from then on; what it has read at other stores stays as
/// weak as it was. Where they differ, that is a conflict: `gate_conflicts` counts it, and `on_conflict` says what follows.
/// - `fail`: the request ends with an error, which its caller may retry
/// - `retry`: the steps from the last read of the store on, in the same list, are done again, at most three times; then the request fails. What
///   they read is at least as new as what the gate has read. Their effects are done again too.
/// - `upgrade`: the request goes on with what the gate has read
///
/// A stale read that a gate finds is not acted upon: it is counted, billed and listed nowhere as wrong, neither where it was read nor in answers that
/// are made of it, and only `gate_conflicts` tells of it. A value from a cache counts so where nothing else was read; stale reads of other
/// stores stand. A level that the copies of the store cannot give, or that it does not provide, is refused when the scenario is read. `goodput` of
/// the calls that brought the stale read is without it all the same, and alerts may have seen it before the gate did.
///
/// Not modelled: a lock. Between the gate and a write that follows, somebody else may write; `access: compare_and_set` finds that.
///
/// # When to use it
/// Where most requests may read a replica, and a few have to be sure.
///
/// # Knobs
/// - `level`: the level that is asked for, required
/// - `to`: what reads the store, an endpoint with `access: read`, required
/// - `on_conflict`: `fail`, `retry` or `upgrade`, default fail
/// - `policy`: the settings of the call, a named policy, default those of all calls
///
/// # Example
/// ```yaml
/// steps:
///   - call: {to: accounts.read}
///   - gate: {level: strict_serializable, to: accounts.read, on_conflict: retry}
///   - call: {to: accounts.write}
/// ```
///
/// # Source
/// Optimistic concurrency control (Kung and Robinson, 1981): validate what was read before writing; levels as in Adya, Liskov and O'Neil,
/// "Generalized Isolation Level Definitions", ICDE 2000.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GateStep {
    /// The level that is asked for.
    pub level: Level,
    /// What reads the store.
    pub to: String,
    /// What follows when what was read is no longer so; default fail.
    #[serde(default)]
    pub on_conflict: OnConflict,
    /// The settings of the call; default those of all calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
}

/// Reads, writes or syncs the disk of the instance (`explain disk`).
///
/// # What it models
/// The request waits in the queue of its instance's disk, and then until the disk has done its work: it reads so much, writes so much, and
/// with `fsync` makes sure that it is kept. A write without `fsync` and without a read is not waited for.
///
/// # When to use it
/// For what a store does before it answers. Where it answers first, and writes later, put the step behind a `reply` or into `background`.
///
/// # Knobs
/// - `fsync`: whether the request waits until what it has written is safe, default false; the machine has to say how long that takes
/// - `write`, `read`: how much, in bytes, default nothing; the machine has to say its throughput
///
/// # Example
/// ```yaml
/// services:
///   ledger:
///     workers: 8
///     machine: {disk: {fsync: 5ms, throughput: 200MB/s}}
///     endpoints: {append: {steps: [{work: 0.5ms}, {disk: {fsync: true, write: 4KiB}}]}}
/// ```
///
/// # Source
/// `fsync` of POSIX.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DiskStep {
    /// Whether the request waits until what it has written is safe.
    pub fsync: bool,
    /// How much it writes.
    pub write: Bytes,
    /// How much it reads.
    pub read: Bytes,
}

/// Several branches at the same time, done when enough of them have succeeded.
///
/// # What it models
/// A fan-out: all branches begin at once. The step is done when `need` of them have succeeded, and fails as soon as so many have
/// failed that it cannot be done any more. A branch whose call is `optional` succeeds even then, with a degraded answer.
///
/// # When to use it
/// For independent calls, quorums, and reads from several shards.
///
/// # Knobs
/// - `branches`: a list of steps, each a branch; several steps in one branch are a group, `steps: [..]`
/// - `repeat`: how often all of them are there, `{count: 100}`, or once for each instance that a service has at the start, `{per_instance: storage}`,
///   which a `balance` like `round_robin` sends to one instance each; default once
/// - `need`: how many must succeed, `{count: 2}` or `{percent: 50%}`, default all
///
/// # Example
/// ```yaml
/// steps:
///   - parallel:
///       branches:
///         - call: {to: cart.get, timeout: 200ms}
///         - call: {to: fraud.score, timeout: 100ms, optional: true}
///   - parallel: {repeat: {count: 100}, need: {count: 99}, branches: [{call: {to: leaf.get}}]}
/// ```
///
/// # Source
/// Fan-out and fork-join of service meshes; quorums as in replicated stores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ParallelStep {
    /// What each branch does.
    pub branches: Vec<StepSettings>,
    /// How often all of them are there; default once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat: Option<Repeat>,
    /// How many must succeed; default all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub need: Option<Need>,
}

/// How often branches are there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Repeat {
    /// So often.
    Count(Count),
    /// Once for each instance that this service, store or cache has at the start.
    PerInstance(String),
}

/// How many branches must succeed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// So many.
    Count(Count),
    /// So large a part of them, rounded up.
    Percent(Probability),
}

/// One of the branches of `choose`, with its chance.
///
/// # What it models
/// Requests that differ: cache hits and misses, routes through a network of stations. Each request takes one branch.
///
/// # When to use it
/// When a share of the requests does something else.
///
/// # Knobs
/// - `probability`: the chance of this branch, a percentage; one branch may leave it out and gets the rest
/// - `steps`: what the branch does
///
/// # Example
/// ```yaml
/// steps:
///   - choose:
///       - {probability: 90%, steps: [{work: 1ms}]}
///       - {steps: [{call: {to: db.read}}]}
/// ```
///
/// # Source
/// Markovian routing of queueing networks (Jackson 1957).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChoiceSettings {
    /// The chance of this branch; the one that leaves it out gets the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<Probability>,
    /// What the branch does.
    pub steps: Vec<StepSettings>,
}

/// Hands the request over to another endpoint, and is free.
///
/// # What it models
/// The worker does not wait: the next station answers the caller that waits for this one. So requests are routed between stations.
///
/// # When to use it
/// For pipelines and for networks of queues.
///
/// # Knobs
/// - `to`: the endpoint, as `service.endpoint`
///
/// # Example
/// ```yaml
/// steps: [{work: 5ms}, {forward: {to: disk.job}}]
/// ```
///
/// # Source
/// Routing in queueing networks (Jackson 1957).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForwardStep {
    /// The endpoint, as `service.endpoint`.
    pub to: String,
}

/// Answers now, and goes on with the steps that follow.
///
/// # What it models
/// An early answer: the caller has its reply, the worker is still busy.
///
/// # When to use it
/// For work after the answer: logging, filling caches, sending mail. An endpoint without it answers after its last step.
///
/// # Knobs
/// - `outcome`: what the caller gets, default ok
///
/// # Example
/// ```yaml
/// steps: [{work: 5ms}, reply, {call: {to: mail.send}}]
/// ```
///
/// # Source
/// Write-behind and fire-and-forget of everyday services.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ReplyStep {
    /// What the caller gets; default ok.
    pub outcome: Outcome,
}

impl Default for ReplyStep {
    fn default() -> Self {
        Self { outcome: Outcome::Ok }
    }
}

/// Ends the request with an outcome, always or by chance.
///
/// # What it models
/// An endpoint that fails of itself, at this step.
///
/// # When to use it
/// For a known share of bad requests. What breaks at a time belongs to `faults`.
///
/// # Knobs
/// - `probability`: chance, a percentage, default 100%
/// - `outcome`: what the caller gets, default error
///
/// # Example
/// ```yaml
/// steps: [{wait: 100ms}, {fail: {probability: 1%}}]
/// ```
///
/// # Source
/// Bernoulli failures, as in fault injection of service meshes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FailStep {
    /// Chance; default 100%.
    pub probability: Probability,
    /// What the caller gets; default error.
    pub outcome: Outcome,
}

impl Default for FailStep {
    fn default() -> Self {
        Self { probability: Probability::ONE, outcome: Outcome::Error }
    }
}

/// Takes a value from a cache, and makes it where there is none.
///
/// # What it models
/// Cache-aside. A hit goes on with the next step. A miss does the steps of `miss`, keeps the value, and goes on; if they fail, the request does.
///
/// A cache without `steps` lies in the memory of each instance that looks something up, and a lookup takes no time. A cache with `steps` is called:
/// the call goes to `NAME.lookup` over the network, by default to the instance to which the key belongs on a ring of hashes. If that call fails after
/// its retries, the lookup is a miss like any other, and what is made then is kept nowhere: so a cache that is away or slow lets all requests through
/// to what is behind it.
///
/// Keeping a value takes no time and no work, and an answer that is degraded is not kept. A `policy` with `fallback` or `optional` is refused: a
/// lookup does not fail.
///
/// # When to use it
/// Wherever somebody asks a cache first.
///
/// # Knobs
/// - `cache`: the cache, name, required
/// - `miss`: what makes the value, a list of steps, required
/// - `policy`: the settings of the call to a cache with instances, name of a policy, default those of `defaults.call`
///
/// # Example
/// ```yaml
/// steps:
///   - work: 1ms
///   - lookup: {cache: products, miss: [{call: {to: catalog.read, timeout: 1s}}]}
/// ```
///
/// # Source
/// The cache-aside pattern, as in Nishtala et al., "Scaling Memcache at Facebook", NSDI 2013.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LookupStep {
    /// The cache.
    pub cache: String,
    /// What makes a value where there is none.
    pub miss: Vec<StepSettings>,
    /// The policy of the call to a cache with instances.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
}

/// Lets the value go that a cache keeps for the key of the request.
///
/// # What it models
/// What a writer does after it has written. A cache in the memory of its callers forgets the value only on the instance that does the step: the
/// others keep theirs until it expires. A cache with `steps` is called, at `NAME.invalidate`; a call that fails does so as any call: without
/// `optional` in its policy the request fails, and the value stays.
///
/// A value that is being made meanwhile may have been read before the write, and is kept after the invalidation: it is stale until it expires.
///
/// # When to use it
/// Behind the call that writes what is cached.
///
/// # Knobs
/// - `cache`: the cache, name, required; alone it may stand as `invalidate: NAME`
/// - `policy`: the settings of the call to a cache with instances, name of a policy, default those of `defaults.call`
///
/// # Example
/// ```yaml
/// steps: [{call: {to: catalog.write, timeout: 1s}}, {invalidate: products}]
/// ```
///
/// # Source
/// The cache-aside pattern, as in Nishtala et al., "Scaling Memcache at Facebook", NSDI 2013.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InvalidateStep {
    /// The cache.
    pub cache: String,
    /// The policy of the call to a cache with instances.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
}

/// The settings of `invalidate`, or the name of the cache alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Invalidated(pub InvalidateStep);

impl Serialize for Invalidated {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Invalidated {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Invalidated;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a cache, or a map with `cache`")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Invalidated, E> {
                Ok(Invalidated(InvalidateStep { cache: name.to_owned(), policy: None }))
            }

            fn visit_u64<E: de::Error>(self, name: u64) -> Result<Invalidated, E> {
                self.visit_str(&name.to_string())
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Invalidated, A::Error> {
                InvalidateStep::deserialize(MapAccessDeserializer::new(map)).map(Invalidated)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for Invalidated {
    fn schema_name() -> Cow<'static, str> {
        "Invalidated".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let name = generator.subschema_for::<String>();
        let settings = generator.subschema_for::<InvalidateStep>();
        schemars::json_schema!({"description": "The name of a cache alone, or with its policy.", "anyOf": [name, settings]})
    }
}
