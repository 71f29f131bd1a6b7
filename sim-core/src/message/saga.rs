//! Sagas: work in several steps at several services, each with a compensation that undoes it when a later step fails.
//!
//! A saga that has begun is a message of a queue of its own, whose consumer coordinates it. How far it has come is kept with the message, so that
//! another instance goes on where one has crashed.

use crate::dist::Distribution;
use crate::ids::{EdgeId, EndpointId};
use crate::kind::Kind;
use crate::metrics::{counters, levels};
use crate::problem::Problems;
use crate::units::{Count, SimDuration};
use serde::{Deserialize, Serialize};

counters! {
    Service {
        STARTED = "started", "sagas that have begun";
        COMPLETED = "completed", "sagas of which all steps are done";
        COMPENSATED = "compensated", "sagas that failed at a step and of which all steps before it are undone";
        FAILED = "failed", "sagas that failed at a step and at a compensation, and are left to people";
        REPAIRED = "repaired", "sagas that were left to people and have been put right by them";
        DECISIONS_LOST = "decisions_lost", "decisions of two-phase commits that do not come to a participant, at the service that coordinates; each is sent again";
        HALF_FINISHED = "half_finished_sagas", "sagas that have ended, of which some steps stand and should not, or do not stand and should";
    }
}

levels! {
    Service {
        RUNNING = "running", "sagas that take their steps";
        COMPENSATING = "compensating", "sagas that undo their steps";
        PREPARED = "prepared", "requests that have done their part of a two-phase commit, and wait for the decision";
        IN_REPAIR = "in_repair", "sagas that wait for people, or are being repaired by them";
    }
}

/// The kinds of the family.
pub const ALL: &[Kind] = &[
    Kind { family: "coordination", name: "orchestrated", schema: || schemars::schema_for!(OrchestratedSettings) },
    Kind { family: "coordination", name: "choreographed", schema: || schemars::schema_for!(ChoreographedSettings) },
    Kind { family: "coordination", name: "two_phase_commit", schema: || schemars::schema_for!(TwoPhaseCommitSettings) },
    Kind { family: "compensation_failed", name: "repair", schema: || schemars::schema_for!(RepairSettings) },
];

/// Who sees to it that the steps of a saga are taken or undone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CoordinationSettings {
    /// A service that calls those of the steps.
    Orchestrated(OrchestratedSettings),
    /// Nobody: each participant waits for the events of those before it.
    Choreographed(ChoreographedSettings),
    /// A service that asks all participants to prepare, and then tells them to commit or to abort.
    TwoPhaseCommit(TwoPhaseCommitSettings),
}

/// One service takes the steps of a saga, one after the other, and undoes them when one fails.
///
/// # What it models
/// A step `- saga: order` begins the saga and goes on at once. An instance of the service `by` that has a free worker takes the saga, and calls the
/// `action` of each step with the settings of `each`; its worker is free while it waits. A step that has failed for good makes it call the
/// `compensation` of all steps before it, the last first. A step of which an attempt was never answered may have been done all the same, and is
/// compensated too. A compensation that fails for good ends the saga as failed, and leaves it to people.
///
/// How far a saga has come is kept outside of the instance, and while an instance is at work on it, it says so. When an instance is gone, another
/// goes on at the step that was not finished, after `takes_over`, or at once where the crash is seen. That step may be done twice: its call has the
/// same key, so that an endpoint that is `deduplicated` or `idempotent` does it once. An instance that comes back too late is not heard.
///
/// Whether a saga is half-finished is not its own opinion: what its steps have done, and undone, is kept beside the run. A charge whose answer was
/// late and that comes after its refund leaves a saga half-finished that believes that it is compensated.
///
/// # When to use it
/// Where one team owns the workflow, and its state has to be seen.
///
/// # Knobs
/// - `by`: the service whose instances coordinate, required
/// - `takes_over`: how long nothing is heard of an instance until another takes over, duration, default 30s
///
/// # Example
/// ```yaml
/// sagas:
///   order:
///     coordination: {orchestrated: {by: orders}}
///     steps:
///       - {name: reserve, action: inventory.reserve, compensation: inventory.release}
///       - {name: pay, action: payment.charge, compensation: payment.refund}
/// ```
///
/// # Source
/// H. Garcia-Molina, K. Salem, "Sagas", SIGMOD 1987; C. Richardson, "Microservices Patterns", chapter 4; Temporal and AWS Step Functions, for state
/// that outlives the worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrchestratedSettings {
    /// The service whose instances coordinate.
    pub by: String,
    /// How long nothing is heard of an instance until another takes over; default 30s.
    #[serde(default = "thirty_seconds")]
    pub takes_over: SimDuration,
}

