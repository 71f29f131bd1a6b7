//! Network cards of machines: each message that comes to an instance with one passes its ring.
//!
//! A ring has to see messages in the order in which they arrive, so that it is asked when a message arrives, and not when it sets out: the frame wakes once at
//! the card, and once when its host has handled the last packet. What a card drops is sent again by the transport of its link, if that has one, over the
//! link as it is by then. Between two tries the frame sleeps in the phase in which it would have arrived, as a message does that waits for a timer of its
//! link ([`super::carry`]).
//!
//! A system without cards pays one test of a flag for a message, and one for a frame that wakes.

use super::ends::Way;
use super::message::{Line, Message};
use crate::counters::count;
use crate::deed::queues;
use crate::engine::rng::{Keyed, hash_name, mix};
use crate::engine::table::Id;
use crate::ids::{Caller, EdgeId, InstanceId, ServiceId, ZoneId};
use crate::model::Model;
use crate::network::tcp::{DUPLICATES, Tcp};
use crate::service::nic::{self, NicFault, ReceiveRing};
use crate::units::Count;
use crate::world::World;
use crate::world::frame::FrameId;

/// Keeps the draws of packets apart from those of messages, and those at the card from those on the link.
const AT_CARD: u64 = 0x66;
const ON_LINK: u64 = 0x67;
/// Of the stalls of hosts.
const STALLS: u64 = 0x68;

/// The network card of an instance, and what faults do to it.
struct Card {
    ring: ReceiveRing,
    fault: NicFault,
    /// Packets that it has dropped.
    dropped: u64,
}

/// A message that comes to a card, or what is left of it.
pub(super) struct Coming {
    /// For what its frame waits.
    seq: u64,
    message: Message,
    /// Whose card.
    at: InstanceId,
    /// Packets that come to the card; `None` is all of the message.
    packets: Option<u64>,
    /// Packets that were dropped, and are not on their way.
    missing: u64,
    /// Whether the missing packets are about to be sent again, and not at the card.
    sets_out: bool,
    /// How often it was sent.
    tries: u64,
    /// Timeouts since a packet was taken.
    timeouts: u32,
}

/// All network cards.
#[derive(Default)]
pub(in crate::world) struct Cards {
    /// By instance; empty where no machine has one.
    of: Vec<Option<Box<Card>>>,
    /// Call sites whose caller or callee has one.
    sites: Vec<bool>,
    /// By frame.
    coming: Vec<Option<Box<Coming>>>,
}

impl Cards {
    pub(super) fn new(model: &Model) -> Self {
        let has = |service: ServiceId| model.services[service.index()].nic.is_some();
        if !(0..model.services.len()).map(ServiceId::from).any(has) {
            return Self::default();
        }
        let meets = |edge: &crate::topology::Edge| {
            let caller = match edge.caller {
                Caller::Endpoint(endpoint) => has(model.endpoints[endpoint.index()].service),
                Caller::Load(_) | Caller::Queue(_) => false,
            };
            caller || has(model.endpoints[edge.callee.index()].service)
        };
        Self { sites: model.edges.iter().map(meets).collect(), ..Self::default() }
    }

    /// Whether any machine has a card.
    #[inline(always)]
    pub(super) fn are_any(&self) -> bool {
        !self.of.is_empty()
    }

    /// Whether messages of a call site come to any card.
    pub(super) fn are_met_by(&self, site: EdgeId) -> bool {
        self.sites.get(site.index()).is_some_and(|&meets| meets)
    }

    /// Whether what a frame wakes for is that its message has come to a card.
    #[inline(always)]
    pub(super) fn are_reached_by(&self, frame: FrameId, seq: u64) -> bool {
        !self.coming.is_empty() && matches!(self.coming.get(frame.index()), Some(Some(coming)) if coming.seq == seq)
    }

    /// What a frame brings to a card, where that is what it wakes for.
    pub(super) fn take(&mut self, frame: FrameId, seq: u64) -> Option<Box<Coming>> {
        if self.are_reached_by(frame, seq) { self.coming[frame.index()].take() } else { None }
    }

    /// A message comes to a card when its frame wakes.
    pub(super) fn expects(&mut self, frame: FrameId, seq: u64, (at, message): (InstanceId, Message)) {
        let (packets, missing, sets_out, tries, timeouts) = (None, 0, false, 0, 0);
        self.keeps(frame, Box::new(Coming { seq, message, at, packets, missing, sets_out, tries, timeouts }));
    }

    fn keeps(&mut self, frame: FrameId, coming: Box<Coming>) {
        if self.coming.len() <= frame.index() {
            self.coming.resize_with(frame.index() + 1, || None);
        }
        self.coming[frame.index()] = Some(coming);
    }

