//! Health checks cross the network: what acts on messages acts on them, there and back, and only for the callers of the zone that is struck.

use super::{problems, read};
use sim_core::ids::EdgeId;
use sim_core::results::{EdgeCounts, RunResult, Span};
use sim_core::world::simulate;

const NEAR: EdgeId = EdgeId(0);
const FAR: EdgeId = EdgeId(1);

fn run(text: &str) -> RunResult {
    let model = read(text).unwrap_or_else(|report| panic!("{}", report.render(false))).model;
    simulate(&model, 7, 0)
}

fn of(run: &RunResult, site: EdgeId, from_s: i64, to_s: i64) -> EdgeCounts {
    run.edge(site, Span { from_ns: from_s * 1_000_000_000, to_ns: to_s * 1_000_000_000 })
}

/// Users in zones a and c call a service with an instance in b and one in c, by turns.
fn system(health: &str, rest: &str) -> String {
    format!(
        "scenario: Checked\nquestion: Who leaves whom out?\nrun: {{duration: 60s, warm_up: 1s}}\nregions: {{eu: {{zones: [a, b, c]}}}}\n\
         policies: {{call: {{timeout: 300ms, balance: round_robin, size: {{request: 10kB, response: 10kB}}}}}}\n\
         load:\n  near: {{to: api.get, from: a, policy: call, arrive: {{constant: {{rate: 20/s}}}}}}\n  far: {{to: api.get, from: c, policy: call, arrive: {{constant: {{rate: 20/s}}}}}}\n\
         services: {{api: {{workers: unlimited, instances: 2, zones: [b, c]{health}, endpoints: {{get: {{steps: [{{wait: 1ms}}]}}}}}}}}\n{rest}"
    )
}

const HEALTH: &str = ", health: {every: 1s, timeout: 500ms, unhealthy_after: 1, healthy_after: 1}";

/// What fails of the calls of users in a, and which part of the calls of users in c goes to b, from 20 s to 40 s.
fn told(health: &str, fault: &str) -> (f64, f64) {
    let run = run(&system(health, &format!("faults: {{it: {{inject: {fault}, at: 10s, for: 30s}}}}\n")));
    let (near, far) = (of(&run, NEAR, 20, 40), of(&run, FAR, 20, 40));
    assert_eq!(far.outcomes[0], far.ended(), "{fault}: users in c have all their answers");
    for site in [NEAR, FAR] {
        let after = of(&run, site, 45, 60);
        assert!(after.outcomes[0] * 100 >= after.ended() * 99, "{fault}: all is well again");
        let in_b = run.edge(site, Span { from_ns: 45_000_000_000, to_ns: 60_000_000_000 }).bytes_across[0];
        assert!(in_b > 0, "{fault}: the instance in b is back");
    }
    (1.0 - near.outcomes[0] as f64 / near.ended() as f64, far.bytes_across[0] as f64 / far.bytes as f64)
}

#[test]
fn each_fault_acts_on_checks_in_either_direction() {
    let either = |what: &str| {
        [
            format!("{what}, where: {{from: a, to: b}}"),
            format!("{what}, where: {{from: b, to: a}}"),
            format!("{what}, where: {{between: [a, b]}}"),
        ]
    };
    let kinds = [
        "partition",
        "{loss: {probability: 100%}}",
        "{delay: {add: 600ms}}",
        "{fail: {probability: 100%}}",
        "{bandwidth: {limit: 10kB/s}}",
    ];
    for fault in kinds.into_iter().flat_map(either) {
        let (fails, to_b) = told("", &fault);
        assert!((fails - 0.5).abs() < 0.02, "{fault}: {fails} of the calls fail where nothing is checked");
        assert!((to_b - 0.5).abs() < 0.02, "{fault}: {to_b}");
        let (fails, to_b) = told(HEALTH, &fault);
        // Where nobody sends, what is before a check on a narrow link is soon sent, and the instance is called again for a while.
        let most = if fault.contains("bandwidth") { 0.15 } else { 0.0 };
        assert!(fails <= most, "{fault}: users in a leave the instance out, and {fails} fail");
        assert!((to_b - 0.5).abs() < 0.02, "{fault}: users in c call it as before: {to_b}");
    }
}

