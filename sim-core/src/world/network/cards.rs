//! Network cards of machines: each message that comes to an instance with one passes its ring.
//!
//! A ring has to see messages in the order in which they arrive, so that it is asked when a message arrives, and not when it sets out: the frame
//! wakes once at the card, and once when its host has handled the last packet. What a card drops is sent again by the transport of its link, if that
//! has one, over the link as it is by then. Between two tries the frame sleeps in the phase in which it would have arrived, as a message does that
//! waits for a timer of its link ([`super::carry`]).
//!
//! The host of a frozen instance handles nothing. Messages that wake to be handled meanwhile are held at their card until it goes on. The card of an
//! instance that is down is passed by: what its door says then is what callers see.
//!
//! A system without cards pays one test of a flag for a message, and one for a frame that wakes.

use super::message::Message;
use crate::counters::count;
use crate::deed::queues;
use crate::engine::rng::{Keyed, hash_name, mix};
use crate::engine::table::Id;
use crate::faults::FaultEffect;
use crate::ids::{Caller, EdgeId, InstanceId, ServiceId};
use crate::model::Model;
use crate::network::egress::FOREVER_NS;
use crate::network::tcp::{DUPLICATES, Tcp};
use crate::service::nic::{self, NicFault, NicSettings, ReceiveRing};
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
    /// Since when its host stands still [ns].
    frozen_since: Option<u64>,
    /// How long its host has stood still before [ns].
    stood_ns: u64,
    /// Messages in the ring that would have been handled while the host stands still, and what is left of their time [ns].
    held: Vec<(FrameId, Box<Coming>, u64)>,
}

impl Card {
    fn new(settings: &NicSettings, key: u64) -> Self {
        let ring = ReceiveRing::new(settings, key);
        Self { ring, fault: NicFault::default(), dropped: 0, frozen_since: None, stood_ns: 0, held: Vec::new() }
    }

    /// How long its host has stood still until now [ns].
    fn stood(&self, now: u64) -> u64 {
        self.stood_ns + self.frozen_since.map_or(0, |since| now - since)
    }
}

/// What is next for a message that comes to a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// It comes to the card.
    Comes,
    /// Packets that were dropped are about to be sent again.
    SetsOut,
    /// The host has handled its last packet, unless it stood still for longer than this since the start [ns].
    IsHandled(u64),
}

/// A message that comes to a card, or what is left of it.
pub(super) struct Coming {
    /// For what its frame waits.
    seq: u64,
    message: Message,
    /// Whose card.
    at: InstanceId,
    /// The transport with which it set out.
    tcp: Option<Tcp>,
    /// How long its last try was on the way [ns].
    there: u64,
    /// Packets that come to the card; `None` is all of the message.
    packets: Option<u64>,
    /// Packets that were dropped, and are not on their way.
    missing: u64,
    next: Next,
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
    /// Whether any fault freezes instances.
    may_freeze: bool,
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
                Caller::Load(_) | Caller::Queue(_) | Caller::Scaler(_) => false,
            };
            caller || has(model.endpoints[edge.callee.index()].service)
        };
        let may_freeze = model.faults.iter().any(|fault| matches!(fault.effect, FaultEffect::Freeze));
        Self { sites: model.edges.iter().map(meets).collect(), may_freeze, ..Self::default() }
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

    /// Whether what a frame wakes for is that its message has come to a card, or would have been handled if the host had not stood still.
    #[inline(always)]
    pub(super) fn are_reached_by(&self, frame: FrameId, seq: u64) -> bool {
        !self.coming.is_empty()
            && matches!(self.coming.get(frame.index()), Some(Some(coming)) if coming.seq == seq && self.is_next(coming))
    }

    fn is_next(&self, coming: &Coming) -> bool {
        match (coming.next, &self.of[coming.at.place() as usize]) {
            (Next::IsHandled(stood), Some(card)) => card.frozen_since.is_some() || card.stood_ns != stood,
            _ => true,
        }
    }

    /// What a frame brings to a card, where that is what it wakes for.
    pub(super) fn take(&mut self, frame: FrameId, seq: u64) -> Option<Box<Coming>> {
        if self.are_reached_by(frame, seq) { self.coming[frame.index()].take() } else { None }
    }

    /// A message comes to a card when its frame wakes; by which transport, and after how long on its way.
    pub(super) fn expects(
        &mut self,
        frame: FrameId,
        seq: u64,
        (at, message): (InstanceId, Message),
        (tcp, there): (Option<Tcp>, u64),
    ) {
        let (packets, missing, next, tries, timeouts) = (None, 0, Next::Comes, 0, 0);
        self.keeps(frame, Box::new(Coming { seq, message, at, tcp, there, packets, missing, next, tries, timeouts }));
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
}

