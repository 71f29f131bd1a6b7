//! Disks: who waits for what, what a slow one does, and what is refused.

use super::{problems, read};
use sim_core::counters::{LEVELS, level, part};
use sim_core::ids::{EdgeId, ServiceId};
use sim_core::metrics::{LevelAt, PartAt};
use sim_core::results::{EdgeCounts, RunResult, Span};
use sim_core::service::disk;
use sim_core::world::simulate;

fn run(text: &str) -> RunResult {
    let model = read(text).unwrap_or_else(|report| panic!("{}", report.render(false))).model;
    simulate(&model, 7, 0)
}

/// Users come so often, in equal steps, to a service with so much disk that does these steps.
fn system(rate: &str, disk: &str, steps: &str, rest: &str) -> String {
    format!(
        "scenario: A disk\nquestion: Who waits?\nrun: {{duration: 60s, warm_up: 0s}}\nload: {{users: {{to: db.put, arrive: {{constant: {{rate: {rate}}}}}, timeout: 5s, cancel: true}}}}\n\
         services: {{db: {{workers: unlimited, machine: {{disk: {{{disk}}}}}, endpoints: {{put: {{steps: [{steps}]}}}}}}}}\n{rest}"
    )
}

fn of(run: &RunResult, from_s: i64, to_s: i64) -> EdgeCounts {
    run.edge(EdgeId(0), Span { from_ns: from_s * 1_000_000_000, to_ns: to_s * 1_000_000_000 })
}

fn mean_ms(counts: &EdgeCounts) -> f64 {
    counts.latency_sum_ns as f64 / 1e6 / counts.outcomes[0] as f64
}

/// The mean time of what is asked without anybody before it.
fn alone_ms(disk: &str, steps: &str) -> f64 {
    mean_ms(&of(&run(&system("2/s", disk, steps, "")), 0, 60))
}

#[test]
fn a_request_waits_for_what_it_reads_and_for_its_fsync() {
    let near = |found: f64, exact: f64| assert!((found - exact).abs() < 1e-3, "{found} ms, expected {exact}");
    let disk = "fsync: 5ms, throughput: 1MB/s";
    near(alone_ms(disk, "{work: 1ms}, {disk: {read: 3kB}}"), 4.0);
    near(alone_ms(disk, "{work: 1ms}, {disk: {fsync: true}}"), 6.0);
    near(alone_ms(disk, "{work: 1ms}, {disk: {fsync: true, write: 2kB, read: 1kB}}"), 9.0);
    // What is written without fsync is not waited for, and is before what comes behind it.
    near(alone_ms(disk, "{work: 1ms}, {disk: {write: 3kB}}"), 1.0);
    near(alone_ms(disk, "{work: 1ms}, {disk: {write: 3kB}}, {disk: {fsync: true}}"), 9.0);
    near(alone_ms(disk, "{parallel: {branches: [{disk: {read: 3kB}}, {disk: {read: 4kB}}]}}"), 7.0);
}

#[test]
fn a_disk_carries_one_flush_after_the_other_and_groups_carry_all() {
    // 300 a second of 5 ms are more than one disk can do.
    let full = run(&system("300/s", "fsync: 5ms", "{disk: {fsync: true}}", ""));
    let (counts, flushes) =
        (of(&full, 20, 60), full.slices.iter().map(|s| s.services[0].of(&disk::FLUSHES)).sum::<u64>());
    assert!(counts.outcomes[0] <= 200 * 40 && counts.outcomes[0] < counts.ended(), "{counts:?}");
    assert!(flushes > 11_900 && flushes <= 12_000, "those who gave up are passed over: {flushes}");
    let groups = run(&system("300/s", "fsync: 5ms, group_commit: {}", "{disk: {fsync: true}}", ""));
    let counts = of(&groups, 20, 60);
    assert_eq!(counts.outcomes[0], counts.ended());
    assert!(mean_ms(&counts) < 10.0, "{}", mean_ms(&counts));
    // Two a flush are 400 a second.
    let pairs = "fsync: 5ms, group_commit: {most: 2}";
    let counts = of(&run(&system("390/s", pairs, "{disk: {fsync: true}}", "")), 20, 60);
    assert_eq!(counts.outcomes[0], counts.ended());
    let counts = of(&run(&system("500/s", pairs, "{disk: {fsync: true}}", "")), 20, 60);
    assert!(counts.outcomes[0] <= 400 * 40, "{counts:?}");
}

