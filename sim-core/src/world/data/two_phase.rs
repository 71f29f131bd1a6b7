//! Two-phase commit: participants that have done their work keep it, and their worker, until they hear the decision.
//!
//! A request that prepares answers as soon as its work is done, and its frame stays at its instance ([`Phase::Prepared`]). The decision reaches all
//! of them at once. One whose caller has given up before it answered is aborted at once: nobody who is not heard of has voted.

use crate::counters::level;
use crate::ids::ServiceId;
use crate::message::saga;
use crate::metrics::LevelAt;
use crate::world::World;
use crate::world::frame::{FrameId, Phase};
use crate::world::probe::Stage;

impl World<'_> {
    /// A participant of a two-phase commit has done its work, and votes for it.
    pub(in crate::world) fn votes(&mut self, frame: FrameId, outcome: u8) -> Option<FrameId> {
        let waiter = self.frames[frame].waiter;
        let call = self.call_of(frame);
        let Some(key) = self.data.sagas.undecided(call).filter(|_| self.frames.waiting(waiter).is_some()) else {
            self.gone(frame);
            return None;
        };
        self.reply_early(frame, outcome);
        let at = &mut self.frames[frame];
        (at.seq, at.outcome, at.phase) = (0, outcome, Phase::Prepared);
        let (of, service) = (at.key, self.calls.callee(at.edge));
        self.data.sagas.prepared.entry(key).or_default().push((frame, of));
        self.prepared_move(service, 0, 1);
        None
    }

    fn prepared_move(&mut self, service: ServiceId, before: u64, after: u64) {
        self.levels.moves(LevelAt::service(const { level(&saga::PREPARED) }, service), self.now, before, after);
    }

    /// Participants hear the decision: those that are still there let go of what they hold.
    pub(super) fn tells_decision(&mut self, key: u64) {
        for (frame, of) in self.data.sagas.prepared.remove(&key).unwrap_or_default() {
            let at = &self.frames[frame];
            if at.phase != Phase::Prepared || at.key != of {
                continue;
            }
            self.prepared_is_gone(frame);
            self.stage(frame, Stage::Stops);
            self.leave(frame);
            self.frames.release(frame);
        }
    }

    /// A participant that is prepared goes: it has heard the decision, or its machine has crashed.
    pub(in crate::world) fn prepared_is_gone(&mut self, frame: FrameId) {
        let service = self.calls.callee(self.frames[frame].edge);
        self.prepared_move(service, 1, 0);
    }
}
