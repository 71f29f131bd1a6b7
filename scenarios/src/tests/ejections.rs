//! Ejections of instances: how soon callers find those that a fault strikes.

use super::{problems, read};
use sim_core::judge::RunMetrics;

/// Forty calls a second from one instance, to four in turn, with two faults: `bad` lets the first fail always from 10 s on, `gray` the third now and
/// then from 60 s on.
fn text(ejection: &str, bad: &str) -> String {
    format!(
        "scenario: Gray\nquestion: How soon is it found?\nrun: {{duration: 120s, warm_up: 0s}}\n\
         load: {{users: {{to: web.get, arrive: {{constant: {{rate: 40/s}}}}}}}}\n\
         services:\n  web: {{workers: 99, endpoints: {{get: {{steps: [{{call: {{to: api.get, balance: round_robin{ejection}}}}}]}}}}}}\n\
         \x20 api: {{instances: 4, workers: 99, endpoints: {{get: {{steps: [{{wait: 1ms}}]}}}}}}\n\
         faults:\n  bad: {{inject: {bad}, at: 10s, for: 40s}}\n\
         \x20 gray: {{inject: {{fail: {{probability: 1%}}}}, where: {{service: api, instances: [3]}}, at: 60s, for: 40s}}\n"
    )
}

const FIVE: &str =
    ", outlier_ejection: {consecutive_errors: 5, eject_for: 1h, max_eject_for: 1h, max_ejected: {percent: 100%}}";
const ALWAYS: &str = "{fail: {probability: 100%}}, where: {service: api, instances: [1]}";

/// The value of a metric in one run, if it has one [s].
fn value(text: &str, metric: &str) -> Option<f64> {
    let loaded = read(text).unwrap_or_else(|report| panic!("{}", report.render(false)));
    let run = sim_core::world::simulate(&loaded.model, 7, 0);
    let of = RunMetrics::new(&run, &loaded.model, &loaded.names);
    sim_core::expression::Value::parse(metric).unwrap_or_else(|e| panic!("{metric}: {e}")).in_run(&|_| Some(&of))
}

#[test]
fn the_time_to_eject_is_from_the_fault_to_the_first_ejection_of_an_instance_that_it_strikes() {
    // Each instance has ten calls a second, so that the fifth failure in a row comes 0.4 to 0.5 s after the fault.
    let found = value(&text(FIVE, ALWAYS), "time_to_eject(api) after bad").expect("a time");
    assert!((0.4..=0.5).contains(&found), "{found}");
    // That the first instance was ejected says nothing of the third, which never fails five times in a row.
    let never = value(&text(FIVE, ALWAYS), "time_to_eject(api) after gray").expect("a time");
    assert!(never > 1e9, "{never}");
    // By share of successes it is found at a look, every 10 s: at that after 100 of its calls, which take 10 s.
    let rate = FIVE.replace(
        "consecutive_errors: 5",
        "consecutive_errors: 1k, success_rate: {minimum_instances: 4, minimum_requests: 90, deviations: 1}",
    );
    let at_look = value(&text(&rate, ALWAYS), "time_to_eject(api) after bad").expect("a time");
    assert!((at_look - 10.0).abs() < 1e-9, "{at_look}");
}

#[test]
fn without_an_ejection_and_of_faults_on_messages_there_is_no_time_to_eject() {
    assert_eq!(value(&text("", ALWAYS), "time_to_eject(api) after bad"), None);
    let cut = "partition, where: {between: [web, api]}";
    assert_eq!(value(&text(&format!(", timeout: 100ms{FIVE}"), cut), "time_to_eject(api) after bad"), None);
    let told = problems(&(text(FIVE, ALWAYS) + "expect: [time_to_eject(api) < 15s]\n"));
    assert!(told.len() == 1 && told[0].contains("measured from a fault on"), "{told:?}");
}
