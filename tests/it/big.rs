//! The yardstick `big.yaml`: 200 services in six layers, written by this program and kept as it writes it.

use super::generated;
use std::fmt::Write as _;

/// Layers from the edge inward: name, services, how long their callers wait for them.
const LAYERS: [(&str, usize, &str); 6] = [
    ("edge", 20, "5s"),
    ("front", 30, "3s"),
    ("logic", 40, "2s"),
    ("domain", 40, "1s"),
    ("shared", 40, "500ms"),
    ("store", 30, "250ms"),
];
const INSTANCES: usize = 10;
/// Requests a second at each service of the edge.
const RATE: f64 = 100.0;

/// A call: service and endpoint of the next layer, balancer, whether behind a breaker.
struct Call {
    service: usize,
    endpoint: usize,
    balance: &'static str,
    breaker: bool,
}

struct Endpoint {
    work: String,
    /// Mean time of its own work [ms].
    mean: f64,
    calls: Vec<Call>,
    parallel: bool,
    /// Requests a second.
    rate: f64,
    /// Mean time until it answers, without waiting in queues [ms].
    time: f64,
}

/// Small whole numbers that look random and are the same everywhere: a linear congruential generator of Knuth's.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % n
    }
}

/// Endpoint `get` or `put` of a service. What the `get`s of a layer call reaches every service of the next one.
fn endpoint(layer: usize, service: usize, put: bool, dice: &mut Dice) -> Endpoint {
    let mean = 2 + dice.below(14);
    let work = match dice.below(10) {
        0 => format!("{mean}ms"),
        1 | 2 => format!("{{uniform: {{from: {}ms, to: {}ms}}}}", mean / 2, mean + mean.div_ceil(2)),
        _ => format!("{{exponential: {{mean: {mean}ms}}}}"),
    };
    let next = LAYERS.get(layer + 1).map_or(0, |l| l.1);
    let mut callees: Vec<(usize, usize)> = Vec::new();
    if !put {
        callees.extend((service..next).step_by(LAYERS[layer].1).map(|s| (s, 0)));
    }
    let more = [1, 0, 0, 1, 0][dice.below(5)] + usize::from(put);
    callees.extend((0..more).map(|_| (dice.below(next.max(1)), dice.below(2))));
    callees.retain(|c| c.0 < next);
    let calls: Vec<Call> = callees
        .into_iter()
        .map(|(service, endpoint)| Call {
            service,
            endpoint,
            balance: ["least_requests", "round_robin", "random"][dice.below(3)],
            breaker: dice.below(10) == 0,
        })
        .collect();
    let parallel = calls.len() > 1 && dice.below(2) == 0;
    Endpoint { work, mean: mean as f64, calls, parallel, rate: 0.0, time: 0.0 }
}

/// All layers, with rates from the edge inward and times from the stores outward.
fn layers() -> Vec<Vec<[Endpoint; 2]>> {
    let mut dice = Dice(7);
    let mut all: Vec<Vec<[Endpoint; 2]>> = (0..LAYERS.len())
        .map(|layer| {
            (0..LAYERS[layer].1).map(|s| [false, true].map(|put| endpoint(layer, s, put, &mut dice))).collect()
        })
        .collect();
    for service in &mut all[0] {
        service[0].rate = RATE * 0.8;
        service[1].rate = RATE * 0.2;
    }
    for layer in 0..LAYERS.len() - 1 {
        let (upper, lower) = all.split_at_mut(layer + 1);
        for endpoint in upper[layer].iter().flatten() {
            for call in &endpoint.calls {
                lower[0][call.service][call.endpoint].rate += endpoint.rate;
            }
        }
    }
    for layer in (0..LAYERS.len()).rev() {
        for service in 0..LAYERS[layer].1 {
            for endpoint in 0..2 {
                let below = |call: &Call| all[layer + 1][call.service][call.endpoint].time;
                let at = &all[layer][service][endpoint];
                let times = at.calls.iter().map(below);
                let wait = if at.parallel { times.fold(0.0, f64::max) } else { times.sum() };
                all[layer][service][endpoint].time = at.mean + wait;
            }
        }
    }
    all
}

