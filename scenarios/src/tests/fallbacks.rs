//! Fallbacks: an answer of the caller's own, the last good answer, another call; and who may not have them.

use super::read;
use sim_core::call::fallback::{NOTHING_KEPT, USED};
use sim_core::data::Wrongness;
use sim_core::ids::EdgeId;
use sim_core::outcome::Outcome;
use sim_core::results::{EdgeCounts, RunResult};

/// One request a second to `web.get`, in which `a.get` fails after 80 ms from 20 s on; `b.get` takes 50 ms.
fn system(call: &str, more: &str) -> String {
    format!(
        "scenario: Fallbacks\nquestion: Who answers?\nrun: {{duration: 100s, warm_up: 10s}}\n\
         load: {{users: {{to: web.get, arrive: {{constant: {{rate: 1/s}}}}}}}}\n\
         services:\n  web: {{workers: 99, endpoints: {{get: {{steps: [{{call: {{to: a.get, {call}}}}}]}}}}}}\n\
         \x20 a: {{workers: 99, endpoints: {{get: {{steps: [{{wait: 80ms}}]}}}}}}\n\
         \x20 b: {{workers: 99, endpoints: {{get: {{steps: [{{wait: 50ms}}]}}, bad: {{steps: [{{fail: {{outcome: error}}}}]}}}}}}\n\
         faults:\n  bad: {{inject: {{fail: {{probability: 100%}}}}, where: {{service: a}}, at: 20s}}\n{more}"
    )
}

struct Found(sim_core::model::Model, RunResult);

impl Found {
    fn of(call: &str, more: &str) -> Self {
        let model = read(&system(call, more)).unwrap_or_else(|report| panic!("{}", report.render(false))).model;
        let run = sim_core::world::simulate(&model, 7, 0);
        Self(model, run)
    }

    fn at(&self, name: &str) -> EdgeCounts {
        let site = self.0.edges.iter().position(|edge| edge.name == name).expect("the call");
        self.1.edge(EdgeId::from(site), self.1.whole())
    }

    /// Requests of the users that were answered in full, were degraded, and failed.
    fn users(&self) -> [u64; 3] {
        let [ok, degraded, failed @ ..] = self.at("users->web.get").outcomes;
        [ok, degraded, failed.iter().sum()]
    }

    /// Mean time of a request that is answered [ms].
    fn mean_ms(&self) -> f64 {
        let counts = self.at("users->web.get");
        counts.latency_sum_ns as f64 / 1e6 / (counts.outcomes[0] + counts.outcomes[1]) as f64
    }
}

impl Found {
    /// Answers of `web.get` that are stale.
    fn stale(&self) -> u64 {
        let site = self.0.edges.iter().position(|edge| edge.name == "users->web.get").map(EdgeId::from);
        let wrong = self.1.slices.iter().flat_map(|slice| &slice.wrong);
        wrong.filter(|(e, k, _)| Some(*e) == site && *k == Wrongness::StaleRead as u8).map(|(.., n)| n.arose).sum()
    }
}

/// What is wrong with a file, but for what nobody calls.
fn problems(text: &str) -> Vec<String> {
    super::problems(text).into_iter().filter(|problem| !problem.contains("no load reaches")).collect()
}

fn near(found: u64, expected: u64) {
    assert!(found.abs_diff(expected) <= 1, "{found} is not {expected}");
}

#[test]
fn another_call_ends_the_call_that_failed() {
    let found = Found::of("fallback: {call: {to: b.get}}", "");
    let (first, other) = (found.at("web->a.get"), found.at("web->b.get"));
    assert_eq!(found.users()[1..], [0, 0], "what the other call has, ok");
    near(first.of(&USED), 80);
    assert_eq!((other.calls, other.call_outcomes[0]), (first.of(&USED), first.of(&USED)));
    assert_eq!(first.call_outcomes.iter().sum::<u64>(), first.calls, "each call has one outcome");
    assert_eq!(first.call_outcomes[0], first.calls);
    near(first.outcomes[Outcome::Error as usize], 80);
    // A failure is at once. 20 of 100 take 80 ms, the others 50 ms.
    assert!((found.mean_ms() - 56.0).abs() < 1.0, "{}", found.mean_ms());
}

#[test]
fn it_takes_its_time_counts_as_what_is_written_and_fails_as_a_call_does() {
    let late = Found::of("fallback: {latency: 100ms, outcome: degraded, call: {to: b.get}}", "");
    assert!((late.mean_ms() - 136.0).abs() < 1.0, "{}", late.mean_ms());
    near(late.users()[1], 80);
    near(late.at("web->a.get").call_outcomes[Outcome::Degraded as usize], 80);
    assert_eq!(late.at("web->b.get").call_outcomes[Outcome::Degraded as usize], 0, "its own answers are ok");
    let fails =
        Found::of("fallback: {call: {to: b.bad, retry: {max_attempts: 3, backoff: {fixed: {delay: 1ms}}}}}", "");
    near(fails.users()[2], 80);
    near(fails.at("web->a.get").call_outcomes[Outcome::Error as usize], 80);
    near(fails.at("web->b.bad").attempts, 240);
    let optional = Found::of("optional: true, fallback: {call: {to: b.bad}}", "");
    near(optional.users()[1], 80);
    // In turn, and only for what it answers.
    let third = Found::of("fallback: {call: {to: b.bad, fallback: {call: {to: b.get}}}}", "");
    assert_eq!(third.users()[1..], [0, 0]);
    near(third.at("web->a.get").call_outcomes[0], 100);
    let other = Found::of("fallback: {outcomes: [timeout], call: {to: b.get}}", "");
    near(other.users()[2], 80);
    assert_eq!(other.at("web->b.get").calls, 0);
}

