//! What a family counts is counted where its mechanism acts, and is in the summary there alone.

use super::read;
use crate::study::{self, Plan};
use sim_core::results::CallSummary;
use std::ops::ControlFlow;

/// The call of a caller with a policy to a callee that fails half of its requests for a minute.
fn call(policy: &str) -> CallSummary {
    let text = format!(
        "scenario: Counted\nquestion: Is it counted?\nrun: {{duration: 3m, warm_up: 10s, replications: 3}}\n\
         load: {{users: {{to: web.get, arrive: {{poisson: {{rate: 50/s}}}}}}}}\n\
         services:\n  web: {{workers: 64, endpoints: {{get: {{steps: [{{call: {{to: api.get, policy: all}}}}]}}}}}}\n\
         \x20 api: {{workers: 16, endpoints: {{get: {{steps: [{{work: 10ms}}]}}}}}}\n\
         policies: {{all: {{{policy}}}}}\n\
         faults: {{bad: {{inject: {{fail: {{probability: 60%}}}}, where: {{service: api}}, at: 1m, for: 1m}}}}\n"
    );
    let loaded = read(&text).unwrap_or_else(|report| panic!("{}", report.render(false)));
    let result = study::run(&loaded, &[], &Plan::of(&loaded, 2), &|_, _| ControlFlow::Continue(()));
    result.unwrap_or_else(|_| unreachable!("not stopped")).summary.calls["web->api.get"].clone()
}

#[test]
fn a_breaker_counts_what_it_turns_away_and_a_throttle_does_not() {
    let breaker = "breaker: {rate: {failure_rate: 50%, open_for: 10s}}";
    let throttle = "throttle: {sre: {ratio: 1.1, window: {time: 10s}}}";
    let counted = |call: &CallSummary| call.counters.get("breaker_rejected").map(|counted| counted.mean);

    let broken = call(&format!("timeout: 1s, {breaker}"));
    assert!(broken.breaker_opened.mean > 0.0 && broken.rejected.mean > 1000.0, "{broken:?}");
    assert_eq!(counted(&broken), Some(broken.rejected.mean), "the breaker alone turns away");

    let throttled = call(&format!("timeout: 1s, {throttle}"));
    assert!(throttled.rejected.mean > 0.0, "{throttled:?}");
    assert_eq!(counted(&throttled), None, "{throttled:?}");

    let both = call(&format!("timeout: 1s, {breaker}, {throttle}"));
    let by_breaker = counted(&both).expect("it opens");
    assert!(by_breaker > 0.0 && by_breaker < both.rejected.mean, "{both:?}");

    let json = serde_json::to_value(call("timeout: 1s")).expect("plain data");
    assert!(json.get("rejected").is_some() && json.get("breaker_rejected").is_none(), "{json}");
    let json = serde_json::to_value(&broken).expect("plain data");
    assert_eq!(json["breaker_rejected"]["mean"], json["rejected"]["mean"]);
}
