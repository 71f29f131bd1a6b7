//! The doormen of a call: asked before an attempt is sent, told how it ended; and the attempts that wait for one of them.
//!
//! An attempt is asked by breaker and throttle, and then by the gates: limits and pools, which may let it wait. Where one refuses, those before it
//! are told that it comes to nothing, so that the permit of a half-open breaker comes back. A frame that waits at a gate is in [`Phase::Waiting`],
//! with the end of its patience as its timer, and stands in the gate's queue. When an attempt has ended, the first of the queue takes its place and
//! is in [`Phase::Admitted`] until it goes on to the next gate, by an event of the same instant, because the frame that gave the place back is in the
//! middle of a step. An attempt that goes later, as its connection is being opened, is in the same phase until then.
//!
//! What holds between two events: while somebody waits at a gate it has no place that is free; a frame in [`Phase::Waiting`] was let through by all
//! before its gate and has no place there; one in [`Phase::Admitted`] has a place, and counts as in flight. A queue may also hold frames that have
//! ended or gave up: they are told by the number for which they waited, and skipped when they come up.
//!
//! Every way out of these two phases passes one of four functions: [`World::goes_after_wait`], [`World::gives_up_place`], the
//! end of patience, or [`World::next_takes_place`] from the one to the other.

use super::call::Sent;
use super::site::Shared;
use crate::call::doorman::{self, Answer, Doorman, Ended, Knock};
use crate::call::{breaker, ejection};
use crate::counters::count;
use crate::engine::rng::mix;
use crate::engine::table::Id;
use crate::ids::{EdgeId, InstanceId};
use crate::metrics::{LevelAt, PartAt};
use crate::outcome::Outcome;
use crate::world::frame::{FrameId, Link, NOT_SENT, Phase, RETRIES};
use crate::world::{TIMER, World};

const THROTTLE: u64 = 0x36;

impl Shared {
    /// Whether any of them may draw.
    fn draws(&self) -> bool {
        self.throttle.is_some() || !self.gates.is_empty()
    }
}

