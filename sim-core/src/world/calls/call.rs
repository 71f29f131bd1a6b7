//! The caller's side: begin a call, send attempts, judge what comes back, try again, fall back, or give up.
//!
//! A caller has one call at a time. Its frame waits in `Phase::Calling` with the number (`seq`) of the attempt's timer; the attempt keeps the
//! same number in `parent_seq`. An answer counts only while both agree: an attempt that was given up finds another number and is not heard. So
//! nothing has to be taken out of the calendar or searched for when an attempt is given up.
//!
//! What may stop an attempt is asked before anything is counted as sent (`doors`; the retry budget in [`World::try_again`]), and told once how each
//! admitted attempt ended: by [`World::judge`], or by `ends_without_result` where nobody will know. A breaker whose permits did not come back would
//! stay half-open forever; the swarm's law of attempts holds this.
//!
//! Attempts fail in a loop and not by recursion, because a caller without backoff may try again thousands of times at one instant.
//! Left out here: what stands between caller and callee (`doors`), several attempts at once (`hedge`), the way of a message (`wire`), and timeouts
//! (`expire`).

use super::gate::Keeper;
use super::site::Timer;
use crate::call::retry;
use crate::counters::count;
use crate::engine::math::whole_ns;
use crate::engine::rng::{Keyed, mix};
use crate::engine::table::Id;
use crate::ids::EdgeId;
use crate::outcome::Outcome;
use crate::results::TraceStepKind;
use crate::world::frame::{BELOW, CLIENT, COPY, Frame, FrameId, HANDED_ON, Link, NOT_SENT, Phase, RETRIES, Waiter};
use crate::world::network::{Departure, Message};
use crate::world::probe::Stage;
use crate::world::program::{Op, Pc};
use crate::world::stations::Door;
use crate::world::{LANE, TIMER, WAKE, World, fact};

pub(super) const CALL: u64 = 0x31;
const BACKOFF: u64 = 0x33;
const TIMEOUT: u64 = 0x35;
/// Attempts of one call differ by this in their key, so that the call's own key can be had back from an attempt's.
pub(in crate::world) const ATTEMPT: u64 = 0xd1b5_4a32_d192_ed03;

/// So many callers fail one because of the other before the interpreter goes on with the next.
const MOST_FALLING: u32 = 64;

/// What became of an attempt as it was sent.
#[derive(Clone, Copy)]
pub(super) enum Sent {
    /// The callee runs at once.
    Runs(FrameId),
    /// Something will come, or nothing ever.
    Away,
    /// It has failed already.
    Failed(Outcome),
}

/// What a caller does after a failure.
pub(super) enum Then {
    Again,
    Run(FrameId),
    Wait,
    Fail(Outcome),
}

