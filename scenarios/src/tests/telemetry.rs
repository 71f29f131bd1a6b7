//! What telemetry is said to deliver it delivers: an alert fires on each such metric, of each kind of subject.

use super::{problems, read};
use sim_core::call::activator;
use sim_core::counters::{LEVELS, TIMED};
use sim_core::data::COMMIT;
use sim_core::expression::{Measure, Metric, SubjectKind};
use sim_core::metrics::{Level, LevelOf, TimedAt, TimedPart};
use sim_core::units::Unit;
use sim_core::world::simulate;
use std::fmt::Write;

/// A system in which each metric has something to measure.
const SYSTEM: &str = "\
scenario: All that is measured
question: Is there data of every metric?
run: {duration: 3m, warm_up: 10s}
load:
  users: {to: web.get, arrive: {poisson: {rate: 40/s}}, population: 1k, complaints: {share: 50%, after: 5s, slower_than: 30ms}, timeout: 2s, retry: {max_attempts: 2}}
  rare: {to: sleepy.get, arrive: {constant: {rate: 1/min}}, timeout: 30s}
services:
  sleepy: {instances: 1, workers: 4, start_up: 2s, endpoints: {get: {steps: [{work: 10ms}]}}}
  web:
    workers: 64
    endpoints: {get: {steps: [{call: {to: api.get, policy: all}}, {call: {to: jobs.send}}, {call: {to: db.put}}]}}
  api: {instances: 3, workers: 2, machine: {memory: {size: 1GiB, base: 1MiB}, disk: {fsync: 1ms}}, queue: {capacity: 50}, endpoints: {get: {steps: [{work: {exponential: {mean: 20ms}}}, {disk: {fsync: true}}]}}}
  worker: {workers: 8, endpoints: {job: {steps: [{lookup: {cache: memo, miss: [{work: 10ms}]}}]}}}
keys: {item: {uniform: {count: 10}}}
caches: {memo: {contents: {keyed: {key: item}}}}
stores:
  db: {workers: 64, replication: {primary: {replicas: 1, lag: 5ms, commit: all}}, endpoints: {put: {access: write, steps: [{work: 1ms}]}}}
queues:
  jobs: {consumers: {worker: {to: worker.job, visibility_timeout: 10s}}}
policies:
  all:
    timeout: 500ms
    hedge: {backup: {after: {time: 10ms}, extra_load: 50%}}
    breaker: {rate: {}}
    outlier_ejection: {}
    concurrency_limit: {bulkhead: {limit: 20, max_wait: 100ms}}
    pool: {connections: 20}
    rate_limit: {token_bucket: {rate: 10k/s}}
promises:
  works: {keep: {availability: 99.9%}, of: web.get, period: 30d}
costs:
  servers: {meter: {instances: {of: api}}, price: $1/h}
  late: {meter: {slower: {of: web.get, than: 50ms}}, price: $1}
regions: {home: {zones: [here, there]}}
network:
  between_zones: {latency: 5ms}
  links:
    cable: {between: [web, api], bandwidth: 100Mbps}
    spare: {between: [web, api], latency: 1ms}
  routes: {path: {between: [web, api], prefer: [cable, spare]}}
control:
  probes: {sites: {between: [here, there], every: 2s}}
  telemetry: {main: {every: 5s}, other: {every: 10s}}
  scalers: {sleepy: {of: sleepy, use: {knative: {concurrency: 4, stable_window: 10s}}, every: 2s, min: 0, max: 2}}
  alerts:
";

