//! Values that are set while a run goes on: from then on the run is what it would be with the value from the start, and after the experiment what
//! it would be without; each live value acts, and what is not live is refused.

use super::{problems, read};
use crate::files::Memory;
use crate::loaded::{Loaded, load};
use crate::overlay::Set;
use sim_core::live::LIVE;
use sim_core::results::{Course, JournalKind, RunResult};
use sim_core::world::simulate;
use std::collections::BTreeSet;

/// Requests come together every 10 s, and all is quiet before the next ones come: so what was is forgotten, and two runs may be compared.
const SYSTEM: &str = "\
scenario: Values that change
question: What happens?
run: {duration: 200s, warm_up: 0s, replications: 2, seed: 7}
keys: {rows: {uniform: {count: 3}}, seats: {uniform: {count: 100M}}}
caches:
  kept: {contents: {keyed: {key: rows, ttl: 2s}}}
  held: {contents: {fixed: {hit_ratio: 50%, ttl: 3s}}}
regions: {here: {zones: [a, b]}, there: {zones: [c]}}
network:
  within_zone: {latency: 1ms}
  between_zones: {latency: 2ms}
  between_regions: {latency: 5ms}
  links: {line: {between: [web, far], latency: 3ms, loss: 1%, bandwidth: 1MB/s}, other: {between: [web, far], latency: 8ms}}
  routes: {far: {between: [web, far], prefer: [line, other]}}
policies:
  db:
    timeout: 200ms
    total_timeout: 700ms
    retry: {max_attempts: 3, backoff: {fixed: {delay: 20ms}}, outcomes: [timeout, error]}
    fallback: {latency: 5ms}
    concurrency_limit: {bulkhead: {limit: 3, max_wait: 300ms}}
    breaker: {count: {state: disabled}}
  far: {timeout: 2s, optional: false, size: {request: 1kB}, breaker: {rate: {state: disabled}}}
  near: {balance: random, timeout: 1s}
  tokens: {rate_limit: {token_bucket: {rate: 5/s, burst: 4}}}
  leaks: {rate_limit: {leaky_bucket: {rate: 20/s, capacity: 3}}}
  fixed: {rate_limit: {fixed_window: {limit: 3, every: 1s}}}
  slides: {rate_limit: {sliding_window: {limit: 3, every: 1s}}}
load:
  knocks:
    mix: {knocker.d1get: 8%, knocker.d2get: 8%, knocker.d3get: 8%, knocker.d4get: 8%, knocker.ea: 8%, knocker.eb: 8%, knocker.ec: 8%, knocker.ed: 8%, knocker.a: 9%, knocker.b: 9%, knocker.c: 9%, knocker.d: 9%}
    arrive: {burst: {size: 200, at: 1s, every: 10s, times: 20}}
    balance: random
  users: {to: web.get, arrive: {burst: {size: 40, at: 1s, every: 10s, times: 20}}, balance: random}
  buyers: {to: seats.take, arrive: {burst: {size: 30, at: 1s, every: 10s, times: 20}}, balance: random}
  rare: {to: batch.run, arrive: {constant: {rate: 1/s}}}
