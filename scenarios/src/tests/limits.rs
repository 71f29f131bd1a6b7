//! Limits of concurrency: what waits for a place, what is turned away, and that every place comes back, whatever becomes of its holder.

use super::{close, disturbed, read};
use sim_core::call::breaker::OPENED;
use sim_core::call::limit::{REJECTED, WAITED};
use sim_core::call::retry::RETRIES;
use sim_core::counters::level;
use sim_core::ids::{EdgeId, ServiceId};
use sim_core::metrics::LevelAt;
use sim_core::outcome::Outcome;
use sim_core::results::{EdgeCounts, RunResult, Span};
use sim_core::service::admission::PLACES;

/// What is counted of calls to `api.get` between two times [s].
fn counts(text: &str, from_s: i64, to_s: i64) -> EdgeCounts {
    let model = read(text).unwrap_or_else(|report| panic!("{}", report.render(false))).model;
    let run: RunResult = sim_core::world::simulate(&model, 7, 0);
    let site = model.edges.iter().position(|edge| edge.name.ends_with("->api.get")).expect("the call");
    let site = EdgeId::from(site);
    let span = Span { from_ns: from_s * 1_000_000_000, to_ns: to_s * 1_000_000_000 };
    run.edge(site, span)
}

/// Users who call a service that serves all at once, with these settings of the call.
fn users(rate: &str, settings: &str, duration: &str) -> String {
    format!(
        "scenario: Limited\nquestion: Who waits?\nrun: {{duration: {duration}, warm_up: 100s}}\n\
         load: {{users: {{to: api.get, arrive: {{poisson: {{rate: {rate}}}}}, {settings}}}}}\n\
         services: {{api: {{workers: unlimited, endpoints: {{get: {{steps: [{{wait: {{exponential: {{mean: 1s}}}}}}]}}}}}}}}\n"
    )
}

#[test]
fn a_bulkhead_that_lets_nobody_wait_loses_as_erlang_b() {
    let text = users("5/s", "concurrency_limit: {bulkhead: {limit: 10}}", "50000s");
    let found = counts(&text, 0, 50_000);
    close(found.of(&REJECTED) as f64 / found.calls as f64, 0.018_384_6, 0.002, "share that is turned away");
    assert_eq!((found.of(&REJECTED), found.of(&WAITED)), (found.rejected, 0));
    assert_eq!(found.call_outcomes[Outcome::Rejected as usize], found.rejected);
}

#[test]
fn a_bulkhead_that_lets_all_wait_is_a_queue_of_erlang_c() {
    let text = users("8/s", "concurrency_limit: {bulkhead: {limit: 10, max_wait: 1h}}", "50000s");
    let found = counts(&text, 0, 50_000);
    close(found.of(&WAITED) as f64 / found.calls as f64, 0.409_18, 0.015, "share that waits");
    let mean = found.call_latency_sum_ns as f64 / found.call_outcomes[0] as f64 / 1e9;
    close(mean, 1.204_59, 0.03, "time with the wait [s]");
    assert_eq!(found.rejected, 0);
}

#[test]
fn a_wait_ends_at_its_patience_or_with_the_call() {
    let ended = |settings: &str, outcome: Outcome, after_ms: f64| {
        let text = format!(
            "scenario: Limited\nquestion: When does a wait end?\nrun: {{duration: 60s, warm_up: 10s}}\n\
             load: {{users: {{to: web.get, arrive: {{constant: {{rate: 1/s}}}}}}}}\n\
             services:\n  web: {{workers: 90, endpoints: {{get: {{steps: [{{call: {{to: api.get, {settings}}}}}]}}}}}}\n\
             \x20 api: {{workers: 9, endpoints: {{get: {{steps: [{{wait: 1h}}]}}}}}}\n"
        );
        let model = read(&text).unwrap_or_else(|report| panic!("{}", report.render(false))).model;
        let run = sim_core::world::simulate(&model, 7, 0);
        let found =
            run.edge(EdgeId(model.edges.iter().position(|e| e.name == "web->api.get").unwrap() as u32), run.whole());
        assert_eq!(
            (found.call_outcomes[outcome as usize], found.of(&REJECTED), found.attempts),
            (60, 60, 0),
            "{settings}"
        );
        // The first request is inside for the whole run: it has the place.
        let web = run.service(sim_core::ids::ServiceId(0), run.whole());
        let inside_ms = (web.in_system_ns as f64 / 1e6 - 60_000.0) / web.left as f64;
        close(inside_ms, after_ms, 5.0, settings);
    };
    let bulkhead = "concurrency_limit: {bulkhead: {limit: 1, max_wait: 400ms}}";
    ended(bulkhead, Outcome::Rejected, 400.0);
    ended(&format!("{bulkhead}, retry: {{max_attempts: 3}}"), Outcome::Rejected, 400.0);
}

