//! The network between caller and callee: latency, loss, partitions, and what faults do to messages on an edge.
//!
//! Requests, deliveries of queues, health checks and the replies to all of them go through one function, [`World::transmit`]. Every message has a
//! way, there or back, and all that names two places is asked for that way: a link or a fault from b to a is met by replies of calls from a to b.
//! Deliveries from queues are calls of the queue, in its zone; a health check is a call of its checker (`stations/checkers`), and asks for no
//! endpoint. A call site without latency, loss, sizes or an active fault never comes here. Latencies are drawn from the attempt's key.
//!
//! Left out here: what copies of stores send each other ([`super::streams`]), and other messages that are no frames ([`super::within`]).

use super::cards::Cards;
use super::carriage::Carriage;
use super::ends::{Ends, Way};
use super::fate::Fate;
use super::message::{Departure, Message, Parties};
use super::meters::Meters;
use super::probing::Probing;
use super::resolve::Resolvers;
use super::routes::{OnWay, Routes};
use super::undisturbed::Undisturbed;
use crate::dist::Sampler;
use crate::engine::calendar::Lanes;
use crate::engine::math::whole_ns;
use crate::engine::rng::{Keyed, mix};
use crate::engine::table::Id;
use crate::faults::FaultEffect;
use crate::ids::{Caller, EdgeId, FaultId, InstanceId, Location, RegionId, ZoneId};
use crate::model::Model;
use crate::network::LinkQuality;
use crate::network::egress::{Egress, FOREVER_NS};
use crate::network::tcp::Tcp;
use crate::outcome::Outcome;
use crate::world::World;
use crate::world::frame::{FrameId, Phase};
use crate::world::stations::{Checkers, Door};

const THERE: u64 = 0x61;
const BACK: u64 = 0x62;
/// Of the hash of flows.
pub(super) const FLOW: u64 = 0x69;

/// What a link does to a message.
pub(super) struct Quality {
    pub(super) latency: Sampler,
    pub(super) loss: f64,
    pub(super) tcp: Option<Tcp>,
    /// How long every message is on the way, where that is the same for all, and nothing else ever happens to one [ns].
    pub(super) always_ns: Option<u64>,
    /// It has no bandwidth.
    is_bare: bool,
}

/// A fault that is active on messages.
#[derive(Debug, Clone)]
pub(in crate::world) struct EdgeFault {
    /// The fault, by its place in the file.
    pub fault: FaultId,
    /// Which strike it belongs to.
    pub strike: u32,
    pub from: Option<Location>,
    pub to: Option<Location>,
    pub both_ways: bool,
    /// Only calls of these instances; `None` is of any.
    pub only: Option<Vec<InstanceId>>,
    pub effect: EdgeEffect,
    /// How far it has grown in, above 0 to 1: of what it adds, so much is added.
    pub grown: f64,
    /// Through which messages are sent while it limits what goes through, there and back.
    pub egresses: Option<[Egress; 2]>,
}

/// What an active fault does to messages, at a probability.
#[derive(Debug, Clone, Copy)]
pub(in crate::world) enum EdgeEffect {
    /// Holds them up.
    Delay(f64),
    /// The call ends with this outcome.
    Fail(f64, Outcome),
    /// They vanish.
    Loss(f64),
    /// Replies look ok and are wrong; the kind.
    Wrong(f64, u8),
    /// They are sent one after the other.
    Bandwidth,
}

impl EdgeFault {
    /// Whether it strikes a message that travels so between these ends.
    fn strikes(&self, ends: &Ends, instance: InstanceId, way: Way) -> bool {
        if self.only.as_ref().is_some_and(|only| !only.contains(&instance)) {
            return false;
        }
        let goes = |way| self.goes(ends, way);
        match self.effect {
            // A call to an instance is held up once.
            EdgeEffect::Delay(_) if self.only.is_some() => way == Way::There,
            EdgeEffect::Delay(_) | EdgeEffect::Loss(_) | EdgeEffect::Bandwidth => goes(way),
            // A call fails once: on its way there, or where the fault names the way of its reply, on that.
            EdgeEffect::Fail(..) if way == Way::There => goes(Way::There),
            EdgeEffect::Fail(..) => self.is_of_replies(ends),
            EdgeEffect::Wrong(..) => way == Way::Back && (goes(Way::There) || self.is_of_replies(ends)),
        }
    }

