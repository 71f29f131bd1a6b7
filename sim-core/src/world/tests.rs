//! The engine against closed forms, on models made by hand. Scenario files are tested in the workspace's own tests.

use super::simulate;
use crate::call::balance::BalanceSettings;
use crate::call::retry::RETRIES;
use crate::data::{DUPLICATES, Effect};
use crate::dist::Distribution;
use crate::faults::{CallersSee, Fault, FaultEffect, Pick, Schedule, Selection, Target};
use crate::ids::{Caller, EdgeId, EndpointId, GuardId, LoadId, RegionId, ServiceId, ZoneId};
use crate::model::Model;
use crate::network::Network;
use crate::outcome::Outcome;
use crate::results::{EdgeCounts, RunResult};
use crate::service::discipline::Discipline;
use crate::topology::{Edge, Endpoint, Guard, Load, Node, Region, Run, Service, Step, Topology, Zone};
use crate::units::{Bytes, Cores, SimDuration};
use crate::workload::{Arrival, Bursts, Priority};
use std::collections::BTreeMap;

const MS: u64 = 1_000_000;

pub(super) fn ms(value: u64) -> SimDuration {
    SimDuration::from_ns(value * MS)
}

pub(super) fn service(name: &str, workers: u32, cores: Option<u32>) -> Service {
    Service {
        name: name.into(),
        node: Node::Service,
        instances: 1,
        max_instances: 1,
        need: 1,
        zones: vec![ZoneId(0)],
        workers: Some(workers),
        cores: cores.map(Cores::whole),
        cpu_limit: None,
        device: None,
        nic: None,
        memory: None,
        queue_capacity: 100_000,
        max_wait: None,
        discipline: Discipline::default(),
        fair_per: None,
        admission: None,
        start_up: Distribution::default(),
        warm_up: None,
        slow_start: None,
        health: None,
        labels: BTreeMap::new(),
        version: None,
        has_versions: false,
        machine_type: None,
        sizes: crate::service::sizes::Sizes::default(),
        disk: Bytes::new(0),
        provides: None,
        reserved: 0,
    }
}

/// A chain of services, each of which works and then calls the next.
pub(super) fn chain(
    rate: f64,
    seconds: u64,
    tiers: &[(Service, Distribution)],
    timeouts: &[Option<SimDuration>],
) -> Model {
    let mut model = Model::of(Topology {
        run: Run {
            warm_up: ms(10_000),
            duration: SimDuration::from_ns(seconds * 1000 * MS),
            window: SimDuration::from_ns(seconds * 1000 * MS / 10),
            marks: Vec::new(),
            start: SimDuration::ZERO,
            max_backlog: 1_000_000,
            max_in_flight: 10_000_000,
            max_events: u64::MAX,
            one_of: 1,
        },
        regions: vec![Region { name: "home".into() }],
        zones: vec![Zone { name: "home-a".into(), region: RegionId(0) }],
        services: Vec::new(),
        endpoints: Vec::new(),
        edges: Vec::new(),
        guards: Vec::new(),
        loads: vec![Load {
            name: "users".into(),
            mix: vec![(1.0, EdgeId(0))],
            arrival: Arrival::Poisson { rate },
            shape: Vec::new(),
            zone: None,
            priority: Priority::default(),
            tenant: 0,
            population: None,
            complaints: None,
        }],
        keys: Vec::new(),
        versions: Vec::new(),
        network: Network::default(),
    });
    for (tier, (service, work)) in tiers.iter().enumerate() {
        let mut steps = vec![Step::Work(work.clone())];
        if tier + 1 < tiers.len() {
            steps.push(Step::Call(EdgeId(tier as u32 + 1)));
        }
        model.endpoints.push(Endpoint {
            name: format!("{}.get", service.name),
            service: ServiceId(tier as u32),
            steps,
            effect: Effect::None,
            is_async: true,
            access: None,
            requires: None,
            admission: None,
        });
        model.guards.push(Guard {
            name: format!("call {tier}"),
            callee: ServiceId(tier as u32),
            caller: tier.checked_sub(1).map(|t| ServiceId(t as u32)),
            balance: BalanceSettings::default(),
            balance_key: None,
            breaker: None,
            throttle: None,
            limit: None,
            pool: None,
            rate_limit: None,
            activator: None,
            per: None,
            budget: None,
            ejection: None,
            hedge: None,
        });
        model.edges.push(Edge {
            name: format!("edge {tier}"),
            caller: tier.checked_sub(1).map_or(Caller::Load(LoadId(0)), |t| Caller::Endpoint(EndpointId(t as u32))),
            callee: EndpointId(tier as u32),
            timeout: timeouts.get(tier).copied().flatten().map(Distribution::constant),
            total_timeout: None,
            deadline: None,
            deadline_as: crate::call::deadline::DeadlineAs::default(),
            cancel: false,
            retry: None,
            fallback: None,
            hedge: None,
            locality: None,
            optional: false,
            size: (Bytes::new(0), Bytes::new(0)),
            guard: GuardId(tier as u32),
            level: None,
            gate: None,
        });
        model.services.push(service.clone());
    }
    model
}