#[test]
fn the_total_timeout_of_a_call_ends_its_wait() {
    // Of five calls at once the first is answered after 490 ms, the second has the place for the 10 ms that are left of its time, and the
    // time of the others ends while they wait.
    let text = "scenario: Limited\nquestion: When does a wait end?\nrun: {duration: 60s, warm_up: 10s}\n\
         load: {users: {to: api.get, arrive: {burst: {size: 5, every: 1s}}, total_timeout: 500ms,\n\
         \x20   concurrency_limit: {bulkhead: {limit: 1, max_wait: 30s}}}}\n\
         services: {api: {workers: 9, endpoints: {get: {steps: [{wait: 490ms}]}}}}\n";
    let found = counts(text, 0, 60);
    let by_outcome = |outcome: Outcome| found.call_outcomes[outcome as usize];
    assert_eq!([by_outcome(Outcome::Ok), by_outcome(Outcome::Timeout), by_outcome(Outcome::Rejected)], [60, 240, 0]);
    assert_eq!((found.of(&WAITED), found.of(&REJECTED), found.attempts), (240, 180, 120));
}

#[test]
fn every_place_comes_back() {
    let bulkhead = "concurrency_limit: {bulkhead: {limit: 4, max_wait: 200ms}}";
    for beside in [
        "timeout: 150ms",
        "timeout: 150ms, cancel: true, retry: {max_attempts: 3, backoff: {fixed: {delay: 1ms}}}",
        "timeout: 150ms, breaker: {rate: {window: {count: 20}, minimum_calls: 10, open_for: 2s}}",
        "timeout: 150ms, throttle: {sre: {window: {time: 20s}}}",
        "timeout: 150ms, hedge: {backup: {after: {time: 10ms}}}, cancel: true",
        "timeout: 150ms, hedge: tied",
        "timeout: 150ms, hedge: {speculative: {copies: 3}}, cancel: true",
    ] {
        let text = disturbed(&format!("{bulkhead}, {beside}"));
        let slow = counts(&text, 12, 68);
        assert!(slow.of(&REJECTED) + slow.of(&WAITED) > 100, "{beside}: the limit acts, {slow:?}");
        // With three copies of 20 ms at 30 calls a second and instance two of four places are taken; a throttle that never saw an answer finds out
        // by a call in twenty seconds.
        let calm = counts(&text, 195, 200);
        assert!(calm.call_outcomes[0] > 250, "{beside}: {calm:?}");
        assert_eq!(calm.of(&REJECTED), 0, "{beside}: all places are there again, {calm:?}");
    }
}

#[test]
fn slow_is_what_an_attempt_is_and_not_its_call() {
    // Attempts are answered at once, four of five by an error, and wait for a second between each other: no attempt is slow, though calls are.
    let text = users(
        "5/s",
        "retry: {max_attempts: 3, backoff: {fixed: {delay: 1s}}}, breaker: {rate: {failure_rate: 100%, slow_call_rate: 20%, slow_call_duration: 500ms, window: {time: 20s}, minimum_calls: 10}}",
        "1000s",
    )
    .replace("[{wait: {exponential: {mean: 1s}}}]", "[{wait: 1ms}]")
        + "faults: {bad: {inject: {fail: {probability: 80%}}, where: {service: api}}}\n";
    let found = counts(&text, 0, 1000);
    assert!(found.of(&RETRIES) > 5000, "{}", found.of(&RETRIES));
    assert_eq!(found.of(&OPENED), 0);
}