#[test]
fn the_deadline_goes_on_and_the_total_timeout_does_not() {
    // Of 100 ms 60 have passed when the first call has timed out; the other takes 50 ms. From 20 s on the first fails at once.
    let slow = "fallback: {call: {to: b.get}}, timeout: 60ms";
    let bounded = Found::of(&format!("{slow}, deadline: 100ms"), "");
    let other = bounded.at("web->b.get");
    near(other.calls, 100);
    near(other.call_outcomes[Outcome::Timeout as usize], 20);
    near(other.call_outcomes[0], 80);
    let total = Found::of(&format!("{slow}, total_timeout: 70ms"), "");
    assert_eq!(total.users(), [100, 0, 0]);
    // A deadline binds the call that it is of, and not the next.
    let own = Found::of("timeout: 60ms, deadline: 200ms, fallback: {call: {to: b.get}}", "");
    assert_eq!(own.users(), [100, 0, 0]);
}

#[test]
fn a_copy_of_a_hedged_other_call_has_the_deadline_of_its_own_request() {
    // No deadline passes: the first call fails at once, and the other takes 50 ms of the 300. Frames of requests that have ended are used again.
    for hedge in ["{speculative: {copies: 2}}", "{backup: {after: {time: 20ms}}}", "{tied: {after: {time: 5ms}}}"] {
        let call = format!("deadline: 300ms, fallback: {{call: {{to: b.get, hedge: {hedge}, retry: {{}}}}}}");
        let text = system(&call, "").replace("{constant: {rate: 1/s}}", "{poisson: {rate: 50/s}}");
        let model = read(&text).unwrap_or_else(|report| panic!("{}", report.render(false))).model;
        let run = sim_core::world::simulate(&model, 7, 0);
        let found = Found(model, run);
        let other = found.at("web->b.get");
        assert!(other.calls > 3000 && other.call_outcomes[0] + 10 > other.calls, "{hedge}: {other:?}");
        assert_eq!(other.of(&sim_core::call::deadline::PASSED), 0, "{hedge}");
    }
}

#[test]
fn a_call_whose_other_call_is_never_answered_is_unanswered_too() {
    // The other call is lost, and nothing bounds it: the first call's total timeout is of its own attempts.
    let lost = "  lost: {inject: partition, where: {between: [web, b]}, at: 20s}\n";
    for bound in ["", "total_timeout: 1s, ", "timeout: 1s, total_timeout: 2s, retry: {}, "] {
        let found = Found::of(&format!("{bound}fallback: {{call: {{to: b.get}}}}"), lost);
        let (first, other) = (found.at("web->a.get"), found.at("web->b.get"));
        assert!(other.call_unanswered > 50, "{bound}: {other:?}");
        assert_eq!(first.call_unanswered, other.call_unanswered, "{bound}");
    }
    // A deadline of either ends both.
    for call in ["deadline: 1s, fallback: {call: {to: b.get}}", "fallback: {call: {to: b.get, deadline: 1s}}"] {
        let found = Found::of(call, lost);
        let unanswered = |name: &str| found.at(name).call_unanswered;
        assert_eq!((unanswered("web->a.get"), unanswered("web->b.get")), (0, 0), "{call}");
    }
}

#[test]
fn the_last_good_answer_is_given_until_it_is_too_old() {
    let found = Found::of("fallback: {cached: {max_age: 15s}}", "");
    let first = found.at("web->a.get");
    // The last good answer comes just before 20 s: it serves until 35 s.
    near(first.of(&USED), 15);
    near(first.of(&NOTHING_KEPT), 65);
    let [ok, degraded, failed] = found.users();
    near(ok, 20);
    near(degraded, 15);
    near(failed, 65);
    assert_eq!(found.stale(), first.of(&USED), "each is an answer at which nobody has looked again");
}

#[test]
fn a_process_that_begins_has_kept_nothing_and_each_key_has_its_own_answer() {
    let more = "  again: {inject: restart, where: {service: web}, at: 25s}\n";
    let found = Found::of("fallback: {cached: {max_age: 1h}}", more);
    near(found.at("web->a.get").of(&USED), 5);
    // Ten keys, of which twenty requests of the warm-up and before the fault have seen nearly all.
    let keys = "keys: {item: {uniform: {count: 1k}}}\n";
    let keyed = Found::of("fallback: {cached: {max_age: 1h, key: item}}", keys);
    let first = keyed.at("web->a.get");
    assert!(first.of(&USED) < 8, "{} of 80 requests ask for one of thirty keys in a thousand", first.of(&USED));
    near(first.of(&USED) + first.of(&NOTHING_KEPT), 80);
}

