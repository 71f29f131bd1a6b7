//! The doormen of a call: asked before an attempt is sent, told how it ended; and the attempts that wait for one of them.
//!
//! An attempt is asked by breaker, throttle and limiter in this order. Where one refuses, those before it are told that it comes to nothing, so that
//! the permit of a half-open breaker comes back. The limiter may let wait: the caller's frame is then in [`Phase::Waiting`], with the end of its
//! patience as its timer, and stands in the limiter's queue. When an attempt has ended, the first of the queue takes its place and is in
//! [`Phase::Admitted`] until it goes, by an event of the same instant, because the frame that gave the place back is in the middle of a step.
//!
//! What holds between two events: while somebody waits no place is free; a frame in [`Phase::Waiting`] was let through by breaker and throttle and
//! has no place; one in [`Phase::Admitted`] has a place, and counts as in flight. The queue may also hold frames that have ended or gave up: they are
//! told by the number for which they waited, and skipped when they come up.
//!
//! Every way out of these two phases passes one of four functions: [`World::goes_after_wait`], [`World::gives_up_place`], the
//! end of patience, or [`World::next_takes_place`] from the one to the other.

use super::call::Sent;
use super::site::Shared;
use crate::call::doorman::{Answer, Doorman, Ended, Knock};
use crate::call::limit;
use crate::call::{breaker, ejection};
use crate::counters::{self, count};
use crate::engine::rng::mix;
use crate::engine::table::Id;
use crate::ids::EdgeId;
use crate::metrics::Counter;
use crate::outcome::Outcome;
use crate::world::frame::{FrameId, Phase};
use crate::world::{TIMER, World};

const THROTTLE: u64 = 0x36;

impl Shared {
    /// All that are asked before an attempt is sent, in the order in which they are asked.
    fn doormen(&mut self) -> [Option<&mut dyn Doorman>; 3] {
        [
            self.breaker.as_mut().map(|breaker| &mut **breaker as &mut dyn Doorman),
            self.throttle.as_mut().map(|throttle| throttle as &mut dyn Doorman),
            self.limit.as_mut().map(|limited| &mut limited.limiter as &mut dyn Doorman),
        ]
    }

    /// Asks all, until one does not let the attempt go: the answer, and who refused.
    fn ask(&mut self, knock: Knock) -> (Answer, Option<Counter>) {
        let mut doormen = self.doormen();
        for place in 0..doormen.len() {
            let Some(doorman) = &mut doormen[place] else { continue };
            let answer = doorman.ask(knock);
            if answer == Answer::Go {
                continue;
            }
            let refusals = doorman.refusals();
            if let Answer::Refuse(_) = answer {
                doormen[..place].iter_mut().flatten().for_each(|before| before.withdrawn(knock.now_ns));
            }
            return (answer, refusals);
        }
        (Answer::Go, None)
    }

    /// An attempt that breaker and throttle let go comes to nothing.
    fn is_withdrawn(&mut self, now_ns: u64) {
        let [breaker, throttle, _] = self.doormen();
        breaker.into_iter().chain(throttle).for_each(|doorman| doorman.withdrawn(now_ns));
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
        let draws = self.calls.shared[shared].throttle.is_some();
        let key = if draws { self.throttle_key(frame, site) } else { 0 };
        let state = &mut self.calls.shared[shared];
        let (answer, refusals) = state.ask(Knock { now_ns: self.now, key });
        match answer {
            Answer::Go => {
                state.in_flight += 1;
                None
            }
            Answer::Refuse(outcome) => {
                if let Some(counter) = refusals {
                    self.calls.sites[site].counts[counters::place(&counter)] += 1;
                }
                Some(self.held_back(frame, site, outcome))
            }
            Answer::Wait { at_most_ns } => Some(self.waits(frame, site, shared, at_most_ns)),
        }
    }

    #[cold]
    fn throttle_key(&self, frame: FrameId, site: EdgeId) -> u64 {
        mix(self.call_key(frame, site), THROTTLE ^ u64::from(self.tries(frame)) << 8)
    }

    /// An attempt is not sent. It counts as one of those that a retry may make, so that they come to an end.
    #[cold]
    fn held_back(&mut self, frame: FrameId, site: EdgeId, outcome: Outcome) -> Sent {
        self.calls.sites[site].counts.rejected += 1;
        if self.tries(frame) > self.tries_before(frame, site) {
            self.one_more_try(frame);
        }
        Sent::Failed(outcome)
    }

    /// The caller waits for a place under a limit.
    fn waits(&mut self, frame: FrameId, site: EdgeId, shared: usize, at_most_ns: u64) -> Sent {
        let due = self.now.saturating_add(at_most_ns).min(self.end_of_call(frame, site));
        let seq = self.calendar.push(due, TIMER, frame.place());
        let at = &mut self.frames[frame];
        at.seq = seq;
        at.phase = Phase::Waiting;
        count!(self.calls.sites[site].counts, limit::WAITED);
        if let Some(limited) = &mut self.calls.shared[shared].limit {
            limited.waiting.push_back((frame, seq));
        }
        Sent::Away
    }

