//! Retries around what turns calls away: the first attempt is tried again as any other, where `outcomes` has `rejected`.

use super::read;
use sim_core::call::hedge::HEDGES;
use sim_core::call::retry::{BUDGET_EXHAUSTED, RETRIES};
use sim_core::ids::EdgeId;
use sim_core::outcome::Outcome;
use sim_core::results::EdgeCounts;

/// Counts of the call of `web` to `a`, with these settings, in ten bursts of two requests.
fn found(settings: &str) -> EdgeCounts {
    let text = format!(
        "scenario: Retries\nquestion: What is tried again?\nrun: {{duration: 100s, warm_up: 0s}}\n\
         load: {{users: {{to: web.get, arrive: {{burst: {{size: 2, at: 1s, every: 9s, times: 10}}}}}}}}\n\
         services:\n  web: {{workers: 99, endpoints: {{get: {{steps: [{{call: {{to: a.get, {settings}}}}}]}}}}}}\n\
         \x20 a: {{workers: 99, endpoints: {{get: {{steps: [{{wait: 10ms}}]}}}}}}\n"
    );
    let model = read(&text).unwrap_or_else(|report| panic!("{}", report.render(false))).model;
    let run = sim_core::world::simulate(&model, 7, 0);
    let site = model.edges.iter().position(|edge| edge.name == "web->a.get").expect("the call");
    run.edge(EdgeId::from(site), run.whole())
}

const ONE_A_SECOND: &str = "rate_limit: {fixed_window: {limit: 1, every: 1s, max_wait: 0s}}";

#[test]
fn a_first_attempt_that_was_turned_away_is_tried_again_where_that_is_asked_for() {
    let twice = |outcomes: &str| {
        found(&format!(
            "{ONE_A_SECOND}, retry: {{max_attempts: 3, outcomes: [{outcomes}], backoff: {{fixed: {{delay: 1500ms}}}}}}"
        ))
    };
    let counts = twice("rejected");
    assert_eq!((counts.call_outcomes[0], counts.rejected, counts.attempts), (20, 10, 20), "{counts:?}");
    assert_eq!((counts.of(&RETRIES), counts.calls_sent()), (0, 20), "the first that is sent is no retry");
    let counts = twice("error");
    assert_eq!((counts.call_outcomes[Outcome::Rejected as usize], counts.rejected, counts.attempts), (10, 10, 10));
}

#[test]
fn an_attempt_that_is_turned_away_is_one_of_those_that_there_may_be() {
    let counts = found(
        "breaker: {rate: {state: forced_open}}, retry: {max_attempts: 4, outcomes: [rejected], backoff: {fixed: {delay: 10ms}}}",
    );
    assert_eq!((counts.rejected, counts.attempts, counts.of(&RETRIES)), (80, 0, 0), "{counts:?}");
    assert_eq!(counts.call_outcomes[Outcome::Rejected as usize], 20);
    let optional = found(
        "optional: true, breaker: {rate: {state: forced_open}}, retry: {max_attempts: 2, outcomes: [rejected], backoff: {fixed: {delay: 1ms}}}",
    );
    assert_eq!(optional.call_outcomes[Outcome::Degraded as usize], 20);
}

/// A budget that has room for one retry at a time.
const ONE_AT_A_TIME: &str = "budget: {concurrency_share: {percent: 0%, min: 1}}";

#[test]
fn a_retry_that_is_not_sent_gives_its_place_in_the_budget_back() {
    // The second request of each burst is turned away three times.
    let counts = found(&format!(
        "{ONE_A_SECOND}, retry: {{max_attempts: 3, outcomes: [rejected], backoff: {{fixed: {{delay: 100ms}}}}, {ONE_AT_A_TIME}}}"
    ));
    assert_eq!((counts.of(&BUDGET_EXHAUSTED), counts.rejected), (0, 30), "{counts:?}");
}

