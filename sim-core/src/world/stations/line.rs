//! Lines that are not first come, first served: who waits where, and who steps up next.
//!
//! The instance's own list through the frames stays empty there but for the one who steps up, so that the plain station pays nothing.

use crate::counters::count;
use crate::engine::table::Id;
use crate::ids::InstanceId;
use crate::outcome::Outcome;
use crate::service::discipline;
use crate::world::World;
use crate::world::frame::{Arena, FrameId, Link, Phase};

/// A line is looked through for those who have given up when it is longer than those who wait by so many.
const MOST_GONE: usize = 1024;

impl Arena {
    /// Whether a request in a line has given up; it is given back then.
    fn forgets(&mut self, frame: u32) -> bool {
        let frame = FrameId::at(frame);
        let is_gone = self[frame].phase == Phase::Skipped;
        if is_gone {
            self.release(frame);
        }
        is_gone
    }
}

impl World<'_> {
    /// The request that is next in an instance's line steps up to be served first; false if none waits. Those that its discipline drops are sent
    /// away.
    #[cold]
    #[inline(never)]
    pub(super) fn step_up(&mut self, index: InstanceId) -> bool {
        let (now, frames) = (self.now, &mut self.frames);
        let Some(line) = &mut self.stations.instances[index].line else { return false };
        let first = line.take(now, |frame| frames.forgets(frame)).map(FrameId::at);
        for dropped in line.take_dropped() {
            self.drops(FrameId::at(dropped), index);
        }
        let Some(first) = first else { return false };
        self.frames[first].next = Link::NONE;
        let instance = &mut self.stations.instances[index];
        instance.head = first.into();
        instance.tail = first.into();
        true
    }

    /// A discipline drops a request that waits, or a health check.
    fn drops(&mut self, frame: FrameId, index: InstanceId) {
        if self.frames[frame].phase == Phase::CheckQueued {
            return self.send_check_reply(frame, Outcome::Shed);
        }
        self.leave_queue(frame);
        let at = &mut self.frames[frame];
        at.phase = Phase::Replying;
        at.outcome = Outcome::Shed as u8;
        let service = self.stations.instances[index].service;
        count!(self.stations.counts(service), discipline::DROPPED);
        self.leave(frame);
        let next = self.send_back(frame, Outcome::Shed as u8);
        self.ready.extend(next);
    }

    /// A request that has to wait takes its place in its instance's line.
    #[cold]
    pub(super) fn line_up(&mut self, frame: FrameId) {
        let deadline = self.deadline_of(frame);
        let at = &self.frames[frame];
        let index = at.instance.known();
        let fair_per = self.model.services[self.stations.instances[index].service.index()].fair_per;
        let subject = fair_per.map_or(0, |subject| self.subject_of(frame, subject));
        let at = &self.frames[frame];
        let instance = &mut self.stations.instances[index];
        let Some(line) = &mut instance.line else { return };
        line.enter(frame.place(), self.now, at.rank.priority(), deadline, subject);
        // A request that gave up at the end of a line that is never served would stay in it forever.
        if line.len() > 2 * instance.queue_len as usize + MOST_GONE {
            let frames = &mut self.frames;
            line.retain(|frame| !frames.forgets(frame));
        }
    }
}
