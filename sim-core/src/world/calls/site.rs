//! A call site while it runs, and the state that calls share.

use super::gate::Gate;
use crate::call::balance::Balancer;
use crate::call::breaker::Breaker;
use crate::call::ejection::Ejector;
use crate::call::hedge::Hedge;
use crate::call::retry::Budget;
use crate::call::throttle::Throttle;
use crate::dist::Sampler;
use crate::engine::calendar::LaneId;
use crate::engine::table::Maybe;
use crate::ids::{EndpointId, GuardId, InstanceId, ServiceId};
use crate::metrics::Histogram;
use crate::results::EdgeCounts;
use crate::world::frame::Rank;
use crate::world::program::{Pc, SamplerId};

/// How a timeout of a call site is kept.
#[derive(Debug, Clone)]
pub enum Timer {
    /// Waits without end.
    None,
    /// Always the same: a lane.
    Lane(LaneId),
    /// Drawn for each attempt, or cut by a total: an event of its own.
    Drawn(Sampler),
}

impl Timer {
    /// The lane of a timeout that is always the same.
    pub(super) fn lane(&self) -> Maybe<LaneId> {
        match self {
            Self::Lane(lane) => (*lane).into(),
            _ => Maybe::NONE,
        }
    }
}

/// A call site while it runs: all that the hot path needs of caller and callee in one record.
///
/// The order is that of use, because a system with many call sites finds few of them in the cache: what an attempt reads is the first line of the
/// cache, what it counts the two that follow. In the order of the compiler an attempt touched six or seven lines.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Site {
    /// Its first operation.
    pub entry: Pc,
    /// Its service.
    pub service: ServiceId,
    /// The endpoint called.
    pub endpoint: EndpointId,
    /// The shared state of its first caller instance.
    pub guard: u32,
    /// First of the caller's instances; none for a load or queue, which has one shared state.
    pub caller_first: Maybe<InstanceId>,
    /// The one instance that may be picked; none if there are several, or there is no instance.
    pub only: Maybe<InstanceId>,
    /// Lane of its timeout, if that is always the same; else none, and `timer` tells.
    pub lane: Maybe<LaneId>,
    /// A breaker, a throttle, a gate, a budget or an ejector has to be asked or told, or a deadline looked at.
    pub guarded: bool,
    /// It has a deadline, or lies below a call that has one.
    pub bounded: bool,
    /// The balancer has to be told where attempts go and how they end.
    pub balanced: bool,
    /// Latency, loss, a fault or a size have to be looked at.
    pub network: bool,
    /// The callee stops when the caller gives up.
    pub cancel: bool,
    /// Results count calls apart from attempts.
    pub counts_calls: bool,
    /// An effect that is applied twice is wrong.
    pub effect_counts: bool,
    /// What becomes of attempts is counted by the version of the instance too.
    pub versioned: bool,
    /// The callee endpoint touches rows, or the place of instances matters for another reason.
    pub role: Role,
    /// How important the requests of a load class are; all others have the importance of the request for which they are made.
    pub rank: Rank,
    /// Hash of its name: part of the keys of its attempts.
    pub salt: u64,
    /// How much slower a fault makes the work of its endpoint.
    pub slow: f64,
    /// How long the call may take [ns]; 0 is without end.
    pub total_ns: u64,
    /// Latency of its answered attempts.
    pub latency: Histogram,
    /// What its attempts and calls came to.
    pub counts: EdgeCounts,
    /// How long an attempt may take.
    pub timer: Timer,
    /// How long the call and all that it causes may take [ns]; 0 is without end.
    pub deadline_ns: u64,
    /// It tells its callee the deadline as a time of day.
    pub tells_time: bool,
    /// Its caller keeps answers, to give them again when the callee fails.
    pub keeps: bool,
    /// It takes the place of a call that has failed, and has that one's deadline too.
    pub follows: bool,
    /// The work of a request, where its station is simulated by itself.
    pub plain: Option<(SamplerId, u32)>,
}

const _: () = {
    use std::mem::offset_of;
    assert!(offset_of!(Site, total_ns) + size_of::<u64>() <= 64 && offset_of!(Site, latency) == 64);
    let first_call_outcome = offset_of!(Site, counts) + offset_of!(EdgeCounts, call_outcomes);
    assert!(first_call_outcome + size_of::<u64>() <= 3 * 64, "what an attempt counts is in two lines of the cache");
};

/// Which instances of a callee may be picked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Any instance.
    Any,
    /// Any of those that the caller's own checker has found well: checkers know different things now. Without that it is `Any`.
    Known,
    /// The first that lives: the primary.
    Primary,
    /// Any but the first.
    Replica,
    /// That depends on the level that is asked for.
    ByLevel,
    /// Any of some: each copy of a hedged call goes to another instance, none to those that are ejected, fewer to those
    /// that start slowly, and locality has a say.
    Others,
}

/// What calls share: one for each guard and caller instance.
///
/// Nearly all have a balancer and nothing else: what else there may be stands elsewhere, so that the first line of the cache is all that they touch.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Shared {
    /// Which instance gets the call.
    pub balancer: Balancer,
    /// Calls in flight, for budgets by concurrency.
    pub in_flight: u32,
    /// When to stop.
    pub breaker: Option<Box<Breaker>>,
    /// Whether the breaker asks how long each attempt took.
    pub timed: bool,
    /// How many retries.
    pub budget: Option<Box<Budget>>,
    /// When to turn calls away by chance.
    pub throttle: Option<Box<Throttle>>,
    /// What may let an attempt wait, in the order in which it is asked.
    pub gates: Box<[Gate]>,
    /// Which instances are not called for a while.
    pub ejector: Option<Box<Ejector>>,
    /// When calls are sent more than once.
    pub hedge: Option<Box<Hedge>>,
    /// Whose state it is, one caller instance's.
    pub guard: GuardId,
    /// Whether the process runs whose state it is.
    pub runs: bool,
}

const _: () = assert!(size_of::<Shared>() <= 128, "what few calls have stands elsewhere");
