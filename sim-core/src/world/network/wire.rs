//! The network between caller and callee: latency, loss, partitions, and what faults do to messages on an edge.
//!
//! Requests, deliveries of queues and the replies to both go through one function, [`World::transmit`]. Every message of a call has a way, there
//! or back, and all that names two places is asked for that way: a link or a fault from b to a is met by replies of calls from a to b. Deliveries
//! from queues are calls of the queue, in its zone.
//! A call site without latency, loss, sizes or an active fault never comes here. Latencies are drawn from the attempt's key.
//!
//! Left out here: probes of health checks, of which nothing says whence they come (`stations/health`), and the messages by which regions agree
//! (`data/agree`), which take the latency of their links and meet no fault.

use crate::dist::Sampler;
use crate::engine::math::whole_ns;
use crate::engine::rng::{Keyed, mix};
use crate::faults::FaultEffect;
use crate::ids::{Caller, EdgeId, EndpointId, FaultId, InstanceId, LoadId, Location, RegionId, ServiceId, ZoneId};
use crate::model::Model;
use crate::network::LinkQuality;
use crate::outcome::Outcome;
use crate::topology::Edge;
use crate::world::World;
use crate::world::frame::{FrameId, Phase};
use crate::world::stations::Door;
use crate::world::together::First;

const THERE: u64 = 0x61;
const BACK: u64 = 0x62;
/// A message takes no longer than this to be sent [ns]: a year.
const LONGEST_NS: f64 = 3.2e16;

/// What a link does to a message.
pub(super) struct Quality {
    latency: Sampler,
    loss: f64,
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
    /// Until when messages are being sent over a link with a limit, there and back [ns].
    pub busy_until: [u64; 2],
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
    /// They are sent one after the other, so many bytes a second.
    Bandwidth(f64),
}

/// The direction in which a message of a call travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// A request, or a delivery from a queue, to the callee.
    There,
    /// A reply, or an acknowledgement, to the caller.
    Back,
}

impl Way {
    const BOTH: [Self; 2] = [Self::There, Self::Back];
}

impl EdgeFault {
    /// Whether it strikes a message that travels so between these ends.
    fn strikes(&self, ends: &Ends, instance: InstanceId, way: Way) -> bool {
        if self.only.as_ref().is_some_and(|only| !only.contains(&instance)) {
            return false;
        }
        let goes = |way| ends.go(way, self.from, self.to) || (self.both_ways && ends.go(way, self.to, self.from));
        match self.effect {
            // A call to an instance is held up once.
            EdgeEffect::Delay(_) if self.only.is_some() => way == Way::There,
            EdgeEffect::Delay(_) | EdgeEffect::Loss(_) | EdgeEffect::Bandwidth(_) => goes(way),
            // A call fails once: on its way there, or where the fault names the way of its reply, on that.
            EdgeEffect::Fail(..) if way == Way::There => goes(Way::There),
            EdgeEffect::Fail(..) => self.is_of_replies(ends),
            EdgeEffect::Wrong(..) => way == Way::Back && (goes(Way::There) || self.is_of_replies(ends)),
        }
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
    qualities: Vec<Quality>,
    /// Quality by call site, way, caller's zone and callee's zone; empty where no link does anything.
    table: Vec<u16>,
    zones: usize,
    /// Active faults on messages, in the order of the file, so that draws do not depend on which began first.
    faults: Vec<EdgeFault>,
    /// Delay that each fault adds; `None` for all other kinds.
    delays: Vec<Option<Sampler>>,
    regions: Vec<RegionId>,
    /// Whether any active fault limits what goes through.
    is_limited: bool,
}

impl Network {
    pub(in crate::world) fn new(model: &Model) -> Self {
        let network = &model.network;
        let mut wires = Self {
            zones: model.zones.len(),
            regions: model.zones.iter().map(|z| z.region).collect(),
            delays: model.faults.iter().map(|fault| delay(&fault.effect)).collect(),
            ..Self::default()
        };
        let three = [&network.within_zone, &network.between_zones, &network.between_regions];
        for quality in three.into_iter().chain(network.links.iter().map(|l| &l.quality)) {
            wires.qualities.push(Quality::of(quality));
        }
        wires.fill(model);
        wires
    }

    /// Fills the table, where any link does something.
    fn fill(&mut self, model: &Model) {
        if !self.table.is_empty() || self.qualities.iter().all(Quality::is_perfect) {
            return;
        }
        for edge in &model.edges {
            for way in Way::BOTH {
                for from in 0..self.zones {
                    for to in 0..self.zones {
                        self.table.push(self.quality(model, edge, way, (from, to)));
                    }
                }
            }
        }
    }

