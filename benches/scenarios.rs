//! Whole scenarios: one short replication each, in events a second, and what it takes to read one.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use scenarios::{Disk, Loaded, Set};
use std::time::Duration;

/// A shipped scenario, so long.
fn load(name: &str, duration: &str) -> Loaded {
    let path = format!("{}/scenarios/shipped/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    let set = Set::parse(&format!("run.duration={duration}")).expect("is a value by a path");
    scenarios::load(&Disk, &path, &[set], None).unwrap_or_else(|report| panic!("{}", report.render(false)))
}

fn runs(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("scenario");
    group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(4)).sample_size(20);
    for (name, duration) in
        [("yardstick/w1", "12h"), ("yardstick/w2", "1h"), ("yardstick/w3", "60s"), ("checkout", "2m")]
    {
        let loaded = load(name, duration);
        let run = sim_core::world::simulate(&loaded.model, 1, 0);
        group.throughput(Throughput::Elements(run.events));
        group.bench_function(name, |bencher| {
            let mut replication = 0;
            let next = || {
                replication += 1;
                replication
            };
            bencher.iter_batched(next, |r| sim_core::world::simulate(&loaded.model, 1, r), BatchSize::PerIteration);
        });
    }
    group.finish();
}

fn reading(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("read");
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    group.bench_function("checkout, with its variants", |bencher| bencher.iter(|| load("checkout", "15m")));
    group.finish();
}

criterion_group!(benches, runs, reading);
criterion_main!(benches);
