//! Kinds of wrongness go with the answers in which they are: up to each endpoint that answers with them, and to nobody who did not hear.

use super::read;
use sim_core::data::Wrongness;
use sim_core::ids::EdgeId;
use sim_core::model::Model;
use sim_core::results::RunResult;

/// A run of `api.get` with these steps, over a service `mid` and a store whose replica lags; `section` is further text of the file.
fn run(steps: &str, section: &str) -> (Model, RunResult) {
    let text = format!(
        "\
scenario: Stale reads below
question: Who answers with them?
run: {{duration: 20m, warm_up: 0s}}
load: {{users: {{to: api.get, arrive: {{poisson: {{rate: 10/s}}}}}}}}
services:
  api: {{workers: unlimited, endpoints: {{get: {{steps: [{steps}]}}}}}}
  mid:
    workers: unlimited
    endpoints:
      get: {{steps: [{{call: {{to: db.read}}}}]}}
      half: {{steps: [{{call: {{to: db.read}}}}, {{fail: {{outcome: error, probability: 50%}}}}]}}
      fails: {{steps: [{{call: {{to: db.read}}}}, {{fail: {{outcome: error}}}}]}}
stores:
  db:
    instances: 2
    workers: unlimited
    replication: {{primary: {{lag: 50ms, reads: nearest}}}}
    endpoints: {{write: {{access: write, steps: [{{work: 1ms}}]}}, read: {{access: read, steps: [{{work: 1ms}}]}}}}
{section}"
    );
    let model = read(&text).unwrap_or_else(|report| panic!("{}", report.render(false))).model;
    let run = sim_core::world::simulate(&model, 5, 0);
    (model, run)
}

/// Stale answers of an endpoint, its wrong answers as its callers have counted them, and its answers.
fn answers((model, run): &(Model, RunResult), endpoint: &str) -> [u64; 3] {
    let is_to = |edge: EdgeId| model.endpoints[model.edges[edge.index()].callee.index()].name == endpoint;
    let mut sums = [0; 3];
    for (_, _, counts) in run
        .slices
        .iter()
        .flat_map(|slice| &slice.wrong)
        .filter(|(edge, kind, _)| is_to(*edge) && *kind == Wrongness::StaleRead as u8)
    {
        sums[0] += counts.replies();
    }
    for edge in (0..model.edges.len()).map(EdgeId::from).filter(|edge| is_to(*edge)) {
        let counts = run.edge(edge, run.whole());
        sums[1] += counts.wrong;
        sums[2] += counts.outcomes[0] + counts.outcomes[1];
    }
    sums
}

#[test]
fn each_endpoint_that_answers_with_a_stale_read_counts_it() {
    for (steps, section) in [
        ("{call: {to: db.read}}", ""),
        ("{call: {to: mid.get}}", ""),
        ("{forward: {to: mid.get}}", ""),
        ("{parallel: {branches: [{call: {to: mid.get}}, {work: 1ms}]}}", ""),
        ("{parallel: {branches: [{call: {to: mid.get}}, {call: {to: db.read}}]}}", ""),
        ("{call: {to: mid.get, hedge: {backup: {after: {time: 0.5ms}}}}}", ""),
        ("{call: {to: mid.half, retry: {max_attempts: 5, backoff: {fixed: {delay: 1ms}}}}}", ""),
        ("{call: {to: mid.get}}, {reply: {outcome: ok}}, {wait: 1s}, {call: {to: db.read}}", ""),
        ("{call: {to: mid.get, timeout: 1s}}", "network: {within_zone: {latency: 1ms}}\n"),
        // The reply of the endpoint itself is stale too: once, and no more.
        ("{call: {to: mid.get}}", "faults: {f: {inject: {wrong: {kind: stale_read}}, where: {service: api}}}\n"),
    ] {
        let found = run(&format!("{{background: [{{call: {{to: db.write}}}}]}}, {steps}"), section);
        let [stale, wrong, answered] = answers(&found, "api.get");
        assert_eq!(stale, wrong, "{steps}");
        assert!(stale > 500 && answered > 10_000, "{steps}: {stale} of {answered}");
    }
}

#[test]
fn a_caller_that_does_not_hear_a_stale_read_does_not_answer_with_it() {
    let slow = "faults:\n  slow: {inject: {delay: {add: 20ms}}, where: {from: db, to: api}}\n";
    for (steps, section) in [
        ("{background: [{call: {to: db.read}}]}, {wait: 20ms}", ""),
        ("{reply: {outcome: ok}}, {call: {to: db.read}}", ""),
        ("{call: {to: mid.fails, optional: true}}", ""),
        ("{call: {to: mid.fails, fallback: {}}}", ""),
        ("{parallel: {branches: [{call: {to: mid.fails}}, {work: 1ms}], need: {count: 1}}}, {wait: 10ms}", ""),
        // The read is done and its answer comes too late.
        ("{call: {to: db.read, timeout: 15ms, optional: true}}, {wait: 20ms}", slow),
    ] {
        let found = run(&format!("{{background: [{{call: {{to: db.write}}}}]}}, {steps}"), section);
        let ([stale, wrong, answered], [below, ..]) = (answers(&found, "api.get"), answers(&found, "db.read"));
        assert_eq!((stale, wrong), (0, 0), "{steps}");
        assert!(below > 500 && answered > 10_000, "{steps}: {below} below {answered}");
    }
}

#[test]
fn promises_bills_and_clauses_say_the_same_of_the_endpoint_above() {
    let section = "\
promises: {right: {keep: {wrongness: {kind: stale_read, at_most: 1%}}, of: api.get}}
costs:
  above: {meter: {wrongness: {kind: stale_read, of: api.get}}, price: $1}
  once: {meter: {wrongness: {kind: stale_read}}, price: $1}
";
    let found = run("{background: [{call: {to: db.write}}]}, {call: {to: mid.get}}", section);
    let ([stale, wrong, answered], [below, ..]) = (answers(&found, "api.get"), answers(&found, "db.read"));
    let (model, run) = &found;
    let judged = model.promises[0].judge(run, model).unwrap();
    assert_eq!((judged.value, judged.kept), (wrong as f64 / answered as f64, false));
    let metered = |item: usize| -> f64 { run.slices.iter().map(|slice| model.costs[item].metered(model, slice)).sum() };
    assert_eq!((metered(0), metered(1)), (stale as f64, below as f64));
}