#[test]
fn a_fault_that_names_a_caller_acts_on_its_checks_alone() {
    // Both load classes stand in one zone, where nothing but the fault tells them apart.
    let text = |from: &str| {
        format!(
            "scenario: Named\nquestion: Who is cut off?\nrun: {{duration: 60s, warm_up: 1s}}\n\
             policies: {{call: {{timeout: 300ms, balance: round_robin}}}}\n\
             load:\n  near: {{to: web.get, arrive: {{constant: {{rate: 20/s}}}}}}\n  far: {{to: api.get, policy: call, arrive: {{constant: {{rate: 20/s}}}}}}\n\
             services:\n  web: {{workers: unlimited, endpoints: {{get: {{steps: [{{call: {{to: api.get, policy: call}}}}]}}}}}}\n  \
             api: {{workers: unlimited, instances: 2{HEALTH}, endpoints: {{get: {{steps: [{{wait: 1ms}}]}}}}}}\n\
             faults:\n  it: {{inject: partition, where: {{from: {from}, to: api}}, at: 10s, for: 30s}}\n  slow: {{inject: {{crash: {{callers_see: silence}}}}, where: {{service: api, instances: [0]}}, at: 15s, for: 30s}}\n"
        )
    };
    // Where no check comes through all instances are called, as without checks; who is not cut off leaves the dead one out.
    let answered = |run: &RunResult, site: u32| {
        let counts = of(run, EdgeId(site), 20, 40);
        counts.outcomes[0] as f64 / counts.ended() as f64
    };
    let web = run(&text("web"));
    let sites = (0..3).map(|site| answered(&web, site)).collect::<Vec<_>>();
    let whole = sites.iter().filter(|&&share| share == 1.0).count();
    assert_eq!((whole, sites.len() - whole), (1, 2), "the users of api alone are answered: {sites:?}");
}

#[test]
fn what_restarts_instances_stands_with_them() {
    let health = |restart: bool| HEALTH.replace('}', &format!(", restart: {restart}}}"));
    let up = |health: &str, fault: &str| {
        let run = run(&system(health, &format!("faults: {{it: {{inject: {fault}, at: 10s, for: 30s}}}}\n")));
        run.slices.iter().map(|slice| slice.services[0].instances_ns).sum::<u128>()
    };
    let all = 2 * 60_000_000_000;
    let (cut, frozen) = ("partition, where: {between: [a, b]}", "freeze, where: {service: api, instances: [0]}");
    assert_eq!(up(&health(true), cut), all, "the agent of the machine is not cut off from it");
    assert_eq!(up(&health(false), frozen), all);
    let starts = format!(", start_up: 2s{}", health(true));
    assert!(up(&starts, frozen) < all - 10_000_000_000, "what hangs is restarted again and again");
    let within = "{loss: {probability: 100%}}, where: {from: b, to: b}";
    assert!(up(&starts, within) < all - 10_000_000_000, "the agent has a network as well");
}

#[test]
fn over_a_sound_network_checks_change_nothing() {
    let network = "network: {within_zone: {latency: {exponential: {mean: 200us}}}, between_zones: {latency: {exponential: {mean: 2ms}}}}\n";
    let (with, without) = (run(&system(HEALTH, network)), run(&system("", network)));
    assert!(with.events > without.events + 200, "two checkers send two checks a second, there and back");
    for (a, b) in with.slices.iter().zip(&without.slices) {
        assert_eq!((&a.edges, &a.services), (&b.edges, &b.services), "from {} ns", a.from_ns);
    }
}

