//! Agreement between regions: how long a write waits until enough of them have it, and a read until enough of them have said what there is.
//!
//! The instance that takes a write asks the other regions of its store, as often as there are round trips, and each time goes on when a majority of
//! the regions, its own among them, has answered. Messages go over the links between the zones, each in its direction; what is lost is sent again. A
//! region to which nothing comes through, from which nothing comes back, or whose instances are all down does not answer; where too few are left, the
//! write waits until there are more.
//!
//! A read at a strong level asks the regions once in the same way. It sees what is committed when it asks a majority that answers, no more and no
//! less. One at a weaker level reads what its own region has, which is in `regions`.

use crate::data::level::Level;
use crate::data::{Cause, Wrongness};
use crate::engine::rng::{Keyed, mix};
use crate::guarantees::given;
use crate::ids::{InstanceId, ServiceId, ZoneId};
use crate::model::Model;
use crate::results::TraceStepKind;
use crate::topology::{Node, Replication, Service};
use crate::world::World;
use crate::world::frame::{FrameId, Phase};
use crate::world::network::Stand;
use crate::world::probe::Stage;
use crate::world::program::Op;
use std::collections::BTreeMap;

const AGREE: u64 = 0x73;
/// Of the draws of what is committed, on its way to the other regions.
const SPREAD: u64 = 0x7f;

/// Who agrees in one store.
struct Agreement {
    round_trips: u32,
    /// Whom an instance asks, by its zone.
    asked: Vec<AskedRegions>,
}

/// Whom the instances of one zone ask.
struct AskedRegions {
    /// The zone that speaks for each other region.
    others: Vec<ZoneId>,
    /// How many of them have to answer.
    needed: usize,
}

/// Who agrees, by store; `None` for all else.
#[derive(Default)]
pub(super) struct Agreements {
    of: Vec<Option<Agreement>>,
    /// Reads and writes that wait for more regions, each with the number for which it waits, by store.
    waiting: BTreeMap<ServiceId, Vec<(FrameId, u64)>>,
}

impl Agreements {
    pub(in crate::world) fn new(model: &Model) -> Self {
        let agreement = |service: &Service| {
            let Node::Store(store) = &service.node else { return None };
            let Replication::Consensus { regions, round_trips, .. } = store.replication else { return None };
            let standing = standing(model, service, regions as usize);
            let asked = |own: usize| {
                let own_region = model.zones[own].region;
                let others = standing.iter().filter(|&&zone| model.zones[zone].region != own_region);
                let others: Vec<ZoneId> = others.map(|&zone| ZoneId::from(zone)).collect();
                let is_one_of_them = others.len() < standing.len();
                let needed = (regions as usize / 2 + 1 - usize::from(is_one_of_them)).min(others.len());
                AskedRegions { others, needed }
            };
            Some(Agreement { round_trips, asked: (0..model.zones.len()).map(asked).collect() })
        };
        Self { of: model.services.iter().map(agreement).collect(), waiting: BTreeMap::new() }
    }
}

/// A zone in each of the first so many regions in which a store stands.
fn standing(model: &Model, service: &Service, regions: usize) -> Vec<usize> {
    let mut zones: Vec<usize> = Vec::new();
    for zone in service.zones.iter().map(|zone| zone.index()) {
        if zones.len() < regions && zones.iter().all(|&other| model.zones[other].region != model.zones[zone].region) {
            zones.push(zone);
        }
    }
    zones
}

