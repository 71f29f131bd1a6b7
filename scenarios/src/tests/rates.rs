//! Limits of rate, and what stands at the door of an instance.

use super::{close, problems, read};
use sim_core::call::rate_limit::{REJECTED, WAIT, WAITED};
use sim_core::counters::{level, part};
use sim_core::ids::{EdgeId, ServiceId};
use sim_core::metrics::{LevelAt, LevelSums, PartAt, TimedSums};
use sim_core::outcome::Outcome;
use sim_core::results::{EdgeCounts, RunResult, ServiceCounts, Span};
use sim_core::service::admission::{LIMITED, PLACES, RATE_LIMITED, SHED};

fn simulated(text: &str) -> (RunResult, Vec<String>) {
    let model = read(text).unwrap_or_else(|report| panic!("{}", report.render(false))).model;
    (sim_core::world::simulate(&model, 7, 0), model.edges.iter().map(|edge| edge.name.clone()).collect())
}

fn site(names: &[String], name: &str) -> EdgeId {
    EdgeId::from(names.iter().position(|edge| edge == name).expect("the call"))
}

fn span(from_s: i64, to_s: i64) -> Span {
    Span { from_ns: from_s * 1_000_000_000, to_ns: to_s * 1_000_000_000 }
}

/// What is counted of users' calls, and how long their limit of rate held them back.
fn users(rate: &str, settings: &str) -> (EdgeCounts, TimedSums) {
    let text = format!(
        "scenario: Limited\nquestion: Who goes when?\nrun: {{duration: 20000s, warm_up: 100s}}\n\
         load: {{users: {{to: api.get, arrive: {rate}, {settings}}}}}\nkeys: {{account: {{uniform: {{count: 2}}}}}}\n\
         services: {{api: {{workers: unlimited, endpoints: {{get: {{steps: [{{wait: 1ms}}]}}}}}}}}\n"
    );
    let (run, names) = simulated(&text);
    let site = site(&names, "users->api.get");
    (run.edge(site, run.whole()), run.timed(PartAt::call_site(part(&WAIT), site), run.whole()))
}

const POISSON: &str = "{poisson: {rate: 8/s}}";

#[test]
fn what_holds_back_is_a_queue_of_constant_service() {
    // M/D/1 at 80 %: the wait is 0.8 * 0.1 s / (2 * 0.2).
    for limit in ["leaky_bucket: {rate: 10/s, capacity: 1M}", "token_bucket: {rate: 10/s, max_wait: 1h}"] {
        let (counts, waits) = users(POISSON, &format!("rate_limit: {{{limit}}}"));
        close(waits.sum_ns as f64 / 1e9 / waits.count as f64, 0.2, 0.01, limit);
        close(counts.of(&WAITED) as f64 / counts.calls as f64, 0.8, 0.01, "share that waits");
        assert_eq!((counts.of(&REJECTED), waits.count), (0, counts.attempts), "{limit}");
    }
}

#[test]
fn what_refuses_loses_as_a_server_without_a_queue() {
    // M/D/1/1: of 20 erlangs in 10, two thirds.
    for limit in
        ["leaky_bucket: {rate: 10/s}", "token_bucket: {rate: 10/s}", "sliding_window: {limit: 1, every: 100ms}"]
    {
        let (counts, _) = users("{poisson: {rate: 20/s}}", &format!("rate_limit: {{{limit}}}"));
        close(counts.of(&REJECTED) as f64 / counts.calls as f64, 2.0 / 3.0, 0.01, limit);
        assert_eq!(counts.of(&REJECTED), counts.call_outcomes[Outcome::Rejected as usize]);
    }
    // What is left of a window of 10 is Poisson's: E[max(X - 10, 0)] of a mean of 10 is 1.2511.
    let (counts, _) = users("{poisson: {rate: 10/s}}", "rate_limit: {fixed_window: {limit: 10, every: 1s}}");
    close(counts.of(&REJECTED) as f64 / counts.calls as f64, 0.125_11, 0.004, "share beyond a window");
}

