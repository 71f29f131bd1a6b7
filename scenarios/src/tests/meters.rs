//! What is metered, on systems that ran: each meter against what can be said of it beforehand.

use super::read;
use crate::study::{self, Plan};
use sim_core::engine::math;
use sim_core::results::Summary;
use std::ops::ControlFlow;

const SYSTEM: &str =
    "scenario: Meters\nquestion: What does it cost?\nrun: {duration: 10m, warm_up: 1m, replications: 4, seed: 3}\n";

fn text(rest: &str) -> String {
    format!("{SYSTEM}{rest}")
}

fn summary(rest: &str) -> Summary {
    let loaded = read(&text(rest)).unwrap_or_else(|report| panic!("{}", report.render(false)));
    study::run(&loaded, &[], &Plan::of(&loaded, 2), &|_, _| ControlFlow::Continue(())).unwrap().summary
}

/// What the items cost a month, in the order of the file.
fn months(summary: &Summary) -> Vec<f64> {
    summary.cost.items.iter().map(|item| item.per_month.mean).collect()
}

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-6 * expected.abs().max(1.0), "{found}, expected {expected}");
}

fn problem(rest: &str) -> String {
    read(&text(rest)).map_or_else(|report| report.render(false), |loaded| loaded.warnings.render(false))
}

const ONE: &str = "load: {users: {to: api.get, arrive: {constant: {rate: 10/s}}}}\n\
    services: {api: {instances: 4, workers: 10, endpoints: {get: {steps: [{work: 5ms}]}}}}\n";

/// Six instances are on from the fifth minute on: four are reserved, of which at first two do not run.
#[test]
fn reserved_instances_are_paid_for_and_the_rest_is_on_demand() {
    let found = months(&summary(
        "load: {users: {to: api.get, arrive: {constant: {rate: 10/s}}}}\n\
         services: {api: {instances: 2, workers: 10, endpoints: {get: {steps: [{work: 5ms}]}}}}\n\
         control: {scalers: {s: {of: api, use: {scheduled: [{at: 5m, for: 5m, instances: 6}]}, every: 15s, min: 2, max: 6}}}\n\
         costs:\n  all: {meter: {instances: {of: api}}, price: $1/h}\n  \
         base: {meter: {instances: {of: api, bought: {reserved: {count: 4}}}}, price: $1/h}\n  \
         peak: {meter: {instances: {of: api, bought: on_demand}}, price: $1/h}\n",
    ));
    near(found[1], 4.0 * 730.0);
    // All is 2 for as long as 6 - x, and on demand is 2 of these 6 for as long.
    let share = (found[0] / 730.0 - 2.0) / 4.0;
    assert!((0.45..0.55).contains(&share), "{share}");
    near(found[2], 2.0 * share * 730.0);
}

/// Half of the time a spot instance is away: it is not paid for, as one of one's own would be.
#[test]
fn spot_instances_are_paid_for_while_they_are_there() {
    let spot = |faults: &str| {
        format!(
            "{ONE}{faults}costs:\n  spot: {{meter: {{instances: {{of: api, bought: spot}}}}, price: $1/h}}\n  \
             own: {{meter: {{instances: {{of: api}}}}, price: $1/h}}\n"
        )
    };
    let taken = "faults: {reclaimed: {inject: crash, where: {service: api}, random: {mtbf: 10s, mttr: 10s}}}\n";
    let found = months(&summary(&spot(taken)));
    near(found[1], 4.0 * 730.0);
    assert!((0.45..0.55).contains(&(found[0] / found[1])), "{found:?}");
    assert!(problem(&spot("")).contains("nothing takes spot instances of api away"));
    for bought in ["on_demand", "{reserved: {count: 2}}"] {
        let both = spot(taken).replace("{of: api}", &format!("{{of: api, bought: {bought}}}"));
        let found = problem(&both);
        assert!(found.contains("all instances of api are spot, so that own bills them again"), "{bought}: {found}");
    }
}