services:
  web:
    instances: 2
    workers: 4
    zones: [a]
    start_up: 2s
    queue: {capacity: 17, max_wait: 3s}
    health: {every: 500ms, timeout: 300ms, unhealthy_after: 2, healthy_after: 1}
    endpoints:
      get:
        steps:
          - work: 5ms
          - call: {to: rows.put, timeout: 1s, breaker: {consecutive: {state: disabled}}, concurrency_limit: {bulkhead: {limit: 3}}, retry: {outcomes: [rejected], backoff: {fixed: {delay: 3ms}}}}
          - call: {to: rows.get, policy: db}
          - call: {to: far.get, policy: far}
          - call: {to: near.get, policy: near}
          - call: {to: jobs.send}
  far: {workers: 8, zones: [c], endpoints: {get: {steps: [{work: {exponential: {mean: 10ms}}}, {fail: {probability: 5%, outcome: error}}]}}}
  near: {instances: 4, workers: 90, zones: [a, b], machine: {nic: {ring: 4, packet_time: 4ms}}, endpoints: {get: {steps: [{wait: 1ms}]}}}
  worker: {workers: 2, instances: 1, zones: [c], endpoints: {run: {effect: not_idempotent, steps: [{work: {exponential: {mean: 100ms}}}, {fail: {probability: 30%, outcome: error}}]}}}
  knocker:
    workers: unlimited
    endpoints:
      d1get: {steps: [{wait: {exponential: {mean: 300ms}}}, {call: {to: d1.get, optional: true}}]}
      d2get: {steps: [{wait: {exponential: {mean: 300ms}}}, {call: {to: d2.get, optional: true}}]}
      d3get: {steps: [{wait: {exponential: {mean: 300ms}}}, {call: {to: d3.get, optional: true}}]}
      d4get: {steps: [{wait: {exponential: {mean: 300ms}}}, {call: {to: d4.get, optional: true}}]}
      ea: {steps: [{wait: {exponential: {mean: 300ms}}}, {call: {to: e.a, optional: true}}]}
      eb: {steps: [{wait: {exponential: {mean: 300ms}}}, {call: {to: e.b, optional: true}}]}
      ec: {steps: [{wait: {exponential: {mean: 300ms}}}, {call: {to: e.c, optional: true}}]}
      ed: {steps: [{wait: {exponential: {mean: 300ms}}}, {call: {to: e.d, optional: true}}]}
      a: {steps: [{wait: {exponential: {mean: 300ms}}}, {call: {to: quiet.get, policy: tokens, optional: true}}]}
      b: {steps: [{wait: {exponential: {mean: 300ms}}}, {call: {to: quiet.get, policy: leaks, optional: true}}]}
      c: {steps: [{wait: {exponential: {mean: 300ms}}}, {call: {to: quiet.get, policy: fixed, optional: true}}]}
      d: {steps: [{wait: {exponential: {mean: 300ms}}}, {call: {to: quiet.get, policy: slides, optional: true}}]}
  quiet: {workers: unlimited, endpoints: {get: {steps: [{wait: 1ms}]}}}
  d1: {workers: unlimited, admission: {rate_limit: {token_bucket: {rate: 5/s, burst: 4}}}, endpoints: {get: {steps: [{work: 1ms}]}}}
  d2: {workers: unlimited, admission: {rate_limit: {fixed_window: {limit: 3, every: 1s}}}, endpoints: {get: {steps: [{work: 1ms}]}}}
  d3: {workers: unlimited, admission: {rate_limit: {sliding_window: {limit: 3, every: 1s}}}, endpoints: {get: {steps: [{work: 1ms}]}}}
  d4:
    workers: 2
    admission: {concurrency_limit: {bulkhead: {limit: 6}}, shed: {by_priority: {queue_wait: {sheddable: 30ms, sheddable_plus: 30ms, critical: 30ms}}}}
    endpoints: {get: {steps: [{work: {exponential: {mean: 40ms}}}]}}
  e:
    workers: 2
    endpoints:
      a: {admission: {rate_limit: {token_bucket: {rate: 5/s, burst: 4}}}, steps: [{work: 1ms}]}
      b: {admission: {rate_limit: {fixed_window: {limit: 3, every: 1s}}}, steps: [{work: 1ms}]}
      c: {admission: {rate_limit: {sliding_window: {limit: 3, every: 1s}}}, steps: [{work: 1ms}]}
      d: {admission: {concurrency_limit: {bulkhead: {limit: 6}}, shed: {by_priority: {queue_wait: {sheddable: 30ms, sheddable_plus: 30ms, critical: 30ms}}}}, steps: [{work: {exponential: {mean: 40ms}}}]}
  batch: {workers: 2, instances: 1, zones: [b], endpoints: {run: {steps: [{work: 1ms}, {lookup: {cache: kept, miss: [{wait: 1ms}]}}, {lookup: {cache: held, miss: [{call: {to: rows.get, timeout: 1s}}]}}]}}}
