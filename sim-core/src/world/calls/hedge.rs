//! Hedged calls: copies of a call race, and the first answer ends it.
//!
//! The caller's frame waits in `Phase::Hedging`; each copy is a frame beside it that goes through the stations of any call (`call.rs`) with
//! attempts, timeouts and retries of its own. Copies have the key of the call and attempts counted on from copy to copy, so that the first
//! copy draws what the call would draw without a hedge, and an effect of two copies is known to be one call's. A call site without a hedge
//! never comes here.

use crate::call::hedge::{self, HedgeSettings};
use crate::call::retry::{self, RetrySettings};
use crate::counters::count;
use crate::engine::table::Id;
use crate::ids::{EdgeId, InstanceId};
use crate::outcome::Outcome;
use crate::results::TraceStepKind;
use crate::world::World;
use crate::world::frame::{
    AGAIN, BRANCH, CLIENT, COPY, FrameId, HANDED_ON, Link, NOT_SENT, Phase, WEAKER, WRONG, Waiter,
};
use crate::world::probe::Stage;

/// All races under way.
#[derive(Debug, Default)]
pub(super) struct Races {
    races: Vec<Race>,
    free: Vec<u32>,
}

/// The copies of one call.
#[derive(Debug, Default)]
struct Race {
    /// Frames of copies that have not ended.
    copies: Vec<FrameId>,
    /// A worker has begun one of tied copies.
    begun: bool,
}

impl Races {
    fn take(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.races.push(Race::default());
            self.races.len() as u32 - 1
        })
    }

    fn release(&mut self, race: usize) {
        let at = &mut self.races[race];
        at.copies.clear();
        at.begun = false;
        self.free.push(race as u32);
    }

    /// The copies of a race that have not ended.
    pub(super) fn copies(&self, race: usize) -> impl Iterator<Item = FrameId> {
        self.races[race].copies.iter().copied()
    }

    /// Races under way.
    #[cfg(test)]
    pub(in crate::world) fn len(&self) -> usize {
        self.races.len() - self.free.len()
    }
}

