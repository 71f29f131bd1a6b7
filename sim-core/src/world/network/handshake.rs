//! What a request waits for before it is sent: the address of its service, and a connection where none is open.

use super::ends::Way;
use super::message::{Departure, Message, Parties};
use super::resolve::Looked;
use super::wire::Network;
use crate::counters::count;
use crate::engine::rng::{Keyed, mix};
use crate::ids::ZoneId;
use crate::network;
use crate::network::tcp::Connections;
use crate::outcome::Outcome;
use crate::world::World;
use crate::world::frame::{FrameId, Phase, Waiter};

const SYN: u64 = 0x6a;

impl Network {
    /// Looks whether over any link requests open connections.
    pub(super) fn looks_for_new_connections(&mut self) {
        let opens = |tcp: &crate::network::tcp::Tcp| tcp.connections == Connections::New;
        self.opens = self.qualities.iter().any(|quality| quality.tcp.as_ref().is_some_and(opens));
    }
}

impl World<'_> {
    /// How long a message waits before it can be sent [ns]; as an error, after how long the caller knows that it cannot be.
    #[inline(always)]
    pub(super) fn is_ready_after(
        &mut self,
        frame: FrameId,
        line: (Parties, Option<ZoneId>),
        message: Message,
    ) -> Result<u64, u64> {
        let waits = message == Message::Request && (self.network.resolvers.are_struck() || self.network.opens);
        if waits { self.makes_ready(frame, line) } else { Ok(0) }
    }

    #[cold]
    #[inline(never)]
    fn makes_ready(&mut self, frame: FrameId, line: (Parties, Option<ZoneId>)) -> Result<u64, u64> {
        let mut waits_ns = 0;
        if self.network.resolvers.are_struck() {
            let zone = self.stations.zone_of(self.frames[frame].instance.known());
            match self.looks_name_up(frame, &self.network.ends(self.model, line.0, line.1, zone)) {
                Looked::Found(after_ns) => waits_ns = after_ns,
                Looked::Failed(after_ns) => return Err(after_ns),
            }
        }
        if self.network.opens {
            let opened = self.opens_connection(frame, line);
            return opened.map(|ns| waits_ns + ns).map_err(|ns| waits_ns + ns);
        }
        Ok(waits_ns)
    }

    /// How long a request waits for a connection [ns]; none, where its link keeps them open, or a pool has one.
    fn opens_connection(&mut self, frame: FrameId, line: (Parties, Option<ZoneId>)) -> Result<u64, u64> {
        let there = self.fate(frame, line, Way::There, None);
        let Some(tcp) = there.tcp.filter(|tcp| tcp.connections == Connections::New) else { return Ok(0) };
        let site = self.frames[frame].edge;
        if self.caller_of(frame).is_some_and(|caller| self.has_open_connection(caller, site)) {
            return Ok(0);
        }
        count!(self.calls.counts(site), network::HANDSHAKES);
        // The SYN and its answer take as long as the request and its answer will.
        let back = self.fate(frame, line, Way::Back, None);
        let comes_back = if back.lost { 0.0 } else { 1.0 - back.segment_loss.unwrap_or(0.0) };
        let loss = 1.0 - (1.0 - there.segment_loss.unwrap_or(0.0)) * comes_back;
        let mut draw = Keyed::new(mix(self.frames[frame].key, SYN));
        Ok(tcp.opens_after(loss, &mut draw)?.saturating_add(there.there).saturating_add(back.there))
    }

    /// The address and the connection of a request are there: it is sent, unless its caller has given up meanwhile.
    // Few models wait for an address or a connection: in line, all that a network does would stand in the loop of events.
    #[cold]
    #[inline(never)]
    pub(in crate::world) fn is_sent_at_last(&mut self, frame: FrameId) -> Option<FrameId> {
        let at = &mut self.frames[frame];
        at.seq = 0;
        let waiter = at.waiter;
        let is_wanted = waiter == Waiter::LOAD || waiter == Waiter::NOBODY || self.frames.waiting(waiter).is_some();
        if !is_wanted {
            self.lost(frame);
            return None;
        }
        let line = self.line(frame, Message::Request);
        match self.sets_out(frame, line, Message::Request) {
            Departure::Runs => Some(frame),
            Departure::Ends(outcome) => self.deliver(frame, outcome),
            Departure::Away => None,
        }
    }

    /// The caller learns that its request cannot be sent.
    pub(super) fn is_not_reached(&mut self, frame: FrameId, after_ns: u64) -> Departure {
        if after_ns == 0 {
            return Departure::Ends(Outcome::Unreachable as u8);
        }
        self.frames[frame].outcome = Outcome::Unreachable as u8;
        self.wakes_after(frame, after_ns, Phase::Replying);
        Departure::Away
    }
}
