//! The callee's door: a request gets a worker, a place in the queue, or nothing.
//!
//! An instance has `free` workers, and a list of waiting requests that runs through the frames from `head` to `tail`. A request that finds a
//! free worker runs at once. A worker that is given back goes to the first waiting request without an event, because both happen at the same
//! time ([`World::pass_worker`]).
//!
//! What holds between two events: while a request waits no worker is free; `queue_len` counts the waiting requests that somebody still wants,
//! while the list may also hold requests that were given up (they are skipped when they come up, so that nothing is searched for); `in_system`
//! counts the frames with the flag `INSIDE`.
//!
//! Integrals over time are kept as running sums: who comes subtracts the present time, who goes adds it (`state::Sums`).
//! Left out here: who is served next where that is not the first (`line`), and workers that share cores (`cores`).

use super::instance::{CLOSED, DRAINING, FAILS, GATED, HEAVY, LINED, Life, PATIENCE, PULLS, REFUSES, TIED};
use crate::engine::math::whole_ns;
use crate::engine::rng::{Keyed, mix};
use crate::engine::table::{Id, Maybe};
use crate::ids::{InstanceId, ServiceId};
use crate::outcome::Outcome;
use crate::world::frame::{FrameId, HELD, INSIDE, Link, Phase};
use crate::world::probe::Stage;
use crate::world::program::Pc;
use crate::world::{TIMER, World, fact};

const IMPATIENT: u64 = 0x21;

/// What became of a request at the door.
pub(in crate::world) enum Door {
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
    pub(in crate::world) fn admit(&mut self, frame: FrameId) -> Door {
        let now = self.now;
        let at = &mut self.frames[frame];
        let instance = &mut self.stations.instances[at.instance.known()];
        let odd = instance.odd;
        if odd & (CLOSED | GATED | HEAVY | REFUSES) != 0 {
            if odd & CLOSED != 0 {
                return if instance.life == Life::Silent { Door::Lost } else { Door::Away(Outcome::Unreachable) };
            }
            let index = at.instance.known();
            if odd & REFUSES != 0 && self.stations.is_refused(self.calls.endpoint(at.edge)) {
                return Door::Away(Outcome::Rejected);
            }
            if odd & GATED != 0
                && let Some(outcome) = self.asks_at_door(frame)
            {
                return Door::Away(outcome);
            }
            if odd & HEAVY != 0 {
                self.takes_memory(index);
            }
        }
        let at = &mut self.frames[frame];
        let instance = &mut self.stations.instances[at.instance.known()];
        at.seq = 0;
        if instance.free > 0 {
            instance.free -= 1;
            instance.in_system += 1;
            instance.sums.busy = instance.sums.busy.wrapping_sub(now);
            instance.sums.inside = instance.sums.inside.wrapping_sub(now);
            instance.sums.at_once += 1;
            at.flags |= HELD | INSIDE;
            at.phase = Phase::Running;
            at.pc = self.calls.entry(at.edge);
            self.stage(frame, Stage::Starts);
            if odd != 0 {
                self.begin_odd(frame, odd, true);
            }
            return Door::In;
        }
        if instance.queue_len >= instance.capacity {
            return Door::Away(Outcome::Rejected);
        }
        instance.in_system += 1;
        instance.queue_len += 1;
        instance.sums.queue = instance.sums.queue.wrapping_sub(now);
        instance.sums.inside = instance.sums.inside.wrapping_sub(now);
        at.flags |= INSIDE;
        at.phase = Phase::Queued;
        at.start = now;
        if odd & LINED != 0 {
            self.line_up(frame);
        } else {
            at.next = Link::NONE;
            match std::mem::replace(&mut instance.tail, frame.into()).get() {
                None => instance.head = frame.into(),
                Some(tail) => self.frames[tail].next = Link::to(frame),
            }
        }
        self.stage(frame, Stage::Queues);
        if odd & PATIENCE != 0 {
            self.start_patience(frame);
        }
        self.stations.backlog += 1;
        if self.stations.backlog > self.stations.max_backlog {
            self.stop_for_backlog();
        }
        Door::Waits
    }

    /// A request has come to its callee over the network.
    pub(in crate::world) fn arrives(&mut self, frame: FrameId) -> Option<FrameId> {
        self.frames[frame].seq = 0;
        let door = self.admit(frame);
        self.at_door(frame, &door)
    }

    /// What follows for a request that did not arrive in the same instant as it was sent. If the request is lost, its caller waits until its
    /// timeout. A closed user without a timeout would wait forever, so the load class loses them.
    #[inline(always)]
    pub(in crate::world) fn at_door(&mut self, frame: FrameId, door: &Door) -> Option<FrameId> {
        match *door {
            Door::In => Some(frame),
            Door::Waits => None,
            Door::Lost => {
                self.vanishes(frame);
                self.frames.release(frame);
                None
            }
            Door::Away(outcome) => self.send_back(frame, outcome as u8),
        }
    }

    /// A request has its worker, at an instance that is not plain.
    #[cold]
    fn begin_odd(&mut self, frame: FrameId, odd: u16, is_one_more: bool) {
        if odd & GATED != 0 {
            self.notes_wait(frame, is_one_more);
        }
        let index = self.frames[frame].instance.known();
        if odd & HEAVY != 0 {
            self.leaks_memory(index);
        }
        let instance = &self.stations.instances[index];
        if odd & PULLS != 0 && is_one_more {
            self.stations.services[instance.service].busy_now += 1;
        }
        if odd & FAILS != 0
            && !self.is_answered_by_switch(frame)
            && let Some(outcome) = self.injected(frame)
        {
            // A fault makes the instance answer with an error instead of working: the first operations of all code do that.
            self.frames[frame].pc = Pc(outcome as u32);
        }
        if odd & TIED != 0 {
            self.begins_tied(frame);
        }
    }

