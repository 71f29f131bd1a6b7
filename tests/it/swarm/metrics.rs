//! Laws over all metrics of the expressions: what one metric says of a run agrees with what the others say, and no metric is always zero
//! or without data.

use super::{read, scenario};
use scenarios::Loaded;
use sim_core::counters::{LEVELS, TIMED};
use sim_core::expression::{METRICS, Measure, Metric, MetricDoc, MetricRef, Scope, SubjectKind};
use sim_core::judge::RunMetrics;
use sim_core::metrics::{Level, LevelOf, TimedAt};
use sim_core::outcome::Outcome;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// An alert that never fires, and one that fires without its fault, which no shipped scenario has.
const BAD_ALERTS: &str = "scenario: Bad alerts\nquestion: Are they counted?\nrun: {duration: 5m, warm_up: 10s, seed: 1}\n\
    load: {users: {to: web.get, arrive: {poisson: {rate: 50/s}}}}\n\
    services: {web: {workers: 4, endpoints: {get: {steps: [{work: 10ms}]}}}}\n\
    faults: {bad: {inject: {fail: {probability: 50%}}, where: {service: web}, at: 2m, for: 1m}}\n\
    control: {telemetry: {all: {every: 5s}}, alerts: {blind: {when: error_rate(web.get) over 10s > 90%, finds: bad}, \
    eager: {when: availability(web.get) over 10s > 90%, finds: bad}}}\n";

/// A queue that loses messages, which no shipped scenario has.
const LOSES: &str = "scenario: Lost messages\nquestion: Are they counted?\nrun: {duration: 1m, warm_up: 0s, seed: 1}\n\
    load: {users: {to: jobs.send, arrive: {poisson: {rate: 20/s}}}}\n\
    services: {worker: {workers: 8, endpoints: {job: {steps: [{work: 10ms}, {fail: {probability: 50%}}]}}}}\n\
    queues: {jobs: {consumers: {worker: {to: worker.job, visibility_timeout: 10s, max_deliveries: 2}}}}\n";

/// Users who wait for an instance that is silent, which no shipped scenario lets them do for good.
const HANGS: &str = "scenario: Unanswered\nquestion: Are they counted?\nrun: {duration: 1m, warm_up: 0s, seed: 1}\n\
    load: {users: {to: web.get, arrive: {poisson: {rate: 20/s}}}}\n\
    services: {web: {workers: 8, endpoints: {get: {steps: [{work: 10ms}]}}}}\n\
    faults: {silence: {inject: {crash: {callers_see: silence}}, where: {service: web}, at: 10s}}\n";

/// A cache for which somebody waits, whose old values are given, and which is too small, which no shipped scenario has.
const CACHED: &str = "scenario: Cached\nquestion: Is it counted?\nrun: {duration: 2m, warm_up: 0s, seed: 1}\n\
    keys: {item: {zipf: {count: 100, exponent: 1}}}\n\
    load: {users: {to: web.get, arrive: {poisson: {rate: 50/s}}}}\n\
    services: {web: {workers: unlimited, endpoints: {get: {steps: [{lookup: {cache: items, miss: [{wait: 200ms}]}}]}}}}\n\
    caches: {items: {coalesce: everywhere, stale_while_revalidate: 5s, contents: {keyed: {key: item, capacity: 50, ttl: 5s}}}}\n";

/// A primary that dies, which commits before its disk by order, and one that is frozen and fenced; a quorum of which too few copies are up. No
/// shipped scenario has all of it in its base.
const COPIED: &str = "scenario: Copied\nquestion: Is it counted?\nrun: {duration: 3m, warm_up: 0s, seed: 1}\n\
    load: {users: {to: web.get, arrive: {poisson: {rate: 50/s}}}}\n\
    services: {web: {workers: unlimited, endpoints: {get: {steps: [{call: {to: db.write}}, {call: {to: db.read}}, {call: {to: kv.write, optional: true}}]}}}}\n\
    stores:\n  db: {instances: 3, workers: unlimited, machine: {disk: {fsync: 1ms}}, \
    session_guarantees: [read_your_writes], replication: {primary: {lag: 50ms, failover: {detect: 2s, takes: 1s}}}, \
    endpoints: {write: {access: write, steps: [{disk: {fsync: true}}]}, read: {access: read, steps: [{work: 1ms}]}}}\n  \
    kv: {instances: 3, workers: unlimited, replication: {quorum: {read: 1, write: 3}}, endpoints: {write: {access: write, steps: [{work: 1ms}]}}}\n\
    faults:\n  dies: {inject: crash, where: {service: db, role: primary}, at: 20s, for: 20s, every: 100s}\n  \
    stands: {inject: freeze, where: {service: db, role: primary}, at: 60s, for: 10s}\n  \
    one: {inject: crash, where: {service: kv, instances: [1]}, at: 20s, for: 20s}\n\
    experiments: {hurry: {at: 90s, for: 80s, hypothesis: [availability(web.get) >= 0%], \
    actions: [{do: {set: {stores.db.replication.primary.commit: asynchronous}}}]}}\n";

