//! Traces of requests whose work goes through queues, background steps, branches, copies and early replies.

use super::read;
use sim_core::ids::LoadId;

/// How often each endpoint was called for the fifth request, in the order of their names; each span was caused by one before it.
fn called(steps: &str) -> Vec<(String, usize)> {
    let text = format!(
        "\
scenario: Traced
question: Where does the request go?
run: {{duration: 2m}}
load: {{users: {{to: web.get, arrive: {{poisson: {{rate: 10/s}}}}}}}}
services:
  web: {{workers: unlimited, endpoints: {{get: {{steps: [{steps}]}}}}}}
  side:
    instances: 3
    workers: unlimited
    endpoints:
      do: {{steps: [{{work: 10ms}}]}}
      pass: {{steps: [{{call: {{to: side.do}}}}]}}
queues: {{jobs: {{consumers: {{w: {{to: side.pass, visibility_timeout: 30s}}}}}}}}
"
    );
    let model = read(&text).unwrap_or_else(|report| panic!("{}", report.render(false))).model;
    let (run, trace) = sim_core::world::trace(&model, 3, 0, LoadId(0), 5);
    assert_eq!(run.digest, sim_core::world::simulate(&model, 3, 0).digest, "{steps}");
    let spans = trace.expect("five requests come").spans;
    let mut called = std::collections::BTreeMap::new();
    for (place, span) in spans.iter().enumerate() {
        assert_eq!(span.caused_by.is_none(), place == 0, "{steps}: {span:?}");
        assert!(span.caused_by.is_none_or(|cause| cause < place && spans[cause].sent_ns <= span.sent_ns), "{span:?}");
        assert!(span.started_ns.is_some() && span.ended_ns.is_some(), "{steps}: {span:?}");
        *called.entry(model.endpoints[span.endpoint.index()].name.clone()).or_insert(0) += 1;
    }
    called.into_iter().collect()
}

#[test]
fn what_a_request_causes_is_in_its_trace_wherever_it_goes() {
    for (steps, others) in [
        ("{call: {to: side.do}}", &[("side.do", 1)][..]),
        ("{call: {to: jobs.send}}", &[("jobs.send", 1), ("side.do", 1), ("side.pass", 1)]),
        ("{background: [{call: {to: side.do}}, {call: {to: side.pass}}]}", &[("side.do", 2), ("side.pass", 1)]),
        (
            "{parallel: {branches: [{call: {to: side.do}}, {call: {to: side.pass}}]}}",
            &[("side.do", 2), ("side.pass", 1)],
        ),
        ("{reply: {outcome: ok}}, {call: {to: side.do}}", &[("side.do", 1)]),
        ("{call: {to: side.do, hedge: {backup: {after: {time: 5ms}}}}}", &[("side.do", 2)]),
        ("{forward: {to: side.pass}}", &[("side.do", 1), ("side.pass", 1)]),
    ] {
        let mut expected: Vec<(String, usize)> =
            others.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        expected.push(("web.get".to_owned(), 1));
        assert_eq!(called(steps), expected, "{steps}");
    }
}