    fn of(&mut self, instance: InstanceId) -> Option<&mut Card> {
        self.of.get_mut(instance.place() as usize)?.as_deref_mut()
    }

    /// Packets that the card of an instance has dropped.
    pub(in crate::world) fn dropped(&self, instance: InstanceId) -> u64 {
        self.of.get(instance.place() as usize).and_then(Option::as_deref).map_or(0, |card| card.dropped)
    }

    /// The machine has crashed: its ring is empty.
    pub(in crate::world) fn forgets(&mut self, instance: InstanceId) {
        if let Some(card) = self.of(instance) {
            card.ring.forget();
        }
    }
}

impl World<'_> {
    /// Gives instances their cards.
    pub(in crate::world) fn lay_cards(&mut self) {
        if self.network.cards.sites.is_empty() {
            return;
        }
        let of_run = mix(self.seed, STALLS ^ (u64::from(self.replication) << 32));
        let card = |instance: InstanceId| {
            let settings = self.model.services[self.stations.service_of(instance).index()].nic.as_ref()?;
            let ring = ReceiveRing::new(settings, mix(hash_name(&self.label(instance)), of_run));
            Some(Box::new(Card { ring, fault: NicFault::default(), dropped: 0 }))
        };
        self.network.cards.of = self.stations.ids().map(card).collect();
    }

    /// The card to which a message is about to come. An answer to a caller that has ended comes to none, as nobody knows where that was.
    pub(super) fn card_ahead(&mut self, frame: FrameId, message: Message) -> Option<(InstanceId, Message)> {
        let instance = match message {
            Message::Request | Message::Delivery | Message::Check => self.frames[frame].instance.known(),
            Message::Reply(_) => match self.model.edges[self.frames[frame].edge.index()].caller {
                Caller::Endpoint(_) => self.frames[self.caller_of(frame)?].instance.get()?,
                Caller::Load(_) | Caller::Queue(_) => return None,
            },
            Message::CheckReply(_) => return None,
        };
        self.network.cards.of(instance).map(|_| (instance, message))
    }

    /// A message has come to a card, or what was dropped of it sets out again.
    pub(super) fn comes_to_card(&mut self, frame: FrameId, mut coming: Box<Coming>) {
        let (line, from) = self.line(frame, coming.message);
        let way = coming.message.way();
        let tcp = self.transport(frame, line, from, way);
        let bytes = match line {
            Line::Call(site) => self.size(site, way),
            Line::Check(_) => 0,
        };
        let (all, payload) = tcp.unwrap_or_default().segments(bytes);
        if coming.sets_out {
            self.sets_out_again(frame, coming, payload.min(bytes));
            return;
        }
        let packets = coming.packets.unwrap_or(u64::from(all));
        let key = mix(mix(self.frames[frame].key, AT_CARD ^ (way as u64) << 8), coming.tries);
        let now = self.now;
        let Some(card) = self.network.cards.of(coming.at) else { return };
        let (mut draw, loss) = (Keyed::new(key), card.fault.loss);
        let taken = card.ring.take(now, packets, payload.min(bytes), || loss > 0.0 && draw.unit() < loss);
        let dropped = packets - taken.packets;
        card.dropped += dropped;
        let service = self.stations.service_of(coming.at);
        count!(self.stations.counts(service), nic::DROPS, dropped);
        coming.missing += dropped;
        if coming.missing == 0 {
            let phase = self.frames[frame].phase;
            self.wakes_after(frame, taken.handled_at - now, phase);
            return;
        }
        let Some(tcp) = tcp else { return self.never_comes(frame, coming.message) };
        if taken.packets > 0 {
            coming.timeouts = 0;
        }
        let is_told = dropped == coming.missing && taken.after_last_drop >= u64::from(DUPLICATES);
        self.is_missed(frame, coming, &tcp, is_told);
    }

    /// Some of a message was dropped: its sender sends it again when later packets tell of it, or when its timer runs out.
    fn is_missed(&mut self, frame: FrameId, mut coming: Box<Coming>, tcp: &Tcp, is_told: bool) {
        let line = self.line(frame, coming.message);
        let there = self.fate(frame, line, coming.message.way()).delay;
        let after = if is_told {
            // Their acknowledgements take as long as the message did.
            there
        } else {
            // The timer runs from the moment at which the message set out.
            let timer = tcp.doubled(tcp.rto_min.ns().max(there.saturating_mul(2)), coming.timeouts);
            coming.timeouts += 1;
            timer.saturating_sub(there)
        };
        if coming.timeouts > tcp.retries {
            return self.never_comes(frame, coming.message);
        }
        coming.sets_out = true;
        self.waits_for_card(frame, coming, after);
    }

    /// What was dropped is sent again, over the link as it is now.
    fn sets_out_again(&mut self, frame: FrameId, mut coming: Box<Coming>, payload: u64) {
        let (line, from) = self.line(frame, coming.message);
        let way = coming.message.way();
        let Some(tcp) = self.transport(frame, line, from, way) else {
            return self.never_comes(frame, coming.message);
        };
        let fate = self.fate(frame, (line, from), way);
        let loss = fate.segment_loss.unwrap_or(0.0);
        coming.tries += 1;
        let mut draw = Keyed::new(mix(mix(self.frames[frame].key, ON_LINK ^ (way as u64) << 8), coming.tries));
        let lost = if loss > 0.0 { (0..coming.missing).filter(|_| draw.unit() < loss).count() as u64 } else { 0 };
        let bytes = coming.missing.saturating_mul(payload);
        let waits = self.sent_after(frame, (line, from), way, bytes);
        (coming.packets, coming.missing) = (Some(coming.missing - lost), lost);
        if coming.packets == Some(0) {
            return self.is_missed(frame, coming, &tcp, false);
        }
        coming.sets_out = false;
        self.waits_for_card(frame, coming, fate.delay.saturating_add(waits));
    }

    fn waits_for_card(&mut self, frame: FrameId, mut coming: Box<Coming>, after: u64) {
        let phase = self.frames[frame].phase;
        self.wakes_after(frame, after, phase);
        coming.seq = self.frames[frame].seq;
        self.network.cards.keeps(frame, coming);
    }

    /// What carries a message over its link.
    fn transport(&self, frame: FrameId, line: Line, from: Option<ZoneId>, way: Way) -> Option<Tcp> {
        let to = self.stations.zone_of(self.frames[frame].instance.known());
        let from = from.filter(|_| !self.network.table.is_empty())?;
        self.network.qualities[self.link_on_way(frame, line, way, (from, to)).place].tcp
    }

    /// How long so many bytes take until they are sent, behind those before them [ns].
    fn sent_after(&mut self, frame: FrameId, (line, from): (Line, Option<ZoneId>), way: Way, bytes: u64) -> u64 {
        let to = self.stations.zone_of(self.frames[frame].instance.known());
        let Some(from) = from.filter(|_| !self.network.table.is_empty()) else { return 0 };
        let place = self.link_on_way(frame, line, way, (from, to)).place;
        let ends = if way == Way::There { (from, to) } else { (to, from) };
        let now = self.now;
        let egress = self.network.carriage.egress(place, ends, &self.network.regions);
        egress.and_then(|egress| egress.put(now, bytes)).map_or(0, |sent| sent - now)
    }

    /// Faults do this to the card of an instance from now on.
    pub(in crate::world) fn set_nic_faults(&mut self, instance: InstanceId, fault: NicFault) {
        let service = self.stations.service_of(instance);
        let settings = self.in_force.services[service.index()].nic.as_ref();
        let Some((card, settings)) = self.network.cards.of(instance).zip(settings) else { return };
        // Who has set the ring while a fault holds has the last word until the fault ends.
        if fault.ring != card.fault.ring {
            let own = settings.ring.get_u32();
            card.ring.resize(fault.ring.map_or(own, |ring| ring.min(own)));
        }
        card.fault = fault;
    }

    /// The rings of a service have another number of places, also those that a fault has shrunk; or as many as before.
    pub(in crate::world) fn ring_changes(&mut self, service: ServiceId) {
        let Some(nic) = &self.in_force.services[service.index()].nic else { return };
        let is_as_before = self.model.services[service.index()].nic.as_ref().map(|nic| nic.ring) == Some(nic.ring);
        let own = nic.ring.get_u32();
        for instance in self.stations.ids().filter(|&instance| self.stations.service_of(instance) == service) {
            if let Some(card) = self.network.cards.of(instance) {
                let shrunk = card.fault.ring.filter(|_| is_as_before);
                card.ring.resize(shrunk.map_or(own, |ring| ring.min(own)));
            }
        }
    }

    /// More cores of an instance handle the packets of its card.
    pub(in crate::world) fn spread_interrupts(&mut self, instance: InstanceId, written: Option<Count>) {
        let service = &self.model.services[self.stations.service_of(instance).index()];
        let now = self.now;
        if let (Some(card), Some(nic)) = (self.network.cards.of(instance), &service.nic) {
            card.ring.spread(now, nic, queues(service, written));
        }
    }
}