/// Gates that find conflicts, a stock of which reservations expire and rights are lost, and one that copies sell by themselves. No shipped scenario
/// has all of it in its base.
const GUARDED: &str = "scenario: Guarded\nquestion: Is it counted?\nrun: {duration: 2m, warm_up: 0s, seed: 1}\n\
    regions: {here: {zones: [a, b, c]}}\nkeys: {row: {uniform: {count: 5}}}\n\
    load: {movers: {to: app.move, level: snapshot_isolation, arrive: {poisson: {rate: 30/s}}}, \
    fans: {to: app.buy, arrive: {poisson: {rate: 50/s}}}}\n\
    services: {app: {workers: unlimited, endpoints: {move: {steps: [{call: {to: db.read}}, \
    {gate: {level: strict_serializable, to: db.read, on_conflict: upgrade}}, {call: {to: db.write}}]}, \
    buy: {steps: [{call: {to: shop.take, optional: true}}, {call: {to: split.take, optional: true}}]}}}}\n\
    stores:\n  db: {instances: 3, workers: unlimited, key: row, replication: {primary: {lag: 500ms}}, \
    endpoints: {write: {access: write, steps: [{work: 1ms}]}, read: {access: read, steps: [{work: 1ms}]}}}\n  \
    shop: {instances: 3, workers: unlimited, stock: {amount: 1k}, replication: {merge: {every: 20s}}, endpoints: {take: {access: update, steps: [{work: 1ms}]}}}\n  \
    split: {instances: 3, zones: [a, b, c], workers: unlimited, stock: {amount: 300, hold: 10s}, escrow: {percent: 10%}, \
    endpoints: {take: {access: update, steps: [{work: 1ms}]}, pay: {access: write, steps: [{work: 1ms}]}}}\n\
    faults: {cut: {inject: {loss: {probability: 50%}}, where: {between: [a, b]}, at: 0s, for: 1m}}\n";

/// A queue that drops what waits too long, which shipped scenarios have in a variant alone.
const DROPS: &str = "scenario: Dropped requests\nquestion: Are they counted?\nrun: {duration: 1m, warm_up: 0s, seed: 1}\n\
    load: {users: {to: web.get, arrive: {poisson: {rate: 150/s}}}}\n\
    services: {web: {workers: 1, queue: {discipline: codel}, endpoints: {get: {steps: [{work: 10ms}]}}}}\n";

/// Callers whose last good answer gets too old, which no shipped scenario has.
const TOO_OLD: &str = "scenario: Old answers\nquestion: Are they counted?\nrun: {duration: 1m, warm_up: 0s, seed: 1}\n\
    load: {users: {to: web.get, arrive: {poisson: {rate: 20/s}}}}\n\
    services: {web: {workers: unlimited, endpoints: {get: {steps: [{call: {to: api.get, fallback: {cached: {max_age: 5s}}}}]}}}, \
    api: {workers: 8, endpoints: {get: {steps: [{work: 10ms}]}}}}\n\
    faults: {bad: {inject: {fail: {probability: 100%}}, where: {service: api}, at: 20s}}\n";

