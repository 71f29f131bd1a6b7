//! What hangs for good is not perfect: whatever makes requests hang, they count as not available and lie above every percentile, from the
//! moment on at which they have waited too long. And what is only slow does not count so.

use super::program::Folder;
use super::run;
use sim_core::results::{StudyResult, Verdict};

/// A scenario of a minute and a half in which 50 requests a second come, and what a test puts into it. Without a promise of latency a
/// request that waits 9 s (a tenth of the run) is unanswered.
fn scenario(rest: &str) -> String {
    format!(
        "scenario: What hangs\nquestion: Does it look perfect?\nrun: {{duration: 90s, warm_up: 0s, replications: 4, seed: 3}}\n\
         load: {{users: {{to: web.get, arrive: {{poisson: {{rate: 50/s}}}}}}}}\n{rest}\
         promises:\n  works: {{keep: {{availability: 50%}}, of: web.get}}\n"
    )
}

const WEB: &str = "services:\n  web: {workers: unlimited, endpoints: {get: {steps: [{call: {to: api.get}}]}}}\n  \
                   api: {workers: 100, queue: {capacity: 100k}, endpoints: {get: {steps: [{wait: 20ms}]}}}\n";

/// Every cause of silence, by name. All begin at 10 s or before.
fn causes() -> Vec<(&'static str, String)> {
    let with = |fault: &str| format!("{WEB}faults:\n  silence: {fault}\n");
    let nested = "services:\n  web: {workers: 2, queue: {capacity: 100k}, endpoints: {get: {steps: [{wait: 20ms}, {call: {to: web.again}}]}, again: {steps: [{wait: 20ms}]}}}\n";
    let direct = "services:\n  web: {workers: 100, endpoints: {get: {steps: [{wait: 20ms}]}}}\n";
    vec![
        ("frozen", with("{inject: freeze, where: {service: api}, at: 10s}")),
        ("silent crash", with("{inject: {crash: {callers_see: silence}}, where: {service: api}, at: 10s}")),
        ("partition", with("{inject: partition, where: {between: [web, api]}, at: 10s}")),
        ("requests lost", with("{inject: {loss: {probability: 100%}}, where: {from: web, to: api}, at: 10s}")),
        (
            "a load whose instance crashes silently",
            format!("{direct}faults:\n  silence: {{inject: {{crash: {{callers_see: silence}}}}, where: {{service: web}}, at: 10s}}\n"),
        ),
        (
            "a load whose messages are lost",
            format!("{direct}faults:\n  silence: {{inject: {{loss: {{probability: 100%}}}}, where: {{from: users, to: web}}, at: 10s}}\n"),
        ),
        ("workers that wait for each other", nested.to_owned()),
        (
            "retries without end",
            "services:\n  web: {workers: unlimited, endpoints: {get: {steps: [{call: {to: api.get, timeout: 1s, retry: {max_attempts: 1M, backoff: {fixed: {delay: 100ms}}}}}]}}}\n  \
             api: {workers: 100, queue: {capacity: 1M}, endpoints: {get: {steps: [{wait: 20ms}]}}}\nfaults:\n  silence: {inject: freeze, where: {service: api}, at: 10s}\n"
                .to_owned(),
        ),
    ]
}

fn study(name: &str, text: &str) -> StudyResult {
    let folder = Folder::new(name);
    folder.write("hangs.yaml", text);
    run(&folder.join("hangs.yaml"), &[], 2)
}

#[test]
fn whatever_hangs_is_not_available_and_above_every_percentile() {
    for (place, (cause, rest)) in causes().into_iter().enumerate() {
        let study = study(&format!("hangs-{place}"), &scenario(&rest));
        let web = &study.summary.endpoints["web.get"];
        let available = web.availability.expect("requests have come").mean;
        // Of 90 s requests of 10 s are answered, those of 71 s are never, and those of the last 9 s are too young to tell.
        assert!(available < 0.16, "{cause}: {available} are available");
        assert!(web.unanswered.mean > 3000.0, "{cause}: {} unanswered", web.unanswered.mean);
        assert!(web.in_flight.mean - web.unanswered.mean < 520.0, "{cause}: young ones are not unanswered");
        let latency = web.latency_s.expect("some are answered");
        assert!(latency.p50.mean.is_infinite() && latency.p99.low.is_infinite(), "{cause}: {latency:?}");
        assert!(latency.mean.mean > 10.0, "{cause}: the mean is {} s", latency.mean.mean);
        assert_eq!(study.summary.promises[0].verdict, Verdict::Broken, "{cause}");
        let series = &study.endpoint_series[0];
        let late = series.availability.iter().zip(&study.windows).filter(|(_, w)| w.from_s >= 20.0 && w.to_s <= 89.0);
        for (share, window) in late {
            assert_eq!(share.map(|share| share.mean), Some(0.0), "{cause}: at {} s", window.from_s);
        }
    }
}

