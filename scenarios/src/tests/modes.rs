//! Operating modes in runs: which is entered when, what it sets and takes back, and what is wrong with them in files.

use super::{problems, read};
use sim_core::judge::RunMetrics;
use sim_core::results::{JournalKind, RunResult};
use sim_core::world::simulate;

/// 100 requests a second, of which half fail between 100 s and 200 s, and again between 300 s and 400 s; telemetry looks every 5 s, and so do the
/// modes. A mode's effect is seen in what a limit lets through.
fn system(modes: &str) -> String {
    format!(
        "\
scenario: Modes
question: Which is in force?
run: {{duration: 600s, warm_up: 0s, seed: 3}}
load: {{users: {{to: api.get, arrive: {{constant: {{rate: 100/s}}}}}}}}
services:
  api:
    workers: unlimited
    admission: {{rate_limit: {{token_bucket: {{rate: 1k/s, burst: 10}}}}}}
    endpoints: {{get: {{steps: [{{work: 1ms}}]}}}}
faults:
  bad: {{inject: {{fail: {{probability: 50%}}}}, where: {{service: api}}, at: 100s, for: 100s, every: 200s, times: 2}}
promises: {{works: {{keep: {{availability: 99%}}, of: api.get, period: 30d}}}}
control:
  telemetry: {{main: {{every: 5s}}}}
  modes:
    every: 5s
    initial: normal
{modes}"
    )
}

const LIMIT: &str = "services.api.admission.rate_limit.token_bucket.rate";

/// A mode that is entered at a share of errors, left at another, and lets so many requests a second through.
fn degraded(keys: &str) -> String {
    format!(
        "      degraded:\n        enter: {{when: error(api.get) over 10s > 30%, for: 10s}}\n        leave: {{when: error(api.get) over 10s < 5%, for: 20s}}\n{keys}"
    )
}

fn states(all: &str) -> String {
    format!("    states:\n      normal: {{}}\n{all}")
}

fn run(text: &str) -> RunResult {
    let loaded = read(text).unwrap_or_else(|report| panic!("{}", report.render(false)));
    simulate(&loaded.model, 7, 0)
}

/// Modes by their places, and from when to when they were in force [s].
fn spans(run: &RunResult) -> Vec<(usize, i64, i64)> {
    let seconds = |ns: i64| (ns + 500_000_000) / 1_000_000_000;
    run.modes.spans.iter().map(|(mode, span)| (*mode, seconds(span.from_ns), seconds(span.to_ns))).collect()
}

/// Requests that the limit let through between two times, a second.
fn let_in(run: &RunResult, from_s: u64, to_s: u64) -> u64 {
    let within = |slice: &&sim_core::results::Slice| {
        slice.from_ns >= from_s * 1_000_000_000 && slice.to_ns <= to_s * 1_000_000_000
    };
    let slices: Vec<_> = run.slices.iter().filter(within).collect();
    let all: u64 = slices.iter().map(|slice| slice.edges[0].outcomes.iter().sum::<u64>()).sum();
    let rejected: u64 = slices.iter().map(|slice| slice.edges[0].outcomes[4]).sum();
    (all - rejected) / (to_s - from_s)
}

#[test]
fn a_mode_is_entered_and_left_when_its_conditions_have_held_for_their_time() {
    let run = run(&system(&states(&degraded(""))));
    // At 110 s a third of the last ten seconds is seen to be bad, and at 120 s it has been for 10 s: half of 5 s is a quarter of 10 s.
    assert_eq!(spans(&run), [(0, 0, 120), (1, 120, 230), (0, 230, 320), (1, 320, 430), (0, 430, 600)]);
    let begins = run.modes.journal.iter().filter(|entry| entry.kind == JournalKind::Begin);
    let says: Vec<String> = begins.map(|entry| format!("{} {}", entry.at_s, entry.text)).collect();
    assert_eq!(says[..2], ["120 degraded in the place of normal", "230 normal in the place of degraded"]);
    let why = run.modes.journal.iter().find(|entry| entry.kind == JournalKind::Observation).expect("says why");
    assert_eq!((why.text.to_string().as_str(), why.values.len()), ("error(api.get) over 10s > 30%", 1));
}