    /// Whether it names the way of a message between these ends.
    pub(super) fn goes(&self, ends: &Ends, way: Way) -> bool {
        ends.go(way, self.from, self.to) || (self.both_ways && ends.go(way, self.to, self.from))
    }

    /// Whether it names both ends of the way of this call's reply, and not that of its request.
    fn is_of_replies(&self, ends: &Ends) -> bool {
        let is_one_way = !self.both_ways && self.from.is_some() && self.to.is_some();
        is_one_way && ends.go(Way::Back, self.from, self.to) && !ends.go(Way::There, self.from, self.to)
    }
}

/// All links.
#[derive(Default)]
pub(in crate::world) struct Network {
    /// Of the three distances, then of each named link in both directions.
    pub(super) qualities: Vec<Quality>,
    pub(super) carriage: Carriage,
    /// What messages need to which nothing else happens but that time passes.
    pub(super) undisturbed: Undisturbed,
    /// Network cards of machines.
    pub(in crate::world) cards: Cards,
    /// Which links messages take where there are several.
    pub(super) routes: Routes,
    /// What named links carry.
    pub(super) meters: Meters,
    pub(super) probing: Probing,
    /// Quality by call site, way, caller's zone and callee's zone, and behind them the same of checkers; empty where no link does anything.
    pub(super) table: Vec<u16>,
    zones: usize,
    /// How many call sites there are.
    sites: usize,
    pub(super) checkers: Checkers,
    /// Active faults on messages, in the order of the file, so that draws do not depend on which began first.
    pub(super) faults: Vec<EdgeFault>,
    /// Delay that each fault adds; `None` for all other kinds.
    pub(super) delays: Vec<Option<Sampler>>,
    pub(super) regions: Vec<RegionId>,
    /// Whether any active fault limits what goes through.
    is_limited: bool,
    /// Faults on the names of services.
    pub(super) resolvers: Resolvers,
    /// Whether over any link requests open connections.
    pub(super) opens: bool,
}

impl Network {
    pub(in crate::world) fn new(model: &Model, lanes: &mut Lanes) -> Self {
        let network = &model.network;
        let mut wires = Self {
            undisturbed: Undisturbed::new(model, lanes),
            zones: model.zones.len(),
            sites: model.edges.len(),
            checkers: Checkers::new(model),
            cards: Cards::new(model),
            routes: Routes::new(model),
            meters: Meters::new(model),
            regions: model.zones.iter().map(|z| z.region).collect(),
            delays: model.faults.iter().map(|fault| delay(&fault.effect)).collect(),
            ..Self::default()
        };
        let three = [&network.within_zone, &network.between_zones, &network.between_regions];
        let named = network.links.iter().flat_map(|link| [&link.quality; 2]);
        for (place, quality) in three.into_iter().chain(named).enumerate() {
            wires.qualities.push(Quality::of(quality));
            wires.carriage.changes(place, quality, wires.zones, 0);
        }
        wires.looks_for_new_connections();
        wires.fill(model);
        wires
    }

    /// Fills the table, where any link does something.
    fn fill(&mut self, model: &Model) {
        if !self.table.is_empty() || self.routes.are_none() && self.qualities.iter().all(Quality::is_perfect) {
            return;
        }
        let sites = (0..self.sites).map(|site| Parties::Call(EdgeId::from(site)));
        let lines: Vec<Parties> = sites.chain(self.checkers.list.ids().map(Parties::Check)).collect();
        for line in lines {
            for way in Way::BOTH {
                for from in 0..self.zones {
                    for to in 0..self.zones {
                        let ends = self.ends(model, line, Some(ZoneId::from(from)), ZoneId::from(to));
                        self.table.push(self.quality_between(model, &ends, way, (from, to)));
                    }
                }
            }
        }
    }

    /// A distance or a named link does this to messages that set out from now on.
    pub(in crate::world) fn link_changes(&mut self, model: &Model, place: usize, quality: &LinkQuality, now: u64) {
        let both = |link: usize| 3 + 2 * link..5 + 2 * link;
        for place in place.checked_sub(3).map_or(place..place + 1, both) {
            self.qualities[place] = Quality::of(quality);
            self.carriage.changes(place, quality, self.zones, now);
        }
        self.looks_for_new_connections();
        self.fill(model);
    }