    /// A distance or a named link does this to messages that set out from now on.
    pub(in crate::world) fn link_changes(&mut self, model: &Model, place: usize, quality: &LinkQuality) {
        self.qualities[place] = Quality::of(quality);
        self.fill(model);
    }

    /// The quality of a message between the caller's and the callee's zone: of the first named link that goes this way, or of the
    /// distance.
    fn quality(&self, model: &Model, edge: &Edge, way: Way, (caller, callee): (usize, usize)) -> u16 {
        let ends = Ends::of(model, edge, Some(ZoneId::from(caller)), ZoneId::from(callee), &self.regions);
        self.quality_between(model, &ends, way, (caller, callee))
    }

    fn quality_between(&self, model: &Model, ends: &Ends, way: Way, (caller, callee): (usize, usize)) -> u16 {
        let named = model.network.links.iter().position(|link| {
            let (from, to) = (Some(link.from), Some(link.to));
            ends.go(way, from, to) || (link.both_ways && ends.go(way, to, from))
        });
        match named {
            Some(link) => 3 + link as u16,
            None if caller == callee => 0,
            None if self.regions[caller] == self.regions[callee] => 1,
            None => 2,
        }
    }

    /// The way of a message between two zones from one instance of a service to another, for [`Self::latency_ns`].
    pub(in crate::world) fn way_within(&self, model: &Model, service: ServiceId, from: usize, to: usize) -> u16 {
        let end = |zone: usize| End {
            service: Some(service),
            zone: Some(ZoneId::from(zone)),
            region: Some(self.regions[zone]),
            ..End::default()
        };
        let ends = Ends { caller: end(from), callee: end(to) };
        self.quality_between(model, &ends, Way::There, (from, to))
    }

    /// How long a message is on a way [ns].
    pub(in crate::world) fn latency_ns(&self, way: u16, draw: &mut Keyed) -> u64 {
        whole_ns(self.qualities[usize::from(way)].latency.sample(draw))
    }

    /// Whether a call site ever crosses a link that does something.
    pub(in crate::world) fn matters(&self, site: EdgeId) -> bool {
        let site = site.index();
        let n = 2 * self.zones * self.zones;
        !self.table.is_empty()
            && self.table[site * n..(site + 1) * n].iter().any(|&q| !self.qualities[q as usize].is_perfect())
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
        self.look_for_limits();
    }

    fn look_for_limits(&mut self) {
        self.is_limited = self.faults.iter().any(|fault| matches!(fault.effect, EdgeEffect::Bandwidth(_)));
    }

    /// Whether any fault is active on messages.
    pub(in crate::world) fn are_struck(&self) -> bool {
        !self.faults.is_empty()
    }

    fn on_way(&self, site: EdgeId, way: Way, (caller, callee): (ZoneId, ZoneId)) -> &Quality {
        let n = self.zones;
        let place = (site.index() * 2 + way as usize) * n * n + caller.index() * n + callee.index();
        &self.qualities[self.table[place] as usize]
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
        Self { latency: quality.latency.build(), loss: quality.loss.value() }
    }

    fn is_perfect(&self) -> bool {
        self.loss == 0.0 && self.latency.is_constant() == Some(0)
    }
}

/// One end of a call, as a place that links and faults can name.
#[derive(Default)]
struct End {
    service: Option<ServiceId>,
    load: Option<LoadId>,
    endpoint: Option<EndpointId>,
    zone: Option<ZoneId>,
    region: Option<RegionId>,
}

impl End {
    /// Whether it is there; no place is anywhere.
    fn is(&self, place: Option<Location>) -> bool {
        match place {
            None => true,
            Some(Location::Service(s)) => self.service == Some(s),
            Some(Location::Load(l)) => self.load == Some(l),
            Some(Location::Endpoint(e)) => self.endpoint == Some(e),
            Some(Location::Zone(z)) => self.zone == Some(z),
            Some(Location::Region(r)) => self.region == Some(r),
        }
    }
}

/// The two ends of a call.
struct Ends {
    caller: End,
    callee: End,
}

impl Ends {
    fn of(model: &Model, edge: &Edge, caller_zone: Option<ZoneId>, zone: ZoneId, regions: &[RegionId]) -> Self {
        let (service, load) = match edge.caller {
            Caller::Load(load) => (None, Some(load)),
            // Calls start at a service, so that a fault on the way to one of its endpoints does not strike what that calls.
            Caller::Endpoint(endpoint) => (Some(model.endpoints[endpoint.index()].service), None),
            Caller::Queue(service) => (Some(service), None),
        };
        let region = caller_zone.map(|z| regions[z.index()]);
        let callee = End {
            service: Some(model.endpoints[edge.callee.index()].service),
            endpoint: Some(edge.callee),
            zone: Some(zone),
            region: Some(regions[zone.index()]),
            load: None,
        };
        Self { caller: End { service, load, zone: caller_zone, region, endpoint: None }, callee }
    }

