//! People do one thing at a time, and what they approve comes as late as they do.

use super::{between, read};
use sim_core::counters::level;
use sim_core::ids::ServiceId;
use sim_core::metrics::LevelAt;
use sim_core::results::{Held, RunResult};
use sim_core::service::nodes::NODES;
use sim_core::service::sizes::RUNNING_2;
use sim_core::world::simulate;

const NS: i64 = 1_000_000_000;

fn run(text: &str) -> RunResult {
    let loaded = read(text).unwrap_or_else(|report| panic!("{}", report.render(false)));
    simulate(&loaded.model, 7, 0)
}

/// Two systems fail, one from 60 s on and one from 100 s on, and an alert sees each 10 s later.
fn failing(control: &str) -> RunResult {
    run(&format!(
        "scenario: Two at once\nquestion: Who has time?\nrun: {{duration: 300s, warm_up: 0s, seed: 7}}\n\
         load: {{users: {{to: web.get, arrive: {{constant: {{rate: 50/s}}}}}}, readers: {{to: news.read, arrive: {{constant: {{rate: 50/s}}}}}}}}\n\
         services:\n  web: {{workers: 8, endpoints: {{get: {{steps: [{{work: 1ms}}]}}}}}}\n  news: {{workers: 8, endpoints: {{read: {{steps: [{{work: 1ms}}]}}}}}}\n\
         faults:\n  first: {{inject: fail, where: {{service: web}}, at: 60s}}\n  second: {{inject: fail, where: {{service: news}}, at: 100s}}\n\
         control:\n  telemetry: {{main: {{every: 10s}}}}\n  alerts:\n    web: {{when: error_rate(web.get) over 10s > 50%, severity: 3}}\n    \
         news: {{when: error_rate(news.read) over 10s > 50%, severity: 2}}\n  incidents: {{levels: {{2: {{respond_within: 30s}}}}}}\n{control}"
    ))
}

const BUSY: &str = "  runbooks: {r: {trigger: {alert: web}, by: bob, actions: [{do: look, takes: 100s}]}}\n";

#[test]
fn who_does_a_runbook_acknowledges_another_incident_afterwards() {
    let bob = "  people: {bob: {reacts_after: 5s, gets: {severity: [2, 3]}}}\n";
    let free = failing(bob);
    let acked = |run: &RunResult| run.incidents.all.iter().map(|one| one.acked_ns).collect::<Vec<_>>();
    assert_eq!(acked(&free), [Some(75 * NS), Some(115 * NS)]);
    // The runbook of the first incident goes on from 75 s to 175 s; what he does is of that incident, and not of the other.
    let busy = failing(&format!("{bob}{BUSY}"));
    assert_eq!(acked(&busy), [Some(75 * NS), Some(175 * NS)]);
    assert_eq!(busy.runbooks[0].responses[0].ended_ns, Some(175 * NS));
}

#[test]
fn where_the_first_is_busy_the_next_is_called() {
    let people = "  people: {bob: {reacts_after: 5s, gets: {severity: [2, 3]}}, cat: {reacts_after: 1s, gets: {severity: [2]}}}\n";
    let second = |run: &RunResult| (run.incidents.all[1].acked_ns, run.incidents.all[1].escalations);
    assert_eq!(second(&failing(people)), (Some(115 * NS), 0));
    // Called at 110 s, and nobody has answered by 140 s.
    assert_eq!(second(&failing(&format!("{people}{BUSY}"))), (Some(141 * NS), 1));
}

const SUPERVISED: &str = ", override: {supervised: {approve_above: {count: 1}, by: ann}}";

/// Five times as many users from 60 s on; the scaler looks every 10 s, and Ann reacts 45 s later.
fn scaled(keys: &str, more: &str) -> RunResult {
    run(&format!(
        "scenario: A scaler\nquestion: When is it approved?\nrun: {{duration: 300s, warm_up: 0s, seed: 7}}\n\
         load: {{users: {{to: web.get, arrive: {{constant: {{rate: 100/s}}}}, shape: [{{step: {{at: 60s, factor: 5}}}}]}}}}\n\
         services: {{web: {{instances: 4, workers: 1, endpoints: {{get: {{steps: [{{work: 20ms}}]}}}}}}}}\n\
         control:\n  telemetry: {{main: {{every: 10s}}}}\n  people: {{ann: {{reacts_after: 45s}}}}\n  \
         scalers: {{web: {{of: web, min: 4, max: 50, use: {{target: {{metrics: {{utilisation(web): 50%}}}}}}, \
         every: 10s{keys}}}}}\n{more}"
    ))
}