#[test]
fn each_key_has_a_limit_of_its_own() {
    let rejected = |per: &str| {
        let limit = format!("rate_limit: {{token_bucket: {{rate: 5/s, burst: 10{per}}}}}");
        let (counts, _) = users("{poisson: {rate: 8/s}}", &limit);
        counts.of(&REJECTED) as f64 / counts.calls as f64
    };
    close(rejected(""), 3.0 / 8.0, 0.02, "one bucket for all");
    assert!(rejected(", per: account") < 0.06, "two buckets");
    let text = "scenario: s\nquestion: q?\nrun: {duration: 10s}\nkeys: {account: {uniform: {count: 2}}}\n\
        load: {users: {to: api.get, arrive: {poisson: {rate: 1/s}}, rate_limit: {token_bucket: {rate: 5/s, per: acount}}}}\n\
        services: {api: {workers: 1, admission: {rate_limit: {sliding_window: {per: tenant}}}, endpoints: {get: {steps: [{wait: 1ms}]}}}}\n";
    let found = problems(text);
    assert!(found.iter().any(|p| p.contains("acount")) && found.iter().any(|p| p.contains("tenant")), "{found:?}");
}

#[test]
fn what_is_turned_away_is_tried_again_and_the_end_of_a_call_ends_its_wait() {
    let retry = "retry: {max_attempts: 3, outcomes: [rejected], backoff: {fixed: {delay: 1ms}}}";
    let (counts, _) =
        users("{constant: {rate: 1/s}}", &format!("rate_limit: {{fixed_window: {{limit: 1, every: 10s}}}}, {retry}"));
    assert_eq!(counts.calls, 20_000);
    close(counts.of(&REJECTED) as f64, 54_000.0, 15.0, "nine calls of ten, three times each");
    let (counts, _) = users(
        "{burst: {size: 5, every: 10s}}",
        "total_timeout: 250ms, rate_limit: {leaky_bucket: {rate: 10/s, capacity: 9}}",
    );
    // At 0, 100 and 200 ms; the time of the other two ends at 250 ms, before their turns.
    let ended = |outcome: Outcome| counts.call_outcomes[outcome as usize];
    assert_eq!([ended(Outcome::Ok), ended(Outcome::Timeout)], [6_000, 4_000]);
    assert_eq!((counts.attempts, counts.of(&REJECTED), counts.of(&WAITED)), (6_000, 4_000, 8_000));
}

/// A run of a service with a door, what is counted of it, and the level of its places.
fn door(text: &str, from_s: i64, to_s: i64) -> (ServiceCounts, LevelSums) {
    let (run, _) = simulated(text);
    let api = ServiceId(0);
    let span = span(from_s, to_s);
    (run.service(api, span), run.level(LevelAt::service(level(&PLACES), api), span))
}

#[test]
fn a_bulkhead_at_the_door_loses_as_erlang_b() {
    let text = "scenario: Door\nquestion: Who gets in?\nrun: {duration: 50000s, warm_up: 100s}\n\
         load: {users: {to: api.get, arrive: {poisson: {rate: 5/s}}}}\n\
         services: {api: {workers: unlimited, admission: {concurrency_limit: {bulkhead: {limit: 10}}},\n\
         \x20 endpoints: {get: {steps: [{wait: {exponential: {mean: 1s}}}]}}}}\n";
    let (counts, places) = door(text, 0, 50_000);
    let came = (counts.entered + counts.of(&LIMITED)) as f64;
    close(counts.of(&LIMITED) as f64 / came, 0.018_384_6, 0.002, "share that is turned away");
    close(places.integral_ns as f64 / 50_000e9, 5.0 * (1.0 - 0.018_384_6), 0.06, "places taken, by Little's law");
    assert_eq!(places.most, 10);
}

