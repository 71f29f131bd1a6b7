//! What a draw of each distribution costs, from a key of its own as on the path of a request.

use criterion::{Criterion, criterion_group, criterion_main};
use sim_core::dist::Distribution;
use sim_core::engine::rng::{Keyed, Stream};
use std::time::Duration;

/// One of each kind, and of those kinds that are drawn in more than one way.
const EACH: &[(&str, &str)] = &[
    ("constant", r#""20ms""#),
    ("exponential", r#"{"exponential": {"mean": "20ms"}}"#),
    ("uniform", r#"{"uniform": {"from": "10ms", "to": "30ms"}}"#),
    ("normal", r#"{"normal": {"mean": "20ms", "deviation": "15ms"}}"#),
    ("lognormal", r#"{"lognormal": {"p50": "20ms", "p99": "80ms"}}"#),
    ("gamma, cv below 1", r#"{"gamma": {"mean": "20ms", "cv": 0.7}}"#),
    ("gamma, cv above 1", r#"{"gamma": {"mean": "20ms", "cv": 1.6}}"#),
    ("weibull", r#"{"weibull": {"shape": 0.7, "mean": "20ms"}}"#),
    ("pareto", r#"{"pareto": {"min": "5ms", "shape": 2.5}}"#),
    ("pareto, bounded", r#"{"pareto": {"min": "5ms", "shape": 1.2, "max": "1s"}}"#),
    ("erlang", r#"{"erlang": {"stages": 4, "mean": "20ms"}}"#),
    ("empirical", r#"{"empirical": {"min": "5ms", "quantiles": {"p50": "20ms", "p90": "40ms", "p99": "80ms"}}}"#),
    ("mixture", r#"{"mixture": [{"probability": "90%", "of": {"exponential": {"mean": "10ms"}}}, {"of": "50ms"}]}"#),
];

fn draws(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("draw");
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    for (name, text) in EACH {
        let sampler = serde_json::from_str::<Distribution>(text).unwrap().build();
        group.bench_function(*name, |bencher| {
            let mut key = 7u64;
            bencher.iter(|| {
                key = key.wrapping_add(0x9e37_79b9_7f4a_7c15);
                sampler.sample(&mut Keyed::new(key))
            });
        });
    }
    group.bench_function("a word of a key", |bencher| {
        let mut key = 7u64;
        bencher.iter(|| {
            key = key.wrapping_add(0x9e37_79b9_7f4a_7c15);
            Keyed::new(key).next_u64()
        });
    });
    group.bench_function("a word of a stream", |bencher| {
        let mut stream = Stream::new(1, 0, "web", "arrivals");
        bencher.iter(|| stream.next_u64());
    });
    group.finish();
}

criterion_group!(benches, draws);
criterion_main!(benches);