/// A link that loses what it has no room for, which no shipped scenario has.
const NARROW: &str = "scenario: Dropped messages\nquestion: Are they counted?\nrun: {duration: 1m, warm_up: 0s, seed: 1}\n\
    regions: {here: {zones: [a, b]}}\nnetwork: {between_zones: {bandwidth: 500kB/s, buffer: 100kB}}\n\
    load: {users: {to: web.get, from: a, size: {response: 20kB}, arrive: {poisson: {rate: 50/s}}}}\n\
    services: {web: {zones: [b], workers: unlimited, endpoints: {get: {steps: [{work: 10ms}]}}}}\n";

/// Modes that change, which the first hour of the shipped scenario does not let them do.
const MODES: &str = "scenario: Modes\nquestion: Are they counted?\nrun: {duration: 2m, warm_up: 0s, seed: 1}\n\
    load: {users: {to: web.get, arrive: {poisson: {rate: 50/s}}}}\n\
    services: {web: {workers: 4, endpoints: {get: {steps: [{work: 10ms}]}}}}\n\
    faults: {bad: {inject: fail, where: {service: web}, at: 20s, for: 20s}}\n\
    control: {telemetry: {all: {every: 5s}}, modes: {every: 5s, initial: calm, states: {calm: {}, hard: {enter: {when: error(web.get) over 5s > 50%}, \
    leave: {when: error(web.get) over 5s < 5%}}}}}\n";

/// Calls whose deadline passes before they are sent, which shipped scenarios have in a variant alone.
const LATE: &str = "scenario: Late calls\nquestion: Are they counted?\nrun: {duration: 1m, warm_up: 0s, seed: 1}\n\
    load: {users: {to: web.get, deadline: 20ms, arrive: {poisson: {rate: 20/s}}}}\n\
    services: {web: {workers: unlimited, endpoints: {get: {steps: [{work: {exponential: {mean: 20ms}}}, {call: {to: web.part}}]}, part: {steps: [{work: 1ms}]}}}}\n";

/// Instances that wait for a node, which shipped scenarios have in a variant alone.
const PENDING: &str = "scenario: Pending instances\nquestion: Are they counted?\nrun: {duration: 2m, warm_up: 0s, seed: 1}\n\
    load: {users: {to: web.get, arrive: {poisson: {rate: 20/s}}}}\n\
    services: {web: {instances: 2, workers: 4, endpoints: {get: {steps: [{work: 10ms}]}}}}\n\
    control: {scalers: {web: {of: web, max: 6, use: {scheduled: [{at: 30s, instances: 6}]}}, \
    nodes: {of: web, every: 10s, max: 9, use: {cluster: {instances_per_node: 2, provision: 30s}}}}}\n";

/// Machines of four sizes, which change as fast as the scaler may.
const RESIZED: &str = "scenario: Resized\nquestion: Are they counted?\nrun: {duration: 3m, warm_up: 0s, seed: 1}\n\
    load: {users: {to: web.get, arrive: {poisson: {rate: 20/s}}}}\n\
    services: {web: {instances: 2, workers: 4, machine: {cores: 1}, endpoints: {get: {steps: [{work: 10ms}]}}}}\n\
    control: {telemetry: {all: {every: 5s}}, scalers: {web: {of: web, every: 5s, use: {vertical: {sizes: [{cores: 1}, {cores: 2}, {cores: 3}, \
    {cores: 4}], up_when: cpu(web) > 0.1%}}}}}\n";

/// A pipeline that loses records, and lets out what must never leave.
const LEAKS: &str = "scenario: Leaks\nquestion: Are they counted?\nrun: {duration: 1m, warm_up: 0s, seed: 1}\n\
    load: {users: {to: web.get, arrive: {poisson: {rate: 50/s}}}}\n\
    services: {web: {workers: 4, endpoints: {get: {steps: [{work: 10ms}]}}}}\n\
    control: {telemetry: {all: {every: 5s, sensitive: 50%, sink: {rate: 20/s, capacity: 100}}}}\n";