fn mean_wait_s(run: &RunResult, tier: usize) -> f64 {
    let counts = run.service(ServiceId(tier as u32), run.whole());
    counts.wait_sum_ns as f64 / counts.started as f64 / 1e9
}

fn check(found: f64, exact: f64, tolerance: f64, what: &str) {
    assert!((found / exact - 1.0).abs() < tolerance, "{what}: {found}, exact {exact}");
}

/// Every attempt that was sent has ended or is in flight, and integrals agree with Little's law.
fn check_laws(run: &RunResult, model: &Model) {
    for edge in 0..model.edges.len() {
        let counts = run.edge(EdgeId(edge as u32), run.whole());
        let (before, after) = (run.in_flight_at_zero[edge], run.in_flight[edge]);
        assert_eq!(counts.attempts + before, counts.ended() + after, "attempts of edge {edge}");
    }
    for service in 0..model.services.len() {
        let counts = run.service(ServiceId(service as u32), run.whole());
        assert!(counts.busy_ns <= counts.workers_ns, "more workers busy than there are");
        let waiting = counts.wait_sum_ns as f64;
        if counts.queue_now < 100 && waiting > 0.0 {
            check(counts.queue_ns as f64, waiting, 0.02, "Little's law for those who wait");
        }
    }
}

#[test]
fn one_server_waits_as_mm1() {
    // rho 0.8: Wq = rho / (mu - lambda) = 0.4 s at mu 10.
    let model = chain(8.0, 200_000, &[(service("a", 1, None), Distribution::exponential(ms(100)))], &[]);
    let run = simulate(&model, 1, 0);
    check(mean_wait_s(&run, 0), 0.4, 0.02, "mean wait");
    let wait = run.histogram(run.whole(), |p| &p.wait[0]).quantile(0.99).unwrap() / 1e9;
    let exact = crate::engine::math::ln(0.8 / 0.01) / 2.0;
    check(wait, exact, 0.04, "p99 of the wait");
    check_laws(&run, &model);
}

#[test]
fn ten_servers_wait_as_erlang_c() {
    let model = chain(8.0, 100_000, &[(service("a", 10, None), Distribution::exponential(ms(1000)))], &[]);
    let run = simulate(&model, 1, 0);
    check(mean_wait_s(&run, 0), 0.20459, 0.03, "mean wait");
    check_laws(&run, &model);
}

#[test]
fn shared_cores_are_insensitive_to_the_distribution() {
    // M/G/1 under processor sharing: W = E[S] / (1 - rho) = 0.5 s for any distribution of mean 0.1 s at 8/s.
    for work in
        ["{\"lognormal\": {\"mean\": \"100ms\", \"cv\": 2}}", "\"100ms\"", "{\"exponential\": {\"mean\": \"100ms\"}}"]
    {
        let work: Distribution = serde_json::from_str(work).unwrap();
        let model = chain(8.0, 100_000, &[(service("a", 1000, Some(1)), work)], &[]);
        let run = simulate(&model, 2, 0);
        let counts = run.edge(EdgeId(0), run.whole());
        let mean = counts.latency_sum_ns as f64 / counts.outcomes[0] as f64 / 1e9;
        check(mean, 0.5, 0.04, "mean time in the system");
        check_laws(&run, &model);
    }
}

#[test]
fn a_full_queue_loses_as_erlang_b() {
    let mut centre = service("a", 10, None);
    centre.queue_capacity = 0;
    let model = chain(5.0, 100_000, &[(centre, Distribution::exponential(ms(1000)))], &[]);
    let run = simulate(&model, 3, 0);
    let counts = run.edge(EdgeId(0), run.whole());
    let lost = counts.outcomes[Outcome::Rejected as usize] as f64 / counts.ended() as f64;
    assert!((lost - 0.0183846).abs() < 0.002, "loss {lost}");
    check_laws(&run, &model);
}

