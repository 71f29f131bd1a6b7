//! Scopes of metrics: each part of a scope acts, or is refused.

use super::{problems, read};
use sim_core::expression::{Clause, METRICS, SubjectKind, Value};
use sim_core::judge::RunMetrics;
use sim_core::problem::Problems;

/// Everything that metrics can be of. In the first half users come, in the second crawlers do too; a crash and failures strike from 40 s on.
const ALL: &str = "\
scenario: All of it
question: Does each scope act?
run: {duration: 100s, warm_up: 0s, replications: 1, seed: 8}
load:
  users: {to: web.get, arrive: {poisson: {rate: 200/s}}, shape: [{step: {at: 50s, factor: 1.5}}]}
  crawlers: {to: web.get, arrive: {poisson: {rate: 50/s}}, timeout: 20ms, retry: {max_attempts: 2}}
services:
  web:
    instances: 3
    workers: 2
    endpoints: {get: {effect: idempotent, steps: [{work: {exponential: {mean: 4ms}}}, {call: {to: db.get, policy: careful}}]}}
  db: {instances: 2, need: 2, workers: 2, start_up: 1s, endpoints: {get: {effect: idempotent, steps: [{work: {exponential: {mean: 4ms}}}]}}}
policies:
  careful: {timeout: 60ms, retry: {max_attempts: 2}, breaker: {consecutive: {failures: 3, open_for: 2s}}}
faults:
  cut: {inject: crash, where: {service: db, count: 1}, at: 40s, for: 20s}
  errors: {inject: {fail: {probability: 40%}}, where: {service: db}, at: 40s, for: 20s}
regions: {home: {zones: [here, there]}}
network:
  between_zones: {latency: {exponential: {mean: 5ms}}}
  links:
    cable: {between: [web, db], latency: {exponential: {mean: 1ms}}, bandwidth: 100Mbps}
    spare: {between: [web, db], latency: 3ms}
  routes: {path: {between: [web, db], prefer: [cable, spare]}}
control:
  probes: {sites: {between: [here, there], every: 1s, timeout: 20ms}}
  alerts: {bad: {when: error_rate(web.get) over 5s > 5%, finds: cut}}
  modes:
    every: 5s
    initial: calm
    states: {calm: {}, hard: {enter: {when: error_rate(web.get) over 5s > 5%}, leave: {when: error_rate(web.get) over 5s < 2%}}}
promises: {works: {keep: {availability: 99%}, of: web.get, period: 1h}}
costs:
  servers: {meter: {instances: {of: db}}, price: $1/h}
  lost: {meter: {failures: {of: web.get}}, price: $1}
";

fn subject(kind: SubjectKind) -> Option<&'static str> {
    match kind {
        SubjectKind::Endpoint => Some("web.get"),
        SubjectKind::Service => Some("db"),
        SubjectKind::Load => Some("users"),
        SubjectKind::Edge => Some("web->db.get"),
        SubjectKind::Timed => Some("db.queue_wait"),
        SubjectKind::Level => Some("web->db.breakers_open"),
        SubjectKind::Probe => Some("sites"),
        SubjectKind::Link => Some("cable"),
        SubjectKind::Route => Some("path"),
        SubjectKind::Fault => Some("cut"),
        SubjectKind::Alert => Some("bad"),
        SubjectKind::Promise => Some("works"),
        SubjectKind::Cost => Some("lost"),
        SubjectKind::Mode => Some("hard"),
        SubjectKind::Experiment
        | SubjectKind::Pipeline
        | SubjectKind::Recorded
        | SubjectKind::Metric
        | SubjectKind::Nothing => None,
    }
}