#[test]
fn a_retry_that_nobody_waits_for_gives_its_place_in_the_budget_back() {
    // `a` fails after 10 ms, the retry is sent at 30 ms and fails at 40 ms. Users give up, and stop what they have asked for, in the backoff, while
    // the retry is under way, while it waits for a place at the pool, and never.
    for (timeout, pool, retries) in [("20ms", "", 0), ("35ms", "", 99), ("35ms", "1", 0), ("1s", "", 99)] {
        let pool = if pool.is_empty() { String::new() } else { "pool: {connections: 1, max_wait: 1s}, ".to_owned() };
        let text = format!(
            "scenario: Retries\nquestion: What comes back?\nrun: {{duration: 100s, warm_up: 0s}}\n\
             load:\n  users: {{to: web.get, arrive: {{constant: {{rate: 1/s}}}}, timeout: {timeout}, cancel: true}}\n\
             \x20 others: {{to: web.long, arrive: {{constant: {{rate: 1/s}}}}}}\n\
             policies: {{p: {{{pool}retry: {{max_attempts: 2, backoff: {{fixed: {{delay: 20ms}}}}, {ONE_AT_A_TIME}}}}}}}\n\
             services:\n  web:\n    workers: 99\n    endpoints:\n\
             \x20     get: {{steps: [{{call: {{to: a.get, policy: p}}}}]}}\n\
             \x20     long: {{steps: [{{wait: 11ms}}, {{call: {{to: a.long, policy: p}}}}]}}\n\
             \x20 a:\n    workers: 99\n    endpoints:\n\
             \x20     get: {{steps: [{{wait: 10ms}}, {{fail: {{outcome: error}}}}]}}\n\
             \x20     long: {{steps: [{{wait: 500ms}}]}}\n"
        );
        let model = read(&text).unwrap_or_else(|report| panic!("{}", report.render(false))).model;
        let run = sim_core::world::simulate(&model, 7, 0);
        let site = model.edges.iter().position(|edge| edge.name == "web->a.get").expect("the call");
        let counts = run.edge(EdgeId::from(site), run.whole());
        assert_eq!((counts.of(&BUDGET_EXHAUSTED), counts.of(&RETRIES)), (0, retries), "{timeout} {pool}");
    }
}

#[test]
fn a_first_attempt_of_a_hedged_call_that_was_turned_away_is_tried_again_too() {
    let counts = found(&format!(
        "{ONE_A_SECOND}, hedge: {{backup: {{after: {{time: 5s}}}}}}, \
         retry: {{max_attempts: 3, outcomes: [rejected], backoff: {{fixed: {{delay: 1500ms}}}}}}"
    ));
    assert_eq!((counts.call_outcomes[0], counts.rejected, counts.attempts), (20, 10, 20), "{counts:?}");
    assert_eq!((counts.of(&RETRIES), counts.of(&HEDGES)), (0, 0), "the first that is sent is neither");
    // Both copies of each call, of which one is let go at once, and the three others in turn, until a call has its answer.
    let both = found(&format!(
        "{ONE_A_SECOND}, hedge: {{speculative: {{copies: 2}}}}, \
         retry: {{max_attempts: 3, outcomes: [rejected], backoff: {{fixed: {{delay: 1500ms}}}}}}"
    ));
    assert_eq!(both.call_outcomes[0], 20, "{both:?}");
    assert_eq!(both.of(&RETRIES), 0, "{both:?}");
}

#[test]
fn what_the_callers_own_doormen_turn_away_is_final_where_the_retry_does_not_hear_them() {
    let retry = |more: &str| {
        format!("retry: {{max_attempts: 4, outcomes: [rejected, error], backoff: {{fixed: {{delay: 1500ms}}}}{more}}}")
    };
    for (what, turned_away) in [
        (ONE_A_SECOND, 10),
        ("concurrency_limit: {bulkhead: {limit: 1, max_wait: 0s}}", 10),
        ("concurrency_limit: {bulkhead: {limit: 1, max_wait: 5ms}}", 10),
        ("pool: {connections: 1, max_wait: 0s}", 10),
        ("breaker: {rate: {state: forced_open}}", 20),
    ] {
        let heard = found(&format!("{what}, {}", retry("")));
        assert!(heard.rejected > turned_away || heard.call_outcomes[0] == 20, "{what}: {heard:?}");
        let final_ = found(&format!("{what}, {}", retry(", turned_away: false")));
        assert_eq!(final_.rejected, turned_away, "{what}: {final_:?}");
        assert_eq!(final_.call_outcomes[Outcome::Rejected as usize], turned_away, "{what}");
        let hedged =
            found(&format!("{what}, {}, hedge: {{backup: {{after: {{time: 5s}}}}}}", retry(", turned_away: false")));
        assert_eq!(hedged.rejected, turned_away, "{what}: {hedged:?}");
    }
    // What the callee turns away is tried again all the same.
    let by_callee = found(&retry(", turned_away: false").replace("retry:", "timeout: 1s, retry:"));
    assert_eq!(by_callee.call_outcomes[0], 20);
}

#[test]
fn envoy_does_not_retry_what_overflows_its_circuit_breakers() {
    for profile in ["envoy", "istio"] {
        let counts = found(&format!(
            "profile: {profile}, retry: {{}}, concurrency_limit: {{bulkhead: {{limit: 1, max_wait: 0s}}}}"
        ));
        assert_eq!((counts.rejected, counts.call_outcomes[0]), (10, 10), "{profile}: {counts:?}");
    }
    let counts = found("profile: resilience4j, retry: {}, concurrency_limit: {bulkhead: {limit: 1}}");
    assert_eq!((counts.rejected, counts.call_outcomes[0]), (10, 20), "{counts:?}");
}