#[test]
fn credits_and_capital_follow_the_clock() {
    let found = months(&summary(&format!(
        "{ONE}costs:\n  credits: {{meter: {{credits: {{of: api, rate: 16/h, active: 240h/month}}}}, price: $2}}\n  \
         always: {{meter: {{credits: {{of: api, rate: 1/h}}}}, price: $2}}\n  \
         racks: {{meter: {{capital: {{over: 36month}}}}, price: $90k}}\n"
    )));
    near(found[0], 4.0 * 16.0 * 240.0 * 2.0);
    near(found[1], 4.0 * 730.0 * 2.0);
    near(found[2], 2_500.0);
}

/// A run that breaks its promise stands for periods that all do; one incident breaks one period.
#[test]
fn a_broken_promise_costs_once_a_period() {
    let system = |probability: &str, schedule: &str| {
        format!(
            "{ONE}faults: {{bad: {{inject: {{fail: {{probability: {probability}}}}}, where: {{service: api}}{schedule}}}}}\n\
             promises: {{works: {{keep: {{availability: 99%}}, of: api.get, period: 1month}}}}\n\
             costs: {{penalty: {{meter: {{breach: {{promise: works}}}}, price: $10k}}}}\n"
        )
    };
    let item = |text: &str| summary(text).cost.items[0].clone();
    let always = item(&system("5%", ""));
    near(always.per_month.mean, 10_000.0);
    near(item(&system("0.1%", "")).per_month.mean, 0.0);
    let once = item(&system("100%", ", at: 5m, for: 1m, frequency: 3/year"));
    near(once.per_month.mean, 0.0);
    near(once.per_incident.unwrap().mean, 10_000.0);
    near(once.per_year.mean, 120_000.0 * (1.0 - math::exp(-3.0 / 12.0)));
}

/// A year has twelve periods, of which one is paid for however often incidents break it; and one that is broken costs as a whole, so that most years
/// lose nothing and a bad one loses several times the mean.
#[test]
fn the_years_of_a_broken_promise_are_made_of_whole_periods() {
    let system = |run: &str, fault: &str| {
        let text = format!(
            "{ONE}faults: {{bad: {fault}}}\npromises: {{works: {{keep: {{availability: 99%}}, of: api.get, period: 1month}}}}\n\
             costs: {{penalty: {{meter: {{breach: {{promise: works}}}}, price: $10k}}}}\n"
        );
        let loaded = read(&self::text(&text).replace("replications: 4", run)).unwrap();
        study::run(&loaded, &[], &Plan::of(&loaded, 2), &|_, _| ControlFlow::Continue(())).unwrap().summary
    };
    let fails = "inject: {fail: {probability: 100%}}, where: {service: api}";
    let often = system("replications: 4", &format!("{{{fails}, at: 5m, for: 1m, frequency: 52/year}}"));
    let mean = 120_000.0 * (1.0 - math::exp(-52.0 / 12.0));
    near(often.cost.items[0].per_year.mean, mean);
    let year = often.wrongness.year.unwrap();
    assert!((year.mean / mean - 1.0).abs() < 0.005, "{year:?}");
    assert_eq!((year.value_at_risk_95, year.value_at_risk_99), (120_000.0, 120_000.0));

    let some = system("replications: 60", &format!("{{{fails}, random: {{mtbf: 100m, mttr: 30s}}}}"));
    let share = some.cost.items[0].per_month.mean / 10_000.0;
    assert!((0.03..0.3).contains(&share), "else this tests nothing: {share}");
    // The least number of periods that at most one year in twenty exceeds, by the binomial distribution.
    let (mut below, mut term, mut periods) = (0.0, (1.0 - share).powi(12), 0);
    while below + term < 0.95 {
        below += term;
        term *= share / (1.0 - share) * f64::from(12 - periods) / f64::from(periods + 1);
        periods += 1;
    }
    let year = some.wrongness.year.unwrap();
    assert_eq!(year.value_at_risk_95, 10_000.0 * f64::from(periods), "{share}: {year:?}");
    assert!((year.mean / (120_000.0 * share) - 1.0).abs() < 0.03, "{year:?}");
}

