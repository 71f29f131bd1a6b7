//! What is meant by what is written: defaults, policies, shared state, overlays.

use super::{SMALL, read};
use crate::files::Memory;
use crate::loaded::{Loaded, load};
use crate::overlay::Set;

fn loaded(text: &str) -> Loaded {
    read(text).unwrap_or_else(|report| panic!("{}", report.render(false)))
}

const CALLS: &str = "\
scenario: Calls
question: Who shares what?
load: {users: {to: web.get, arrive: {poisson: {rate: 10/s}}}}
defaults: {call: {timeout: 9s, cancel: true}, service: {workers: 4, async: true}}
policies: {card: {timeout: 1s, breaker: {count: {failures: 5}}, retry: {max_attempts: 3}}}
services:
  web:
    instances: 2
    endpoints:
      get:
        steps:
          - call: {to: pay.charge, policy: card}
          - call: {to: pay.refund, policy: card, timeout: 2s}
          - call: {to: pay.charge, policy: card, breaker: {count: {failures: 2}}}
          - call: {to: pay.refund}
  pay:
    workers: 8
    endpoints:
      charge: {async: false, steps: [{work: 1ms}]}
      refund: {steps: [{work: 1ms}]}
";

#[test]
fn named_policy_shares_its_state_towards_one_callee() {
    let model = loaded(CALLS).model;
    let guards: Vec<u32> = model.edges.iter().map(|e| e.guard.0).collect();
    assert_eq!(guards[0], guards[1], "both calls to pay share the policy's state");
    assert_ne!(guards[0], guards[2], "a breaker of its own is state of its own");
    assert_ne!(guards[0], guards[3], "a call without policy has state of its own");
    assert_eq!(model.guards[guards[0] as usize].name, "card");
    assert_eq!(model.guards[guards[3] as usize].name, "web->pay.refund");
}

#[test]
fn keys_beside_a_policy_win_and_defaults_fill_the_rest() {
    let model = loaded(CALLS).model;
    let seconds = |e: &sim_core::topology::Edge| e.timeout.as_ref().map_or(0, |t| (t.mean() / 1e9).round() as u64);
    assert_eq!(model.edges.iter().map(seconds).collect::<Vec<_>>(), [1, 2, 1, 9, 9]);
    assert!(model.edges.iter().all(|e| e.cancel));
    assert!(model.edges[0].retry.is_some() && model.edges[3].retry.is_none());
}

#[test]
fn defaults_of_services_are_filled_in() {
    let model = loaded(CALLS).model;
    assert_eq!(model.services.iter().map(|s| s.workers).collect::<Vec<_>>(), [Some(4), Some(8)]);
    assert_eq!(model.endpoints.iter().map(|e| e.is_async).collect::<Vec<_>>(), [true, false, true]);
    assert_eq!(model.services[0].queue_capacity, 1_000);
    assert_eq!((model.regions.len(), model.zones.len(), model.telemetry.len()), (1, 1, 1));
}

#[test]
fn edges_are_named_after_caller_and_callee() {
    let loaded = loaded(CALLS);
    let names: Vec<&str> = loaded.model.edges.iter().map(|e| e.name.as_str()).collect();
    assert_eq!(names, ["web->pay.charge", "web->pay.refund", "web->pay.charge", "web->pay.refund", "users->web.get"]);
    assert_eq!(loaded.names.edges["web->pay.charge"].len(), 2);
}

#[test]
fn overlays_reach_the_model() {
    let text = format!("{SMALL}variants: {{big: {{services.web.workers: 99}}}}\n");
    let files =
        Memory::of("a/base.yaml", &text).and("a/over.yaml", "extends: base.yaml\nservices: {web: {workers: 7}}\n");
    let workers = |path: &str, sets: &[&str], variant: Option<&str>| {
        let sets: Vec<Set> = sets.iter().filter_map(|s| Set::parse(s)).collect();
        load(&files, path, &sets, variant).map(|l| l.model.services[0].workers).ok().flatten()
    };
    assert_eq!(workers("a/base.yaml", &[], None), Some(4));
    assert_eq!(workers("a/base.yaml", &[], Some("base")), Some(4));
    assert_eq!(workers("a/base.yaml", &[], Some("big")), Some(99));
    assert_eq!(workers("a/base.yaml", &["services.web.workers=3"], Some("big")), Some(3));
    assert_eq!(workers("a/over.yaml", &[], None), Some(7));
    assert_eq!(workers("a/over.yaml", &["services.web.workers=unlimited"], None), None);
}

#[test]
fn replayed_load_is_read_beside_the_scenario() {
    let text = SMALL.replace("{poisson: {rate: 10/s}}", "{replay: {file: trace.csv, at: time}}");
    let files = Memory::of("a/s.yaml", &text).and("a/trace.csv", "time\n0.5\n1.5\n");
    assert!(load(&files, "a/s.yaml", &[], None).is_ok());
    let report = load(&Memory::of("a/s.yaml", &text), "a/s.yaml", &[], None).expect_err("has no trace");
    assert_eq!(super::shown(&report), ["4:48 trace.csv: a/trace.csv: there is no such file"]);
}

#[test]
fn template_of_new_is_valid() {
    let loaded = loaded(crate::describe::TEMPLATE);
    assert!(loaded.warnings.problems.is_empty(), "{}", loaded.warnings.render(false));
    assert_eq!(crate::describe::valid(&loaded), "small.yaml is valid: 1 service, 1 store, 2 promises, 1 fault.");
}