stores:
  rows:
    instances: 2
    workers: 5
    zones: [a, b]
    key: rows
    replication: {primary: {lag: 10ms, closed_timestamp_lag: 20ms}}
    endpoints:
      get: {access: read, steps: [{work: {exponential: {mean: 60ms}}}, {fail: {probability: 40%, outcome: error}}]}
      put: {access: write, steps: [{work: 1ms}]}
  seats:
    instances: 2
    workers: 40
    zones: [a, b]
    key: seats
    replication: {merge: {every: 1s}}
    stock: {amount: 10}
    escrow: {percent: 30%, refill_below: 50%}
    endpoints: {take: {access: update, steps: [{work: 1ms}]}}
queues:
  jobs: {capacity: 12, consumers: {work: {to: worker.run, visibility_timeout: 250ms, max_deliveries: 3}}}
faults:
  restarts: {inject: restart, where: {service: web, instances: [0]}, at: 200ms, every: 10s}
  freezes: {inject: freeze, where: {service: web, instances: [1]}, at: 500ms, for: 2500ms, every: 10s}
control:
  telemetry: {all: {every: 1s}}
  scalers:
    small: {of: batch, use: {step: {metric: instances(batch), steps: [{below: 100, change: {percent: -50%}}]}}, every: 1s, min: 1, max: 5}
    large: {of: far, use: {step: {metric: instances(far), steps: [{above: 0, change: {count: 1}}]}}, every: 1s, min: 1, max: 2}
";

