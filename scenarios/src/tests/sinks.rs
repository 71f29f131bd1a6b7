//! What is between recording and reading: a sink that is slow or dead, and what must never leave.

use super::{between, problems, run};
use sim_core::ids::EdgeId;
use sim_core::model::Model;
use sim_core::results::{Course, PipelineCounts, RunResult};

/// 100 requests a second that all fail from 5 min on, seen through a pipeline.
fn seen(pipeline: &str, beside: &str) -> (Model, RunResult) {
    run(&format!(
        "scenario: Seen\nquestion: When?\nrun: {{duration: 10m, warm_up: 0s}}\n\
         load: {{users: {{to: api.get, arrive: {{constant: {{rate: 100/s}}}}}}}}\n\
         services: {{api: {{instances: 2, workers: 50, endpoints: {{get: {{steps: [{{work: 10ms}}]}}}}}}}}\n\
         control: {{telemetry: {{all: {{every: 10s{pipeline}}}}}, alerts: {{errors: {{when: error_rate(api.get) > 50%}}}}}}\n\
         faults: {{bad: {{inject: fail, where: {{service: api}}, at: 5m}}{beside}}}\n"
    ))
}

fn fired_s(run: &RunResult) -> Option<f64> {
    run.alerts[0].first().map(|span| span.from_ns as f64 / 1e9)
}

fn records(run: &RunResult) -> PipelineCounts {
    run.slices.iter().fold(PipelineCounts::default(), |sum, slice| PipelineCounts {
        records: sum.records + slice.pipelines[0].records,
        dropped: sum.dropped + slice.pipelines[0].dropped,
        leaked: sum.leaked + slice.pipelines[0].leaked,
    })
}

#[test]
fn a_sink_that_keeps_up_changes_nothing_that_is_seen() {
    let (_, without) = seen("", "");
    let (_, with) = seen(", sink: {rate: 1k/s, capacity: 10k}", "");
    assert_eq!(fired_s(&without), Some(310.0));
    assert_eq!(fired_s(&with), Some(310.0));
    assert!(without.slices.iter().all(|slice| slice.pipelines.is_empty()), "nothing is counted that nobody asks for");
    let counts = records(&with);
    assert!(counts.dropped == 0 && counts.leaked == 0 && (58_000..=60_000).contains(&counts.records), "{counts:?}");
}

/// With series of instances 100/s of requests are 125/s of records, of which a sink of 100/s leaves 25/s: after 310 s that is 77 s late.
#[test]
fn a_sink_that_is_too_slow_shows_everything_late() {
    let (_, found) = seen(", sink: {rate: 100/s, capacity: 1M, series: 125}", "");
    let at_s = fired_s(&found).unwrap();
    // The scrape of 5:10 ends with the 38 750th record.
    assert!((387.5..=397.5).contains(&at_s), "{at_s}");
}

#[test]
fn while_a_sink_is_dead_nothing_is_seen_and_no_request_waits() {
    let dead = ", dead: {inject: crash, where: {control: all}, at: 4m50s, for: 2m}";
    let (_, found) = seen(", sink: {rate: 10k/s, capacity: 5k}", dead);
    // It lives again at 6:50; the queue holds 50 s, of which 40 s are of the fault.
    let at_s = fired_s(&found).unwrap();
    assert!((410.0..=420.0).contains(&at_s), "{at_s}");
    let counts = records(&found);
    assert!((5_500..=7_500).contains(&counts.dropped), "{counts:?}");
    let (_, calm) = seen("", "");
    let latency = |run: &RunResult| run.edge(EdgeId(0), between(0, 300)).latency_sum_ns;
    assert_eq!(latency(&found), latency(&calm), "requests do not wait for telemetry");
    let slow = ", slow: {inject: {slow: {factor: 200}}, where: {control: all}, at: 4m50s, for: 2m}";
    let (_, slowed) = seen(", sink: {rate: 10k/s, capacity: 100k}", slow);
    assert!(fired_s(&slowed).unwrap() > 320.0, "a slow sink shows it later");
}