/// The participants of a saga pass it on to each other as events of a topic.
///
/// # What it models
/// Each step, and each compensation, is an event of the topic `over`, and the service that takes it is a consumer group of that topic for it: the
/// event waits in the partition of its key, is handed over as any message of the topic, and the participant that is done with it publishes the next.
/// An attempt is a delivery: `timeout` of `each` is its visibility timeout, and `retry` says how often and after how long it is handed over again,
/// while the events behind it go on. A step that has failed for good publishes the event of the first compensation. Publishing and what is done are
/// one, so that no event is lost between them. No service coordinates, and none knows how far a saga has come: a consumer that crashes holds its
/// sagas up until its group has noticed.
///
/// # When to use it
/// To ask what a chain of events costs and saves against a coordinator.
///
/// # Knobs
/// - `over`: the topic, required
///
/// # Example
/// ```yaml
/// sagas:
///   order:
///     coordination: {choreographed: {over: order-events}}
///     steps:
///       - {name: reserve, action: inventory.reserve, compensation: inventory.release}
///       - {name: pay, action: payment.charge, compensation: payment.refund}
/// ```
///
/// # Source
/// C. Richardson, "Microservices Patterns", chapter 4: choreography-based sagas.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChoreographedSettings {
    /// The topic.
    pub over: String,
}

/// A service asks all participants to prepare, and tells them to commit when all of them have.
///
/// # What it models
/// The actions of all steps are called at the same time, with `prepare_timeout` and without retries. A participant that has done its work votes for
/// the commit by its answer, and keeps its worker (the connection, the locks) until it hears the decision; what it has done counts from then on. One
/// that fails, or does not answer in time, makes all of them abort: nothing has to be compensated. The decision reaches each participant after
/// the time of a message by `network`; it is written down where it was made, and sent again every second while it is lost or that instance is down
/// (`decisions_lost`), so that a participant that is cut off holds what it holds until it hears. One that has crashed meanwhile finds the decision
/// when it is back. An instance of `by` that crashes before the decision leaves its participants in doubt:
/// they hold what they hold until another instance takes over and aborts (presumed abort). Compensations are not used.
///
/// # When to use it
/// To compare with sagas: it is never half-finished, and it blocks.
///
/// # Knobs
/// - `by`: the service whose instances coordinate, required
/// - `prepare_timeout`: how long a participant may take to prepare, duration, default 5s
/// - `takes_over`: how long nothing is heard of an instance until another takes over, duration, default 30s
///
/// # Example
/// ```yaml
/// sagas:
///   order:
///     coordination: {two_phase_commit: {by: orders, prepare_timeout: 5s}}
///     steps: [{name: reserve, action: inventory.reserve}, {name: pay, action: payment.charge}]
/// ```
///
/// # Source
/// J. Gray, "Notes on Data Base Operating Systems", 1978; C. Mohan et al., "Transaction Management in the R* Distributed Database Management System",
/// TODS 1986, for presumed abort.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TwoPhaseCommitSettings {
    /// The service whose instances coordinate.
    pub by: String,
    /// How long a participant may take to prepare; default 5s.
    #[serde(default = "five_seconds")]
    pub prepare_timeout: SimDuration,
    /// How long nothing is heard of an instance until another takes over; default 30s.
    #[serde(default = "thirty_seconds")]
    pub takes_over: SimDuration,
}