    fn start_patience(&mut self, frame: FrameId) {
        let at = &self.frames[frame];
        let key = mix(at.key, IMPATIENT);
        let service = self.stations.instances[at.instance.known()].service;
        if let Some(patience) = &self.stations.services[service].patience {
            let wait = whole_ns(patience.sample(&mut Keyed::new(key)));
            let seq = self.calendar.push(self.now + wait, TIMER, frame.place());
            self.frames[frame].seq = seq;
        }
    }

    /// Gives a frame's worker back, if it holds one. The first waiting request gets it.
    #[inline(always)]
    pub(in crate::world) fn release_worker(&mut self, frame: FrameId) {
        let at = &mut self.frames[frame];
        if at.flags & HELD == 0 {
            return;
        }
        at.flags &= !HELD;
        let index = at.instance.known();
        self.pass_worker(index);
    }

    /// Gives back worker and place.
    #[inline(always)]
    pub(in crate::world) fn leave(&mut self, frame: FrameId) {
        let now = self.now;
        let at = &mut self.frames[frame];
        let flags = at.flags;
        if flags & INSIDE == 0 {
            debug_assert!(flags & HELD == 0, "{frame:?} holds a worker of an instance in which it is not");
            return;
        }
        at.flags = flags & !(INSIDE | HELD);
        let index = at.instance.known();
        let instance = &mut self.stations.instances[index];
        instance.in_system -= 1;
        instance.sums.inside = instance.sums.inside.wrapping_add(now);
        instance.sums.left += 1;
        self.digest.fact(now, at.key, fact::LEFT | u64::from(index.0));
        if flags & HELD != 0 {
            self.pass_worker(index);
        }
        let instance = &self.stations.instances[index];
        if instance.odd & (DRAINING | GATED | HEAVY) != 0 {
            self.leaves_oddly(frame, index);
        }
    }

    /// A request has left an instance that has doors, whose memory can run out, or that goes when it is empty.
    #[cold]
    #[inline(never)]
    fn leaves_oddly(&mut self, frame: FrameId, index: InstanceId) {
        if self.stations.instances[index].odd & GATED != 0 {
            self.leaves_door(frame, index);
        }
        if self.stations.instances[index].odd & HEAVY != 0 {
            self.gives_memory_back(index);
        }
        let instance = &self.stations.instances[index];
        if instance.odd & DRAINING != 0 && instance.in_system == 0 {
            self.drained(index);
        }
    }

    /// A worker of an instance has nothing to do: the first waiting request gets it, or it is free.
    #[inline(always)]
    fn pass_worker(&mut self, index: InstanceId) {
        let now = self.now;
        loop {
            let instance = &mut self.stations.instances[index];
            let Some(first) = instance.head.get() else {
                let odd = instance.odd & (PULLS | LINED);
                if odd != 0 && self.step_up(index) {
                    continue;
                }
                let instance = &mut self.stations.instances[index];
                instance.free += 1;
                instance.sums.busy = instance.sums.busy.wrapping_add(now);
                if odd & PULLS != 0 {
                    self.pull_more(index);
                }
                return;
            };
            let at = &mut self.frames[first];
            instance.head = at.next.next();
            if instance.head.is_none() {
                instance.tail = Maybe::NONE;
            }
            if at.phase != Phase::Queued {
                self.pass_over(first);
                continue;
            }
            let waited = now - at.start;
            instance.queue_len -= 1;
            instance.sums.queue = instance.sums.queue.wrapping_add(now);
            instance.sums.waited += 1;
            instance.sums.wait_sum += waited;
            at.flags |= HELD;
            at.phase = Phase::Running;
            at.seq = 0;
            at.pc = self.calls.entry(at.edge);
            self.stations.backlog -= 1;
            self.stations.waits[instance.service].record(waited);
            let odd = instance.odd;
            self.stage(first, Stage::Starts);
            if odd != 0 {
                self.begin_odd(first, odd, false);
            }
            self.ready.push(first);
            return;
        }
    }

    /// What comes up in a queue is no request that waits: one that was given up, or a health check, which takes a worker for no time.
    #[cold]
    #[inline(never)]
    fn pass_over(&mut self, frame: FrameId) {
        if self.frames[frame].phase == Phase::CheckQueued {
            self.check_is_served(frame);
        } else {
            self.frames.release(frame);
        }
    }

    #[cold]
    fn pull_more(&mut self, index: InstanceId) {
        let service = self.stations.instances[index].service;
        self.stations.services[service].busy_now -= 1;
        self.pull(index, service);
    }

    /// Brings the histograms of waits up to date with those who did not wait, who are only counted on the way.
    pub(in crate::world) fn read_waits(&mut self) {
        for (service, waits) in self.stations.services.iter_mut().zip(self.stations.waits.iter_mut()) {
            if !service.limited {
                continue;
            }
            let at_once: u64 = self.stations.instances[service.places()].iter().map(|at| at.sums.at_once).sum();
            waits.record_many(0, at_once - service.at_once_read);
            service.at_once_read = at_once;
        }
    }

    fn waiting_at(&self, service: ServiceId) -> u64 {
        let at = &self.stations.services[service];
        at.queue.now + self.stations.instances[at.places()].iter().map(|i| u64::from(i.queue_len)).sum::<u64>()
    }

    #[cold]
    pub(super) fn stop_for_backlog(&mut self) {
        let longest = self.stations.services.ids().max_by_key(|&s| (self.waiting_at(s), u32::MAX - s.0));
        let service = longest.map_or_else(String::new, |s| self.model.services[s.index()].name.clone());
        self.stop(crate::results::Stopped::Backlog { at_ns: self.since_zero(self.now), service });
    }
}
