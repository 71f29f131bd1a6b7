//! Probes on their way: what the network does to a datagram between two sites, and what those who watch know of it.
//!
//! A probe is no frame, because nothing waits for it: its fate is known as it sets out, and is told when it arrives, or when its timeout is over. It
//! has draws of its own and takes no bandwidth, so that a system with probes does what it does without them.

use super::Due;
use super::ends::{End, Ends, Way};
use super::probing::Matrix;
use super::wire::{EdgeEffect, EdgeFault, FLOW};
use crate::control::ProbeWay;
use crate::counters::probe;
use crate::engine::math::whole_ns;
use crate::engine::rng::{Keyed, hash_name, mix};
use crate::ids::ProbeId;
use crate::metrics::{LevelAt, LevelId, PartAt};
use crate::network::egress::FOREVER_NS;
use crate::world::World;
use crate::world::events::EventId;

/// Of the draws of probes.
const PROBES: u64 = 0x6b;

impl EdgeFault {
    /// Whether it strikes a datagram between these ends, which no instance has sent.
    pub(super) fn strikes_datagram(&self, ends: &Ends) -> bool {
        let goes = |from, to| ends.go(Way::There, from, to);
        self.only.is_none() && (goes(self.from, self.to) || (self.both_ways && goes(self.to, self.from)))
    }
}

impl World<'_> {
    /// The first round of probes sets out when their period is over.
    pub(in crate::world) fn plan_probes(&mut self) {
        let model = self.model;
        let of_run = mix(self.seed, PROBES ^ (u64::from(self.replication) << 32));
        for (place, probes) in model.probes.iter().enumerate() {
            let link = |way: &ProbeWay| {
                let zones = (way.from.index(), way.to.index());
                self.network.quality_between(model, &self.ends_of_probe(way), Way::There, zones)
            };
            let key = |way: &ProbeWay| {
                let [from, to] = [way.from, way.to].map(|zone| &model.zones[zone.index()].name);
                mix(hash_name(&format!("{} {from} {to}", probes.name)), of_run)
            };
            let (links, keys) = (probes.ways.iter().map(link).collect(), probes.ways.iter().map(key).collect());
            self.network.probing.of.push(Matrix::new(links, keys));
            self.schedule(probes.every_ns, Due::ProbesSetOut(place as u32));
        }
    }

    fn ends_of_probe(&self, way: &ProbeWay) -> Ends {
        let end = |zone| End::zone(zone, &self.network.regions);
        Ends { caller: end(way.from), callee: end(way.to) }
    }

    /// A round of probes sets out.
    pub(super) fn probes_set_out(&mut self, place: u32, id: EventId) {
        let probes = &self.model.probes[place as usize];
        let now = self.now;
        let mut in_time = Vec::with_capacity(probes.ways.len());
        for (direction, way) in probes.ways.iter().enumerate() {
            let took_ns = self.probe_takes(place as usize, direction, way).filter(|ns| *ns <= probes.timeout_ns);
            in_time.push(took_ns);
            if let Some(took_ns) = took_ns {
                self.schedule(now.saturating_add(took_ns), Due::ProbeArrives { way: way.id, took_ns });
            }
        }
        let matrix = &mut self.network.probing.of[place as usize];
        matrix.rounds += 1;
        matrix.under_way.push_back(in_time);
        self.schedule(now.saturating_add(probes.timeout_ns), Due::ProbesTimeOut(place));
        self.again(now.saturating_add(probes.every_ns), id);
    }

    /// How long a probe that sets out now is on its way [ns]; `None` where it is lost.
    fn probe_takes(&mut self, place: usize, direction: usize, way: &ProbeWay) -> Option<u64> {
        let (ends, now) = (self.ends_of_probe(way), self.now);
        let network = &mut self.network;
        let matrix = &network.probing.of[place];
        let mut draw = Keyed::new(mix(matrix.keys[direction], matrix.rounds));
        // Both directions between two sites are one flow.
        let flow = || mix(FLOW, u64::from(way.id.min(way.id.back()).0));
        let link = network.routes.link_of(usize::from(matrix.links[direction]), flow);
        let quality = &network.qualities[link.place];
        let mut after = whole_ns(quality.latency.sample(&mut draw));
        let mut is_lost = link.is_withdrawn || draw.unit() < quality.loss;
        if let Some(egress) = network.carriage.egress(link.place, (way.from, way.to), &network.regions) {
            match egress.put(now, 0) {
                Some(sent) => after = after.saturating_add(sent - now),
                None => is_lost = true,
            }
        }
        for fault in &mut network.faults {
            if !fault.strikes_datagram(&ends) {
                continue;
            }
            match fault.effect {
                EdgeEffect::Loss(p) => is_lost |= draw.unit() < p,
                EdgeEffect::Delay(p) if draw.unit() < p => {
                    let delay = network.delays[fault.fault.index()].as_ref();
                    let add = delay.map_or(0, |delay| whole_ns(delay.sample(&mut draw) * fault.grown));
                    after = after.saturating_add(add);
                }
                EdgeEffect::Bandwidth => {
                    let direction = usize::from(!ends.go(Way::There, fault.from, fault.to));
                    let sent = fault.egresses.as_mut().and_then(|egresses| egresses[direction].put(now, 0));
                    after = after.saturating_add(sent.map_or(0, |sent| sent - now));
                }
                _ => {}
            }
        }
        (!is_lost).then_some(after.min(FOREVER_NS))
    }

    /// A probe arrives.
    pub(super) fn probe_arrives(&mut self, way: ProbeId, took_ns: u64) {
        self.times.record(PartAt::probe(probe::ARRIVED, way), took_ns);
    }

    /// The timeout of the oldest round of probes is over: what has not arrived is lost, and the round is known as a whole. Times of two rounds are
    /// never compared, as they would be if each were told when its probe arrives.
    pub(super) fn probes_time_out(&mut self, place: u32) {
        let probes = &self.model.probes[place as usize];
        let in_time = self.network.probing.of[place as usize].under_way.pop_front().unwrap_or_default();
        for (direction, way) in probes.ways.iter().enumerate() {
            let is_lost = in_time[direction].is_none();
            let is_one_way = is_lost && in_time[direction ^ 1].is_some();
            for (part, _) in [(probe::LOST, is_lost), (probe::ONE_WAY, is_one_way)].iter().filter(|(_, counts)| *counts)
            {
                self.times.record(PartAt::probe(*part, way.id), probes.timeout_ns);
            }
            // One that takes no time has arrived all the same.
            self.probe_level(probe::LATEST_NS, way.id, in_time[direction].map_or(0, |took_ns| took_ns.max(1)));
            self.probe_level(probe::LATEST_LOST, way.id, u64::from(is_lost));
            self.probe_level(probe::LATEST_ONE_WAY, way.id, u64::from(is_one_way));
            self.probe_level(probe::IS_KNOWN, way.id, 1);
        }
    }

    fn probe_level(&mut self, level: LevelId, way: ProbeId, height: u64) {
        let of = LevelAt::probe(level, way);
        let before = self.levels.now(of);
        self.levels.moves(of, self.now, before, height);
    }
}