impl World<'_> {
    /// A write waits until the regions agree. It keeps its worker and uses no processor.
    pub(in crate::world) fn agree(&mut self, frame: FrameId, service: ServiceId) -> Option<FrameId> {
        self.stage(frame, Stage::Step(TraceStepKind::Agree));
        let Some(took) = self.asks_all(frame, service) else {
            self.waits_for_regions(frame, service);
            return None;
        };
        if took == 0 {
            self.frames[frame].pc += 1;
            return Some(frame);
        }
        self.wakes_after(frame, took, Phase::Agreeing);
        None
    }

    /// A request reads its row: what its own region has, where the level that is asked for is content with that, and else what a majority has.
    pub(in crate::world) fn asks_regions(&mut self, frame: FrameId, store: ServiceId) -> Option<FrameId> {
        if self.reads_own_region(frame, store) {
            self.frames[frame].pc += 1;
            return Some(frame);
        }
        self.agree(frame, store)
    }

    /// Reads the copy of the region in which a request is; `false` where that does not do.
    fn reads_own_region(&mut self, frame: FrameId, store: ServiceId) -> bool {
        if self.data.rows.regions(store).is_none() || self.asks_authority(frame, store) {
            return false;
        }
        let (row, at, now) = (self.row(frame, store), self.frames[frame], self.now);
        let zone = self.stations.zone_of(at.instance.known());
        let Some(regions) = self.data.rows.regions_mut(store) else { return false };
        let (behind, is_stale) = regions.lacks(row, zone, (at.arrived, now));
        let version = self.data.rows.version_of(store, row).saturating_sub(behind);
        if version < self.version_needed(frame, store) {
            return false;
        }
        self.has_seen(frame, store, row, behind);
        let at_most = given(&self.model.services[store.index()]).with(Level::SnapshotIsolation);
        self.shows(frame, store, version, Some(at_most));
        if is_stale {
            self.arises(frame, Wrongness::StaleRead as u8, Cause::Region);
        }
        true
    }

    /// A write is committed at the instance that has taken it, and sets out to the copies of the other regions, where anybody reads those.
    pub(super) fn other_regions_get(&mut self, frame: FrameId, store: ServiceId, row: u64) {
        let Some(mut regions) = self.data.rows.take_regions(store) else { return };
        let (home, key) = (self.stand_of(self.frames[frame].instance.known()), mix(self.frames[frame].key, SPREAD));
        let way = |_: ZoneId, zone: ZoneId| self.way_to_region(store, home, zone, mix(key, u64::from(zone.0)));
        regions.writes(row, home.zone, self.now, &way);
        self.data.rows.give_regions(store, regions);
    }

    /// How long a write is on its way to a region [ns]; `None` where it does not come.
    fn way_to_region(&self, store: ServiceId, from: Stand, zone: ZoneId, key: u64) -> Option<u64> {
        let takes = self.stream_takes(store, from, Stand { zone, instance: None }, &mut Keyed::new(key));
        takes.filter(|_| !self.is_dark(store, zone))
    }

    /// The regions agree, or copies have a write: it goes on.
    pub(in crate::world) fn agreed(&mut self, frame: FrameId) -> Option<FrameId> {
        match self.program.ops[self.frames[frame].pc] {
            Op::Read(_) => return self.quorum_has_answered(frame),
            Op::Write(store) | Op::CompareAndSet(store) if self.data.rows.quorum(store).is_some() => {
                return self.quorum_has_answered(frame);
            }
            Op::Write(_) | Op::CompareAndSet(_) => return self.copies_have_it(frame),
            _ => {}
        }
        let at = &mut self.frames[frame];
        at.seq = 0;
        at.phase = Phase::Running;
        at.pc += 1;
        Some(frame)
    }

    /// How long it takes until the regions agree [ns], who are asked now; `None` where too few of them answer. What is read is what there is now.
    fn asks_all(&mut self, frame: FrameId, service: ServiceId) -> Option<u64> {
        let is_read = matches!(self.program.ops[self.frames[frame].pc], Op::AsksRegions(_));
        let took = self.agreement_ns(frame, service, is_read)?;
        if is_read {
            self.read_row(frame, service);
        }
        Some(took)
    }

    /// How long it takes until the regions agree [ns], once for a read; `None` where too few of them answer.
    fn agreement_ns(&self, frame: FrameId, service: ServiceId, is_read: bool) -> Option<u64> {
        let Some(agreement) = &self.data.agreements.of[service.index()] else { return Some(0) };
        let at = &self.frames[frame];
        let home = self.stand_of(at.instance.known());
        let asked = &agreement.asked[home.zone.index()];
        let Some(last) = asked.needed.checked_sub(1) else { return Some(0) };
        let mut draw = Keyed::new(mix(at.key, AGREE));
        let mut answers = Vec::with_capacity(asked.others.len());
        let mut took = 0u64;
        for _ in 0..if is_read { 1 } else { agreement.round_trips } {
            answers.clear();
            for &zone in &asked.others {
                let away = Stand { zone, instance: None };
                let there = self.stream_takes(service, home, away, &mut draw);
                let back = self.stream_takes(service, away, home, &mut draw);
                if let (Some(there), Some(back), false) = (there, back, self.is_dark(service, zone)) {
                    answers.push(there + back);
                }
            }
            answers.sort_unstable();
            took += answers.get(last)?;
        }
        Some(took)
    }

    /// Whether a store has instances in the region of a zone, and none of them is up.
    fn is_dark(&self, service: ServiceId, zone: ZoneId) -> bool {
        let region = |zone: ZoneId| self.model.zones[zone.index()].region;
        let in_region = |instance: &InstanceId| region(self.stations.zone_of(*instance)) == region(zone);
        let mut there = self.stations.instances_of(service).filter(in_region).peekable();
        there.peek().is_some() && !there.any(|instance| self.stations.serves(instance))
    }

    fn waits_for_regions(&mut self, frame: FrameId, service: ServiceId) {
        let seq = self.calendar.next_sequence();
        let at = &mut self.frames[frame];
        (at.seq, at.phase) = (seq, Phase::Agreeing);
        self.data.agreements.waiting.entry(service).or_default().push((frame, seq));
    }

    /// Other regions of a store may answer than before: what waits for them asks again, and what did not come sets out.
    pub(super) fn agreeing_may_change(&mut self, service: ServiceId) {
        self.regions_may_change(service);
        let Some(waiting) = self.data.agreements.waiting.remove(&service) else { return };
        for (frame, seq) in waiting {
            if !self.frames.waits_for(frame, seq) {
                continue;
            }
            match self.asks_all(frame, service) {
                Some(took) => self.wakes_after(frame, took, Phase::Agreeing),
                None => self.waits_for_regions(frame, service),
            }
        }
    }

    fn regions_may_change(&mut self, store: ServiceId) {
        let Some(mut regions) = self.data.rows.take_regions(store) else { return };
        let key = mix(mix(SPREAD, u64::from(store.0)), self.now);
        let way = |from: ZoneId, zone: ZoneId| {
            let key = mix(mix(key, u64::from(from.0)), u64::from(zone.0));
            self.way_to_region(store, Stand { zone: from, instance: None }, zone, key)
        };
        regions.may_change(self.now, &|zone| self.is_dark(store, zone), &way);
        self.data.rows.give_regions(store, regions);
    }
}