#[test]
fn a_call_of_which_nothing_was_sent_does_not_count_as_sent() {
    // A breaker that turns retries away too: there are never more attempts for a call than it may make.
    let text = users(
        "50/s",
        "retry: {max_attempts: 4, backoff: {fixed: {delay: 2s}}, outcomes: [error, rejected]}, breaker: {rate: {failure_rate: 10%, window: {time: 30s}, open_for: 5s, half_open: {calls: 1, successes: 1}}}",
        "600s",
    )
    .replace("[{wait: {exponential: {mean: 1s}}}]", "[{wait: 1ms}]")
        + "faults: {bad: {inject: {fail: {probability: 50%}}, where: {service: api}}}\n";
    let found = counts(&text, 0, 600);
    let amplification = found.attempts as f64 / found.calls_sent() as f64;
    assert!(found.rejected > 20_000 && (1.0..=4.0).contains(&amplification), "{amplification}");
    assert_eq!(found.calls_sent(), found.attempts - found.of(&RETRIES));
}

#[test]
fn a_limit_at_a_door_learns_nothing_good_of_requests_that_nobody_waits_for() {
    // Three times what it can bear, from users who give up and take their request along: what left the queue so was not answered.
    let text = "scenario: Doors\nquestion: Does the limit shrink?\nrun: {duration: 300s, warm_up: 20s}\n\
        load: {users: {to: api.get, timeout: 300ms, cancel: true, arrive: {poisson: {rate: 300/s}}}}\n\
        services:\n  api: {workers: 1, queue: {capacity: 5k}, admission: {concurrency_limit: {aimd: {initial: 20, min: 1, max: 2k}}}, \
        endpoints: {get: {steps: [{work: 10ms}]}}}\n";
    let found = counts(text, 0, 300);
    let share = found.call_outcomes[0] as f64 / found.calls as f64;
    assert!(share > 0.2, "{share} are answered, of a third that could be");
    let rejected = found.call_outcomes[Outcome::Rejected as usize] as f64 / found.calls as f64;
    assert!(rejected > 0.4, "{rejected} are turned away");
}

/// Whoever leaves an instance gives back its place at the door: served, out of patience, cancelled in the queue or at work, or with the machine.
#[test]
fn each_place_at_a_door_comes_back() {
    let ways = ["", ", queue: {max_wait: 150ms}", ", queue: {max_wait: 150ms, discipline: lifo}"];
    let calls = ["timeout: 20s", "timeout: 250ms", "timeout: 250ms, cancel: true", "timeout: 250ms, hedge: tied"];
    let crash = "faults: {it: {inject: crash, where: {service: api}, at: 1.3s, for: 1s}}\n";
    let adaptive = ["aimd: {}", "vegas: {}", "gradient: {}", "gradient2: {}", "bulkhead: {limit: 15}"];
    for (limit, way) in adaptive.iter().flat_map(|limit| ways.map(|way| (limit, way))) {
        for (call, fault) in calls.iter().flat_map(|call| ["", crash].map(|fault| (call, fault))) {
            let text = format!(
                "scenario: Doors\nquestion: Who keeps a place?\nrun: {{duration: 60s, warm_up: 0s}}\n\
                 load: {{users: {{to: api.get, arrive: {{burst: {{size: 40, at: 1s}}}}, {call}}}}}\n\
                 services: {{api: {{workers: 2{way}, admission: {{concurrency_limit: {{{limit}}}}}, \
                 endpoints: {{get: {{steps: [{{work: 100ms}}]}}}}}}}}\n{fault}"
            );
            let model = read(&text).unwrap_or_else(|report| panic!("{}", report.render(false))).model;
            let run: RunResult = sim_core::world::simulate(&model, 7, 0);
            let at_door = run.level(LevelAt::service(level(&PLACES), ServiceId(0)), run.whole());
            let inside = run.slices.last().expect("a slice").services[0].in_system_now;
            assert!(at_door.most > 1, "{limit}{way}, {call}, {fault}");
            assert_eq!((at_door.now, inside), (0, 0), "{limit}{way}, {call}, {fault}");
        }
    }
}