/// Sagas that fail, participants that wait for a decision, a topic whose consumer dies, and dead letters that go back: no shipped scenario has all of
/// it in its base.
const WORKFLOWS: &str = "scenario: Workflows\nquestion: Are they counted?\nrun: {duration: 2m, warm_up: 0s, seed: 1}\n\
    load: {users: {to: web.get, arrive: {poisson: {rate: 20/s}}}}\n\
    services:\n  web: {instances: 2, workers: 8, endpoints: {get: {steps: [{saga: order}, {saga: paper}, {saga: dance}, {call: {to: jobs.send}}, \
    {call: {to: events.send}}]}}}\n  api: {instances: 3, workers: 16, endpoints: {do: {steps: [{work: 5ms}]}, \
    undo: {steps: [{work: 5ms}, {fail: {probability: 50%}}]}, last: {steps: [{work: 5ms}, {fail: {probability: 20%}}]}}}\n\
    topics: {events: {partitions: 4, rebalance: {session_timeout: 5s}, consumers: {w: {to: api.do}}}}\n\
    queues: {jobs: {consumers: {w: {to: api.last, max_deliveries: 1, dead_letter: dead}}}, dead: {redrive: {at: 60s, rate: 10/s}}}\n\
    sagas:\n  order: {coordination: {orchestrated: {by: web}}, each: {timeout: 1s, retry: {max_attempts: 1}}, \
    steps: [{name: a, action: api.do, compensation: api.undo}, {name: b, action: api.last}], compensation_failed: {repair: {takes: 1s}}}\n  \
    paper: {coordination: {two_phase_commit: {by: web}}, steps: [{name: a, action: api.do}, {name: b, action: api.last}]}\n  \
    dance: {coordination: {choreographed: {over: events}}, steps: [{name: a, action: api.do, compensation: api.undo}, {name: b, action: api.last}]}\n\
    faults: {dies: {inject: crash, where: {service: api, count: 1}, at: 20s, for: 20s}}\n";

/// Sessions that find everything out of order, and a store that orders it; keys that cannot be looked up; decisions that are cut off. No shipped
/// scenario has all of it in its base.
const SESSIONS: &str = "scenario: Sessions\nquestion: Are they counted?\nrun: {duration: 1m, warm_up: 0s, seed: 1}\n\
    regions: {here: {zones: [a, b]}}\nnetwork: {between_zones: {latency: 20ms}}\nkeys: {row: {uniform: {count: 5}}}\n\
    load: {users: {to: app.go, arrive: {poisson: {rate: 20/s}}}}\n\
    services:\n  app: {zones: [a], workers: unlimited, endpoints: {go: {steps: [{call: {to: db.write}}, {call: {to: db.read}}, {call: {to: db.write}}, \
    {call: {to: db.read}}, {call: {to: db.update}}, {call: {to: db.read}}, {call: {to: ordered.update}}, {call: {to: bank.charge, optional: true}}, {saga: paper}]}}}\n  \
    bank: {zones: [b], workers: unlimited, endpoints: {charge: {effect: {deduplicated: {store: {to: look.up, when_down: process}}}, steps: [{wait: 1ms}]}, \
    slow: {steps: [{wait: 1s}]}}}\n  look: {zones: [b], workers: 9, endpoints: {up: {steps: [{wait: 1ms}]}}}\n\
    stores:\n  db: {instances: 3, zones: [a], workers: unlimited, key: row, replication: {primary: {lag: {exponential: {mean: 200ms}}, reads: nearest}}, endpoints: \
    {write: {access: write, steps: [{work: 1us}]}, update: {access: update, steps: [{work: 1us}]}, read: {access: read, steps: [{work: 1us}]}}}\n  \
    ordered: {instances: 3, zones: [a], workers: unlimited, key: row, session_guarantees: [writes_follow_reads], \
    replication: {primary: {lag: {exponential: {mean: 200ms}}}}, endpoints: {update: {access: update, steps: [{work: 1us}]}}}\n\
    sagas: {paper: {coordination: {two_phase_commit: {by: app}}, steps: [{name: a, action: bank.charge}, {name: b, action: bank.slow}]}}\n\
    faults:\n  down: {inject: crash, where: {service: look}, at: 20s, for: 5s}\n  cut: {inject: partition, where: {between: [a, b]}, at: 40s, for: 5s}\n\
    expect: [effects(app->bank.charge) > 0]\n";

