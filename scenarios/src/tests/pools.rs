//! Pools of connections: how long attempts wait for one, which are opened, which are closed, and that every one comes back.

use super::{close, disturbed, read};
use sim_core::call::pool::{IN_USE, OPENED, REJECTED, WAIT, WAITED};
use sim_core::counters::{level, part};
use sim_core::engine::math::{exp, ln};
use sim_core::ids::EdgeId;
use sim_core::metrics::{Histogram, LevelAt, LevelSums, PartAt, TimedSums};
use sim_core::outcome::Outcome;
use sim_core::results::{EdgeCounts, Span};

/// What happened at the pool of the calls to `api.get`.
struct Seen {
    counts: EdgeCounts,
    waits: TimedSums,
    wait: Histogram,
    in_use: LevelSums,
    seconds: f64,
}

impl Seen {
    fn average_in_use(&self) -> f64 {
        self.in_use.integral_ns as f64 / 1e9 / self.seconds
    }

    fn mean_wait_s(&self) -> f64 {
        self.waits.sum_ns as f64 / 1e9 / self.waits.count as f64
    }
}

/// What happened between two times [s].
fn seen(text: &str, from_s: i64, to_s: i64) -> Seen {
    let model = read(text).unwrap_or_else(|report| panic!("{}", report.render(false))).model;
    let run = sim_core::world::simulate(&model, 7, 0);
    let site = model.edges.iter().position(|edge| edge.name.ends_with("->api.get")).expect("the call");
    let guard = model.edges[site].guard;
    let site = EdgeId::from(site);
    let span = Span { from_ns: from_s * 1_000_000_000, to_ns: to_s * 1_000_000_000 };
    let of = PartAt::call_site(part(&WAIT), site);
    Seen {
        counts: run.edge(site, span),
        waits: run.timed(of, span),
        wait: run.histogram(span, |period| period.timed(of)),
        in_use: run.level(LevelAt::calls(level(&IN_USE), guard), span),
        seconds: (to_s - from_s) as f64,
    }
}

/// Users who call a service that serves all at once, with these settings of the call.
fn users(rate: &str, settings: &str) -> String {
    format!(
        "scenario: Pooled\nquestion: Who waits?\nrun: {{duration: 50000s, warm_up: 100s}}\n\
         load: {{users: {{to: api.get, arrive: {{poisson: {{rate: {rate}}}}}, {settings}}}}}\n\
         services: {{api: {{workers: unlimited, endpoints: {{get: {{steps: [{{wait: {{exponential: {{mean: 1s}}}}}}]}}}}}}}}\n"
    )
}

#[test]
fn a_pool_is_a_queue_of_erlang_c() {
    // M/M/10 with 8 erlangs: 40.918 % wait, on average 0.40918 / (10 - 8) s, and longer than t with probability 0.40918 exp(-2 t).
    let found = seen(&users("8/s", "pool: {connections: 10, max_wait: 1h}"), 0, 50_000);
    close(found.counts.of(&WAITED) as f64 / found.counts.calls as f64, 0.409_18, 0.015, "share that waits");
    close(found.mean_wait_s(), 0.204_59, 0.015, "mean wait [s]");
    let p99_s = found.wait.quantile(0.99).expect("waits") / 1e9;
    close(p99_s, ln(0.409_18 / 0.01) / 2.0, 0.12, "wait at the 99th percentile [s]");
    close(found.average_in_use(), 8.0, 0.1, "connections in use, by Little's law");
    assert_eq!((found.in_use.most, found.counts.of(&REJECTED)), (10, 0));
    // Ten were opened in the warm-up, and have been in use often enough since.
    assert_eq!(found.counts.of(&OPENED), 0);
    assert_eq!(found.waits.count, found.counts.attempts, "each attempt has a wait");
}

#[test]
fn a_pool_that_lets_nobody_wait_loses_as_erlang_b() {
    let found = seen(&users("5/s", "pool: {connections: 10, max_wait: 0s}"), 0, 50_000);
    close(found.counts.of(&REJECTED) as f64 / found.counts.calls as f64, 0.018_384_6, 0.002, "share turned away");
    assert_eq!(found.counts.call_outcomes[Outcome::Rejected as usize], found.counts.of(&REJECTED));
}

