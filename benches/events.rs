//! What an event costs: the calendar at several sizes, and timers in lanes, nearly all of which are given up.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use sim_core::engine::calendar::{Calendar, Lanes};
use sim_core::engine::rng::Keyed;
use std::time::Duration;

/// Kind of a lane's sentinel, as any number will do.
const LANE: u8 = 2;

/// "Pop one, push one" at a constant number of events, with delays up to a millisecond.
fn calendar(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("calendar, pop and push");
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    for waiting in [16u32, 256, 4096, 65_536] {
        group.bench_function(BenchmarkId::from_parameter(waiting), |bencher| {
            let (mut calendar, mut keyed) = (Calendar::new(), Keyed::new(1));
            for index in 0..waiting {
                calendar.push(keyed.next_u64() >> 44, 1, index);
            }
            bencher.iter(|| {
                let key = calendar.pop().expect("never empty");
                calendar.push(key.time() + (keyed.next_u64() >> 44), 1, key.index())
            });
        });
    }
    group.finish();
}

/// A timeout of 100 ms is started each microsecond, and only one in a thousand is still alive when it is due.
fn lanes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("lane");
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    group.bench_function("start a timeout", |bencher| {
        let (mut calendar, mut lanes) = (Calendar::new(), Lanes::default());
        let live = |_: u32, sequence: u64| sequence.is_multiple_of(1000);
        let lane = lanes.lane(100_000_000);
        let (mut now, mut due) = (0u64, None);
        bencher.iter(|| {
            now += 1000;
            while let Some(sentinel) = due.or_else(|| calendar.pop()) {
                due = Some(sentinel);
                if sentinel.time() > now {
                    break;
                }
                due = None;
                lanes.fire(&mut calendar, sentinel, live);
            }
            lanes.push(&mut calendar, now, lane, LANE, 7, live)
        });
    });
    group.finish();
}

criterion_group!(benches, calendar, lanes);
criterion_main!(benches);
