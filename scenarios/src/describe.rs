//! A scenario in one line, and the first scenario of a newcomer.

use crate::loaded::Loaded;
use crate::written::Written;

/// How many of what there are: `5 services, 3 promises, 1 fault`.
pub fn counts(written: &Written) -> String {
    let all = [
        (written.services.len(), "service"),
        (written.stores.len(), "store"),
        (written.queues.len(), "queue"),
        (written.promises.len(), "promise"),
        (written.faults.len(), "fault"),
        (written.experiments.len(), "experiment"),
    ];
    let parts: Vec<String> = all
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") })
        .collect();
    parts.join(", ")
}

/// What `validate` says of a file without problems: `checkout.yaml is valid: 5 services, 3 promises, 1 fault.`
pub fn valid(loaded: &Loaded) -> String {
    format!("{} is valid: {}.", loaded.path, counts(&loaded.written))
}

/// The scenario that `new` writes.
pub const TEMPLATE: &str = "\
scenario: A small shop
question: Does the shop stay quick when its database is slow for two minutes?
answer: Write here what you expect before you run it.
run: {duration: 10m, warm_up: 1m, seed: 1}

load:
  visitors: {to: web.page, arrive: {poisson: {rate: 100/s}}}

services:
  web:
    instances: 2
    workers: 32
    endpoints:
      page:
        steps:
          - work: {exponential: {mean: 2ms}}
          - call: {to: db.read, timeout: 500ms, retry: {max_attempts: 2}}

stores:
  db:
    instances: 1
    workers: 16
    endpoints:
      read: {access: read, steps: [{wait: {lognormal: {p50: 10ms, p99: 60ms}}}]}

faults:
  slow-db: {inject: {slow: {factor: 5}}, where: {service: db}, at: 4m, for: 2m}

promises:
  works: {keep: {availability: 99.9%}, of: web.page}
  quick: {keep: {latency: {p99: 500ms}}, of: web.page}

costs:
  web-nodes: {meter: {instances: {of: web}}, price: $0.10/h}
  db-node: {meter: {instances: {of: db}}, price: $0.40/h}
";