#[test]
fn what_a_mode_sets_holds_while_it_is_in_force() {
    let sets = format!("        actions: [{{do: {{set: {{{LIMIT}: 20/s}}}}, takes: 30s}}]\n");
    let run = run(&system(&states(&degraded(&sets))));
    // The mode is entered at 120 s, and what it does takes 30 s.
    assert_eq!([let_in(&run, 120, 150), let_in(&run, 155, 200)], [100, 20]);
    assert_eq!(let_in(&run, 250, 300), 100, "it is taken back");
}

#[test]
fn what_was_set_stays_until_the_next_mode_has_done_what_it_does() {
    let sets =
        |rate: u32, takes: &str| format!("        actions: [{{do: {{set: {{{LIMIT}: {rate}/s}}}}, takes: {takes}}}]\n");
    let recovery = format!(
        "      recovery:\n        enter: {{when: left(degraded)}}\n        leave: {{when: error(api.get) over 10s < 5%, for: 50s}}\n{}",
        sets(60, "20s")
    );
    let run = run(&system(&states(&(degraded(&sets(20, "0s")) + &recovery))));
    assert_eq!(spans(&run)[..4], [(0, 0, 120), (1, 120, 225), (2, 225, 280), (0, 280, 320)]);
    // Until 245 s the old limit holds, then that of recovery, and from 280 s on that of the file.
    assert_eq!([let_in(&run, 225, 245), let_in(&run, 250, 280), let_in(&run, 285, 300)], [20, 60, 100]);
}

#[test]
fn an_action_of_a_mode_that_is_over_is_not_done() {
    let sets = format!("        actions: [{{do: {{set: {{{LIMIT}: 20/s}}}}, takes: 5m}}]\n");
    let run = run(&system(&states(&degraded(&sets))));
    assert_eq!(let_in(&run, 410, 440), 100);
    assert!(run.modes.journal.iter().all(|entry| entry.kind != JournalKind::Action), "{:?}", run.modes.journal);
}

#[test]
fn the_most_urgent_mode_comes_first_and_gives_way_only_when_it_is_left() {
    let floor = "      floor:\n        enter: {when: error(api.get) over 10s > 45%, for: 30s}\n        leave: {when: error(api.get) over 10s < 5%, for: 40s}\n";
    let run = run(&system(&format!("    states:\n{floor}      normal: {{}}\n{}", degraded(""))));
    // Degraded (2) is entered from normal (1); floor (0) stands before it, and is left for nothing else.
    assert_eq!(spans(&run)[..4], [(1, 0, 120), (2, 120, 140), (0, 140, 250), (1, 250, 320)]);
}

#[test]
fn a_mode_stays_for_its_time() {
    let run = run(&system(&states(&degraded("        stays: 150s\n"))));
    assert_eq!(spans(&run)[..3], [(0, 0, 120), (1, 120, 270), (0, 270, 320)]);
}

#[test]
fn a_rollback_takes_everything_back_at_once() {
    let sets = format!("        actions: [{{do: {{set: {{{LIMIT}: 20/s}}}}}}]\n");
    let rollback = "    rollback: {when: rejected(api.get) over 10s > 70%}\n";
    let run = run(&(system(&states(&degraded(&sets))) + rollback));
    // The limit makes errors rare and rejections many: after 10 s they are seen, and it is given up; no condition of entering holds then.
    assert_eq!(spans(&run)[..3], [(0, 0, 120), (1, 120, 130), (0, 130, 145)]);
    assert!(run.modes.rollbacks >= 2, "{}", run.modes.rollbacks);
    assert!(let_in(&run, 130, 145) >= 99, "{}", let_in(&run, 130, 145));
}

#[test]
fn budgets_are_read_of_what_was_delivered_and_decide() {
    // Half of 100 s is 5000 of the 2 592 000 · 100 requests of the period: 0.19 % of its budget of 1 %. It is spent by half at 150 s.
    let states = "    states:\n      normal: {}\n      floor: {enter: {when: budget_left(works) < 99.9%}, leave: {when: budget_left(works) > 99.99%}}\n";
    let found = spans(&run(&system(states)));
    assert_eq!(found.len(), 2, "spent budget does not come back in ten minutes: {found:?}");
    let spent = |second: f64| (second - 100.0) * 0.5 / 0.01 / 2_592_000.0;
    assert!((spent(found[1].1 as f64) - 0.001).abs() < 5.0 * spent(101.0), "{found:?}");
}