/// An incident breaks the promise in about half of the replications and comes every week: the bill has these break all twelve periods and the others
/// none, and a year that is put together has incidents of both, which leave hardly a period whole.
#[test]
fn what_the_bill_leaves_out_of_promises_that_only_some_incidents_break_is_said() {
    let year = |probability: &str, frequency: &str| {
        let rest = format!(
            "{ONE}faults: {{bad: {{inject: {{fail: {{probability: {probability}}}}}, where: {{service: api}}, at: 5m, for: 1m, frequency: {frequency}/year}}}}\n\
             promises: {{works: {{keep: {{availability: 99%}}, of: api.get, period: 1month}}}}\n\
             costs: {{penalty: {{meter: {{breach: {{promise: works}}}}, price: $10k}}}}\n"
        );
        let loaded = read(&text(&rest).replace("replications: 4", "replications: 40")).unwrap();
        let summary =
            study::run(&loaded, &[], &Plan::of(&loaded, 2), &|_, _| ControlFlow::Continue(())).unwrap().summary;
        let item = &summary.cost.items[0];
        (item.per_incident.unwrap().mean / 10_000.0, item.per_year.mean, summary.wrongness.year.unwrap())
    };
    let broken = |times: f64| 120_000.0 * (1.0 - math::exp(-times / 12.0));
    let (share, billed, some) = year("10%", "52");
    assert!((0.2..0.8).contains(&share), "else this tests nothing: {share}");
    near(billed, share * broken(52.0));
    let apart = some.broken_promises.unwrap();
    near(apart.billed, billed);
    assert!((apart.of_years / broken(52.0 * share) - 1.0).abs() < 0.01, "{apart:?} at {share}");
    assert_eq!(year("100%", "52").2.broken_promises, None, "all break it");
    assert_eq!(year("10%", "0.1").2.broken_promises, None, "each breaks a period of its own");
}

#[test]
fn a_breach_needs_a_promise_with_a_period() {
    let system = |promise: &str| {
        format!(
            "{ONE}promises: {{p: {{{promise}}}}}\ncosts: {{c: {{meter: {{breach: {{promise: p}}}}, price: $10k}}}}\n"
        )
    };
    assert!(problem(&system("keep: {availability: 99%}, of: api.get")).contains("p has no period"));
    assert!(problem(&system("keep: {cost: $1k/month}, period: 1month")).contains("p is about the bill itself"));
}

/// Every byte is metered once: within a zone, between zones of a region, between regions, or out.
#[test]
fn each_byte_crosses_the_farthest_border_only() {
    let found = summary(
        "regions: {here: {zones: [a, b]}, there: {zones: [c]}}\n\
         load: {users: {to: web.get, arrive: {constant: {rate: 100/s}}, size: {request: 1kB, response: 5kB}}}\n\
         services:\n  web: {instances: 1, zones: [a], workers: 100, endpoints: {get: {steps: [{call: {to: api.get, size: {request: 1kB, response: 2kB}}}]}}}\n  \
         api: {instances: 3, zones: [a, b, c], workers: 100, endpoints: {get: {steps: [{work: 1ms}]}}}\n\
         costs:\n  within: {meter: {transfer: {across: within_zone}}, price: $1/GB}\n  \
         zones: {meter: {transfer: {across: zones}}, price: $1/GB}\n  \
         regions: {meter: {transfer: {across: regions}}, price: $1/GB}\n  \
         out: {meter: {transfer: {across: out}}, price: $1/GB}\n",
    );
    let months = months(&found);
    let a_month = |bytes: f64| bytes * 100.0 * 730.0 * 3600.0 / 1e9;
    assert!((months[3] / a_month(5_000.0) - 1.0).abs() < 0.001, "{months:?}");
    let inside: f64 = months[..3].iter().sum();
    assert!((inside / a_month(3_000.0) - 1.0).abs() < 0.001, "{months:?}");
    months[..3].iter().for_each(|one| assert!((one / inside - 1.0 / 3.0).abs() < 0.02, "{months:?}"));
    let terabytes = a_month(6_000.0) / 1e3;
    let per = found.cost.per_terabyte.unwrap().mean;
    assert!((per / (months.iter().sum::<f64>() / terabytes) - 1.0).abs() < 0.001, "{per}");
}