/// Live value, path and another value.
const CASES: &[(&str, &str, &str)] = &[
    ("policies.NAME.timeout", "policies.db.timeout", "50ms"),
    ("policies.NAME.timeout", "services.web.endpoints.get.steps.1.call.timeout", "3ms"),
    ("policies.NAME.total_timeout", "policies.db.total_timeout", "150ms"),
    ("policies.NAME.cancel", "policies.db.cancel", "true"),
    ("policies.NAME.retry.max_attempts", "policies.db.retry.max_attempts", "1"),
    ("policies.NAME.retry.outcomes", "policies.db.retry.outcomes", "[error]"),
    ("policies.NAME.retry.backoff", "policies.db.retry.backoff.fixed.delay", "150ms"),
    ("policies.NAME.retry.turned_away", "services.web.endpoints.get.steps.1.call.retry.turned_away", "false"),
    ("policies.NAME.fallback", "policies.db.fallback.latency", "100ms"),
    ("policies.NAME.optional", "policies.far.optional", "true"),
    ("policies.NAME.locality", "policies.near.locality", "{prefer: zone}"),
    ("policies.NAME.concurrency_limit.bulkhead", "policies.db.concurrency_limit.bulkhead.limit", "2"),
    ("policies.NAME.concurrency_limit.bulkhead", "policies.db.concurrency_limit.bulkhead.max_wait", "0s"),
    ("policies.NAME.breaker.count.state", "policies.db.breaker.count.state", "forced_open"),
    ("policies.NAME.breaker.rate.state", "policies.far.breaker.rate.state", "forced_open"),
    (
        "policies.NAME.breaker.consecutive.state",
        "services.web.endpoints.get.steps.1.call.breaker.consecutive.state",
        "forced_open",
    ),
    ("policies.NAME.rate_limit.token_bucket.rate", "policies.tokens.rate_limit.token_bucket.rate", "50/s"),
    ("policies.NAME.rate_limit.token_bucket.burst", "policies.tokens.rate_limit.token_bucket.burst", "1"),
    ("policies.NAME.rate_limit.leaky_bucket.rate", "policies.leaks.rate_limit.leaky_bucket.rate", "5/s"),
    ("policies.NAME.rate_limit.fixed_window.limit", "policies.fixed.rate_limit.fixed_window.limit", "2"),
    ("policies.NAME.rate_limit.sliding_window.limit", "policies.slides.rate_limit.sliding_window.limit", "2"),
    ("services.NAME.instances", "services.web.instances", "3"),
    ("services.NAME.start_up", "services.web.start_up", "500ms"),
    ("services.NAME.queue.capacity", "services.web.queue.capacity", "5"),
    ("services.NAME.queue.max_wait", "services.web.queue.max_wait", "30ms"),
    ("services.NAME.health", "services.web.health.unhealthy_after", "1"),
    (
        "services.NAME.admission.rate_limit.token_bucket.rate",
        "services.d1.admission.rate_limit.token_bucket.rate",
        "1000/s",
    ),
    (
        "services.NAME.admission.rate_limit.token_bucket.burst",
        "services.d1.admission.rate_limit.token_bucket.burst",
        "1",
    ),
    (
        "services.NAME.admission.rate_limit.fixed_window.limit",
        "services.d2.admission.rate_limit.fixed_window.limit",
        "2",
    ),
    (
        "services.NAME.admission.rate_limit.sliding_window.limit",
        "services.d3.admission.rate_limit.sliding_window.limit",
        "2",
    ),
    (
        "services.NAME.admission.concurrency_limit.bulkhead.limit",
        "services.d4.admission.concurrency_limit.bulkhead.limit",
        "3",
    ),
    (
        "services.NAME.admission.shed",
        "services.d4.admission.shed.by_priority.queue_wait",
        "{sheddable: 1ms, sheddable_plus: 1ms, critical: 1ms}",
    ),
    (
        "services.NAME.endpoints.NAME.admission.rate_limit.token_bucket.rate",
        "services.e.endpoints.a.admission.rate_limit.token_bucket.rate",
        "1000/s",
    ),
    (
        "services.NAME.endpoints.NAME.admission.rate_limit.token_bucket.burst",
        "services.e.endpoints.a.admission.rate_limit.token_bucket.burst",
        "1",
    ),
    (
        "services.NAME.endpoints.NAME.admission.rate_limit.fixed_window.limit",
        "services.e.endpoints.b.admission.rate_limit.fixed_window.limit",
        "2",
    ),
    (
        "services.NAME.endpoints.NAME.admission.rate_limit.sliding_window.limit",
        "services.e.endpoints.c.admission.rate_limit.sliding_window.limit",
        "2",
    ),
    (
        "services.NAME.endpoints.NAME.admission.concurrency_limit.bulkhead.limit",
        "services.e.endpoints.d.admission.concurrency_limit.bulkhead.limit",
        "3",
    ),
    (
        "services.NAME.endpoints.NAME.admission.shed",
        "services.e.endpoints.d.admission.shed.by_priority.queue_wait",
        "{sheddable: 1ms, sheddable_plus: 1ms, critical: 1ms}",
    ),
    ("services.NAME.machine.nic.ring", "services.near.machine.nic.ring", "1"),
    ("stores.NAME.replication.primary.lag", "stores.rows.replication.primary.lag", "400ms"),
    ("stores.NAME.escrow", "stores.seats.escrow.percent", "10%"),
    ("stores.NAME.escrow", "stores.seats.escrow.refill_below", "100%"),
    (
        "stores.NAME.replication.primary.closed_timestamp_lag",
        "stores.rows.replication.primary.closed_timestamp_lag",
        "3s",
    ),
    ("stores.NAME.replication.primary.commit", "stores.rows.replication.primary.commit", "all"),
    ("caches.NAME.contents.keyed.ttl", "caches.kept.contents.keyed.ttl", "5ms"),
    ("caches.NAME.contents.fixed.ttl", "caches.held.contents.fixed.ttl", "100ms"),
    ("queues.NAME.capacity", "queues.jobs.capacity", "4"),
    ("queues.NAME.consumers.NAME.visibility_timeout", "queues.jobs.consumers.work.visibility_timeout", "50ms"),
    ("queues.NAME.consumers.NAME.max_deliveries", "queues.jobs.consumers.work.max_deliveries", "1"),
    ("network.within_zone", "network.within_zone.latency", "9ms"),
    ("network.between_zones", "network.between_zones.loss", "20%"),
    ("network.between_regions", "network.between_regions.latency", "30ms"),
    ("network.links.NAME.latency", "network.links.line.latency", "40ms"),
    ("network.links.NAME.loss", "network.links.line.loss", "50%"),
    ("network.links.NAME.bandwidth", "network.links.line.bandwidth", "20kB/s"),
    ("network.links.NAME.buffer", "network.links.line.buffer", "500B"),
    ("network.links.NAME.transport", "network.links.line.transport", "{tcp: {}}"),
    ("network.routes.NAME.pin", "network.routes.far.pin", "other"),
    ("control.scalers.NAME.min", "control.scalers.small.min", "3"),
    ("control.scalers.NAME.max", "control.scalers.large.max", "1"),
];