#[test]
fn modes_are_measured() {
    let text = system(&states(&degraded("")));
    let loaded = read(&text).unwrap_or_else(|report| panic!("{}", report.render(false)));
    let run = simulate(&loaded.model, 7, 0);
    let metrics = RunMetrics::new(&run, &loaded.model, &loaded.names);
    let value = |text: &str| {
        let value = sim_core::expression::Value::parse(text).unwrap();
        value.tree().number(&mut |metric| metrics.value(metric))
    };
    assert_eq!(value("mode_changes"), Some(4.0));
    assert_eq!(value("mode_changes from 0s to 250s"), Some(2.0));
    assert_eq!(value("time_in(degraded)"), Some(220.0));
    assert_eq!(value("time_in(degraded) from 0s to 200s"), Some(80.0));
    assert_eq!(value("time_in(normal)"), Some(380.0));
}

#[test]
fn what_a_mode_sets_is_felt_at_a_station_that_could_be_simulated_by_itself() {
    // More than its one worker can do, and a queue that the mode makes short.
    let text = "\
scenario: Plain
question: Is the queue short?
run: {duration: 300s, warm_up: 0s}
load: {users: {to: api.get, arrive: {poisson: {rate: 12/s}}}}
services: {api: {workers: 1, queue: {capacity: 100}, endpoints: {get: {steps: [{work: 100ms}]}}}}
control:
  telemetry: {main: {every: 5s}}
  modes:
    initial: long
    states: {long: {}, short: {enter: {when: queue_length(api) > 20}, leave: {when: queue_length(api) < 0}, actions: [{do: {set: {services.api.queue.capacity: 3}}}]}}
";
    let loaded = read(text).unwrap_or_else(|report| panic!("{}", report.render(false)));
    let (run, by_events) = (simulate(&loaded.model, 7, 0), sim_core::world::simulate_by_events(&loaded.model, 7, 0));
    assert_eq!(run.digest, by_events.digest);
    let last = run.slices.last().expect("a slice").services[0].queue_now;
    assert!(last <= 3, "{last}");
}

#[test]
fn without_modes_nothing_changes() {
    let with = run(&system(&states(&degraded(""))));
    let text = system("").replace("  modes:\n    every: 5s\n    initial: normal\n", "");
    assert_eq!(with.digest, run(&text).digest, "a mode that sets nothing is not felt");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let found = |modes: &str| {
        let all = problems(&system(modes)).into_iter();
        all.map(|problem| problem.split_once(": ").map_or_else(String::new, |(_, what)| what.to_owned()))
            .collect::<Vec<String>>()
    };
    assert_eq!(found(&states("      stuck: {}\n")), ["nothing lets this mode be entered"]);
    let enter = "enter: {when: error(api.get) over 10s > 30%}, leave: {when: error(api.get) over 10s < 5%}";
    let restarts = format!("      m: {{{enter}, actions: [{{do: restart, where: {{service: api, count: 1}}}}]}}\n");
    assert_eq!(found(&states(&restarts)), ["a mode sets values, and takes them back when it is over"]);
    let of_initial =
        format!("    states:\n      normal: {{enter: {{when: error(api.get) over 10s > 1%}}}}\n      m: {{{enter}}}\n");
    assert_eq!(found(&of_initial), ["the initial mode is entered by itself, when the mode in force is left"]);
    let wrong = found(&states(&format!("      m: {{{enter}}}\n")).replace("normal", "usual"));
    assert!(wrong[0].contains("unknown mode") || wrong[0].contains("normal"), "{wrong:?}");
    let unknown = found(&states("      m: {enter: {when: left(n)}, leave: {when: error(api.get) over 10s < 5%}}\n"));
    assert_eq!(unknown[0], "no operating mode is called \"n\"");
    // Only modes know whether a mode is left.
    let alert = system(&states(&format!("      m: {{{enter}}}\n"))) + "  alerts: {a: {when: left(m)}}\n";
    assert!(problems(&alert).iter().any(|p| p.ends_with("telemetry does not deliver left")), "{:?}", problems(&alert));
    let live = format!("      m: {{{enter}, actions: [{{do: {{set: {{services.api.workers: 5}}}}}}]}}\n");
    assert_eq!(found(&states(&live)), ["this cannot change while a run goes on"]);
}
