//! Stations that are simulated by themselves, against the same models by events: to the last bit of all that leaves a run.

use crate::dist::Distribution;
use crate::engine::rng::{Keyed, mix};
use crate::ids::{Caller, EdgeId, EndpointId, GuardId, LoadId, ServiceId};
use crate::model::Model;
use crate::results::{RunResult, Stopped};
use crate::topology::Step;
use crate::units::SimDuration;
use crate::workload::{Arrival, Bursts};
use crate::world::tests::{chain, ms, service};
use crate::world::{plain_stations, simulate, simulate_by_events};

fn work(number: usize) -> Distribution {
    let kinds = [
        r#"{"exponential": {"mean": "100ms"}}"#,
        r#"{"lognormal": {"mean": "80ms", "cv": 2}}"#,
        r#"{"uniform": {"from": "0s", "to": "200ms"}}"#,
        r#"{"normal": {"mean": "50ms", "deviation": "60ms"}}"#,
        r#"{"gamma": {"mean": "90ms", "cv": 0.5}}"#,
        r#"{"exponential": {"mean": "2ns"}}"#,
    ];
    serde_json::from_str(kinds[number % kinds.len()]).unwrap()
}

fn arrival(number: usize, rate: f64) -> Arrival {
    match number % 4 {
        0 | 1 => Arrival::Poisson { rate },
        2 => Arrival::Constant { rate },
        _ => Arrival::Burst(Bursts { size: 40, at_ns: 0, every_ns: Some((40e9 / rate) as u64), times: u64::MAX }),
    }
}

/// One to three services with one to three load classes each, some of them with an endpoint that makes them ordinary.
fn model(seed: u64) -> Model {
    let mut draw = Keyed::new(mix(seed, 0x77));
    let mut pick = |n: usize| ((draw.unit() * n as f64) as usize).min(n - 1);
    let mut all = chain(5.0, 60, &[], &[]);
    all.loads.clear();
    for tier in 0..=pick(3) {
        let workers = [1, 1, 2, 16][pick(4)];
        let mut at = service(&format!("s{tier}"), workers, None);
        at.queue_capacity = [100_000, 5, 0][pick(3)];
        let other = chain(1.0, 60, &[(at, work(pick(6)))], &[]);
        let (service, endpoint) = (ServiceId::from(all.services.len()), EndpointId::from(all.endpoints.len()));
        let mut steps = other.endpoints[0].steps.clone();
        if pick(4) == 0 {
            steps.push(Step::Wait(Distribution::constant(ms(5))));
        }
        all.endpoints.push(crate::topology::Endpoint { service, steps, ..other.endpoints[0].clone() });
        all.services.push(other.services[0].clone());
        for _ in 0..=pick(3) {
            let (edge, load) = (EdgeId::from(all.edges.len()), LoadId::from(all.loads.len()));
            let guard = GuardId::from(all.guards.len());
            all.guards.push(crate::topology::Guard { callee: service, ..other.guards[0].clone() });
            let name = format!("edge {}", edge.0);
            let caller = Caller::Load(load);
            all.edges.push(crate::topology::Edge { name, caller, callee: endpoint, guard, ..other.edges[0].clone() });
            let rate = f64::from(workers) * [3.0, 6.0, 9.5][pick(3)];
            let mut of = other.loads[0].clone();
            (of.name, of.mix, of.arrival) = (format!("load {}", load.0), vec![(1.0, edge)], arrival(pick(4), rate));
            all.loads.push(of);
        }
    }
    all.run.marks = vec![7_000_000_001, 33_000_000_000];
    all
}

fn all_of(run: &RunResult) -> String {
    format!("{run:?}")
}

#[test]
fn results_are_those_of_a_run_by_events() {
    let (mut plain, mut ordinary) = (0, 0);
    for seed in 0..120 {
        let model = model(seed);
        let found = plain_stations(&model);
        plain += found;
        ordinary += model.services.len() - found;
        let (fast, by_events) = (simulate(&model, seed, 1), simulate_by_events(&model, seed, 1));
        assert!(fast.stopped.is_none());
        assert_eq!(all_of(&fast), all_of(&by_events), "seed {seed}");
    }
    assert!(plain > 100 && ordinary > 30, "{plain} plain stations, {ordinary} others");
}

#[test]
fn a_run_that_ends_at_a_bound_is_that_by_events() {
    let base = chain(30.0, 60, &[(service("a", 1, None), Distribution::exponential(ms(100)))], &[]);
    let bounded = |set: &dyn Fn(&mut Model)| {
        let mut model = base.clone();
        set(&mut model);
        model
    };
    let models = [
        bounded(&|model| model.run.max_backlog = 200),
        bounded(&|model| model.run.max_in_flight = 100),
        bounded(&|model| model.run.max_events = 1_000),
    ];
    for model in models {
        assert_eq!(plain_stations(&model), 1);
        let (fast, by_events) = (simulate(&model, 3, 0), simulate_by_events(&model, 3, 0));
        assert_eq!(all_of(&fast), all_of(&by_events), "{:?}", by_events.stopped);
        assert!(fast.stopped.is_some());
    }
    assert!(matches!(
        simulate(&bounded(&|model| model.run.max_events = 1_000), 3, 0).stopped,
        Some(Stopped::Events { .. })
    ));
}

#[test]
fn what_can_be_interrupted_is_no_plain_station() {
    let base = || chain(5.0, 60, &[(service("a", 1, None), Distribution::exponential(ms(100)))], &[]);
    assert_eq!(plain_stations(&base()), 1);
    let with = |set: &dyn Fn(&mut Model)| {
        let mut model = base();
        set(&mut model);
        plain_stations(&model)
    };
    assert_eq!(with(&|model| model.services[0].max_wait = Some(Distribution::constant(ms(10)))), 0);
    assert_eq!(with(&|model| model.services[0].max_instances = 2), 0);
    assert_eq!(with(&|model| model.edges[0].timeout = Some(Distribution::constant(ms(10)))), 0);
    assert_eq!(with(&|model| model.edges[0].size.0 = crate::units::Bytes::new(1)), 0);
    assert_eq!(
        with(&|model| model.endpoints[0].steps.push(Step::Wait(Distribution::constant(SimDuration::from_ns(1))))),
        0
    );
    assert_eq!(with(&|model| model.endpoints[0].steps = vec![Step::Work(Distribution::constant(ms(100)))]), 0);
    let closed = |model: &mut Model| {
        model.loads[0].arrival =
            Arrival::Closed { users: 1, think: Distribution::default(), first: Distribution::default() }
    };
    assert_eq!(with(&closed), 0);
}
