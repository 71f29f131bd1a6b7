//! Gates: the doormen that may let an attempt wait, with those that wait at them.

use crate::call::activator::Activator;
use crate::call::doorman::{Doorman, Marks};
use crate::call::limit::Limiter;
use crate::call::pool::Pool;
use crate::call::rate_limit::RateLimiter;
use crate::counters::{self, part};
use crate::metrics::{CounterPlace, LevelId, PartId};
use crate::topology::Guard;
use crate::world::frame::FrameId;
use std::collections::VecDeque;

/// A doorman that may let wait, and the calls that wait for it.
#[derive(Debug)]
pub struct Gate {
    /// Who says whether there is a place.
    pub keeper: Keeper,
    /// What is counted and timed of it.
    pub counted: Counted,
    /// The frames that wait, first come, first served, and the number for which each does: a frame with another number has gone.
    pub waiting: VecDeque<(FrameId, u64)>,
}

/// Who says whether there is a place.
#[derive(Debug)]
pub enum Keeper {
    /// So many attempts in a stretch of time.
    Rate(RateLimiter),
    /// So many attempts at once.
    Limit(Limiter),
    /// So many connections.
    Pool(Pool),
    /// Whether the callee has an instance.
    Activator(Activator),
}

impl std::ops::Deref for Keeper {
    type Target = dyn Doorman;

    fn deref(&self) -> &Self::Target {
        match self {
            Self::Rate(rate) => rate,
            Self::Limit(limiter) => limiter,
            Self::Pool(pool) => pool,
            Self::Activator(activator) => activator,
        }
    }
}

impl std::ops::DerefMut for Keeper {
    fn deref_mut(&mut self) -> &mut Self::Target {
        match self {
            Self::Rate(rate) => rate,
            Self::Limit(limiter) => limiter,
            Self::Pool(pool) => pool,
            Self::Activator(activator) => activator,
        }
    }
}

/// Where each of [`Marks`] is counted and timed.
#[derive(Debug, Clone, Copy)]
pub struct Counted {
    /// Attempts that are refused.
    pub refused: Option<CounterPlace>,
    /// Attempts that wait.
    pub waits: Option<CounterPlace>,
    /// Attempts that go later.
    pub later: Option<CounterPlace>,
    /// What the keeper alone can count.
    pub counted: Option<CounterPlace>,
    /// How long attempts are at the gate.
    pub wait: Option<PartId>,
    /// What goes up and down.
    pub level: Option<LevelId>,
}

impl Counted {
    fn new(marks: &Marks) -> Self {
        let place = |counter: Option<crate::metrics::Counter>| counter.map(|counter| counters::place(&counter));
        Self {
            refused: place(marks.refused),
            waits: place(marks.waits),
            later: place(marks.later),
            counted: place(marks.counted),
            wait: marks.wait.map(|timed| part(&timed)),
            level: marks.level.map(|level| counters::level(&level)),
        }
    }
}

impl Gate {
    fn new(keeper: Keeper) -> Self {
        Self { counted: Counted::new(&keeper.marks()), keeper, waiting: VecDeque::new() }
    }
}

/// The gates of a guard, for one caller instance, in the order in which they are asked. `zero_ns` is time 0 of the run [ns from the start].
pub fn of(guard: &Guard, zero_ns: u64) -> Box<[Gate]> {
    let rate_limit = guard.rate_limit.as_ref().map(|limit| Gate::new(Keeper::Rate(limit.build(zero_ns))));
    let limit = guard.limit.as_ref().map(|limit| Gate::new(Keeper::Limit(limit.build())));
    let pool = guard.pool.as_ref().map(|pool| Gate::new(Keeper::Pool(pool.build())));
    let activator = guard.activator.map(|at_most| Gate::new(Keeper::Activator(Activator::new(at_most.ns()))));
    rate_limit.into_iter().chain(limit).chain(pool).chain(activator).collect()
}