    /// When its total timeout or its deadline ends a frame's call [ns]; never where there is none.
    fn end_of_call(&self, frame: FrameId, site: EdgeId) -> u64 {
        let total = match self.calls.sites[site].total_ns {
            0 => u64::MAX,
            total => self.frames[frame].start.saturating_add(total),
        };
        total.min(self.deadline_of_call(frame, site))
    }

    /// A caller has waited for a place as long as it may.
    pub(super) fn wait_ends(&mut self, frame: FrameId) -> Option<FrameId> {
        let site = self.site_of(frame);
        self.frames[frame].seq = 0;
        let shared = self.shared_of(frame, site);
        self.calls.shared[shared].is_withdrawn(self.now);
        // Those that come to the end of their patience are the first, so that the queue does not grow by them.
        self.first_waiting(shared);
        let outcome = if self.now >= self.end_of_call(frame, site) { Outcome::Timeout } else { Outcome::Rejected };
        count!(self.calls.sites[site].counts, limit::REJECTED);
        self.held_back(frame, site, outcome);
        self.failed(frame, site, outcome)
    }

    /// A caller that waits, or is about to go, does not: it ends, or somebody else has answered.
    pub(in crate::world) fn gives_up_place(&mut self, frame: FrameId) {
        let (site, phase) = (self.site_of(frame), self.frames[frame].phase);
        let shared = self.shared_of(frame, site);
        self.frames[frame].seq = 0;
        let now = self.now;
        let state = &mut self.calls.shared[shared];
        state.is_withdrawn(now);
        if phase == Phase::Admitted {
            state.in_flight = state.in_flight.saturating_sub(1);
            if let Some(limited) = &mut state.limit {
                limited.limiter.withdrawn(now);
            }
            self.next_takes_place(shared);
        }
    }

    /// The first that waits for a place, and the number for which; those before it that have gone are forgotten.
    fn first_waiting(&mut self, shared: usize) -> Option<(FrameId, u64)> {
        let waiting = &mut self.calls.shared[shared].limit.as_mut()?.waiting;
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
        while let Some((frame, _)) = self.first_waiting(shared) {
            let now_ns = self.now;
            let state = &mut self.calls.shared[shared];
            let Some(limited) = &mut state.limit else { return };
            if limited.limiter.ask(Knock { now_ns, key: 0 }) != Answer::Go {
                return;
            }
            limited.waiting.pop_front();
            state.in_flight += 1;
            self.wakes_after(frame, 0, Phase::Admitted);
        }
    }

    /// A caller that has waited goes.
    pub(super) fn goes_after_wait(&mut self, frame: FrameId) -> Option<FrameId> {
        let site = self.site_of(frame);
        self.frames[frame].seq = 0;
        let sent = self.send_admitted_again(frame, site);
        self.after(sent, frame, site)
    }

    /// Tells doormen, budget and ejector how an attempt ended.
    pub(super) fn judge_guarded(&mut self, frame: FrameId, site: EdgeId, ok: bool) {
        let shared = self.shared_of(frame, site);
        let now = self.now;
        let ended = Ended { now_ns: now, ok, latency_ns: now - self.frames[frame].start };
        let retry = self.tries(frame) > self.tries_before(frame, site) + 1;
        let state = &mut self.calls.shared[shared];
        state.in_flight = state.in_flight.saturating_sub(1);
        if let Some(budget) = &mut state.budget {
            budget.on_result(ok, retry);
        }
        if let Some(ejector) = &mut state.ejector {
            let instances = self.stations.routable(self.calls.sites[site].service).len();
            ejector.ended(now, frame.place(), ok, instances);
            count!(self.calls.sites[site].counts, ejection::EJECTIONS, ejector.take_ejections());
        }
        let openings = |state: &Shared| state.breaker.as_ref().map_or(0, |breaker| breaker.openings());
        let before = openings(state);
        state.doormen().into_iter().flatten().for_each(|doorman| doorman.ended(ended));
        if openings(state) > before {
            count!(self.calls.sites[site].counts, breaker::OPENED);
            self.recorder.opened(site, now);
        }
        self.next_takes_place(shared);
    }

    /// Tells them that an attempt which was sent ends and nobody will know how.
    pub(super) fn withdrawn_guarded(&mut self, frame: FrameId, site: EdgeId) {
        let shared = self.shared_of(frame, site);
        let now = self.now;
        let state = &mut self.calls.shared[shared];
        state.in_flight = state.in_flight.saturating_sub(1);
        state.doormen().into_iter().flatten().for_each(|doorman| doorman.withdrawn(now));
        if let Some(ejector) = &mut state.ejector {
            ejector.abandon(frame.place());
        }
        self.next_takes_place(shared);
    }
}