#[test]
fn what_matters_less_is_shed_while_the_queue_is_slow() {
    // 30 and, from 100 s to 200 s, 90 requests a second for 40.
    let text = |admission: &str| {
        format!(
            "scenario: Door\nquestion: Who is shed?\nrun: {{duration: 300s, warm_up: 10s}}\n\
             load:\n  users: {{to: api.get, arrive: {{poisson: {{rate: 15/s}}}}, priority: critical}}\n\
             \x20 crawlers: {{to: api.get, arrive: {{poisson: {{rate: 15/s}}}}, priority: sheddable, shape: [{{spike: {{at: 100s, for: 100s, factor: 5}}}}]}}\n\
             services: {{api: {{workers: 4, {admission} queue: {{capacity: 100}}, endpoints: {{get: {{steps: [{{work: {{exponential: {{mean: 100ms}}}}}}]}}}}}}}}\n"
        )
    };
    let of = |text: &str, from_s, to_s| {
        let (run, names) = simulated(text);
        let all = ["users->api.get", "crawlers->api.get"].map(|name| run.edge(site(&names, name), span(from_s, to_s)));
        (all[0], all[1], run.service(ServiceId(0), span(from_s, to_s)))
    };
    let shed = text("admission: {shed: {by_priority: {queue_wait: {sheddable: 100ms}}}},");
    let (users, crawlers, api) = of(&shed, 100, 200);
    assert_eq!(users.outcomes[Outcome::Ok as usize], users.settled(), "what is critical stays whole");
    let of_crawlers = crawlers.outcomes[Outcome::Shed as usize];
    assert!(of_crawlers as f64 > 0.5 * crawlers.settled() as f64 && api.of(&SHED) == of_crawlers, "{crawlers:?}");
    let (plain, _, _) = of(&text(""), 100, 200);
    assert!(plain.outcomes[Outcome::Rejected as usize] as f64 > 0.3 * plain.settled() as f64, "{plain:?}");
    let (_, calm, _) = of(&shed, 210, 300);
    assert!((calm.outcomes[Outcome::Shed as usize] as f64) < 0.1 * calm.settled() as f64, "{calm:?}");
}

#[test]
fn an_endpoint_has_a_door_of_its_own_behind_that_of_its_service() {
    let text = "scenario: Doors\nquestion: Whose is it?\nrun: {duration: 100s, warm_up: 10s}\n\
         load:\n  a: {to: api.get, arrive: {constant: {rate: 100/s}}}\n  b: {to: api.slow, arrive: {constant: {rate: 50/s}}}\n\
         services:\n  api:\n    workers: 500\n    admission: {rate_limit: {fixed_window: {limit: 160, every: 1s}}}\n\
         \x20   endpoints:\n      get: {steps: [{wait: 1ms}]}\n\
         \x20     slow: {steps: [{wait: 100ms}], admission: {concurrency_limit: {bulkhead: {limit: 2}}}}\n";
    let (run, names) = simulated(text);
    let counts = |name| run.edge(site(&names, name), run.whole());
    let api = run.service(ServiceId(0), run.whole());
    assert_eq!(api.of(&RATE_LIMITED), 0, "150 of 160 a second");
    // Two places of 100 ms.
    close(counts("b->api.slow").outcomes[0] as f64, 2_000.0, 40.0, "slow requests let in");
    let limited = counts("b->api.slow").outcomes[Outcome::Rejected as usize]
        + counts("a->api.get").outcomes[Outcome::Rejected as usize];
    assert_eq!(api.of(&LIMITED) + api.of(&RATE_LIMITED), limited);
    assert_eq!(counts("a->api.get").outcomes[0], 10_000 - counts("a->api.get").outcomes[Outcome::Rejected as usize]);
}

