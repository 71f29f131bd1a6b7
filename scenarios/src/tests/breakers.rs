//! Breakers of running callers: how long they are in which state, how often they change it, what a process keeps and what it loses.

use super::{read, run};
use sim_core::call::breaker::{OPENED, REJECTED, State, TRANSITIONS};
use sim_core::judge::RunMetrics;
use sim_core::outcome::Outcome;
use sim_core::results::{EdgeCounts, RunResult, Span};

/// Ten calls a second from one instance to a callee that never answers well, behind this breaker.
fn failing(breaker: &str, more: &str) -> String {
    format!(
        "scenario: Broken\nquestion: In which state is the breaker?\nrun: {{duration: 600s, warm_up: 0s}}\n\
         load: {{users: {{to: web.get, arrive: {{constant: {{rate: 10/s}}}}}}}}\n\
         policies: {{api: {{breaker: {breaker}, fallback: {{}}}}}}\n\
         services:\n  web: {{workers: unlimited, endpoints: {{get: {{steps: [{{call: {{to: api.get, policy: api}}}}]}}}}}}\n\
         \x20 api: {{workers: unlimited, endpoints: {{get: {{steps: [{{wait: 10ms}}, {{fail: {{probability: 100%}}}}]}}}}}}\n{more}"
    )
}

/// Values of metrics of one run.
fn values(text: &str, metrics: &[&str]) -> Vec<f64> {
    let loaded = read(text).unwrap_or_else(|report| panic!("{}", report.render(false)));
    let run = sim_core::world::simulate(&loaded.model, 7, 0);
    let of = RunMetrics::new(&run, &loaded.model, &loaded.names);
    let value = |text: &&str| {
        let value = sim_core::expression::Value::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        value.in_run(&|_| Some(&of)).unwrap_or_else(|| panic!("{text} has no data"))
    };
    metrics.iter().map(value).collect()
}

fn shares(text: &str, scope: &str) -> [f64; State::ALL.len()] {
    let metrics = State::ALL.map(|state| format!("breaker_state_{}(web->api.get){scope}", state.name()));
    let all = values(text, &metrics.each_ref().map(String::as_str));
    assert!((all.iter().sum::<f64>() - 1.0).abs() < 1e-12, "a breaker is in one state: {all:?}");
    all.try_into().unwrap()
}

fn calls(model: &sim_core::model::Model, run: &RunResult, span: Span) -> EdgeCounts {
    let site = model.edges.iter().position(|edge| edge.name == "web->api.get").unwrap();
    run.edge(site.into(), span)
}

#[test]
fn a_breaker_that_is_never_answered_well_is_open_but_for_its_probes() {
    // Open for 9.9 s from the failure on at 10 ms, so that the call 10 s after the one that failed is the next probe, which takes 10 ms.
    let text = failing("{consecutive: {failures: 1, open_for: 9900ms}}", "");
    let [closed, open, half_open, ..] = shares(&text, "");
    let probes = 600.0 / 10.0;
    assert!((half_open - (probes - 1.0) * 0.01 / 600.0).abs() < 1e-9, "{half_open}");
    assert!((closed - 0.01 / 600.0).abs() < 2e-4 && open > 0.998, "{closed} {open}");
    let (model, result) = run(&text);
    let counts = calls(&model, &result, result.whole());
    assert_eq!((counts.of(&OPENED), counts.of(&TRANSITIONS)), (60, 119), "once from closed, then there and back");
    assert_eq!(counts.attempts, 60);
    assert_eq!(counts.of(&REJECTED), 5999 - 60, "turned away, also where a fallback answers");
    assert_eq!(counts.call_outcomes[Outcome::Degraded as usize], 5999);
}

