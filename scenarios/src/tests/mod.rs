//! Tests of the whole way from text to model: bad input, shipped scenarios, mangled files.

mod arithmetic;
mod bad_input;
mod balance;
mod caches;
mod counters;
mod deadlines;
mod deploys;
mod effects;
mod experiments;
mod faults;
mod limits;
mod live;
mod mangled;
mod meant;
mod messages;
mod money;
mod near;
mod pools;
mod rates;
mod rows;
mod scopes;
mod shipped;
mod telemetry;
mod traces;
mod windows;
mod wrongness;

use crate::files::Memory;
use crate::loaded::{Loaded, load};
use crate::reader::Report;

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

fn read(text: &str) -> Result<Loaded, Report> {
    load(&Memory::of("small.yaml", text), "small.yaml", &[], None)
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