#[test]
fn opening_takes_its_time_and_is_part_of_the_wait() {
    // Each attempt opens its own connection: 8 a second, each held for 0.5 s before it is sent, and 1 s after.
    let pool = "pool: {connections: 1000, connect: {exponential: {mean: 500ms}}, idle_for: 0s, max_wait: 1h}";
    let found = seen(&users("8/s", pool), 0, 50_000);
    close(found.mean_wait_s(), 0.5, 0.01, "mean wait [s]");
    close(found.average_in_use(), 12.0, 0.15, "connections in use, by Little's law");
    let asked = found.counts.of(&OPENED) as f64;
    close(asked / found.counts.attempts as f64, 1.0, 0.001, "connections opened for each attempt");
    // A connect that takes longer than an attempt waits is given up: exp(-1) of them.
    let impatient = "pool: {connections: 1000, connect: {exponential: {mean: 500ms}}, idle_for: 0s, max_wait: 500ms}";
    let found = seen(&users("8/s", impatient), 0, 50_000);
    close(found.counts.of(&REJECTED) as f64 / found.counts.calls as f64, exp(-1.0), 0.005, "share given up");
    assert_eq!(found.counts.of(&WAITED), 0);
}

#[test]
fn one_that_is_left_behind_is_closed() {
    // Every attempt takes 200 ms and is given up after 100 ms. Left behind, its connection is closed; where the callee stops, it is free again.
    let left = |cancel: bool| {
        let text = format!(
            "scenario: Left\nquestion: What becomes of its connection?\nrun: {{duration: 100s, warm_up: 10s}}\n\
             load: {{users: {{to: api.get, arrive: {{constant: {{rate: 10/s}}}}, timeout: 100ms, cancel: {cancel}, pool: {{connections: 9}}}}}}\n\
             services: {{api: {{workers: unlimited, endpoints: {{get: {{steps: [{{wait: 200ms}}]}}}}}}}}\n"
        );
        seen(&text, 0, 100).counts
    };
    assert_eq!((left(false).of(&OPENED), left(false).outcomes[Outcome::Timeout as usize]), (1000, 1000));
    assert_eq!((left(true).of(&OPENED), left(true).outcomes[Outcome::Timeout as usize]), (0, 1000));
}

#[test]
fn the_total_timeout_of_a_call_ends_its_wait() {
    // Of five calls at once the first is answered after 490 ms, and the second has the connection for 10 ms; the others give up with their calls.
    let text = "scenario: Pooled\nquestion: When does a wait end?\nrun: {duration: 60s, warm_up: 10s}\n\
         load: {users: {to: api.get, arrive: {burst: {size: 5, every: 1s}}, total_timeout: 500ms, cancel: true,\n\
         \x20   pool: {connections: 1, max_wait: 30s, idle_for: 1h}}}\n\
         services: {api: {workers: 9, endpoints: {get: {steps: [{wait: 490ms}]}}}}\n";
    let found = seen(text, 0, 60).counts;
    let by_outcome = |outcome: Outcome| found.call_outcomes[outcome as usize];
    assert_eq!([by_outcome(Outcome::Ok), by_outcome(Outcome::Timeout), by_outcome(Outcome::Rejected)], [60, 240, 0]);
    assert_eq!((found.of(&WAITED), found.of(&REJECTED), found.attempts), (240, 180, 120));
}

#[test]
fn calls_of_one_policy_share_a_pool_and_calls_of_their_own_do_not() {
    let held = |fast: &str, slow: &str| {
        let text = format!(
            "scenario: Shared\nquestion: Whose pool is it?\nrun: {{duration: 100s, warm_up: 10s}}\n\
             load:\n  a: {{to: web.slow, arrive: {{constant: {{rate: 4/s}}}}}}\n  b: {{to: web.get, arrive: {{constant: {{rate: 4/s}}}}}}\n\
             policies: {{db: {{pool: {{connections: 2}}}}}}\n\
             services:\n  web:\n    workers: 90\n    endpoints:\n      get: {{steps: [{{call: {{to: api.get, {fast}}}}}]}}\n\
             \x20     slow: {{steps: [{{call: {{to: api.slow, {slow}}}}}]}}\n\
             \x20 api: {{workers: 90, endpoints: {{get: {{steps: [{{wait: 1ms}}]}}, slow: {{steps: [{{wait: 600ms}}]}}}}}}\n"
        );
        seen(&text, 0, 100).counts
    };
    // The slow calls need 2.4 connections, and have 2.
    assert!(held("policy: db", "policy: db").of(&WAITED) > 300);
    assert_eq!(held("policy: db", "pool: {connections: 2}").of(&WAITED), 0);
}

