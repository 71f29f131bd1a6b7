//! Health checks: what a probe sees of an instance, and that it is seen nowhere itself.

use crate::dist::Distribution;
use crate::faults::{CallersSee, Fault, FaultEffect, Pick, Schedule, Selection, Target};
use crate::ids::{EdgeId, InstanceId, ServiceId};
use crate::model::Model;
use crate::outcome::Outcome;
use crate::results::RunResult;
use crate::topology::Health;
use crate::world::tests::{chain, ms, service};
use crate::world::{World, simulate};

const S: u64 = 1_000_000_000;

/// Checks every 5 s that take an instance out after two bad answers, and back after one good.
fn health(restart: bool) -> Health {
    Health { every: ms(5_000), timeout: ms(1_000), unhealthy_after: 2, healthy_after: 1, takes: ms(0), restart }
}

/// Two instances with 50 requests a second of 1 ms, one of which a fault strikes at 20 s for 40 s.
fn pair(effect: FaultEffect) -> Model {
    let mut pair = service("a", 4, None);
    (pair.instances, pair.max_instances) = (2, 2);
    pair.health = Some(health(false));
    let mut model = chain(50.0, 100, &[(pair, Distribution::constant(ms(1)))], &[]);
    model.run.window = ms(1_000);
    model.guards[0].balance = serde_json::from_str(r#"{"round_robin": {}}"#).unwrap();
    model.faults.push(Fault {
        name: "fault".into(),
        effect,
        target: Target::Instances(Selection {
            version: None,
            services: vec![ServiceId(0)],
            zone: None,
            region: None,
            role: None,
            pick: Pick::Numbers(vec![0]),
            redraw: false,
        }),
        schedule: Schedule::Fixed { at_ns: (20 * S) as i64, for_ns: Some(40 * S), every_ns: None, times: None },
        per_year: None,
        says: String::new(),
        experiment: None,
        is_routine: false,
        ramp_ns: 0,
    });
    model
}

/// Requests that ended well between two seconds.
fn answered(run: &RunResult, from_s: u64, to_s: u64) -> u64 {
    let slices = run.slices.iter().filter(|s| (from_s * S..to_s * S).contains(&s.from_ns));
    slices.map(|s| s.edges[0].outcomes[0]).sum()
}

/// From when on after 20 s, to the second, at least 40 requests a second are answered again.
fn taken_out_at(effect: FaultEffect) -> u64 {
    let run = simulate(&pair(effect), 1, 0);
    let all = |from_s: u64| (from_s..from_s + 5).all(|s| answered(&run, s, s + 1) >= 30);
    (21..90).find(|&s| all(s)).expect("it is taken out")
}

#[test]
fn what_does_not_answer_in_time_is_taken_out() {
    // Times count from the end of the warm-up of 10 s, and probes are sent at its multiples of 5 s: at 20 s, when the fault has just
    // begun, and at 25 s. One that is refused is known at once, one that is not answered after a second.
    assert_eq!(taken_out_at(FaultEffect::Crash { callers_see: CallersSee::Reset }), 25);
    assert_eq!(taken_out_at(FaultEffect::Crash { callers_see: CallersSee::Silence }), 26);
    assert_eq!(taken_out_at(FaultEffect::Freeze), 26);
    assert_eq!(taken_out_at(FaultEffect::Fail { probability: 1.0, outcome: Outcome::Error }), 25);
}

#[test]
fn a_busy_instance_answers_late() {
    // A hundred times slower: 100 ms a request and 25 requests a second of four workers are served with a wait below a second. 400 times
    // slower it takes 0.4 s of work each, ten a second are served, and the queue of the others is soon longer than a second.
    let run = |factor: f64| simulate(&pair(FaultEffect::Slow { factor }), 1, 0);
    let left = |run: &RunResult| answered(run, 30, 60);
    assert!(left(&run(100.0)) > 1_400, "{}", left(&run(100.0)));
    let slow = run(400.0);
    // Out, it works off its queue, and is back until its queue is too long again.
    assert!(slow.slices.iter().any(|s| s.services[0].queue_now > 10));
    assert!(left(&slow) > 1_300, "{}", left(&slow));
    let mut unseen = pair(FaultEffect::Slow { factor: 400.0 });
    unseen.services[0].health = None;
    assert!(left(&simulate(&unseen, 1, 0)) < 1_150, "{}", left(&simulate(&unseen, 1, 0)));
}

#[test]
fn probes_are_counted_nowhere() {
    let mut busy = service("a", 2, None);
    (busy.instances, busy.max_instances) = (1, 1);
    let mut model = chain(90.0, 100, &[(busy, Distribution::exponential(ms(20)))], &[]);
    let without = simulate(&model, 1, 0);
    model.services[0].health = Some(Health { every: ms(50), ..health(false) });
    let with = simulate(&model, 1, 0);
    assert!(with.events > without.events);
    for (a, b) in with.slices.iter().zip(&without.slices) {
        assert_eq!((&a.edges, &a.services), (&b.edges, &b.services), "from {} ns", a.from_ns);
    }
    for (a, b) in with.periods.iter().zip(&without.periods) {
        assert_eq!((&a.latency, &a.wait), (&b.latency, &b.wait));
    }
}

#[test]
fn what_fails_its_probes_is_restarted_where_that_is_meant() {
    let mut model = pair(FaultEffect::Freeze);
    model.services[0].start_up = Distribution::constant(ms(8_000));
    let before = simulate(&model, 1, 0);
    model.services[0].health = Some(health(true));
    let run = simulate(&model, 1, 0);
    let up = |run: &RunResult| -> f64 { run.slices.iter().map(|s| s.services[0].instances_ns as f64 / 1e9).sum() };
    assert!((up(&before) - 200.0).abs() < 1e-6, "{}", up(&before));
    // Frozen for 40 s from 20 s on: restarted at 26 s, again when it has started for two probes, and well at last.
    assert!(up(&run) < 190.0 && up(&run) > 160.0, "{}", up(&run));
    assert_eq!(answered(&run, 80, 100), answered(&before, 80, 100));
}

/// Whether the first instance is in the balancer this long after time 0, which is 10 s after the start. Checks are sent at whole seconds, and one
/// that is not answered within half a second takes an instance out.
fn is_well(model: &Model, after_ms: u64) -> bool {
    let mut model = model.clone();
    model.run.duration = ms(after_ms);
    let mut world = World::new(&model, 1, 0);
    world.run();
    world.stations.is_healthy(InstanceId(0), world.stations.checker_of(EdgeId(0), None))
}

fn keen(takes_ms: u64) -> Health {
    let (every, timeout, takes) = (ms(1_000), ms(500), ms(takes_ms));
    Health { every, timeout, takes, unhealthy_after: 1, healthy_after: 1, restart: false }
}

#[test]
fn a_pause_shorter_than_the_timeout_is_only_a_late_answer() {
    for (pause_ms, well) in [(400, true), (600, false)] {
        let mut model = pair(FaultEffect::Freeze);
        model.services[0].health = Some(keen(0));
        // From just before a check on.
        model.faults[0].schedule =
            Schedule::Fixed { at_ns: 19_999_000_000, for_ns: Some(pause_ms * 1_000_000), every_ns: None, times: None };
        assert!(is_well(&model, 19_998));
        assert_eq!(is_well(&model, 20_700), well, "{pause_ms} ms");
        assert!(is_well(&model, 21_100), "{pause_ms} ms");
    }
}

#[test]
fn an_answer_that_takes_time_takes_more_on_a_slow_instance() {
    for (takes_ms, factor, well) in [(0, 40.0, true), (20, 20.0, true), (20, 40.0, false)] {
        let mut model = pair(FaultEffect::Slow { factor });
        model.services[0].health = Some(keen(takes_ms));
        assert!(is_well(&model, 19_900));
        assert_eq!(is_well(&model, 30_600), well, "{takes_ms} ms, {factor} times slower");
    }
}

#[test]
fn an_instance_that_has_spent_its_processor_time_answers_in_the_next_period() {
    // In periods of 10 s, 0.1 s of processor time: spent by 50 requests of 2 ms. For nearly all of the time nothing runs, and no check is answered.
    let mut model = pair(FaultEffect::Slow { factor: 1.0 });
    model.faults.clear();
    model.services[0].health = Some(keen(0));
    let limit = |period_ms: u64| crate::service::cpu::CpuLimit {
        cores: crate::units::Cores::parse("10m").unwrap(),
        period: ms(period_ms),
    };
    model.services[0].workers = None;
    model.services[0].cpu_limit = Some(limit(10_000));
    assert!(!is_well(&model, 60_600));
    // In periods of 100 ms it waits for 0.1 s at most, however little there is to spend.
    model.services[0].cpu_limit = Some(limit(100));
    assert!(is_well(&model, 60_600));
}

#[test]
fn what_is_on_its_way_when_an_instance_or_the_run_ends_is_let_go() {
    // Restarts every 250 ms meet checks that wait, that are held and that travel; in the end all frames of checks are given back.
    for effect in [FaultEffect::Restart, FaultEffect::Freeze, FaultEffect::Crash { callers_see: CallersSee::Silence }] {
        let mut model = pair(effect.clone());
        model.services[0].health = Some(Health { every: ms(90), restart: true, ..keen(7) });
        model.network.within_zone.latency = Distribution::constant(ms(60));
        model.faults[0].schedule =
            Schedule::Fixed { at_ns: 0, for_ns: Some(170_000_000), every_ns: Some(250_000_000), times: None };
        let mut world = World::new(&model, 1, 0);
        world.run();
        let checks = world.frames.ids().filter(|&frame| world.frames[frame].phase.is_check()).count();
        // At most one of each instance is under way.
        assert!(checks <= 2, "{checks} {effect:?}");
    }
}
