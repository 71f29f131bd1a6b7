//! Bounds: whatever a scenario asks for, its run ends within seconds, without a panic, and says why it ended or why it is refused.

use super::program::{Folder, windtunnel};
use scenarios::{Memory, load};
use sim_core::ids::EdgeId;
use sim_core::model::Model;
use sim_core::results::{RunResult, Stopped};
use std::fmt::Write as _;

/// A scenario with this `run`, and more.
fn scenario(run: &str, more: &str) -> String {
    format!("scenario: Bounds\nquestion: How does it end?\nrun: {{replications: 1, {run}}}\n{more}")
}

fn model_with(text: &str, files: &[(&str, &[u8])]) -> Model {
    let mut memory = Memory::of("bounds.yaml", text);
    for (name, bytes) in files {
        memory.0.insert((*name).to_owned(), bytes.to_vec());
    }
    load(&memory, "bounds.yaml", &[], None).unwrap_or_else(|report| panic!("{}", report.render(false))).model
}

/// Runs a scenario, and holds that what was counted is whole, wherever the run ended.
fn simulate(text: &str) -> RunResult {
    simulate_with(text, &[])
}

fn simulate_with(text: &str, files: &[(&str, &[u8])]) -> RunResult {
    let model = model_with(text, files);
    let run = sim_core::world::simulate(&model, 1, 0);
    if run.measured_ns > 0 {
        for (place, edge) in model.edges.iter().enumerate() {
            let counts = run.edge(EdgeId(place as u32), run.whole());
            let begun = counts.attempts + run.in_flight_at_zero[place];
            assert_eq!(begun, counts.ended() + run.in_flight[place], "attempts of {}", edge.name);
        }
    }
    run
}

fn problems(text: &str, files: &[(&str, &[u8])]) -> String {
    let mut memory = Memory::of("bounds.yaml", text);
    for (name, bytes) in files {
        memory.0.insert((*name).to_owned(), bytes.to_vec());
    }
    match load(&memory, "bounds.yaml", &[], None) {
        Ok(_) => "is valid".to_owned(),
        Err(report) => report.render(false),
    }
}

const OPEN: &str = "load:\n  users: {to: a.get, arrive: {poisson: {rate: 1M/s}}}\nservices:\n  a: {workers: unlimited, endpoints: {get: {steps: [{wait: 60s}]}}}\n";

#[test]
fn more_in_flight_than_is_allowed_ends_the_run() {
    let run = simulate(&scenario("duration: 60s, warm_up: 0s, bounds: {in_flight: 300k}", OPEN));
    let Some(Stopped::InFlight { at_ns, service }) = &run.stopped else { panic!("{:?}", run.stopped) };
    assert_eq!(service, "a");
    assert!((290_000_000..310_000_000).contains(at_ns), "300k come in 0.3 s: {at_ns}");
    assert_eq!(run.in_flight, [300_001]);
}

#[test]
fn branches_of_branches_end_the_run() {
    let text = "load:\n  users: {to: a.get, arrive: {poisson: {rate: 5/s}}}\nservices:\n  a: {workers: unlimited, endpoints: {get: {steps: \
        [{parallel: {repeat: {count: 10000}, branches: [{parallel: {repeat: {count: 10000}, branches: [{work: 1s}]}}]}}]}}}\n";
    let run = simulate(&scenario("duration: 1s, warm_up: 0s, bounds: {in_flight: 1M}", text));
    assert!(matches!(run.stopped, Some(Stopped::InFlight { .. })), "{:?}", run.stopped);
}

#[test]
fn events_are_bounded_exactly_in_the_warm_up_too() {
    let more = "load:\n  users: {to: a.get, arrive: {poisson: {rate: 100/s}}}\nservices:\n  a: {workers: 4, endpoints: {get: {steps: [{work: 5ms}]}}}\n";
    let bounded =
        |events: u64| simulate(&scenario(&format!("duration: 5s, warm_up: 5s, bounds: {{events: {events}}}"), more));
    let whole = bounded(1_000_000);
    assert_eq!(whole.stopped, None);
    assert_eq!(bounded(whole.events).digest, whole.digest);
    for events in [1, whole.events / 3, whole.events - 1] {
        let run = bounded(events);
        assert_eq!(run.events, events);
        assert!(matches!(run.stopped, Some(Stopped::Events { .. })), "{:?}", run.stopped);
    }
    assert_eq!(bounded(whole.events / 3).measured_ns, 0, "it ended in the warm-up");
}