/// 100 calls a second are recorded at a tenth, and four instances send 25 series every 10 s; of what is sensitive 1 % is not redacted.
#[test]
fn telemetry_is_billed_by_what_arrives_and_leaks_by_what_leaves() {
    let system = |pipeline: &str| {
        let load = ONE.replace("rate: 10/s", "rate: 100/s");
        summary(&format!(
            "{load}control: {{telemetry: {{logs: {{every: 10s, {pipeline}}}}}}}\n\
             costs:\n  logging: {{meter: {{records: {{of: logs}}}}, price: $1/1M}}\n  leaks: {{meter: {{leaks: {{of: logs, percent: 10%}}}}, price: $3}}\n"
        ))
    };
    let month_s = 730.0 * 3_600.0;
    let found = system("sample: 10%, sensitive: 20%, sink: {rate: 1k/s, capacity: 10k, series: 25}");
    let about = |found: f64, expected: f64| assert!((found / expected - 1.0).abs() < 0.03, "{found} and {expected}");
    about(months(&found)[0], (10.0 + 4.0 * 25.0 / 10.0) * month_s / 1e6);
    about(months(&found)[1], 10.0 * 0.2 * 0.1 * 3.0 * month_s);
    assert_eq!(found.cost.items[1].group, sim_core::economics::Group::Wrongness);
    let redacted = system("sensitive: 20%, redact: {work: 10us, covers: 99%}");
    about(months(&redacted)[0], 100.0 * month_s / 1e6);
    assert!((months(&redacted)[1] / (100.0 * 0.2 * 0.01 * 0.1 * 3.0 * month_s) - 1.0).abs() < 0.15);
    // A sink of half of what comes takes half, and bills half.
    about(months(&system("sensitive: 1%, sink: {rate: 50/s, capacity: 100}"))[0], 50.0 * month_s / 1e6);
    let counted = &found.telemetry["logs"];
    assert!(counted.arrived.mean > 0.99 * counted.records.mean && counted.leaked.mean > 1_000.0, "{counted:?}");
}

/// What telemetry costs is seen by who watches the bill, through the same telemetry.
#[test]
fn an_alert_reads_what_telemetry_costs() {
    let fires = |bound: &str| {
        let (_, run) = super::run(&text(&format!(
            "{ONE}control: {{telemetry: {{logs: {{every: 10s}}}}, alerts: {{dear: {{when: cost(logging) over 1m > {bound}}}}}}}\n\
             costs: {{logging: {{meter: {{records: {{of: logs}}}}, price: $1/1M}}}}\n"
        )));
        !run.alerts[0].is_empty()
    };
    // 10 records a second cost $26.28 a month.
    assert_eq!((fires("$25/month"), fires("$28/month")), (true, false));
}