#[test]
fn what_is_slow_is_not_unanswered() {
    // Answers take 30 s on average: at the end many are in flight for longer than 9 s, and none longer than twice the longest answer.
    let slow = "services:\n  web: {workers: unlimited, endpoints: {get: {steps: [{wait: {uniform: {from: 20s, to: 40s}}}]}}}\n";
    let study = study("slow", &scenario(slow));
    let web = &study.summary.endpoints["web.get"];
    assert!(web.in_flight.mean > 1000.0 && web.unanswered.mean == 0.0, "{web:?}");
    assert_eq!(web.availability.unwrap().mean, 1.0);
    assert!(web.latency_s.unwrap().p99.mean < 41.0);
}

#[test]
fn a_promise_of_latency_says_how_long_a_caller_waits() {
    let slow = "services:\n  web: {workers: unlimited, endpoints: {get: {steps: [{wait: 2h}]}}}\n";
    let within = |bound: &str| {
        let text = scenario(slow) + &format!("  quick: {{keep: {{latency: {{p99: {bound}}}}}, of: web.get}}\n");
        study("patience", &text).summary
    };
    let (short, long) = (within("30s"), within("3h"));
    assert_eq!(short.promises[1].verdict, Verdict::Broken);
    assert!((short.endpoints["web.get"].unanswered.mean - 60.0 * 50.0).abs() < 150.0);
    assert_eq!((long.promises[1].verdict, long.promises[1].judged), (Verdict::Inconclusive, 0));
}

#[test]
fn messages_that_nobody_takes_are_said() {
    let folder = Folder::new("messages");
    let text = "scenario: Messages\nquestion: Does somebody take them?\nrun: {duration: 10m, warm_up: 0s, replications: 2, seed: 3}\n\
        load: {batch: {to: front.put, arrive: {burst: {size: 30, at: 1m}}}}\n\
        services:\n  front: {workers: unlimited, endpoints: {put: {steps: [{call: {to: jobs.send}}]}}}\n  \
        worker: {instances: 1, workers: 1, endpoints: {job: {steps: [{wait: 1s}]}}}\n\
        queues: {jobs: {consumers: {worker: {to: worker.job}}}}\n\
        faults: {gone: {inject: crash, where: {service: worker}, at: 10s}}\n\
        promises: {fresh: {keep: {age: {p99: 1m}}, of: jobs}}\n";
    folder.write("messages.yaml", text);
    let study = run(&folder.join("messages.yaml"), &[], 2);
    assert_eq!(study.summary.services["jobs"].unserved.mean, 30.0);
    assert_eq!(study.summary.promises[0].verdict, Verdict::Broken);
    let (_, out, _) = folder.run(&["run", "messages.yaml", "--plain"]);
    assert!(out.contains("30 messages"), "{out}");
}

#[test]
fn what_never_happens_satisfies_no_upper_bound_however_long() {
    let folder = Folder::new("never");
    let text = scenario(&format!(
        "{WEB}faults:\n  silence: {{inject: freeze, where: {{service: api}}, at: 10s}}\n  \
         blip: {{inject: {{fail: {{probability: 100%}}}}, where: {{service: api}}, at: 5s, for: 1s}}\n\
         control: {{telemetry: {{all: {{every: 5s}}}}, alerts: {{blind: {{when: error_rate(web.get) over 1m > 100%, finds: silence}}}}}}\n"
    ));
    let clauses = [
        "time_to_detect(silence) < 1000h",
        "time_to_mend(silence) < 1000h",
        "recovery(web.get) after blip < 1000h",
        "time_to_outage(web) < 1000h",
        "p99(web.get) < 1000h",
    ];
    folder.write("never.yaml", &format!("{text}expect: [{}]\n", clauses.join(", ")));
    let study = run(&folder.join("never.yaml"), &[], 2);
    for (clause, text) in study.summary.expectations.iter().zip(clauses) {
        assert_eq!(clause.verdict, Verdict::Broken, "{text}");
        assert!(clause.observed.is_some_and(|e| e.mean.is_infinite()), "{text}: {:?}", clause.observed);
    }
    let (status, out, _) = folder.run(&["check", "never.yaml"]);
    assert!(status == 1 && out.contains("never"), "{out}");
}