#[test]
fn a_breaker_is_half_open_for_as_long_as_it_may_wait_and_no_longer() {
    // Nothing is ever answered: open for 4.95 s until the next call, then half-open for 3 s whether calls come or not.
    let breaker =
        "{rate: {failure_rate: 50%, window: {count: 1}, open_for: 4950ms, half_open: {calls: 1, max_wait: 3s}}}";
    let partition = "faults: {deaf: {inject: partition, where: {between: [web, api]}, at: 10s}}\n";
    let text = failing(breaker, partition);
    // From 10 s on, when the first probe is sent at 10 s: half-open 3 s, open 5 s, the call 4.95 s later being the first at a tenth of a second.
    let [closed, open, half_open, ..] = shares(&text, " from 11s to 571s");
    assert!(
        closed == 0.0 && (half_open - 3.0 / 8.0).abs() < 0.005 && (open - 5.0 / 8.0).abs() < 0.005,
        "{half_open} {open}"
    );
    // Hardly any call comes: its state is that of the time all the same.
    let quiet = text.replace("10/s", "1/min").replace("at: 10s", "at: 61s");
    let [_, open, half_open, ..] = shares(&quiet, " from 130s to 550s");
    assert!((half_open - 3.0 / 60.0).abs() < 1e-9 && (open - 57.0 / 60.0).abs() < 1e-9, "{half_open} {open}");
}

#[test]
fn a_process_that_starts_again_has_a_breaker_that_has_seen_nothing() {
    let breaker = "{consecutive: {failures: 5, open_for: 1h}}";
    let restart = "faults: {restarts: {inject: restart, where: {service: web}, at: 300s}}\n";
    let text = failing(breaker, restart);
    let [closed, open, ..] = shares(&text, " from 100s to 300s");
    assert!(closed == 0.0 && open > 0.999_999, "{open}");
    let (model, result) = run(&text);
    let counts = calls(&model, &result, result.whole());
    assert_eq!((counts.of(&OPENED), counts.of(&TRANSITIONS), counts.attempts), (2, 2, 10), "one breaker for each life");
    // While nobody runs there is no breaker: the shares are those of the time in which there is one.
    let down = "faults: {down: {inject: crash, where: {service: web}, at: 300s, for: 200s}}\n";
    let [closed, open, ..] = shares(&failing(breaker, down), "");
    assert!((open - 400.0 / 400.0).abs() < 0.01 && closed < 0.01, "{open} {closed}");
    let [before] = values(&failing(breaker, down), &["average(web->api.get.breakers_open)"])[..] else { panic!() };
    assert!((before - 400.0 / 600.0).abs() < 0.01, "{before}");
}

#[test]
fn what_is_forced_open_lets_nothing_pass_and_what_is_disabled_everything() {
    let (model, result) = run(&failing("{consecutive: {failures: 1, state: forced_open}}", ""));
    let counts = calls(&model, &result, result.whole());
    assert_eq!((counts.attempts, counts.of(&REJECTED), counts.of(&TRANSITIONS)), (0, 5999, 0));
    let text = failing("{consecutive: {failures: 1, state: disabled}}", "");
    let (model, result) = run(&text);
    let counts = calls(&model, &result, result.whole());
    assert_eq!((counts.attempts, counts.of(&REJECTED), counts.of(&OPENED)), (5999, 0, 0));
    assert_eq!(shares(&text, ""), [0.0, 0.0, 0.0, 0.0, 1.0]);
}

#[test]
fn an_experiment_forces_a_breaker_open_and_closed_again() {
    let experiment = "experiments: {hand: {at: 100s, for: 50s, hypothesis: [availability(users) >= 0%], \
                      actions: [{do: {set: {policies.api.breaker.consecutive.state: forced_open}}}]}}\n";
    let text = failing("{consecutive: {failures: 1, open_for: 1h}}", experiment);
    let [_, _, _, forced, _] = shares(&text, " from 100s to 150s");
    assert!((forced - 1.0).abs() < 1e-9, "{forced}");
    let (model, result) = run(&text);
    let counts = calls(&model, &result, result.whole());
    // Open by the first call; forced, closed anew, and open by the call that comes then.
    assert_eq!((counts.attempts, counts.of(&OPENED), counts.of(&TRANSITIONS)), (2, 2, 4));
}