impl World<'_> {
    /// Asks the doormen of a call whether an attempt may be sent, and does what they say: none where it goes.
    pub(super) fn stopped(&mut self, frame: FrameId, site: EdgeId) -> Option<Sent> {
        if self.calls.sites[site].bounded
            && let Some(outcome) = self.is_too_late(frame, site)
        {
            return Some(Sent::Failed(outcome));
        }
        let shared = self.shared_of(frame, site);
        let knock = self.knock(frame, site, shared);
        if let Some(outcome) = self.turned_away(site, shared, knock) {
            return Some(self.held_back(frame, site, outcome));
        }
        if self.calls.shared[shared].timed {
            self.notes_let_go(frame);
        }
        self.passes(frame, site, shared, 0, knock)
    }

    /// A breaker that asks how long attempts take lets one go: slow is what this attempt is, whatever those before it took.
    fn notes_let_go(&mut self, frame: FrameId) {
        if self.calls.let_go.len() <= frame.index() {
            self.calls.let_go.resize(self.frames.len() as usize, 0);
        }
        self.calls.let_go[frame.index()] = self.now;
    }

    fn knock(&self, frame: FrameId, site: EdgeId, shared: usize) -> Knock {
        let draws = self.calls.shared[shared].draws();
        let key = if draws { self.door_key(frame, site) } else { 0 };
        let per = self.model.guards[self.calls.shared[shared].guard.index()].per;
        let subject = per.map(|subject| self.subject_of(frame, subject));
        Knock { now_ns: self.now, key, by: frame.place(), subject }
    }

    #[cold]
    fn door_key(&self, frame: FrameId, site: EdgeId) -> u64 {
        mix(self.call_key(frame, site), THROTTLE ^ u64::from(self.tries(frame)) << 8)
    }

    /// Asks breaker and throttle, which never let wait: the outcome if one refuses.
    fn turned_away(&mut self, site: EdgeId, shared: usize, knock: Knock) -> Option<Outcome> {
        let state = &mut self.calls.shared[shared];
        if let Some(breaker) = &mut state.breaker {
            let before = breaker.stands();
            let answer = breaker.ask(knock);
            self.breaker_moves(site, shared, before);
            if let Answer::Refuse(outcome) = answer {
                count!(self.calls.sites[site].counts, breaker::REJECTED);
                return Some(outcome);
            }
        }
        let state = &mut self.calls.shared[shared];
        let throttle = state.throttle.as_mut()?;
        let Answer::Refuse(outcome) = throttle.ask(knock) else { return None };
        if let Some(breaker) = &mut state.breaker {
            breaker.withdrawn(knock.now_ns, knock.by);
        }
        Some(outcome)
    }

    /// Asks the gates from this one on: none where all let the attempt go.
    fn passes(&mut self, frame: FrameId, site: EdgeId, shared: usize, first: usize, knock: Knock) -> Option<Sent> {
        for gate in first..self.calls.shared[shared].gates.len() {
            match self.asks(site, shared, gate, knock) {
                Answer::Go => self.was_at_gate(site, shared, gate, 0),
                Answer::Refuse(outcome) => {
                    self.is_refused(site, shared, gate);
                    self.withdraw_from(shared, knock.by, gate);
                    self.next_takes_place(shared);
                    return Some(self.held_back(frame, site, outcome));
                }
                Answer::Wait { at_most_ns } => {
                    self.waits(frame, site, shared, gate, at_most_ns);
                    return Some(Sent::Away);
                }
                Answer::Later { after_ns, at_most_ns } => {
                    self.begins_to_wait(frame);
                    if let Some(place) = self.calls.shared[shared].gates[gate].counted.later {
                        self.calls.sites[site].counts[place] += 1;
                    }
                    self.comes_later(frame, site, shared, gate, after_ns, at_most_ns);
                    return Some(Sent::Away);
                }
            }
        }
        self.calls.shared[shared].in_flight += 1;
        None
    }

    /// Asks a gate, and counts what it did.
    fn asks(&mut self, site: EdgeId, shared: usize, gate: usize, knock: Knock) -> Answer {
        let answer = self.tells(shared, gate, |keeper| keeper.ask(knock));
        let at = &mut self.calls.shared[shared].gates[gate];
        if let Some(place) = at.counted.counted {
            self.calls.sites[site].counts[place] += at.keeper.take_counted();
        }
        answer
    }

    /// Tells or asks the keeper of a gate something, which may move its level.
    fn tells<T>(&mut self, shared: usize, gate: usize, what: impl FnOnce(&mut dyn Doorman) -> T) -> T {
        let state = &mut self.calls.shared[shared];
        let at = &mut state.gates[gate];
        let before = at.keeper.level();
        let answer = what(&mut *at.keeper);
        if let Some(level) = at.counted.level {
            self.levels.moves(LevelAt::calls(level, state.guard), self.now, before, at.keeper.level());
        }
        answer
    }

    /// An attempt was at a gate for so long [ns], and goes on, has waited for as long as it may, or is given up.
    fn was_at_gate(&mut self, site: EdgeId, shared: usize, gate: usize, ns: u64) {
        if let Some(part) = self.calls.shared[shared].gates[gate].counted.wait {
            self.times.record(PartAt::call_site(part, site), ns);
        }
    }

    fn is_refused(&mut self, site: EdgeId, shared: usize, gate: usize) {
        if let Some(place) = self.calls.shared[shared].gates[gate].counted.refused {
            self.calls.sites[site].counts[place] += 1;
        }
    }

    /// Tells all before a gate that an attempt which they let go comes to nothing.
    fn withdraw_from(&mut self, shared: usize, by: u32, gate: usize) {
        let now = self.now;
        let state = &mut self.calls.shared[shared];
        if let Some(breaker) = &mut state.breaker {
            breaker.withdrawn(now, by);
        }
        if let Some(throttle) = &mut state.throttle {
            throttle.withdrawn(now, by);
        }
        (0..gate).for_each(|gate| self.tells(shared, gate, |keeper| keeper.withdrawn(now, by)));
    }

    /// An attempt is not sent. It counts as one of those that a retry may make, so that they come to an end: retries stand around the doormen, unless
    /// the retry says that it does not hear them (`turned_away: false`), for which no attempt is left then.
    #[cold]
    fn held_back(&mut self, frame: FrameId, site: EdgeId, outcome: Outcome) -> Sent {
        self.calls.sites[site].counts.rejected += 1;
        self.gives_back_retry(frame, site);
        let (before, tries) = (self.tries_before(frame, site), self.tries(frame));
        let retry = self.in_force.edges[site.index()].retry.as_ref();
        if let Some(retry) = retry.filter(|retry| !retry.turned_away) {
            self.set_tries(frame, before.saturating_add(retry.attempts()));
        } else if tries == before {
            self.frames[frame].flags |= NOT_SENT;
            self.set_tries(frame, before + 1);
        } else {
            self.one_more_try(frame);
        }
        Sent::Failed(outcome)
    }

    /// The retry for which a frame holds a place of the budget has ended, is withdrawn, or is not sent: the place comes back.
    pub(in crate::world) fn gives_back_retry(&mut self, frame: FrameId, site: EdgeId) {
        if self.frames[frame].flags & RETRIES == 0 {
            return;
        }
        self.frames[frame].flags &= !RETRIES;
        let shared = self.shared_of(frame, site);
        if let Some(budget) = &mut self.calls.shared[shared].budget {
            budget.retry_ended();
        }
    }

    /// A frame that waits before it tries again does not: it ends, or another copy of its call has been answered.
    pub(in crate::world) fn gives_up_retry(&mut self, frame: FrameId) {
        self.gives_back_retry(frame, self.site_of(frame));
    }

    /// The caller begins to wait at a gate.
    fn begins_to_wait(&mut self, frame: FrameId) {
        if self.calls.asked.len() <= frame.index() {
            self.calls.asked.resize(self.frames.len() as usize, 0);
        }
        self.calls.asked[frame.index()] = self.now;
    }

    /// The caller waits for a place at a gate.
    fn waits(&mut self, frame: FrameId, site: EdgeId, shared: usize, gate: usize, at_most_ns: u64) {
        self.begins_to_wait(frame);
        let due = self.now.saturating_add(at_most_ns).min(self.end_of_call(frame, site));
        let seq = self.calendar.push(due, TIMER, frame.place());
        let at = &mut self.frames[frame];
        at.seq = seq;
        at.phase = Phase::Waiting;
        at.next = Link::gate(gate);
        let at = &mut self.calls.shared[shared].gates[gate];
        at.waiting.push_back((frame, seq));
        if let Some(place) = at.counted.waits {
            self.calls.sites[site].counts[place] += 1;
        }
        self.waits_at_activator(shared, gate, (0, 1));
    }

    /// The caller has a place at a gate, and goes on after so long: unless its patience, or its call, ends before.
    fn comes_later(
        &mut self,
        frame: FrameId,
        site: EdgeId,
        shared: usize,
        gate: usize,
        after_ns: u64,
        at_most_ns: u64,
    ) {
        self.calls.shared[shared].in_flight += 1;
        self.frames[frame].next = Link::gate(gate);
        let ends = self.calls.asked[frame.index()].saturating_add(at_most_ns).min(self.end_of_call(frame, site));
        if self.now.saturating_add(after_ns) <= ends {
            self.wakes_after(frame, after_ns, Phase::Admitted);
        } else {
            let seq = self.calendar.push(ends, TIMER, frame.place());
            let at = &mut self.frames[frame];
            at.seq = seq;
            at.phase = Phase::Admitted;
        }
    }

    /// When its total timeout or its deadline ends a frame's call [ns]; never where there is none.
    fn end_of_call(&self, frame: FrameId, site: EdgeId) -> u64 {
        let total = match self.calls.sites[site].total_ns {
            0 => u64::MAX,
            total => self.frames[frame].start.saturating_add(total),
        };
        total.min(self.deadline_of_call(frame, site))
    }

    /// A caller has waited at a gate as long as it may, for a place or with one.
    pub(super) fn wait_ends(&mut self, frame: FrameId) -> Option<FrameId> {
        let site = self.site_of(frame);
        let shared = self.shared_of(frame, site);
        let gate = self.leaves_gate(frame, shared);
        // Those that come to the end of their patience are the first, so that the queue does not grow by them.
        self.first_waiting(shared, gate);
        let outcome = if self.now >= self.end_of_call(frame, site) { Outcome::Timeout } else { Outcome::Rejected };
        self.was_at_gate(site, shared, gate, self.now - self.calls.asked[frame.index()]);
        self.is_refused(site, shared, gate);
        self.held_back(frame, site, outcome);
        self.next_takes_place(shared);
        self.failed(frame, site, outcome)
    }

    /// A caller that waits at a gate, or has its place there, goes on no more: all that have let it go are told. Which gate it was.
    fn leaves_gate(&mut self, frame: FrameId, shared: usize) -> usize {
        let at = &mut self.frames[frame];
        at.seq = 0;
        let (gate, has_place) = (at.next.of_gate(), at.phase == Phase::Admitted);
        if has_place {
            let state = &mut self.calls.shared[shared];
            state.in_flight = state.in_flight.saturating_sub(1);
        } else {
            self.waits_at_activator(shared, gate, (1, 0));
        }
        self.withdraw_from(shared, frame.place(), gate + usize::from(has_place));
        gate
    }

    /// A caller that waits, or is about to go, does not: it ends, or somebody else has answered.
    pub(in crate::world) fn gives_up_place(&mut self, frame: FrameId) {
        let site = self.site_of(frame);
        let shared = self.shared_of(frame, site);
        let gate = self.leaves_gate(frame, shared);
        self.gives_back_retry(frame, site);
        count!(self.calls.sites[site].counts, doorman::GIVEN_UP);
        self.was_at_gate(site, shared, gate, self.now - self.calls.asked[frame.index()]);
        self.next_takes_place(shared);
    }

    /// The first that waits at a gate, and the number for which; those before it that have gone are forgotten.
    fn first_waiting(&mut self, shared: usize, gate: usize) -> Option<(FrameId, u64)> {
        let waiting = &mut self.calls.shared[shared].gates[gate].waiting;
        while let Some(&(frame, seq)) = waiting.front() {
            if self.frames.waits_for(frame, seq) {
                return Some((frame, seq));
            }
            waiting.pop_front();
        }
        None
    }

    /// Gives the places that are free to those that wait.
    pub(super) fn next_takes_place(&mut self, shared: usize) {
        for gate in 0..self.calls.shared[shared].gates.len() {
            while let Some((frame, _)) = self.first_waiting(shared, gate) {
                let site = self.site_of(frame);
                let knock = self.knock(frame, site, shared);
                let (after_ns, at_most_ns) = match self.asks(site, shared, gate, knock) {
                    Answer::Go => (0, u64::MAX),
                    Answer::Later { after_ns, at_most_ns } => (after_ns, at_most_ns),
                    Answer::Refuse(_) | Answer::Wait { .. } => break,
                };
                self.calls.shared[shared].gates[gate].waiting.pop_front();
                self.waits_at_activator(shared, gate, (1, 0));
                self.comes_later(frame, site, shared, gate, after_ns, at_most_ns);
            }
        }
    }

    /// A caller that has waited at a gate goes on.
    pub(super) fn goes_after_wait(&mut self, frame: FrameId) -> Option<FrameId> {
        let site = self.site_of(frame);
        let shared = self.shared_of(frame, site);
        let gate = self.frames[frame].next.of_gate();
        self.frames[frame].seq = 0;
        self.was_at_gate(site, shared, gate, self.now - self.calls.asked[frame.index()]);
        let state = &mut self.calls.shared[shared];
        state.in_flight = state.in_flight.saturating_sub(1);
        let knock = self.knock(frame, site, shared);
        let sent = match self.passes(frame, site, shared, gate + 1, knock) {
            None => self.send_admitted_again(frame, site),
            Some(sent) => sent,
        };
        self.after(sent, frame, site)
    }

    /// Tells doormen, budget and ejector how an attempt ended.
    pub(super) fn judge_guarded(&mut self, frame: FrameId, site: EdgeId, outcome: Outcome) {
        let shared = self.shared_of(frame, site);
        let now = self.now;
        let ok = outcome.is_answer();
        if self.calls.sites[site].keeps && outcome == Outcome::Ok {
            self.keeps_answer(frame, site);
        }
        let is_left = outcome == Outcome::Timeout && !self.calls.sites[site].cancel;
        let is_broken = outcome == Outcome::Unreachable || is_left;
        let by = frame.place();
        let began =
            if self.calls.shared[shared].timed { self.calls.let_go[frame.index()] } else { self.frames[frame].start };
        let ended = Ended { now_ns: now, outcome, latency_ns: now - began, by, is_broken };
        self.gives_back_retry(frame, site);
        let ejects = self.calls.shared[shared].ejector.is_some();
        let instances = if ejects { self.known_of_caller(frame, site).len() } else { 0 };
        let mut ejected = Vec::new();
        let state = &mut self.calls.shared[shared];
        state.in_flight = state.in_flight.saturating_sub(1);
        if let Some(budget) = &mut state.budget {
            budget.on_result(ok);
        }
        if let Some(ejector) = &mut state.ejector {
            ejector.ended(now, by, ok, instances);
            ejected = ejector.take_ejections();
            count!(self.calls.sites[site].counts, ejection::EJECTIONS, ejected.len() as u64);
        }
        if let Some(throttle) = &mut state.throttle {
            throttle.ended(ended);
        }
        // The attempts of a process that is gone end after its breaker.
        if let Some(breaker) = state.breaker.as_mut().filter(|_| state.runs) {
            let before = breaker.stands();
            breaker.ended(ended);
            self.breaker_moves(site, shared, before);
        }
        (0..self.calls.shared[shared].gates.len())
            .for_each(|gate| self.tells(shared, gate, |keeper| keeper.ended(ended)));
        if !ejected.is_empty() {
            self.are_ejected(site, &ejected);
        }
        self.next_takes_place(shared);
    }

    /// Instances of a callee, by their places, were ejected at some times [ns]: what is asked of that is how soon it finds those that a fault
    /// strikes.
    #[cold]
    fn are_ejected(&mut self, site: EdgeId, ejected: &[(u32, u64)]) {
        let service = self.calls.sites[site].service;
        let first = self.stations.first(service);
        for &(place, at_ns) in ejected {
            let instance = InstanceId(first.0 + place);
            for fault in self.faults_of(instance, at_ns) {
                self.recorder.ejected(fault, service, at_ns);
            }
        }
    }

    /// Tells them that an attempt which was sent ends and nobody will know how.
    pub(super) fn withdrawn_guarded(&mut self, frame: FrameId, site: EdgeId) {
        self.gives_back_retry(frame, site);
        let shared = self.shared_of(frame, site);
        let state = &mut self.calls.shared[shared];
        state.in_flight = state.in_flight.saturating_sub(1);
        if let Some(ejector) = &mut state.ejector {
            ejector.abandon(frame.place());
        }
        let gates = state.gates.len();
        self.withdraw_from(shared, frame.place(), gates);
        self.next_takes_place(shared);
    }

    /// The machine of a caller crashes or is removed: what it keeps between attempts goes with it.
    pub(in crate::world) fn caller_is_gone(&mut self, instance: InstanceId) {
        let (service, number) = (self.stations.service_of(instance), self.stations.number(instance));
        for place in 0..self.model.guards.len() {
            if self.model.guards[place].caller == Some(service) {
                let shared = (self.calls.guards[place] + number) as usize;
                let gates = &mut self.calls.shared[shared].gates;
                gates
                    .iter_mut()
                    .filter_map(|gate| gate.keeper.is_gone().then_some(gate))
                    .for_each(|gate| gate.waiting.clear());
                self.breaker_is_gone(shared);
            }
        }
    }
}
