//! Deadlines: what is handed on, what is cut, and what has none.

use super::{problems, read};
use sim_core::call::deadline::PASSED;
use sim_core::ids::EdgeId;
use sim_core::outcome::Outcome;
use sim_core::results::{EdgeCounts, RunResult};

/// One request a second to `a.get`, with these settings of the users and these steps of `a`; `b.get` takes 3 s, `b.quick` 10 ms.
fn system(users: &str, steps: &str) -> String {
    format!(
        "scenario: Deadlines\nquestion: Until when?\nrun: {{duration: 100s, warm_up: 10s}}\n\
         load: {{users: {{to: a.get, arrive: {{constant: {{rate: 1/s}}}}, {users}}}}}\n\
         services:\n  a: {{workers: 99, endpoints: {{get: {{steps: [{steps}]}}}}}}\n\
         \x20 b: {{workers: 99, endpoints: {{get: {{steps: [{{wait: 3s}}]}}, quick: {{steps: [{{wait: 10ms}}]}}}}}}\n\
         queues: {{jobs: {{consumers: {{work: {{to: b.get}}}}}}}}\n"
    )
}

struct Found(sim_core::model::Model, RunResult);

impl Found {
    fn of(users: &str, steps: &str) -> Self {
        let model = read(&system(users, steps)).unwrap_or_else(|report| panic!("{}", report.render(false))).model;
        let run = sim_core::world::simulate(&model, 7, 0);
        Self(model, run)
    }

    fn at(&self, name: &str) -> EdgeCounts {
        let site = self.0.edges.iter().position(|edge| edge.name == name).expect("the call");
        self.1.edge(EdgeId::from(site), self.1.whole())
    }

    /// Mean time of an instance's requests [ms].
    fn inside_ms(&self, service: u32) -> f64 {
        let of = self.1.service(sim_core::ids::ServiceId(service), self.1.whole());
        of.in_system_ns as f64 / 1e6 / of.left as f64
    }
}

fn timeouts(counts: &EdgeCounts) -> u64 {
    counts.call_outcomes[Outcome::Timeout as usize]
}

#[test]
fn what_is_below_a_deadline_ends_with_it() {
    // `a` works for 400 ms, and its call has the 600 ms that are left.
    let found = Found::of("deadline: 1s", "{wait: 400ms}, {call: {to: b.get, cancel: true}}");
    let (users, below) = (found.at("users->a.get"), found.at("a->b.get"));
    assert_eq!((timeouts(&users), timeouts(&below)), (100, 100));
    assert!((found.inside_ms(0) - 1000.0).abs() < 15.0, "{}", found.inside_ms(0));
    assert!((found.inside_ms(1) - 600.0).abs() < 15.0, "cancelled at the deadline: {}", found.inside_ms(1));
    // Without one the call is answered.
    let without = Found::of("timeout: 9s", "{wait: 400ms}, {call: {to: b.get, cancel: true}}");
    assert_eq!(timeouts(&without.at("users->a.get")), 0);
}

#[test]
fn a_shorter_timeout_counts_and_a_longer_one_does_not() {
    for (timeout, inside) in [("200ms", 600.0), ("5s", 1000.0)] {
        let found = Found::of("deadline: 1s", &format!("{{wait: 400ms}}, {{call: {{to: b.get, timeout: {timeout}}}}}"));
        assert!((found.inside_ms(0) - inside).abs() < 15.0, "{timeout}: {}", found.inside_ms(0));
    }
}

#[test]
fn a_call_of_its_own_deadline_is_bounded_by_both_and_the_next_call_by_the_first_alone() {
    let optional = "{call: {to: b.get, deadline: 300ms, optional: true}}, {call: {to: b.get}}";
    let found = Found::of("deadline: 1s", optional);
    let first = found.at("a->b.get");
    assert_eq!(first.call_outcomes[Outcome::Degraded as usize], 100, "the first does no harm");
    assert_eq!(timeouts(&found.at("users->a.get")), 100);
    assert!((found.inside_ms(0) - 1000.0).abs() < 15.0, "{}", found.inside_ms(0));
    let later = Found::of("deadline: 200ms", "{call: {to: b.get, deadline: 300ms}}");
    assert!((later.inside_ms(0) - 200.0).abs() < 5.0, "{}", later.inside_ms(0));
}

#[test]
fn a_call_without_time_left_is_not_sent() {
    let found = Found::of("deadline: 1s", "{wait: 1500ms}, {call: {to: b.quick}}");
    let below = found.at("a->b.quick");
    assert_eq!((below.attempts, timeouts(&below)), (0, below.calls));
    assert!(below.of(&PASSED) >= 99);
}

#[test]
fn retries_end_with_the_deadline() {
    let retries = "{call: {to: b.get, timeout: 90ms, retry: {max_attempts: 100, backoff: {fixed: {delay: 10ms}}}}}";
    let found = Found::of("deadline: 1s", retries);
    // Attempts begin every 100 ms, the last at 900 ms.
    assert_eq!(found.at("a->b.get").attempts, 1000);
    // Retries of the users themselves have a deadline together.
    let users = Found::of(
        "deadline: 1s, timeout: 300ms, retry: {max_attempts: 9, backoff: {fixed: {delay: 0s}}}",
        "{call: {to: b.get}}",
    );
    assert_eq!(users.at("users->a.get").attempts, 400);
}

#[test]
fn what_nobody_waits_for_has_no_deadline() {
    let found = Found::of("deadline: 1s", "{background: [{wait: 2s}, {call: {to: b.quick}}]}, {call: {to: jobs.send}}");
    let background = found.at("a->b.quick");
    assert_eq!((background.of(&PASSED), timeouts(&background)), (0, 0));
    assert!(background.call_outcomes[0] > 95);
    assert!(found.at("jobs->b.get").call_outcomes[0] > 95, "messages are worked on for three seconds");
}

#[test]
fn branches_and_copies_are_bounded_too() {
    let found = Found::of("deadline: 1s", "{parallel: {branches: [{call: {to: b.get}}, {wait: 5ms}]}}");
    assert!((found.inside_ms(0) - 1000.0).abs() < 15.0, "{}", found.inside_ms(0));
    let hedged = Found::of("deadline: 1s", "{call: {to: b.get, hedge: {backup: {after: {time: 500ms}}}}}");
    assert!((hedged.inside_ms(0) - 1000.0).abs() < 15.0, "{}", hedged.inside_ms(0));
    assert_eq!(timeouts(&hedged.at("a->b.get")), 100);
}

#[test]
fn a_deadline_of_zero_is_refused() {
    let found = problems(&system("deadline: 0s", "{wait: 1ms}"));
    assert!(found.iter().any(|p| p.contains("0s: a deadline of zero lets every call fail")), "{found:?}");
}

#[test]
fn a_deadline_ends_a_wait_and_an_order_by_deadlines_needs_one() {
    let says = |text: &str, what: &str| problems(text).iter().any(|p| p.contains(what));
    let crash = "faults: {f: {inject: {crash: {callers_see: silence}}, where: {service: b}, at: 10s, for: 5s}}\n";
    let with = |users: &str| system(users, "{call: {to: b.quick}}") + crash;
    let forever = "a call without timeout waits for b.quick forever";
    assert!(says(&with("timeout: 3s"), forever) && !says(&with("deadline: 3s"), forever));
    let ordered =
        |users: &str| with(users).replace("b: {workers: 99,", "b: {workers: 99, queue: {discipline: deadline},");
    let none = "no request that comes to b has a deadline";
    assert!(says(&ordered("timeout: 3s"), none) && !says(&ordered("deadline: 3s"), none));
}