#[test]
fn warm_ups_replays_and_retries_keep_the_bound_of_events() {
    let warm_up = "load:\n  users: {to: web.get, arrive: {poisson: {rate: 0.05/s}}}\nservices:\n  web: {workers: unlimited, endpoints: \
        {get: {steps: [{parallel: {repeat: {count: 10000}, branches: [{wait: 1us}]}}]}}}\n";
    let run = simulate(&scenario("duration: 1s, warm_up: 10000h, bounds: {events: 2M}", warm_up));
    assert!(matches!(run.stopped, Some(Stopped::Events { .. })) && run.events == 2_000_000, "{:?}", run.stopped);

    let replay = "load:\n  users: {to: a.get, arrive: {replay: {file: r.csv}}}\nservices:\n  a: {workers: 4, endpoints: {get: {steps: [{wait: 1ms}]}}}\n";
    let text = scenario("duration: 2s, warm_up: 0s, bounds: {events: 1000}", replay);
    let run = simulate_with(&text, &[("r.csv", b"from,rate\n0,1e308\n")]);
    assert!(run.stopped.is_some() && run.events <= 1000, "{:?} after {} events", run.stopped, run.events);

    let retries = "load:\n  users: {to: a.get, arrive: {poisson: {rate: 100/s}}}\nservices:\n\
        \x20 a: {workers: unlimited, endpoints: {get: {steps: [{call: {to: b.q, retry: {max_attempts: 1000000, backoff: {fixed: {delay: 1ns}}}}}]}}}\n\
        \x20 b: {workers: unlimited, endpoints: {q: {steps: [{call: {to: c.q, retry: {max_attempts: 1000000, backoff: {fixed: {delay: 1ns}}}}}]}}}\n\
        \x20 c: {workers: unlimited, endpoints: {q: {steps: [{fail: {probability: 100%}}]}}}\n";
    let run = simulate(&scenario("duration: 1s, warm_up: 0s, bounds: {events: 3M}", retries));
    assert!(matches!(run.stopped, Some(Stopped::Events { .. })) && run.events == 3_000_000, "{:?}", run.stopped);
}

#[test]
fn a_spike_that_fits_into_the_bound_is_not_refused() {
    let text = "load:\n  users: {to: web.get, arrive: {poisson: {rate: 20/s}}, shape: [{spike: {at: 72s, for: 1s, factor: 50000}}]}\n\
        services:\n  web: {workers: 4, queue: {capacity: 10}, endpoints: {get: {steps: [{work: 1ms}]}}}\n";
    let run = simulate(&scenario("duration: 2h, warm_up: 0s, bounds: {events: 50M}", text));
    assert_eq!(run.stopped, None);
    assert!(run.events < 50_000_000, "{}", run.events);
}

#[test]
fn time_that_stands_still_is_noticed() {
    let run = |more: &str| simulate(&scenario("duration: 1s, warm_up: 0s", more));
    let fails = "services:\n  a: {workers: unlimited, endpoints: {get: {steps: [{fail: {probability: 100%}}]}}}\n";
    // A thousand million requests a nanosecond.
    let fast = format!("load:\n  users: {{to: a.get, arrive: {{constant: {{rate: 1000000000G/s}}}}}}\n{fails}");
    // Branches of branches that take no time, and calls of calls that take none.
    let branch = "{parallel: {repeat: {count: 10000}, need: {count: 1}, branches: [STEP]}}";
    let nested = (0..3).fold("{reply: {outcome: ok}}".to_owned(), |inner, _| branch.replace("STEP", &inner));
    let one = "load:\n  users: {to: a.get, arrive: {burst: {size: 1}}}\n";
    let nested = format!("{one}services:\n  a: {{workers: unlimited, endpoints: {{get: {{steps: [{nested}]}}}}}}\n");
    let mut calls = format!(
        "{one}services:\n  a: {{workers: unlimited, endpoints: {{get: {{steps: [{{call: {{to: s0.get}}}}]}}}}}}\n"
    );
    for level in 0..12 {
        let step = format!("{{call: {{to: s{}.get}}}}", level + 1);
        let steps = vec![step; 10].join(", ");
        let _ = writeln!(calls, "  s{level}: {{workers: unlimited, endpoints: {{get: {{steps: [{steps}]}}}}}}");
    }
    calls.push_str("  s12: {workers: unlimited, endpoints: {get: {steps: [{reply: {outcome: ok}}]}}}\n");
    for more in [fast, nested, calls] {
        let run = run(&more);
        assert!(matches!(run.stopped, Some(Stopped::TimeStandsStill { .. })), "{:?}: {more}", run.stopped);
    }
}

