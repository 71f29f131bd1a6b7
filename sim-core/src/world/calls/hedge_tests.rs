//! Hedged calls on models made by hand: nobody is lost, nothing is counted twice, and the first copy is the call that it would have been.

use crate::call::ejection::{EJECTIONS, EjectionSettings};
use crate::call::hedge::{HEDGES, HedgeSettings, WON};
use crate::call::retry::{RETRIES, RetrySettings};
use crate::counters::place;
use crate::dist::Distribution;
use crate::faults::{CallersSee, Fault, FaultEffect, Pick, Schedule, Selection, Target};
use crate::ids::{EdgeId, ServiceId};
use crate::model::Model;
use crate::outcome::Outcome;
use crate::results::{EdgeCounts, RunResult};
use crate::topology::Step;
use crate::units::Count;
use crate::world::World;
use crate::world::frame::Phase;
use crate::world::tests::{chain, ms, service};

const KINDS: [&str; 5] = [
    r#"{"backup": {"after": {"time": "5ms"}}}"#,
    r#"{"backup": {"after": {"percentile": "p90"}, "max_attempts": 4, "extra_load": "30%"}}"#,
    r#"{"backup": {"after": {"time": "0ms"}, "max_attempts": 3}}"#,
    r#"{"tied": {}}"#,
    r#"{"speculative": {"copies": 3}}"#,
];

/// Loads call a, which asks b three times at once, which asks c; several instances each, with few workers.
fn model(rate: f64, seconds: u64) -> Model {
    let work = |text: &str| -> Distribution { serde_json::from_str(text).unwrap() };
    let heavy = r#"{"mixture": [{"probability": "95%", "of": {"exponential": {"mean": "2ms"}}},
        {"probability": "5%", "of": {"exponential": {"mean": "60ms"}}}]}"#;
    let tiers = [
        (service("a", 8, None), work("\"1ms\"")),
        (service("b", 4, Some(2)), work(heavy)),
        (service("c", 2, None), work(heavy)),
    ];
    let mut model = chain(rate, seconds, &tiers, &[Some(ms(900)), Some(ms(300)), Some(ms(100))]);
    for (service, instances) in model.services.iter_mut().zip([2, 3, 5]) {
        (service.instances, service.max_instances) = (instances, instances);
        service.queue_capacity = 20;
    }
    let branch = vec![Step::Call(EdgeId(1))];
    model.endpoints[0].steps[1] = Step::Parallel { branches: vec![branch], repeat: 3, need: 3 };
    model
}

fn hedged(mut model: Model, edges: &[usize], kind: &str, cancel: bool) -> Model {
    let settings: HedgeSettings = serde_json::from_str(kind).unwrap();
    for &edge in edges {
        model.edges[edge].hedge = Some(settings.clone());
        model.edges[edge].cancel = cancel;
        model.guards[edge].hedge = Some(settings.clone());
    }
    model
}

/// Instance 0 of a service crashes for a second, every five.
fn crashing(service: u32, callers_see: CallersSee) -> Fault {
    Fault {
        name: format!("crash {service}"),
        effect: FaultEffect::Crash { callers_see },
        target: Target::Instances(Selection {
            version: None,
            services: vec![ServiceId(service)],
            zone: None,
            region: None,
            role: None,
            pick: Pick::Numbers(vec![0]),
            redraw: false,
        }),
        schedule: Schedule::Fixed {
            at_ns: 2_000_000_000,
            for_ns: Some(1_000_000_000),
            every_ns: Some(5_000_000_000),
            times: None,
        },
        per_year: None,
        says: String::new(),
        experiment: None,
        is_routine: false,
        ramp_ns: 0,
    }
}

