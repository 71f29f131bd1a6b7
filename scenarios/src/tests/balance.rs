//! Balancers in runs: which instance gets how much. One instance fails all requests, so that the share of errors is the share of calls that it gets.

use super::{problems, read};
use sim_core::ids::EdgeId;
use sim_core::outcome::Outcome;

/// 200 users a second at four instances of `api`, called by one instance of `web`, with this balancer, and a fault.
fn system(balance: &str, fault: &str) -> String {
    format!(
        "scenario: Balance\nquestion: Who gets how much?\nrun: {{duration: 200s, warm_up: 10s}}\n\
         keys: {{customer: {{hot: {{count: 1000, percent: 40%}}}}, all: {{uniform: {{count: 100k}}}}}}\n\
         load: {{users: {{to: web.get, arrive: {{poisson: {{rate: 200/s}}}}}}}}\n\
         services:\n  web: {{workers: unlimited, endpoints: {{get: {{steps: [{{call: {{to: api.get, balance: {balance}}}}}]}}}}}}\n\
         \x20 api: {{instances: 4, workers: 50, endpoints: {{get: {{steps: [{{wait: {{exponential: {{mean: 10ms}}}}}}]}}}}}}\n\
         faults: {{f: {fault}}}\n"
    )
}

/// Share of calls that end in an error, and their mean latency [ms].
fn found(text: &str) -> (f64, f64) {
    let model = read(text).unwrap_or_else(|report| panic!("{}", report.render(false))).model;
    let run = sim_core::world::simulate(&model, 7, 0);
    let site = EdgeId::from(model.edges.iter().position(|edge| edge.name == "web->api.get").expect("the call"));
    let counts = run.edge(site, run.whole());
    let errors = counts.outcomes[Outcome::Error as usize] as f64 / counts.attempts as f64;
    (errors, counts.latency_sum_ns as f64 / 1e6 / counts.outcomes[0] as f64)
}

/// The part of the calls that an instance gets.
fn share(balance: &str, instance: u32) -> f64 {
    let fault =
        format!("{{inject: {{fail: {{probability: 100%}}}}, where: {{service: api, instances: [{instance}]}}}}");
    found(&system(balance, &fault)).0
}

#[test]
fn each_gets_as_much_as_its_weight_says() {
    for (instance, weight) in [(0, 5.0), (1, 2.0), (3, 1.0)] {
        let share = share("{weighted: {weights: [5, 2, 2, 1]}}", instance);
        assert!((share - weight / 10.0).abs() < 0.001, "{instance}: {share}");
    }
    // Weights begin anew behind the last.
    assert!((share("{weighted: {weights: [3, 1]}}", 2) - 3.0 / 8.0).abs() < 0.001);
}

#[test]
fn the_instance_of_a_hot_key_is_hot() {
    for kind in ["ring_hash", "maglev"] {
        let shares: Vec<f64> = (0..4).map(|i| share(&format!("{{{kind}: {{key: customer}}}}"), i)).collect();
        let most = shares.iter().copied().fold(0.0, f64::max);
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 0.02, "{kind}: {shares:?}");
        // The hot key, and a quarter of all others.
        assert!((most - (0.4 + 0.6 / 4.0)).abs() < 0.04, "{kind}: {shares:?}");
        let even: Vec<f64> = (0..4).map(|i| share(&format!("{{{kind}: {{key: all}}}}"), i)).collect();
        assert!(even.iter().all(|share| (share - 0.25).abs() < 0.05), "{kind}: {even:?}");
    }
}

#[test]
fn the_faster_of_two_gets_the_call() {
    let slow = "{inject: {slow: {factor: 30}}, where: {service: api, instances: [2]}}";
    let mean = |balance: &str| found(&system(balance, slow)).1;
    let (random, ewma) = (mean("random"), mean("latency_ewma"));
    // By chance a quarter of the calls take 300 ms.
    assert!((random - (0.75 * 10.0 + 0.25 * 300.0)).abs() < 4.0, "{random}");
    // Two are drawn, so that a slow one beside a fast one is left alone but for the calls by which it is tried again.
    assert!(ewma < 16.0, "{ewma}");
}

#[test]
fn names_and_bounds_of_settings_are_looked_at() {
    let one = |balance: &str| {
        let found = problems(&system(balance, "{inject: crash, where: {service: api}, for: 1s}"));
        found
            .into_iter()
            .map(|p| p.split_once(' ').map_or(String::new(), |(_, rest)| rest.to_owned()))
            .collect::<Vec<_>>()
    };
    assert_eq!(one("{ring_hash: {key: costumer}}"), ["costumer: no key space is called \"costumer\""]);
    assert_eq!(one("{maglev: {size: 100}}"), ["100: the size of the table is a prime number of at most 5,000,011"]);
    assert_eq!(
        one("{weighted: {weights: [0, 0]}}"),
        ["weights: without a weight above zero no instance is ever called"]
    );
    assert_eq!(one("{latency_ewma: {decay: 0s}}"), ["0s: an average that forgets at once knows nothing"]);
}