/// The bill of one request in a hundred is the bill of all.
#[test]
fn a_thinned_run_is_billed_whole() {
    let system = |thin: &str| {
        let rest = "load: {users: {to: api.get, arrive: {constant: {rate: 1000/s}}, size: {response: 1kB}, population: 1M}}\n\
            services: {api: {instances: 4, workers: 100, endpoints: {get: {steps: [{work: 5ms}, {fail: {probability: 10%}}]}}}}\n\
            costs:\n  asked: {meter: {requests: {of: api.get}}, price: $1/1M}\n  out: {meter: {transfer: {across: out}}, price: $1/GB}\n  \
            lost: {meter: {failures: {of: api.get}}, price: $0.001}\n  nodes: {meter: {instances: {of: api}}, price: $1/h}\n";
        let text = text(rest).replace("seed: 3", &format!("seed: 3{thin}"));
        let loaded = read(&text).unwrap_or_else(|report| panic!("{}", report.render(false)));
        study::run(&loaded, &[], &Plan::of(&loaded, 2), &|_, _| ControlFlow::Continue(())).unwrap().summary
    };
    let (whole, thinned) = (system(""), system(", thin: {one_of: 100}"));
    assert_eq!((whole.one_of, thinned.one_of), (None, Some(100)));
    assert!(thinned.endpoints["api.get"].requests.mean < whole.endpoints["api.get"].requests.mean / 90.0);
    for (a, b) in months(&whole).iter().zip(months(&thinned)) {
        assert!((a / b - 1.0).abs() < 0.03, "{a} and {b}");
    }
    let million = |summary: &Summary| summary.cost.per_million_requests.unwrap().mean;
    assert!((million(&whole) / million(&thinned) - 1.0).abs() < 0.03);
    let user = |summary: &Summary| summary.cost.per_user.unwrap().mean;
    near(user(&whole) / user(&thinned), summary_ratio(&whole, &thinned));
}

fn summary_ratio(a: &Summary, b: &Summary) -> f64 {
    a.cost.per_month.mean / b.cost.per_month.mean
}

#[test]
fn what_all_requests_share_is_not_thinned() {
    let one = "run.thin: {one_of: 1000}";
    let of = |rest: &str| {
        let text = text(rest).replace("seed: 3", "seed: 3, thin: {one_of: 1000}");
        read(&text).map_or_else(|report| report.render(false), |_| String::new())
    };
    let system = |service: &str, call: &str| {
        format!(
            "load: {{users: {{to: api.get, arrive: {{poisson: {{rate: 1M/s}}}}{call}}}}}\n\
             services: {{api: {{workers: {service}, endpoints: {{get: {{steps: [{{wait: 5ms}}]}}}}}}}}\n"
        )
    };
    assert_eq!(of(&system("unlimited", "")), "", "{one}");
    assert_eq!(of(&system("64000", "")), "");
    for (service, call, says) in [
        ("64", "", "64 workers cannot be thinned to one of 1000"),
        ("unlimited, machine: {cores: 4}", "", "cores are shared by all requests"),
        ("unlimited", ", breaker: {consecutive: {failures: 5}}", "the breaker of"),
        ("unlimited", ", rate_limit: {token_bucket: {rate: 10/s}}", "the rate limit of"),
    ] {
        let found = of(&system(service, call));
        assert!(found.contains(says), "{says}: {found}");
    }
    let promised = format!("{}promises: {{p: {{keep: {{goodput: 10/s}}, of: api.get}}}}\n", system("unlimited", ""));
    assert!(of(&promised).contains("a promised rate is that of all requests"));
    for (rest, says) in [
        (
            "stores: {seats: {workers: unlimited, stock: {amount: 5k}, endpoints: {take: {access: update, steps: [{wait: 3ms}]}}}}",
            "a stock is sold to all requests",
        ),
        (
            "control: {telemetry: {m: {every: 5s, sink: {rate: 5k/s, capacity: 1k}}}}",
            "a sink takes the records of all requests",
        ),
        (
            "control: {telemetry: {m: {every: 5s, redact: {work: 1ms, covers: 90%}}}}",
            "an agent redacts the records of all requests",
        ),
    ] {
        let found = of(&format!("{}{rest}\n", system("unlimited", "")));
        assert!(found.contains(says), "{says}: {found}");
    }
    let outbox = |outbox: &str| {
        format!(
            "load: {{users: {{to: shop.order, arrive: {{poisson: {{rate: 1M/s}}}}}}}}\n\
             services:\n  shop: {{workers: unlimited, endpoints: {{order: {{steps: [{{call: {{to: orders.insert{outbox}}}}}]}}}}}}\n  \
             mail: {{workers: unlimited, endpoints: {{send: {{effect: idempotent, steps: [{{wait: 5ms}}]}}}}}}\n\
             stores: {{orders: {{workers: unlimited, endpoints: {{insert: {{access: write, steps: [{{wait: 2ms}}]}}}}}}}}\n\
             queues: {{news: {{consumers: {{mail: {{to: mail.send}}}}}}}}\n"
        )
    };
    let says = "a relay sends so many messages of all requests at a look";
    let found = of(&outbox(", outbox: {to: news.send, every: 500ms}"));
    assert!(found.contains(says) && !of(&outbox("")).contains(says), "{found}");
}

