//! Lookups of names: who fails, after how long, and who goes on by what he knows.

use super::{between, close, problems, run};
use sim_core::ids::EdgeId;
use sim_core::outcome::Outcome;
use sim_core::results::{EdgeCounts, RunResult, Span};

/// Callers `web` of a service `db`, each ten times a second, and a fault on names from 100 s on.
fn ran(call: &str, dns: &str, more: &str) -> RunResult {
    let text = format!(
        "scenario: Names\nquestion: Who knows where?\nrun: {{duration: 200s, warm_up: 0s}}\n\
         load: {{users: {{to: web.get, arrive: {{constant: {{rate: 500/s}}}}, balance: round_robin}}}}\n\
         services:\n  web: {{instances: 50, workers: unlimited, endpoints: {{get: {{steps: [{{call: {{to: db.get{call}}}}}]}}}}}}\n  \
         db: {{workers: unlimited, endpoints: {{get: {{steps: [{{wait: 1ms}}]}}}}}}\n\
         faults:\n  f: {{inject: {{dns: {dns}}}, where: {{service: db}}, at: 100s}}\n{more}"
    );
    run(&text).1
}

fn calls(run: &RunResult, span: Span) -> EdgeCounts {
    run.edge(EdgeId(0), span)
}

fn share(run: &RunResult, span: Span, outcome: Outcome) -> f64 {
    let counts = calls(run, span);
    counts.outcomes[outcome as usize] as f64 / counts.ended() as f64
}

#[test]
fn a_share_of_lookups_fails_after_its_time_and_the_others_as_if_nothing_were() {
    let run = ran("", "{probability: 30%, takes: 5s, ttl: 0s}", "");
    assert_eq!(share(&run, between(0, 100), Outcome::Ok), 1.0);
    assert_eq!(share(&run, between(100, 104), Outcome::Ok), 1.0, "who fails does not know it yet");
    close(share(&run, between(105, 200), Outcome::Unreachable), 0.3, 0.01, "share");
    let counts = calls(&run, run.whole());
    close(counts.latency_sum_ns as f64 / counts.outcomes[0] as f64 / 1e6, 1.0, 1e-9, "ms of those that are answered");
    // A caller that does not wait so long sees a timeout.
    let run = ran(", timeout: 1s", "{probability: 30%, ttl: 0s}", "");
    close(share(&run, between(102, 200), Outcome::Timeout), 0.3, 0.01, "share");
    // An error at once.
    let run = ran("", "{probability: 30%, takes: 0s, ttl: 0s}", "");
    close(share(&run, between(100, 200), Outcome::Unreachable), 0.3, 0.01, "share");
}

/// Answers of 50 callers are of any age up to 40 s: after 10 s a quarter of the callers have none that is good.
#[test]
fn callers_go_on_by_what_they_know_until_it_expires() {
    let run = ran("", "{takes: 0s, ttl: 40s}", "");
    for (from, expected) in [(100, 0.125), (110, 0.375), (120, 0.625), (130, 0.875), (140, 1.0)] {
        close(share(&run, between(from, from + 10), Outcome::Unreachable), expected, 0.16, "share");
    }
    assert_eq!(share(&run, between(140, 200), Outcome::Unreachable), 1.0);
    // Half of all lookups fail, and ten calls a second find one that does not: nearly nobody notices.
    let run = ran("", "{probability: 50%, takes: 0s, ttl: 10s}", "");
    let failing = share(&run, between(110, 200), Outcome::Unreachable);
    close(failing, 1.0 / 102.0, 0.002, "one on average before one that succeeds, of 100 calls in 10 s");
}

#[test]
fn an_instance_that_starts_again_knows_nothing() {
    let restart = "  r: {inject: restart, where: {service: web, instances: [0, 1, 2, 3, 4]}, at: 110s}\n";
    let run = ran("", "{takes: 0s, ttl: 30d}", restart);
    assert_eq!(share(&run, between(100, 110), Outcome::Unreachable), 0.0);
    close(share(&run, between(111, 200), Outcome::Unreachable), 0.1, 1e-3, "five of fifty");
}

#[test]
fn a_connection_that_is_open_needs_no_name() {
    let failing = |pool: &str| {
        let run = ran(&format!(", pool: {{connections: 5{pool}}}"), "{takes: 0s, ttl: 0s}", "");
        // What had opened a connection before is done by then.
        share(&run, between(101, 200), Outcome::Unreachable)
    };
    close(failing(""), 0.0, 1e-9, "connections stay open");
    close(failing(", idle_for: 0s"), 1.0, 1e-9, "each attempt opens one");
    close(failing(", idle_for: 0s, connect: 5ms"), 1.0, 1e-9, "which takes time");
}

#[test]
fn a_lookup_that_takes_time_holds_up_those_who_have_no_answer() {
    let run = ran("", "{probability: 0%, delay: 2s, ttl: 0s}", "");
    let counts = calls(&run, between(110, 200));
    close(counts.latency_sum_ns as f64 / counts.outcomes[0] as f64 / 1e6, 2001.0, 1e-6, "ms");
}

#[test]
fn names_are_those_of_services_as_somebody_sees_them() {
    let two = |target: &str| {
        let text = format!(
            "scenario: Names\nquestion: Whose?\nrun: {{duration: 50s, warm_up: 0s}}\n\
             load:\n  one: {{to: a.get, arrive: {{constant: {{rate: 10/s}}}}}}\n  two: {{to: b.get, arrive: {{constant: {{rate: 10/s}}}}}}\n\
             services:\n  a: {{workers: 9, endpoints: {{get: {{steps: [{{call: {{to: db.get}}}}]}}}}}}\n  b: {{workers: 9, endpoints: {{get: {{steps: [{{call: {{to: db.get}}}}]}}}}}}\n  \
             db: {{instances: 2, workers: 9, endpoints: {{get: {{steps: [{{wait: 1ms}}]}}}}}}\n\
             faults: {{f: {{inject: {{dns: {{takes: 0s, ttl: 0s}}}}, where: {target}}}}}\n"
        );
        text
    };
    let failed = |target: &str| {
        let (model, run) = run(&two(target));
        let of = |name: &str| {
            let site = model.edges.iter().position(|edge| edge.name == name).expect("the call");
            run.edge(EdgeId::from(site), run.whole()).outcomes[Outcome::Unreachable as usize] > 0
        };
        (of("a->db.get"), of("b->db.get"), of("one->a.get"))
    };
    // Callers of those who fail see an error of theirs, and no name that is not found.
    assert_eq!(failed("{service: db}"), (true, true, false));
    assert_eq!(failed("{from: a, to: db}"), (true, false, false));
    assert_eq!(failed("{to: a}"), (false, false, true));
    for wrong in
        ["{service: db, count: 1}", "{service: db, instances: [0]}", "{between: [a, db]}", "{from: a, to: db.get}"]
    {
        let found = problems(&two(wrong));
        assert!(found.iter().any(|p| p.contains("a name is that of a whole service")), "{wrong}: {found:?}");
    }
    let found = problems(&two("{service: db}").replace("takes: 0s, ttl: 0s", "probability: 0%"));
    assert!(found.iter().any(|p| p.contains("no lookup fails and none takes time")), "{found:?}");
}