fn write_call(text: &mut String, layer: usize, call: &Call) {
    let (name, _, _) = LAYERS[layer + 1];
    let policy = if call.breaker { format!("{name}-breaker") } else { name.to_owned() };
    let which = ["get", "put"][call.endpoint];
    let (number, balance) = (call.service + 1, call.balance);
    write!(text, "{{call: {{to: {name}-{number:02}.{which}, policy: {policy}, balance: {balance}}}}}").unwrap();
}

fn write_endpoint(text: &mut String, layer: usize, name: &str, endpoint: &Endpoint) {
    write!(text, "      {name}: {{steps: [{{work: {}}}", endpoint.work).unwrap();
    if endpoint.parallel {
        text.push_str(", {parallel: {branches: [");
    }
    for (index, call) in endpoint.calls.iter().enumerate() {
        if index > 0 || !endpoint.parallel {
            text.push_str(", ");
        }
        write_call(text, layer, call);
    }
    if endpoint.parallel {
        text.push_str("]}}");
    }
    text.push_str("]}\n");
}

fn page() -> String {
    let all = layers();
    let mut text = "\
# Written by tests/it/big.rs: UPDATE=1 cargo test writes it anew.
scenario: Two hundred services, six deep
question: What does an attempt cost the engine in a system of 200 services and 2,000 instances, with timeouts and retries on every call and breakers on some?
answer: >
  At most twice what it costs with three services; benches/README.md has the figure. Nothing fails: instances are up to about
  half busy.
run: {duration: 30s, warm_up: 10s, replications: 8, seed: 1}

defaults:
  service: {instances: 10, queue: {capacity: 1000}}

policies:
"
    .to_owned();
    for (name, _, timeout) in &LAYERS[1..] {
        let retry = "retry: {max_attempts: 3, backoff: {exponential: {base: 10ms, multiplier: 2, jitter: full}}}";
        writeln!(text, "  {name}: {{timeout: {timeout}, {retry}}}").unwrap();
        let breaker = "breaker: {rate: {failure_rate: 50%, minimum_calls: 20, open_for: 5s}}";
        writeln!(text, "  {name}-breaker: {{timeout: {timeout}, {retry}, {breaker}}}").unwrap();
    }
    text.push_str("\nload:\n");
    for number in 1..=LAYERS[0].1 {
        let (edge, rate) = (format!("edge-{number:02}"), RATE);
        writeln!(
            text,
            "  to-{edge}: {{mix: {{{edge}.get: 80%, {edge}.put: 20%}}, arrive: {{poisson: {{rate: {rate}/s}}}}}}"
        )
        .unwrap();
    }
    text.push_str("\nservices:\n");
    for (layer, services) in all.iter().enumerate() {
        for (index, endpoints) in services.iter().enumerate() {
            let frees_worker = index % 5 == 4;
            let held: f64 =
                endpoints.iter().map(|e| e.rate * if frees_worker { e.mean } else { e.time } / 1000.0).sum();
            let workers = (held / INSTANCES as f64 / 0.4).ceil().max(2.0);
            writeln!(text, "  {}-{:02}:", LAYERS[layer].0, index + 1).unwrap();
            writeln!(text, "    workers: {workers}").unwrap();
            if frees_worker {
                text.push_str("    async: true\n");
            }
            text.push_str("    endpoints:\n");
            for (endpoint, name) in endpoints.iter().zip(["get", "put"]) {
                write_endpoint(&mut text, layer, name, endpoint);
            }
        }
    }
    text.push_str(
        "\nexpect:\n  - availability(edge-01.get) > 99.9%\n  - availability(edge-20.put) > 99.9%\n  - p99(edge-01.get) < 1s\n",
    );
    text
}

#[test]
fn the_big_yardstick_is_generated() {
    generated::check("scenarios/shipped/yardstick/big.yaml", &page());
}