fn instances(run: &RunResult, from_s: i64, to_s: i64) -> f64 {
    let within = || run.slices.iter().filter(|s| s.from_ns as i64 >= from_s * NS && s.to_ns as i64 <= to_s * NS);
    let ns: u64 = within().map(|slice| slice.to_ns - slice.from_ns).sum();
    within().map(|slice| slice.services[0].instances_ns).sum::<u128>() as f64 / ns as f64
}

#[test]
fn a_change_that_waits_for_approval_is_no_change_yet() {
    // Asked for at 70 s and approved at 115 s; a cool-down begins with the change, and not with the question.
    let found = scaled(&format!("{SUPERVISED}, cooldown: {{up: 100s}}"), "");
    assert_eq!(instances(&found, 0, 115), 4.0);
    assert!(instances(&found, 120, 210) > 7.0, "{}", instances(&found, 120, 210));
    // It asks again when the cool-down is over.
    assert_eq!(found.scaler_held[0].by[Held::Approval as usize], 10, "{:?}", found.scaler_held[0]);
    assert!(found.scaler_held[0].by[Held::Cooldown as usize] >= 8, "{:?}", found.scaler_held[0]);
    let free = scaled("", "");
    assert_eq!(free.scaler_held[0].by[Held::Approval as usize], 0);
}

#[test]
fn who_is_busy_approves_afterwards() {
    // An alert that is true from the begin calls Ann, who does its runbook until 205 s.
    let more = "  alerts: {there: {when: instances(web) > 1}}\n  \
        runbooks: {r: {trigger: {alert: there}, by: ann, actions: [{do: look, takes: 150s}]}}\n";
    let found = scaled(SUPERVISED, more);
    let free_at = found.runbooks[0].responses[0].ended_ns.unwrap() / NS;
    assert!((196..=220).contains(&free_at), "{free_at}");
    assert_eq!(instances(&found, 0, free_at), 4.0);
    assert!(instances(&found, free_at + 10, 300) > 7.0);
}

/// A larger size is wanted from the begin on, and twice as many instances from 60 s on.
fn others(supervised: &str) -> RunResult {
    let supervised = if supervised.is_empty() { String::new() } else { format!(", override: {supervised}") };
    run(&format!(
        "scenario: Others\nquestion: When?\nrun: {{duration: 300s, warm_up: 0s, seed: 7}}\n\
         load: {{users: {{to: api.get, arrive: {{constant: {{rate: 400/s}}}}}}}}\n\
         services: {{api: {{instances: 4, workers: 10, machine: {{cores: 2}}, start_up: 5s, endpoints: {{get: {{steps: [{{work: 10ms}}]}}}}}}}}\n\
         control:\n  telemetry: {{main: {{every: 10s}}}}\n  people: {{ann: {{reacts_after: 45s}}}}\n  scalers:\n    \
         sizes: {{of: api, every: 10s, use: {{vertical: {{sizes: [{{cores: 2}}, {{cores: 4}}], up_when: cpu(api) > 40%}}}}{supervised}}}\n    \
         api: {{of: api, every: 10s, max: 8, use: {{scheduled: [{{at: 60s, instances: 8}}]}}}}\n    \
         nodes: {{of: api, every: 10s, max: 9, use: {{cluster: {{instances_per_node: 2, provision: 20s}}}}{supervised}}}\n"
    ))
}

#[test]
fn sizes_and_nodes_wait_for_approval_too() {
    let at = |run: &RunResult, of, from_s: i64| {
        run.level(LevelAt::service(of, ServiceId(0)), between(from_s, from_s + 5)).now
    };
    let larger = |run: &RunResult, from_s| at(run, level(&RUNNING_2), from_s);
    let nodes = |run: &RunResult, from_s| at(run, level(&NODES), from_s);
    let free = others("");
    assert!(larger(&free, 45) >= 1 && nodes(&free, 90) == 4, "{} and {}", larger(&free, 45), nodes(&free, 90));
    // Four instances change with each size: more than three, and not more than four. Two nodes are no more than two.
    let asked = others("{supervised: {approve_above: {count: 3}, by: ann}}");
    assert_eq!((larger(&asked, 45), nodes(&asked, 90)), (0, 4));
    assert!(larger(&asked, 75) >= 1);
    assert_eq!(asked.scaler_held[0].by[Held::Approval as usize], 5, "{:?}", asked.scaler_held[0]);
    let small = others("{supervised: {approve_above: {count: 4}, by: ann}}");
    assert!(larger(&small, 45) >= 1);
    // Ordered 45 s later, and ready 20 s after that.
    let each = others("{supervised: {approve_above: {count: 1}, by: ann}}");
    assert_eq!((nodes(&each, 115), nodes(&each, 140)), (2, 4));
    let all = others("{supervised: {approve_above: {percent: 50%}, by: ann}}");
    assert_eq!((larger(&all, 45), nodes(&all, 115)), (0, 2));
}