    /// The ends of a line, where its caller and its callee stand in these zones.
    pub(super) fn ends(&self, model: &Model, line: Parties, from: Option<ZoneId>, to: ZoneId) -> Ends {
        match line {
            Parties::Call(site) => Ends::of(model, &model.edges[site.index()], from, to, &self.regions),
            Parties::Check(checker) => Ends::of_check(&self.checkers.list[checker], to, &self.regions),
        }
    }

    /// The quality of a message between the caller's and the callee's zone: of a route, the first named link that goes this way, or of the
    /// distance.
    pub(super) fn quality_between(
        &self,
        model: &Model,
        ends: &Ends,
        way: Way,
        (caller, callee): (usize, usize),
    ) -> u16 {
        if let Some(routed) = self.routes.between(model, ends, way) {
            return routed;
        }
        let named = model.network.links.iter().enumerate().find_map(|(place, link)| {
            let (from, to) = (Some(link.from), Some(link.to));
            let goes = [ends.go(way, from, to), link.both_ways && ends.go(way, to, from)];
            goes.iter().position(|&goes| goes).map(|direction| 3 + 2 * place + direction)
        });
        match named {
            Some(place) => place as u16,
            None if caller == callee => 0,
            None if self.regions[caller] == self.regions[callee] => 1,
            None => 2,
        }
    }

    /// Whether a call site ever crosses a link that does something.
    pub(in crate::world) fn matters(&self, site: EdgeId) -> bool {
        let n = 2 * self.zones * self.zones;
        let row = site.index();
        self.cards.are_met_by(site)
            || !self.table.is_empty()
                && self.table[row * n..(row + 1) * n]
                    .iter()
                    .any(|&q| self.qualities.get(usize::from(q)).is_none_or(|quality| !quality.is_perfect()))
    }

    /// A fault begins on messages.
    pub(in crate::world) fn begin(&mut self, fault: EdgeFault) {
        let place = self.faults.partition_point(|other| (other.fault, other.strike) < (fault.fault, fault.strike));
        self.faults.insert(place, fault);
        self.look_for_limits();
    }

    /// A strike ends.
    pub(in crate::world) fn end(&mut self, strike: u32) {
        self.faults.retain(|fault| fault.strike != strike);
        self.resolvers.end(strike);
        self.look_for_limits();
    }

    fn look_for_limits(&mut self) {
        self.is_limited = self.faults.iter().any(|fault| matches!(fault.effect, EdgeEffect::Bandwidth));
    }

    /// Whether any fault is active on messages.
    pub(in crate::world) fn are_struck(&self) -> bool {
        !self.faults.is_empty() || self.resolvers.are_struck()
    }

    /// Which quality a message meets, or which route it takes.
    #[inline(always)]
    pub(super) fn on_way(&self, line: Parties, way: Way, (caller, callee): (ZoneId, ZoneId)) -> usize {
        let n = self.zones;
        let row = match line {
            Parties::Call(site) => site.index(),
            Parties::Check(checker) => self.sites + checker.place() as usize,
        };
        let place = (row * 2 + way as usize) * n * n + caller.index() * n + callee.index();
        usize::from(self.table[place])
    }
}

fn delay(effect: &FaultEffect) -> Option<Sampler> {
    match effect {
        FaultEffect::Delay { add, .. } => Some(add.build()),
        _ => None,
    }
}

impl Quality {
    fn of(quality: &LinkQuality) -> Self {
        let is_bare = quality.bandwidth.is_none();
        let latency = quality.latency.build();
        let always_ns = super::undisturbed::always_takes(quality, &latency);
        Self { latency, loss: quality.loss.value(), tcp: quality.tcp(), always_ns, is_bare }
    }

    pub(super) fn is_perfect(&self) -> bool {
        self.loss == 0.0 && self.latency.is_constant() == Some(0) && self.is_bare && self.tcp.is_none()
    }
}

