//! No kind is inert: for each kind of each family there is a pair of systems that differ in nothing but it, and the one with the kind fares
//! as the kind claims.
//!
//! Each row is a kind, what its scenario needs beside [`BASE`], the values that switch the kind on (the variant `on`), and a clause that
//! compares `on` with the scenario without it. The clause is judged as any clause of a user's file is: by intervals, and it has to be held.

mod caches;
mod control;
mod messages;
mod requests;
mod stores;
mod systems;

use super::program::Folder;
use super::run;
use sim_core::results::Verdict;

/// Users call `web.get`, which calls `api.get`. Rows add sections, and replace values by their paths.
const BASE: &str = "scenario: A kind acts\nquestion: Does switching it on change what it claims to change?\n\
    run: {duration: 2m, warm_up: 5s, replications: 6, seed: 7}\n\
    load: {users: {to: web.get, arrive: {poisson: {rate: 50/s}}}}\n\
    services:\n  web: {instances: 2, workers: unlimited, endpoints: {get: {steps: [{call: {to: api.get, policy: api}}]}}}\n  \
    api: {instances: 4, workers: 2, endpoints: {get: {steps: [{work: 20ms}]}}}\n\
    policies: {api: {balance: round_robin}}\n";

/// A kind, what its scenario has beside the base, what switches it on, and what that does.
struct Act {
    kind: &'static str,
    beside: &'static str,
    on: &'static str,
    claim: &'static str,
}

const fn act(kind: &'static str, beside: &'static str, on: &'static str, claim: &'static str) -> Act {
    Act { kind, beside, on, claim }
}

const FAILING: &str = "faults: {bad: {inject: {fail: {probability: 30%}}, where: {service: api}}}";

/// All rows, in the order of `windtunnel explain`.
fn all() -> impl Iterator<Item = &'static Act> {
    let systems = systems::ACTS.iter().chain(stores::ACTS).chain(caches::ACTS);
    requests::ACTS.iter().chain(systems).chain(control::ACTS).chain(messages::ACTS)
}

/// A line `a.b.c: value` as nested maps.
fn nested(line: &str) -> String {
    let (path, value) = line.split_once(": ").expect("a path and a value");
    let parts: Vec<&str> = path.trim().split('.').collect();
    let (first, inner) = (parts[0], &parts[1..]);
    let open: String = inner.iter().map(|part| format!("{{{part}: ")).collect();
    format!("{first}: {open}{value}{}\n", "}".repeat(inner.len()))
}

/// The scenario of a row: each line beside the base is a file that extends the one before.
fn written(folder: &Folder, act: &Act) -> String {
    folder.write("rates.csv", "from,rate\n0,20\n");
    folder.write("0.yaml", BASE);
    let lines: Vec<&str> = act.beside.lines().collect();
    for (place, line) in lines.iter().enumerate() {
        folder.write(&format!("{}.yaml", place + 1), &format!("extends: {place}.yaml\n{}", nested(line)));
    }
    let (path, value) = act.on.split_once(": ").expect("a path and a value");
    let last =
        format!("extends: {}.yaml\nvariants: {{on: {{{path}: {value}}}}}\nexpect: [{}]\n", lines.len(), act.claim);
    folder.write("act.yaml", &last);
    last
}

#[test]
fn every_kind_does_what_it_claims() {
    let mut inert = Vec::new();
    for (place, act) in all().enumerate() {
        let (family, name) = act.kind.split_once(' ').expect("family and name");
        assert!(
            family == "keep" || act.on.contains(name) || name == "telemetry" || family == name,
            "{}: its name is not in what switches it on",
            act.kind
        );
        let folder = Folder::new(&format!("act-{place}"));
        let text = written(&folder, act);
        let found = std::panic::catch_unwind(|| run(&folder.join("act.yaml"), &[], 2));
        match found {
            Ok(study) => {
                let clause = &study.summary.expectations[0];
                if clause.verdict != Verdict::Held {
                    inert.push(format!(
                        "{}: {} is {:?}: {:?} against {:?}",
                        act.kind, act.claim, clause.verdict, clause.observed, clause.promised
                    ));
                }
            }
            Err(_) => inert.push(format!("{}: cannot be run:\n{text}", act.kind)),
        }
    }
    assert!(inert.is_empty(), "{} kinds do not do what they claim:\n{}", inert.len(), inert.join("\n"));
}

/// Studies (`ask`) change no system: `sweep.rs`, `capacity.rs`, `compare.rs` and `check.rs` show what each of them answers.
#[test]
fn every_kind_is_in_the_walk() {
    let walked = |family: &str, name: &str| all().filter(|act| act.kind == format!("{family} {name}")).count();
    for kind in scenarios::reference::kinds().iter().filter(|kind| kind.family != "ask") {
        assert_eq!(walked(kind.family, kind.name), 1, "{} {}", kind.family, kind.name);
    }
}
