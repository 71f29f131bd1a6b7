//! Lines that are not first come, first served: who waits where, and who steps up next.
//!
//! The instance's own list through the frames stays empty there but for the one who steps up, so that the plain station pays nothing.

use super::instance::Instance;
use crate::engine::table::Id;
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

impl Instance {
    /// The request that is next in the instance's line steps up to be served first; false if none waits.
    #[cold]
    pub(super) fn step_up(&mut self, frames: &mut Arena) -> bool {
        let Some(first) = self.line.as_mut().and_then(|line| line.take(|frame| frames.forgets(frame))) else {
            return false;
        };
        let first = FrameId::at(first);
        frames[first].next = Link::NONE;
        self.head = first.into();
        self.tail = first.into();
        true
    }
}

impl World<'_> {
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
        line.enter(frame.place(), at.rank.priority(), deadline, subject);
        // A request that gave up at the end of a line that is never served would stay in it forever.
        if line.len() > 2 * instance.queue_len as usize + MOST_GONE {
            let frames = &mut self.frames;
            line.retain(|frame| !frames.forgets(frame));
        }
    }
}
