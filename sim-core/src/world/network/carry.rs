//! Links with a bandwidth, a buffer or a transport: how long a message takes to be sent, and what is sent again.
//!
//! All of it is known when a message sets out, up to the first time at which nothing but a timer tells that a segment was lost. Until that timer runs
//! out the message stalls: its frame sleeps in the phase in which it would have arrived, and what is left to be sent waits here for it. Then it goes
//! on over the link as it is by then, so that a message that met a partition arrives after it. Over a link with a buffer its frame wakes for each
//! acknowledgement as well, since what finds room is known as it is sent.
//!
//! A message without a size takes no bandwidth and does not wait. A health check takes no bandwidth either, but waits for the messages before it.

use super::carriage::{Load, Stalled};
use super::fate::Fate;
use super::message::Message;
use super::wire::Network;
use crate::counters::count;
use crate::network;
use crate::world::World;
use crate::world::frame::FrameId;

impl Network {
    /// Whether what a frame wakes for is a timer of the transport, or its message has come to a network card.
    #[inline(always)]
    pub(in crate::world) fn is_stalled(&self, frame: FrameId, seq: u64) -> bool {
        self.carriage.is_stalled(frame, seq) || self.cards.are_reached_by(frame, seq)
    }
}

impl World<'_> {
    /// A message crosses its link, or what is left of it does. How many bytes of it were sent.
    pub(super) fn carry(
        &mut self,
        bytes: u64,
        message: Message,
        frame: FrameId,
        fate: &mut Fate,
        goes_on: Option<Box<Stalled>>,
    ) -> u64 {
        // A load class without a zone stands nowhere, and no link leads to it.
        let Some((place, ends)) = fate.link else { return bytes };
        let mut egress = self.network.carriage.egress(place, ends, &self.network.regions);
        let is_measured = self.network.meters.are_any();
        if is_measured {
            self.network.meters.advances(place, egress.as_deref(), self.now);
        }
        egress = egress.filter(|_| bytes > 0 || message.is_check());
        match (fate.tcp, egress) {
            (Some(tcp), egress) => {
                let key = self.frames[frame].key;
                let loss = fate.segment_loss.unwrap_or(0.0);
                let load = Load { now: self.now, bytes, key, message, delay: fate.delay, loss };
                let mut crossed = super::carriage::crosses(&tcp, egress, &load, goes_on);
                (fate.delay, fate.stalled) = (crossed.delay, crossed.stalled.take());
                fate.lost |= crossed.is_given_up;
                if is_measured && !message.is_check() {
                    self.network.meters.crosses(place, &crossed);
                }
                if crossed.seen.is_noted() && !message.is_check() {
                    let counts = self.calls.counts(self.frames[frame].edge);
                    count!(counts, network::SEGMENTS_DROPPED, crossed.seen.dropped);
                    count!(counts, network::TRANSPORT_TIMEOUTS, u64::from(crossed.seen.timed_out));
                }
                return crossed.sent;
            }
            (None, egress) => {
                let sent = match egress {
                    Some(egress) => egress.put(self.now, bytes),
                    None => Some(self.now),
                };
                match sent {
                    Some(sent) => fate.delay = fate.delay.saturating_add(sent - self.now),
                    None => {
                        fate.lost = true;
                        if !message.is_check() {
                            count!(self.calls.counts(self.frames[frame].edge), network::DROPPED);
                        }
                    }
                }
                if is_measured && !message.is_check() {
                    self.network.meters.sends(place, sent.map(|_| bytes));
                }
            }
        }
        bytes
    }

    /// The timer of a message has run out, and what counts as lost is sent again; or acknowledgements are back, and more of it is sent. A fault that
    /// lets calls fail has struck it as it set out, or not; it is no second call.
    #[cold]
    pub(in crate::world) fn sends_on(&mut self, frame: FrameId) {
        if let Some(coming) = self.network.cards.take(frame, self.frames[frame].seq) {
            self.comes_to_card(frame, coming);
            return;
        }
        let Some(mut stalled) = self.network.carriage.take(frame) else { return };
        let message = stalled.message;
        let line = self.line(frame, message);
        let mut fate = self.fate(frame, line, message.way(), Some(stalled.tcp));
        if self.network.cards.are_any() {
            fate.card = self.card_ahead(frame, message);
        }
        let (measured, begun) = (self.measured_on(&fate, message), stalled.begun);
        let shares_a_buffer = stalled.shares_a_buffer();
        let goes_on = shares_a_buffer || self.timer_runs_out(frame, &mut stalled);
        if let Some(place) = measured.filter(|_| !shares_a_buffer) {
            self.network.meters.times_out(place);
        }
        if goes_on {
            let bytes = self.bytes(frame, message);
            let sent = self.carry(bytes, message, frame, &mut fate, Some(stalled));
            fate.delay = fate.delay.saturating_add(self.is_sent_after(frame, line, message, sent));
        } else {
            fate.lost = true;
        }
        if let Some(place) = measured {
            self.has_set_out(place, &fate, begun, 0);
        }
        if fate.lost {
            self.never_comes(frame, message);
        } else {
            let phase = self.frames[frame].phase;
            self.travels(frame, fate, phase);
        }
    }

    /// The timer of a message runs out; `false` where that is given up.
    fn timer_runs_out(&mut self, frame: FrameId, stalled: &mut Stalled) -> bool {
        if !stalled.message.is_check() {
            count!(self.calls.counts(self.frames[frame].edge), network::TRANSPORT_TIMEOUTS);
        }
        stalled.times_out()
    }

    /// A message that was on its way is lost.
    pub(super) fn never_comes(&mut self, frame: FrameId, message: Message) {
        match message {
            Message::Check | Message::CheckReply(_) => drop(self.check_vanishes(frame)),
            // Its consumer has kept a worker for it from the moment at which it set out.
            Message::Delivery => self.gone(frame),
            Message::Request | Message::Reply(_) => drop(self.lost(frame)),
        }
    }
}