/// Wherever a condition or a metric can be written, it compares what is simulated with numbers of the whole.
#[test]
fn numbers_of_requests_are_refused_where_the_load_is_thinned() {
    let experiment = |key: &str| {
        let steady = if key == "steady_state" { "" } else { "steady_state: [availability(api.get) > 1%], " };
        let hypothesis = if key == "hypothesis" { "" } else { "hypothesis: [availability(api.get) > 1%], " };
        format!(
            "experiments: {{e: {{at: 30s, for: 20s, {steady}{hypothesis}{key}: [RPS > 10/s], actions: [{{inject: crash, where: {{service: api, count: 1}}}}]}}}}"
        )
    };
    let written = [
        ("expect: [RPS > 10/s]".to_owned(), "expect.0"),
        ("control: {alerts: {a: {when: RPS > 10/s}}}".to_owned(), "control.alerts.a"),
        (experiment("steady_state"), "experiments.e.steady_state"),
        (experiment("hypothesis"), "experiments.e.hypothesis"),
        (experiment("abort_when"), "experiments.e.abort_when"),
        (experiment("safety_checks"), "experiments.e.safety_checks"),
        ("control: {incidents: {levels: {4: {when: RPS > 10/s}}}}".to_owned(), "control.incidents.levels.4"),
        (
            "control: {modes: {initial: ok, every: 5s, states: {full: {enter: {when: RPS > 10/s}, leave: {when: availability(api.get) over 10s > 1%}, actions: [{do: {set: {services.api.instances: 5}}}]}, ok: {}}}}".to_owned(),
            "control.modes.states.full.enter",
        ),
        ("studies: {s: {ask: {sweep: {over: {services.api.instances: {list: [1, 2]}}, show: [RPS]}}}}".to_owned(), "studies.s.ask.sweep.show"),
        ("variants: {other: {}}\nstudies: {s: {ask: {compare: {baseline: base, against: [other], show: [RPS]}}}}".to_owned(), "studies.s.ask.compare.show"),
    ];
    let system = "load: {users: {to: api.get, arrive: {poisson: {rate: 1M/s}}}}\n\
        services: {api: {instances: 4, workers: unlimited, endpoints: {get: {steps: [{work: 5ms}]}}}}\n";
    for (rest, place) in written {
        for (metric, refused) in [("rps(api.get) over 10s", true), ("availability(api.get) over 10s", false)] {
            let (window, bound) = if rest.contains("expect") || rest.contains("show") || place.ends_with("hypothesis") {
                (metric.replace(" over 10s", ""), "10/s")
            } else {
                (metric.to_owned(), "10/s")
            };
            let rest = rest.replace("RPS", &window).replace(bound, if refused { "10/s" } else { "1%" });
            let text = text(&format!("{system}{rest}\n")).replace("seed: 3", "seed: 3, thin: {one_of: 1000}");
            let problems = read(&text).err().map(|report| report.problems).unwrap_or_default();
            let found: Vec<String> =
                problems.iter().map(|placed| format!("{}: {}", placed.problem.path, placed.problem.message)).collect();
            let says = |one: &String| one.starts_with(place) && one.contains("counts what is simulated");
            assert_eq!(found.iter().any(says), refused, "{place}: {found:?}");
            assert!(refused || found.is_empty(), "{place}: {found:?}");
        }
    }
}