#[test]
fn a_slow_disk_is_felt_while_it_is_slow() {
    let steps = "{disk: {fsync: true, write: 1kB}}";
    let disk = "fsync: 5ms, throughput: 1MB/s";
    let mean = |fault: &str, from_s, to_s| {
        let run = run(&system(
            "2/s",
            disk,
            steps,
            &format!("faults: {{f: {{inject: {{disk: {fault}}}, where: {{service: db}}, at: 10s, for: 20s}}}}\n"),
        ));
        mean_ms(&of(&run, from_s, to_s))
    };
    let near = |found: f64, exact: f64| assert!((found - exact).abs() < 1e-3, "{found} ms, expected {exact}");
    for (fault, slow) in
        [("{fsync: 95ms}", 96.0), ("{throughput: 100kB/s}", 15.0), ("{fsync: 50ms, throughput: 100kB/s}", 60.0)]
    {
        near(mean(fault, 0, 9), 6.0);
        near(mean(fault, 12, 29), slow);
        near(mean(fault, 32, 60), 6.0);
    }
    // Neither a fault that would make it faster, nor one on the processor.
    near(mean("{fsync: 1ms}", 12, 29), 6.0);
    let stolen = system(
        "2/s",
        disk,
        steps,
        "faults: {f: {inject: {slow: {factor: 10}}, where: {service: db}, at: 10s, for: 20s}}\n",
    );
    near(mean_ms(&of(&run(&stolen), 12, 29)), 6.0);
    // Half of the ramp is half of the fault.
    let ramp = system(
        "2/s",
        disk,
        steps,
        "faults: {f: {inject: {disk: {fsync: 105ms}}, where: {service: db}, at: 10s, ramp: 40s}}\n",
    );
    let found = mean_ms(&of(&run(&ramp), 10, 50));
    assert!((found - 56.0).abs() < 2.0, "{found}");
}

#[test]
fn levels_and_times_are_those_of_the_disk() {
    let run = run(&system("100/s", "fsync: 5ms", "{disk: {fsync: true}}", ""));
    let service = ServiceId(0);
    let times = run.periods[0].times.get(&PartAt::service(part(&disk::FSYNC), service)).expect("fsyncs are timed");
    assert!(times.total() > 5_900, "{}", times.total());
    let mut all = sim_core::metrics::Histogram::new();
    all.add_sparse(times);
    assert!((all.quantile(0.99).expect("some were timed") - 5e6).abs() < 0.1e6);
    for one in [&disk::QUEUE, &disk::BUSY] {
        let at = LevelAt::service(level(one), service);
        let integral: u128 = run.slices.iter().filter_map(|s| s.levels.get(&at)).map(|sums| sums.integral_ns).sum();
        assert!((integral as f64 / 60e9 - 0.5).abs() < 0.01, "{} {integral}", one.name);
        assert!(LEVELS.iter().any(|level| level.name == one.name));
    }
}

#[test]
fn a_crash_forgets_and_a_freeze_holds_what_the_disk_has_done() {
    let steps = "{disk: {fsync: true}}";
    let fault = |what: &str| format!("faults: {{f: {{inject: {what}, where: {{service: db}}, at: 10s, for: 2s}}}}\n");
    // One is at the disk for nine tenths of the time. It is lost with the machine, and the disk is free when that comes back.
    let crashed = run(&system("20/s", "fsync: 45ms", steps, &fault("crash")));
    let down = of(&crashed, 10, 12);
    assert!(down.outcomes[0] <= 1 && down.ended() >= 39, "{down:?}");
    let after = of(&crashed, 12, 20);
    assert_eq!(after.outcomes[0], after.ended());
    assert!(mean_ms(&after) < 46.0, "{}", mean_ms(&after));
    let frozen = run(&system("20/s", "fsync: 45ms", steps, &fault("freeze")));
    assert_eq!(of(&frozen, 10, 12).outcomes[0], 0, "nobody hears of a flush that is done");
    let all = of(&frozen, 0, 60);
    assert_eq!(all.outcomes[0], all.ended(), "nothing is lost but time");
}

