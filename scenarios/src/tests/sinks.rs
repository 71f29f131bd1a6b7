//! What is between recording and reading: a sink that is slow or dead, and what must never leave.

use super::{between, problems, run};
use sim_core::ids::EdgeId;
use sim_core::model::Model;
use sim_core::results::{Course, PipelineCounts, RunResult};

/// 100 requests a second that all fail from 5 min on, seen through a pipeline.
fn seen(pipeline: &str, beside: &str) -> (Model, RunResult) {
    seen_for("", pipeline, beside)
}

/// The same for a time that this says.
fn seen_for(lasts: &str, pipeline: &str, beside: &str) -> (Model, RunResult) {
    run(&format!(
        "scenario: Seen\nquestion: When?\nrun: {{duration: 10m, warm_up: 0s}}\n\
         load: {{users: {{to: api.get, arrive: {{constant: {{rate: 100/s}}}}}}}}\n\
         services: {{api: {{instances: 2, workers: 50, endpoints: {{get: {{steps: [{{work: 10ms}}]}}}}}}}}\n\
         control: {{telemetry: {{all: {{every: 10s{pipeline}}}}}, alerts: {{errors: {{when: error_rate(api.get) > 50%}}}}}}\n\
         faults: {{bad: {{inject: fail, where: {{service: api}}, at: 5m{lasts}}}{beside}}}\n"
    ))
}

fn fired_s(run: &RunResult) -> Option<f64> {
    run.alerts[0].first().map(|span| span.from_ns as f64 / 1e9)
}

fn records(run: &RunResult) -> PipelineCounts {
    let mut sum = PipelineCounts::default();
    run.slices.iter().for_each(|slice| sum.add(&slice.pipelines[0]));
    sum
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

/// The sink is dead from 4:50 to 6:50, and its queue holds 50 s of records.
#[test]
fn what_a_queue_keeps_is_what_is_seen_when_the_sink_is_back() {
    let seen_at = |overflow: &str| {
        let dead = ", dead: {inject: crash, where: {control: all}, at: 4m50s, for: 2m}";
        let (_, found) = seen(&format!(", sink: {{rate: 10k/s, capacity: 5k{overflow}}}"), dead);
        (fired_s(&found).unwrap(), records(&found), found.edge(EdgeId(0), between(0, 600)).latency_sum_ns)
    };
    let (_, newest, latency) = seen_at(", overflow: drop_newest");
    assert_eq!(newest, seen_at("").1);
    let (at_s, oldest, with_oldest) = seen_at(", overflow: drop_oldest");
    assert!((410.0..=420.0).contains(&at_s), "{at_s}");
    // As many are lost, whichever they are; nothing at all is where the two agents keep what 70 s bring.
    assert_eq!((newest.dropped, newest.arrived), (oldest.dropped, oldest.arrived));
    let (_, none, with_block) = seen_at(", overflow: {block: {buffer: 4k}}");
    assert_eq!((none.dropped, none.records - none.arrived), (0, 0), "{none:?}");
    let (_, some, _) = seen_at(", overflow: block");
    assert_eq!(some.dropped, newest.dropped - 2 * 2_048, "{some:?}");
    assert_eq!((latency, latency), (with_oldest, with_block), "requests do not wait for telemetry");
}

/// All fail from 5:00 to 6:00, while the sink is dead from 4:50 to 6:50: who keeps what is new never hears of it.
#[test]
fn what_was_dropped_is_never_seen() {
    let fired = |overflow: &str| {
        let dead = ", dead: {inject: crash, where: {control: all}, at: 4m50s, for: 2m}";
        let sink = format!(", sink: {{rate: 500/s, capacity: 4500, overflow: {overflow}}}");
        seen_for(", for: 1m", &sink, dead).1.alerts[0].len()
    };
    assert_eq!((fired("drop_newest"), fired("drop_oldest")), (1, 0));
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
        ("sink: {rate: 1/s, capacity: 1, overflow: {block: {buffer: 0}}}", "", "agents that keep nothing"),
        ("sink: {rate: 1/s, capacity: 1, overflow: drop_all}", "", "drop_all"),
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
