//! Work and waiting: how long a step takes on its instance, what a change of speed does to work under way, and the processor time that
//! work uses.
//!
//! Processor time is charged when work begins, since all that is hot is at hand then; what of it lies ahead at a reading is found among
//! the frames at work and left out ([`World::read_cpu`]), and work that ends early gives it back. So readings are exact, and plain work pays
//! nothing for it. A frozen instance is charged when it goes on.

use super::cores::STANDSTILL;
use super::instance::{FROZEN, SHARES, STEALS};
use crate::counters::count;
use crate::engine::math::whole_ns;
use crate::engine::rng::Keyed;
use crate::engine::table::Id;
use crate::ids::InstanceId;
use crate::results::TraceStepKind;
use crate::service::cpu;
use crate::world::frame::{FrameId, IN_VAIN, Phase};
use crate::world::probe::Stage;
use crate::world::program::{Op, SamplerId};
use crate::world::{CORES, WORK, World};

/// Keeps the draws of work apart from others.
pub(super) const DRAW: u64 = 0x01;

impl World<'_> {
    /// The time that a step takes [ns] when it is so much slower, the same in every variant of a scenario but for that. `place` is
    /// where the step stands in its endpoint.
    #[inline(always)]
    fn draw(&self, frame: FrameId, sampler: SamplerId, place: u32, slow: f64) -> f64 {
        let at = &self.frames[frame];
        let mut keyed = Keyed::of(at.key, DRAW ^ (u64::from(place) << 8));
        self.program.samplers[sampler].sample_times(&mut keyed, self.calls.slow(at.edge) * slow)
    }

    #[inline(always)]
    pub(in crate::world) fn start_work(&mut self, frame: FrameId, sampler: SamplerId, place: u32) -> Option<FrameId> {
        self.stage(frame, Stage::Step(TraceStepKind::Work));
        let place_of = self.frames[frame].instance.known();
        let instance = &self.stations.instances[place_of];
        if instance.odd & (SHARES | FROZEN) != 0 {
            let ns = self.draw(frame, sampler, place, 1.0);
            return self.odd_work(frame, ns);
        }
        let took = whole_ns(self.draw(frame, sampler, place, instance.slow));
        self.stations.instances[place_of].sums.cpu += took;
        if self.frames[frame].flags & IN_VAIN != 0 && took > 0 {
            self.works_in_vain(frame);
        }
        self.until(frame, took)
    }

    #[inline(always)]
    pub(in crate::world) fn start_wait(&mut self, frame: FrameId, sampler: SamplerId, place: u32) -> Option<FrameId> {
        self.stage(frame, Stage::Step(TraceStepKind::Wait));
        let instance = &self.stations.instances[self.frames[frame].instance.known()];
        let slow = if instance.odd & STEALS != 0 { instance.slow / instance.stolen } else { instance.slow };
        self.until(frame, whole_ns(self.draw(frame, sampler, place, slow)))
    }

    /// The frame is busy for so long.
    #[inline(always)]
    fn until(&mut self, frame: FrameId, took: u64) -> Option<FrameId> {
        if took == 0 {
            self.frames[frame].pc += 1;
            return Some(frame);
        }
        let due = self.now + took;
        let seq = self.calendar.push(due, WORK, frame.place());
        let at = &mut self.frames[frame];
        at.seq = seq;
        at.start = due;
        at.phase = Phase::Working;
        None
    }

    #[inline(always)]
    pub(in crate::world) fn work_done(&mut self, frame: FrameId, seq: u64) -> Option<FrameId> {
        let at = &mut self.frames[frame];
        if at.seq != seq {
            return None;
        }
        if at.flags & IN_VAIN != 0 {
            self.worked_in_vain(frame);
        }
        let at = &mut self.frames[frame];
        at.seq = 0;
        at.phase = Phase::Running;
        at.pc += 1;
        Some(frame)
    }

    /// Work on an instance that shares cores or stands still: out of line, since plain work pays for each register that is used here.
    #[cold]
    #[inline(never)]
    fn odd_work(&mut self, frame: FrameId, ns: f64) -> Option<FrameId> {
        let instance = &mut self.stations.instances[self.frames[frame].instance.known()];
        let next = if instance.odd & SHARES != 0 {
            self.share_cores(frame, ns)
        } else {
            let took = whole_ns(ns * instance.slow);
            self.until(frame, took)
        };
        if self.frames[frame].flags & IN_VAIN != 0 && next.is_none() {
            self.works_in_vain(frame);
        }
        next
    }

    fn share_cores(&mut self, frame: FrameId, ns: f64) -> Option<FrameId> {
        let (now, index) = (self.now, self.frames[frame].instance.known());
        let instance = &mut self.stations.instances[index];
        let Some(cores) = &mut instance.cores else { unreachable!("an instance that shares has cores") };
        let alone = cores.has_room();
        let (seq, due) = if alone {
            let due = now + whole_ns(ns * instance.slow);
            (self.calendar.push(due, CORES, index.place()), due)
        } else {
            (self.calendar.next_sequence(), 0)
        };
        let is_first = cores.add(now, ns, frame.place(), seq);
        let at = &mut self.frames[frame];
        at.seq = seq;
        at.start = due;
        at.phase = Phase::Sharing;
        if is_first && !alone {
            self.arm_cores(index);
        }
        None
    }

    /// Work on the shared cores of an instance is not wanted any more: what is left of the other work is done sooner. The frame must not wait
    /// for it any more.
    pub(in crate::world) fn stop_sharing(&mut self, frame: FrameId) {
        let (now, instance) = (self.now, self.frames[frame].instance.known());
        let in_vain = self.frames[frame].flags & IN_VAIN != 0;
        if let Some(cores) = &mut self.stations.instances[instance].cores {
            cores.remove(now);
            if in_vain {
                cores.in_vain(now, -1);
            }
        }
        self.arm_cores(instance);
    }

    /// Makes the event of an instance's shared cores, if one is wanted.
    #[inline]
    fn arm_cores(&mut self, instance: InstanceId) {
        let frames = &self.frames;
        let Some(cores) = &mut self.stations.instances[instance].cores else { return };
        if let Some(at) =
            cores.wants_event(|frame, seq| frames.wanted(frame, seq), |frame| frames[FrameId::at(frame)].start)
        {
            let at = at.max(self.now);
            let seq = self.calendar.push(at, CORES, instance.place());
            cores.arm(at, seq);
        }
    }

    /// An event of an instance's shared cores has come up: a piece that is done goes on.
    pub(in crate::world) fn cores_done(&mut self, instance: InstanceId, seq: u64) -> Option<FrameId> {
        let now = self.now;
        let mut next = None;
        self.stations.instances[instance].cores.as_mut()?.came_up(seq);
        loop {
            let frames = &self.frames;
            let cores = self.stations.instances[instance].cores.as_mut()?;
            let Some(frame) = cores.pop_done(now, |frame, seq| frames.wanted(frame, seq)) else { break };
            if frames[FrameId::at(frame)].flags & IN_VAIN != 0 {
                cores.in_vain(now, -1);
            }
            self.goes_on_after(FrameId::at(frame), &mut next);
        }
        self.arm_cores(instance);
        next
    }

    /// A frame has what its step waited for, and goes on with the next; whoever was to go on next is ready behind it.
    pub(super) fn goes_on_after(&mut self, frame: FrameId, next: &mut Option<FrameId>) {
        let at = &mut self.frames[frame];
        at.seq = 0;
        at.phase = Phase::Running;
        at.pc += 1;
        if let Some(before) = next.replace(frame) {
            self.ready.push(before);
        }
    }

    /// Processor time [ns] that a frame's work has been charged and not used yet.
    fn cpu_ahead(&self, frame: FrameId) -> u64 {
        let at = &self.frames[frame];
        if at.phase != Phase::Working || !matches!(self.program.ops[at.pc], Op::Work { .. }) {
            return 0;
        }
        if self.stations.instances[at.instance.known()].odd & FROZEN != 0 { 0 } else { at.start - self.now }
    }

    /// A frame's work, if it is at work, ends here: what it has not used is not charged.
    pub(in crate::world) fn stop_cpu(&mut self, frame: FrameId) {
        let ahead = self.cpu_ahead(frame);
        if ahead > 0 {
            self.stations.instances[self.frames[frame].instance.known()].sums.cpu -= ahead;
        }
        if self.frames[frame].flags & IN_VAIN != 0 {
            self.worked_in_vain(frame);
        }
    }

    /// Brings the processor time of all instances up to date, so that it can be read.
    pub(in crate::world) fn read_cpu(&mut self) {
        let now = self.now;
        for instance in self.stations.instances.iter_mut() {
            instance.cpu_ahead = 0;
            if let Some(cores) = &mut instance.cores {
                instance.sums.cpu += cores.take_used(now);
                let in_vain_ns = cores.take_in_vain();
                if in_vain_ns > 0 {
                    count!(self.stations.services[instance.service].counts, cpu::CPU_FOR_NOBODY_NS, in_vain_ns);
                }
                if let Some(seen) = cores.take_throttled() {
                    let counts = &mut self.stations.services[instance.service].counts;
                    count!(counts, cpu::CPU_PERIODS, seen.periods);
                    count!(counts, cpu::CPU_THROTTLED_PERIODS, seen.throttled);
                    count!(counts, cpu::CPU_THROTTLED_MS, (seen.still_ns / 1e6) as u64);
                }
            }
        }
        self.reads_in_vain();
        for &instance in &self.stations.plain {
            let at = &mut self.stations.instances[instance];
            at.cpu_ahead = at.plain.as_ref().map_or(0, |plain| plain.cpu_ahead(now));
        }
        for frame in self.frames.ids() {
            let ahead = self.cpu_ahead(frame);
            if ahead > 0 {
                self.stations.instances[self.frames[frame].instance.known()].cpu_ahead += ahead;
            }
        }
    }

    /// An instance's speed changes: what is left of work and waits under way changes with it. `slow` holds for work, of which `stolen` is a factor
    /// that waits do not have.
    pub(in crate::world) fn set_slow(&mut self, instance: InstanceId, slow: f64, stolen: f64) {
        let now = self.now;
        self.reckon_in_vain(instance);
        let there = self.on_instance(instance);
        let ahead: u64 = there.iter().map(|&frame| self.cpu_ahead(frame)).sum();
        let at = &mut self.stations.instances[instance];
        let of_work = slow / at.slow;
        let of_waits = of_work * (at.stolen / stolen);
        let thaws = at.odd & FROZEN != 0 && slow < STANDSTILL;
        at.sums.cpu -= ahead;
        at.slow = slow;
        at.stolen = stolen;
        at.mark(FROZEN, slow >= STANDSTILL);
        at.mark(STEALS, stolen > 1.0);
        if let Some(cores) = &mut at.cores {
            cores.set_slow(now, (slow, stolen), self.calendar.next_sequence());
            cores.disarm();
            self.arm_cores(instance);
        }
        for &frame in &there {
            let at = &self.frames[frame];
            let ratio = if matches!(self.program.ops[at.pc], Op::Wait { .. }) { of_waits } else { of_work };
            if at.phase == Phase::Working && (ratio - 1.0).abs() >= 1e-12 {
                let left = (at.start - now) as f64 * ratio;
                let due = now + whole_ns(left);
                let seq = self.calendar.push(due, WORK, frame.place());
                let at = &mut self.frames[frame];
                at.start = due;
                at.seq = seq;
            }
        }
        let ahead: u64 = there.iter().map(|&frame| self.cpu_ahead(frame)).sum();
        self.stations.instances[instance].sums.cpu += ahead;
        if thaws {
            self.disk_is_heard(instance);
            self.checks_go_on(&there);
        }
    }
}
