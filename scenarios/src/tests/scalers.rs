//! Scalers in the world: what they see of single instances, whom an activator holds, and who waits for a node.

use super::{between, close, problems, run};
use sim_core::call::activator::{ACTIVATED, HELD, WAIT};
use sim_core::counters::{level, part};
use sim_core::ids::{EdgeId, ServiceId};
use sim_core::metrics::{LevelAt, PartAt};
use sim_core::model::Model;
use sim_core::outcome::Outcome;
use sim_core::results::{Held, RunResult};
use sim_core::service::nodes::{NODES, PENDING};

/// A service of so many instances of one core, whose requests take 10 ms of it, with a scaler.
fn scaled(rate: &str, scaler: &str) -> (Model, RunResult) {
    run(&format!(
        "scenario: Scaled\nquestion: How many?\nrun: {{duration: 10m, warm_up: 0s}}\n\
         load: {{users: {{to: api.get, arrive: {{constant: {{rate: {rate}}}}}, shape: [{{step: {{at: 2m, factor: 2}}}}]}}}}\n\
         services: {{api: {{instances: 4, workers: 50, machine: {{cores: 1}}, start_up: 60s, endpoints: {{get: {{steps: [{{work: 10ms}}]}}}}}}}}\n\
         control: {{telemetry: {{all: {{every: 15s}}}}, scalers: {{api: {scaler}}}}}\n"
    ))
}

/// Mean instances between two times [s].
fn instances(run: &RunResult, from_s: i64, to_s: i64) -> f64 {
    let counts = run.service(ServiceId(0), between(from_s, to_s));
    counts.instances_ns as f64 / 1e9 / (to_s - from_s) as f64
}

#[test]
fn a_pod_autoscaler_orders_once_while_pods_start() {
    // 200/s x 10 ms = 2 cores of 4; twice as many from 2:00 on, 4 of 4: eight are wanted at half of each.
    let (_, found) = scaled("200/s", "{of: api, every: 15s, min: 2, max: 100, use: {hpa: {metrics: {cpu(api): 50%}}}}");
    close(instances(&found, 0, 120), 4.0, 1e-9, "instances before");
    close(instances(&found, 300, 600), 8.0, 1e-9, "instances after");
    let most = found.slices.iter().map(|slice| slice.services[0].wanted_now).max();
    assert_eq!(most, Some(8), "nothing is ordered twice");
    let steps = found.scaler_steps[0];
    assert_eq!((steps.up, steps.down, steps.moved), (1, 0, 4));
    // 39 looks before the end, of which one ordered and four looked while pods started.
    let held = found.scaler_held[0];
    assert_eq!((held.looks, held.by.iter().sum::<u64>()), (39, 38));
    assert!(held.by[Held::Tolerance as usize] > 30, "{held:?}");
}

#[test]
fn a_rate_policy_lets_a_few_come_at_a_time() {
    let scaler = "{of: api, every: 15s, min: 2, max: 100, use: {hpa: {metrics: {cpu(api): 50%}, up: {policies: [{count: 1, every: 60s}]}}}}";
    let (_, found) = scaled("200/s", scaler);
    // One a minute from 2:15 on: the fourth is ordered at 5:15.
    let wanted = |second: u64| {
        let slice = found.slices.iter().rfind(|slice| slice.to_ns <= second * 1_000_000_000);
        slice.expect("a slice").services[0].wanted_now
    };
    assert_eq!([wanted(120), wanted(150), wanted(210), wanted(270), wanted(330), wanted(600)], [4, 5, 6, 7, 8, 8]);
    assert!(found.scaler_held[0].by[Held::Policies as usize] >= 9, "{:?}", found.scaler_held[0]);
}

