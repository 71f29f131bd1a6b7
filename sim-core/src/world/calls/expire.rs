//! Timeouts and cancellation: what a caller gives up, and what becomes of the work that it leaves behind.

use crate::engine::calendar::Key;
use crate::engine::table::Id;
use crate::outcome::Outcome;
use crate::world::frame::{FrameId, HELD, INSIDE, Phase, Waiter};
use crate::world::probe::Stage;
use crate::world::{WAKE, World, fact};

impl World<'_> {
    /// A lane's sentinel has come up.
    pub(in crate::world) fn lane(&mut self, sentinel: Key) -> Option<FrameId> {
        let frames = &self.frames;
        let due = self.lanes.fire(&mut self.calendar, sentinel, |index, seq| frames.wanted(index, seq))?;
        let frame = FrameId::at(due.index());
        if due.kind() == WAKE {
            self.wakes_from_lane(frame, due.sequence())
        } else {
            self.expire(frame, due.sequence())
        }
    }

    /// What crosses a link has arrived.
    // A second place in which frames wake would take the first out of line in the loop of events: W3 was 4 % slower.
    #[inline(never)]
    fn wakes_from_lane(&mut self, frame: FrameId, seq: u64) -> Option<FrameId> {
        self.wake(frame, seq)
    }

    /// A timer is due: an attempt's timeout, or the patience of one who waits for a worker or at a gate.
    pub(in crate::world) fn expire(&mut self, frame: FrameId, seq: u64) -> Option<FrameId> {
        if !self.frames.waits_for(frame, seq) {
            return None;
        }
        match self.frames[frame].phase {
            Phase::Calling => self.attempt_expires(frame, seq),
            Phase::Queued => self.patience_ends(frame),
            Phase::Waiting | Phase::Admitted => self.wait_ends(frame),
            Phase::Delayed => self.copy_is_due(frame),
            Phase::Joining => self.waits_no_longer(frame),
            other => unreachable!("a timer is due in phase {other:?}"),
        }
    }

    fn attempt_expires(&mut self, frame: FrameId, seq: u64) -> Option<FrameId> {
        let site = self.site_of(frame);
        if self.data.owns(site) && self.stays_invisible(frame, site) {
            return None;
        }
        self.attempt_is_given_up(frame, seq)
    }

    /// A caller waits no longer for its attempt.
    pub(in crate::world) fn attempt_is_given_up(&mut self, frame: FrameId, seq: u64) -> Option<FrameId> {
        let site = self.site_of(frame);
        let callee = self.frames[frame].next.callee();
        let alive = self.belongs(callee, frame, seq);
        self.saga_call_is_left(frame, site);
        // Of the caller: the attempt itself may be anywhere, or nowhere.
        let attempt = self.frames[frame].key ^ u64::from(self.frames[frame].tries);
        self.digest.fact(self.now, attempt, fact::ANSWERED | Outcome::Timeout as u64);
        self.stage(frame, Stage::GivesUp(Some(Outcome::Timeout)));
        let at = &mut self.calls.sites[site];
        at.counts.outcomes[Outcome::Timeout as usize] += 1;
        if at.versioned && alive {
            self.count_by_version(callee, site, Outcome::Timeout as u8, None);
        }
        let at = &mut self.calls.sites[site];
        if alive {
            if at.cancel {
                self.cancel(callee);
            } else {
                at.counts.abandoned += 1;
                self.is_left(callee);
            }
        }
        self.answered(frame, site, Outcome::Timeout as u8)
    }

    /// Stops an attempt and all that it has asked for.
    pub(super) fn cancel(&mut self, frame: FrameId) {
        let mut next = frame;
        // Down the chain of synchronous calls; branches find out when they come to their end.
        loop {
            let at = self.frames[next];
            let below = (at.phase == Phase::Calling).then_some((at.next.callee(), at.seq));
            match at.phase {
                Phase::Calling => self.ends_without_result(next, self.site_of(next)),
                Phase::Waiting | Phase::Admitted => self.gives_up_place(next),
                Phase::Backoff => self.gives_up_retry(next),
                Phase::Hedging => self.end_race(next, true),
                Phase::Joining => self.branches_are_left(next),
                _ => {}
            }
            self.cancel_one(next);
            match below {
                Some((callee, seq)) if self.belongs(callee, next, seq) => next = callee,
                _ => return,
            }
        }
    }

    pub(in crate::world) fn belongs(&self, callee: FrameId, caller: FrameId, seq: u64) -> bool {
        let at = &self.frames[callee];
        at.phase != Phase::Free && at.waiter == Waiter::new(caller, seq)
    }

    fn cancel_one(&mut self, frame: FrameId) {
        let at = self.frames[frame];
        match at.phase {
            Phase::Queued => {
                // The list still holds the frame: a copy leaves the instance, the frame itself is skipped.
                self.leave_queue(frame);
                let stand_in = self.stand_in(frame);
                self.leaves_instead(stand_in, frame);
                self.frames[stand_in].phase = Phase::Replying;
                // Whom nobody waits for was not answered: so the door of the instance learns nothing good of it.
                self.frames[stand_in].outcome = Outcome::Timeout as u8;
                self.leave(stand_in);
                self.frames.release(stand_in);
                self.frames[frame].flags &= !(INSIDE | HELD);
            }
            Phase::Sharing => {
                self.frames[frame].seq = 0;
                self.stop_sharing(frame);
                self.gone(frame);
            }
            Phase::Free | Phase::Skipped | Phase::Message => {}
            phase if phase.is_check() => {}
            Phase::Running => {
                let stand_in = self.replaced(frame);
                self.gone(stand_in);
            }
            _ => {
                self.stop_cpu(frame);
                self.gone(frame);
            }
        }
    }

    /// A frame that is among those that can go on in this very moment must not be given back before its turn: a stand-in takes its place
    /// and all that it holds, and it ends when its turn comes.
    pub(in crate::world) fn replaced(&mut self, frame: FrameId) -> FrameId {
        let stand_in = self.stand_in(frame);
        self.leaves_instead(stand_in, frame);
        let at = &mut self.frames[frame];
        at.seq = 0;
        at.waiter = Waiter::NOBODY;
        at.flags = 0;
        at.pc = crate::world::program::DROP;
        stand_in
    }

    /// A frame ends without an answer.
    pub(in crate::world) fn gone(&mut self, frame: FrameId) {
        self.frames[frame].seq = 0;
        self.stage(frame, Stage::Stops);
        // As above: it was not answered.
        self.frames[frame].outcome = Outcome::Timeout as u8;
        self.leave(frame);
        self.frames.release(frame);
    }
}