    /// Whether a message that travels so goes from one place to another.
    fn go(&self, way: Way, from: Option<Location>, to: Option<Location>) -> bool {
        let (start, end) = match way {
            Way::There => (&self.caller, &self.callee),
            Way::Back => (&self.callee, &self.caller),
        };
        start.is(from) && end.is(to)
    }
}

/// What happens to one message.
#[derive(Default)]
struct Fate {
    delay: u64,
    lost: bool,
    fails: First<Outcome>,
    /// Kinds of wrongness, one bit each.
    wrong: u16,
}

/// A message of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::world) enum Message {
    /// A request, which looks for a worker when it arrives.
    Request,
    /// A message of a queue: the consumer's instance keeps a worker for it from the moment at which it is sent.
    Delivery,
    /// The answer to a request or a delivery, with its outcome.
    Reply(u8),
}

impl Message {
    fn way(self) -> Way {
        match self {
            Self::Request | Self::Delivery => Way::There,
            Self::Reply(_) => Way::Back,
        }
    }
}

/// What became of a message as it set out.
pub(in crate::world) enum Departure {
    /// Nothing comes of it at once: it is on its way, waits for a worker, is lost, or its refusal is on the way back.
    Away,
    /// It has arrived at once, and has a worker.
    Runs,
    /// The attempt has ended for its caller, with this outcome: the answer has arrived at once, or a fault ends the call.
    Ends(u8),
}

