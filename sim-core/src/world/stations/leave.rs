//! Requests that leave their instance before they are done: the queue by impatience, or a machine that crashes.

use crate::engine::table::Maybe;
use crate::ids::InstanceId;
use crate::outcome::Outcome;
use crate::world::World;
use crate::world::frame::{BRANCH, CLIENT, FrameId, Phase, REGENERATES};
use crate::world::probe::Stage;

impl World<'_> {
    /// A waiting request has lost patience (`queue.max_wait`): its caller sees a timeout.
    pub(in crate::world) fn patience_ends(&mut self, frame: FrameId) -> Option<FrameId> {
        let stand_in = self.stand_in(frame);
        self.leaves_instead(stand_in, frame);
        self.frames[stand_in].seq = 0;
        self.frames[stand_in].phase = Phase::Replying;
        self.leave_queue(frame);
        self.frames[stand_in].outcome = Outcome::Timeout as u8;
        self.leave(stand_in);
        self.send_back(stand_in, Outcome::Timeout as u8)
    }

    /// Takes a frame out of the count of those who wait; its place in the list is skipped when it comes up.
    pub(in crate::world) fn leave_queue(&mut self, frame: FrameId) {
        let at = &mut self.frames[frame];
        at.phase = Phase::Skipped;
        at.seq = 0;
        let instance = &mut self.stations.instances[at.instance.known()];
        instance.queue_len -= 1;
        instance.sums.queue = instance.sums.queue.wrapping_add(self.now);
        self.stations.backlog -= 1;
    }

    /// Frames on an instance, in an order that does not depend on where they lie: what happens to them at one time happens in it.
    pub(super) fn on_instance(&self, instance: InstanceId) -> Vec<FrameId> {
        let here = Maybe::from(instance);
        let mut there: Vec<FrameId> = self
            .frames
            .ids()
            .filter(|&frame| self.frames[frame].instance == here && self.frames[frame].phase != Phase::Free)
            .collect();
        there.sort_by_key(|&frame| {
            let at = &self.frames[frame];
            (at.arrived, at.key, at.seq)
        });
        there
    }

    /// An instance crashes: all that is on it ends. Callers see a reset at once, or nothing.
    pub(super) fn lose_all(&mut self, instance: InstanceId, reset: bool) {
        let now = self.now;
        if let Some(cores) = &mut self.stations.instances[instance].cores {
            cores.clear(now);
            cores.disarm();
        }
        self.disk_forgets(instance);
        self.card_forgets(instance);
        self.stations.instances[instance].head = Maybe::NONE;
        self.stations.instances[instance].tail = Maybe::NONE;
        if let Some(line) = &mut self.stations.instances[instance].line {
            line.clear();
        }
        for mut frame in self.on_instance(instance) {
            let at = self.frames[frame];
            if at.instance != Maybe::from(instance) || at.flags & CLIENT != 0 {
                continue;
            }
            match at.phase {
                // A message on the way is not on the instance.
                Phase::Free
                | Phase::Unsent
                | Phase::Arriving
                | Phase::Replying
                | Phase::Message
                | Phase::CheckArriving
                | Phase::CheckReplying => continue,
                Phase::Skipped => {
                    self.frames.release(frame);
                    continue;
                }
                Phase::CheckQueued | Phase::CheckHeld => {
                    self.check_falls(frame, reset);
                    continue;
                }
                Phase::Queued => self.leave_queue(frame),
                Phase::Calling => {
                    // Whatever comes back is not heard.
                    let site = self.site_of(frame);
                    self.stage(frame, Stage::GivesUp(None));
                    self.callee_is_left(frame);
                    self.calls.counts(site).withdrawn += 1;
                    self.judge(frame, site, Outcome::Unreachable as u8);
                }
                Phase::Waiting | Phase::Admitted => self.gives_up_place(frame),
                Phase::Backoff => self.gives_up_retry(frame),
                Phase::Hedging => self.forget_race(frame),
                Phase::Running => frame = self.replaced(frame),
                Phase::Prepared => self.prepared_is_gone(frame),
                Phase::Working => self.stop_cpu(frame),
                _ => {}
            }
            self.stage(frame, Stage::Stops);
            self.frames[frame].phase = Phase::Replying;
            self.frames[frame].seq = 0;
            if at.flags & BRANCH != 0 {
                if at.flags & REGENERATES != 0 {
                    self.regeneration_is_lost(frame);
                }
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
