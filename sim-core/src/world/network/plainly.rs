//! Sends messages to which nothing happens but that time passes ([`super::undisturbed`]).

use super::ends::Way;
use super::message::{Departure, Message, Parties};
use super::undisturbed::Sender;
use super::wire::Network;
use crate::engine::table::Id;
use crate::ids::ZoneId;
use crate::world::frame::{FrameId, Phase};
use crate::world::{LANE, WAKE, World};

impl Network {
    /// Whether nothing happens to messages but what links always do.
    #[inline(always)]
    fn is_undisturbed(&self) -> bool {
        self.faults.is_empty()
            && !self.table.is_empty()
            && !self.cards.are_any()
            && !self.opens
            && !self.resolvers.are_struck()
    }
}

impl World<'_> {
    /// Sends a message to which nothing happens but that time passes; `None` where more may happen, and nothing has been done.
    #[inline(always)]
    pub(super) fn is_plainly_sent(&mut self, frame: FrameId, message: Message) -> Option<Departure> {
        let way = match message {
            Message::Request => Way::There,
            Message::Reply(_) => Way::Back,
            Message::Delivery | Message::Check | Message::CheckReply(_) => return None,
        };
        if !self.network.is_undisturbed() {
            return None;
        }
        let at = &self.frames[frame];
        let (edge, waiter, instance) = (at.edge, at.waiter, at.instance.get()?);
        let site = self.network.undisturbed.sites[edge];
        let caller = match site.sender {
            Sender::Zone(_) => None,
            Sender::Instance => Some(self.frames.waiting(waiter)?),
            Sender::Other => return None,
        };
        let zones = if self.network.regions.len() == 1 {
            (ZoneId::from(0), ZoneId::from(0))
        } else {
            let from = match (site.sender, caller) {
                (Sender::Zone(zone), _) => zone,
                (_, Some(caller)) => self.stations.zone_of(self.frames[caller].instance.get()?),
                _ => return None,
            };
            (from, self.stations.zone_of(instance))
        };
        let place = self.network.on_way(Parties::Call(edge), way, zones);
        // What takes a route has no quality at its place.
        let latency_ns = self.network.qualities.get(place)?.always_ns?;
        let bytes = site.bytes[way as usize];
        if bytes > 0 {
            self.count_bytes_between(edge, bytes, zones);
        }
        let delay = latency_ns.saturating_add(self.network.leaves_after(place, way, zones, bytes, self.now));
        if let Some(link) = self.network.meters.counts_on(place) {
            self.crosses_plainly(link, delay, bytes);
        }
        Some(match message {
            Message::Reply(outcome) if delay == 0 => Departure::Ends(outcome),
            _ if delay == 0 => self.knocks(frame),
            Message::Reply(outcome) => {
                self.frames[frame].outcome = outcome;
                self.waits_in_lane(frame, place, delay, Phase::Replying)
            }
            _ => self.waits_in_lane(frame, place, delay, Phase::Arriving),
        })
    }

    /// A message is on its way over a link for so long [ns].
    #[inline(always)]
    fn waits_in_lane(&mut self, frame: FrameId, place: usize, delay: u64, phase: Phase) -> Departure {
        let delay = delay.min(crate::network::egress::FOREVER_NS);
        let (lane, at, frames) = (self.network.undisturbed.lanes[place], self.now + delay, &self.frames);
        let seq = self
            .lanes
            .push_at(&mut self.calendar, lane, at, (LANE, WAKE), frame.place(), |index, seq| frames.wanted(index, seq));
        let at = &mut self.frames[frame];
        at.seq = seq;
        at.phase = phase;
        Departure::Away
    }
}

impl Network {
    /// After how long so many bytes have left over a link that has a bandwidth and no buffer [ns].
    #[inline(always)]
    fn leaves_after(
        &mut self,
        place: usize,
        way: Way,
        (caller, callee): (ZoneId, ZoneId),
        bytes: u64,
        now: u64,
    ) -> u64 {
        if bytes == 0 || !self.carriage.carries() {
            return 0;
        }
        let ends = if way == Way::There { (caller, callee) } else { (callee, caller) };
        let Some(egress) = self.carriage.egress(place, ends, &self.regions) else { return 0 };
        self.meters.advances(place, Some(egress), now);
        egress.put(now, bytes).map_or(0, |sent| sent - now)
    }
}
