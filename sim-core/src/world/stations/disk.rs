//! The disks of instances: a request asks its instance's disk, and waits until that has done it.
//!
//! What a disk does and in which order is in [`Disk`]; here are the requests that wait, and the one event of each disk that is at work. It has the
//! kind of events that shared cores have, and the number of the event tells which of the two is meant. A request that gives up leaves its place in
//! the queue, where it is passed over when its turn comes; what the disk does already, it does to the end.

use crate::counters::{count, level, part};
use crate::engine::math::whole_ns;
use crate::engine::rng::mix;
use crate::engine::table::Id;
use crate::ids::{InstanceId, ServiceId};
use crate::metrics::{LevelAt, Levels, PartAt};
use crate::results::TraceStepKind;
use crate::service::disk::{self, Disk, DiskFault, DiskRequest, DiskWork};
use crate::topology::Access;
use crate::world::frame::{FrameId, Phase};
use crate::world::probe::Stage;
use crate::world::stations::instance::FROZEN;
use crate::world::{CORES, World};

impl World<'_> {
    /// A request asks the disk of its instance. `place` is where the step stands in its endpoint.
    #[cold]
    #[inline(never)]
    pub(in crate::world) fn asks_disk(&mut self, frame: FrameId, work: DiskWork, place: u32) -> Option<FrameId> {
        let work = self.as_committed(frame, work);
        if work.is_awaited {
            self.stage(frame, Stage::Step(TraceStepKind::Wait));
        }
        let now = self.now;
        let seq = if work.is_awaited { self.calendar.next_sequence() } else { 0 };
        let at = &mut self.frames[frame];
        let instance = at.instance.known();
        let key = mix(at.key, u64::from(place) << 8);
        let waits = work.is_awaited.then(|| (frame.place(), seq));
        if work.is_awaited {
            at.seq = seq;
            at.phase = Phase::AtDisk;
        } else {
            at.pc += 1;
        }
        self.disk_changes(instance, |disk| disk.ask(DiskRequest { waits, key, at_ns: now, work }));
        self.disk_begins(instance);
        (!work.is_awaited).then_some(frame)
    }

    /// A write that is answered before the disk has it does not wait for its flush.
    fn as_committed(&mut self, frame: FrameId, work: DiskWork) -> DiskWork {
        let at = &self.frames[frame];
        let (instance, endpoint) = (at.instance.known(), self.calls.endpoint(at.edge));
        let store = self.stations.service_of(instance);
        let writes = self.model.endpoints[endpoint.index()].access.is_some_and(|access| access != Access::Read);
        if !(work.fsync && writes && self.data.is_asynchronous(store)) {
            return work;
        }
        self.data.asks_flush(store, self.stations.number(instance) as usize);
        DiskWork { is_awaited: false, ..work }
    }

    /// Something changes at a disk, and its levels with it.
    fn disk_changes<T>(&mut self, instance: InstanceId, change: impl FnOnce(&mut Disk) -> T) -> Option<T> {
        let at = &mut self.stations.instances[instance];
        Some(changes(at.disk.as_mut()?, &mut self.levels, (at.service, self.now), change))
    }

    /// A disk that does nothing begins with what is next.
    fn disk_begins(&mut self, instance: InstanceId) {
        let (frames, now) = (&self.frames, self.now);
        let at = &mut self.stations.instances[instance];
        let Some(disk) = &mut at.disk else { return };
        let service = at.service;
        // Who gave up because his flush was late has waited for it all the same: else a disk that answers nobody in time looks well.
        let mut late = Vec::new();
        let gave_up = |asked: DiskRequest| late.extend(asked.work.fsync.then(|| now - asked.at_ns));
        let begin = |disk: &mut Disk| disk.begin(|frame, seq| frames.wanted(frame, seq), gave_up);
        let takes = changes(disk, &mut self.levels, (service, now), begin);
        late.into_iter().for_each(|ns| self.flush_took(instance, ns));
        let Some(takes) = takes else { return };
        let due = self.now.saturating_add(whole_ns(takes));
        let seq = self.calendar.push(due, CORES, instance.place());
        if let Some(disk) = &mut self.stations.instances[instance].disk {
            disk.is_due_by(seq);
        }
    }

    /// Somebody has waited so long [ns] for a flush.
    fn flush_took(&mut self, instance: InstanceId, ns: u64) {
        let at = &mut self.stations.instances[instance];
        self.times.record(PartAt::service(const { part(&disk::FSYNC) }, at.service), ns);
        if let Some(disk) = &mut at.disk {
            disk.waited(ns);
        }
    }

    /// The disk of an instance has done what it did, or work on its shared cores is done.
    pub(in crate::world) fn device_done(&mut self, instance: InstanceId, seq: u64) -> Option<FrameId> {
        match &mut self.stations.instances[instance] {
            at if at.disk.as_ref().is_some_and(|disk| disk.ends_by(seq)) => {
                let is_frozen = at.odd & FROZEN != 0;
                let service = at.service;
                let done = self.disk_changes(instance, Disk::done)?;
                for _ in done.iter().filter(|asked| asked.work.fsync && asked.waits.is_none()) {
                    self.data.flushed(service, self.stations.number(instance) as usize);
                }
                if done.first().is_some_and(|asked| asked.work.fsync) {
                    count!(self.stations.counts(service), disk::FLUSHES);
                }
                let next = if is_frozen {
                    // The disk goes on by itself.
                    self.disk_changes(instance, |disk| disk.keeps(done));
                    None
                } else {
                    self.hears_of(done, instance)
                };
                self.disk_begins(instance);
                next
            }
            _ => self.cores_done(instance, seq),
        }
    }

    /// An instance is no longer frozen: it hears of what its disk has done.
    pub(super) fn disk_is_heard(&mut self, instance: InstanceId) {
        let Some(disk) = &mut self.stations.instances[instance].disk else { return };
        let done = disk.unheard();
        let next = self.hears_of(done, instance);
        self.ready.extend(next);
    }

    /// Those who waited for what a disk has done go on, in their order: the first of them at once, as what is ready is taken from its end.
    fn hears_of(&mut self, done: Vec<DiskRequest>, instance: InstanceId) -> Option<FrameId> {
        let mut next = None;
        for asked in done.into_iter().rev() {
            if asked.work.fsync {
                self.flush_took(instance, self.now - asked.at_ns);
            }
            if let Some((frame, _)) = asked.waits.filter(|&(frame, seq)| self.frames.wanted(frame, seq)) {
                self.goes_on_after(FrameId::at(frame), &mut next);
            }
        }
        next
    }

    /// The machine has crashed: nobody wants anything of its disk.
    pub(super) fn disk_forgets(&mut self, instance: InstanceId) {
        self.disk_changes(instance, Disk::forget);
    }

    /// Faults do this to the disk of an instance from now on, each so far grown in.
    pub(in crate::world) fn set_disk_faults(&mut self, instance: InstanceId, faults: &[(&DiskFault, f64)]) {
        if let Some(disk) = &mut self.stations.instances[instance].disk {
            disk.set_faults(faults.iter().copied());
        }
    }
}

/// Something changes at a disk of a service, and the levels of its disks with it.
fn changes<T>(
    disk: &mut Disk,
    levels: &mut Levels,
    (service, now): (ServiceId, u64),
    change: impl FnOnce(&mut Disk) -> T,
) -> T {
    let (queue, busy) = (disk.requests(), u64::from(disk.is_busy()));
    let changed = change(disk);
    let (queue_now, busy_now) = (disk.requests(), u64::from(disk.is_busy()));
    levels.moves(LevelAt::service(const { level(&disk::QUEUE) }, service), now, queue, queue_now);
    levels.moves(LevelAt::service(const { level(&disk::BUSY) }, service), now, busy, busy_now);
    changed
}