#[test]
fn every_place_at_a_door_comes_back() {
    for settings in [
        "timeout: 150ms",
        "timeout: 150ms, cancel: true, retry: {max_attempts: 3, backoff: {fixed: {delay: 1ms}}}",
        "timeout: 150ms, hedge: tied",
        "timeout: 150ms, hedge: {speculative: {copies: 3}}, cancel: true",
    ] {
        let text = format!(
            "scenario: Disturbed\nquestion: Does every place come back?\nrun: {{duration: 200s, warm_up: 10s}}\n\
             load: {{users: {{to: web.get, arrive: {{poisson: {{rate: 60/s}}}}, timeout: 300ms, cancel: true}}}}\n\
             services:\n  api: {{instances: 3, workers: 4, queue: {{max_wait: 100ms}}, admission: {{concurrency_limit: {{bulkhead: {{limit: 8}}}}}},\n\
             \x20   endpoints: {{get: {{steps: [{{wait: 20ms}}]}}}}}}\n\
             \x20 web: {{instances: 2, workers: 64, endpoints: {{get: {{steps: [{{call: {{to: api.get, {settings}}}}}]}}}}}}\n\
             faults:\n  slow: {{inject: {{slow: {{factor: 100}}}}, where: {{service: api}}, at: 10s, for: 60s}}\n\
             \x20 crash: {{inject: crash, where: {{service: web, count: 1}}, at: 30s, for: 5s, every: 10s, times: 3}}\n\
             \x20 again: {{inject: crash, where: {{service: api, count: 1}}, at: 40s, for: 5s}}\n"
        );
        let (slow, _) = door(&text, 12, 68);
        assert!(slow.of(&LIMITED) > 100, "{settings}: the door acts, {slow:?}");
        let (calm, places) = door(&text, 195, 200);
        assert_eq!(calm.of(&LIMITED), 0, "{settings}: all places are there again");
        assert!(places.most <= 24, "{settings}: {places:?}");
        let (run, _) = simulated(&text);
        let at_end = run.level(LevelAt::service(level(&PLACES), ServiceId(0)), run.whole()).now;
        let inside = run.service(ServiceId(0), run.whole()).in_system_now;
        assert_eq!(at_end, inside, "{settings}: who is inside has a place");
    }
}

#[test]
fn windows_begin_at_time_0_whatever_the_warm_up_and_a_crash_of_the_caller_empties_them() {
    let text = |warm_up: &str, limit: &str, faults: &str| {
        format!(
            "scenario: Windows\nquestion: When do they begin?\nrun: {{duration: 120s, warm_up: {warm_up}}}\n\
             load: {{users: {{to: web.get, arrive: {{constant: {{rate: 1/s}}}}}}}}\n\
             services:\n  web: {{workers: 9, endpoints: {{get: {{steps: [{{call: {{to: api.get, rate_limit: {{{limit}}}}}}}]}}}}}}\n\
             \x20 api: {{workers: 9, endpoints: {{get: {{steps: [{{wait: 1ms}}]}}}}}}\nfaults: {{{faults}}}\n"
        )
    };
    let rejected = |text: &str, from_s, to_s| {
        let (run, names) = simulated(text);
        run.edge(site(&names, "web->api.get"), span(from_s, to_s)).of(&REJECTED)
    };
    for warm_up in ["30s", "45s", "60s"] {
        let text = text(warm_up, "fixed_window: {limit: 12, every: 1m}", "");
        assert_eq!((rejected(&text, 0, 11), rejected(&text, 30, 40)), (0, 10), "{warm_up}");
    }
    let crash = "f: {inject: crash, where: {service: web}, at: 40500ms, for: 1s}";
    let hour = text("10s", "sliding_window: {limit: 10, every: 1h}", crash);
    assert_eq!(rejected(&hour, 0, 40), 39, "nine went in the warm-up");
    assert_eq!(rejected(&hour, 42, 52), 0, "the caller begins anew");
}

#[test]
fn a_door_before_a_consumer_and_a_setting_beside_a_shared_pool_are_warned_of() {
    let text = "scenario: Warned\nquestion: Of what?\nload: {users: {to: jobs.send, arrive: {constant: {rate: 1/s}}}}\n\
         policies: {db: {timeout: 1s, pool: {connections: 2}}}\nqueues: {jobs: {consumers: {w: {to: web.get}}}}\n\
         services:\n  web: {workers: 9, admission: {rate_limit: {token_bucket: {rate: 1/s}}}, endpoints: {get: {steps: [{call: {to: api.get, policy: db}}, {call: {to: api.get, policy: db, breaker: {consecutive: {failures: 3}}}}]}}}\n\
         \x20 api: {workers: 9, endpoints: {get: {steps: [{wait: 1ms}]}}}\n";
    let found = problems(text);
    let says = |what: &str| found.iter().any(|problem| problem.contains(what));
    assert!(says("a message that the admission of web.get turns away comes back at once"), "{found:?}");
    assert!(says("this call does not share the pool of the policy db, and has one of its own"), "{found:?}");
    assert_eq!(found.len(), 2, "{found:?}");
}