#[test]
fn items_that_cost_nothing_whatever_happens_are_warned_of() {
    let warned = |item: &str| problem(&format!("{ONE}  # idle\ncosts: {{c: {item}}}\n"));
    assert_eq!(warned("{meter: {requests: {of: api.get}}, price: $1/1M}"), "");
    let telemetry = |pipeline: &str| {
        let rest = "costs: {c: {meter: {leaks: {of: logs}}, price: $1}}\n";
        problem(&format!("{ONE}control: {{telemetry: {{logs: {{every: 10s{pipeline}}}}}}}\n{rest}"))
    };
    assert_eq!(telemetry(", sensitive: 1%"), "");
    assert_eq!(telemetry(", sensitive: 1%, redact: {work: 1us, covers: 99%}"), "");
    for none in ["", ", sensitive: 1%, redact: {work: 1us}"] {
        let found = telemetry(none);
        assert!(found.contains("no record of logs lets out what must never leave, so c costs $0"), "{found}");
    }
    let free = warned("{meter: {requests: {of: api.get}}, price: $0}");
    assert!(free.contains("its price is zero, so c costs $0"), "{free}");
    let most = warned(
        "{meter: {instances: {of: api, bought: on_demand}}, price: $1/h}, r: {meter: {instances: {of: api, bought: {reserved: {count: 4}}}}, price: $1/h}",
    );
    assert!(most.contains("api never has more than the 4 instances that are reserved"), "{most}");
    let out = warned("{meter: {transfer: {across: out}}, price: $1/GB}");
    assert!(out.contains("nothing goes out, so c costs $0"), "{out}");
    let uncalled = problem(
        "load: {users: {to: api.get, arrive: {constant: {rate: 10/s}}}}\n\
         services: {api: {workers: 10, endpoints: {get: {steps: [{work: 5ms}]}, put: {steps: [{work: 5ms}]}}}}\n\
         costs: {c: {meter: {requests: {of: api.put}}, price: $1/1M}}\n",
    );
    assert!(uncalled.contains("nobody calls api.put, so c costs $0"), "{uncalled}");
}

/// 100 requests a second with one record each, for 90 s: the bill does not know when the pipeline looks.
#[test]
fn records_and_leaks_are_billed_whenever_scrapes_are_taken() {
    let items = |every: &str| {
        let text = format!(
            "scenario: Records\nquestion: What do they cost?\nrun: {{duration: 90s, warm_up: 5s, replications: 2, seed: 5}}\n\
             load: {{users: {{to: api.get, arrive: {{constant: {{rate: 100/s}}}}}}}}\n\
             services: {{api: {{instances: 2, workers: unlimited, endpoints: {{get: {{steps: [{{work: 1ms}}]}}}}}}}}\n\
             control: {{telemetry: {{logs: {{every: {every}, sensitive: 10%, sink: {{rate: 10k/s, capacity: 1M}}}}}}}}\n\
             costs:\n  records: {{meter: {{records: {{of: logs}}}}, price: $1}}\n  leaks: {{meter: {{leaks: {{of: logs}}}}, price: $1}}\n"
        );
        let loaded = read(&text).unwrap_or_else(|report| panic!("{}", report.render(false)));
        months(&study::run(&loaded, &[], &Plan::of(&loaded, 2), &|_, _| ControlFlow::Continue(())).unwrap().summary)
    };
    let month = 100.0 * 730.0 * 3600.0;
    for every in ["5s", "7s", "60s", "85s", "2m"] {
        let found = items(every);
        assert!((found[0] / month - 1.0).abs() < 0.002, "{every}: {found:?} of {month}");
        assert!((found[1] / (month * 0.1) - 1.0).abs() < 0.06, "{every}: {found:?} of {month}");
    }
}