/// Ten requests to two instances at 55 s, each of which makes a call of 50 s in the background; then one instance goes, and another comes.
fn removed(policy: &str, late: &str) -> String {
    format!(
        "scenario: Removed\nquestion: What is left of its calls?\nrun: {{duration: 200s, warm_up: 0s}}\n\
         load:\n  early: {{to: web.get, balance: round_robin, arrive: {{burst: {{size: 10, at: 55s}}}}}}\n{late}\
         policies: {{p: {{timeout: 100s, {policy}}}}}\n\
         services:\n  web: {{workers: unlimited, instances: 2, endpoints: {{get: {{steps: [{{background: [{{call: {{to: api.get, policy: p}}}}]}}]}}}}}}\n  \
         api: {{workers: unlimited, endpoints: {{get: {{steps: [{{wait: 50s}}, {{fail: {{probability: 100%}}}}]}}}}}}\n\
         control: {{scalers: {{s: {{of: web, every: 5s, min: 1, max: 2, use: {{scheduled: [{{at: 0s, for: 60s, instances: 2}}, {{at: 60s, for: 10s, instances: 1}}, {{at: 70s, instances: 2}}]}}}}}}}}\n"
    )
}

#[test]
fn what_a_caller_that_is_removed_has_under_way_ends_with_it() {
    let metrics = ["average(web->api.get.places_taken) from 66s to 104s", "most(web->api.get.places_taken)"];
    let late = "  late: {to: web.get, balance: round_robin, arrive: {burst: {size: 10, at: 75s}}}\n";
    let taken = values(&removed("concurrency_limit: {bulkhead: {limit: 5}}", late), &metrics);
    // Of ten places the five of the instance that is gone are free at once, and taken anew at 75 s by the one in its place.
    assert!(taken[1] <= 10.0, "{taken:?}");
    let before = values(&removed("concurrency_limit: {bulkhead: {limit: 5}}", ""), &metrics);
    assert_eq!(before, [5.0, 10.0], "the other instance waits for its five calls");
    // Its successor hears of no failure: one breaker opens, that of the instance that stayed.
    let breaker = "balance: round_robin, breaker: {consecutive: {failures: 3, open_for: 1h}}";
    assert_eq!(values(&removed(breaker, ""), &["most(web->api.get.breakers_open)"]), [1.0]);
}

#[test]
fn a_process_that_is_new_holds_no_connections_of_the_one_before() {
    // All are pinned to the instance that did not crash, and to both after they have started again.
    let text = "scenario: Pins\nquestion: To whom?\nrun: {duration: 200s, warm_up: 0s}\n\
        load: {users: {to: web.get, arrive: {constant: {rate: 100/s}}}}\n\
        policies: {p: {balance: pinned, timeout: 1s, cancel: true}}\n\
        services:\n  web: {workers: unlimited, instances: 40, endpoints: {get: {steps: [{call: {to: api.get, policy: p}}]}}}\n  \
        api: {workers: unlimited, instances: 2, endpoints: {get: {steps: [{wait: 10ms}]}}}\n\
        faults:\n  mark: {inject: {fail: {probability: 100%}}, where: {service: api, instances: [1]}, at: 60s}\n  \
        down: {inject: crash, where: {service: api, instances: [1]}, at: 1s, for: 40s}\n  \
        all: {inject: restart, where: {service: web}, at: 100s}\n";
    let error = |scope: &str| values(text, &[&format!("error_rate(web->api.get) {scope}")])[0];
    assert_eq!(error("from 60s to 99s"), 0.0);
    assert!((error("from 105s to 200s") - 0.5).abs() < 0.25, "{}", error("from 105s to 200s"));
}