#[test]
fn pods_that_crashed_count_as_full_on_the_way_down() {
    // One core of ten is used: 10 x 10 % / 50 % = 2. With six of ten gone, 4 x 25 % and six times 100 % are 70 %: nothing is taken away.
    let text = |fault: &str| {
        format!(
            "scenario: Gone\nquestion: How many?\nrun: {{duration: 10m, warm_up: 0s}}\n\
             load: {{users: {{to: api.get, arrive: {{constant: {{rate: 100/s}}}}}}}}\n\
             services: {{api: {{instances: 10, workers: 50, machine: {{cores: 1}}, start_up: 60s, endpoints: {{get: {{steps: [{{work: 10ms}}]}}}}}}}}\n\
             control: {{telemetry: {{all: {{every: 15s}}}}, scalers: {{api: {{of: api, every: 15s, use: {{hpa: {{metrics: {{cpu(api): 50%}}}}}}}}}}}}\n\
             faults: {{{fault}}}\n"
        )
    };
    let gone = "bad: {inject: crash, where: {service: api, instances: [0, 1, 2, 3, 4, 5]}, at: 0s, for: 9m}";
    let (_, found) = run(&text(gone));
    assert!(
        found.slices.iter().take_while(|slice| slice.to_ns < 540_000_000_000).all(|s| s.services[0].wanted_now == 10)
    );
    let (_, calm) = run(&text(""));
    assert!(instances(&calm, 360, 540) < 3.0, "{}", instances(&calm, 360, 540));
}

/// One request each 90 s of a service that is scaled to none in between.
fn rare(settings: &str) -> (Model, RunResult) {
    run(&format!(
        "scenario: Rare\nquestion: Who waits?\nrun: {{duration: 30m, warm_up: 0s}}\n\
         load: {{users: {{to: api.get, arrive: {{burst: {{size: 1, every: 300s}}}}{settings}}}}}\n\
         services: {{api: {{instances: 1, workers: 10, start_up: 5s, endpoints: {{get: {{steps: [{{wait: 100ms}}]}}}}}}}}\n\
         control: {{telemetry: {{all: {{every: 2s}}}}, scalers: {{api: {{of: api, every: 2s, min: 0, max: 5, use: {{knative: {{concurrency: 10}}}}}}}}}}\n"
    ))
}

#[test]
fn an_activator_holds_requests_until_the_first_instance_is_up() {
    let (model, found) = rare("");
    let whole = between(0, 1_800);
    let site = EdgeId(0);
    let counts = found.edge(site, whole);
    assert_eq!(counts.outcomes[Outcome::Ok as usize], counts.attempts, "{counts:?}");
    assert!(counts.of(&ACTIVATED) >= 4, "{counts:?}");
    // They wake the scaler at once, and wait for the start-up of 5 s and nothing else.
    let waits = found.timed(PartAt::call_site(part(&WAIT), site), whole);
    close(waits.sum_ns as f64 / 1e9, 5.0 * counts.of(&ACTIVATED) as f64, 1e-6, "waits in all [s]");
    let held = found.level(LevelAt::calls(level(&HELD), model.edges[0].guard), whole);
    assert_eq!((held.most, held.now), (1, 0));
    assert!(instances(&found, 0, 1_800) < 0.5, "{}", instances(&found, 0, 1_800));
}

#[test]
fn who_gives_up_at_an_activator_is_gone() {
    let (model, found) = rare(", timeout: 10s, total_timeout: 2s");
    let counts = found.edge(EdgeId(0), between(0, 1_800));
    assert!(
        counts.of(&ACTIVATED) >= 4 && counts.call_outcomes[Outcome::Timeout as usize] == counts.of(&ACTIVATED),
        "{counts:?}"
    );
    let held = found.level(LevelAt::calls(level(&HELD), model.edges[0].guard), between(0, 1_800));
    assert_eq!(held.now, 0);
}

/// Four instances on two nodes, eight from 1:00 on.
fn on_nodes(cluster: &str) -> RunResult {
    let (_, found) = run(&format!(
        "scenario: On nodes\nquestion: Who waits?\nrun: {{duration: 40m, warm_up: 0s}}\n\
         load: {{users: {{to: api.get, arrive: {{constant: {{rate: 1/s}}}}}}}}\n\
         services: {{api: {{instances: 4, workers: 10, start_up: 10s, endpoints: {{get: {{steps: [{{wait: 10ms}}]}}}}}}}}\n\
         control: {{scalers: {{api: {{of: api, every: 10s, max: 8, use: {{scheduled: [{{at: 60s, for: 5m, instances: 8}}, {{at: 6m, instances: 4}}]}}}}, \
         nodes: {{of: api, every: 10s, max: 9, use: {{cluster: {{instances_per_node: 2, provision: 100s, {cluster}}}}}}}}}}}\n"
    ));
    found
}

