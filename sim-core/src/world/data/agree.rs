//! Agreement between regions: how long a write waits until enough of them have it.
//!
//! The instance that takes a write asks the other regions of its store, as often as there are round trips, and each time goes on when a
//! majority of the regions, its own among them, has answered. Messages take the time of the network between the zones; losses and faults
//! on the way do not act on them.

use crate::engine::rng::{Keyed, mix};
use crate::ids::ServiceId;
use crate::model::Model;
use crate::results::TraceStepKind;
use crate::topology::{Node, Replication, Service};
use crate::world::World;
use crate::world::frame::{FrameId, Phase};
use crate::world::network::Network;
use crate::world::probe::Stage;
use crate::world::program::Op;

const AGREE: u64 = 0x73;

/// Who agrees in one store.
struct Agreement {
    round_trips: u32,
    /// Whom an instance asks, by its zone.
    asked: Vec<AskedRegions>,
}

/// Whom the instances of one zone ask.
struct AskedRegions {
    /// The way to each other region, and the way back.
    ways: Vec<(u16, u16)>,
    /// How many of them have to answer.
    needed: usize,
}

/// Who agrees, by store; `None` for all else.
#[derive(Default)]
pub(super) struct Agreements(Vec<Option<Agreement>>);

impl Agreements {
    pub(in crate::world) fn new(model: &Model, wires: &Network) -> Self {
        let agreement = |(index, service): (usize, &Service)| {
            let Node::Store(store) = &service.node else { return None };
            let Replication::Consensus { regions, round_trips, .. } = store.replication else { return None };
            let standing = standing(model, service, regions as usize);
            let asked = |own: usize| {
                let own_region = model.zones[own].region;
                let others = standing.iter().filter(|&&zone| model.zones[zone].region != own_region);
                let way = |from, to| wires.way_within(model, ServiceId::from(index), from, to);
                let ways: Vec<(u16, u16)> = others.map(|&zone| (way(own, zone), way(zone, own))).collect();
                let is_one_of_them = ways.len() < standing.len();
                let needed = (regions as usize / 2 + 1 - usize::from(is_one_of_them)).min(ways.len());
                AskedRegions { ways, needed }
            };
            Some(Agreement { round_trips, asked: (0..model.zones.len()).map(asked).collect() })
        };
        Self(model.services.iter().enumerate().map(agreement).collect())
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
        let took = self.agreement_ns(frame, service);
        if took == 0 {
            self.frames[frame].pc += 1;
            return Some(frame);
        }
        self.wakes_after(frame, took, Phase::Agreeing);
        None
    }

    /// The regions agree, or copies have a write: it goes on.
    pub(in crate::world) fn agreed(&mut self, frame: FrameId) -> Option<FrameId> {
        match self.program.ops[self.frames[frame].pc] {
            Op::Read(_) => return Some(self.quorum_has_answered(frame)),
            Op::Write(store) | Op::CompareAndSet(store) if self.data.rows.quorum(store).is_some() => {
                return Some(self.quorum_has_answered(frame));
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

    fn agreement_ns(&self, frame: FrameId, service: ServiceId) -> u64 {
        let Some(agreement) = &self.data.agreements.0[service.index()] else { return 0 };
        let at = &self.frames[frame];
        let asked = &agreement.asked[self.stations.zone_of(at.instance.known()).index()];
        let Some(last) = asked.needed.checked_sub(1) else { return 0 };
        let mut draw = Keyed::new(mix(at.key, AGREE));
        let mut answers = vec![0; asked.ways.len()];
        let mut took = 0u64;
        for _ in 0..agreement.round_trips {
            for (answer, (there, back)) in answers.iter_mut().zip(&asked.ways) {
                *answer = self.network.latency_ns(*there, &mut draw) + self.network.latency_ns(*back, &mut draw);
            }
            answers.sort_unstable();
            took += answers[last];
        }
        took
    }
}

#[cfg(test)]
mod tests {
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
        let mut model = store(&[40, 10], &[40, 10], 3, 2);
        model.endpoints[0].access = Some(Access::Read);
        assert_eq!(took(&model).0, 1.0);
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