impl World<'_> {
    /// Begins the call at which a frame stands.
    #[inline(always)]
    pub(in crate::world) fn call(&mut self, frame: FrameId, site: EdgeId) -> Option<FrameId> {
        let at = &mut self.frames[frame];
        at.tries = 0;
        at.start = self.now;
        self.stage(frame, Stage::Step(TraceStepKind::Call(site)));
        let to = &mut self.calls.sites[site];
        if to.counts_calls {
            to.counts.calls += 1;
            if to.guarded {
                let shared = self.shared_of(frame, site);
                if let Some(budget) = &mut self.calls.shared[shared].budget {
                    budget.on_call(self.now);
                }
            }
        }
        if self.calls.sites[site].guarded
            && let Some(sent) = self.stopped(frame, site)
        {
            return self.after(sent, frame, site);
        }
        self.frames[frame].tries = 1;
        let fails = |world: &mut Self, outcome| world.failed(frame, site, outcome);
        self.send_admitted(frame, site, 1, |runs| runs, fails)
    }

    /// What follows when an attempt was sent, or was not.
    #[inline(never)]
    pub(super) fn after(&mut self, sent: Sent, frame: FrameId, site: EdgeId) -> Option<FrameId> {
        match sent {
            Sent::Runs(callee) => Some(callee),
            Sent::Away => None,
            Sent::Failed(outcome) => self.failed(frame, site, outcome),
        }
    }

    /// As [`Self::call`], out of line.
    #[inline(never)]
    pub(in crate::world) fn call_at_once(&mut self, frame: FrameId, site: EdgeId) -> Option<FrameId> {
        self.call(frame, site)
    }

    /// Whether the frame that an attempt names as its caller is still the one that sent it.
    pub(in crate::world) fn is_attempt_of(&self, attempt: FrameId, site: EdgeId) -> bool {
        let at = &self.frames[attempt];
        let Some(caller) = at.waiter.frame() else { return false };
        self.call_key(caller, site).wrapping_add(ATTEMPT.wrapping_mul(u64::from(at.attempt))) == at.key
    }

    /// The identity of a call: the same in every variant of a scenario.
    #[inline]
    pub(in crate::world) fn call_key(&self, frame: FrameId, site: EdgeId) -> u64 {
        self.calls.call_of_key(self.frames[frame].key, site)
    }

    /// The state that a frame's calls at a site share.
    #[inline]
    pub(super) fn shared_of(&self, frame: FrameId, site: EdgeId) -> usize {
        let site = &self.calls.sites[site];
        let local = site.caller_first.get().map_or(0, |first| self.frames[frame].instance.known().0 - first.0);
        (site.guard + local) as usize
    }

    /// Whether the attempt of a frame goes over a connection of a pool that was open before.
    pub(in crate::world) fn has_open_connection(&self, frame: FrameId, site: EdgeId) -> bool {
        let shared = self.shared_of(frame, site);
        self.calls.shared[shared]
            .gates
            .iter()
            .any(|gate| matches!(&gate.keeper, Keeper::Pool(pool) if pool.is_used_again(self.now, frame.place())))
    }

    /// Sends a further attempt, and more until one is on its way or the call has ended.
    pub(super) fn resend(&mut self, frame: FrameId, site: EdgeId) -> Option<FrameId> {
        let sent = self.send_again(frame, site);
        self.after(sent, frame, site)
    }

    /// An attempt has failed: whatever follows.
    #[cold]
    pub(super) fn failed(&mut self, frame: FrameId, site: EdgeId, outcome: Outcome) -> Option<FrameId> {
        let mut outcome = outcome;
        loop {
            match self.after_failure(frame, site, outcome) {
                Then::Again if self.too_much_at_once(1) => return None,
                Then::Again => match self.send_again(frame, site) {
                    Sent::Runs(callee) => return Some(callee),
                    Sent::Away => return None,
                    Sent::Failed(next) => outcome = next,
                },
                Then::Run(next) => return Some(next),
                Then::Wait => return None,
                Then::Fail(outcome) => return self.give_up(frame, site, outcome),
            }
        }
    }

    /// Sends a further attempt of a call, if the doormen let it go.
    fn send_again(&mut self, frame: FrameId, site: EdgeId) -> Sent {
        if self.calls.sites[site].guarded
            && let Some(sent) = self.stopped(frame, site)
        {
            return sent;
        }
        self.send_admitted_again(frame, site)
    }

    /// Sends an attempt that the doormen have let go: out of line, as the first attempt is in line with the interpreter.
    #[inline(never)]
    pub(super) fn send_admitted_again(&mut self, frame: FrameId, site: EdgeId) -> Sent {
        let tries = self.one_more_try(frame);
        self.send_admitted(
            frame,
            site,
            tries,
            |runs| runs.map_or(Sent::Away, Sent::Runs),
            |_, outcome| Sent::Failed(outcome),
        )
    }

    /// Sends an attempt, the call's first or a further one by its number: chooses an instance, starts the timer, and knocks. Then `goes` is told who
    /// runs at once, if anybody does, or `fails` that the attempt has failed already: functions, so that the interpreter, with which this is in
    /// line, goes on where it knows what became of the attempt, and does not ask again.
    #[inline(always)]
    fn send_admitted<T>(
        &mut self,
        frame: FrameId,
        site: EdgeId,
        tries: u32,
        goes: impl Fn(Option<FrameId>) -> T,
        fails: impl Fn(&mut Self, Outcome) -> T,
    ) -> T {
        let now = self.now;
        let at = &self.frames[frame];
        let rank = at.rank;
        let mut flags = at.flags & HANDED_ON;
        let to = &mut self.calls.sites[site];
        to.counts.attempts += 1;
        let key = mix(at.key, CALL ^ to.salt).wrapping_add(ATTEMPT.wrapping_mul(u64::from(tries)));
        let (network, only, lane, balanced) = (to.network, to.only, to.lane, to.balanced);
        if tries > 1 || flags != 0 {
            flags = self.sent_again(frame, site, tries);
        }
        let instance = if only.is_none() { self.pick(frame, site, key) } else { only };
        if balanced {
            self.attempt_goes(frame, site, instance);
        }
        let seq = if let Some(lane) = lane.get() {
            let frames = &self.frames;
            self.lanes.push(&mut self.calendar, now, lane, LANE, frame.place(), |index, seq| frames.wanted(index, seq))
        } else {
            self.start_timer(frame, site, key)
        };
        let callee = self.frames.take();
        let attempt = self.number_attempt(callee, tries);
        self.frames[callee] = Frame {
            key,
            seq: 0,
            waiter: Waiter::new(frame, seq),
            arrived: now,
            start: 0,
            instance,
            pc: Pc::START,
            next: Link::NONE,
            edge: site,
            tries: 0,
            attempt,
            outcome: 0,
            flags,
            phase: Phase::Arriving,
            rank,
        };
        self.works_for(callee, frame);
        if lane.is_none() {
            self.hands_on_deadline(callee, frame, site);
        }
        let at = &mut self.frames[frame];
        at.seq = seq;
        at.next = Link::to(callee);
        at.phase = Phase::Calling;
        let outcome = if instance.is_none() {
            Outcome::Unreachable
        } else if network {
            match self.transmit(callee, Message::Request) {
                Departure::Runs => return goes(Some(callee)),
                Departure::Away => return goes(None),
                Departure::Ends(outcome) => Outcome::ALL[usize::from(outcome)],
            }
        } else {
            match self.admit(callee) {
                Door::In => return goes(Some(callee)),
                Door::Waits => return goes(None),
                Door::Lost => {
                    self.frames.release(callee);
                    return goes(None);
                }
                Door::Away(outcome) => outcome,
            }
        };
        self.fails_at_once(frame, site, callee, outcome);
        fails(self, outcome)
    }

    #[cold]
    fn fails_at_once(&mut self, frame: FrameId, site: EdgeId, callee: FrameId, outcome: Outcome) {
        self.digest.fact(self.now, self.frames[callee].key, fact::ANSWERED | outcome as u64);
        self.stage(callee, Stage::Ends(outcome));
        self.count_by_version(callee, site, outcome as u8, None);
        self.frames.release(callee);
        self.frames[frame].seq = 0;
        self.calls.sites[site].counts.outcomes[outcome as usize] += 1;
        self.judge(frame, site, outcome as u8);
    }

    /// Tells balancer, doormen, budget and ejector how an attempt ended.
    #[inline(always)]
    pub(in crate::world) fn judge(&mut self, frame: FrameId, site: EdgeId, outcome: u8) {
        let to = &self.calls.sites[site];
        let guarded = to.guarded;
        if to.balanced {
            self.attempt_ended(frame, site, outcome == Outcome::Unreachable as u8);
        }
        if guarded {
            self.judge_guarded(frame, site, Outcome::ALL[usize::from(outcome & 7)]);
        }
    }

    /// Starts the timer of an attempt that has no lane, and tells its number, which is the attempt's generation.
    fn start_timer(&mut self, frame: FrameId, site: EdgeId, key: u64) -> u64 {
        let now = self.now;
        let s = &self.calls.sites[site];
        let mut due = match &s.timer {
            Timer::None => u64::MAX,
            Timer::Lane(_) => unreachable!("a constant timeout is its lane's"),
            Timer::Drawn(sampler) => now.saturating_add(whole_ns(sampler.sample(&mut Keyed::of(key, TIMEOUT)))),
        };
        if s.total_ns > 0 {
            due = due.min(self.frames[frame].start.saturating_add(s.total_ns));
        }
        if s.bounded {
            due = due.min(self.deadline_of_call(frame, site));
        }
        if due == u64::MAX {
            return self.calendar.next_sequence();
        }
        self.calendar.push(due, TIMER, frame.place())
    }

    /// An attempt was answered, or its timeout has come.
    #[inline(always)]
    pub(in crate::world) fn answered(&mut self, frame: FrameId, site: EdgeId, outcome: u8) -> Option<FrameId> {
        self.frames[frame].seq = 0;
        let ok = outcome <= Outcome::Degraded as u8;
        self.judge(frame, site, outcome);
        if ok {
            Some(self.goes_on(frame, site, outcome))
        } else {
            self.failed(frame, site, Outcome::ALL[outcome as usize])
        }
    }

    /// A call has an answer: the caller goes on with its next step.
    #[inline(always)]
    pub(super) fn goes_on(&mut self, frame: FrameId, site: EdgeId, outcome: u8) -> FrameId {
        let to = &mut self.calls.sites[site];
        if to.counts_calls {
            to.counts.call_outcomes[usize::from(outcome & 7)] += 1;
        }
        let at = &mut self.frames[frame];
        if outcome > at.outcome {
            at.outcome = outcome;
        }
        at.phase = Phase::Running;
        at.pc += 1;
        frame
    }

    /// Decides what follows a failed attempt.
    fn after_failure(&mut self, frame: FrameId, site: EdgeId, outcome: Outcome) -> Then {
        if let Some(then) = self.try_again(frame, site, outcome) {
            return then;
        }
        if self.frames[frame].flags & COPY != 0 {
            // The call may still be answered by another copy.
            return Then::Fail(outcome);
        }
        self.without_attempts(frame, site, outcome)
    }

    /// A call whose copies have all failed.
    pub(super) fn without_answer(&mut self, frame: FrameId, site: EdgeId, outcome: Outcome) -> Option<FrameId> {
        match self.without_attempts(frame, site, outcome) {
            Then::Run(next) => Some(next),
            Then::Wait => None,
            Then::Again | Then::Fail(_) => self.give_up(frame, site, outcome),
        }
    }

    /// Decides what follows when there will be no attempt any more.
    fn without_attempts(&mut self, frame: FrameId, site: EdgeId, outcome: Outcome) -> Then {
        // The frame's next call begins anew.
        self.frames[frame].flags &= !NOT_SENT;
        if self.goes_on_without_cache(frame, site, outcome) {
            return Then::Run(frame);
        }
        if self.in_force.edges[site.index()].fallback.is_some()
            && let Some(then) = self.tries_fallback(frame, site, outcome)
        {
            return then;
        }
        let edge = &self.in_force.edges[site.index()];
        if edge.optional {
            return Then::Run(self.goes_on(frame, site, Outcome::Degraded as u8));
        }
        Then::Fail(outcome)
    }

    fn try_again(&mut self, frame: FrameId, site: EdgeId, outcome: Outcome) -> Option<Then> {
        let retry = self.in_force.edges[site.index()].retry.as_ref()?;
        let (all, start) = (self.tries(frame), self.frames[frame].start);
        let tries = all - self.tries_before(frame, site);
        if tries == 0 || tries >= retry.attempts() || !retry.outcomes.contains(&outcome) {
            return None;
        }
        if self.has_lost(frame) {
            return None;
        }
        let delay = retry.backoff.wait_ns(tries, mix(self.call_key(frame, site), BACKOFF));
        let total = self.calls.sites[site].total_ns;
        if total > 0 && self.now + delay >= start + total {
            return None;
        }
        if self.now + delay >= self.deadline_of_call(frame, site) {
            return None;
        }
        if self.calls.sites[site].guarded {
            let shared = self.shared_of(frame, site);
            let now = self.now;
            let state = &mut self.calls.shared[shared];
            let in_flight = state.in_flight;
            if let Some(budget) = &mut state.budget {
                if !budget.try_retry(now, in_flight) {
                    count!(self.calls.sites[site].counts, retry::BUDGET_EXHAUSTED);
                    return None;
                }
                self.frames[frame].flags |= RETRIES;
            }
        }
        if delay == 0 {
            return Some(Then::Again);
        }
        self.wakes_after(frame, delay, Phase::Backoff);
        Some(Then::Wait)
    }

    /// A call has failed for good: so does the caller. An error, a timeout or silence below is an error to those above.
    fn give_up(&mut self, frame: FrameId, site: EdgeId, outcome: Outcome) -> Option<FrameId> {
        if self.frames[frame].flags & COPY != 0 {
            return self.copy_ends(frame, site, outcome as u8);
        }
        if let Some(next) = self.saga_goes_on(frame, site) {
            self.calls.counts(site).call_outcomes[outcome as usize] += 1;
            return Some(next);
        }
        // A message that may be delivered again has not ended yet.
        if self.calls.sites[site].counts_calls && !self.data.owns(site) {
            self.calls.sites[site].counts.call_outcomes[outcome as usize] += 1;
        }
        let client = self.frames[frame].flags & CLIENT != 0;
        if !client {
            self.frames[frame].flags |= BELOW;
        }
        let passed = match outcome {
            Outcome::Error | Outcome::Timeout | Outcome::Unreachable if !client => Outcome::Error,
            other => other,
        };
        if self.calls.falling >= MOST_FALLING {
            // A long chain of callers fails: the interpreter goes on with the next one, so that the stack stays short.
            let at = &mut self.frames[frame];
            at.seq = 0;
            at.phase = Phase::Running;
            at.pc = Pc(passed as u32);
            return Some(frame);
        }
        self.calls.falling += 1;
        let next = self.fail(frame, passed as u8);
        self.calls.falling -= 1;
        next
    }

    /// Lets a frame wait for so long [ns], and tells what it does in the meantime.
    pub(in crate::world) fn wakes_after(&mut self, frame: FrameId, delay: u64, phase: Phase) {
        let seq = self.calendar.push(self.now + delay, WAKE, frame.place());
        let at = &mut self.frames[frame];
        at.seq = seq;
        at.phase = phase;
    }

    /// A frame's message, backoff or fallback has come to its time.
    #[inline(always)]
    pub(in crate::world) fn wake(&mut self, frame: FrameId, seq: u64) -> Option<FrameId> {
        if !self.frames.waits_for(frame, seq) {
            return None;
        }
        if self.network.is_stalled(frame, seq) {
            self.sends_on(frame);
            return None;
        }
        match self.frames[frame].phase {
            Phase::Unsent => self.is_sent_at_last(frame),
            Phase::Arriving => self.arrives(frame),
            Phase::HandedOver => {
                let at = &mut self.frames[frame];
                at.seq = 0;
                at.phase = Phase::Running;
                Some(frame)
            }
            Phase::Agreeing => self.agreed(frame),
            Phase::Message => {
                self.message_is_visible(frame);
                None
            }
            Phase::Replying => {
                let outcome = self.frames[frame].outcome;
                self.deliver(frame, outcome)
            }
            Phase::Admitted => self.goes_after_wait(frame),
            Phase::Backoff => {
                let site = self.site_of(frame);
                self.frames[frame].seq = 0;
                self.resend(frame, site)
            }
            Phase::Fallback => {
                let site = self.site_of(frame);
                self.frames[frame].seq = 0;
                Some(self.falls_back(frame, site))
            }
            phase if phase.is_check() => {
                self.check_wakes(frame);
                None
            }
            _ => None,
        }
    }

    /// The call site at which a frame stands.
    pub(in crate::world) fn site_of(&self, frame: FrameId) -> EdgeId {
        match self.program.ops[self.frames[frame].pc] {
            Op::Call { site, .. } | Op::CallAtOnce { site, .. } | Op::Hedge { site, .. } | Op::Copy(site) => site,
            other => unreachable!("a frame that calls stands at {other:?}"),
        }
    }
}
