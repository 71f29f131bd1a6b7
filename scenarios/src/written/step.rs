//! Steps: what an endpoint does for a request, in order.

use super::call::CallStep;
use serde::{Deserialize, Serialize};
use sim_core::dist::Distribution;
use sim_core::kind::Kind;
use sim_core::outcome::Outcome;
use sim_core::units::{Count, Probability};

/// One step of an endpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepSettings {
    /// Work of the processor, a duration or a distribution of it.
    Work(Distribution),
    /// Waiting that uses no processor, such as input and output; a duration or a distribution of it.
    Wait(Distribution),
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
}

/// The steps that have settings of their own.
pub const ALL: &[Kind] = &[
    Kind { family: "step", name: "call", schema: || schemars::schema_for!(CallStep) },
    Kind { family: "step", name: "parallel", schema: || schemars::schema_for!(ParallelStep) },
    Kind { family: "step", name: "choose", schema: || schemars::schema_for!(ChoiceSettings) },
    Kind { family: "step", name: "forward", schema: || schemars::schema_for!(ForwardStep) },
    Kind { family: "step", name: "reply", schema: || schemars::schema_for!(ReplyStep) },
    Kind { family: "step", name: "fail", schema: || schemars::schema_for!(FailStep) },
];

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
/// - `repeat`: how often all of them are there, `{count: 100}`, default once
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
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Repeat {
    /// So often.
    Count(Count),
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
