//! The network between caller and callee: latency, loss, partitions, and what faults do to messages on an edge.
//!
//! A call site without latency, loss, sizes or an active fault never comes here. Latencies are drawn from the attempt's key.

use super::admit::Door;
use super::frame::{NONE, Phase};
use super::{WAKE, World};
use crate::dist::Sampler;
use crate::engine::math::whole_ns;
use crate::engine::rng::{Keyed, mix};
use crate::model::{Caller, Model, Outcome, Place};

const THERE: u64 = 0x61;
const BACK: u64 = 0x62;

/// What a link does to a message.
pub(super) struct Quality {
    latency: Sampler,
    loss: f64,
}

/// A fault that is active on messages.
#[derive(Debug, Clone)]
pub(super) struct EdgeFault {
    /// Which strike it belongs to.
    pub strike: u32,
    pub from: Option<Place>,
    pub to: Option<Place>,
    pub both_ways: bool,
    /// Only messages to these instances; empty is to any.
    pub only: Vec<u32>,
    pub effect: EdgeEffect,
}

/// What an active fault does to messages.
#[derive(Debug, Clone, Copy)]
pub(super) enum EdgeEffect {
    /// Delays requests; a sampler of the list, at a probability.
    Delay(u32, f64),
    /// The call ends with this outcome, at a probability.
    Fail(f64, Outcome),
    /// Messages vanish, at a probability.
    Loss(f64),
    /// Replies look ok and are wrong, at a probability; the kind.
    Wrong(f64, u8),
}

/// All links.
#[derive(Default)]
pub(super) struct Wires {
    qualities: Vec<Quality>,
    /// Quality by call site, caller's zone and callee's zone; empty where no link does anything.
    table: Vec<u16>,
    zones: usize,
    /// Active faults on messages.
    pub faults: Vec<EdgeFault>,
    /// Delays that faults add.
    pub delays: Vec<Sampler>,
    regions: Vec<u32>,
}

impl Wires {
    pub(super) fn new(model: &Model) -> Self {
        let network = &model.network;
        let mut wires = Self {
            zones: model.zones.len(),
            regions: model.zones.iter().map(|z| z.region.0).collect(),
            ..Self::default()
        };
        let three = [&network.within_zone, &network.between_zones, &network.between_regions];
        for quality in three.into_iter().chain(network.links.iter().map(|l| &l.quality)) {
            wires.qualities.push(Quality { latency: quality.latency.build(), loss: quality.loss.value() });
        }
        if wires.qualities.iter().all(Quality::is_perfect) {
            return wires;
        }
        for edge in &model.edges {
            for from in 0..wires.zones {
                for to in 0..wires.zones {
                    wires.table.push(wires.quality(model, edge, from, to));
                }
            }
        }
        wires
    }

    fn quality(&self, model: &Model, edge: &crate::model::Edge, from: usize, to: usize) -> u16 {
        let ends = Ends::of(model, edge, Some(from as u32), to as u32, &self.regions);
        let named = model.network.links.iter().position(|link| {
            (ends.starts(Some(link.from)) && ends.arrives(Some(link.to)))
                || (link.both_ways && ends.starts(Some(link.to)) && ends.arrives(Some(link.from)))
        });
        match named {
            Some(link) => 3 + link as u16,
            None if from == to => 0,
            None if self.regions[from] == self.regions[to] => 1,
            None => 2,
        }
    }

    /// Whether a call site ever crosses a link that does something.
    pub(super) fn matters(&self, site: usize) -> bool {
        let n = self.zones * self.zones;
        !self.table.is_empty()
            && self.table[site * n..(site + 1) * n].iter().any(|&q| !self.qualities[q as usize].is_perfect())
    }
}

impl Quality {
    fn is_perfect(&self) -> bool {
        self.loss == 0.0 && self.latency.is_constant() == Some(0)
    }
}

/// The two ends of a message, as places that links and faults can name.
struct Ends {
    caller_service: Option<u32>,
    caller_load: Option<u32>,
    caller_zone: Option<u32>,
    caller_region: Option<u32>,
    endpoint: u32,
    service: u32,
    zone: u32,
    region: u32,
}

impl Ends {
    fn of(model: &Model, edge: &crate::model::Edge, caller_zone: Option<u32>, zone: u32, regions: &[u32]) -> Self {
        let (caller_service, caller_load) = match edge.caller {
            Caller::Load(load) => (None, Some(load.0)),
            Caller::Endpoint(endpoint) => (Some(model.endpoints[endpoint.index()].service.0), None),
            Caller::Queue(service) => (Some(service.0), None),
        };
        Self {
            caller_service,
            caller_load,
            caller_zone,
            caller_region: caller_zone.map(|z| regions[z as usize]),
            endpoint: edge.callee.0,
            service: model.endpoints[edge.callee.index()].service.0,
            zone,
            region: regions[zone as usize],
        }
    }

    fn starts(&self, place: Option<Place>) -> bool {
        match place {
            None => true,
            Some(Place::Service(s)) => self.caller_service == Some(s.0),
            Some(Place::Load(l)) => self.caller_load == Some(l.0),
            Some(Place::Zone(z)) => self.caller_zone == Some(z.0),
            Some(Place::Region(r)) => self.caller_region == Some(r.0),
            Some(Place::Endpoint(_)) => false,
        }
    }

    fn arrives(&self, place: Option<Place>) -> bool {
        match place {
            None => true,
            Some(Place::Service(s)) => self.service == s.0,
            Some(Place::Endpoint(e)) => self.endpoint == e.0,
            Some(Place::Zone(z)) => self.zone == z.0,
            Some(Place::Region(r)) => self.region == r.0,
            Some(Place::Load(_)) => false,
        }
    }
}