#[test]
fn a_lossy_link_fails_as_many_checks_as_it_loses() {
    // One check in four is lost, and is known to be so after half a second. After a good one the instance in b is in for a second; after a
    // lost one that follows a good one for half a second.
    let network = "network: {links: {bad: {from: a, to: b, loss: 25%}}}\n";
    let text =
        system(HEALTH, network).replace("duration: 60s", "duration: 2000s").replace("timeout: 300ms", "timeout: 5ms");
    let run = run(&text);
    let near = of(&run, NEAR, 0, 2000);
    // Half of the calls of that time go there, and a quarter of those is lost.
    let lost = 1.0 - near.outcomes[0] as f64 / near.ended() as f64;
    assert!((lost - 0.5 * (0.75 + 0.25 * 0.75 * 0.5) * 0.25).abs() < 0.004, "{lost}");
    assert_eq!(of(&run, FAR, 0, 2000).outcomes[0], of(&run, FAR, 0, 2000).ended());
}

#[test]
fn instances_enter_slowly_for_the_callers_whose_checker_finds_them_again() {
    let rest = "network: {links: {long: {between: [a, b], latency: 20ms}}}\n\
                faults: {cut: {inject: partition, where: {between: [a, b]}, at: 10s, for: 20s}}\n";
    let health = format!(", slow_start: 20s{HEALTH}");
    let text = system(&health, rest).replace("balance: round_robin, ", "balance: least_requests, ");
    let run = run(&text);
    // A call to b takes 41 ms from a, and 1 ms to c.
    let share = |from_s, to_s| {
        let near = of(&run, NEAR, from_s, to_s);
        (near.latency_sum_ns as f64 / 1e6 / near.ended() as f64 - 1.0) / 40.0
    };
    let far = |from_s, to_s| {
        let far = of(&run, FAR, from_s, to_s);
        far.bytes_across[0] as f64 / far.bytes as f64
    };
    let (before, ramp, after) = (share(0, 10), share(32, 36), share(52, 60));
    assert!(ramp < 0.6 * before && after > 0.9 * before, "{before} {ramp} {after}");
    assert!((far(32, 36) - far(0, 10)).abs() < 0.1, "{} {}", far(32, 36), far(0, 10));
}

#[test]
fn an_answer_that_always_comes_too_late_is_refused() {
    let text = system(", health: {timeout: 1s, takes: 1s}", "");
    let found = problems(&text).join("\n");
    assert!(found.contains("an answer that takes as long as the timeout always comes too late"), "{found}");
}

#[test]
fn a_check_under_way_keeps_the_timeout_with_which_it_was_sent() {
    // The timeout grows between two looks at a check that nobody answers: it has failed all the same, and the next one is sent.
    let text = "scenario: Patience\nquestion: Is it checked again?\nrun: {duration: 200s, warm_up: 0s}\nregions: {eu: {zones: [a, b]}}\n\
         load: {users: {to: api.get, from: a, size: {request: 1kB}, arrive: {constant: {rate: 40/s}}, timeout: 200ms, balance: round_robin}}\n\
         services: {api: {workers: unlimited, instances: 2, zones: [a, b], health: {every: 5s, timeout: 1s, unhealthy_after: 1, healthy_after: 1}, endpoints: {get: {steps: [{wait: 1ms}]}}}}\n\
         faults: {dead: {inject: {crash: {callers_see: silence}}, where: {service: api, instances: [1]}, at: 20s, for: 60s}}\n\
         experiments: {patience: {at: 50500ms, for: 140s, hypothesis: [availability(api.get) > 1%], actions: [{do: {set: {services.api.health.timeout: 3s}}}]}}\n";
    let seen = of(&run(text), EdgeId(0), 100, 150);
    let far = seen.bytes_across[0] as f64 / seen.bytes as f64;
    assert!((far - 0.5).abs() < 0.01, "{far} of the requests go to the instance that is back");
}