#[cfg(test)]
mod tests {
    use crate::data::level::Level;
    use crate::dist::Distribution;
    use crate::ids::{EdgeId, Location, RegionId, ServiceId, ZoneId};
    use crate::model::Model;
    use crate::network::Link;
    use crate::network::LinkQuality;
    use crate::topology::{Access, Node, Region, Replication, Store, Zone};
    use crate::units::Bytes;
    use crate::world::simulate;
    use crate::world::tests::{chain, ms, service};

    /// A store in so many regions as there are times [ms] of messages from the first to the others, and of those back, and one more; its
    /// one instance stands in the first. Work is 1 ms.
    fn store(there: &[u64], back: &[u64], regions: u32, round_trips: u32) -> Model {
        let mut ledger = service("ledger", 64, None);
        ledger.zones = (0..=there.len() as u32).map(ZoneId).collect();
        let replication = Replication::Consensus { regions, round_trips, message: Bytes::new(1) };
        ledger.node = Node::Store(Store { replication, keys: None, ..Store::default() });
        let mut model = chain(100.0, 10, &[(ledger, Distribution::constant(ms(1)))], &[]);
        model.endpoints[0].access = Some(Access::Write);
        for (index, (there, back)) in (1u32..).zip(there.iter().zip(back)) {
            model.regions.push(Region { name: format!("region {index}") });
            model.zones.push(Zone { name: format!("zone {index}"), region: RegionId(index) });
            let (home, away) = (Location::Region(RegionId(0)), Location::Zone(ZoneId(index)));
            for (from, to, latency) in [(home, away, there), (away, home, back)] {
                let quality = LinkQuality { latency: Distribution::constant(ms(*latency)), ..LinkQuality::default() };
                model.network.links.push(Link { name: String::new(), from, to, both_ways: false, quality });
            }
        }
        model
    }

