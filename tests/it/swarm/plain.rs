//! Stations that are simulated by themselves, on random systems of which most are: with telemetry, alerts, windows and marks that look at them.

use super::dice::Dice;
use super::{read, swarm};
use sim_core::world::{plain_stations, simulate, simulate_by_events};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};

const WORK: [&str; 5] = [
    "{exponential: {mean: 40ms}}",
    "{lognormal: {p50: 20ms, p99: 300ms}}",
    "{uniform: {from: 1ms, to: 90ms}}",
    "{gamma: {mean: 45ms, cv: 2}}",
    "{normal: {mean: 30ms, deviation: 40ms}}",
];

/// One to three services with one or two endpoints each, a load class to each endpoint, and an alert on each service.
fn text(seed: u64) -> String {
    let mut dice = Dice::new(seed);
    let (mut load, mut services, mut alerts) = (String::new(), String::new(), String::new());
    for number in 0..dice.number(1, 3) {
        let (name, workers) = (format!("s{number}"), *dice.pick(&[1, 2, 8]));
        let capacity = *dice.pick(&["1M", "20", "0"]);
        let _ = writeln!(
            services,
            "  {name}:\n    workers: {workers}\n    queue: {{capacity: {capacity}}}\n    endpoints:"
        );
        for place in 0..dice.number(1, 2) {
            let mut steps = format!("{{work: {}}}", dice.pick(&WORK));
            if dice.chance(15) {
                steps.push_str(", {wait: 5ms}");
            }
            let _ = writeln!(services, "      e{place}: {{steps: [{steps}]}}");
            let rate = workers * *dice.pick(&[4, 9, 14]);
            let arrive = match dice.number(0, 2) {
                0 => format!("{{poisson: {{rate: {rate}/s}}}}"),
                1 => format!("{{constant: {{rate: {rate}/s}}}}"),
                _ => format!("{{renewal: {{between: {{gamma: {{mean: {}ms, cv: 2}}}}}}}}", 1000 / rate),
            };
            let shape = dice.pick(&[
                "",
                ", shape: [{spike: {at: 20s, for: 10s, factor: 3}}]",
                ", shape: [{step: {at: 30s, factor: 2}}]",
            ]);
            let _ = writeln!(load, "  u{number}-{place}: {{to: {name}.e{place}, arrive: {arrive}{shape}}}");
        }
        let when =
            dice.pick(&["utilisation(NAME) over 5s > 60%", "queue_length(NAME) > 3", "p99(NAME.e0) over 10s > 100ms"]);
        let _ = writeln!(alerts, "    a{number}: {{when: '{}', for: 5s}}", when.replace("NAME", &name));
    }
    format!(
        "scenario: Plain stations\nquestion: Are they the same?\nrun: {{duration: 70s, warm_up: 5s, replications: 1}}\nload:\n{load}services:\n{services}\
         control:\n  telemetry:\n    scrapes: {{every: 3s}}\n  alerts:\n{alerts}"
    )
}

#[test]
fn stations_simulated_by_themselves_change_nothing() {
    let (plain, fired) = (AtomicUsize::new(0), AtomicUsize::new(0));
    swarm("plain", 80, text, |seed| {
        let model = read(&text(seed)).model;
        let (alone, by_events) = (simulate(&model, seed, 0), simulate_by_events(&model, seed, 0));
        assert_eq!(format!("{alone:?}"), format!("{by_events:?}"));
        plain.fetch_add(plain_stations(&model), Ordering::Relaxed);
        fired.fetch_add(alone.alerts.iter().map(Vec::len).sum(), Ordering::Relaxed);
    });
    if std::env::var_os("SWARM_SEED").is_none() {
        let (plain, fired) = (plain.into_inner(), fired.into_inner());
        assert!(plain > 80 && fired > 20, "{plain} stations were plain, and {fired} alerts fired");
    }
}