/// Requests that open connections, which shipped scenarios have in a variant alone.
const OPENS: &str = "scenario: New connections\nquestion: Are they counted?\nrun: {duration: 1m, warm_up: 0s, seed: 1}\n\
    regions: {here: {zones: [a, b]}}\nnetwork: {between_zones: {latency: 1ms, transport: {tcp: {connections: new}}}}\n\
    load: {users: {to: web.get, from: a, arrive: {poisson: {rate: 20/s}}}}\n\
    services: {web: {zones: [b], workers: unlimited, endpoints: {get: {steps: [{work: 10ms}]}}}}\n";

/// Asks for metrics of one run by their names.
struct Asked<'a> {
    metrics: RunMetrics<'a>,
}

impl Asked<'_> {
    fn value(&self, metric: Metric, subject: &str, scope: Scope) -> Option<f64> {
        let subject = Some(subject.to_owned()).filter(|subject| !subject.is_empty());
        self.metrics.value(&MetricRef { metric, subject, scope })
    }

    fn of(&self, metric: &str, subject: &str) -> Option<f64> {
        self.value(Metric::parse(metric).expect("a metric"), subject, Scope::default())
    }
}

/// A part or level of each of some subjects.
fn on_all<'a>(subjects: impl Iterator<Item = &'a String>, name: &str) -> Vec<String> {
    subjects.map(|subject| format!("{subject}.{name}")).collect()
}

/// All subjects of a kind in a scenario.
fn subjects(loaded: &Loaded, kind: SubjectKind) -> Vec<String> {
    let names = &loaded.names;
    let owned = |names: Vec<&String>| names.into_iter().cloned().collect();
    match kind {
        SubjectKind::Endpoint => owned(names.endpoints.keys().collect()),
        SubjectKind::Service => owned(names.services.keys().collect()),
        SubjectKind::Load => owned(names.loads.keys().collect()),
        SubjectKind::Edge => owned(names.edges.keys().collect()),
        SubjectKind::Timed => {
            let waits = names.services.keys().map(|name| format!("{name}.queue_wait"));
            let of_calls = TIMED.iter().filter(|part| part.of == TimedAt::CallSite);
            waits.chain(of_calls.flat_map(|part| on_all(names.edges.keys(), part.name))).collect()
        }
        SubjectKind::Level => {
            let of = |level: &Level| match level.of {
                LevelOf::Calls => on_all(names.edges.keys(), level.name),
                LevelOf::Service => on_all(names.services.keys(), level.name),
            };
            LEVELS.iter().flat_map(of).collect()
        }
        SubjectKind::Probe => owned(names.probes.keys().collect()),
        SubjectKind::Link => owned(names.link_ways.keys().collect()),
        SubjectKind::Route => {
            names.link_ways.iter().filter(|(_, ways)| ways.route.is_some()).map(|(name, _)| name.clone()).collect()
        }
        SubjectKind::Fault => owned(names.faults.keys().collect()),
        SubjectKind::Alert => owned(names.alerts.keys().collect()),
        SubjectKind::Promise => owned(names.promises.keys().collect()),
        SubjectKind::Cost => owned(names.costs.keys().collect()),
        SubjectKind::Experiment => owned(names.experiments.keys().collect()),
        SubjectKind::Mode => owned(names.modes.keys().collect()),
        SubjectKind::Recorded => owned(names.recorded.keys().collect()),
        SubjectKind::Pipeline | SubjectKind::Metric => Vec::new(),
        SubjectKind::Nothing => vec![String::new()],
    }
}

/// Shares of one whole add up to it.
fn shares_add_up(asked: &Asked<'_>, subject: &str) {
    let Some(availability) = asked.of("availability", subject) else { return };
    let share = |metric: &str| asked.of(metric, subject).unwrap_or_else(|| panic!("{metric}({subject})"));
    let all: f64 = Outcome::ALL.iter().map(|outcome| share(outcome.name())).sum();
    assert!((all + share("unanswered") - 1.0).abs() < 1e-9, "outcomes of {subject} are {all}");
    assert!((availability + share("error_rate") - 1.0).abs() < 1e-9, "{subject}");
    assert!((availability - share("ok") - share("degraded")).abs() < 1e-9, "{subject}");
}