impl World<'_> {
    /// The link over which a message goes now.
    pub(super) fn link_on_way(&self, frame: FrameId, line: Parties, way: Way, zones: (ZoneId, ZoneId)) -> OnWay {
        let place = self.network.on_way(line, way, zones);
        self.network.routes.link_of(place, || self.flow(frame, line))
    }

    /// What all messages between two instances have in common, there and back. Users are not instances, and each of their requests is one by itself.
    fn flow(&self, frame: FrameId, line: Parties) -> u64 {
        let at = &self.frames[frame];
        let callee = u64::from(at.instance.known().place());
        let caller = match line {
            Parties::Check(checker) => Some(u64::from(checker.place())),
            Parties::Call(_) => self
                .caller_of(frame)
                .and_then(|caller| self.frames[caller].instance.get())
                .map(|i| u64::from(i.place())),
        };
        caller.map_or(at.key, |caller| mix(mix(FLOW, caller), callee))
    }
}

impl Fate {
    /// Whether anything lies between its setting out and its arrival.
    pub(super) fn is_on_its_way(&self) -> bool {
        self.delay > 0 || self.card.is_some()
    }
}

impl World<'_> {
    /// The zone of the caller. The caller of a late reply may have ended, and its frame be another's: then it is nowhere.
    fn caller_zone(&self, frame: FrameId, site: EdgeId) -> Option<ZoneId> {
        match self.model.edges[site.index()].caller {
            Caller::Load(load) => return self.model.loads[load.index()].zone,
            Caller::Scaler(scaler) => return Some(self.zone_of_scaler(scaler)),
            Caller::Queue(queue) => return Some(self.stations.zone_of(self.stations.first(queue))),
            Caller::Endpoint(_) => {}
        }
        let caller = self.caller_of(frame)?;
        Some(self.stations.zone_of(self.frames[caller].instance.get()?))
    }

    /// Between whom a message travels, and the zone of the one who calls.
    pub(super) fn line(&self, frame: FrameId, message: Message) -> (Parties, Option<ZoneId>) {
        if let Message::Check | Message::CheckReply(_) = message {
            let checker = self.checker_of(frame);
            return (Parties::Check(checker), self.network.checkers.list[checker].zone);
        }
        let site = self.frames[frame].edge;
        (Parties::Call(site), self.caller_zone(frame, site))
    }

    /// What the network and the faults on it do to a message, or to what its transport sends again of it. That goes over the link that is used now,
    /// and is still sent by the transport with which the message set out.
    pub(super) fn fate(
        &self,
        frame: FrameId,
        (line, from): (Parties, Option<ZoneId>),
        way: Way,
        again: Option<Tcp>,
    ) -> Fate {
        let at = &self.frames[frame];
        let mut draw = Keyed::new(mix(at.key, if way == Way::Back { BACK } else { THERE }));
        let mut fate = Fate::default();
        let zone = self.stations.zone_of(at.instance.known());
        if let (Some(from), false) = (from, self.network.table.is_empty()) {
            let link = self.link_on_way(frame, line, way, (from, zone));
            let quality = &self.network.qualities[link.place];
            fate.delay = whole_ns(quality.latency.sample(&mut draw));
            fate.link = Some((link.place, if way == Way::There { (from, zone) } else { (zone, from) }));
            fate.tcp = again.or(quality.tcp);
            if fate.tcp.is_some() {
                fate.segment_loss = Some(if link.is_withdrawn { 1.0 } else { quality.loss });
            } else {
                fate.lost = quality.loss > 0.0 && draw.unit() < quality.loss || link.is_withdrawn;
            }
        }
        fate.there = fate.delay;
        if self.network.faults.is_empty() {
            return fate;
        }
        let ends = self.network.ends(self.model, line, from, zone);
        for fault in self.network.faults.iter().filter(|fault| fault.strikes(&ends, at.instance.known(), way)) {
            match fault.effect {
                EdgeEffect::Delay(p) if draw.unit() < p => {
                    let delay = self.network.delays[fault.fault.index()].as_ref();
                    fate.delay += delay.map_or(0, |delay| whole_ns(delay.sample(&mut draw) * fault.grown));
                }
                EdgeEffect::Fail(p, outcome) => fate.fails.add(draw.unit(), p, outcome),
                EdgeEffect::Wrong(p, kind) if draw.unit() < p => fate.wrong |= 1 << kind,
                EdgeEffect::Loss(p) => match &mut fate.segment_loss {
                    Some(loss) => *loss = 1.0 - (1.0 - *loss) * (1.0 - p),
                    None => fate.lost |= draw.unit() < p,
                },
                _ => {}
            }
        }
        fate.there = fate.delay;
        fate
    }

    /// Sends a message: all that links and faults do to messages, they do here, whatever it is and in whichever direction it goes.
    ///
    /// The frame is that of the attempt, or of the check. It is given back where the message is lost.
    // In line it would stand in the loop of events, which most models do without.
    #[inline(never)]
    pub(in crate::world) fn transmit(&mut self, frame: FrameId, message: Message) -> Departure {
        if let (Message::Reply(outcome), true) = (message, self.frames[frame].instance.is_none()) {
            // Nobody was asked, so that nothing comes back from anywhere.
            return Departure::Ends(outcome);
        }
        if let Some(departure) = self.is_plainly_sent(frame, message) {
            return departure;
        }
        self.transmit_by_fate(frame, message)
    }

    /// Sends a message to which more may happen.
    #[inline(never)]
    fn transmit_by_fate(&mut self, frame: FrameId, message: Message) -> Departure {
        let line = self.line(frame, message);
        match self.is_ready_after(frame, line, message) {
            Ok(0) => self.sets_out(frame, line, message),
            Ok(after_ns) => {
                self.wakes_after(frame, after_ns, Phase::Unsent);
                Departure::Away
            }
            Err(after_ns) => self.is_not_reached(frame, after_ns),
        }
    }

    /// A message sets out, for which nothing has to be waited.
    #[inline(always)]
    pub(super) fn sets_out(&mut self, frame: FrameId, line: (Parties, Option<ZoneId>), message: Message) -> Departure {
        self.count_bytes(frame, line, message.way());
        let mut fate = self.fate(frame, line, message.way(), None);
        if self.network.cards.are_any() {
            fate.card = self.card_ahead(frame, message);
        }
        let mut bytes = self.bytes(frame, message);
        let measured = self.measured_on(&fate, message);
        if let Some(place) = measured {
            self.starts_on_link(place);
        }
        if self.network.carriage.carries() {
            bytes = self.carry(bytes, message, frame, &mut fate, None);
        }
        fate.delay = fate.delay.saturating_add(self.is_sent_after(frame, line, message, bytes));
        if let Some(place) = measured {
            self.has_set_out(place, &fate, self.now, bytes);
        }
        match message {
            Message::Request => self.request_departs(frame, fate),
            Message::Delivery => self.delivery_departs(frame, fate),
            Message::Reply(outcome) => self.reply_departs(frame, fate, outcome),
            Message::Check => self.check_departs(frame, fate),
            Message::CheckReply(outcome) => self.check_reply_departs(frame, fate, outcome),
        }
    }

    /// How long so many bytes of a message take from now until they are sent over the links that faults limit, behind those before them [ns].
    ///
    /// Messages of calls without a size take no time and wait for nobody. A health check is too small to take time, and waits for those before it.
    #[inline(always)]
    pub(super) fn is_sent_after(
        &mut self,
        frame: FrameId,
        line: (Parties, Option<ZoneId>),
        message: Message,
        bytes: u64,
    ) -> u64 {
        let waits = self.network.is_limited && (bytes > 0 || message.is_check());
        if waits { self.is_limited_for(frame, line, message.way(), bytes) } else { 0 }
    }

    #[cold]
    fn is_limited_for(&mut self, frame: FrameId, (line, from): (Parties, Option<ZoneId>), way: Way, bytes: u64) -> u64 {
        let instance = self.frames[frame].instance.known();
        let ends = self.network.ends(self.model, line, from, self.stations.zone_of(instance));
        let mut at = self.now;
        for fault in &mut self.network.faults {
            if fault.egresses.is_none() || !fault.strikes(&ends, instance, way) {
                continue;
            }
            // Each direction of a link has an egress of its own.
            let direction = usize::from(!ends.go(way, fault.from, fault.to));
            let sent = fault.egresses.as_mut().and_then(|egresses| egresses[direction].put(at, bytes));
            at = sent.unwrap_or(at);
        }
        at - self.now
    }

    /// The size of a message [bytes]; health checks have none.
    pub(super) fn bytes(&self, frame: FrameId, message: Message) -> u64 {
        if message.is_check() { 0 } else { self.size(self.frames[frame].edge, message.way()) }
    }

    /// The size of a call's messages on their way there or back [bytes].
    fn size(&self, site: EdgeId, way: Way) -> u64 {
        let (request, response) = self.model.edges[site.index()].size;
        if way == Way::Back { response } else { request }.get()
    }

    fn request_departs(&mut self, frame: FrameId, fate: Fate) -> Departure {
        match fate.fails.what() {
            _ if fate.lost => self.lost(frame),
            Some(outcome) => Departure::Ends(outcome as u8),
            None if fate.is_on_its_way() => self.travels(frame, fate, Phase::Arriving),
            None => self.knocks(frame),
        }
    }

    fn delivery_departs(&mut self, frame: FrameId, fate: Fate) -> Departure {
        match fate.fails.what() {
            _ if fate.lost => self.lost(frame),
            Some(outcome) => Departure::Ends(outcome as u8),
            None => match self.knocks(frame) {
                Departure::Runs if fate.is_on_its_way() => self.travels(frame, fate, Phase::HandedOver),
                departure => departure,
            },
        }
    }

    fn reply_departs(&mut self, frame: FrameId, fate: Fate, outcome: u8) -> Departure {
        let mut outcome = outcome;
        if outcome <= Outcome::Degraded as u8 {
            // What the instance has made wrong already is not wrong twice.
            self.all_arise(frame, fate.wrong & !self.wrong_at_instance(frame), crate::data::Cause::Fault);
            outcome = fate.fails.what().map_or(outcome, |outcome| outcome as u8);
        }
        if fate.lost {
            return self.lost(frame);
        }
        if !fate.is_on_its_way() {
            return Departure::Ends(outcome);
        }
        self.frames[frame].outcome = outcome;
        self.travels(frame, fate, Phase::Replying)
    }

    /// A request or a delivery is at the door of its instance; where it is refused there, the refusal is a message as well.
    pub(super) fn knocks(&mut self, frame: FrameId) -> Departure {
        match self.admit(frame) {
            Door::In => Departure::Runs,
            Door::Waits => Departure::Away,
            Door::Lost => self.lost(frame),
            Door::Away(outcome) => self.transmit(frame, Message::Reply(outcome as u8)),
        }
    }

    pub(super) fn lost(&mut self, frame: FrameId) -> Departure {
        self.vanishes(frame);
        self.frames.release(frame);
        Departure::Away
    }

    pub(super) fn travels(&mut self, frame: FrameId, fate: Fate, phase: Phase) -> Departure {
        self.wakes_after(frame, fate.delay.min(FOREVER_NS), phase);
        if let Some(stalled) = fate.stalled {
            self.network.carriage.waits(frame, self.frames[frame].seq, stalled);
        } else if let Some(card) = fate.card {
            self.network.cards.expects(frame, self.frames[frame].seq, card, (fate.tcp, fate.there));
        }
        Departure::Away
    }

    fn count_bytes(&mut self, frame: FrameId, (line, from): (Parties, Option<ZoneId>), way: Way) {
        // Health checks are counted nowhere.
        let Parties::Call(site) = line else { return };
        let bytes = self.size(site, way);
        if bytes == 0 {
            return;
        }
        let zone = self.stations.zone_of(self.frames[frame].instance.known());
        if let Some(from) = from {
            return self.count_bytes_between(site, bytes, (from, zone));
        }
        let counts = self.calls.counts(site);
        counts.bytes += bytes;
        // To those who are in no zone answers go out; what they send comes in.
        counts.bytes_across[2] += if way == Way::Back { bytes } else { 0 };
    }

    /// Counts the bytes of a message between two zones.
    #[inline(always)]
    pub(super) fn count_bytes_between(&mut self, site: EdgeId, bytes: u64, (from, to): (ZoneId, ZoneId)) {
        let counts = self.calls.counts(site);
        counts.bytes += bytes;
        if from != to {
            let far = self.network.regions[from.index()] != self.network.regions[to.index()];
            counts.bytes_across[0] += bytes;
            counts.bytes_across[1] += if far { bytes } else { 0 };
        }
    }
}