#[test]
fn policies_and_defaults_bring_fallbacks_which_do_not_fall_back_on_themselves() {
    let policy = "policies: {p: {timeout: 1s, fallback: {call: {to: b.get, policy: p}}}}\n";
    let found = Found::of("policy: p", policy);
    assert_eq!(found.users(), [100, 0, 0]);
    assert_eq!(found.0.edges.len(), 3, "one other call for each call");
    let defaults = Found::of("timeout: 1s", "defaults: {call: {fallback: {call: {to: b.bad, fallback: {}}}}}\n");
    near(defaults.users()[1], 80);
    let kept = Found::of("timeout: 1s", "defaults: {call: {fallback: {cached: {max_age: 1h}}}}\n");
    near(kept.users()[1], 80);
}

#[test]
fn what_a_fallback_cannot_do_is_refused_where_it_is_written() {
    let told = |call: &str, more: &str| problems(&system(call, more));
    for (call, more, what) in [
        ("fallback: {call: {to: c.get}}", "", "c"),
        ("policy: p", "policies: {p: {fallback: {call: {to: b.none}}}}\n", "no endpoint called \"none\""),
        ("fallback: {call: {to: b.get, policy: q}}", "", "q"),
        ("fallback: {cached: {max_age: 1m, key: item}}", "", "item"),
        ("fallback: {cached: {max_age: 1m}, call: {to: b.get}}", "", "answers in one way"),
        ("fallback: {outcomes: [ok]}", "", "need no fallback"),
        ("fallback: {call: {to: b.get, timeout: 0s}}", "", "lets every call fail"),
    ] {
        let all = told(call, more);
        assert!(all.len() == 1 && all[0].contains(what), "{call} {more}: {all:?}");
    }
    // Users keep nothing, and know no other address.
    for fallback in ["{cached: {max_age: 1m}}", "{call: {to: b.get}}"] {
        let own = system("", "").replace("rate: 1/s}}", &format!("rate: 1/s}}}}, fallback: {fallback}"));
        let all = problems(&own);
        assert!(all.len() == 1 && all[0].contains("a caller that is no service"), "{all:?}");
    }
    let of_all = system("", "defaults: {call: {fallback: {cached: {max_age: 1m}}}}\n");
    assert_eq!(problems(&of_all), [""; 0], "the defaults of all calls leave users without");
}

#[test]
fn an_endpoint_may_reach_itself_through_a_fallback_and_something_has_to_end_that() {
    let text = |workers: &str, more: &str| {
        system(&format!("fallback: {{call: {{to: web.get{more}}}}}"), "")
            .replace("web: {workers: 99", &format!("web: {{workers: {workers}"))
    };
    assert_eq!(problems(&text("99", "")), [""; 0]);
    // One request takes all workers, and its last call waits for one forever: the users after it are not answered.
    let of = |text: &str| {
        let model = read(text).unwrap_or_else(|report| panic!("{}", report.render(false))).model;
        let run = sim_core::world::simulate(&model, 7, 0);
        Found(model, run)
    };
    let stuck = of(&text("99", ""));
    assert!(stuck.1.stopped.is_none());
    near(stuck.users()[0], 20);
    assert_eq!(stuck.at("users->web.get").unanswered, 70, "{:?}", stuck.at("users->web.get"));
    // A limit ends it: of each request, the other call of the other call is turned away.
    let limited = of(&text("99", ", concurrency_limit: {bulkhead: {limit: 5}}, timeout: 1s"));
    near(limited.users()[2], 80);
    assert!(limited.at("web->web.get").attempts <= 81 * 5, "{:?}", limited.at("web->web.get"));
    // Nothing ends it but the bounds of the run.
    let endless = of(&text("unlimited", ""));
    assert!(endless.1.stopped.is_some());
}

#[test]
fn a_lookup_needs_no_fallback() {
    let cache = "caches: {kept: {contents: {fixed: {hit_ratio: 50%}}, steps: [{work: 1ms}]}}\n";
    let steps = |policy: &str| {
        system("", &format!("{cache}policies: {{p: {{{policy}}}}}\n"))
            .replace("{call: {to: a.get, }}", "{lookup: {cache: kept, policy: p, miss: [{call: {to: a.get}}]}}")
    };
    assert_eq!(problems(&steps("timeout: 1s")), [""; 0]);
    for key in ["fallback: {}", "optional: true", "fallback: {call: {to: b.get}}"] {
        let all = problems(&steps(key));
        assert!(all.len() == 1 && all[0].contains("says nothing of a lookup"), "{key}: {all:?}");
    }
    let of_all = steps("timeout: 1s") + "defaults: {call: {optional: true, fallback: {call: {to: b.get}}}}\n";
    assert_eq!(problems(&of_all), [""; 0], "what all calls have is no mistake of the lookup");
}