/// Percentiles are in order, and the mean is one that a distribution with these percentiles can have (A. Markov: a share of 1 - q of all
/// times is at least the q-th quantile). Histograms have buckets of 0.8 %.
fn times_agree(asked: &Asked<'_>, subject: &str) {
    let parts = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("longest", 1.0)];
    let known: Vec<(f64, f64)> = parts.iter().filter_map(|(name, q)| Some((asked.of(name, subject)?, *q))).collect();
    assert!(known.is_sorted_by(|a, b| a.0 <= b.0), "percentiles of {subject}: {known:?}");
    let Some(mean) = asked.of("mean", subject) else {
        assert!(known.is_empty(), "{subject} has percentiles and no mean");
        return;
    };
    for (time, q) in known.into_iter().filter(|(time, _)| time.is_finite()) {
        assert!(mean >= (1.0 - q) * time * 0.98 - 1e-8, "{subject}: a mean of {mean} s, and q {q} at {time} s");
        assert!(q < 1.0 || mean <= time * 1.01 + 1e-8, "{subject}: a mean of {mean} s, and none longer than {time} s");
    }
}

/// What is counted in two halves of the run is what is counted in the whole.
fn halves_add_up(asked: &Asked<'_>, loaded: &Loaded, subject: &str) {
    let end_ns = loaded.model.run.duration.ns() as i64;
    let rate = |from_to| asked.value(Metric::Rps, subject, Scope { from_to: Some(from_to), ..Scope::default() });
    // At the end of a window of the time series, so that no slice is cut.
    let window_ns = loaded.model.run.window.ns() as i64;
    let middle_ns = (end_ns / window_ns / 2).max(1) * window_ns;
    let (Some(whole), Some(first), Some(second)) =
        (asked.of("rps", subject), rate((0, middle_ns)), rate((middle_ns, end_ns)))
    else {
        return;
    };
    let count = |rate: f64, ns: i64| rate * ns as f64;
    let halves = count(first, middle_ns) + count(second, end_ns - middle_ns);
    assert!((halves - count(whole, end_ns)).abs() <= 1e-6 * halves.max(1.0), "{subject}: {halves} in halves");
}

/// Whether requests of a service work beside its workers, where each of these has a core of its own: in background steps and branches.
fn works_beside_workers(loaded: &Loaded, service: &str) -> bool {
    let Some(id) = loaded.names.services.get(service) else { return false };
    let steps =
        loaded.model.endpoints.iter().filter(|endpoint| endpoint.service == *id).map(|e| format!("{:?}", e.steps));
    let beside = |steps: String| ["Background(", "Parallel {", "Lookup {"].into_iter().any(|step| steps.contains(step));
    loaded.model.services[id.index()].cores.is_none() && steps.into_iter().any(beside)
}

/// Shares lie between 0 and 1, and numbers are not negative. `beside` tells of a share that may be more.
fn is_possible(metric: Metric, subject: &str, value: f64, beside: bool) {
    let may_be_negative = matches!(metric, Metric::BudgetLeft);
    assert!(!value.is_nan() && (value >= 0.0 || may_be_negative), "{}({subject}) is {value}", metric.name());
    // More of a budget than there is can be spent, and a hedge may be sent more than once a call.
    let may_be_more = beside
        || matches!(metric, Metric::BudgetLeft | Metric::BudgetSpent | Metric::BudgetAtDetection | Metric::Hedged);
    if metric.measure() == Measure::Share && !may_be_more {
        assert!(value <= 1.0 + 1e-9, "{}({subject}) is {value}", metric.name());
    }
}

/// Whether the percentiles of a call are those of calls with their retries, and its mean that of attempts: so it is of a hedged call.
fn is_of_two_kinds(loaded: &Loaded, subject: &str) -> bool {
    let ids = loaded.names.edges.get(subject).into_iter().flatten();
    ids.map(|id| &loaded.model.edges[id.index()]).any(|edge| edge.hedge.is_some())
}