#[test]
fn each_scope_acts_or_is_refused() {
    let loaded = read(ALL).unwrap_or_else(|report| panic!("{}", report.render(false)));
    let run = sim_core::world::simulate(&loaded.model, 8, 0);
    let metrics = RunMetrics::new(&run, &loaded.model, &loaded.names);
    let value = |text: &str| {
        // What is true or false is a clause by itself.
        let metric = match Value::parse(text) {
            Ok(value) => value.tree().metrics()[0].clone(),
            Err(_) => Clause::parse(text).unwrap_or_else(|e| panic!("{text}: {e}")).tree.metrics()[0].clone(),
        };
        let meant = metric.resolve(&loaded.names, &mut Problems::new())?;
        Some(metrics.of(&meant))
    };
    let stretches = ["during cut", "before cut", "after cut", "from 10s to 30s", "over 10s"].as_slice();
    let (mut acting, mut refused, mut ignored) = (0, 0, Vec::new());
    for doc in METRICS {
        for kind in doc.subjects {
            let Some(name) = subject(*kind) else { continue };
            let whole = format!("{}({name})", doc.name);
            // What is always measured from a fault on has no value without one; what is zero all the time is so in each stretch.
            let Some(Some(of_run)) = value(&whole) else { continue };
            let by_load = if *kind == SubjectKind::Load { &[][..] } else { &["of crawlers"][..] };
            for scopes in [stretches, by_load] {
                let found: Vec<_> = scopes.iter().filter_map(|scope| value(&format!("{whole} {scope}"))).collect();
                refused += scopes.len() - found.len();
                // One stretch may well have the longest time of the run, or be as good as all of it; not each of them.
                if of_run != 0.0 && !found.is_empty() && found.iter().all(|found| *found == Some(of_run)) {
                    ignored.push(format!("{whole}: {of_run} whatever its scope of {scopes:?}"));
                } else {
                    acting += found.len();
                }
            }
        }
    }
    assert!(ignored.is_empty(), "{ignored:#?}");
    assert!(acting > 150 && refused > 60, "{acting} scopes act, {refused} are refused");
}

#[test]
fn cost_is_of_its_stretch() {
    let loaded = read(ALL).unwrap_or_else(|report| panic!("{}", report.render(false)));
    let run = sim_core::world::simulate(&loaded.model, 8, 0);
    let metrics = RunMetrics::new(&run, &loaded.model, &loaded.names);
    let value = |text: &str| Value::parse(text).unwrap().in_run(&|_| Some(&metrics)).unwrap();
    for (scope, seconds) in [("during cut", 20.0), ("before cut", 40.0), ("from 50s to 70s", 20.0)] {
        let (cost, spent) = (value(&format!("cost(lost) {scope}")), value(&format!("spent(lost) {scope}")));
        assert!((cost * seconds - spent).abs() < 1e-9, "{scope}: {cost} a second of {spent} in {seconds} s");
    }
    assert!(value("cost(lost) during cut") > 10.0 * value("cost(lost) before cut"));
    // Two databases at $1/h.
    assert!((value("cost(servers) before cut") * 3600.0 - 2.0).abs() < 1e-9);
}

#[test]
fn what_would_change_nothing_is_refused() {
    for (clause, says) in [
        (
            "time_to_detect(cut) during errors < 10s",
            "time_to_detect is of the whole run, so `during` would change nothing",
        ),
        ("held(works) before cut", "held is of the whole run, so `before` would change nothing"),
        (
            "recovery(web.get) after cut from 1s to 2s < 1s",
            "recovery is measured from a fault on, so `from` would change",
        ),
        ("cost(lost) of users < $1/h", "cost is not counted by load class, so `of` would change nothing"),
        ("utilisation(db) of users < 90%", "utilisation is not counted by load class"),
        ("always held(works)", "held is of the whole run and has no windows, so `always` cannot judge it"),
    ] {
        let found = problems(&format!("{ALL}expect: ['{clause}']\n"));
        assert!(found.iter().any(|problem| problem.contains(says)), "{clause}: {found:?}");
    }
    assert!(
        problems(&format!("{ALL}expect: ['cost(lost) during cut < $1M/h', 'fired(bad) during cut >= 1']\n")).is_empty()
    );
}
