//! Breakers of callers while they run: which of them there are, in which state, and what is counted of that.
//!
//! A caller instance has what it keeps between its calls for as long as its process runs. One that crashes or is removed loses it, and one that
//! starts has seen nothing: its breaker is closed (unless it is put into another state by hand), its throttle, budget, limits and balancer are those
//! of the first moment. A load class or a queue has one state, which is always there. Left out here: pools, whose connections are closed in `doors`.

use super::gate::Keeper;
use super::{Due, build};
use crate::call::breaker::{self, HandSettings, Standing, State};
use crate::counters::{count, level};
use crate::ids::{EdgeId, GuardId, InstanceId};
use crate::metrics::{LevelAt, LevelId};
use crate::world::World;

/// The levels of breakers, in the order of [`State::ALL`].
const LEVELS: [LevelId; State::ALL.len()] = {
    let mut levels = [level(&breaker::CLOSED); State::ALL.len()];
    let mut at = 0;
    while at < levels.len() {
        levels[at] = level(&State::ALL[at].level());
        at += 1;
    }
    levels
};

/// The level of the breakers of a guard that are in a state.
fn in_state(state: State, guard: GuardId) -> LevelAt {
    LevelAt::calls(LEVELS[state as usize], guard)
}

impl World<'_> {
    /// The breakers of load classes and queues are there from the first moment.
    pub(in crate::world) fn begin_callers(&mut self) {
        for (guard, &first) in self.model.guards.iter().zip(&self.calls.guards) {
            if guard.caller.is_none() {
                let state = &mut self.calls.shared[first as usize];
                state.runs = true;
                if let Some(breaker) = &state.breaker {
                    self.levels.moves(in_state(breaker.stands().state, state.guard), 0, 0, 1);
                }
            }
        }
    }

    /// The process of a caller begins. All that it keeps between its calls is new.
    pub(in crate::world) fn caller_begins(&mut self, instance: InstanceId) {
        let (service, number) = (self.stations.service_of(instance), self.stations.number(instance));
        for place in 0..self.model.guards.len() {
            if self.model.guards[place].caller != Some(service) {
                continue;
            }
            let shared = (self.calls.guards[place] + number) as usize;
            self.begins_anew(shared, place);
            let state = &mut self.calls.shared[shared];
            state.runs = true;
            if let Some(breaker) = &state.breaker {
                self.levels.moves(in_state(breaker.stands().state, state.guard), self.now, 0, 1);
            }
        }
    }

    fn begins_anew(&mut self, shared: usize, guard: usize) {
        self.calls.fallbacks.memory.forget(shared);
        let guard = &self.in_force.guards[guard];
        let state = &mut self.calls.shared[shared];
        state.balancer = build::balancer(self.model, guard);
        state.breaker = guard.breaker.as_ref().map(|breaker| Box::new(breaker.build()));
        state.throttle = guard.throttle.as_ref().map(|throttle| Box::new(throttle.build()));
        state.budget = guard.budget.as_ref().map(|budget| Box::new(budget.build()));
        state.ejector = guard.ejection.as_ref().map(|ejection| Box::new(ejection.build()));
        state.hedge = guard.hedge.as_ref().map(|hedge| Box::new(hedge.build()));
        for gate in &mut state.gates {
            debug_assert_eq!(
                gate.keeper.level(),
                0,
                "the attempts of a process that is gone have given their places back"
            );
            match &mut gate.keeper {
                Keeper::Rate(rate) => {
                    guard.rate_limit.iter().for_each(|settings| *rate = settings.build(self.zero));
                }
                Keeper::Limit(limiter) => guard.limit.iter().for_each(|settings| *limiter = settings.build()),
                Keeper::Pool(_) | Keeper::Activator(_) => {}
            }
        }
    }

    /// The process of a caller is gone, and its breakers with it. Nothing happens where it was gone already.
    pub(super) fn breaker_is_gone(&mut self, shared: usize) {
        let state = &mut self.calls.shared[shared];
        if std::mem::replace(&mut state.runs, false)
            && let Some(breaker) = &state.breaker
        {
            self.levels.moves(in_state(breaker.stands().state, state.guard), self.now, 1, 0);
        }
    }

    /// The breaker of a call was asked or told something, before which it stood so.
    #[inline]
    pub(super) fn breaker_moves(&mut self, site: EdgeId, shared: usize, before: Standing) {
        let after = self.calls.shared[shared].breaker.as_ref().map_or(before, |breaker| breaker.stands());
        if after != before {
            self.breaker_moved(site, shared, before, after);
        }
    }

    #[cold]
    fn breaker_moved(&mut self, site: EdgeId, shared: usize, before: Standing, after: Standing) {
        let state = &self.calls.shared[shared];
        let (guard, gives_up) = (state.guard, state.breaker.as_ref().and_then(|breaker| breaker.gives_up_at()));
        self.levels.moves(in_state(before.state, guard), self.now, 1, 0);
        self.levels.moves(in_state(after.state, guard), self.now, 0, 1);
        let counts = &mut self.calls.sites[site].counts;
        count!(counts, breaker::TRANSITIONS, u64::from(after.transitions - before.transitions));
        count!(counts, breaker::OPENED, u64::from(after.openings - before.openings));
        if after.openings > before.openings {
            self.recorder.opened(site, self.now);
        }
        if let Some(at_ns) = gives_up {
            self.schedule(at_ns, Due::HalfOpenEnds(shared as u32));
        }
    }

    /// A breaker may have been half-open for as long as it may.
    pub(super) fn half_open_ends(&mut self, shared: usize) {
        let state = &mut self.calls.shared[shared];
        let guard = state.guard;
        if let Some(breaker) = state.breaker.as_mut().filter(|_| state.runs) {
            let before = breaker.stands();
            breaker.give_up_waiting(self.now);
            self.breaker_moves(self.first_site(guard), shared, before);
        }
    }

    /// The breakers of all caller instances are put into a state by hand.
    pub(in crate::world) fn breaker_changes(&mut self, id: GuardId, by_hand: HandSettings) {
        let first = self.calls.guards[id.index()] as usize;
        for shared in first..first + build::callers(self.model, &self.model.guards[id.index()]) as usize {
            let state = &mut self.calls.shared[shared];
            if let Some(breaker) = state.breaker.as_mut().filter(|_| state.runs) {
                let before = breaker.stands();
                breaker.becomes(by_hand, self.now);
                self.breaker_moves(self.first_site(id), shared, before);
            }
        }
    }

    /// The first call that shares a state.
    fn first_site(&self, guard: GuardId) -> EdgeId {
        let first = self.model.edges.iter().position(|edge| edge.guard == guard);
        first.map(EdgeId::from).expect("a state is that of some call")
    }
}