/// All laws of one run of a scenario; counts how often each metric had data, and was not zero.
fn check(loaded: &Loaded, seen: &mut BTreeMap<String, (u32, u32)>) {
    let run = sim_core::world::simulate(&loaded.model, 1, 0);
    let asked = Asked { metrics: RunMetrics::new(&run, &loaded.model, &loaded.names) };
    for kind in [SubjectKind::Endpoint, SubjectKind::Load, SubjectKind::Edge] {
        for subject in subjects(loaded, kind) {
            shares_add_up(&asked, &subject);
            if !is_of_two_kinds(loaded, &subject) {
                times_agree(&asked, &subject);
            }
            if run.stopped.is_none() {
                halves_add_up(&asked, loaded, &subject);
            }
        }
    }
    for kind in [SubjectKind::Timed, SubjectKind::Link] {
        subjects(loaded, kind).iter().for_each(|subject| times_agree(&asked, subject));
    }
    for doc in METRICS {
        let metric = Metric::parse(doc.name).expect("it is listed");
        let all = doc.subjects.iter().flat_map(|kind| subjects(loaded, *kind));
        let faults = || subjects(loaded, SubjectKind::Fault).into_iter().map(Some);
        let afters: Vec<Option<String>> = if metric.needs_fault() { faults().collect() } else { vec![None] };
        for subject in all {
            for after in &afters {
                let scope = Scope { after: after.clone(), ..Scope::default() };
                let Some(value) = asked.value(metric, &subject, scope) else { continue };
                let beside = metric == Metric::Cpu && works_beside_workers(loaded, &subject);
                is_possible(metric, &subject, value, beside);
                let (with_data, not_zero) = seen.entry(doc.name.to_owned()).or_default();
                *with_data += 1;
                *not_zero += u32::from(value != 0.0);
                // Each part and each level has to be seen by itself.
                if let Some((_, name)) = subject.rsplit_once('.').filter(|_| doc.subjects.contains(&SubjectKind::Level))
                {
                    let seen = seen.entry(format!("{} of {name}", doc.name)).or_default();
                    (seen.0, seen.1) = (seen.0 + 1, seen.1 + u32::from(value != 0.0));
                }
            }
        }
    }
}

#[test]
fn all_metrics_agree_and_none_is_always_zero() {
    let seen = RefCell::new(BTreeMap::new());
    let law = "metrics::all_metrics_agree_and_none_is_always_zero";
    super::swarm(
        law,
        40,
        |seed| scenario(seed).text(),
        |seed| check(&read(&scenario(seed).text()), &mut seen.borrow_mut()),
    );
    let mut seen = seen.into_inner();
    // Promises, alerts and experiments are in shipped scenarios.
    for file in crate::files("scenarios/shipped", "yaml") {
        let whole = crate::load(&file, &[]);
        let is_long = whole.model.run.duration.secs() > 3600.0;
        check(&if is_long { crate::load(&file, &["run.duration=1h"]) } else { whole }, &mut seen);
    }
    check(&read(BAD_ALERTS), &mut seen);
    check(&read(LOSES), &mut seen);
    check(&read(HANGS), &mut seen);
    check(&read(CACHED), &mut seen);
    check(&read(COPIED), &mut seen);
    check(&read(GUARDED), &mut seen);
    check(&read(DROPS), &mut seen);
    check(&read(NARROW), &mut seen);
    check(&read(LATE), &mut seen);
    check(&read(PENDING), &mut seen);
    check(&read(RESIZED), &mut seen);
    check(&read(LEAKS), &mut seen);
    check(&read(OPENS), &mut seen);
    check(&read(MODES), &mut seen);
    check(&read(TOO_OLD), &mut seen);
    check(&read(WORKFLOWS), &mut seen);
    check(&read(SESSIONS), &mut seen);
    let of_levels = ["average", "most"]
        .into_iter()
        .flat_map(|metric| LEVELS.iter().map(move |level| format!("{metric} of {}", level.name)));
    // What control alone sees is no truth of a run: `scenarios/src/tests/telemetry.rs` has alerts on them.
    let is_truth = |doc: &&MetricDoc| !matches!(doc.name, "age" | "zscore");
    let names: Vec<String> = METRICS.iter().filter(is_truth).map(|doc| doc.name.to_owned()).chain(of_levels).collect();
    let without = |pick: fn(&(u32, u32)) -> u32| -> Vec<&String> {
        names.iter().filter(|name| seen.get(*name).is_none_or(|seen| pick(seen) == 0)).collect()
    };
    assert!(without(|seen| seen.0).is_empty(), "without data in every scenario: {:?}", without(|seen| seen.0));
    assert!(without(|seen| seen.1).is_empty(), "always zero: {:?}", without(|seen| seen.1));
}