#[test]
fn every_connection_comes_back() {
    let pool = "pool: {connections: 4, max_wait: 200ms, connect: 2ms}";
    for beside in [
        "timeout: 150ms",
        "timeout: 150ms, cancel: true, retry: {max_attempts: 3, backoff: {fixed: {delay: 1ms}}}",
        "timeout: 150ms, breaker: {rate: {window: {count: 20}, minimum_calls: 10, open_for: 2s}}",
        "timeout: 150ms, throttle: {sre: {window: {time: 20s}}}",
        "timeout: 150ms, concurrency_limit: {bulkhead: {limit: 6, max_wait: 30ms}}",
        "timeout: 150ms, hedge: {backup: {after: {time: 10ms}}}, cancel: true",
        "timeout: 150ms, hedge: tied",
        "timeout: 150ms, hedge: {speculative: {copies: 3}}, cancel: true",
    ] {
        let text = disturbed(&format!("{pool}, {beside}"));
        let slow = seen(&text, 12, 68).counts;
        assert!(slow.of(&REJECTED) + slow.of(&WAITED) > 50, "{beside}: the pool acts, {slow:?}");
        let calm = seen(&text, 195, 200);
        assert!(calm.counts.call_outcomes[0] > 250, "{beside}: {:?}", calm.counts);
        assert_eq!(calm.counts.of(&REJECTED), 0, "{beside}: all connections are there again, {:?}", calm.counts);
        assert!(calm.in_use.most <= 8, "{beside}: two instances have 4 each, and {:?} are in use", calm.in_use);
    }
}

#[test]
fn a_crash_of_the_caller_closes_all_its_connections() {
    let text = "scenario: Crashed\nquestion: What is left of its pool?\nrun: {duration: 100s, warm_up: 10s}\n\
         load: {users: {to: web.get, arrive: {burst: {at: 500ms, size: 8, every: 1s}}}}\n\
         services:\n  web: {workers: 64, endpoints: {get: {steps: [{call: {to: api.get, pool: {connections: 5, idle_for: 1h}}}]}}}\n\
         \x20 api: {workers: 64, endpoints: {get: {steps: [{wait: 100ms}]}}}\n\
         faults: {crash: {inject: crash, where: {service: web}, at: 50550ms, for: 1s}}\n";
    let opened = |from_s, to_s| seen(text, from_s, to_s).counts.of(&OPENED);
    // Three of eight wait when the machine crashes, and open nothing while the others end.
    assert_eq!([opened(0, 50), opened(50, 52), opened(52, 100)], [5, 0, 5]);
}

#[test]
fn an_instance_that_is_scaled_in_takes_its_connections_with_it() {
    let text = "scenario: Scaled\nquestion: Who opens connections?\nrun: {duration: 200s, warm_up: 10s}\n\
         load: {users: {to: web.get, arrive: {constant: {rate: 100/s}}, balance: round_robin}}\n\
         services:\n  web: {instances: 4, workers: 64, endpoints: {get: {steps: [{call: {to: api.get, pool: {connections: 5, idle_for: 1h}}}]}}}\n\
         \x20 api: {workers: 64, endpoints: {get: {steps: [{wait: 10ms}]}}}\n\
         experiments:\n  e:\n    at: 50s\n    for: 140s\n    hypothesis: [availability(users) > 1%]\n\
         \x20   actions: [{do: {scale: {set: 1}}, where: {service: web}}, {do: {scale: {set: 4}}, where: {service: web}, at: 50s}]\n";
    let opened = |from_s, to_s| seen(text, from_s, to_s).counts.of(&OPENED);
    // One a new instance: it has a call every 40 ms, each of which takes 10 ms.
    assert_eq!([opened(60, 99), opened(99, 102)], [0, 3]);
}

#[test]
fn a_wait_that_is_given_up_is_timed_and_one_that_is_refused_at_once_is_not() {
    let times = |call: &str| {
        let text = format!(
            "scenario: Times\nquestion: How long is the wait?\nrun: {{duration: 100s, warm_up: 10s}}\n\
             load: {{users: {{to: web.get, arrive: {{constant: {{rate: 100/s}}}}, timeout: 300ms, cancel: true}}}}\n\
             services:\n  web: {{workers: 90, endpoints: {{get: {{steps: [{{call: {{to: api.get, {call}}}}}]}}}}}}\n\
             \x20 api: {{workers: 90, endpoints: {{get: {{steps: [{{wait: 100ms}}]}}}}}}\n"
        );
        seen(&text, 0, 100)
    };
    // Two connections serve 20 of 100 a second, and all others wait until their users give up.
    let given_up = times("pool: {connections: 2, max_wait: 1s}");
    assert!(given_up.waits.count > 9_900 && given_up.mean_wait_s() > 0.2, "{:?}", given_up.waits);
    let refused = times("pool: {connections: 2, max_wait: 0s}");
    assert!(refused.waits.count < 2_100, "only those that were let through: {:?}", refused.waits);
}
