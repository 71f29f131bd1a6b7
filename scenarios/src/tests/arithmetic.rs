//! Arithmetic beside simulation: where both agree, where they differ, and whether the row says why.

use super::read;
use crate::study::{self, Plan};
use sim_core::results::{ArithmeticRow, Summary};
use std::ops::ControlFlow;

fn summary(text: &str) -> Summary {
    let loaded = read(text).unwrap_or_else(|report| panic!("{}", report.render(false)));
    study::run(&loaded, &[], &Plan::of(&loaded, 2), &|_, _| ControlFlow::Continue(())).unwrap().summary
}

fn row<'s>(summary: &'s Summary, of: &str) -> &'s ArithmeticRow {
    let found = summary.arithmetic.iter().find(|row| row.of.to_string() == of);
    found.unwrap_or_else(|| panic!("no row {of} in {:?}", summary.arithmetic))
}

fn near(found: f64, expected: f64, by: f64) {
    assert!((found - expected).abs() <= by, "{found}, expected {expected} within {by}");
}

/// CATALOGUE E1: five parts, each called by the one before, with what each fails by itself.
const CHAIN: [(&str, f64); 5] = [("a", 0.0001), ("b", 0.0005), ("c", 0.001), ("d", 0.0001), ("e", 0.001)];

/// The chain, whose failures are `times` as likely; `retry` is what each call says besides.
fn chain(times: f64, retry: &str) -> String {
    let mut text = String::from(
        "scenario: A chain\nquestion: What does arithmetic say?\n\
         run: {duration: 200s, warm_up: 1s, replications: 4, seed: 5}\n\
         load: {users: {to: a.get, arrive: {constant: {rate: 1000/s}}}}\n\
         promises: {works: {keep: {availability: 99.9%}, of: a.get, period: 30d}, best: {keep: {availability: 99.99%}, of: a.get}}\n\
         services:\n",
    );
    for (place, (name, fails)) in CHAIN.iter().enumerate() {
        let fails = fails * times * 100.0;
        let call = CHAIN
            .get(place + 1)
            .map_or(String::new(), |(next, _)| format!(", {{call: {{to: {next}.get, timeout: 1s{retry}}}}}"));
        text += &format!(
            "  {name}: {{workers: unlimited, endpoints: {{get: {{effect: idempotent, steps: [{{work: 1ms}}, {{fail: {{probability: {fails:.4}%}}}}{call}]}}}}}}\n"
        );
    }
    text
}

fn closed_form(times: f64) -> f64 {
    CHAIN.iter().map(|(_, fails)| 1.0 - fails * times).product()
}

#[test]
fn a_chain_is_the_product_of_its_parts() {
    for times in [1.0, 100.0] {
        let summary = summary(&chain(times, ""));
        let row = row(&summary, "availability of a.get");
        let exact = closed_form(times);
        // Four standard deviations of 800,000 requests.
        let by = 4.0 * (exact * (1.0 - exact) / 8e5).sqrt();
        near(row.arithmetic, exact, by);
        near(row.simulated.mean, row.arithmetic, 1e-5);
        assert!(row.why.to_string().ends_with("a.get, b.get, c.get, d.get, e.get. Simulation agrees."), "{}", row.why);
        for (name, fails) in CHAIN {
            let by_itself = summary.endpoints[&format!("{name}.get")].by_itself.unwrap();
            let fails = fails * times;
            near(by_itself.mean, 1.0 - fails, 5.0 * (fails / 7e5).sqrt());
        }
    }
    near(closed_form(1.0), 0.997_303, 5e-7);
}

#[test]
fn what_each_part_needs_and_the_minutes_of_a_year() {
    let summary = summary(&chain(1.0, ""));
    near(row(&summary, "availability that works needs of each of 5 parts").arithmetic, 0.9998, 1e-7);
    let least = row(&summary, "availability that works needs of each of 5 parts");
    let weakest = summary.endpoints.values().filter_map(|endpoint| endpoint.by_itself).map(|share| share.mean);
    near(least.simulated.mean, weakest.fold(1.0, f64::min), 0.0);
    near(row(&summary, "minutes a year that best leaves").arithmetic, 52.56, 1e-9);
    let year = row(&summary, "minutes a year that works leaves");
    near(year.arithmetic, 525.6, 1e-9);
    let availability = summary.endpoints["a.get"].availability.unwrap();
    near(year.simulated.mean, (1.0 - availability.mean) * 525_600.0, 1e-6);
    assert!(year.simulated.low <= year.simulated.mean && year.simulated.mean <= year.simulated.high);
}

