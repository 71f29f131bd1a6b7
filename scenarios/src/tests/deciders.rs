//! Who decides for a scaler: what the decision takes, and what happens while nobody answers.

use super::{between, close, problems, run};
use sim_core::ids::{EdgeId, ServiceId};
use sim_core::model::Model;
use sim_core::results::{Held, RunResult};

/// Twice as many requests from 2 min on; who decides needs 2 s for it, and is down from 4 to 6 min.
fn decided(decide: &str, beside: &str) -> (Model, RunResult) {
    run(&format!(
        "scenario: Decided\nquestion: By whom?\nrun: {{duration: 10m, warm_up: 0s}}\n\
         load: {{users: {{to: api.get, arrive: {{constant: {{rate: 200/s}}}}, shape: [{{step: {{at: 4m30s, factor: 2}}}}]}}}}\n\
         services:\n  api: {{instances: 4, workers: 50, machine: {{cores: 1}}, endpoints: {{get: {{steps: [{{work: 10ms}}]}}}}}}\n  \
         brain: {{instances: 1, workers: 1, endpoints: {{decide: {{steps: [{{wait: 2s}}]}}}}}}\n\
         control:\n  telemetry: {{all: {{every: 15s}}}}\n  \
         scalers: {{api: {{of: api, every: 15s, min: 2, max: 100, use: {{target: {{metrics: {{cpu(api): 50%}}}}}}, decide: {decide}}}}}\n{beside}"
    ))
}

fn instances(run: &RunResult, from_s: i64, to_s: i64) -> f64 {
    let counts = run.service(ServiceId(0), between(from_s, to_s));
    counts.instances_ns as f64 / 1e9 / (to_s - from_s) as f64
}

const DOWN: &str = "faults: {dead: {inject: crash, where: {service: brain}, at: 4m, for: 2m}}\n";

#[test]
fn who_is_asked_is_asked_at_each_look_and_its_time_counts() {
    let (model, found) = decided("{central: {to: brain.decide}}", "");
    let asked = model.edges.iter().position(|edge| edge.name == "api->brain.decide").unwrap();
    // A look each 15 s of 600 s; the one at the end is not answered any more.
    assert_eq!(found.edge(EdgeId::from(asked), between(0, 600)).outcomes[0], 39);
    // 200/s x 10 ms on 4 cores is at its target; twice that wants 8, from the first look that sees it whole and 2 s later.
    close(instances(&found, 0, 270), 4.0, 1e-9, "instances before");
    close(instances(&found, 310, 600), 8.0, 1e-9, "instances after");
}

#[test]
fn without_an_answer_it_holds_or_decides_by_itself() {
    let (_, holds) = decided("{central: {to: brain.decide, timeout: 5s}}", DOWN);
    close(instances(&holds, 270, 360), 4.0, 1e-9, "held while the decider is down");
    close(instances(&holds, 400, 600), 8.0, 1e-9, "decided when it is back");
    // Eight looks from 4:00 to 5:45; the one at 4:00 may see it down already.
    let held = holds.scaler_held[0].by[Held::NoDecision as usize];
    assert!((7..=8).contains(&held), "{held}");
    let (_, local) = decided("{central: {to: brain.decide, timeout: 5s, otherwise: local}}", DOWN);
    close(instances(&local, 310, 360), 8.0, 1e-9, "decided by itself");
    assert_eq!(local.scaler_held[0].by[Held::NoDecision as usize], 0);
}

#[test]
fn who_is_sure_asks_nobody() {
    let (model, found) = decided("{local: {confidence: 80%, to: brain.decide}}", DOWN);
    let asked = model.edges.iter().position(|edge| edge.name == "api->brain.decide").unwrap();
    let counts = found.edge(EdgeId::from(asked), between(0, 600));
    let asked: u64 = counts.outcomes.iter().sum();
    // It asks where what it wants has just turned, and while that is new.
    assert!((1..=8).contains(&asked), "{asked}");
    close(instances(&found, 320, 360), 8.0, 1e-9, "decided though the decider is down");
    let (_, local) = decided("local", DOWN);
    close(instances(&local, 310, 360), 8.0, 1e-9, "decided at once");
}

/// A mixed decider whose answer comes 55 s later: what it has decided by itself meanwhile is not decided once more.
#[test]
fn an_answer_that_comes_late_decides_nothing_again() {
    let text = |decide: &str| {
        format!(
            "scenario: Late\nquestion: How many?\nrun: {{duration: 2m, warm_up: 0s}}\n\
             load: {{users: {{to: api.get, arrive: {{constant: {{rate: 100/s}}}}}}}}\n\
             services:\n  api: {{instances: 2, workers: 50, endpoints: {{get: {{steps: [{{work: 10ms}}]}}}}}}\n  \
             brain: {{workers: 9, endpoints: {{decide: {{steps: [{{wait: 34s}}]}}}}}}\n\
             control: {{telemetry: {{all: {{every: 10s}}}}, scalers: {{api: {{of: api, every: 10s, min: 2, max: 100, \
             use: {{rules: [{{when: rps(api.get) over 10s > 1/s, change: {{count: 1}}}}]}}, decide: {decide}}}}}}}\n"
        )
    };
    let (_, mixed) = run(&text("{local: {confidence: 60%, to: brain.decide, timeout: 1m}}"));
    // The first look has no data; from then on each that is sure adds one, and none adds two.
    let steps = mixed.scaler_steps[0];
    let looks = mixed.scaler_held[0].looks;
    assert!(steps.up <= looks && steps.moved == steps.up, "{steps:?} in {looks} looks");
    let (_, local) = run(&text("local"));
    assert!(steps.up <= local.scaler_steps[0].up, "it decides no more often than one that never asks");
}

#[test]
fn deciders_that_cannot_be_are_refused() {
    let text = |decide: &str| {
        format!(
            "scenario: s\nquestion: q?\nload: {{users: {{to: api.get, arrive: {{poisson: {{rate: 1/s}}}}}}}}\n\
             services: {{api: {{workers: 1, endpoints: {{get: {{steps: [{{work: 1ms}}]}}}}}}}}\n\
             control: {{scalers: {{api: {{of: api, use: {{scheduled: []}}, decide: {decide}}}}}}}\n"
        )
    };
    for (decide, says) in [
        ("{central: {to: brain.decide}}", "brain"),
        ("{central: {to: api.get, timeout: 0s}}", "no answer comes in no time"),
        ("{local: {confidence: 80%}}", "in doubt it asks nobody"),
        ("{local: {to: api.get}}", "never in doubt"),
        ("{local: {confidence: 0%, to: api.get}}", "always as sure"),
    ] {
        let found = problems(&text(decide));
        assert!(found.iter().any(|problem| problem.contains(says)), "{decide}: {found:?}");
    }
}
