//! Where calls go that prefer what is near, that panic, or that spare an instance which starts slowly.

use super::read;
use sim_core::engine::math::ln;
use sim_core::ids::EdgeId;
use sim_core::results::{RunResult, Span};

fn run(text: &str) -> RunResult {
    let model = read(text).unwrap_or_else(|report| panic!("{}", report.render(false))).model;
    sim_core::world::simulate(&model, 7, 0)
}

fn span(from_s: i64, to_s: i64) -> Span {
    Span { from_ns: from_s * 1_000_000_000, to_ns: to_s * 1_000_000_000 }
}

/// Users in zone a call a service with so many instances in zone a and as many in b, each of which answers after 1 ms, in 10 s of which some of
/// zone a are down and out. A call that crosses zones has 10 kB.
fn crossing_share(each: u32, down: u32, locality: &str) -> f64 {
    let run = run(&format!(
        "scenario: Near\nquestion: How many calls cross?\nrun: {{duration: 500s, warm_up: 1s}}\nregions: {{eu: {{zones: [a, b]}}}}\n\
         load: {{users: {{to: api.get, from: a, arrive: {{poisson: {{rate: 100/s}}}}, locality: {locality}, size: {{request: 10kB}}}}}}\n\
         services: {{api: {{workers: unlimited, instances: {}, zones: [a, b], health: {{every: 1s, unhealthy_after: 1}}, endpoints: {{get: {{steps: [{{wait: 1ms}}]}}}}}}}}\n\
         faults: {{down: {{inject: crash, where: {{service: api, zone: a, count: {}}}, at: 0s}}}}\n",
        2 * each,
        down.max(1),
    ));
    let counts = run.edge(EdgeId(0), span(10, 500));
    counts.bytes_across[0] as f64 / counts.bytes as f64
}

/// Envoy's table: of a level that is healthy by so much, 140 % of that stays there, at most all.
#[test]
fn calls_spill_over_by_the_share_of_healthy_instances() {
    // 1 - min(1, floor(140 % * healthy / each)).
    for (each, down, crossing) in [(8, 2, 0.0), (8, 3, 0.13), (8, 4, 0.30), (8, 6, 0.65), (4, 4, 1.0)] {
        let found = crossing_share(each, down, "{prefer: zone}");
        assert!((found - crossing).abs() < 0.008, "{down} of {each} down: {found}, expected {crossing}");
    }
    let found = crossing_share(8, 4, "{prefer: zone, overprovisioning: 1}");
    assert!((found - 0.5).abs() < 0.008, "{found}");
}

/// A service of ten, so many of which fail every request and are known to be bad.
fn answered(bad: u32, locality: &str) -> f64 {
    let run = run(&format!(
        "scenario: Panic\nquestion: Who is called?\nrun: {{duration: 200s, warm_up: 1s}}\n\
         load: {{users: {{to: api.get, arrive: {{poisson: {{rate: 200/s}}}}{locality}}}}}\n\
         services: {{api: {{workers: unlimited, instances: 10, health: {{every: 1s, unhealthy_after: 1}}, endpoints: {{get: {{steps: [{{wait: 1ms}}]}}}}}}}}\n\
         faults: {{bad: {{inject: fail, where: {{service: api, count: {bad}}}, at: 0s}}}}\n"
    ));
    let counts = run.edge(EdgeId(0), span(10, 200));
    counts.outcomes[0] as f64 / counts.ended() as f64
}

#[test]
fn below_the_threshold_all_are_called() {
    let close = |found: f64, exact: f64| assert!((found - exact).abs() < 0.01, "{found}, expected {exact}");
    close(answered(5, ", locality: {panic_below: 50%}"), 1.0);
    close(answered(6, ", locality: {panic_below: 50%}"), 0.4);
    close(answered(6, ", locality: {panic_below: 30%}"), 1.0);
    close(answered(10, ", locality: {panic_below: 30%}"), 0.0);
    close(answered(9, ""), 1.0);
    close(answered(9, ", locality: {panic_below: 0%}"), 1.0);
}

#[test]
fn without_panic_and_without_a_healthy_instance_calls_are_unreachable() {
    let run = run("scenario: None\nquestion: What do callers see?\nrun: {duration: 100s, warm_up: 1s}\n\
         load: {users: {to: api.get, arrive: {poisson: {rate: 200/s}}, locality: {panic_below: 0%}}}\n\
         services: {api: {workers: unlimited, instances: 3, health: {every: 1s, unhealthy_after: 1}, endpoints: {get: {steps: [{wait: 1ms}]}}}}\n\
         faults: {bad: {inject: fail, where: {service: api}, at: 0s}}\n");
    let counts = run.edge(EdgeId(0), span(10, 100));
    assert_eq!(counts.outcomes[sim_core::outcome::Outcome::Unreachable as usize], counts.ended());
}