/// Runs on without load until nothing happens any more, and looks whether anybody is left. Gives what was counted since the start.
fn drained(model: &Model, what: &str) -> Vec<EdgeCounts> {
    let mut world = World::new(model, 5, 0);
    world.run();
    assert!(world.stopped.is_none(), "{what}: {:?}", world.stopped);
    world.done = false;
    world.run();
    let left: Vec<Phase> =
        world.frames.ids().map(|frame| world.frames[frame].phase).filter(|&phase| phase != Phase::Free).collect();
    // Those given up while they waited are taken from the queue when they come up.
    assert!(left.iter().all(|&phase| phase == Phase::Skipped), "{what}: {left:?}");
    assert_eq!(world.calls.races.len(), 0, "{what}: races");
    assert_eq!(*world.stations.backlog(), 0, "{what}: backlog");
    let outstanding: u32 = world.calls.shared.iter().map(|shared| shared.balancer.outstanding()).sum();
    assert_eq!(outstanding, 0, "{what}: balancers believe that attempts are outstanding");
    assert!(world.stations.are_empty(), "{what}: in an instance");
    for (edge, site) in world.calls.sites.iter().enumerate() {
        assert_eq!(site.counts.attempts, site.counts.ended(), "{what}: attempts of edge {edge}");
        let calls: u64 = site.counts.call_outcomes.iter().sum();
        assert!(site.counts.calls >= calls, "{what}: calls of edge {edge}");
    }
    world.calls.sites.iter().map(|site| site.counts).collect()
}

#[test]
fn requests_with_hedges_and_cancels_are_conserved() {
    for kind in KINDS {
        for cancel in [false, true] {
            for retries in [false, true] {
                for faults in 0..3 {
                    let mut model = hedged(model(60.0, 20), &[0, 1, 2], kind, cancel);
                    if retries {
                        model.edges[1].retry = Some(RetrySettings::default());
                        model.edges[2].retry = Some(RetrySettings::default());
                    }
                    let sees = if faults == 1 { CallersSee::Reset } else { CallersSee::Silence };
                    if faults > 0 {
                        model.faults = vec![crashing(2, sees), crashing(1, sees)];
                        let settings = EjectionSettings { consecutive_errors: Count::new(1), ..Default::default() };
                        model.guards[2].ejection = Some(settings);
                    }
                    let what = format!("{kind}, cancel {cancel}, retries {retries}, faults {faults}");
                    let counts = drained(&model, &what);
                    assert!(counts.iter().all(|c| c.of(&HEDGES) > 0), "{what}: {counts:?}");
                    // Where the losers of a race are withdrawn, attempts at a silent instance need not fail: another copy answers first.
                    let may_be_unseen = faults == 2 && cancel;
                    assert!(counts[2].of(&EJECTIONS) > 0 || faults == 0 || may_be_unseen, "{what}: {counts:?}");
                    assert!(counts[2].of(&EJECTIONS) == 0 || faults > 0, "{what}: {counts:?}");
                }
            }
        }
    }
}

#[test]
fn every_call_ends_once_where_nobody_is_cancelled_or_crashes() {
    for kind in KINDS {
        let counts = drained(&hedged(model(100.0, 20), &[0, 1, 2], kind, false), kind);
        for c in &counts {
            assert_eq!(c.calls, c.call_outcomes.iter().sum::<u64>(), "{kind}");
            // An attempt is a call's first, a hedge or a retry.
            assert_eq!(c.attempts, c.calls + c.of(&HEDGES) + c.of(&RETRIES), "{kind}");
            assert!(c.of(&WON) <= c.of(&HEDGES), "{kind}: {c:?}");
        }
        assert!(counts.iter().any(|c| c.of(&WON) > 0), "{kind}: {counts:?}");
    }
}

