//! Retries around what turns calls away: the first attempt is tried again as any other, where `outcomes` has `rejected`.

use super::read;
use sim_core::call::retry::RETRIES;
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