/// An experiment that reads a pipeline of the file has a copy of it, which is as blind.
#[test]
fn an_experiment_is_blind_where_its_pipeline_is() {
    let course = |fault: &str| {
        let (_, found) = run(&format!(
            "scenario: Blind\nquestion: Is it aborted?\nrun: {{duration: 10m, warm_up: 0s}}\n\
             load: {{users: {{to: api.get, arrive: {{constant: {{rate: 100/s}}}}}}}}\n\
             services: {{api: {{instances: 2, workers: 50, endpoints: {{get: {{steps: [{{work: 10ms}}]}}}}}}}}\n\
             control: {{telemetry: {{all: {{every: 5s, sink: {{rate: 10k/s, capacity: 10k}}}}}}}}\n\
             faults: {{bad: {{inject: fail, where: {{service: api}}, at: 5m}}{fault}}}\n\
             experiments: {{x: {{at: 4m, for: 5m, reads: all, hypothesis: [availability(api.get) >= 0%], abort_when: [error_rate(api.get) over 10s > 50%], \
             actions: [{{inject: {{slow: {{factor: 2}}}}, where: {{service: api}}}}]}}}}\n"
        ));
        found.experiments[0].course
    };
    assert_eq!(course(""), Course::Aborted);
    assert_eq!(course(", dead: {inject: crash, where: {control: all}, at: 3m}"), Course::Completed);
    assert_eq!(course(", frozen: {inject: freeze, where: {control: all}, at: 3m}"), Course::Completed);
}

#[test]
fn what_must_never_leave_leaves_where_nothing_redacts_it() {
    let leaked = |pipeline: &str| records(&seen(pipeline, "").1).leaked as f64;
    let all = leaked(", sensitive: 10%");
    assert!((all / 6_000.0 - 1.0).abs() < 0.05, "{all}");
    assert_eq!(leaked(", sensitive: 10%, redact: {work: 1us}"), 0.0);
    let missed = leaked(", sensitive: 10%, redact: {work: 1us, covers: 90%}");
    assert!((missed / 600.0 - 1.0).abs() < 0.15, "{missed}");
    // Two agents of 25 ms redact 80 of 100 records a second.
    assert!(fired_s(&seen(", redact: {work: 25ms}", "").1).unwrap() > 360.0, "redaction that does not keep up");
}

#[test]
fn sinks_that_cannot_be_are_refused() {
    let text = |pipeline: &str, fault: &str| {
        format!(
            "scenario: s\nquestion: q?\nload: {{users: {{to: api.get, arrive: {{poisson: {{rate: 1/s}}}}}}}}\n\
             services: {{api: {{workers: 1, endpoints: {{get: {{steps: [{{work: 1ms}}]}}}}}}}}\n\
             control: {{telemetry: {{all: {{{pipeline}}}}}}}\nfaults: {{{fault}}}\n"
        )
    };
    let sink = "sink: {rate: 1/s, capacity: 1}";
    for (pipeline, fault, says) in [
        ("sink: {rate: 0/s, capacity: 1}", "", "takes nothing"),
        ("sink: {rate: 1/s, capacity: 0}", "", "every record is lost"),
        ("redact: {work: 0s}", "", "no time"),
        ("redact: {work: 1us, covers: 50%}", "", "no record is sensitive"),
        ("", "f: {inject: crash, where: {control: all}, at: 1s}", "no sink"),
        (sink, "f: {inject: {crash: {callers_see: silence}}, where: {control: all}, at: 1s}", "nobody calls"),
        (sink, "f: {inject: {slow: {factor: 2}}, where: {control: all}, at: 1s, for: 9s, ramp: 1s}", "at once"),
    ] {
        let found = problems(&text(pipeline, fault));
        assert!(found.iter().any(|problem| problem.contains(says)), "{pipeline} {fault}: {found:?}");
    }
}
