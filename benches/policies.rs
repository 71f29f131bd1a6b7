//! What a call's policies cost: breakers, retry budgets, back-off and balancing.

use criterion::{Criterion, criterion_group, criterion_main};
use serde::de::DeserializeOwned;
use sim_core::call::balance::{Asking, BalanceSettings};
use sim_core::call::breaker::BreakerSettings;
use sim_core::call::retry::{Backoff, BudgetSettings};
use sim_core::engine::rng::Keyed;
use std::time::Duration;

/// Settings as a scenario writes them, in JSON.
fn settings<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn policies(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("policy");
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    for (name, text) in [
        ("breaker, rate over 10 s", r#"{"rate": {"window": {"time": "10s"}}}"#),
        ("breaker, rate of 100 calls", r#"{"rate": {"window": {"count": 100}}}"#),
        ("breaker, count", r#"{"count": {}}"#),
        ("breaker, consecutive", r#"{"consecutive": {}}"#),
    ] {
        // One call in eight fails: none of them opens.
        let mut breaker = settings::<BreakerSettings>(text).build();
        let (mut now, mut call) = (0u64, 0u32);
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                (now, call) = (now + 1_000_000, call.wrapping_add(1));
                let admitted = breaker.admit(now);
                if admitted {
                    breaker.record(now, call.is_multiple_of(8), 5_000_000);
                }
                admitted
            });
        });
    }
    for (name, text) in [
        ("budget, rate share", r#"{"rate_share": {"percent": "10%"}}"#),
        ("budget, concurrency share", r#"{"concurrency_share": {"percent": "20%"}}"#),
        ("budget, tokens", r#"{"tokens": {}}"#),
    ] {
        let mut budget = settings::<BudgetSettings>(text).build();
        let mut now = 0u64;
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                now += 1_000_000;
                budget.on_call(now);
                budget.on_result(false);
                budget.retry_ended();
                budget.try_retry(now, 20)
            });
        });
    }
    let backoff: Backoff = settings(r#"{"exponential": {"base": "10ms", "cap": "1s", "jitter": "full"}}"#);
    let (mut keyed, mut call) = (Keyed::new(3), 0u64);
    group.bench_function("back-off, full jitter", |bencher| {
        bencher.iter(|| {
            call = call.wrapping_add(0x9e37_79b9_7f4a_7c15);
            backoff.wait_ns(2, call)
        });
    });
    for (name, text) in [
        ("balance, least requests", r#"{"least_requests": {}}"#),
        ("balance, round robin", r#"{"round_robin": {}}"#),
        ("balance, random", r#"{"random": {}}"#),
        ("balance, latency", r#"{"latency_ewma": {}}"#),
        ("balance, ring", r#"{"ring_hash": {}}"#),
        ("balance, table", r#"{"maglev": {}}"#),
    ] {
        let loads = [3u32, 5, 1, 4, 9, 2, 6, 8];
        let mut balancer = settings::<BalanceSettings>(text).build(loads.len(), loads.len(), 1);
        for (place, load) in (0..).zip(loads) {
            (0..load).for_each(|who| balancer.sent(place, place << 8 | who, 0));
        }
        group.bench_function(name, |bencher| {
            let asking = Asking { now_ns: 1_000_000, hash: 0x9e37_79b9 };
            bencher.iter(|| balancer.pick(loads.len(), |at| at as u32, &mut keyed, asking));
        });
    }
    group.finish();
}

criterion_group!(benches, policies);
criterion_main!(benches);