#[test]
fn a_tenant_has_one_limit_for_all_its_loads_however_deep() {
    // Two loads of acme ask for 40 a second together and one of globex for 20; each tenant is let through to the store at 30 a second, two calls
    // below.
    let text = "scenario: Tenants\nquestion: Whose limit is it?\nrun: {duration: 500s, warm_up: 10s}\n\
        load:\n  one: {to: web.get, tenant: acme, arrive: {poisson: {rate: 25/s}}}\n  two: {to: web.get, tenant: acme, arrive: {poisson: {rate: 15/s}}}\n\
        \x20 three: {to: web.get, tenant: globex, arrive: {poisson: {rate: 20/s}}}\n\
        services:\n  web: {workers: 90, endpoints: {get: {steps: [{call: {to: api.get}}]}}}\n\
        \x20 api: {workers: 90, endpoints: {get: {steps: [{call: {to: db.get}}]}}}\n\
        \x20 db: {workers: 90, admission: {rate_limit: {token_bucket: {rate: 30/s, burst: 30, per: tenant}}}, endpoints: {get: {steps: [{work: 1ms}]}}}\n";
    let model = read(text).unwrap_or_else(|report| panic!("{}", report.render(false))).model;
    let run = sim_core::world::simulate(&model, 7, 0);
    let answered = |load: &str| {
        let site = model.edges.iter().position(|edge| edge.name == format!("{load}->web.get")).expect("the load");
        let counts = run.edge(sim_core::ids::EdgeId::from(site), run.whole());
        counts.call_outcomes[0] as f64 / counts.calls as f64
    };
    for load in ["one", "two"] {
        let share = answered(load);
        assert!((share - 0.75).abs() < 0.02, "{load}: {share}");
    }
    assert!(answered("three") > 0.999, "{}", answered("three"));
    let nobody = read(&text.replace(", per: tenant", "")).expect("valid");
    assert_eq!(nobody.warnings.problems.len(), 3, "{}", nobody.warnings.render(false));
    let none = read(&text.replace("tenant: acme, ", "").replace("tenant: globex, ", "")).expect_err("no tenant");
    assert!(none.render(false).contains("no load class has a tenant"));
}

#[test]
fn tenants_are_served_in_turn_also_where_requests_give_up() {
    // A worker for 160 a second, and three tenants who ask for twice that together: each is served a third, though one asks for more.
    let text = "scenario: Turns\nquestion: Is it fair?\nrun: {duration: 300s, warm_up: 20s}\n\
        load:\n  a: {to: api.get, tenant: a, arrive: {poisson: {rate: 120/s}}}\n  b: {to: api.get, tenant: b, arrive: {poisson: {rate: 100/s}}}\n\
        \x20 c: {to: api.get, tenant: c, arrive: {poisson: {rate: 100/s}}}\n\
        services: {api: {workers: 8, queue: {capacity: 10k, max_wait: 1s, discipline: fair}, endpoints: {get: {steps: [{work: 50ms}]}}}}\n";
    let model = read(text).unwrap_or_else(|report| panic!("{}", report.render(false))).model;
    let run = sim_core::world::simulate(&model, 7, 0);
    for (site, name) in ["a", "b", "c"].into_iter().enumerate() {
        let answered = run.edge(sim_core::ids::EdgeId::from(site), run.whole()).call_outcomes[0] as f64 / 300.0;
        close(answered, 160.0 / 3.0, 3.0, name);
    }
}