impl World<'_> {
    /// Begins the hedged call at which a frame stands.
    pub(in crate::world) fn hedged_call(&mut self, frame: FrameId, site: EdgeId) {
        let now = self.now;
        self.calls.sites[site].counts.calls += 1;
        let shared = self.shared_of(frame, site);
        let state = &mut self.calls.shared[shared];
        if let Some(budget) = &mut state.budget {
            budget.on_call(now);
        }
        let at_once = state.hedge.as_mut().map_or(1, |hedge| hedge.on_call(now));
        self.stage(frame, Stage::Step(TraceStepKind::Call(site)));
        let seq = self.calendar.next_sequence();
        let at = &mut self.frames[frame];
        at.seq = seq;
        at.start = now;
        at.tries = 0;
        at.phase = Phase::Hedging;
        at.next = Link::race(self.calls.races.take());
        let copies: Vec<FrameId> = (0..at_once).map(|number| self.copy(frame, site, number)).collect();
        self.ready.extend(copies.iter().rev());
        self.prepare(frame, site, at_once);
    }

    /// A frame for one more copy.
    fn copy(&mut self, frame: FrameId, site: EdgeId, number: u32) -> FrameId {
        let copy = self.frames.take();
        let caller = self.frames[frame];
        let new = &mut self.frames[copy];
        *new = caller;
        new.seq = 0;
        new.waiter = Waiter::new(frame, caller.seq);
        new.pc = self.program.copies[site];
        new.next = Link::NONE;
        new.outcome = 0;
        new.flags = BRANCH | COPY | caller.flags & HANDED_ON;
        new.phase = Phase::Running;
        new.rank = caller.rank.as_copy(number);
        self.works_for(copy, frame);
        self.hands_on_deadline(copy, frame, site);
        self.set_tries(copy, self.tries_before(copy, site));
        self.calls.races.races[caller.next.of_race()].copies.push(copy);
        copy
    }

    /// Lets the next copy wait for its time, if there is to be one.
    fn prepare(&mut self, frame: FrameId, site: EdgeId, sent: u32) {
        let shared = self.shared_of(frame, site);
        let Some(delay) = self.calls.shared[shared].hedge.as_ref().and_then(|hedge| hedge.delay_ns(sent)) else {
            return;
        };
        let copy = self.copy(frame, site, sent);
        let seq = self.calendar.push(self.now.saturating_add(delay), crate::world::TIMER, copy.place());
        let at = &mut self.frames[copy];
        at.seq = seq;
        at.phase = Phase::Delayed;
    }

    /// The answer is late: the next copy is sent, if there may be one more.
    pub(super) fn copy_is_due(&mut self, copy: FrameId) -> Option<FrameId> {
        let site = self.site_of(copy);
        let number = u32::from(self.frames[copy].rank.copy());
        let Some(caller) = self.frames[copy].waiter.frame() else { unreachable!("a copy has a caller") };
        let (now, shared) = (self.now, self.shared_of(caller, site));
        if self.calls.shared[shared].hedge.as_mut().is_some_and(|hedge| !hedge.may_send(now)) {
            self.drop_copy(copy);
            return None;
        }
        let at = &mut self.frames[copy];
        at.seq = 0;
        at.phase = Phase::Running;
        self.prepare(caller, site, number + 1);
        self.copy_starts(copy, site)
    }

    /// A copy makes its first attempt, unless the call has been answered, or its twin has been begun.
    pub(in crate::world) fn copy_starts(&mut self, copy: FrameId, site: EdgeId) -> Option<FrameId> {
        let Some(race) = self.race_of(copy) else {
            self.frames.release(copy);
            return None;
        };
        if self.calls.races.races[race].begun {
            let counts = &mut self.calls.sites[site].counts;
            counts.attempts += 1;
            count!(counts, hedge::HEDGES);
            counts.withdrawn += 1;
            self.drop_copy(copy);
            return None;
        }
        self.resend(copy, site)
    }

    /// The race of a copy whose call has not ended.
    fn race_of(&self, copy: FrameId) -> Option<usize> {
        let caller = self.frames.waiting(self.frames[copy].waiter)?;
        Some(self.frames[caller].next.of_race())
    }

    /// A copy leaves its race, and is no more.
    fn drop_copy(&mut self, copy: FrameId) {
        if let Some(race) = self.race_of(copy) {
            self.calls.races.races[race].copies.retain(|&other| other != copy);
        }
        self.frames.release(copy);
    }

    /// Counts an attempt that is not a call's first, or that a caller sends which hands something on to it; tells what is handed on.
    #[cold]
    pub(super) fn sent_again(&mut self, frame: FrameId, site: EdgeId, tries: u32) -> u16 {
        let mut handed_on = self.frames[frame].flags & HANDED_ON;
        if tries > 1 && self.counts_again(frame, site, tries) {
            handed_on |= AGAIN;
        }
        if handed_on & AGAIN != 0 {
            count!(self.calls.sites[site].counts, retry::BY_RETRIES);
        }
        handed_on
    }

    /// Counts an attempt that is not a call's first as a hedge, if it is a copy's first, else as a retry. Tells whether it is either.
    fn counts_again(&mut self, frame: FrameId, site: EdgeId, tries: u32) -> bool {
        let before = self.tries_before(frame, site);
        let at = &mut self.frames[frame];
        // Of a frame whose first attempts were turned away, this is the first that is sent.
        let is_first = tries == before + 1 || at.flags & NOT_SENT != 0;
        at.flags &= !NOT_SENT;
        let is_hedge = at.flags & COPY != 0 && at.rank.copy() > 0;
        let counts = &mut self.calls.sites[site].counts;
        if !is_first {
            count!(counts, retry::RETRIES);
        } else if is_hedge {
            count!(counts, hedge::HEDGES);
        }
        !is_first || is_hedge
    }

    /// Attempts of a call that are those of copies before this one.
    pub(super) fn tries_before(&self, frame: FrameId, site: EdgeId) -> u32 {
        let at = &self.frames[frame];
        if at.flags & COPY == 0 {
            return 0;
        }
        let attempts = self.model.edges[site.index()].retry.as_ref().map_or(1, RetrySettings::attempts);
        u32::from(at.rank.copy()) * attempts
    }

    /// Whether a copy has lost, so that nobody waits for it.
    pub(super) fn has_lost(&self, frame: FrameId) -> bool {
        self.frames[frame].flags & COPY != 0 && self.race_of(frame).is_none()
    }

    /// A copy has its answer, or has failed for good.
    pub(in crate::world) fn copy_ends(&mut self, copy: FrameId, site: EdgeId, outcome: u8) -> Option<FrameId> {
        let at = self.frames[copy];
        let ok = outcome <= Outcome::Degraded as u8;
        let Some(race) = self.race_of(copy) else {
            if ok {
                // It was counted as the call's answer on its way here, and is not.
                self.calls.sites[site].counts.call_outcomes[outcome as usize] -= 1;
            }
            self.frames.release(copy);
            return None;
        };
        let Some(caller) = at.waiter.frame() else { unreachable!("a copy has a caller") };
        self.drop_copy(copy);
        if ok {
            if at.flags & (WRONG | WEAKER) != 0 {
                self.shares_wrong(caller, copy, at.flags);
            }
            count!(self.calls.sites[site].counts, hedge::WON, u64::from(at.rank.copy() > 0));
            return Some(self.race_is_won(caller, site, outcome));
        }
        let under_way = |&other: &FrameId| self.frames[other].phase != Phase::Delayed;
        if self.calls.races.races[race].copies.iter().any(under_way) {
            return None;
        }
        self.end_race(caller, false);
        self.frames[caller].seq = 0;
        self.without_answer(caller, site, Outcome::ALL[outcome as usize])
    }

    /// The call has an answer, which `goes_on` of the winner has counted: the caller goes on with its next step.
    fn race_is_won(&mut self, caller: FrameId, site: EdgeId, outcome: u8) -> FrameId {
        let took = self.now - self.frames[caller].start;
        let shared = self.shared_of(caller, site);
        if let Some(hedge) = &mut self.calls.shared[shared].hedge {
            hedge.on_answer(took);
        }
        if self.frames[caller].flags & CLIENT == 0 {
            // What its caller saw; a client's is recorded where it ends.
            self.calls.call_latency[site].record(took);
        }
        self.end_race(caller, self.calls.sites[site].cancel);
        let at = &mut self.frames[caller];
        at.seq = 0;
        at.outcome = at.outcome.max(outcome);
        at.phase = Phase::Running;
        at.pc += 1;
        caller
    }

    /// A race is over: copies that are not under way end, those that are end too if `stop`. Nobody waits for the others.
    pub(super) fn end_race(&mut self, caller: FrameId, stop: bool) {
        let race = self.frames[caller].next.of_race();
        let copies = std::mem::take(&mut self.calls.races.races[race].copies);
        for &copy in &copies {
            match self.frames[copy].phase {
                Phase::Delayed => {
                    self.frames.release(copy);
                }
                Phase::Backoff => {
                    self.gives_up_retry(copy);
                    self.frames.release(copy);
                }
                // Its attempt has not been sent, so that nothing is left behind.
                Phase::Waiting | Phase::Admitted => {
                    self.gives_up_place(copy);
                    self.frames.release(copy);
                }
                Phase::Calling if stop => self.withdraw(copy),
                // It finds out when it comes to its end.
                _ => self.is_left(copy),
            }
        }
        self.calls.races.races[race].copies = copies;
        self.calls.races.release(race);
    }

    /// The attempt of a copy is stopped, wherever it is, and the copy ends.
    fn withdraw(&mut self, copy: FrameId) {
        let site = self.site_of(copy);
        let (callee, seq) = (self.frames[copy].next.callee(), self.frames[copy].seq);
        self.ends_without_result(copy, site);
        if self.belongs(callee, copy, seq) {
            self.cancel(callee);
        }
        self.frames.release(copy);
    }

    /// An attempt ends and nobody will know how: it is counted, and a permit of the breaker comes back.
    pub(super) fn ends_without_result(&mut self, frame: FrameId, site: EdgeId) {
        self.stage(frame, Stage::GivesUp(None));
        let at = &mut self.calls.sites[site];
        at.counts.withdrawn += 1;
        let guarded = at.guarded;
        if at.balanced {
            self.attempt_ended(frame, site, false);
        }
        if guarded {
            self.withdrawn_guarded(frame, site);
        }
    }

    /// The caller crashes: its race is no more. Its copies are on the same instance and end as it does.
    pub(in crate::world) fn forget_race(&mut self, caller: FrameId) {
        let race = self.frames[caller].next.of_race();
        self.calls.races.release(race);
    }

    /// A worker begins a request that may be one of two tied ones: the other is withdrawn, if nobody has begun it.
    pub(in crate::world) fn begins_tied(&mut self, callee: FrameId) {
        let at = self.frames[callee];
        let tied = self.model.edges[at.edge.index()].hedge.as_ref().is_some_and(HedgeSettings::is_tied);
        let Some(caller) = self.frames.waiting(at.waiter).filter(|_| tied) else { return };
        let Some(race) = self.race_of(caller) else { return };
        if std::mem::replace(&mut self.calls.races.races[race].begun, true) {
            return;
        }
        let mut copies = std::mem::take(&mut self.calls.races.races[race].copies);
        copies.retain(|&copy| {
            if copy != caller && matches!(self.frames[copy].phase, Phase::Waiting | Phase::Admitted) {
                self.gives_up_place(copy);
                self.frames.release(copy);
                return false;
            }
            let waits = copy != caller && self.waits_at_a_door(copy);
            if waits {
                self.withdraw(copy);
            }
            !waits
        });
        self.calls.races.races[race].copies = copies;
    }

    /// Whether the attempt of a copy is on its way, or waits for a worker.
    fn waits_at_a_door(&self, copy: FrameId) -> bool {
        let at = &self.frames[copy];
        at.phase == Phase::Calling
            && self.belongs(at.next.callee(), copy, at.seq)
            && matches!(self.frames[at.next.callee()].phase, Phase::Unsent | Phase::Arriving | Phase::Queued)
    }

    /// The instances at which other copies of the same call are.
    pub(super) fn instances_of_others(&self, copy: FrameId) -> Vec<InstanceId> {
        let Some(race) = self.race_of(copy) else { return Vec::new() };
        let others = self.calls.races.races[race].copies.iter().filter(|&&other| other != copy);
        let at_work = others.filter_map(|&other| {
            let at = &self.frames[other];
            let belongs = at.phase == Phase::Calling && self.belongs(at.next.callee(), other, at.seq);
            if belongs { self.frames[at.next.callee()].instance.get() } else { None }
        });
        at_work.collect()
    }
}