fn five_seconds() -> SimDuration {
    SimDuration::from_ns(5_000_000_000)
}

fn thirty_seconds() -> SimDuration {
    SimDuration::from_ns(30_000_000_000)
}

/// What becomes of a saga whose compensation has failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CompensationFailedSettings {
    /// People put it right.
    Repair(RepairSettings),
}

/// People put a saga right whose compensation has failed.
///
/// # What it models
/// So many people work on one saga each, first come, first served; the others wait. `average(order.in_repair)` is the backlog with those that are
/// worked on. A saga in repair is half-finished until it is done.
///
/// # When to use it
/// With every saga whose compensations can fail: without it such sagas stay half-finished to the end of the run.
///
/// # Knobs
/// - `takes`: the time that a person needs for one, duration or distribution, required
/// - `people`: how many work at once, count, default 1
///
/// # Example
/// ```yaml
/// compensation_failed: {repair: {takes: {lognormal: {p50: 4h, p99: 2d}}, people: 2}}
/// ```
///
/// # Source
/// C. Richardson, "Microservices Patterns", chapter 4: compensations must be retried until they succeed, or a person has to step in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RepairSettings {
    /// The time that a person needs for one.
    pub takes: Distribution,
    /// How many work at once; default 1.
    #[serde(default = "one")]
    pub people: Count,
}

fn one() -> Count {
    Count::new(1)
}

impl CoordinationSettings {
    /// The service that coordinates; `None` where nobody does.
    pub fn by(&self) -> Option<&str> {
        match self {
            Self::Orchestrated(settings) => Some(&settings.by),
            Self::Choreographed(_) => None,
            Self::TwoPhaseCommit(settings) => Some(&settings.by),
        }
    }

    /// The name of the kind.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Orchestrated(_) => "orchestrated",
            Self::Choreographed(_) => "choreographed",
            Self::TwoPhaseCommit(_) => "two_phase_commit",
        }
    }

    /// How long nothing is heard of an instance until another takes over; zero where none coordinates.
    pub fn takes_over(&self) -> SimDuration {
        match self {
            Self::Orchestrated(settings) => settings.takes_over,
            Self::Choreographed(_) => SimDuration::ZERO,
            Self::TwoPhaseCommit(settings) => settings.takes_over,
        }
    }

    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        problems.at(self.name(), |p| {
            if self.by().is_some() && self.takes_over().is_zero() {
                p.error("takes_over", "an instance that may be silent for no time is always gone").hint =
                    Some("write 30s".into());
            }
            if let Self::TwoPhaseCommit(settings) = self
                && settings.prepare_timeout.is_zero()
            {
                p.error("prepare_timeout", "nobody can prepare in no time").hint = Some("write 5s".into());
            }
        });
    }
}

impl CompensationFailedSettings {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        let Self::Repair(repair) = self;
        problems.at("repair", |p| {
            p.at("takes", |p| repair.takes.validate(p));
            if repair.people.get() == 0 {
                p.error("people", "nobody repairs nothing").hint = Some("write at least 1".into());
            }
        });
    }
}

/// A saga as meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Saga {
    /// The endpoint of the service that coordinates it; `None` where its steps are events of a topic.
    pub runner: Option<EndpointId>,
    /// Its steps are prepared at the same time, and then all committed or aborted.
    pub is_two_phase: bool,
    /// Its steps, in order.
    pub steps: Vec<SagaStep>,
    /// Who puts it right when a compensation has failed; `None` where nobody does.
    pub repair: Option<RepairSettings>,
}

/// A step of a saga.
#[derive(Debug, Clone, PartialEq)]
pub struct SagaStep {
    /// As the user wrote it.
    pub name: String,
    /// The call that takes it.
    pub action: EdgeId,
    /// The call that undoes it; `None` of a step that needs none.
    pub compensation: Option<EdgeId>,
}