    /// How long a write takes, its worker is held and the processor is used [ms].
    fn took(model: &Model) -> (f64, f64, f64) {
        let run = simulate(model, 1, 0);
        let (call, store) = (run.edge(EdgeId(0), run.whole()), run.service(ServiceId(0), run.whole()));
        let calls = call.outcomes[0] as f64;
        assert!(calls > 900.0, "{calls} writes");
        let held = run.service(ServiceId(0), run.whole()).busy_ns as f64 / store.left as f64;
        (call.latency_sum_ns as f64 / calls / 1e6, held / 1e6, store.cpu_ns as f64 / store.left as f64 / 1e6)
    }

    #[test]
    fn a_write_takes_its_work_and_round_trips_to_the_nearest_majority() {
        let (there, back) = ([40, 10, 70, 20], [30, 15, 75, 35]);
        // Round trips take 70, 25, 145 and 55 ms. Of 5 regions 2 others make a majority, of the first 3 one of the first two, of 2 the first.
        for (regions, round_trips, exact) in
            [(5, 1, 1 + 55), (5, 2, 1 + 2 * 55), (3, 2, 1 + 2 * 25), (2, 3, 1 + 3 * 70), (1, 2, 1)]
        {
            let (latency, held, cpu) = took(&store(&there, &back, regions, round_trips));
            let exact = f64::from(exact);
            assert_eq!(latency, exact, "{regions} regions, {round_trips} round trips");
            assert!((held / exact - 1.0).abs() < 0.1 && (cpu - 1.0).abs() < 0.1, "held {held} ms, cpu {cpu} ms");
        }
    }

    #[test]
    fn without_a_network_nobody_is_waited_for() {
        let mut model = store(&[40, 10], &[40, 10], 3, 2);
        model.network.links.clear();
        assert_eq!(took(&model).0, 1.0);
        model.endpoints[0].access = Some(Access::Read);
        assert_eq!(took(&model).0, 1.0);
    }

    #[test]
    fn a_read_takes_its_work_and_one_round_trip_to_the_nearest_majority_unless_a_weak_level_is_asked_for() {
        let (there, back) = ([40, 10, 70, 20], [30, 15, 75, 35]);
        for (regions, round_trips, exact) in [(5, 1, 1 + 55), (5, 2, 1 + 55), (3, 3, 1 + 25), (2, 3, 1 + 70), (1, 2, 1)]
        {
            let mut model = store(&there, &back, regions, round_trips);
            model.endpoints[0].access = Some(Access::Read);
            for level in [None].into_iter().chain(Level::ALL.map(Some)) {
                model.edges[0].level = level;
                let is_weak = level.is_some_and(|level| level < Level::Serializable);
                let exact = if is_weak { 1.0 } else { f64::from(exact) };
                let (latency, held, _) = took(&model);
                assert_eq!(latency, exact, "{regions} regions, {level:?}");
                assert!((held / exact - 1.0).abs() < 0.1, "held {held} ms");
            }
            // Where nobody asks for a level, a read is as strong as what the store provides.
            model.edges[0].level = None;
            model.services[0].provides = Some(Level::ReadCommitted);
            assert_eq!(took(&model).0, 1.0);
        }
    }

    #[test]
    fn drawn_times_are_those_of_the_fastest() {
        // The sooner of two round trips, each of two exponential times of 10 ms: the mean of the least of two Erlang(2) times is 12.5 ms.
        let mut model = store(&[0, 0], &[0, 0], 3, 1);
        model.run.duration = ms(200_000);
        for link in &mut model.network.links {
            link.quality.latency = Distribution::exponential(ms(10));
        }
        let (latency, ..) = took(&model);
        assert!((latency - 13.5).abs() < 0.2, "{latency} ms");
    }
}
