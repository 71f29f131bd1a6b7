//! Names that look like metrics, or like the beginning of each other, in every place where a name could be taken for a word.

use super::program::Folder;
use super::run;
use sim_core::results::About;

/// The promise that comes first is on the recovery of `payment.get`; those on the endpoint that suffers most, and is drawn, come last.
const NAMES: &str = "
scenario: Names that look like metrics
question: Does each promise stand in its own figure?
run: {duration: 3m, replications: 4, seed: 3}
load:
  p99: {to: pay.get, timeout: 800ms, arrive: {poisson: {rate: 20/s}}}
  more: {to: pay.get2, arrive: {poisson: {rate: 20/s}}}
  most: {to: payment.get, arrive: {poisson: {rate: 20/s}}}
services:
  pay:
    workers: 8
    endpoints: {get: {steps: [{work: {exponential: {mean: 170ms}}}]}, get2: {steps: [{work: 10ms}]}}
  payment: {workers: 8, endpoints: {get: {steps: [{work: 10ms}]}}}
faults:
  answers: {inject: crash, where: {service: payment}, at: 1m, for: 1s}
promises:
  back: {keep: {recovery: {after: answers, within: 5s}}, of: payment.get}
  other-share: {keep: {availability: 40%}, of: pay.get2}
  other-time: {keep: {latency: {p90: 2s}}, of: pay.get2}
  p99: {keep: {availability: 90%}, of: payment.get}
  is-back-within: {keep: {availability: 98%}, of: pay.get}
  pay: {keep: {latency: {p95: 700ms}}, of: pay.get}
expect:
  - always availability(pay.get) > 10%
  - availability(pay.get) > 20%
";

#[test]
fn a_promise_is_drawn_where_it_is_meant_whatever_names_look_like() {
    let at = Folder::new("names");
    at.write("names.yaml", NAMES);
    let study = run(&at.0.join("names.yaml"), &[], 1);
    let figures = reports::figures::all(&study);
    let svg = |id: &str| {
        let (_, figure) = figures.iter().find(|(_, figure)| figure.id == id).unwrap_or_else(|| panic!("no {id}"));
        figure.panels[0].wide.replace('\u{a0}', " ")
    };
    assert!(svg("latency").contains("promised: p95 at most 700 ms"), "{}", svg("latency"));
    assert!(svg("availability").contains("promised 98 %"), "{}", svg("availability"));
    assert!(svg("tail").contains("at most 5 %") && svg("tail").contains("beyond 700 ms"), "{}", svg("tail"));
    assert!(svg("recovery").contains("promised: 5 s or less"), "{}", svg("recovery"));
    let back = &study.summary.promises[0];
    assert_eq!(back.about, About::Recovery { of: "payment.get".into(), after: "answers".into() });
    // The keys of results.json stay; sentences are there to be read.
    let json = serde_json::to_value(&study.summary).unwrap();
    assert_eq!(json["promises"][0]["says"], "payment.get is back within 5s of answers");
    assert_eq!(json["promises"][5]["about"]["latency"]["percentile"], "p95");
    assert_eq!(json["promises"][5]["name"], "pay");
    assert_eq!(
        (&json["expectations"][0]["made"], &json["expectations"][1]["made"]),
        (&"clause_by_runs".into(), &"clause_by_means".into())
    );
}
