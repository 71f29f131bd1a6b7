//! Every message of a call travels one way: what links and faults do to requests they do to refusals, to deliveries of queues and to their
//! acknowledgements, each in its direction.

use super::read;
use sim_core::ids::{Caller, EdgeId, ServiceId};
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
        assert_eq!(counts.bytes_across[..2], [counts.bytes, 0], "{}", exchange.what);
    }
}

/// One worker that takes messages of 100 ms from where it may, and what comes is twice what it can do: what each call site handed over.
fn handed(queues: &str, services: &str) -> Vec<(String, u64)> {
    let text = format!(
        "scenario: Turns\nquestion: Who starves?\nrun: {{duration: 100s, warm_up: 0s}}\n\
         load:\n  one: {{to: first.send, arrive: {{constant: {{rate: 20/s}}}}}}\n  other: {{to: second.send, arrive: {{constant: {{rate: 5/s}}}}}}\n\
         services:\n{services}queues:\n{queues}"
    );
    let model = read(&text).unwrap_or_else(|report| panic!("{}", report.render(false))).model;
    let run = sim_core::world::simulate(&model, 7, 0);
    let deliveries = model.edges.iter().enumerate().filter(|(_, edge)| matches!(edge.caller, Caller::Queue(_)));
    deliveries.map(|(place, edge)| (edge.name.clone(), run.edge(EdgeId::from(place), run.whole()).attempts)).collect()
}

/// A worker serves the queues of its service one after the other: none waits for ever behind one that always has messages.
#[test]
fn no_queue_starves_behind_another_of_the_same_consumer() {
    let worker = "  w: {workers: 1, endpoints: {a: {steps: [{wait: 100ms}]}, b: {steps: [{wait: 100ms}]}}}\n";
    for (first, second) in [("a", "b"), ("a", "a")] {
        let queues = format!(
            "  first: {{capacity: 10k, consumers: {{c: {{to: w.{first}, visibility_timeout: 1h}}}}}}\n  \
             second: {{capacity: 10k, consumers: {{c: {{to: w.{second}, visibility_timeout: 1h}}}}}}\n"
        );
        let found = handed(&queues, worker);
        for (call, number) in &found {
            assert!((495..=502).contains(number), "{call}: {number} of {found:?}");
        }
        assert_eq!(found.len(), 2);
    }
}

/// Consumers of one queue compete: those of one service, and those of two of which each has a worker free for half of all messages.
#[test]
fn consumers_of_one_queue_have_their_turns() {
    let nobody = "  second: {capacity: 10k}\n";
    let one = "  w: {workers: 1, endpoints: {a: {steps: [{wait: 100ms}]}, b: {steps: [{wait: 100ms}]}}}\n";
    let two = "  v: {workers: 90, endpoints: {a: {steps: [{wait: 100ms}]}}}\n  w: {workers: 90, endpoints: {b: {steps: [{wait: 100ms}]}}}\n";
    for (services, first, expected) in [(one, "w", 500), (two, "v", 1000)] {
        let queues = format!(
            "  first: {{capacity: 10k, consumers: {{a: {{to: {first}.a, visibility_timeout: 1h}}, b: {{to: w.b, visibility_timeout: 1h}}}}}}\n{nobody}"
        );
        for (call, number) in handed(&queues, services) {
            assert!(number.abs_diff(expected) <= 5, "{call}: {number}");
        }
    }
}