#[test]
fn more_call_sites_than_two_bytes_can_number_are_told_apart() {
    let loads = |from: usize, to: usize, rate: u32| {
        (from..to).fold(String::from("load:\n"), |mut text, load| {
            let mix = (0..1000).map(|k| format!("s.e{k}: 0.1%")).collect::<Vec<_>>().join(", ");
            let _ = writeln!(text, "  u{load}:\n    arrive: {{poisson: {{rate: {rate}/s}}}}\n    mix: {{{mix}}}");
            text
        })
    };
    let endpoints = (0..1000).fold(String::new(), |mut text, k| {
        let _ = writeln!(text, "      e{k}: {{steps: [{{work: 1ms}}]}}");
        text
    });
    let base = scenario("duration: 1s, warm_up: 0s", &loads(0, 33, 1))
        + "services:\n  s:\n    workers: 4\n    endpoints:\n"
        + &endpoints;
    let text = "extends: base.yaml\n".to_owned() + &loads(33, 66, 1000);
    let model = model_with(&text, &[("base.yaml", base.as_bytes())]);
    let run = sim_core::world::simulate(&model, 1, 0);
    assert_eq!(model.edges.len(), 66_000);
    let attempts = |sites: std::ops::Range<usize>| -> u64 {
        sites.map(|site| run.edge(EdgeId::from(site), run.whole()).attempts).sum()
    };
    // Half of the 1,000 requests of the last load go to the sites that have no number of two bytes; taken for the first ones, they would be there.
    let (first, beyond) = (attempts(0..464), attempts(65_536..66_000));
    assert!(first < 5 && (380..550).contains(&beyond), "{first} and {beyond}");
}

#[test]
fn what_the_engine_cannot_number_is_refused() {
    let one = "load:\n  users: {to: a0.get, arrive: {burst: {size: 1}}}\nservices:\n";
    let many = (0..11).fold(one.to_owned(), |mut text, k| {
        let _ =
            writeln!(text, "  a{k}: {{instances: 100k, workers: 1, endpoints: {{get: {{steps: [{{work: 1ms}}]}}}}}}");
        text
    });
    let found = problems(&scenario("duration: 1s", &many), &[]);
    assert!(found.contains("too many instances") && found.contains("100,000 of 1,100,000"), "{found}");

    let users = (0..4).fold(String::from("load:\n"), |mut text, k| {
        let _ = writeln!(text, "  u{k}: {{to: a.get, arrive: {{closed: {{users: 10M, think: 1s}}}}}}");
        text
    });
    let a = "services:\n  a: {workers: 1, endpoints: {get: {steps: [{work: 1ms}]}}}\n";
    let found = problems(&scenario("duration: 1s", &(users + a)), &[]);
    assert!(found.contains("40,000,000 closed users are too many"), "{found}");

    let fault = "faults:\n  f: {inject: {freeze: {}}, where: {service: a}, for: 1us, every: 2us}\n";
    let load = "load:\n  users: {to: a.get, arrive: {burst: {size: 1}}}\n";
    let found = problems(&scenario("duration: 1h", &format!("{load}{a}{fault}")), &[]);
    assert!(found.contains("the fault strikes 1,800,000,001 times in a run"), "{found}");
}