#[test]
fn a_crash_of_callers_and_callees_at_once_leaves_nobody() {
    // The news of a callee's crash lets its caller go on, in the moment in which the caller crashes too.
    for (optional, kind) in [(false, None), (true, None), (false, Some(KINDS[0])), (true, Some(KINDS[4]))] {
        let mut model = model(200.0, 20);
        // Callees are struck before their callers.
        model.services.swap(1, 2);
        (model.endpoints[1].service, model.endpoints[2].service) = (ServiceId(2), ServiceId(1));
        (model.guards[1].callee, model.guards[2].callee) = (ServiceId(2), ServiceId(1));
        model.guards[2].caller = Some(ServiceId(2));
        if let Some(kind) = kind {
            model = hedged(model, &[1, 2], kind, true);
        }
        model.edges[2].optional = optional;
        let retry =
            r#"{"max_attempts": 4, "backoff": {"fixed": {"delay": "0ms"}}, "outcomes": ["unreachable", "error"]}"#;
        model.edges[1].retry = Some(serde_json::from_str(retry).unwrap());
        let mut fault = crashing(1, CallersSee::Reset);
        let Target::Instances(selection) = &mut fault.target else { unreachable!() };
        selection.services = vec![ServiceId(2), ServiceId(1), ServiceId(0)];
        selection.pick = Pick::All;
        model.faults = vec![fault];
        let what = format!("optional {optional}, {kind:?}");
        let counts = drained(&model, &what);
        assert!(counts[2].outcomes[Outcome::Unreachable as usize] > 0, "{what}: {counts:?}");
    }
}

fn latency_sum(run: &RunResult, edge: u32) -> u64 {
    run.edge(EdgeId(edge), run.whole()).latency_sum_ns
}

#[test]
fn a_hedge_that_never_comes_changes_no_reply() {
    let plain = model(60.0, 30);
    let never = hedged(plain.clone(), &[1, 2], r#"{"backup": {"after": {"time": "1000s"}}}"#, false);
    let (plain, never) = (crate::world::simulate(&plain, 3, 1), crate::world::simulate(&never, 3, 1));
    for edge in 0..3 {
        assert_eq!(latency_sum(&plain, edge), latency_sum(&never, edge));
        let (mut a, b) = (plain.edge(EdgeId(edge), plain.whole()), never.edge(EdgeId(edge), never.whole()));
        a[place(&HEDGES)] = b.of(&HEDGES);
        assert_eq!(a, b);
    }
}

#[test]
fn copies_go_to_other_instances_and_losers_are_stopped() {
    // Three copies at once on three instances: as many attempts at each.
    let kind = r#"{"speculative": {"copies": 3}}"#;
    let mut model = model(5.0, 60);
    model.services[1].instances = 3;
    let run = crate::world::simulate(&hedged(model.clone(), &[1], kind, false), 9, 0);
    let c = run.edge(EdgeId(1), run.whole());
    let (before, after) = (run.in_flight_at_zero[1], run.in_flight[1]);
    assert_eq!(c.of(&HEDGES), 2 * c.calls);
    assert_eq!((c.withdrawn, c.attempts + before), (0, c.ended() + after));
    let stopped = crate::world::simulate(&hedged(model, &[1], kind, true), 9, 0);
    let d = stopped.edge(EdgeId(1), stopped.whole());
    let answered = d.call_outcomes[Outcome::Ok as usize];
    assert!(d.withdrawn >= answered && d.withdrawn <= 2 * d.calls, "{d:?}");
    let busy = |run: &RunResult| run.service(ServiceId(1), run.whole()).cpu_ns;
    assert!(busy(&stopped) < busy(&run) / 2, "{} of {}", busy(&stopped), busy(&run));
}

#[test]
fn tied_requests_are_worked_on_once() {
    let kind = r#"{"tied": {"after": {"time": "1ms"}}}"#;
    let plain = model(80.0, 60);
    let tied = hedged(plain.clone(), &[1], kind, false);
    let (plain, tied) = (crate::world::simulate(&plain, 9, 0), crate::world::simulate(&tied, 9, 0));
    let c = tied.edge(EdgeId(1), tied.whole());
    assert!(c.of(&HEDGES) > c.calls / 10, "{c:?}");
    // Each call is begun once, whatever was sent: what the services started is what was asked, but for full queues.
    let started = |run: &RunResult| run.service(ServiceId(1), run.whole()).started;
    assert!(started(&tied) <= c.calls + c.of(&RETRIES) + 50, "{} of {}", started(&tied), c.calls);
    let p99 = |run: &RunResult| run.histogram(run.whole(), |p| &p.wait[1]).quantile(0.99).unwrap();
    assert!(p99(&tied) < p99(&plain), "{} and {}", p99(&tied), p99(&plain));
}