/// A setting of a call that changes takes nothing away from what its callers know.
#[test]
fn callers_know_their_own_checker_when_their_call_changes() {
    let fault = "faults: {cut: {inject: partition, where: {between: [a, b]}, at: 10s, for: 60s}}\n";
    let set = "experiments: {set: {at: 25s, for: 30s, hypothesis: [availability(api.get) > 1%], actions: [{do: {set: {policies.call.timeout: 310ms}}}]}}\n";
    let seen = of(&run(&system(HEALTH, &format!("{fault}{set}"))), NEAR, 30, 50);
    assert_eq!(seen.outcomes[0], seen.ended());
}

/// A service that had one instance when the way to pick it changed is known whole when it grows.
#[test]
fn a_call_that_picks_in_another_way_picks_among_all() {
    let text = "scenario: Grows\nquestion: Who is picked?\nrun: {duration: 200s, warm_up: 0s}\n\
         load: {users: {to: web.get, arrive: {constant: {rate: 100/s}}}}\n\
         policies: {p: {balance: round_robin, timeout: 1s}}\n\
         services:\n  web: {workers: unlimited, instances: 2, endpoints: {get: {steps: [{call: {to: api.get, policy: p}}]}}}\n  \
         api: {workers: 1, instances: 1, endpoints: {get: {steps: [{wait: 15ms}]}}}\n\
         control: {scalers: {s: {of: api, every: 5s, min: 1, max: 4, use: {scheduled: [{at: 0s, for: 60s, instances: 1}, {at: 60s, instances: 4}]}}}}\n\
         experiments: {near: {at: 30s, for: 160s, hypothesis: [availability(users) > 1%], actions: [{do: {set: {policies.p.locality: {panic_below: 50%}}}}]}}\n";
    let model = read(text).unwrap_or_else(|report| panic!("{}", report.render(false))).model;
    let site = model.edges.iter().position(|edge| edge.name == "web->api.get").expect("the call");
    let seen = of(&simulate(&model, 7, 0), EdgeId::from(site), 100, 180);
    assert_eq!(seen.outcomes[0], seen.ended(), "four instances carry it");
}

#[test]
fn what_has_not_begun_adds_no_checks() {
    // A check takes a millisecond of the card, so that calls would be slower with more of them.
    let health = format!("{HEALTH}, machine: {{nic: {{packet_time: 1ms}}}}");
    let edges = |rest: &str, from_s: u64, to_s: u64| {
        let run = run(&system(&health, rest));
        let within = run.slices.into_iter().filter(|slice| slice.from_ns >= from_s * 1_000_000_000);
        within.filter(|slice| slice.to_ns <= to_s * 1_000_000_000).map(|slice| slice.edges).collect::<Vec<_>>()
    };
    let calm = edges("", 0, 29);
    assert!(calm.len() > 10);
    let later = |fault: &str| format!("faults: {{it: {{inject: {fault}, at: 30s, for: 10s}}}}\n");
    for fault in [
        "partition, where: {from: a, to: b}",
        "{loss: {probability: 100%}}, where: {from: near, to: api}",
        "{delay: {add: 600ms}}, where: {between: [c, b]}",
        "{fail: {probability: 100%}}, where: {service: api}",
    ] {
        assert_eq!(edges(&later(fault), 0, 29), calm, "{fault}");
    }
    let not_run = "experiments: {it: {at: 2s, for: 20s, every: 100ms, steady_state: [rps(api) < 0/s], hypothesis: [rps(api) > 0/s], \
        actions: [{inject: partition, where: {from: near, to: api}, at: 1s}]}}\n";
    assert_eq!(edges(not_run, 0, 29), calm);
    // A fault that only one zone meets lets each ask for itself, from the first one on.
    let sum = |edges: Vec<Vec<EdgeCounts>>| edges.iter().flatten().map(|edge| edge.latency_sum_ns).sum::<u64>();
    let brief = "faults: {it: {inject: {delay: {add: 1ns}}, where: {from: a, to: b}, at: 5s, for: 1s}}\n";
    let (before, after) = (sum(edges("", 10, 60)), sum(edges(brief, 10, 60)));
    assert!(after > before, "{after} ns after {before} ns");
}