impl World<'_> {
    /// The zone of the caller. The caller of a late reply may have ended, and its frame be another's: then it is nowhere.
    fn caller_zone(&self, frame: FrameId, site: EdgeId) -> Option<ZoneId> {
        match self.model.edges[site.index()].caller {
            Caller::Load(load) => return self.model.loads[load.index()].zone,
            Caller::Queue(queue) => return Some(self.stations.zone_of(self.stations.first(queue))),
            Caller::Endpoint(_) => {}
        }
        let caller = &self.frames[self.frames[frame].waiter.frame()?];
        let instance =
            caller.instance.get().filter(|_| caller.phase != Phase::Free && self.is_attempt_of(frame, site))?;
        Some(self.stations.zone_of(instance))
    }

    /// What the network and the faults on it do to a message of a call.
    fn fate(&self, frame: FrameId, site: EdgeId, way: Way) -> Fate {
        let at = &self.frames[frame];
        let mut draw = Keyed::new(mix(at.key, if way == Way::Back { BACK } else { THERE }));
        let mut fate = Fate::default();
        let zone = self.stations.zone_of(at.instance.known());
        let caller_zone = self.caller_zone(frame, site);
        if let (Some(from), false) = (caller_zone, self.network.table.is_empty()) {
            let quality = self.network.on_way(site, way, (from, zone));
            fate.delay = whole_ns(quality.latency.sample(&mut draw));
            fate.lost = quality.loss > 0.0 && draw.unit() < quality.loss;
        }
        if self.network.faults.is_empty() {
            return fate;
        }
        let edge = &self.model.edges[site.index()];
        let ends = Ends::of(self.model, edge, caller_zone, zone, &self.network.regions);
        for fault in self.network.faults.iter().filter(|fault| fault.strikes(&ends, at.instance.known(), way)) {
            match fault.effect {
                EdgeEffect::Delay(p) if draw.unit() < p => {
                    let delay = self.network.delays[fault.fault.index()].as_ref();
                    fate.delay += delay.map_or(0, |delay| whole_ns(delay.sample(&mut draw) * fault.grown));
                }
                EdgeEffect::Fail(p, outcome) => fate.fails.add(draw.unit(), p, outcome),
                EdgeEffect::Wrong(p, kind) if draw.unit() < p => fate.wrong |= 1 << kind,
                EdgeEffect::Loss(p) if draw.unit() < p => fate.lost = true,
                _ => {}
            }
        }
        fate
    }

    /// Sends a message: all that links and faults do to messages, they do here, whatever it is and in whichever direction it goes.
    ///
    /// The frame is that of the attempt. It is given back where the message is lost.
    pub(in crate::world) fn transmit(&mut self, frame: FrameId, message: Message) -> Departure {
        let at = &self.frames[frame];
        let site = at.edge;
        if let (Message::Reply(outcome), true) = (message, at.instance.is_none()) {
            // Nobody was asked, so that nothing comes back from anywhere.
            return Departure::Ends(outcome);
        }
        self.count_bytes(frame, site, message.way());
        let mut fate = self.fate(frame, site, message.way());
        if self.network.is_limited {
            fate.delay += self.is_sent_after(frame, site, message.way());
        }
        match message {
            Message::Request => self.request_departs(frame, &fate),
            Message::Delivery => self.delivery_departs(frame, &fate),
            Message::Reply(outcome) => self.reply_departs(frame, &fate, outcome),
        }
    }

    /// How long a message takes until all of it is sent over the links with a limit on its way, behind those before it [ns].
    #[cold]
    fn is_sent_after(&mut self, frame: FrameId, site: EdgeId, way: Way) -> u64 {
        let edge = &self.model.edges[site.index()];
        let bytes = if way == Way::Back { edge.size.1 } else { edge.size.0 }.get();
        let instance = self.frames[frame].instance.known();
        let zone = self.stations.zone_of(instance);
        let ends = Ends::of(self.model, edge, self.caller_zone(frame, site), zone, &self.network.regions);
        let mut at = self.now;
        for fault in &mut self.network.faults {
            let EdgeEffect::Bandwidth(limit) = fault.effect else { continue };
            if bytes == 0 || !fault.strikes(&ends, instance, way) {
                continue;
            }
            // Each direction of a link has a line of its own.
            let direction = usize::from(!ends.go(way, fault.from, fault.to));
            // A message that takes a year is never there, and times stay far from the end of their range.
            let takes = whole_ns((bytes as f64 / limit * 1e9).min(LONGEST_NS));
            let sent = fault.busy_until[direction].max(at).saturating_add(takes).min(self.end.saturating_mul(2));
            fault.busy_until[direction] = sent;
            at = sent;
        }
        at - self.now
    }

    fn request_departs(&mut self, frame: FrameId, fate: &Fate) -> Departure {
        match fate.fails.what() {
            _ if fate.lost => self.lost(frame),
            Some(outcome) => Departure::Ends(outcome as u8),
            None if fate.delay > 0 => self.travels(frame, fate.delay, Phase::Arriving),
            None => self.knocks(frame),
        }
    }

    fn delivery_departs(&mut self, frame: FrameId, fate: &Fate) -> Departure {
        match fate.fails.what() {
            _ if fate.lost => self.lost(frame),
            Some(outcome) => Departure::Ends(outcome as u8),
            None => match self.knocks(frame) {
                Departure::Runs if fate.delay > 0 => self.travels(frame, fate.delay, Phase::HandedOver),
                departure => departure,
            },
        }
    }

    fn reply_departs(&mut self, frame: FrameId, fate: &Fate, outcome: u8) -> Departure {
        let mut outcome = outcome;
        if outcome <= Outcome::Degraded as u8 {
            // What the instance has made wrong already is not wrong twice.
            self.all_arise(frame, fate.wrong & !self.wrong_at_instance(frame));
            outcome = fate.fails.what().map_or(outcome, |outcome| outcome as u8);
        }
        if fate.lost {
            return self.lost(frame);
        }
        if fate.delay == 0 {
            return Departure::Ends(outcome);
        }
        self.frames[frame].outcome = outcome;
        self.travels(frame, fate.delay, Phase::Replying)
    }

    /// A request or a delivery is at the door of its instance; where it is refused there, the refusal is a message as well.
    fn knocks(&mut self, frame: FrameId) -> Departure {
        match self.admit(frame) {
            Door::In => Departure::Runs,
            Door::Waits => Departure::Away,
            Door::Lost => self.lost(frame),
            Door::Away(outcome) => self.transmit(frame, Message::Reply(outcome as u8)),
        }
    }

    fn lost(&mut self, frame: FrameId) -> Departure {
        self.vanishes(frame);
        self.frames.release(frame);
        Departure::Away
    }

    fn travels(&mut self, frame: FrameId, delay: u64, phase: Phase) -> Departure {
        self.wakes_after(frame, delay, phase);
        Departure::Away
    }

    fn count_bytes(&mut self, frame: FrameId, site: EdgeId, way: Way) {
        let (request, response) = self.model.edges[site.index()].size;
        let bytes = if way == Way::Back { response } else { request }.get();
        if bytes == 0 {
            return;
        }
        let zone = self.stations.zone_of(self.frames[frame].instance.known());
        let from = self.caller_zone(frame, site);
        let counts = self.calls.counts(site);
        counts.bytes += bytes;
        if let Some(from) = from
            && from != zone
        {
            counts.bytes_across[0] += bytes;
            if self.network.regions[from.index()] != self.network.regions[zone.index()] {
                counts.bytes_across[1] += bytes;
            }
        }
    }
}
