//! Clocks that are wrong, and the deadlines that are read by them.

use super::{between, problems, read};
use sim_core::call::deadline::REFUSED;
use sim_core::ids::EdgeId;
use sim_core::model::Model;
use sim_core::outcome::Outcome;
use sim_core::results::{EdgeCounts, RunResult, Span};

/// One request a second to `a.get`, which calls `b.get` with these settings; that waits for a second, and calls `c.get`. A fault strikes from 100 s
/// on.
fn system(call: &str, fault: &str) -> String {
    format!(
        "scenario: Clocks\nquestion: What time is it?\nrun: {{duration: 1000s, warm_up: 0s}}\n\
         load: {{users: {{to: a.get, timeout: 60s, arrive: {{constant: {{rate: 1/s}}}}}}}}\n\
         services:\n  a: {{workers: unlimited, endpoints: {{get: {{steps: [{{call: {{to: b.get, {call}}}}}]}}}}}}\n\
         \x20 b: {{workers: unlimited, endpoints: {{get: {{steps: [{{wait: 1s}}, {{call: {{to: c.get, deadline_as: timestamp}}}}]}}}}}}\n\
         \x20 c: {{workers: unlimited, endpoints: {{get: {{steps: [{{wait: 1s}}]}}}}}}\n\
         faults: {{{fault}}}\n"
    )
}

fn skew(name: &str, service: &str, settings: &str) -> String {
    format!("{name}: {{inject: {{clock_skew: {{{settings}}}}}, where: {{service: {service}}}, at: 100s}}")
}

struct Found(Model, RunResult);

impl Found {
    fn of(call: &str, fault: &str) -> Self {
        let model = read(&system(call, fault)).unwrap_or_else(|report| panic!("{}", report.render(false))).model;
        let run = sim_core::world::simulate(&model, 7, 0);
        Self(model, run)
    }

    fn at(&self, name: &str, span: Span) -> EdgeCounts {
        let site = self.0.edges.iter().position(|edge| edge.name == name).expect("the call");
        self.1.edge(EdgeId::from(site), span)
    }

    /// Of the calls of `b` and of `c` that begin between two seconds: how many were refused, and what came of the call of `b`.
    fn between(&self, from: i64, to: i64) -> (u64, u64, [u64; Outcome::ALL.len()]) {
        let span = between(from, to);
        let (of_b, of_c) = (self.at("a->b.get", span), self.at("b->c.get", span));
        (of_b.of(&REFUSED), of_c.of(&REFUSED), of_b.call_outcomes)
    }
}

const TIMESTAMP: &str = "deadline: 10s, deadline_as: timestamp";

#[test]
fn a_clock_that_is_ahead_refuses_what_has_come_in_time() {
    let found = Found::of(TIMESTAMP, &skew("f", "b", "offset: 11s"));
    assert_eq!(found.between(10, 90).2[Outcome::Ok as usize], 80, "none is refused");
    let (refused, _, outcomes) = found.between(200, 300);
    assert_eq!((refused, outcomes[Outcome::Timeout as usize]), (100, 100));
    // A second less than the deadline does no harm to a request that takes no longer.
    let found = Found::of(TIMESTAMP, &skew("f", "b", "offset: 7s"));
    assert_eq!(found.between(200, 300).2[Outcome::Ok as usize], 100);
    // The time that is left by the wrong clock counts for the calls below: they are given up on, 2.5 s after the request came.
    let short = Found::of(TIMESTAMP, &skew("f", "b", "offset: 8.5s"));
    assert_eq!(short.at("b->c.get", between(200, 300)).call_outcomes[Outcome::Timeout as usize], 100);
    // Sent as a duration, it needs no clock.
    let duration = Found::of("deadline: 10s", &skew("f", "b", "offset: 1h"));
    assert_eq!(duration.between(200, 300).0, 0);
}

#[test]
fn a_clock_that_is_behind_goes_on_for_a_caller_who_has_gone() {
    // `b` is asked for two seconds of work, and has one and a half.
    let at_c = |fault: &str| {
        let found = Found::of("deadline: 1.5s, deadline_as: timestamp", fault);
        let of_c = found.at("b->c.get", between(200, 300));
        (of_c.call_outcomes[Outcome::Ok as usize], of_c.call_outcomes[Outcome::Timeout as usize])
    };
    let right = "f: {inject: crash, where: {service: a}, at: 999s}";
    assert_eq!(at_c(right), (0, 100), "the call below ends with the deadline");
    assert_eq!(at_c(&format!("{}, {}", skew("f", "b", "offset: -5s"), skew("g", "c", "offset: -5s"))), (100, 0));
}

