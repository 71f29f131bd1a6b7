//! Every message of a call travels one way: what links and faults do to requests they do to refusals, to deliveries of queues and to their
//! acknowledgements, each in its direction.

use super::read;
use sim_core::ids::{EdgeId, ServiceId};
use sim_core::outcome::Outcome;
use sim_core::results::{EdgeCounts, RunResult};

/// A message a second from zone `a` to the service `api` in zone `b`, and what comes back.
struct Exchange {
    what: &'static str,
    /// Who sends.
    from: &'static str,
    /// Settings of the callee.
    callee: &'static str,
    /// How its sender counts the end of an exchange.
    ends: Outcome,
    /// What the callee adds to the time of both ways [ms].
    works_ms: u64,
}

const LOAD: &str =
    "load: {users: {to: api.get, arrive: {constant: {rate: 1/s}}, from: a, size: {request: 10B, response: 7B}}}\n";
const CALLER: &str = "load: {users: {to: web.get, arrive: {constant: {rate: 1/s}}}}\n";
const WEB: &str = "  web: {zones: [a], workers: 9, endpoints: {get: {steps: [\
    {call: {to: api.get, timeout: 5s, size: {request: 10B, response: 7B}}}]}}}\n";
const QUEUE: &str = "load: {users: {to: jobs.send, arrive: {constant: {rate: 1/s}}}}\n\
    queues: {jobs: {consumers: {c: {to: api.get, visibility_timeout: 5s, max_deliveries: 1}}}}\n";

const EXCHANGES: [Exchange; 4] = [
    Exchange { what: "load class", from: LOAD, callee: "workers: 9", ends: Outcome::Ok, works_ms: 10 },
    Exchange { what: "call", from: CALLER, callee: "workers: 9", ends: Outcome::Ok, works_ms: 10 },
    // The only worker is never free again, and nobody may wait for it: the door refuses.
    Exchange {
        what: "refusal",
        from: CALLER,
        callee: "workers: 1, queue: {capacity: 0}, endpoints: {get: {steps: [{wait: 1h}]}}",
        ends: Outcome::Rejected,
        works_ms: 0,
    },
    Exchange { what: "delivery", from: QUEUE, callee: "workers: 9", ends: Outcome::Ok, works_ms: 10 },
];

impl Exchange {
    /// What the sender's call site has counted, with these further sections of the file.
    fn run(&self, beside: &str) -> (EdgeCounts, RunResult) {
        let work = if self.callee.contains("endpoints") { "" } else { ", endpoints: {get: {steps: [{work: 10ms}]}}" };
        let web = if self.from == CALLER { WEB } else { "" };
        let text = format!(
            "scenario: Messages\nquestion: Do all travel one way?\nrun: {{duration: 50s, warm_up: 10s}}\n\
             regions: {{home: {{zones: [a, b]}}}}\n{}services:\n{web}  api: {{zones: [b], {}{work}}}\n{beside}",
            self.from, self.callee,
        );
        let model = read(&text).unwrap_or_else(|report| panic!("{}: {}", self.what, report.render(false))).model;
        let run = sim_core::world::simulate(&model, 7, 0);
        let site = model.edges.iter().position(|edge| edge.name.ends_with("->api.get")).expect("the call");
        (run.edge(EdgeId::from(site), run.whole()), run)
    }
}

/// Time from sending to the answer, of one exchange [ms].
fn latency_ms(exchange: &Exchange, beside: &str) -> f64 {
    let (counts, run) = exchange.run(beside);
    if exchange.ends == Outcome::Ok {
        return counts.latency_sum_ns as f64 / counts.outcomes[0] as f64 / 1e6;
    }
    // Latency is of answers; how long a refusal takes is how long its caller is inside.
    let caller = run.service(ServiceId(0), run.whole());
    caller.in_system_ns as f64 / caller.left as f64 / 1e6
}

#[test]
fn links_hold_every_message_up_in_its_direction() {
    let links = "network: {links: {\
        there: {from: a, to: b, latency: 20ms}, back: {from: b, to: a, latency: 300ms}}}\n";
    for exchange in &EXCHANGES {
        let took = latency_ms(exchange, links);
        let expected = (320 + exchange.works_ms) as f64;
        assert!((took - expected).abs() < 0.5, "{}: {took} ms, expected {expected} ms", exchange.what);
    }
}

#[test]
fn faults_strike_every_message_in_its_direction() {
    for exchange in &EXCHANGES {
        for way in ["{from: {zone: a}, to: {zone: b}}", "{from: {zone: b}, to: {zone: a}}"] {
            let ways = way.replace("{zone: a}", "a").replace("{zone: b}", "b");
            for (inject, is_lost) in
                [("{loss: {probability: 100%}}", true), ("partition", true), ("{delay: {add: 100ms}}", false)]
            {
                let fault = format!("faults: {{bad: {{inject: {inject}, where: {ways}}}}}\n");
                let (counts, _) = exchange.run(&fault);
                let what = format!("{} with {inject} {ways}", exchange.what);
                let ended = counts.outcomes[exchange.ends as usize];
                if is_lost {
                    assert_eq!(ended, 0, "{what}");
                    continue;
                }
                assert!(ended > 40, "{what}: {ended} have ended");
                let took = latency_ms(exchange, &fault);
                let expected = (100 + exchange.works_ms) as f64;
                assert!((took - expected).abs() < 0.5, "{what}: {took} ms, expected {expected} ms");
            }
        }
    }
}

#[test]
fn bytes_of_requests_and_of_all_answers_are_counted() {
    for exchange in EXCHANGES.iter().filter(|exchange| exchange.from != QUEUE) {
        let (counts, _) = exchange.run("");
        assert_eq!(counts.bytes, counts.attempts * 17, "{}", exchange.what);
        assert_eq!(counts.bytes_across, [counts.bytes, 0], "{}", exchange.what);
    }
}
