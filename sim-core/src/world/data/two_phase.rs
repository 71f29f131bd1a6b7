//! Two-phase commit: participants that have done their work keep it, and their worker, until they hear the decision.
//!
//! A request that prepares answers as soon as its work is done, and its frame stays at its instance ([`Phase::Prepared`]). The decision travels to
//! each of them over the network, where there is one, and is sent again every second until it has come. One whose caller has given up before it
//! answered is aborted at once: nobody who is not heard of has voted.

use super::Due;
use crate::counters::{count, level};
use crate::engine::rng::mix;
use crate::ids::{InstanceId, ServiceId};
use crate::message::saga;
use crate::metrics::LevelAt;
use crate::world::World;
use crate::world::frame::{FrameId, Phase};
use crate::world::probe::Stage;

/// After so long a decision that was lost is sent again [ns].
const AGAIN_NS: u64 = 1_000_000_000;
const DECISION: u64 = 0x94;

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

    /// The decision sets out to the participants that are still there, from the instance that has made it.
    pub(super) fn tells_decision(&mut self, key: u64, from: Option<InstanceId>) {
        for (frame, of) in self.data.sagas.prepared.remove(&key).unwrap_or_default() {
            match from {
                Some(from) if self.is_prepared((frame, of)) && self.calls.crosses_network(self.frames[frame].edge) => {
                    self.sends_decision((frame, of), from);
                }
                _ => self.hears_decision((frame, of)),
            }
        }
    }

    fn is_prepared(&self, (frame, of): (FrameId, u64)) -> bool {
        let at = &self.frames[frame];
        at.phase == Phase::Prepared && at.key == of
    }

    /// A decision sets out over the network; it is sent again where it is lost, or who has made it is down. It is written down, so that it stays.
    pub(super) fn sends_decision(&mut self, (frame, of): (FrameId, u64), from: InstanceId) {
        if !self.is_prepared((frame, of)) {
            return;
        }
        let to = self.frames[frame].instance.known();
        let services = (self.stations.service_of(from), self.stations.service_of(to));
        let zones = (self.stations.zone_of(from), self.stations.zone_of(to));
        let takes = if self.stations.serves(from) {
            self.message_takes(services, zones, mix(of ^ DECISION, self.now))
        } else {
            None
        };
        match takes {
            Some(0) => self.hears_decision((frame, of)),
            Some(after) => {
                self.schedule(self.now.saturating_add(after), Due::Decision { frame, of, from, is_lost: false });
            }
            None => {
                count!(self.stations.counts(services.0), saga::DECISIONS_LOST);
                self.schedule(self.now + AGAIN_NS, Due::Decision { frame, of, from, is_lost: true });
            }
        }
    }

    /// A participant hears the decision: if it is still there it lets go of what it holds.
    pub(super) fn hears_decision(&mut self, (frame, of): (FrameId, u64)) {
        if !self.is_prepared((frame, of)) {
            return;
        }
        self.prepared_is_gone(frame);
        self.stage(frame, Stage::Stops);
        self.leave(frame);
        self.frames.release(frame);
    }

    /// A participant that is prepared goes: it has heard the decision, or its machine has crashed.
    pub(in crate::world) fn prepared_is_gone(&mut self, frame: FrameId) {
        let service = self.calls.callee(self.frames[frame].edge);
        self.prepared_move(service, 1, 0);
    }
}