/// A station that is always full, where the important never wait long and the others always give up.
fn two_priorities(discipline: Discipline) -> Model {
    let mut centre = service("a", 1, None);
    centre.discipline = discipline;
    centre.max_wait = Some(Distribution::exponential(ms(50)));
    let mut model = chain(900.0, 30, &[(centre, Distribution::exponential(ms(1)))], &[]);
    let guard = model.guards[0].clone();
    model.guards.push(guard);
    let edge = Edge { caller: Caller::Load(LoadId(1)), guard: GuardId(1), ..model.edges[0].clone() };
    model.edges.push(edge);
    let others = Load { name: "others".into(), mix: vec![(1.0, EdgeId(1))], ..model.loads[0].clone() };
    model.loads.push(Load { priority: Priority::Sheddable, ..others });
    model
}

#[test]
fn the_important_go_first_and_those_who_gave_up_are_forgotten() {
    for (discipline, by_priority) in [(r#"{"lifo": {}}"#, false), (r#"{"priority": {}}"#, true)] {
        let model = two_priorities(serde_json::from_str(discipline).unwrap());
        let mut world = super::World::new(&model, 5, 0);
        world.run();
        assert!(world.frames.len() < 10_000, "{} frames for fewer than 200 that wait", world.frames.len());
        let run = world.into_result();
        let answered = |edge| {
            let counts = run.edge(EdgeId(edge), run.whole());
            counts.outcomes[0] as f64 / counts.ended() as f64
        };
        assert_eq!(
            answered(0) > 0.9 && answered(1) < 0.3,
            by_priority,
            "{discipline}: {} {}",
            answered(0),
            answered(1)
        );
        let all = [0, 1].map(|edge| run.edge(EdgeId(edge), run.whole()));
        let sent: u64 = all.iter().map(|c| c.attempts).sum::<u64>() + run.in_flight_at_zero.iter().sum::<u64>();
        assert_eq!(sent, all.iter().map(EdgeCounts::ended).sum::<u64>() + run.in_flight.iter().sum::<u64>());
    }
}

#[test]
fn importance_is_handed_on_to_callees() {
    let mut front = service("front", 1, None);
    front.workers = None;
    let mut back = service("back", 1, None);
    back.discipline = serde_json::from_str(r#"{"priority": {}}"#).unwrap();
    back.max_wait = Some(Distribution::exponential(ms(50)));
    let work = || Distribution::exponential(ms(1));
    let mut model = chain(900.0, 30, &[(front, work()), (back, work())], &[]);
    let guard = model.guards[0].clone();
    model.guards.push(guard);
    let edge = Edge { caller: Caller::Load(LoadId(1)), guard: GuardId(2), ..model.edges[0].clone() };
    model.edges.push(edge);
    let others = Load { name: "others".into(), mix: vec![(1.0, EdgeId(2))], ..model.loads[0].clone() };
    model.loads.push(Load { priority: Priority::Sheddable, ..others });
    let run = simulate(&model, 5, 0);
    let answered = [0, 2].map(|edge| {
        let counts = run.edge(EdgeId(edge), run.whole());
        counts.outcomes[0] as f64 / counts.ended() as f64
    });
    assert!(answered[0] > 0.9 && answered[1] < 0.3, "{answered:?}");
}

/// Two requests at the same moment for one worker without a queue, who both try again each millisecond until they are served.
#[test]
fn one_who_never_gives_up_is_served_in_the_end() {
    let mut centre = service("a", 1, None);
    centre.queue_capacity = 0;
    let mut model = chain(1.0, 10, &[(centre, Distribution::constant(ms(2000)))], &[]);
    model.loads[0].arrival = Arrival::Burst(Bursts { size: 2, at_ns: 0, every_ns: None, times: 1 });
    model.endpoints[0].effect = Effect::NotIdempotent;
    let retry = r#"{"max_attempts": "1M", "outcomes": ["rejected"], "backoff": {"fixed": {"delay": "1ms"}}}"#;
    model.edges[0].retry = Some(serde_json::from_str(retry).unwrap());
    let run = simulate(&model, 5, 0);
    let counts = run.edge(EdgeId(0), run.whole());
    // The second knocks at 0, 1, 2 ... 2000 ms.
    assert_eq!((counts.calls, counts.attempts, counts.of(&RETRIES), counts.call_outcomes[0]), (2, 2002, 2000, 2));
    assert_eq!(counts.call_latency_sum_ns, (2000 + 4000) * MS);
    assert_eq!(run.service(ServiceId(0), run.whole()).of(&DUPLICATES), 0);
}

#[test]
fn a_tandem_with_timeouts_and_retries_keeps_its_laws() {
    let tiers = [
        (service("a", 4, None), Distribution::exponential(ms(2))),
        (service("b", 16, None), Distribution::exponential(ms(10))),
        (service("c", 8, None), Distribution::exponential(ms(10))),
    ];
    let mut model = chain(560.0, 400, &tiers, &[Some(ms(400)), Some(ms(150)), Some(ms(50))]);
    for edge in &mut model.edges {
        edge.retry = Some(crate::call::retry::RetrySettings::default());
    }
    let run = simulate(&model, 4, 0);
    let counts = run.edge(EdgeId(2), run.whole());
    assert!(counts.of(&RETRIES) > 0 && counts.outcomes[Outcome::Timeout as usize] > 0, "{counts:?}");
    check_laws(&run, &model);
}

/// A service with two instances of which it needs so many, and a fault that takes them down by this schedule.
fn wearing(schedule: Schedule, seconds: u64, need: u32) -> Model {
    let mut pair = service("a", 1, None);
    (pair.instances, pair.max_instances, pair.need) = (2, 2, need);
    let mut model = chain(1.0, seconds, &[(pair, Distribution::default())], &[]);
    model.run.warm_up = SimDuration::ZERO;
    let selection = Selection {
        version: None,
        services: vec![ServiceId(0)],
        zone: None,
        region: None,
        role: None,
        pick: Pick::All,
        redraw: false,
    };
    model.faults.push(Fault {
        name: "crashes".into(),
        effect: FaultEffect::Crash { callers_see: CallersSee::Reset },
        target: Target::Instances(selection),
        schedule,
        per_year: None,
        says: String::new(),
        experiment: None,
        is_routine: false,
        ramp_ns: 0,
    });
    model
}

/// When such a fault struck [s].
fn failures(schedule: Schedule, seconds: u64) -> Vec<(i64, i64)> {
    let whole = |ns: i64| ns / 1_000_000_000;
    simulate(&wearing(schedule, seconds, 1), 1, 0).faults[0]
        .iter()
        .map(|span| (whole(span.from_ns), whole(span.to_ns)))
        .collect()
}

#[test]
fn those_that_fail_first_are_repaired_first() {
    let schedule = |crews, together| {
        let (mtbf, mttr) = (Distribution::constant(ms(10_000)), Distribution::constant(ms(4_000)));
        Schedule::Random { mtbf, mttr, crews, together }
    };
    // With a crew for each, both are down for 4 s after every 10 s; as one, that is a single occurrence.
    assert_eq!(failures(schedule(None, false), 27), [(10, 14), (10, 14), (24, 27), (24, 27)]);
    assert_eq!(failures(schedule(None, true), 27), [(10, 14), (24, 27)]);
    // One crew repairs the second when the first is done; the end closes what is down.
    assert_eq!(failures(schedule(Some(1), false), 31), [(10, 14), (10, 18), (24, 28), (28, 31)]);
}

/// How often each of two services went down when a fault struck one of them 64 times.
fn outages_of_two(redraw: bool) -> [u64; 2] {
    let schedule =
        Schedule::Fixed { at_ns: 0, for_ns: Some(500_000_000), every_ns: Some(1_000_000_000), times: Some(64) };
    let mut model = chain(
        1.0,
        70,
        &[(service("a", 1, None), Distribution::default()), (service("b", 1, None), Distribution::default())],
        &[],
    );
    model.faults = wearing(schedule, 70, 1).faults;
    let Target::Instances(selection) = &mut model.faults[0].target else { unreachable!("instances") };
    selection.services.push(ServiceId(1));
    (selection.pick, selection.redraw) = (Pick::Count(1), redraw);
    let run = simulate(&model, 1, 0);
    [0, 1].map(|thing| run.slices.iter().map(|slice| slice.up[thing].outages).sum())
}

#[test]
fn a_draw_holds_for_the_run_unless_it_is_redrawn() {
    let mut once = outages_of_two(false);
    once.sort_unstable();
    assert_eq!(once, [0, 64]);
    let each_time = outages_of_two(true);
    assert_eq!(each_time[0] + each_time[1], 64);
    assert!(each_time.iter().all(|outages| (16..=48).contains(outages)), "{each_time:?}");
}

#[test]
fn what_is_up_is_an_integral_over_time() {
    let schedule = || {
        let (mtbf, mttr) = (Distribution::constant(ms(10_000)), Distribution::constant(ms(4_000)));
        Schedule::Random { mtbf, mttr, crews: Some(1), together: false }
    };
    // Down are the first from 10 to 14 and the second from 10 to 18, then the first from 24 on.
    for (need, up_s, outages) in [(1, 23, 1), (2, 16, 2)] {
        let run = simulate(&wearing(schedule(), 27, need), 1, 0);
        for thing in 0..2 {
            let up_ns: u64 = run.slices.iter().map(|slice| slice.up[thing].up_ns).sum();
            let fell: u64 = run.slices.iter().map(|slice| slice.up[thing].outages).sum();
            assert_eq!((up_ns / 1_000_000_000, fell), (up_s, outages), "need {need}");
            assert_eq!(run.first_outages[thing], Some(10_000_000_000));
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_does_not() {
    let model = chain(8.0, 500, &[(service("a", 1, None), Distribution::exponential(ms(100)))], &[]);
    let digest = |seed, replication| simulate(&model, seed, replication).digest;
    assert_eq!(digest(1, 0), digest(1, 0));
    assert_ne!(digest(1, 0), digest(2, 0));
    assert_ne!(digest(1, 0), digest(1, 1));
}

/// Windows, and who looks at them, are events of the engine and happen to no request.
#[test]
fn the_digest_does_not_tell_how_often_the_engine_looks() {
    let mut model = chain(8.0, 100, &[(service("a", 1, None), Distribution::exponential(ms(100)))], &[Some(ms(300))]);
    let digest = simulate(&model, 1, 0).digest;
    model.run.window = ms(500);
    model.run.marks = vec![17_000_000_000];
    let run = simulate(&model, 1, 0);
    assert!(run.slices.len() > 100, "{}", run.slices.len());
    assert_eq!(run.digest, digest);
    model.services[0].workers = Some(2);
    assert_ne!(simulate(&model, 1, 0).digest, digest);
}

/// The digest of a run with timeouts, retries and shared cores: the same in every build and on every machine. If it
/// moves, results move, and the CHANGELOG has to say why.
#[test]
fn the_digest_is_golden() {
    let tiers = [
        (service("a", 4, Some(2)), serde_json::from_str(r#"{"lognormal": {"p50": "1ms", "p99": "9ms"}}"#).unwrap()),
        (service("b", 16, None), serde_json::from_str(r#"{"gamma": {"mean": "10ms", "cv": 1.4}}"#).unwrap()),
        (service("c", 8, None), Distribution::exponential(ms(10))),
    ];
    let mut model = chain(500.0, 30, &tiers, &[Some(ms(400)), Some(ms(150)), Some(ms(50))]);
    for edge in &mut model.edges {
        edge.retry = Some(crate::call::retry::RetrySettings::default());
    }
    assert_eq!(format!("{:016x}", simulate(&model, 42, 3).digest), "cbc0f6ab65d6dc3a");
}

#[test]
fn what_starts_is_taken_out_by_its_health_check() {
    // Of two instances one restarts at 20 s and starts for 30 s; its health is looked at every 5 s and decides after 2 looks.
    let mut pair = service("a", 4, None);
    (pair.instances, pair.max_instances) = (2, 2);
    pair.start_up = Distribution::constant(ms(30_000));
    pair.health = Some(crate::topology::Health {
        every: ms(5_000),
        timeout: ms(1_000),
        unhealthy_after: 2,
        healthy_after: 1,
        takes: ms(0),
        restart: false,
    });
    let mut model = chain(50.0, 100, &[(pair, Distribution::constant(ms(1)))], &[]);
    let schedule = Schedule::Fixed { at_ns: 20_000_000_000, for_ns: Some(1), every_ns: None, times: None };
    model.faults = wearing(schedule, 100, 1).faults;
    model.faults[0].effect = FaultEffect::Restart;
    let Target::Instances(selection) = &mut model.faults[0].target else { unreachable!("instances") };
    selection.pick = Pick::Numbers(vec![0]);
    let run = simulate(&model, 1, 0);
    let lost = |from_s: u64, to_s: u64| -> u64 {
        let slices = run.slices.iter().filter(|s| (from_s..to_s).contains(&(s.from_ns / 1_000_000_000)));
        slices.map(|s| s.edges[0].outcomes[2..].iter().sum::<u64>()).sum()
    };
    assert!(lost(20, 30) > 50, "{}", lost(20, 30));
    assert_eq!((lost(0, 20), lost(30, 100)), (0, 0));
}

#[test]
fn no_two_facts_have_one_number() {
    let source = include_str!("mod.rs");
    let numbers = source.lines().filter_map(|line| line.trim().strip_prefix("pub const ")?.strip_suffix(" << 40;"));
    let mut numbers: Vec<&str> = numbers.filter_map(|line| line.rsplit(' ').next()).collect();
    let all = numbers.len();
    numbers.sort_unstable();
    numbers.dedup();
    assert!(all > 20 && numbers.len() == all, "{all} facts, and {} numbers", numbers.len());
}