#[test]
fn equal_clocks_agree_whatever_they_say() {
    for offset in ["offset: 1h", "offset: -1h", "drift: 1ms/s"] {
        let all = ["a", "b", "c"].map(|service| skew(service, service, offset)).join(", ");
        let found = Found::of(TIMESTAMP, &all);
        assert_eq!(found.between(200, 900).2[Outcome::Ok as usize], 700, "{offset}");
    }
}

#[test]
fn offsets_of_two_faults_add_up_and_end_with_them() {
    let two = format!(
        "{}, {}",
        skew("f", "b", "offset: 6s").replace("at: 100s", "at: 100s, for: 500s"),
        skew("g", "b", "offset: 5s").replace("at: 100s", "at: 300s, for: 500s")
    );
    let found = Found::of(TIMESTAMP, &two);
    let refused = |from, to| found.between(from, to).0;
    assert_eq!([refused(110, 290), refused(310, 590), refused(610, 790), refused(810, 990)], [0, 280, 0, 0]);
}

#[test]
fn drift_reaches_a_deadline_when_arithmetic_says_so() {
    // 20 ms a second are 10 s after 500 s: the clock has gained the whole deadline at 600 s.
    let found = Found::of(TIMESTAMP, &skew("f", "b", "drift: 20ms/s"));
    let refused = |from, to| found.between(from, to).0;
    assert_eq!([refused(100, 595), refused(605, 1000)], [0, 395]);
    // With an offset it comes as much sooner: 4 s and 20 ms a second are 10 s after 300 s.
    let found = Found::of(TIMESTAMP, &skew("f", "b", "offset: 4s, drift: 20ms/s"));
    let refused = |from, to| found.between(from, to).0;
    assert_eq!([refused(100, 395), refused(405, 1000)], [0, 595]);
}

#[test]
fn what_comes_too_late_is_refused_by_a_right_clock_too() {
    // A second in the queue of the only worker for each request that is there before: the deadline is over when it begins.
    let text = system("deadline: 2.5s, deadline_as: timestamp", "")
        .replace("  b: {workers: unlimited", "  b: {workers: 1")
        .replace("rate: 1/s", "rate: 2/s")
        .replace("faults: {}", "");
    let loaded = read(&text).unwrap_or_else(|report| panic!("{}", report.render(false)));
    let run = sim_core::world::simulate(&loaded.model, 7, 0);
    let found = Found(loaded.model, run);
    let of_b = found.at("a->b.get", between(100, 900));
    assert!(of_b.of(&REFUSED) > 300, "{}", of_b.of(&REFUSED));
}

#[test]
fn clocks_that_nobody_reads_are_told_of() {
    let found = |call: &str, fault: &str| {
        let text = system(call, fault).replace("{to: c.get, deadline_as: timestamp}", "{to: c.get}");
        let all = problems(&text).into_iter().filter(|problem| !problem.contains("a call without timeout"));
        all.map(|problem| problem.split_once(": ").map_or_else(String::new, |(_, what)| what.to_owned()))
            .collect::<Vec<String>>()
    };
    let nobody = ["nothing here reads the clocks that are wrong"];
    assert_eq!(found("deadline: 1s", &skew("f", "b", "offset: 2s")), nobody);
    assert_eq!(found(TIMESTAMP, &skew("f", "c", "offset: 2s")), nobody);
    assert_eq!(found(TIMESTAMP, &skew("f", "a", "offset: 2s")), Vec::<String>::new());
    assert_eq!(found(TIMESTAMP, &skew("f", "b", "")), ["a clock without offset and drift is right"]);
    let ramp = found(TIMESTAMP, &skew("f", "b", "offset: 2s").replace("at: 100s", "at: 100s, ramp: 10s"));
    assert_eq!(ramp, ["an offset that grows is a `drift`"]);
    let messages = found(TIMESTAMP, "f: {inject: {clock_skew: {offset: 2s}}, where: {from: a, to: b}}");
    assert_eq!(messages, ["clock_skew strikes instances, not messages on their way"]);
}

#[test]
fn a_call_without_a_deadline_has_no_time_to_send() {
    let text = system("deadline: 1s", "")
        .replace("faults: {}", "")
        .replace("{call: {to: b.get, deadline: 1s}}", "{call: {to: b.get}}");
    let warned = problems(&text);
    assert!(warned.iter().any(|w| w.ends_with("this call has no deadline that could be sent as a time")), "{warned:?}");
}
