//! Tests of the whole way from text to model: bad input, shipped scenarios, mangled files.

mod arithmetic;
mod arrivals;
mod bad_input;
mod balance;
mod batches;
mod breakers;
mod caches;
mod cards;
mod checks;
mod clocks;
mod coalescing;
mod complaints;
mod copies;
mod counters;
mod deadlines;
mod deciders;
mod decisions;
mod deploys;
mod disks;
mod effects;
mod ejections;
mod experiments;
mod fallbacks;
mod faults;
mod incidents;
mod invariants;
mod key_stores;
mod levels;
mod limits;
mod link_metrics;
mod links;
mod live;
mod mangled;
mod map;
mod meant;
mod memory;
mod messages;
mod meters;
mod modes;
mod money;
mod names;
mod near;
mod nobody;
mod people;
mod pools;
mod probes;
mod quorums;
mod rates;
mod reach;
mod recovery;
mod regions;
mod registers;
mod retries;
mod routes;
mod rows;
mod runbooks;
mod scalers;
mod scopes;
mod searches;
mod sessions;
mod shipped;
mod sinks;
mod stock;
mod telemetry;
mod traces;
mod ways;
mod windows;
mod workflows;
mod wrongness;

use crate::files::Memory;
use crate::loaded::{Loaded, load};
use crate::reader::Report;
use sim_core::model::Model;
use sim_core::results::{RunResult, Span};

/// The smallest scenario; a test changes a line of it.
const SMALL: &str = "\
scenario: Small
question: Does it run?
load:
  users: {to: web.get, arrive: {poisson: {rate: 10/s}}}
services:
  web:
    workers: 4
    endpoints:
      get: {steps: [{work: 5ms}]}
";

const SECOND: i64 = 1_000_000_000;

fn read(text: &str) -> Result<Loaded, Report> {
    load(&Memory::of("small.yaml", text), "small.yaml", &[], None)
}

/// A scenario, and one run of it.
fn run(text: &str) -> (Model, RunResult) {
    let model = read(text).unwrap_or_else(|report| panic!("{}", report.render(false))).model;
    let run = sim_core::world::simulate(&model, 7, 0);
    (model, run)
}

/// A stretch of time [s].
fn between(from_s: i64, to_s: i64) -> Span {
    Span { from_ns: from_s * SECOND, to_ns: to_s * SECOND }
}

/// Fails where a number is further from what it should be than `by`.
fn close(found: f64, exact: f64, by: f64, what: &str) {
    assert!((found - exact).abs() <= by, "{what}: {found}, expected {exact}");
}

/// Users who give up, and callers of a limited call that crash: for a minute the callee is so slow that all calls wait.
fn disturbed(settings: &str) -> String {
    format!(
        "scenario: Disturbed\nquestion: Does all that was taken come back?\nrun: {{duration: 200s, warm_up: 10s}}\n\
         load: {{users: {{to: web.get, arrive: {{poisson: {{rate: 60/s}}}}, timeout: 300ms, cancel: true}}}}\n\
         services:\n  web: {{instances: 2, workers: 64, endpoints: {{get: {{steps: [{{call: {{to: api.get, {settings}}}}}]}}}}}}\n\
         \x20 api: {{instances: 3, workers: 64, endpoints: {{get: {{steps: [{{wait: 20ms}}]}}}}}}\n\
         faults:\n  slow: {{inject: {{slow: {{factor: 100}}}}, where: {{service: api}}, at: 10s, for: 60s}}\n\
         \x20 crash: {{inject: crash, where: {{service: web, count: 1}}, at: 30s, for: 5s, every: 10s, times: 3}}\n\
         \x20 again: {{inject: crash, where: {{service: api, count: 1}}, at: 40s, for: 5s}}\n"
    )
}

/// The problems of a text, each as `line:column characters: message`.
fn problems(text: &str) -> Vec<String> {
    match read(text) {
        Ok(loaded) => shown(&loaded.warnings),
        Err(report) => shown(&report),
    }
}

fn shown(report: &Report) -> Vec<String> {
    let one = |placed: &crate::reader::Placed| {
        let message = &placed.problem.message;
        let Some(span) = placed.span else { return message.clone() };
        let (line, column) = report.sources.position(span);
        let marked = &report.sources.text(span.file)[span.start..span.end];
        format!("{line}:{column} {marked}: {message}")
    };
    report.problems.iter().map(one).collect()
}