/// The subject of a kind of which every metric has data in [`SYSTEM`].
fn subjects(kind: SubjectKind) -> Vec<String> {
    let part = |part: &TimedPart| {
        let of = match part.of {
            TimedAt::Node if part.name == COMMIT.name => "db",
            TimedAt::Node => "api",
            TimedAt::Queue => "jobs",
            TimedAt::CallSite if part.name == activator::WAIT.name => "rare->sleepy.get",
            TimedAt::CallSite => "web->api.get",
        };
        format!("{of}.{}", part.name)
    };
    let level =
        |level: &Level| format!("{}.{}", if level.of == LevelOf::Calls { "web->api" } else { "api" }, level.name);
    match kind {
        SubjectKind::Endpoint => vec!["api.get".into()],
        SubjectKind::Service => vec!["api".into()],
        SubjectKind::Load => vec!["users".into()],
        SubjectKind::Edge => vec!["web->api.get".into()],
        SubjectKind::Timed => TIMED.iter().map(part).collect(),
        SubjectKind::Level => LEVELS.iter().map(level).collect(),
        SubjectKind::Probe => vec!["sites".into(), "sites.there->here".into()],
        SubjectKind::Link => vec!["cable".into(), "cable.web->api".into(), "path".into(), "path.api->web".into()],
        SubjectKind::Route => vec!["path".into()],
        SubjectKind::Promise => vec!["works".into()],
        SubjectKind::Pipeline => vec!["other".into()],
        SubjectKind::Recorded => Vec::new(),
        SubjectKind::Metric => vec!["rps(api.get)".into()],
        SubjectKind::Cost => vec!["servers".into(), "sales".into()],
        SubjectKind::Nothing => vec![String::new()],
        other => panic!("no metric of {} is delivered", other.words()),
    }
}

/// Nothing, in the unit of a measure.
fn zero(measure: Measure) -> &'static str {
    match measure {
        Measure::Share => "0%",
        Measure::RATE => "0/s",
        Measure::TIME => "0s",
        Measure::BYTES => "0B",
        Measure::BANDWIDTH => "0Mbps",
        Measure::COST => "$0/h",
        _ => "0",
    }
}

#[test]
fn an_alert_fires_on_each_metric_that_telemetry_delivers() {
    let mut text = SYSTEM.to_owned();
    let mut asked = Vec::new();
    for name in Metric::names() {
        let metric = Metric::parse(&name).unwrap();
        if !metric.is_delivered() {
            continue;
        }
        let of_caches = metric == Metric::HitRatio;
        for subject in metric.subjects().iter().flat_map(|kind| subjects(*kind)) {
            let subject = if of_caches { "memo".to_owned() } else { subject };
            // A z-score needs to know with how much it compares, and an age is that of the latest reading.
            let windows: &[&str] = match metric {
                Metric::Age => &[""],
                Metric::ZScore => &[" over 30s"],
                _ => &["", " over 30s"],
            };
            for window in windows {
                let is_of_bytes =
                    LEVELS.iter().any(|l| l.unit == Unit::Bytes && subject.ends_with(&format!(".{}", l.name)));
                let nothing = if is_of_bytes { "0B" } else { zero(metric.measure()) };
                let of = if subject.is_empty() { String::new() } else { format!("({subject})") };
                let when = format!("{name}{of}{window} >= {nothing}");
                writeln!(text, "    a{}: {{when: {when}}}", asked.len()).unwrap();
                asked.push(when);
            }
        }
    }
    assert!(asked.len() > 150, "{}", asked.len());
    let loaded = read(&text).unwrap_or_else(|report| panic!("{:?}", super::shown(&report)));
    let run = simulate(&loaded.model, 1, 0);
    let silent: Vec<&String> =
        asked.iter().zip(&run.alerts).filter(|(_, fired)| fired.is_empty()).map(|(w, _)| w).collect();
    assert!(silent.is_empty(), "without data: {silent:?}");
    for (when, looks) in asked.iter().zip(&run.alert_looks) {
        assert!(looks.all >= 36 && looks.without_data < looks.all, "{when}: {looks:?}");
    }
}

#[test]
fn a_promise_without_a_budget_has_no_burn_rate() {
    let with = |promise: &str| {
        let text = format!(
            "{}promises: {{p: {promise}}}\ncontrol: {{alerts: {{a: {{when: burn_rate(p) over 1m > 1}}}}}}\n",
            super::SMALL
        );
        problems(&text)
    };
    let found = with("{keep: {latency: {p99: 1s}}, of: web.get}");
    assert!(
        found.iter().any(|p| p.ends_with("p is no promise of availability and has no budget to burn")),
        "{found:?}"
    );
    let found = with("{keep: {availability: 100%}, of: web.get}");
    assert!(found.iter().any(|p| p.ends_with("p promises 100 % and leaves no budget to burn")), "{found:?}");
    assert!(with("{keep: {availability: 99%}, of: web.get}").is_empty());
}