impl World<'_> {
    /// Gives instances their cards.
    pub(in crate::world) fn lay_cards(&mut self) {
        if self.network.cards.sites.is_empty() {
            return;
        }
        self.network.cards.of = self.stations.ids().map(|_| None).collect();
        self.stations.ids().for_each(|instance| self.lay_card(instance));
    }

    /// The machine of an instance has a new card. What faults do to the instance they do to this one, and what was counted of it goes on.
    pub(in crate::world) fn lay_card(&mut self, instance: InstanceId) {
        let service = self.stations.service_of(instance);
        let Some(settings) = self.in_force.services[service.index()].nic.as_ref() else { return };
        let of_run = mix(self.seed, STALLS ^ (u64::from(self.replication) << 32));
        let mut card = Box::new(Card::new(settings, mix(hash_name(&self.label(instance)), of_run)));
        let place = instance.place() as usize;
        if let Some(old) = self.network.cards.of[place].take() {
            (card.fault, card.dropped) = (old.fault, old.dropped);
            (card.frozen_since, card.stood_ns) = (old.frozen_since, old.stood_ns);
            card.ring.follows(&old.ring, self.now);
            card.ring.resize(card.fault.ring_of(settings.ring.get_u32()));
        }
        self.network.cards.of[place] = Some(card);
    }

    /// The machine has crashed: its ring is empty. Messages that were held in it go to its door.
    pub(in crate::world) fn card_forgets(&mut self, instance: InstanceId) {
        let Some(card) = self.network.cards.of(instance) else { return };
        card.ring.forget();
        for (frame, coming, _) in std::mem::take(&mut card.held) {
            if self.frames.waits_for(frame, coming.seq) {
                let phase = self.frames[frame].phase;
                self.wakes_after(frame, 0, phase);
            }
        }
    }

    /// The host of an instance stands still from now on, or goes on.
    pub(in crate::world) fn set_frozen(&mut self, instance: InstanceId, frozen: bool) {
        let now = self.now;
        let Some(card) = self.network.cards.of(instance) else { return };
        if frozen {
            card.frozen_since.get_or_insert(now);
            return card.ring.freezes(now);
        }
        let Some(since) = card.frozen_since.take() else { return };
        card.stood_ns += now - since;
        card.ring.thaws(now);
        let stood_ns = card.stood_ns;
        for (frame, mut coming, left) in std::mem::take(&mut card.held) {
            // The frame may have ended meanwhile, and be another's.
            if self.frames.waits_for(frame, coming.seq) {
                coming.next = Next::IsHandled(stood_ns);
                self.waits_for_card(frame, coming, left);
            }
        }
    }

    /// The card to which a message is about to come. An answer to a caller that has ended comes to none, as nobody knows where that was.
    pub(super) fn card_ahead(&mut self, frame: FrameId, message: Message) -> Option<(InstanceId, Message)> {
        let instance = match message {
            Message::Request | Message::Delivery | Message::Check => self.frames[frame].instance.known(),
            Message::Reply(_) => match self.model.edges[self.frames[frame].edge.index()].caller {
                Caller::Endpoint(_) => self.frames[self.caller_of(frame)?].instance.get()?,
                Caller::Load(_) | Caller::Queue(_) | Caller::Scaler(_) => return None,
            },
            Message::CheckReply(_) => return None,
        };
        self.network.cards.of(instance).map(|_| (instance, message))
    }

    /// A message has come to a card, has been handled, or what was dropped of it sets out again.
    pub(super) fn comes_to_card(&mut self, frame: FrameId, coming: Box<Coming>) {
        let payload = coming.tcp.unwrap_or_default().segments(self.bytes(frame, coming.message));
        match coming.next {
            Next::SetsOut => self.sets_out_again(frame, coming, payload.1),
            _ if self.stations.life_of(coming.at).is_none() => {
                // No machine, no card.
                let phase = self.frames[frame].phase;
                self.wakes_after(frame, 0, phase);
            }
            Next::Comes => self.enters_ring(frame, coming, payload),
            Next::IsHandled(stood) => self.is_late(frame, coming, stood),
        }
    }

    /// So many segments of so many bytes come to the ring of a card, or what is left of them.
    fn enters_ring(&mut self, frame: FrameId, mut coming: Box<Coming>, (all, payload): (u32, u64)) {
        let packets = coming.packets.unwrap_or(u64::from(all));
        let way = coming.message.way();
        let key = mix(mix(self.frames[frame].key, AT_CARD ^ (way as u64) << 8), coming.tries);
        let bytes = payload.min(self.bytes(frame, coming.message));
        let (now, may_freeze) = (self.now, self.network.cards.may_freeze);
        let card = self.network.cards.of(coming.at).expect("messages come to instances with a card");
        let (mut draw, loss) = (Keyed::new(key), card.fault.loss);
        let taken = card.ring.take(now, packets, bytes, || loss > 0.0 && draw.unit() < loss);
        let dropped = packets - taken.packets;
        card.dropped += dropped;
        coming.missing += dropped;
        if dropped > 0 {
            let service = self.stations.service_of(coming.at);
            count!(self.stations.counts(service), nic::DROPS, dropped);
        }
        if coming.missing > 0 {
            let Some(tcp) = coming.tcp else { return self.never_comes(frame, coming.message) };
            if taken.packets > 0 {
                coming.timeouts = 0;
            }
            let is_told = dropped == coming.missing && taken.after_last_drop >= u64::from(DUPLICATES);
            return self.is_missed(frame, coming, &tcp, is_told);
        }
        if !may_freeze {
            let phase = self.frames[frame].phase;
            self.wakes_after(frame, taken.handled_at - now, phase);
        } else if let Some(since) = card.frozen_since {
            self.is_held(frame, coming, taken.handled_at - since);
        } else {
            coming.next = Next::IsHandled(card.stood_ns);
            self.waits_for_card(frame, coming, taken.handled_at - now);
        }
    }

    /// A message would have been handled now if its host had not stood still, for longer than so long since the start [ns].
    fn is_late(&mut self, frame: FrameId, mut coming: Box<Coming>, stood: u64) {
        let now = self.now;
        let card = self.network.cards.of(coming.at).expect("messages come to instances with a card");
        let left = card.stood(now) - stood;
        if card.frozen_since.is_some() {
            return self.is_held(frame, coming, left);
        }
        coming.next = Next::IsHandled(card.stood_ns);
        self.waits_for_card(frame, coming, left);
    }

    /// A message is held at a card whose host stands still; so much of its time is left [ns].
    fn is_held(&mut self, frame: FrameId, mut coming: Box<Coming>, left: u64) {
        let phase = self.frames[frame].phase;
        self.wakes_after(frame, FOREVER_NS - self.now.min(FOREVER_NS), phase);
        coming.seq = self.frames[frame].seq;
        if let Some(card) = self.network.cards.of(coming.at) {
            card.held.push((frame, coming, left));
        }
    }

    /// Some of a message was dropped: its sender sends it again when later packets tell of it, or when its timer runs out.
    fn is_missed(&mut self, frame: FrameId, mut coming: Box<Coming>, tcp: &Tcp, is_told: bool) {
        let there = coming.there;
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
        coming.next = Next::SetsOut;
        self.waits_for_card(frame, coming, after);
    }

    /// What was dropped is sent again, over the link as it is now.
    fn sets_out_again(&mut self, frame: FrameId, mut coming: Box<Coming>, payload: u64) {
        let Some(tcp) = coming.tcp else { return self.never_comes(frame, coming.message) };
        let (message, now) = (coming.message, self.now);
        let line = self.line(frame, message);
        let fate = self.fate(frame, line, message.way(), Some(tcp));
        let loss = fate.segment_loss.unwrap_or(0.0);
        coming.tries += 1;
        let key = mix(self.frames[frame].key, ON_LINK ^ (message.way() as u64) << 8);
        let mut draw = Keyed::new(mix(key, coming.tries));
        let lost = if loss > 0.0 { (0..coming.missing).filter(|_| draw.unit() < loss).count() as u64 } else { 0 };
        let bytes = coming.missing.saturating_mul(payload.min(self.bytes(frame, message)));
        let egress = fate.link.and_then(|(place, ends)| {
            self.network.carriage.egress(place, ends, &self.network.regions)?.put(now, bytes).map(|sent| sent - now)
        });
        let waits = egress.unwrap_or(0).saturating_add(self.is_sent_after(frame, line, message, bytes));
        coming.there = fate.there;
        (coming.packets, coming.missing) = (Some(coming.missing - lost), lost);
        if coming.packets == Some(0) {
            return self.is_missed(frame, coming, &tcp, false);
        }
        coming.next = Next::Comes;
        self.waits_for_card(frame, coming, fate.delay.saturating_add(waits));
    }

    fn waits_for_card(&mut self, frame: FrameId, mut coming: Box<Coming>, after: u64) {
        let phase = self.frames[frame].phase;
        self.wakes_after(frame, after.min(FOREVER_NS), phase);
        coming.seq = self.frames[frame].seq;
        self.network.cards.keeps(frame, coming);
    }

    /// Faults do this to the card of an instance from now on.
    pub(in crate::world) fn set_nic_faults(&mut self, instance: InstanceId, fault: NicFault) {
        let service = self.stations.service_of(instance);
        let settings = self.in_force.services[service.index()].nic.as_ref();
        let Some((card, settings)) = self.network.cards.of(instance).zip(settings) else { return };
        // Who has set the ring while a fault holds has the last word until the fault ends.
        if fault.ring != card.fault.ring {
            card.ring.resize(fault.ring_of(settings.ring.get_u32()));
        }
        card.fault = fault;
    }

    /// The rings of a service have another number of places. What somebody sets holds for those too that a fault has shrunk; what is taken back does
    /// not.
    pub(in crate::world) fn ring_changes(&mut self, service: ServiceId, is_set: bool) {
        let Some(nic) = &self.in_force.services[service.index()].nic else { return };
        let own = nic.ring.get_u32();
        for instance in self.stations.ids().filter(|&instance| self.stations.service_of(instance) == service) {
            if let Some(card) = self.network.cards.of(instance) {
                card.ring.resize(if is_set { own } else { card.fault.ring_of(own) });
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