#[test]
fn what_takes_no_time_and_what_nothing_is_asked_of_is_refused() {
    let refused = |text: &str, word: &str| {
        let found = problems(text).join("\n");
        assert!(found.contains(word), "{word}: {found}");
    };
    let all = "fsync: 5ms, throughput: 1MB/s";
    refused(&system("2/s", "size: 1GB", "{disk: {fsync: true}}", ""), "the disk of db has no fsync time");
    refused(&system("2/s", "fsync: 5ms", "{disk: {write: 1kB}}", ""), "the disk of db has no throughput");
    refused(
        &system("2/s", "throughput: 1MB/s", "{disk: {read: 1kB, fsync: true}}", ""),
        "the disk of db has no fsync time",
    );
    refused(&system("2/s", all, "{disk: {}}", ""), "this disk step does nothing");
    refused(&system("2/s", "", "{work: 1ms}", ""), "nothing is said of this disk");
    refused(&system("2/s", "fsync: 0ms", "{disk: {fsync: true}}", ""), "a flush of no time does nothing");
    refused(&system("2/s", "throughput: 0MB/s", "{disk: {read: 1B}}", ""), "a disk that moves nothing never answers");
    refused(&system("2/s", "throughput: 1MB/s, group_commit: {}", "{disk: {read: 1B}}", ""), "no flush takes time");
    refused(&system("2/s", "fsync: 1ms, group_commit: {most: 1}", "{disk: {fsync: true}}", ""), "at least two share");
    let fault = |what: &str| format!("faults: {{f: {{inject: {{disk: {what}}}, where: {{service: db}}, at: 1s}}}}\n");
    refused(&system("2/s", all, "{disk: {fsync: true}}", &fault("{}")), "nothing says what takes longer");
    refused(
        &system("2/s", "fsync: 5ms", "{disk: {fsync: true}}", &fault("{throughput: 1kB/s}")),
        "throughput of its disk",
    );
    refused(&system("2/s", "size: 1GB", "{work: 1ms}", &fault("{fsync: 1s}")), "the fsync of its disk");
}

#[test]
fn what_was_written_before_a_shared_flush_is_done_before_it() {
    // A write of a second, then its fsync, while others commit: theirs before the write share a flush, and no flush jumps over the write.
    let text = "scenario: Own write\nquestion: Is it safe?\nrun: {duration: 60s, warm_up: 0s}\n\
        load:\n  users: {to: db.put, arrive: {constant: {rate: 0.1/s}}}\n  others: {to: db.commit, arrive: {constant: {rate: 50/s}}}\n\
        services: {db: {workers: unlimited, machine: {disk: {fsync: 50ms, throughput: 1MB/s, group_commit: {}}}, endpoints: {commit: {steps: [{disk: {fsync: true}}]}, put: {steps: [{disk: {write: 1MB}}, {disk: {fsync: true}}]}}}}\n";
    let model = read(text).unwrap_or_else(|report| panic!("{}", report.render(false))).model;
    let run = simulate(&model, 7, 0);
    let site = model.edges.iter().position(|edge| edge.name == "users->db.put").expect("the call");
    let put = run.edge(EdgeId::from(site), run.whole());
    assert!(mean_ms(&put) > 1050.0, "{} ms", mean_ms(&put));
}

#[test]
fn who_gives_up_has_waited_for_the_disk() {
    let slow = "faults: {slow: {inject: {disk: {fsync: 8s}}, where: {service: db}, at: 20s}}\n";
    let run = run(&system("20/s", "fsync: 5ms", "{disk: {fsync: true}}", slow));
    let late = of(&run, 30, 60);
    assert_eq!(late.outcomes[0], 0, "nobody is answered");
    let waited = run.timed(PartAt::service(const { part(&disk::FSYNC) }, ServiceId(0)), run.whole());
    let mean_s = waited.sum_ns as f64 / waited.count as f64 / 1e9;
    assert!(mean_s > 1.0, "{mean_s} s on average over the whole run");
}

#[test]
fn the_disk_of_a_frozen_instance_goes_on() {
    // Ten flushes of half a second begin with the minute; the instance stands still for 14 s and then hears of all of them.
    let text = "scenario: Frozen\nquestion: Does it go on?\nrun: {duration: 60s, warm_up: 0s}\n\
        load: {users: {to: db.put, arrive: {burst: {size: 1, at: 15s}}}}\n\
        services: {db: {workers: unlimited, machine: {disk: {fsync: 500ms}}, endpoints: {put: {steps: [{parallel: {branches: [{disk: {fsync: true}}], repeat: {count: 10}}}]}}}}\n\
        faults: {f: {inject: {freeze: {}}, where: {service: db}, at: 15.1s, for: 14s}}\n";
    let put = of(&run(text), 0, 60);
    assert!((mean_ms(&put) - 14_100.0).abs() < 1.0, "{} ms", mean_ms(&put));
}