#[test]
fn an_instance_that_is_ordered_waits_for_a_node() {
    let found = on_nodes("image_pull: 20s");
    let pending = |from_s, to_s| found.level(LevelAt::service(level(&PENDING), ServiceId(0)), between(from_s, to_s));
    // Ordered at 1:00, seen by the scaler of nodes at once or at its next look, and ready 100 s later.
    assert_eq!((pending(0, 60).most, pending(60, 120).most, pending(180, 300).most), (0, 4, 0));
    // Then 20 s for the image and 10 s to start; the second on each node has the image.
    close(instances(&found, 0, 150), 4.0, 1e-9, "instances before nodes come");
    close(instances(&found, 210, 345), 8.0, 1e-9, "instances after");
    // Nodes that hold nothing go after ten minutes.
    let nodes = |second| found.level(LevelAt::service(level(&NODES), ServiceId(0)), between(second, second + 15)).now;
    assert_eq!((nodes(45), nodes(300), nodes(900), nodes(1_200)), (2, 4, 4, 2));
}

#[test]
fn a_spare_node_saves_the_wait_and_a_shortage_makes_it_longer() {
    let spare = on_nodes("spare_nodes: 2");
    close(instances(&spare, 80, 350), 8.0, 1e-9, "instances with nodes that are there");
    let short = on_nodes("shortages: [{at: 30s, for: 2m}], backoff: 60s");
    // Tried at 1:00 or 1:10 and 2:10 in vain, and after twice the wait: none comes before the fourth minute.
    close(instances(&short, 0, 300), 4.0, 1e-9, "instances while the provider has none");
    assert!(short.scaler_held[1].by[Held::Shortage as usize] >= 15, "{:?}", short.scaler_held[1]);
}

#[test]
fn what_a_scaler_may_not_say_is_refused_at_its_place() {
    let found = |policy: &str| {
        problems(&format!(
            "scenario: Wrong\nquestion: What?\nload: {{users: {{to: api.get, arrive: {{poisson: {{rate: 1/s}}}}}}}}\n\
             services: {{api: {{workers: 1, endpoints: {{get: {{steps: [{{work: 1ms}}]}}}}}}}}\n\
             control: {{scalers: {{s: {{of: api, use: {policy}}}}}}}\n"
        ))
    };
    let says = |policy: &str, what: &str| {
        let all = found(policy);
        assert!(all.iter().any(|problem| problem.contains(what)), "{policy}: {all:?}");
    };
    says("{hpa: {}}", "nothing is looked at");
    says("{hpa: {metrics: {cpu(api): 70.5%}}}", "whole percents");
    says("{hpa: {metrics: {cpu(api): 70%}, down: {stabilization: 2h}}}", "at most one hour");
    says(
        "{hpa: {metrics: {cpu(api): 70%}, up: {policies: [{percent: 10%, count: 1, every: 1m}]}}}",
        "either a percentage or a count",
    );
    says("{keda: {metrics: {rps(api): 5/s}, idle: 2}}", "an idle number of 0 alone");
    says("{keda: {metrics: {rps(api): 5/s}, activation: {cpu(api): 1%}}}", "none of the metrics");
    says("{knative: {panic_threshold: 100%}}", "from 110% on");
    says("{rules: []}", "without rules");
    says("{predictive: {metric: rps(api), capacity_per_instance: 5ms}}", "rps(api) is");
    says("{predictive: {metric: rps(api), method: {holt_winters: {}}, features: [hour]}}", "no features");
    says("{cluster: {instances_per_node: 0, provision: 1m}}", "a node without places");
}