/// Ejected instances and those that fail their health check count together.
#[test]
fn ejection_and_health_are_one_threshold() {
    let answered = |frozen: u32| {
        let run = run(&format!(
            "scenario: Both\nquestion: Who is called?\nrun: {{duration: 300s, warm_up: 1s}}\n\
             load: {{users: {{to: api.get, arrive: {{poisson: {{rate: 400/s}}}}, policy: p}}}}\n\
             policies: {{p: {{locality: {{panic_below: 50%}}, outlier_ejection: {{consecutive_errors: 3, eject_for: 1h, max_eject_for: 1h, max_ejected: {{percent: 50%}}}}}}}}\n\
             services: {{api: {{workers: unlimited, instances: 10, health: {{every: 1s, unhealthy_after: 1}}, endpoints: {{get: {{steps: [{{wait: 1ms}}]}}}}}}}}\n\
             faults: {{down: {{inject: freeze, where: {{service: api, count: {frozen}}}, at: 0s}}, bad: {{inject: fail, where: {{to: api.get}}, at: 5s, for: 1s}}}}\n"
        ));
        let counts = run.edge(EdgeId(0), span(10, 200));
        counts.outcomes[0] as f64 / counts.attempts as f64
    };
    // All calls fail for a second, so that half of the instances in the balancer are ejected. With one that is frozen these are four of nine, and
    // five of ten are healthy. With two it is four of eight, and four of ten: all may be called, a frozen one where both choices are frozen: in 4
    // %.
    assert!(answered(1) > 0.999, "{}", answered(1));
    assert!((answered(2) - 0.96).abs() < 0.005, "{}", answered(2));
}

/// The share of calls that a restarted instance of two gets: it fails all that it gets.
#[test]
fn a_new_instance_gets_calls_by_its_ramp() {
    let text = |slow_start: &str| {
        format!(
            "scenario: Ramp\nquestion: How many calls does a new instance get?\nrun: {{duration: 120s, warm_up: 1s}}\n\
             load: {{users: {{to: api.get, arrive: {{constant: {{rate: 1000/s}}}}, balance: round_robin}}}}\n\
             services: {{api: {{workers: 1, instances: 2, queue: {{capacity: 0}}{slow_start}, endpoints: {{get: {{steps: [{{work: 1ns}}]}}}}}}}}\n\
             faults: {{off: {{inject: restart, where: {{service: api, instances: [1]}}, at: 0s}}, slow: {{inject: fail, where: {{service: api, instances: [1]}}, at: 0s}}}}\n"
        )
    };
    let failed = |text: &str, from_s, to_s| {
        let counts = run(text).edge(EdgeId(0), span(from_s, to_s));
        1.0 - counts.outcomes[0] as f64 / counts.ended() as f64
    };
    let (with, without) = (text(", slow_start: 100s"), text(""));
    assert!((failed(&without, 1, 100) - 0.5).abs() < 0.001);
    // With weight w one of two gets w / (1 + w); w is t / 100 s from 10 s on.
    assert!((failed(&with, 1, 9) - 0.1 / 1.1).abs() < 0.001, "{}", failed(&with, 1, 9));
    let mean = |from: f64, to: f64| 1.0 - 100.0 / (to - from) * ln((1.0 + to / 100.0) / (1.0 + from / 100.0));
    for (from_s, to_s) in [(10, 20), (40, 50), (90, 100)] {
        let (found, exact) = (failed(&with, from_s, to_s), mean(from_s as f64, to_s as f64));
        assert!((found - exact).abs() < 0.001, "{from_s} s: {found}, expected {exact}");
    }
    assert!((failed(&with, 101, 120) - 0.5).abs() < 0.001);
}

#[test]
fn what_chooses_nothing_is_said() {
    let warned = |more: &str| {
        let text = format!(
            "scenario: W\nquestion: q?\nrun: {{duration: 10s}}\nload: {{users: {{to: web.get, arrive: {{poisson: {{rate: 1/s}}}}}}}}\nregions: {{eu: {{zones: [a, b]}}}}\n{more}"
        );
        let loaded = read(&text).unwrap_or_else(|report| panic!("{}", report.render(false)));
        loaded.warnings.render(false)
    };
    let web = |call: &str, api: &str| {
        format!(
            "services: {{web: {{workers: 1, endpoints: {{get: {{steps: [{{call: {{to: api.get, {call}}}}}]}}}}}}, api: {{instances: 2, workers: 1, {api} endpoints: {{get: {{steps: [{{work: 1ms}}]}}}}}}}}\n"
        )
    };
    assert!(warned(&web("balance: random", "slow_start: 30s,")).contains("slow_start changes nothing for api"));
    assert!(!warned(&web("balance: round_robin", "slow_start: 30s,")).contains("slow_start"));
    assert!(warned(&web("locality: {prefer: zone}", "")).contains("prefer: zone changes nothing"));
    assert!(!warned(&web("locality: {prefer: zone}", "zones: [a, b],")).contains("prefer"));
}

#[test]
fn users_who_stand_nowhere_prefer_nothing() {
    let text = "scenario: W\nquestion: q?\nrun: {duration: 10s}\nload: {users: {to: api.get, arrive: {poisson: {rate: 1/s}}, locality: {prefer: zone}}}\n\
                services: {api: {workers: 1, endpoints: {get: {steps: [{work: 1ms}]}}}}\n";
    let report = read(text).expect_err("they stand in no zone").render(false);
    assert!(report.contains("the users stand in no zone") && report.contains("write from:"), "{report}");
}
