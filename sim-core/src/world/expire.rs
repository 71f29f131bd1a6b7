//! Timeouts and cancellation: what a caller gives up, and what becomes of the work that it leaves behind.

use super::frame::{CLIENT, HELD, INSIDE, NONE, Phase};
use super::{World, fact};
use crate::engine::calendar::Key;
use crate::outcome::Outcome;

impl World<'_> {
    /// A lane's sentinel has come up.
    pub(super) fn lane(&mut self, sentinel: Key) -> Option<u32> {
        let frames = &self.frames;
        let due = self.lanes.fire(&mut self.calendar, sentinel, |index, seq| frames.waits_for(index, seq))?;
        self.expire(due.index(), due.sequence())
    }

    /// A timer is due: an attempt's timeout, or the patience of one who waits for a worker.
    pub(super) fn expire(&mut self, frame: u32, seq: u64) -> Option<u32> {
        if !self.frames.waits_for(frame, seq) {
            return None;
        }
        match self.frames[frame].phase {
            Phase::Calling => self.attempt_expires(frame, seq),
            Phase::Queued => self.patience_ends(frame),
            Phase::Delayed => self.copy_is_due(frame),
            other => unreachable!("a timer is due in phase {other:?}"),
        }
    }

    fn attempt_expires(&mut self, frame: u32, seq: u64) -> Option<u32> {
        let site = self.site_of(frame);
        let callee = self.frames[frame].next;
        let alive = {
            let at = &self.frames[callee];
            at.phase != Phase::Free && at.parent == frame && at.parent_seq == seq
        };
        // Of the caller: the attempt itself may be anywhere, or nowhere.
        let attempt = self.frames[frame].key ^ u64::from(self.frames[frame].tries);
        self.digest.fact(self.now, attempt, fact::ANSWERED | Outcome::Timeout as u64);
        let at = &mut self.sites[site as usize];
        at.counts.outcomes[Outcome::Timeout as usize] += 1;
        if alive {
            if at.cancel {
                self.cancel(callee);
            } else {
                at.counts.abandoned += 1;
            }
        }
        self.answered(frame, site, Outcome::Timeout as u8)
    }

    /// A waiting request has lost patience (`queue.max_wait`): its caller sees a timeout.
    fn patience_ends(&mut self, frame: u32) -> Option<u32> {
        let stand_in = self.frames.take();
        self.frames[stand_in] = self.frames[frame];
        self.frames[stand_in].seq = 0;
        self.frames[stand_in].phase = Phase::Replying;
        self.leave_queue(frame);
        self.leave(stand_in);
        self.send_back(stand_in, Outcome::Timeout as u8)
    }

    /// Takes a frame out of the count of those who wait; its place in the list is skipped when it comes up.
    fn leave_queue(&mut self, frame: u32) {
        let at = &mut self.frames[frame];
        at.phase = Phase::Skipped;
        at.seq = 0;
        let instance = &mut self.instances[at.instance as usize];
        instance.queue_len -= 1;
        instance.sums.queue = instance.sums.queue.wrapping_add(self.now);
        self.backlog -= 1;
    }

    /// Stops an attempt and all that it has asked for.
    pub(super) fn cancel(&mut self, frame: u32) {
        let mut next = frame;
        // Down the chain of synchronous calls; branches find out when they come to their end.
        loop {
            let at = self.frames[next];
            let below = (at.phase == Phase::Calling).then_some((at.next, at.seq));
            match at.phase {
                Phase::Calling => self.ends_without_result(next, self.site_of(next)),
                Phase::Hedging => self.end_race(next, true),
                _ => {}
            }
            self.cancel_one(next);
            match below {
                Some((callee, seq)) if self.belongs(callee, next, seq) => next = callee,
                _ => return,
            }
        }
    }

    pub(super) fn belongs(&self, callee: u32, caller: u32, seq: u64) -> bool {
        let at = &self.frames[callee];
        at.phase != Phase::Free && at.parent == caller && at.parent_seq == seq
    }

    fn cancel_one(&mut self, frame: u32) {
        let at = self.frames[frame];
        match at.phase {
            Phase::Queued => {
                // The list still holds the frame: a copy leaves the instance, the frame itself is skipped.
                self.leave_queue(frame);
                let stand_in = self.frames.take();
                self.frames[stand_in] = at;
                self.frames[stand_in].phase = Phase::Replying;
                self.leave(stand_in);
                self.frames.release(stand_in);
                self.frames[frame].flags &= !(INSIDE | HELD);
            }
            Phase::Sharing => {
                let now = self.now;
                self.frames[frame].seq = 0;
                if let Some(cores) = &mut self.instances[at.instance as usize].cores {
                    cores.remove(now);
                }
                self.gone(frame);
            }
            Phase::Free | Phase::Skipped | Phase::Probe | Phase::Message => {}
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
    fn replaced(&mut self, frame: u32) -> u32 {
        let stand_in = self.frames.take();
        self.frames[stand_in] = self.frames[frame];
        let at = &mut self.frames[frame];
        at.seq = 0;
        at.parent = super::frame::DETACHED;
        at.flags = 0;
        at.pc = super::program::DROP;
        stand_in
    }

    /// A frame ends without an answer.
    pub(super) fn gone(&mut self, frame: u32) {
        self.frames[frame].seq = 0;
        self.leave(frame);
        self.frames.release(frame);
    }

    /// Frames on an instance, in an order that does not depend on where they lie: what happens to them at one time happens in it.
    pub(super) fn on_instance(&self, instance: u32) -> Vec<u32> {
        let mut there: Vec<u32> = (0..self.frames.len())
            .filter(|&frame| self.frames[frame].instance == instance && self.frames[frame].phase != Phase::Free)
            .collect();
        there.sort_by_key(|&frame| {
            let at = &self.frames[frame];
            (at.arrived, at.key, at.seq)
        });
        there
    }

    /// An instance crashes: all that is on it ends. Callers see a reset at once, or nothing.
    pub(super) fn lose_all(&mut self, instance: u32, reset: bool) {
        let now = self.now;
        if let Some(cores) = &mut self.instances[instance as usize].cores {
            cores.clear(now);
            cores.disarm();
        }
        self.instances[instance as usize].head = NONE;
        self.instances[instance as usize].tail = NONE;
        if let Some(line) = &mut self.instances[instance as usize].line {
            line.clear();
        }
        for mut frame in self.on_instance(instance) {
            let at = self.frames[frame];
            if at.instance != instance || at.flags & CLIENT != 0 {
                continue;
            }
            match at.phase {
                // A request or reply on the way is not on the instance.
                Phase::Free | Phase::Arriving | Phase::Replying | Phase::Message => continue,
                Phase::Skipped => {
                    self.frames.release(frame);
                    continue;
                }
                Phase::Probe => {
                    self.probe_lost(instance, reset);
                    self.frames.release(frame);
                    continue;
                }
                Phase::Queued => self.leave_queue(frame),
                Phase::Calling => {
                    // Whatever comes back is not heard.
                    let site = self.site_of(frame);
                    self.sites[site as usize].counts.withdrawn += 1;
                    self.judge(frame, site, Outcome::Unreachable as u8);
                }
                Phase::Hedging => self.forget_race(frame),
                Phase::Running => frame = self.replaced(frame),
                Phase::Working => self.stop_cpu(frame),
                _ => {}
            }
            self.frames[frame].phase = Phase::Replying;
            self.frames[frame].seq = 0;
            if at.flags & super::frame::BRANCH != 0 {
                self.frames.release(frame);
                continue;
            }
            self.leave(frame);
            if reset {
                let next = self.send_back(frame, Outcome::Unreachable as u8);
                self.ready.extend(next);
            } else {
                self.vanishes(frame);
                self.frames.release(frame);
            }
        }
    }
}
