//! What became of one request and of all that it caused, stage by stage.

use crate::ids::{EdgeId, EndpointId, ServiceId};
use crate::outcome::Outcome;

/// One request of a load class. Times are from time 0, the end of the warm-up [ns]; what had not happened when the run ended has no time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trace {
    /// When it came.
    pub arrived_ns: i64,
    /// Its attempts and those of all calls that it caused, in the order in which they were sent.
    pub spans: Vec<TraceSpan>,
}

/// One attempt of one call, at the callee and as its caller sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceSpan {
    /// The span by which it was caused, by its place in the list, which is smaller than its own; `None` where the load class has called. A
    /// delivery from a queue is caused by the span that sent the message.
    pub caused_by: Option<usize>,
    /// The call site.
    pub edge: EdgeId,
    /// The service that is called.
    pub service: ServiceId,
    /// The endpoint that is called.
    pub endpoint: EndpointId,
    /// The number of the instance among those of its service; `None` where there was none to pick.
    pub instance: Option<u32>,
    /// Which attempt of its call it is, from 1; copies of a hedged call count on.
    pub attempt: u32,
    /// When the caller sent it.
    pub sent_ns: i64,
    /// Since when it waited for a worker, where it had to.
    pub queued_ns: Option<i64>,
    /// When it got a worker.
    pub started_ns: Option<i64>,
    /// When the callee answered.
    pub replied_ns: Option<i64>,
    /// When its caller had the answer or gave up, or the attempt was stopped.
    pub ended_ns: Option<i64>,
    /// How it ended for its caller; `None` where the caller was never told: it is under way, or was stopped.
    pub outcome: Option<Outcome>,
    /// What it did, in the order in which it began; steps of branches lie between the others.
    pub steps: Vec<TraceStep>,
}

/// A step that takes time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceStep {
    /// What it is.
    pub what: TraceStepKind,
    /// When it began.
    pub from_ns: i64,
    /// When the next stage began of what did it.
    pub to_ns: Option<i64>,
}

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TraceStepKind {
    /// Uses a processor.
    Work,
    /// Lets time pass.
    Wait,
    /// Waits until regions agree.
    Agree,
    /// Calls, with all attempts and what follows when they fail.
    Call(EdgeId),
}