#[test]
fn many_callers_of_many_instances_take_little_memory() {
    let text = "load:\n  users: {to: a.get, arrive: {poisson: {rate: 100k/s}}}\n\
        policies:\n  p: {outlier_ejection: {consecutive_errors: 5}, breaker: {rate: {failure_rate: 50%, window: {time: 10s}}}, balance: {least_requests: {}}}\n\
        services:\n\
        \x20 a: {instances: 49000, workers: 1, endpoints: {get: {steps: [{call: {to: b.get, policy: p}}]}}}\n\
        \x20 b: {instances: 49000, workers: 1, endpoints: {get: {steps: [{fail: {probability: 50%}}, {work: 1ms}]}}}\n";
    let model = model_with(&scenario("duration: 20ms, warm_up: 0s", text), &[]);
    let bytes = sim_core::world::Memory::of(&model).total();
    assert!(bytes < 200 << 20, "{bytes}");
    assert!(sim_core::world::simulate(&model, 1, 0).events > 1000);
}

#[test]
fn a_long_chain_of_calls_that_fails_ends() {
    let mut text = String::from("load:\n  users: {to: s0.get, arrive: {burst: {size: 3}}}\nservices:\n");
    for level in 0..6_000 {
        let _ = writeln!(
            text,
            "  s{level}: {{workers: 1, endpoints: {{get: {{steps: [{{call: {{to: s{}.get}}}}]}}}}}}",
            level + 1
        );
    }
    text.push_str("  s6000: {workers: 1, endpoints: {get: {steps: [{fail: {probability: 100%}}]}}}\n");
    let run = simulate(&scenario("duration: 1s, warm_up: 0s", &text));
    assert_eq!(run.edge(EdgeId(0), run.whole()).ended(), 3);
}

#[test]
fn limits_on_which_a_number_depends_are_told() {
    let text = |expect: &str| {
        scenario(
            "duration: 10m, warm_up: 0s",
            &format!(
                "load:\n  users: {{to: a.get, arrive: {{poisson: {{rate: 10/s}}}}}}\n\
                 services:\n  a: {{workers: 4, endpoints: {{get: {{steps: [{{work: 5ms}}]}}}}}}\n\
                 faults:\n  f: {{inject: {{freeze: {{}}}}, where: {{service: a}}, for: 100ms, every: 1s}}\nexpect: [{expect}]\n"
            ),
        )
    };
    let folder = Folder::new("limits");
    let note = "Faults begin and end more than 256 times.";
    for (expect, told) in [("availability(a.get) during f > 10%", true), ("availability(a.get) > 10%", false)] {
        folder.write("limits.yaml", &text(expect));
        let done = windtunnel(&["run", "limits.yaml"], &folder.0);
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
        assert_eq!(said.contains(note), told, "{said}");
        let page = std::fs::read_to_string(folder.0.join("out/limits/report.md")).unwrap();
        assert_eq!(page.contains(note), told);
        let results = std::fs::read_to_string(folder.0.join("out/limits/results.json")).unwrap();
        assert_eq!(results.contains("\"limit\": \"marks\""), told);
    }
}

#[test]
fn stopped_runs_say_so_on_the_terminal_and_in_the_results() {
    let folder = Folder::new("stopped");
    folder.write("stopped.yaml", &scenario("duration: 60s, warm_up: 0s, bounds: {in_flight: 100k}", OPEN));
    let done = windtunnel(&["run", "stopped.yaml"], &folder.0);
    let said = String::from_utf8_lossy(&done.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(said.contains("more attempts are in flight than run.bounds.in_flight allows, most of them to a"), "{said}");
    let results = std::fs::read_to_string(folder.0.join("out/stopped/results.json")).unwrap();
    assert!(results.contains("in_flight") && results.contains("\"service\": \"a\""), "{results}");
}

#[test]
fn a_study_that_needs_more_memory_than_is_allowed_is_refused() {
    let folder = Folder::new("memory");
    let a = "load:\n  users: {to: a.get, arrive: {poisson: {rate: 10/s}}}\nservices:\n  a: {instances: 100k, workers: 1, endpoints: {get: {steps: [{work: 1ms}]}}}\n";
    folder.write("memory.yaml", &scenario("duration: 1s, warm_up: 0s", a));
    let run = |memory: &str| windtunnel(&["run", "memory.yaml", "--threads", "1", "--memory", memory], &folder.0);
    let done = run("16MiB");
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(2), "{said}");
    assert!(said.contains("of memory, and 16MiB are allowed") && said.contains("most of it for instances"), "{said}");
    assert!(!folder.0.join("out").exists(), "nothing was run");
    assert_eq!(run("4GiB").status.code(), Some(0));
}
