//! The memory of instances: who takes it, and what becomes of an instance that has none left.
//!
//! What an instance uses is reckoned from the number of requests in it, so that nothing is kept for each request. It is looked at when a request
//! comes or goes, when a fault begins or ends, and while it leaks a number of times until it is full. An instance is killed by an event at the same
//! instant, because the request that was one too many is still being looked at.

use super::Due;
use super::instance::{Instance, Life};
use crate::counters::{count, level};
use crate::ids::InstanceId;
use crate::metrics::LevelAt;
use crate::service::memory::{self, Memory, MemoryFaults};
use crate::world::World;

impl World<'_> {
    /// A request is at the door, behind all that may turn it away but a full queue.
    #[cold]
    #[inline(never)]
    pub(super) fn takes_memory(&mut self, index: InstanceId) {
        let instance = &self.stations.instances[index];
        let is_let_in = instance.free > 0 || instance.queue_len < instance.capacity;
        if is_let_in {
            self.looks_at_memory(index, instance.in_system + 1);
        }
    }

    /// A request has left, and is not counted any more.
    pub(super) fn gives_memory_back(&mut self, index: InstanceId) {
        let instance = &mut self.stations.instances[index];
        let requests = instance.in_system;
        self.looks_at_memory(index, requests);
    }

    /// A request has its worker, and leaves behind what leaks of it. That is noticed when the next comes or goes.
    pub(super) fn leaks_memory(&mut self, index: InstanceId) {
        if let Some(memory) = &mut self.stations.instances[index].memory {
            memory.request_begins();
        }
    }

    /// What an instance uses is told to its level, and ends the instance if it is too much.
    fn looks_at_memory(&mut self, index: InstanceId, requests: u32) {
        let now = self.now;
        let instance = &mut self.stations.instances[index];
        let (service, epoch) = (instance.service, instance.epoch);
        let Some(memory) = &mut instance.memory else { return };
        let (before, after, is_too_much) = memory.tell(now, requests);
        let is_killed = is_too_much && !std::mem::replace(&mut memory.is_doomed, is_too_much);
        self.levels.moves(LevelAt::service(const { level(&memory::USED) }, service), now, before, after);
        if is_killed {
            self.schedule(now, Due::OutOfMemory { instance: index, epoch });
        }
    }

    /// An instance begins to run, runs no more, or is struck by other faults than before.
    pub(in crate::world) fn memory_changes(&mut self, index: InstanceId, change: impl FnOnce(&mut Memory, u64)) {
        let now = self.now;
        let instance = &mut self.stations.instances[index];
        let requests = instance.in_system;
        let Some(memory) = &mut instance.memory else { return };
        change(memory, now);
        self.looks_at_memory(index, requests);
        self.plans_look_at_memory(index);
    }

    /// Faults do this to the memory of an instance from now on.
    pub(in crate::world) fn set_memory_faults(&mut self, index: InstanceId, faults: MemoryFaults) {
        self.memory_changes(index, |memory, now| memory.set_faults(now, faults));
    }

    fn plans_look_at_memory(&mut self, index: InstanceId) {
        let now = self.now;
        let instance = &mut self.stations.instances[index];
        let requests = instance.in_system;
        let Some(memory) = instance.memory.as_mut().filter(|memory| !memory.is_doomed) else { return };
        if let Some(at_ns) = memory.next_look(now, requests) {
            memory.look_at_ns = at_ns;
            self.schedule(at_ns, Due::Leaks(index));
        }
    }

    /// A leak has gone on, if nothing has changed since this was planned.
    pub(super) fn leaks(&mut self, index: InstanceId) {
        if self.stations.instances[index].memory.as_ref().is_some_and(|memory| memory.look_at_ns == self.now) {
            self.memory_changes(index, |_, _| {});
        }
    }

    /// An instance uses more than it has, and is killed, if it is still in the same life.
    pub(super) fn out_of_memory(&mut self, index: InstanceId, epoch: u32) {
        let instance = &mut self.stations.instances[index];
        if instance.epoch != epoch || !instance.runs() {
            return;
        }
        let (service, goes) = (instance.service, instance.life == Life::Draining);
        let now = self.now;
        let waits_ns = instance.memory.as_mut().map_or(0, |memory| memory.killed(now));
        count!(self.stations.counts(service), memory::OOM_KILLS);
        self.crash(index, false);
        if goes {
            self.removed(index);
            return self.refresh_routable(service);
        }
        if waits_ns == 0 {
            return self.recover(index, false);
        }
        if let Some(memory) = &mut self.stations.instances[index].memory {
            memory.waits_until_ns = Some(now + waits_ns);
        }
        self.schedule(now + waits_ns, Due::TriesAgain(index));
    }

    /// An instance that was killed has waited long enough, if no new machine has taken its place.
    pub(super) fn tries_again(&mut self, index: InstanceId) {
        let now = self.now;
        let Some(memory) = &mut self.stations.instances[index].memory else { return };
        if memory.waits_until_ns == Some(now) {
            memory.waits_until_ns = None;
            self.recover(index, false);
        }
    }
}

impl Instance {
    /// A new machine takes its place, which nobody has killed yet.
    pub(super) fn has_new_memory(&mut self) {
        if let Some(memory) = &mut self.memory {
            memory.is_replaced();
        }
    }
}
