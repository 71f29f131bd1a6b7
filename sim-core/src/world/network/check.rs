//! Health checks on their way: what the network does to a check and to its answer.

use super::ends::Way;
use super::fate::Fate;
use super::message::{Departure, Message, Parties};
use super::wire::{EdgeFault, Network};
use crate::ids::ZoneId;
use crate::model::Model;
use crate::outcome::Outcome;
use crate::world::World;
use crate::world::frame::{FrameId, Phase};
use crate::world::stations::CheckerId;

impl Network {
    /// Which messages of a checker a fault acts on: to each zone and from there.
    pub(in crate::world) fn is_met_by(&self, model: &Model, checker: CheckerId, fault: &EdgeFault) -> Vec<bool> {
        let from = self.checkers.list[checker].zone;
        let zones = (0..self.regions.len()).map(ZoneId::from);
        let ways = zones.flat_map(|zone| {
            let ends = self.ends(model, Parties::Check(checker), from, zone);
            Way::BOTH.map(|way| fault.goes(&ends, way))
        });
        ways.collect()
    }

    /// The links that messages of a checker cross, by their places: to each zone and from there. Those that do nothing are all alike.
    pub(in crate::world) fn crossed_by(&self, checker: CheckerId) -> Vec<Option<usize>> {
        let Some(from) = self.checkers.list[checker].zone.filter(|_| !self.table.is_empty()) else { return Vec::new() };
        let does_something = |place: &usize| self.qualities.get(*place).is_none_or(|quality| !quality.is_perfect());
        let zones = (0..self.regions.len()).map(ZoneId::from);
        let links = zones.flat_map(|zone| {
            let line = Parties::Check(checker);
            [self.on_way(line, Way::There, (from, zone)), self.on_way(line, Way::Back, (from, zone))]
        });
        links.map(|place| Some(place).filter(does_something)).collect()
    }
}

impl World<'_> {
    /// A check sets out to its instance.
    pub(in crate::world) fn send_check(&mut self, frame: FrameId) {
        let departure = self.transmit(frame, Message::Check);
        self.check_may_end(frame, &departure);
    }

    /// The answer of an instance sets out to its checker.
    pub(in crate::world) fn send_check_reply(&mut self, frame: FrameId, outcome: Outcome) {
        let departure = self.transmit(frame, Message::CheckReply(outcome as u8));
        self.check_may_end(frame, &departure);
    }

    /// A check has come to its instance over the network.
    pub(in crate::world) fn check_has_come(&mut self, frame: FrameId) {
        self.frames[frame].seq = 0;
        let departure = self.check_knocks(frame);
        self.check_may_end(frame, &departure);
    }

    fn check_may_end(&mut self, frame: FrameId, departure: &Departure) {
        if let Departure::Ends(outcome) = *departure {
            self.check_ends(frame, outcome);
        }
    }

    pub(super) fn check_departs(&mut self, frame: FrameId, fate: Fate) -> Departure {
        match fate.fails.what() {
            _ if fate.lost => self.check_vanishes(frame),
            Some(outcome) => Departure::Ends(outcome as u8),
            None if fate.is_on_its_way() => self.travels(frame, fate, Phase::CheckArriving),
            None => self.check_knocks(frame),
        }
    }

    /// No checker sees what is wrong in an answer.
    pub(super) fn check_reply_departs(&mut self, frame: FrameId, fate: Fate, outcome: u8) -> Departure {
        if fate.lost {
            return self.check_vanishes(frame);
        }
        let fails = fate.fails.what().filter(|_| outcome <= Outcome::Degraded as u8);
        let outcome = fails.map_or(outcome, |outcome| outcome as u8);
        if !fate.is_on_its_way() {
            return Departure::Ends(outcome);
        }
        self.frames[frame].outcome = outcome;
        self.travels(frame, fate, Phase::CheckReplying)
    }

    /// A check is at the door of its instance, and what is answered at once sets out.
    fn check_knocks(&mut self, frame: FrameId) -> Departure {
        match self.check_arrives(frame) {
            Some(outcome) => self.transmit(frame, Message::CheckReply(outcome as u8)),
            None => Departure::Away,
        }
    }

    pub(super) fn check_vanishes(&mut self, frame: FrameId) -> Departure {
        self.check_is_lost(frame);
        Departure::Away
    }
}