#[test]
fn retries_raise_it_above_the_product() {
    let summary = summary(&chain(100.0, ", retry: {max_attempts: 3}"));
    let row = row(&summary, "availability of a.get");
    near(row.arithmetic, closed_form(100.0), 0.003);
    // Each call is a failure only where three attempts at the rest of the chain fail.
    let exact =
        CHAIN.iter().rev().fold(1.0, |below: f64, (_, fails)| (1.0 - fails * 100.0) * (1.0 - (1.0 - below).powi(3)));
    near(row.simulated.mean, exact, 0.003);
    assert!(row.why.to_string().contains("Simulation is higher: calls are tried again."), "{}", row.why);
}

/// A gateway that calls two parts at the same time, and what strikes them.
fn two(call: &str, faults: &str) -> String {
    format!(
        "scenario: Two parts\nquestion: Do they fail together?\n\
         run: {{duration: 200s, warm_up: 0s, replications: 4, seed: 6}}\n\
         load: {{users: {{to: gate.get, arrive: {{constant: {{rate: 100/s}}}}}}}}\n\
         services:\n  gate: {{workers: unlimited, endpoints: {{get: {{steps: [{{parallel: {{branches: [{{call: {{to: one.get{call}}}}}, {{call: {{to: two.get{call}}}}}]}}}}]}}}}}}\n  \
         one: {{workers: unlimited, endpoints: {{get: {{steps: [{{work: 5ms}}]}}}}}}\n  \
         two: {{workers: unlimited, endpoints: {{get: {{steps: [{{work: 5ms}}]}}}}}}\n\
         faults: {{{faults}}}\n"
    )
}

#[test]
fn shared_fate_counts_twice_in_the_product() {
    let down =
        |name: &str, at: u32| format!("{name}: {{inject: crash, where: {{service: {name}}}, at: {at}s, for: 40s}}");
    let together = summary(&two(", timeout: 1s", &format!("{}, {}", down("one", 50), down("two", 50))));
    let found = row(&together, "availability of gate.get");
    near(found.arithmetic, 0.64, 0.005);
    near(found.simulated.mean, 0.8, 0.005);
    assert!(
        found.why.to_string().contains("Simulation is higher: failures of the parts come together"),
        "{}",
        found.why
    );
    let apart = summary(&two(", timeout: 1s", &format!("{}, {}", down("one", 50), down("two", 100))));
    let found = row(&apart, "availability of gate.get");
    near(found.arithmetic, 0.64, 0.005);
    near(found.simulated.mean, 0.6, 0.005);
    assert!(found.why.to_string().contains("Simulation is lower: failures"), "{}", found.why);
    near(apart.endpoints["gate.get"].by_itself.unwrap().mean, 1.0, 0.0);
}

#[test]
fn what_hangs_below_is_not_its_callers_own() {
    let silent = "gone: {inject: {crash: {callers_see: silence}}, where: {service: one}, at: 0s, for: 200s}";
    let summary = summary(&two("", silent));
    let share = |name: &str| summary.endpoints[name].by_itself.unwrap().mean;
    near(share("gate.get"), 1.0, 0.0);
    near(share("one.get"), 0.0, 0.0);
    near(share("two.get"), 1.0, 0.0);
    let found = row(&summary, "availability of gate.get");
    assert_eq!((found.arithmetic, found.simulated.mean), (0.0, 0.0));
}

/// CATALOGUE E1: the p99 of calls one after the other adds up to 310 ms as a bound, that of calls at the same time is the longest.
#[test]
fn p99_adds_up_or_is_the_longest() {
    let times = [10, 20, 50, 200, 30];
    let services: String = (0..5)
        .map(|n| format!("  s{n}: {{workers: unlimited, endpoints: {{get: {{steps: [{{work: {}ms}}]}}}}}}\n", times[n]))
        .collect();
    let calls = |n: usize| format!("{{call: {{to: s{n}.get, timeout: 1s}}}}");
    let all: Vec<String> = (0..5).map(calls).collect();
    let text = |steps: String| {
        format!(
            "scenario: Five calls\nquestion: What is the p99?\nrun: {{duration: 50s, warm_up: 1s, replications: 2}}\n\
             load: {{users: {{to: gate.get, arrive: {{constant: {{rate: 100/s}}}}}}}}\nservices:\n\
             \x20 gate: {{workers: unlimited, endpoints: {{get: {{steps: [{steps}]}}}}}}\n{services}"
        )
    };
    let serial = summary(&text(all.join(", ")));
    let parallel = summary(&text(format!("{{parallel: {{branches: [{}]}}}}", all.join(", "))));
    for (summary, simulated) in [(&serial, 0.310), (&parallel, 0.200)] {
        let sum = row(summary, "p99 of gate.get, its calls one after the other");
        let longest = row(summary, "p99 of gate.get, its calls at the same time");
        // A histogram's bucket is a hundredth wide.
        near(sum.arithmetic, 0.310, 0.004);
        near(longest.arithmetic, 0.200, 0.002);
        near(sum.simulated.mean, simulated, 0.004);
        assert_eq!(sum.simulated, longest.simulated);
    }
}
