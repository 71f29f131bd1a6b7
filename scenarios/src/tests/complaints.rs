//! Complaints of users: how many come, when, and of whom.

use super::{problems, read, run};
use sim_core::engine::math;
use sim_core::expression::Value;
use sim_core::ids::EdgeId;
use sim_core::judge::RunMetrics;
use sim_core::results::RunResult;
use sim_core::workload::complaints::COMPLAINTS;

/// Every request of the second minute fails; nothing else hurts.
fn text(load: &str, rest: &str) -> String {
    format!(
        "scenario: Complaints\nquestion: Who complains?\nrun: {{duration: 5m, warm_up: 10s, seed: 8}}\n\
         load: {{users: {{to: web.get, arrive: {{poisson: {{rate: 100/s}}}}, {load}}}}}\n\
         services: {{web: {{workers: unlimited, endpoints: {{get: {{steps: [{{work: {{exponential: {{mean: 100ms}}}}}}]}}}}}}}}\n\
         faults: {{bad: {{inject: {{fail: {{probability: 100%}}}}, where: {{service: web}}, at: 1m, for: 1m}}}}\n{rest}"
    )
}

/// Complaints between two times [s].
fn between(run: &RunResult, from_s: i64, to_s: i64) -> f64 {
    let span = super::between(from_s, to_s);
    run.edge(EdgeId(0), span).of(&COMPLAINTS) as f64
}

fn ran(load: &str) -> RunResult {
    run(&text(load, "")).1
}

/// Of the 6,000 requests that fail 20 % are complained of, each 90 s after it failed.
#[test]
fn those_who_are_hurt_complain_as_often_and_as_late_as_is_written() {
    let run = ran("complaints: {share: 20%, after: 90s}");
    let all = between(&run, 0, 300);
    assert!((all - 1200.0).abs() < 4.0 * 1200_f64.sqrt(), "{all}");
    assert_eq!(between(&run, 0, 150) + between(&run, 220, 300), 0.0, "before the first and after the last");
    // After an exponential time of mean 60 s, by the end of the minute of failures the share e^-1 = 37 % of its complaints have come.
    let run = ran("complaints: {share: 100%, after: {exponential: {mean: 60s}}}");
    let share = between(&run, 0, 120) / 6000.0;
    assert!((share - 0.37).abs() < 0.03, "{share}");
}

/// A retry that saves the request hurts nobody, and a complaint is one of the user and not of his attempts.
#[test]
fn a_request_is_complained_of_once_and_only_if_it_fails_for_good() {
    let run = ran("complaints: {share: 100%, after: 1s}, retry: {max_attempts: 3}");
    let failed: u64 = run.slices.iter().flat_map(|s| &s.edges).map(|e| e.call_outcomes[2..].iter().sum::<u64>()).sum();
    assert_eq!(between(&run, 0, 300), failed as f64);
}

/// An answer takes longer than 300 ms, three times the mean, with the chance e^-3.
#[test]
fn slow_answers_hurt_where_it_is_written() {
    let run = ran("complaints: {share: 100%, after: 0s, slower_than: 300ms}");
    let share = between(&run, 0, 60) / 6000.0;
    assert!((share / math::exp(-3.0) - 1.0).abs() < 0.2, "{share}");
    let run = ran("complaints: {share: 100%, after: 0s}");
    assert_eq!(between(&run, 0, 60), 0.0);
}

#[test]
fn wrong_answers_hurt_too() {
    let wrong = text("complaints: {share: 100%, after: 0s}", "")
        .replace("inject: {fail: {probability: 100%}}", "inject: {wrong: {kind: corrupt_record, probability: 50%}}");
    let (_, run) = run(&wrong);
    let all = between(&run, 0, 300);
    assert!((all - 3000.0).abs() < 250.0, "{all}");
}

/// The alert has its first complaints half a minute after the fault begins, and reads them every 5 s.
#[test]
fn an_alert_that_reads_complaints_is_as_late_as_users_are() {
    let alerts = "control: {telemetry: {all: {every: 5s}}, alerts: {told: {when: complaints(users) over 10s >= 1, finds: bad}}}\n";
    let detected = |after: &str| {
        let text = text(&format!("complaints: {{share: 20%, after: {after}}}"), alerts);
        let (loaded, (model, run)) = (read(&text).unwrap(), run(&text));
        let metrics = RunMetrics::new(&run, &model, &loaded.names);
        Value::parse("time_to_detect(bad)").unwrap().in_run(&|_| Some(&metrics)).unwrap()
    };
    let late = detected("30s");
    assert!((30.0..42.0).contains(&late), "{late}");
    let at_once = detected("0s");
    assert!(at_once < 12.0, "{at_once}");
}

/// Whoever complains, the system does the same: no draw moves, and no answer.
#[test]
fn complaints_change_nothing_but_their_count() {
    let with = ran("timeout: 5s, complaints: {share: 20%, after: 5s}");
    let without = ran("timeout: 5s");
    assert_eq!(with.digest, without.digest);
    assert!(between(&with, 0, 300) > 0.0 && between(&without, 0, 300) == 0.0);
}

#[test]
fn nobody_complains_or_no_time_is_an_error() {
    let says = |complaints: &str| problems(&text(&format!("complaints: {{{complaints}}}"), "")).join("\n");
    assert!(says("share: 0%, after: 1m").contains("nobody complains"), "{}", says("share: 0%, after: 1m"));
    assert!(says("share: 5%, after: 1m, slower_than: 0s").contains("every answer takes longer than no time"));
    assert!(says("share: 5%").contains("after"), "it has to be said how late they are");
    let asked = problems(&text("timeout: 1s", "expect: [complaints(users) < 5]\n")).join("\n");
    assert!(asked.contains("no user of users complains"), "{asked}");
}
