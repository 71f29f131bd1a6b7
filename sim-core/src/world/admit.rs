//! The callee's door: a worker, a place in the queue, or nothing.

use super::frame::{HELD, INSIDE, NONE, Phase};
use super::state::Life;
use super::work::whole_ns;
use super::{TIMER, World};
use crate::engine::rng::{Keyed, mix};
use crate::model::Outcome;

const PATIENCE: u64 = 0x21;
const INJECTED: u64 = 0x22;

/// What became of a request at the door.
pub(super) enum Door {
    /// It runs now.
    In,
    /// It waits for a worker.
    Waits,
    /// It is turned away.
    Away(Outcome),
    /// Nobody answers: the request is lost.
    Lost,
}

impl World<'_> {
    /// A request is at the door of its instance.
    #[inline(always)]
    pub(super) fn admit(&mut self, frame: u32) -> Door {
        let index = self.frames[frame].instance;
        let instance = &mut self.instances[index as usize];
        match instance.life {
            Life::Up | Life::Draining => {}
            Life::Silent => return Door::Lost,
            Life::Down | Life::Gone | Life::Starting => return Door::Away(Outcome::Unreachable),
        }
        let service = instance.service as usize;
        if instance.free > 0 {
            instance.free -= 1;
            instance.in_system += 1;
            self.enter(frame, service);
            self.begin(frame, service, 0);
            return Door::In;
        }
        let now = self.now;
        let state = &mut self.services[service];
        if instance.queue_len >= state.capacity {
            return Door::Away(Outcome::Rejected);
        }
        instance.in_system += 1;
        instance.queue_len += 1;
        let lifo = state.lifo;
        let patient = state.patience.is_none();
        let at = &mut self.frames[frame];
        at.phase = Phase::Queued;
        at.start = now;
        at.seq = 0;
        if lifo {
            at.next = instance.head;
            instance.head = frame;
            if instance.tail == NONE {
                instance.tail = frame;
            }
        } else {
            at.next = NONE;
            let tail = instance.tail;
            instance.tail = frame;
            if tail == NONE {
                instance.head = frame;
            } else {
                self.frames[tail].next = frame;
            }
        }
        self.services[service].queue.enter(now);
        self.enter(frame, service);
        self.backlog += 1;
        if !patient {
            self.start_patience(frame, service);
        }
        if self.backlog > self.model.run.max_backlog {
            self.stop_for_backlog();
        }
        Door::Waits
    }

    #[inline(always)]
    fn enter(&mut self, frame: u32, service: usize) {
        self.frames[frame].flags |= INSIDE;
        let state = &mut self.services[service];
        state.inside.enter(self.now);
        state.counts.entered += 1;
    }

    fn start_patience(&mut self, frame: u32, service: usize) {
        let key = mix(self.frames[frame].key, PATIENCE);
        if let Some(patience) = &self.services[service].patience {
            let wait = whole_ns(patience.sample(&mut Keyed::new(key)));
            let seq = self.calendar.push(self.now + wait, TIMER, frame);
            self.frames[frame].seq = seq;
        }
    }

    /// A request has its worker.
    #[inline(always)]
    fn begin(&mut self, frame: u32, service: usize, waited: u64) {
        let now = self.now;
        let state = &mut self.services[service];
        state.busy.enter(now);
        state.counts.started += 1;
        state.counts.wait_sum += waited;
        if state.limited {
            self.waits[service].record(waited);
        }
        let at = &mut self.frames[frame];
        at.flags |= HELD;
        at.phase = Phase::Running;
        at.seq = 0;
        at.pc = self.sites[at.edge as usize].entry;
        let (probability, outcome) = self.instances[at.instance as usize].fail;
        if probability > 0.0 && Keyed::new(mix(at.key, INJECTED)).unit() < probability {
            // A fault makes the instance answer with an error instead of working: the first operations of all code do that.
            at.pc = outcome as u32;
        }
    }

    /// Gives a frame's worker back, if it holds one, and starts whoever waits.
    #[inline(always)]
    pub(super) fn release_worker(&mut self, frame: u32) {
        let at = &mut self.frames[frame];
        if at.flags & HELD == 0 {
            return;
        }
        at.flags &= !HELD;
        let index = at.instance;
        let service = self.instances[index as usize].service as usize;
        self.services[service].busy.leave(self.now);
        self.instances[index as usize].free += 1;
        self.take_waiting(index, service);
    }

    /// Gives a free worker of an instance to whoever waits first.
    #[inline(always)]
    pub(super) fn take_waiting(&mut self, index: u32, service: usize) {
        let now = self.now;
        loop {
            let instance = &mut self.instances[index as usize];
            let first = instance.head;
            if first == NONE {
                break;
            }
            let at = &mut self.frames[first];
            instance.head = at.next;
            if instance.head == NONE {
                instance.tail = NONE;
            }
            if at.phase == Phase::Skipped {
                self.frames.release(first);
                continue;
            }
            instance.free -= 1;
            instance.queue_len -= 1;
            let waited = now - at.start;
            self.services[service].queue.leave(now);
            self.backlog -= 1;
            self.begin(first, service, waited);
            self.ready.push(first);
            return;
        }
        if !self.services[service].pulls.is_empty() {
            self.pull(index, service);
        }
    }

    fn stop_for_backlog(&mut self) {
        let longest = (0..self.services.len()).max_by_key(|&s| (self.services[s].queue.now, usize::MAX - s));
        let service = longest.map_or_else(String::new, |s| self.model.services[s].name.clone());
        self.stopped = Some(crate::results::Stopped::Backlog { at_ns: self.since_zero(self.now), service });
        self.measuring_ends();
    }
}
