//! Replies: a request leaves its instance, its answer travels back, and its caller goes on.
//!
//! A frame is given back before its caller is told, so that a caller that calls again at once uses the frame that is still in the cache.
//! What has to be known of the attempt afterwards stands in `Ended`; its key and its instance can still be read from the frame itself.

use crate::data::Cause;
use crate::ids::{EdgeId, VersionId};
use crate::outcome::Outcome;
use crate::world::frame::{
    BELOW, BRANCH, CLIENT, CLOSED_USER, Ended, FrameId, POISONED, Phase, WATCHED, WEAKER, WRONG, Waiter,
};
use crate::world::network::{Departure, Message};
use crate::world::probe::Stage;
use crate::world::{World, fact};

impl World<'_> {
    /// A request is done at its endpoint.
    #[inline(always)]
    pub(in crate::world) fn finish(&mut self, frame: FrameId, outcome: u8) -> Option<FrameId> {
        let at = &self.frames[frame];
        let site = &self.calls.sites[at.edge];
        // One branch for all that few requests have.
        let odd = at.flags & (WATCHED | POISONED) | u16::from(site.effect_counts);
        if outcome > Outcome::Degraded as u8 || odd != 0 || self.stations.falsifies(at.instance.known()) {
            return self.finish_odd(frame, outcome);
        }
        if site.network {
            return self.finish_over_network(frame, outcome);
        }
        self.leave(frame);
        self.deliver(frame, outcome)
    }

    /// A request whose answer has a way to go is done well. A participant of a two-phase commit, which is asked over a network, has its own end.
    #[inline(never)]
    fn finish_over_network(&mut self, frame: FrameId, outcome: u8) -> Option<FrameId> {
        let at = &self.frames[frame];
        if at.waiter == Waiter::NOBODY || self.data.is_two_phase(at.edge) {
            return self.finish_odd(frame, outcome);
        }
        self.frames[frame].outcome = outcome;
        self.leave(frame);
        self.send_over_network(frame, outcome)
    }

    /// A request has failed, or its answer has a way to go, or it leaves more behind: an effect, perhaps a second one; perhaps a wrong reply.
    #[inline(never)]
    fn finish_odd(&mut self, frame: FrameId, outcome: u8) -> Option<FrameId> {
        if outcome <= Outcome::Degraded as u8 && self.data.is_two_phase(self.frames[frame].edge) {
            return self.votes(frame, outcome);
        }
        let at = &self.frames[frame];
        let site = &self.calls.sites[at.edge];
        let away = site.network && at.waiter != Waiter::NOBODY;
        // Its consumer did the work in vain: nothing of it stays.
        let outcome = if at.flags & POISONED != 0 { outcome.max(Outcome::Error as u8) } else { outcome };
        if outcome <= Outcome::Degraded as u8 && (site.effect_counts || self.stations.falsifies(at.instance.known())) {
            self.odd_effects(frame);
        }
        self.replies(frame);
        // What stands at the door of the instance is told how its requests end.
        self.frames[frame].outcome = outcome;
        self.leave(frame);
        if away { self.send_over_network(frame, outcome) } else { self.deliver(frame, outcome) }
    }

    /// An endpoint answers, unless it has answered before its work was done.
    fn replies(&mut self, frame: FrameId) {
        let at = &self.frames[frame];
        if at.flags & WATCHED != 0 {
            let has_answered = at.waiter == Waiter::NOBODY;
            self.stage(frame, if has_answered { Stage::Stops } else { Stage::Replies });
        }
    }

    #[cold]
    fn odd_effects(&mut self, frame: FrameId) {
        let at = self.frames[frame];
        // A switch has answered: what the endpoint does was not done, rightly or wrongly.
        if at.pc.0 <= Outcome::Degraded as u32 {
            return;
        }
        if self.calls.sites[at.edge].effect_counts {
            self.apply_effect(frame);
        }
        // A reply that was sent before its work was done was looked at then.
        if at.waiter != Waiter::NOBODY {
            let kinds = self.wrong_at_instance(frame);
            self.all_arise(frame, kinds, Cause::Fault);
        }
    }

    /// The answer sets out.
    #[inline(always)]
    pub(in crate::world) fn send_back(&mut self, frame: FrameId, outcome: u8) -> Option<FrameId> {
        let at = &self.frames[frame];
        if self.calls.sites[at.edge].network && at.waiter != Waiter::NOBODY {
            return self.send_over_network(frame, outcome);
        }
        self.deliver(frame, outcome)
    }

    fn send_over_network(&mut self, frame: FrameId, outcome: u8) -> Option<FrameId> {
        match self.transmit(frame, Message::Reply(outcome)) {
            Departure::Ends(outcome) => self.deliver(frame, outcome),
            Departure::Away => None,
            Departure::Runs => unreachable!("a reply needs no worker"),
        }
    }

    /// The answer has arrived.
    #[inline(always)]
    pub(in crate::world) fn deliver(&mut self, frame: FrameId, outcome: u8) -> Option<FrameId> {
        let at = self.frames.release(frame);
        if at.waiter == Waiter::LOAD {
            if self.calls.sites[at.edge].balanced {
                // A frame that was just given back still says where it was.
                if let Some(instance) = self.frames[frame].instance.get() {
                    let is_broken = outcome == Outcome::Unreachable as u8;
                    self.no_longer_outstanding(frame, at.edge, instance, is_broken);
                }
            }
            self.answers(None, frame, &at, outcome);
            if at.flags & CLOSED_USER != 0 {
                self.is_told(at.edge, outcome);
            }
            return None;
        }
        let caller = self.frames.waiting(at.waiter)?;
        self.answers(Some(caller), frame, &at, outcome);
        self.answered(caller, at.edge, outcome)
    }

    /// A caller, by its frame if it has one, has the answer of an attempt whose frame was just given back, and still says which attempt it was.
    #[inline(always)]
    fn answers(&mut self, caller: Option<FrameId>, frame: FrameId, at: &Ended, outcome: u8) {
        if at.flags & (WRONG | WATCHED | WEAKER) != 0 {
            return self.answers_odd(caller, frame, at, outcome);
        }
        self.digest.fact(self.now, self.frames[frame].key, fact::ANSWERED | u64::from(outcome));
        self.count(frame, at, outcome);
    }

    /// The same where the answer is wrong or of a weaker level, or a probe listens.
    #[cold]
    #[inline(never)]
    fn answers_odd(&mut self, caller: Option<FrameId>, frame: FrameId, at: &Ended, outcome: u8) {
        let looks_ok = outcome <= Outcome::Degraded as u8;
        if at.flags & (WRONG | WEAKER) != 0
            && looks_ok
            && let Some(caller) = caller
        {
            self.uses_wrong(caller, frame, at.flags);
        }
        let wrong = u64::from(at.flags & WRONG) << 8;
        self.digest.fact(self.now, self.frames[frame].key, fact::ANSWERED | wrong | u64::from(outcome));
        self.stage_of(frame, at.flags, Stage::Ends(Outcome::ALL[usize::from(outcome & 7)]));
        self.count(frame, at, outcome);
        if at.flags & WRONG != 0 && looks_ok {
            self.calls.sites[at.edge].counts.wrong += 1;
            if let Some(version) = self.version_of(frame, at.edge) {
                self.calls.versions.was_wrong(at.edge, version);
            }
            self.hears_wrong(caller, frame, at.flags, at.edge);
        }
    }

    /// Counts the end of an attempt, as its caller sees it.
    #[inline(always)]
    fn count(&mut self, frame: FrameId, at: &Ended, outcome: u8) {
        let site = &mut self.calls.sites[at.edge];
        let counts = &mut site.counts;
        counts.outcomes[usize::from(outcome & 7)] += 1;
        if outcome <= Outcome::Degraded as u8 {
            let took = self.now - at.arrived;
            counts.latency_sum_ns += took;
            site.latency.record(took);
        } else if at.flags & BELOW != 0 {
            counts.failed_below += 1;
        }
        if site.versioned {
            self.count_by_version(frame, at.edge, outcome, Some(at.arrived));
        }
    }

    /// The version of the instance to which an attempt went, where versions of the callee are told apart. A frame that was just given back
    /// still says where it was.
    pub(super) fn version_of(&self, frame: FrameId, site: EdgeId) -> Option<VersionId> {
        let instance = self.frames[frame].instance.get().filter(|_| self.calls.sites[site].versioned)?;
        self.stations.version(instance)
    }

    /// Counts the end of an attempt by the version that it went to; `since` is when it was sent, where that is known [ns].
    #[cold]
    #[inline(never)]
    pub(super) fn count_by_version(&mut self, frame: FrameId, site: EdgeId, outcome: u8, since: Option<u64>) {
        if let Some(version) = self.version_of(frame, site) {
            let is_answered = outcome <= Outcome::Degraded as u8;
            let took = since.filter(|_| is_answered).map(|since| self.now - since);
            self.calls.versions.ended(site, version, usize::from(outcome & 7), took);
        }
    }

    /// `reply`: the caller has its answer, the steps go on without anyone waiting.
    pub(in crate::world) fn reply_early(&mut self, frame: FrameId, outcome: u8) {
        let at = self.frames[frame];
        if at.flags & (BRANCH | CLIENT) != 0 || at.waiter == Waiter::NOBODY {
            return;
        }
        // A stand-in carries the answer back while the frame goes on.
        self.replies(frame);
        let stand_in = self.stand_in(frame);
        self.works_by_itself(frame);
        let new = &mut self.frames[stand_in];
        new.flags &= WRONG | CLOSED_USER | WATCHED | WEAKER;
        new.phase = Phase::Replying;
        new.seq = 0;
        let outcome = outcome.max(at.outcome);
        if outcome <= Outcome::Degraded as u8 && self.stations.falsifies(at.instance.known()) {
            let kinds = self.wrong_at_instance(stand_in);
            self.all_arise(stand_in, kinds, Cause::Fault);
        }
        let next = self.send_back(stand_in, outcome);
        self.ready.extend(next);
    }

    /// A load class's call with all its attempts has ended, or a message's delivery.
    #[inline(always)]
    pub(in crate::world) fn client_end(&mut self, frame: FrameId, outcome: u8) -> Option<FrameId> {
        let at = &self.frames[frame];
        if at.phase == Phase::Message || self.data.owns(at.edge) {
            return self.delivery_ended(frame, outcome);
        }
        let key = at.key;
        self.digest.fact(self.now, key, fact::CALL_ENDED | u64::from(outcome));
        let at = self.frames.release(frame);
        if self.calls.hears_complaints {
            self.may_complain(key, &at, outcome);
        }
        if outcome <= Outcome::Degraded as u8 {
            let took = self.now - at.arrived;
            self.calls.call_latency[at.edge].record(took);
            self.calls.sites[at.edge].counts.call_latency_sum_ns += took;
        }
        if at.flags & CLOSED_USER != 0 {
            self.is_told(at.edge, outcome);
        }
        None
    }
}