fn loaded(text: &str, sets: &[Set]) -> Loaded {
    load(&Memory::of("live.yaml", text), "live.yaml", sets, None).unwrap_or_else(|r| panic!("{}", r.render(false)))
}

/// The system with an experiment that sets a value from 65.5 s to 135.5 s, between the requests.
fn with_set(values: &str) -> String {
    format!(
        "{SYSTEM}experiments:\n  change:\n    at: 65500ms\n    for: 70s\n    hypothesis: [availability(users) >= 0%]\n    \
         actions: [{{do: {{set: {{{values}}}}}}}]\n"
    )
}

/// What was counted at all call sites and services between two times [s].
fn numbers(run: &RunResult, from_s: u64, to_s: u64) -> String {
    let within = |from: u64, to: u64| from >= from_s * 1_000_000_000 && to <= to_s * 1_000_000_000;
    let slices = run.slices.iter().filter(|s| within(s.from_ns, s.to_ns));
    let slices: Vec<_> = slices.map(|s| (s.from_ns, s.to_ns, &s.edges, &s.services, &s.wrong)).collect();
    assert!(!slices.is_empty());
    format!("{slices:?}")
}

#[test]
fn a_value_that_is_set_is_as_if_it_had_been_so_from_the_start_and_then_as_before() {
    let base = simulate(&loaded(SYSTEM, &[]).model, 7, 0);
    let mut failed = Vec::new();
    for (_, path, value) in CASES {
        let from_start = loaded(SYSTEM, &[Set { path: (*path).into(), value: (*value).into() }]);
        let from_start = simulate(&from_start.model, 7, 0);
        let run = simulate(&loaded(&with_set(&format!("{path}: {value}")), &[]).model, 7, 0);
        assert_eq!(run.experiments[0].course, Course::Completed, "{path}");
        for (is, what) in [
            (numbers(&run, 0, 60) == numbers(&base, 0, 60), "nothing before"),
            (numbers(&run, 80, 130) != numbers(&base, 80, 130), "acts"),
            (numbers(&run, 80, 130) == numbers(&from_start, 80, 130), "as from the start"),
            (numbers(&run, 150, 200) == numbers(&base, 150, 200), "as before"),
        ] {
            if !is {
                failed.push(format!("{path}: {what}"));
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn each_live_value_has_a_case() {
    let cases: BTreeSet<&str> = CASES.iter().map(|(live, ..)| *live).collect();
    assert_eq!(cases, LIVE.iter().copied().collect());
}

#[test]
fn what_was_set_stands_in_the_journal() {
    let text = with_set("policies.db.timeout: 50ms, network.within_zone.loss: 1%");
    let run = simulate(&loaded(&text, &[]).model, 7, 0);
    let journal = &run.experiments[0].journal;
    let of = |kind| journal.iter().filter(move |e| e.kind == kind).map(|e| e.text.to_string()).collect::<Vec<_>>();
    assert_eq!(
        of(JournalKind::Action),
        ["policies.db.timeout set to 50ms, network.within_zone.loss set to 1%".to_owned()]
    );
    assert_eq!(of(JournalKind::Rollback), ["values that were set are as before".to_owned()]);
}

#[test]
fn what_a_rollback_sets_stays() {
    let text = with_set("policies.db.timeout: 50ms") + "    rollback: [{do: {set: {policies.db.timeout: 100ms}}}]\n";
    let run = simulate(&loaded(&text, &[]).model, 7, 0);
    let set = |value: &str| {
        let model = loaded(SYSTEM, &[Set { path: "policies.db.timeout".into(), value: value.into() }]).model;
        simulate(&model, 7, 0)
    };
    assert_eq!(numbers(&run, 80, 130), numbers(&set("50ms"), 80, 130));
    assert_eq!(numbers(&run, 150, 200), numbers(&set("100ms"), 150, 200));
}

#[test]
fn with_a_service_paths_begin_there() {
    let action = "actions: [{do: {set: {queue.capacity: 5}}, where: {service: web}}]";
    let text = with_set("x: 1").replace("actions: [{do: {set: {x: 1}}}]", action);
    assert_eq!(
        loaded(&text, &[]).model.experiments[0].deeds,
        loaded(&with_set("services.web.queue.capacity: 5"), &[]).model.experiments[0].deeds
    );
}

#[test]
fn what_cannot_be_set_is_refused_where_it_stands() {
    // Without line and column: that the place is right is seen from what is marked there.
    let found = |values: &str| -> Vec<String> {
        let all = problems(&with_set(values));
        all.iter().map(|p| p.split_once(' ').map_or(p.as_str(), |(_, rest)| rest).to_owned()).collect()
    };
    let cannot = |path: &str| vec![format!("{path}: this cannot change while a run goes on")];
    for path in [
        "services.web.workers: 9",
        "services.web.endpoints.get.steps.0.work: 1ms",
        "load.users.arrive.burst.size: 3",
        "faults.restarts.every: 20s",
        "keys.rows.uniform.count: 9",
        "run.duration: 500s",
        "stores.rows.replication.primary.reads: nearest",
        "policies.db.hedge: {backup: {after: {time: 1ms}}}",
        "policies.far.retry: {max_attempts: 2}",
        "policies.db.retry.budget: {tokens: {}}",
        "load.users.timeout: 1s",
    ] {
        let (name, _) = path.split_once(':').unwrap();
        assert_eq!(found(path), cannot(name), "{path}");
    }
    assert_eq!(
        found("policies.db.timeout: 200ms"),
        ["policies.db.timeout: this sets what the file says already, and so does nothing"]
    );
    assert_eq!(found("policies.dbx.timeout: 1s"), ["dbx: no key is called \"dbx\""]);
    assert_eq!(found("policies.db.timeout: 5"), ["5: a duration needs a unit"]);
    assert!(read(&with_set("policies.db.timeout: 5s")).is_ok());
}

#[test]
fn a_set_is_within_the_blast_radius_or_refused() {
    let text = with_set("services.web.queue.capacity: 5") + "    blast_radius: {services: [far]}\n";
    let found = problems(&text);
    assert!(found.iter().any(|p| p.contains("this hits web, which is outside of the blast radius")), "{found:?}");
}

#[test]
fn a_set_that_is_never_done_or_names_no_service_is_said() {
    let with = |set: &str| problems(&with_set("x: 1").replace("{do: {set: {x: 1}}}", set));
    let says = |set: &str, what: &str| with(set).iter().any(|p| p.contains(what));
    let never = "the experiment ends before this is done, and so it never is";
    assert!(says("{do: {set: {policies.db.timeout: 50ms}}, at: 10s, takes: 60s}", never));
    assert!(!says("{do: {set: {policies.db.timeout: 50ms}}, at: 10s, takes: 59s}", never));
    assert!(says("{do: restart, where: {service: web}, takes: 70s}", never), "whatever is done");
    assert!(says("{do: {set: {policies.db.timeout: 50ms}}, where: {service: wbe}}", "no service is called \"wbe\""));
}