/// What happens to one message.
#[derive(Default)]
struct Fate {
    delay: u64,
    lost: bool,
    fails: Option<Outcome>,
    wrong: Option<u8>,
}

impl World<'_> {
    /// The zone of whoever called. The caller of a late reply may have ended, and its frame be another's: then it is nowhere.
    fn caller_zone(&self, frame: u32, site: u32) -> Option<u32> {
        match self.model.edges[site as usize].caller {
            Caller::Load(load) => return self.model.loads[load.index()].zone.map(|z| z.0),
            Caller::Queue(_) => return None,
            Caller::Endpoint(_) => {}
        }
        let at = &self.frames[frame];
        if at.parent == NONE || at.parent == super::frame::DETACHED {
            return None;
        }
        let caller = &self.frames[at.parent];
        let is_still_there = caller.phase != Phase::Free && caller.instance != NONE && self.is_attempt_of(frame, site);
        is_still_there.then(|| self.instances[caller.instance as usize].zone)
    }

    /// What the network and the faults on it do to a request (`back` false) or a reply.
    fn fate(&self, frame: u32, site: u32, back: bool) -> Fate {
        let at = &self.frames[frame];
        let mut draw = Keyed::new(mix(at.key, if back { BACK } else { THERE }));
        let mut fate = Fate::default();
        let edge = &self.model.edges[site as usize];
        let zone = self.instances[at.instance as usize].zone;
        let caller_zone = self.caller_zone(frame, site);
        if let (Some(from), false) = (caller_zone, self.wires.table.is_empty()) {
            let n = self.wires.zones;
            let quality = self.wires.table[(site as usize * n + from as usize) * n + zone as usize];
            let quality = &self.wires.qualities[quality as usize];
            fate.delay = whole_ns(quality.latency.sample(&mut draw));
            fate.lost = quality.loss > 0.0 && draw.unit() < quality.loss;
        }
        if self.wires.faults.is_empty() {
            return fate;
        }
        let ends = Ends::of(self.model, edge, caller_zone, zone, &self.wires.regions);
        for fault in &self.wires.faults {
            if !fault.only.is_empty() && !fault.only.contains(&at.instance) {
                continue;
            }
            let there = ends.starts(fault.from) && ends.arrives(fault.to);
            let reverse = ends.starts(fault.to) && ends.arrives(fault.from);
            // What happens to calls happens on the request's way; what happens to messages happens to both.
            let matches =
                if back { reverse || (fault.both_ways && there) } else { there || (fault.both_ways && reverse) };
            let on_call = !back && (there || (fault.both_ways && reverse));
            match fault.effect {
                EdgeEffect::Delay(sampler, p) if on_call && draw.unit() < p => {
                    fate.delay += whole_ns(self.wires.delays[sampler as usize].sample(&mut draw));
                }
                EdgeEffect::Fail(p, outcome) if on_call && draw.unit() < p => fate.fails = Some(outcome),
                EdgeEffect::Wrong(p, kind) if on_call && draw.unit() < p => fate.wrong = Some(kind),
                EdgeEffect::Loss(p) if matches && draw.unit() < p => fate.lost = true,
                _ => {}
            }
        }
        fate
    }

    /// A request sets out. `None`: it is on its way; else what the door says at once.
    pub(super) fn depart(&mut self, frame: u32, site: u32) -> Option<Door> {
        self.count_bytes(frame, site, false);
        let fate = self.fate(frame, site, false);
        if fate.lost {
            return Some(Door::Lost);
        }
        if let Some(outcome) = fate.fails {
            return Some(Door::Away(outcome));
        }
        if let Some(kind) = fate.wrong {
            self.wrong(frame, kind);
        }
        if fate.delay == 0 {
            return Some(self.admit(frame));
        }
        let seq = self.calendar.push(self.now + fate.delay, WAKE, frame);
        let at = &mut self.frames[frame];
        at.seq = seq;
        at.phase = Phase::Arriving;
        None
    }

    /// A reply sets out.
    pub(super) fn depart_back(&mut self, frame: u32, outcome: u8) -> Option<u32> {
        let site = u32::from(self.frames[frame].edge);
        if self.frames[frame].instance == NONE {
            return self.deliver(frame, outcome);
        }
        self.count_bytes(frame, site, true);
        let fate = self.fate(frame, site, true);
        if fate.lost {
            self.frames[frame].phase = Phase::Replying;
            self.vanishes(frame);
            self.frames.release(frame);
            return None;
        }
        if fate.delay == 0 {
            return self.deliver(frame, outcome);
        }
        let seq = self.calendar.push(self.now + fate.delay, WAKE, frame);
        let at = &mut self.frames[frame];
        at.seq = seq;
        at.outcome = outcome;
        at.phase = Phase::Replying;
        None
    }

    fn count_bytes(&mut self, frame: u32, site: u32, back: bool) {
        let (request, response) = self.model.edges[site as usize].size;
        let bytes = if back { response } else { request }.get();
        if bytes == 0 {
            return;
        }
        let zone = self.instances[self.frames[frame].instance as usize].zone;
        let from = self.caller_zone(frame, site);
        let counts = &mut self.sites[site as usize].counts;
        counts.bytes += bytes;
        if let Some(from) = from
            && from != zone
        {
            counts.bytes_across[0] += bytes;
            if self.wires.regions[from as usize] != self.wires.regions[zone as usize] {
                counts.bytes_across[1] += bytes;
            }
        }
    }
}
