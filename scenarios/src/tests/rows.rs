//! Rows keep their identity: what a request has written is what its messages, its background steps and the work that it left behind read.

use super::read;
use sim_core::data::Wrongness;
use sim_core::ids::EdgeId;

/// The share of reads that find an older row than their request has written ten seconds before the replica has it. `web.put` has these
/// steps after it has written; `section` is further text of the file.
fn stale(steps: &str, section: &str) -> f64 {
    let text = format!(
        "\
scenario: Read your own write
question: Is it stale?
run: {{duration: 20m, warm_up: 0s}}
load: {{users: {{to: web.put, arrive: {{poisson: {{rate: 10/s}}}}}}}}
keys: {{account: {{uniform: {{count: 10M}}}}}}
services:
  web: {{workers: unlimited, endpoints: {{put: {{steps: [{{call: {{to: db.write}}}}, {steps}]}}}}}}
  side:
    workers: unlimited
    endpoints:
      late: {{steps: [{{wait: 1s}}, {{call: {{to: db.read}}}}]}}
      never: {{steps: [{{fail: {{outcome: error}}}}]}}
stores:
  db:
    instances: 2
    workers: unlimited
    key: account
    replication: {{primary: {{lag: 10s}}}}
    endpoints: {{write: {{access: write, steps: [{{work: 1ms}}]}}, read: {{access: read, steps: [{{work: 1ms}}]}}}}
{section}"
    );
    let model = read(&text).unwrap_or_else(|report| panic!("{}", report.render(false))).model;
    let run = sim_core::world::simulate(&model, 5, 0);
    let place = model.endpoints.iter().position(|e| e.name == "db.read").unwrap();
    let is_read = |edge: EdgeId| model.edges[edge.index()].callee.index() == place;
    let edges = (0..model.edges.len()).map(EdgeId::from).filter(|edge| is_read(*edge));
    let reads: u64 = edges.map(|edge| run.edge(edge, run.whole()).outcomes[0]).sum();
    let wrong = run.slices.iter().flat_map(|slice| &slice.wrong);
    let stale: u64 =
        wrong.filter(|(e, k, _)| is_read(*e) && *k == Wrongness::StaleRead as u8).map(|(.., n)| n.arose).sum();
    assert!(reads > 5_000, "{steps}: {reads} reads");
    stale as f64 / reads as f64
}

#[test]
fn the_own_row_is_read_wherever_the_request_goes() {
    let queues = |taker: &str, deliveries: u32| {
        format!(
            "queues:\n  jobs: {{consumers: {{w: {{to: {taker}, visibility_timeout: 30s, max_deliveries: {deliveries}, dead_letter: dead}}}}}}\n  dead: {{consumers: {{w: {{to: side.late, visibility_timeout: 30s}}}}}}\n"
        )
    };
    for (steps, section) in [
        ("{call: {to: db.read}}", String::new()),
        ("{call: {to: jobs.send}}", queues("side.late", 5)),
        ("{background: [{wait: 1s}, {call: {to: db.read}}]}", String::new()),
        ("{background: [{call: {to: jobs.send}}]}", queues("side.late", 5)),
        ("{reply: {outcome: ok}}, {wait: 1s}, {call: {to: db.read}}", String::new()),
        ("{call: {to: side.late, timeout: 200ms, optional: true}}, {wait: 10ms}", String::new()),
        // Set aside after two deliveries that failed, and read by the consumer of what is set aside.
        ("{call: {to: jobs.send}}", queues("side.never", 2)),
        ("{parallel: {branches: [{work: 1ms}, {call: {to: side.late}}], need: {count: 1}}}", String::new()),
    ] {
        let found = stale(steps, &section);
        assert!(found > 0.999, "{steps}: {found}");
    }
}
