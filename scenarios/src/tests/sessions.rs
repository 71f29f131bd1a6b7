//! What sessions find out of order at replicas, which guarantee prevents it, and what replicas show whose timestamps are closed.

use super::{problems, read};
use sim_core::data::{
    HELD_BACK, KEPT_FROM_COPIES, OWN_WRITES_MISSED, READS_WENT_BACK, WRITES_BEFORE_READS, WRITES_OUT_OF_ORDER,
    Wrongness,
};
use sim_core::engine::math::exp;
use sim_core::ids::{EdgeId, ServiceId};
use sim_core::metrics::Counter;
use sim_core::results::RunResult;
use sim_core::world::simulate;

/// Requests at 100/s that do `steps` at a store with two replicas whose lag is exponential of mean 500 ms; `store` are further keys of the store, and
/// `rest` further sections.
fn text(steps: &str, store: &str, rest: &str) -> String {
    format!(
        "\
scenario: Sessions
question: What do they find out of order?
run: {{duration: 10m, warm_up: 0s, replications: 1, seed: 7}}
keys: {{account: {{uniform: {{count: 10M}}}}}}
load: {{users: {{to: app.go, arrive: {{poisson: {{rate: 100/s}}}}}}}}
services:
  app: {{workers: unlimited, endpoints: {{go: {{steps: [{steps}]}}}}}}
stores:
  db:
    instances: 3
    workers: unlimited
    key: account
{store}
    replication: {{primary: {{replicas: 2, reads: nearest, lag: {{exponential: {{mean: 500ms}}}}}}}}
    endpoints:
      write: {{access: write, steps: [{{work: 1us}}]}}
      update: {{access: update, steps: [{{work: 1us}}]}}
      read: {{access: read, steps: [{{work: 1us}}]}}
{rest}"
    )
}

fn run_of(text: &str, seed: u64) -> RunResult {
    let loaded = read(text).unwrap_or_else(|report| panic!("{}", report.render(false)));
    simulate(&loaded.model, seed, 0)
}

/// What the store has counted: it stands behind the service.
fn counted(run: &RunResult, counter: &Counter) -> u64 {
    run.service(ServiceId(1), run.whole()).of(counter)
}

fn stale(run: &RunResult) -> u64 {
    let counts = run.slices.iter().flat_map(|slice| &slice.wrong);
    counts.filter(|(_, of, _)| *of == Wrongness::StaleRead as u8).map(|(.., n)| n.arose).sum()
}

/// The calls of the store in the order of the steps that are answered.
fn answers(run: &RunResult, edge: u32) -> f64 {
    run.edge(EdgeId(edge), run.whole()).outcomes[0] as f64
}

const WRITE: &str = "{call: {to: db.write}}";
const READ: &str = "{call: {to: db.read}}";

/// Two writes at one time come to a replica at times of their own: of reads a while later at any of three copies 2/3 e^-a (1 - e^-a) see the second
/// and lack the first, a = 100 ms / 500 ms.
#[test]
fn writes_of_a_session_come_in_order_where_its_store_says_so() {
    let steps = format!("{WRITE}, {WRITE}, {{wait: 100ms}}, {READ}");
    let run = run_of(&text(&steps, "", ""), 7);
    let (lacks, exact) = (exp(-0.2), 2.0 / 3.0 * exp(-0.2) * (1.0 - exp(-0.2)));
    let found = counted(&run, &WRITES_OUT_OF_ORDER) as f64 / answers(&run, 2);
    assert!((found / exact - 1.0).abs() < 0.03, "{found}, not {exact}");
    let missed = counted(&run, &OWN_WRITES_MISSED) as f64 / answers(&run, 2);
    let exact = 2.0 / 3.0 * (1.0 - (1.0 - lacks) * (1.0 - lacks));
    assert!((missed / exact - 1.0).abs() < 0.03, "{missed}, not {exact}");
    assert_eq!((counted(&run, &HELD_BACK), counted(&run, &KEPT_FROM_COPIES)), (0, 0));
    // Each of two replicas has the second write first with probability 1/2, and holds it back.
    let run = run_of(&text(&steps, "    session_guarantees: [monotonic_writes]", ""), 7);
    assert_eq!(counted(&run, &WRITES_OUT_OF_ORDER), 0);
    let held = counted(&run, &HELD_BACK) as f64 / answers(&run, 1);
    assert!((held / 0.75 - 1.0).abs() < 0.02, "{held} of writes held back");
    assert!(stale(&run) > 10_000, "what comes in order may still come late");
}

/// What a commit costs that waits for a replica: of two replicas each has the second write after the greater of two lags.
#[test]
fn order_costs_the_commit_that_waits_for_it() {
    let latency = |store: &str| {
        let steps = format!("{{parallel: {{branches: [{WRITE}, {WRITE}]}}}}");
        let text = text(&steps, store, "").replace("replicas: 2, ", "replicas: 2, commit: all, ");
        let run = run_of(&text, 7);
        let of = run.edge(EdgeId(1), run.whole());
        of.latency_sum_ns as f64 / of.outcomes[0] as f64 / 1e6
    };
    // The greatest of two lags, and of four: 500 (1 + 1/2) and 500 (1 + 1/2 + 1/3 + 1/4) ms.
    let (plain, ordered) = (latency(""), latency("    session_guarantees: [monotonic_writes]"));
    assert!((plain / 750.0 - 1.0).abs() < 0.02, "{plain} ms");
    assert!((ordered / (500.0 * 25.0 / 12.0) - 1.0).abs() < 0.02, "{ordered} ms");
}

/// Each request reads and writes one of a few rows at the primary; readers find answers without what they answer.
#[test]
fn writes_follow_what_their_session_has_read_where_its_store_says_so() {
    let of = |store: &str| {
        let readers = text("{call: {to: db.update}}", store, "")
            .replace("load: {", "load: {readers: {to: db.read, arrive: {poisson: {rate: 50/s}}}, ")
            .replace("count: 10M", "count: 100");
        run_of(&readers, 7)
    };
    let run = of("");
    let before = counted(&run, &WRITES_BEFORE_READS);
    assert!(before > 1_000, "{before}");
    assert_eq!(counted(&run, &WRITES_OUT_OF_ORDER), 0, "each session writes once");
    let run = of("    session_guarantees: [writes_follow_reads]");
    assert_eq!(counted(&run, &WRITES_BEFORE_READS), 0);
    assert!(counted(&run, &HELD_BACK) > 1_000);
}

/// All that sessions do, with crashes of primaries and replicas and with failovers: nothing is out of order where all is promised, and everything is
/// where nothing is.
#[test]
fn a_guarantee_holds_whatever_crashes() {
    let faults = "faults:\n  dies: {inject: crash, where: {service: db, role: primary}, at: 20s, for: 15s, every: 60s}\n  \
        one: {inject: restart, where: {service: db, instances: [2]}, at: 33s, for: 9s, every: 50s}\n  \
        late: {inject: {lag: {factor: 4}}, where: {service: db, instances: [1]}, at: 45s, for: 20s, every: 90s}\n";
    let steps =
        format!("{READ}, {WRITE}, {{wait: 30ms}}, {READ}, {{call: {{to: db.update}}}}, {READ}, {WRITE}, {READ}");
    let counters = [&OWN_WRITES_MISSED, &READS_WENT_BACK, &WRITES_OUT_OF_ORDER, &WRITES_BEFORE_READS];
    for seed in 1..5 {
        let of = |guarantees: &str| {
            let store = format!("    session_guarantees: [{guarantees}]");
            let text = text(&steps, if guarantees.is_empty() { "" } else { &store }, faults)
                .replace("replicas: 2, ", "replicas: 2, failover: {detect: 1s, takes: 1s}, ")
                .replace("count: 10M", "count: 50")
                .replace("rate: 100/s", "rate: 20/s");
            let run = run_of(&text, seed);
            counters.map(|counter| counted(&run, counter))
        };
        let all = of("");
        assert!(all.iter().all(|count| *count > 100), "{all:?}");
        assert_eq!(of("read_your_writes, monotonic_reads, monotonic_writes, writes_follow_reads"), [0; 4]);
        for (place, one) in
            ["read_your_writes", "monotonic_reads", "monotonic_writes", "writes_follow_reads"].into_iter().enumerate()
        {
            assert_eq!(of(one)[place], 0, "{one}");
        }
    }
}

/// Writes of one row now and then, and readers of it at any of three copies.
fn closed(primary: &str, rest: &str) -> RunResult {
    let text = text(WRITE, "", rest)
        .replace("lag: {exponential: {mean: 500ms}}", primary)
        .replace("count: 10M", "count: 1")
        .replace("load: {", "load: {readers: {to: db.read, arrive: {poisson: {rate: 30/s}}}, ")
        .replace("arrive: {poisson: {rate: 100/s}}", "arrive: {burst: {size: 1, at: 30s, every: 100s, times: 6}}");
    run_of(&text, 7)
}

#[test]
fn replicas_show_what_is_as_old_as_the_closed_timestamp() {
    let stale_for = |primary: &str, seconds: f64, rest: &str| {
        let run = closed(primary, rest);
        let (found, expected) = (stale(&run) as f64, 6.0 * seconds * 30.0 * 2.0 / 3.0);
        assert!((found / expected - 1.0).abs() < 0.12, "{primary}: {found} stale, not {expected}");
        counted(&run, &KEPT_FROM_COPIES)
    };
    // Replicas that have a write soon show it when it is so old as is closed.
    assert_eq!(stale_for("lag: 1s", 1.0, ""), 0);
    assert_eq!(stale_for("lag: 1s, closed_timestamp_lag: 3s", 3.0, ""), 0);
    // One that lags by more is not asked meanwhile.
    let kept = stale_for("lag: 5s, closed_timestamp_lag: 3s", 3.0, "");
    let expected = 6.0 * 2.0 * 30.0;
    assert!((kept as f64 / expected - 1.0).abs() < 0.15, "{kept} kept, not {expected}");
    // From the middle of the run on they are closed later: the last three writes are hidden for so long.
    let later = "experiments:\n  later: {at: 280s, for: 300s, hypothesis: [availability(app.go) > 1%], \
        actions: [{do: {set: {stores.db.replication.primary.closed_timestamp_lag: 9s}}}]}\n";
    stale_for("lag: 1s, closed_timestamp_lag: 3s", 6.0, later);
}

/// What is closed is in order, though writes overtake each other on their way.
#[test]
fn what_is_closed_is_in_order() {
    let steps = format!("{WRITE}, {WRITE}, {{wait: 100ms}}, {READ}, {{wait: 3s}}, {READ}, {READ}");
    let run_with = |primary: &str| {
        let text = text(&steps, "", "").replace("replicas: 2, ", primary).replace("count: 10M", "count: 1k");
        run_of(&text, 7)
    };
    let run = run_with("replicas: 2, ");
    assert!(counted(&run, &WRITES_OUT_OF_ORDER) > 1000);
    let run = run_with("replicas: 2, closed_timestamp_lag: 3s, ");
    assert_eq!(counted(&run, &WRITES_OUT_OF_ORDER), 0);
    // Of exponential lags of mean 500 ms e^-6 are longer than what is closed.
    let kept = counted(&run, &KEPT_FROM_COPIES);
    assert!((20..4_000).contains(&kept), "{kept}");
}

#[test]
fn a_closed_timestamp_needs_a_replica_that_is_read() {
    let of = |primary: &str| problems(&text(READ, "", "").replace("reads: nearest", primary));
    assert!(of("closed_timestamp_lag: 3s").is_empty());
    assert!(
        of("reads: primary, closed_timestamp_lag: 3s")
            .iter()
            .any(|p| p.contains("no read of this store comes to a replica"))
    );
    // By its level a read comes to a replica, whatever is said of the others.
    let leveled = READ.replace("db.read", "db.read, level: eventual");
    let of_level = |primary: &str| problems(&text(&leveled, "", "").replace("reads: nearest", primary));
    assert!(of_level("reads: primary, closed_timestamp_lag: 3s").is_empty());
    assert!(of("closed_timestamp_lag: 0s").iter().any(|p| p.contains("what is no time old")));
}

/// The same store, whose copies merge each second.
fn merging(steps: &str, guarantees: &str, rest: &str) -> String {
    let kept = if guarantees.is_empty() { String::new() } else { format!("    session_guarantees: [{guarantees}]") };
    text(steps, &kept, rest)
        .replace("{primary: {replicas: 2, reads: nearest, lag: {exponential: {mean: 500ms}}}}", "{merge: {every: 1s}}")
}

/// Two of three copies lack a write until they merge: 100 ms after it that is so for nine of ten, and of the reads 2/3 lack it.
#[test]
fn sessions_of_copies_that_merge_read_what_they_have_written() {
    let steps = format!("{WRITE}, {{wait: 100ms}}, {READ}");
    let run = run_of(&merging(&steps, "", ""), 7);
    let reads = answers(&run, 1);
    let (missed, kept) = (counted(&run, &OWN_WRITES_MISSED) as f64 / reads, counted(&run, &KEPT_FROM_COPIES));
    assert!((missed - 0.6).abs() < 0.01 && kept == 0, "{missed} missed, {kept} kept");
    assert_eq!(stale(&run) as f64, missed * reads, "each row has one session");
    let run = run_of(&merging(&steps, "read_your_writes", ""), 7);
    let (missed, kept) =
        (counted(&run, &OWN_WRITES_MISSED), counted(&run, &KEPT_FROM_COPIES) as f64 / answers(&run, 1));
    assert!(missed == 0 && (kept - 0.9).abs() < 0.01, "{missed} missed, {kept} kept");
    // One that has only read nothing binds.
    let run = run_of(&merging(&steps, "monotonic_reads", ""), 7);
    assert!((counted(&run, &OWN_WRITES_MISSED) as f64 / answers(&run, 1) - 0.6).abs() < 0.01);
}

/// All that sessions do at copies that merge, with crashes and a cut between zones.
#[test]
fn guarantees_hold_where_copies_merge_whatever_fails() {
    let rest = "regions: {here: {zones: [a, b, c]}}\nfaults:\n  dies: {inject: crash, where: {service: db, count: 1}, at: 20s, for: 15s, every: 60s}\n  \
        cut: {inject: partition, where: {between: [a, b]}, at: 40s, for: 30s, every: 100s}\n";
    let steps =
        format!("{READ}, {WRITE}, {{wait: 30ms}}, {READ}, {{call: {{to: db.update}}}}, {READ}, {WRITE}, {READ}")
            .replace("}}", ", timeout: 1s}}");
    let counters = [&OWN_WRITES_MISSED, &READS_WENT_BACK, &WRITES_OUT_OF_ORDER, &WRITES_BEFORE_READS];
    for seed in 1..4 {
        let of = |guarantees: &str| {
            let text = merging(&steps, guarantees, rest)
                .replace("    instances: 3\n", "    instances: 3\n    zones: [a, b, c]\n")
                .replace("count: 10M", "count: 50")
                .replace("rate: 100/s", "rate: 20/s");
            let run = run_of(&text, seed);
            assert_eq!(counted(&run, &HELD_BACK), 0);
            counters.map(|counter| counted(&run, counter))
        };
        let all = of("");
        assert!(all.iter().all(|count| *count > 100), "{all:?}");
        assert_eq!(of("read_your_writes, monotonic_reads, monotonic_writes, writes_follow_reads"), [0; 4]);
        for (place, one) in
            ["read_your_writes", "monotonic_reads", "monotonic_writes", "writes_follow_reads"].into_iter().enumerate()
        {
            assert_eq!(of(one)[place], 0, "{one}");
        }
    }
}

/// What one copy alone has is with that copy: while it is down, nobody else can answer who has written there. A copy that is farther away is asked
/// where the nearest lacks it.
#[test]
fn where_no_copy_has_it_nobody_answers() {
    let near = |call: &str| call.replace("}}", ", timeout: 1s, locality: {prefer: zone}}}");
    let in_zone = |text: String| {
        let checked = "    instances: 3\n    zones: [a, b, c]\n    health: {every: 200ms, timeout: 100ms, unhealthy_after: 1, healthy_after: 1}\n";
        text.replace("    instances: 3\n", checked)
            .replace("app: {workers: unlimited", "app: {workers: unlimited, zones: [a]")
            .replace("every: 1s", "every: 10m")
    };
    let rest = "regions: {here: {zones: [a, b, c]}}\nfaults: {dies: {inject: crash, where: {service: db, instances: [0]}, at: 300s}}\n";
    // Of those that write in their own zone and read within 10 s, those that read when it is down.
    let steps = format!("{}, {{wait: 10s}}, {}", near(WRITE), near(READ));
    let run = run_of(&in_zone(merging(&steps, "read_your_writes", rest)), 7);
    let failed: u64 = run.edge(EdgeId(1), run.whole()).outcomes[2..].iter().sum();
    assert!((failed as f64 - 1_000.0).abs() < 130.0, "{failed}");
    assert_eq!(counted(&run, &OWN_WRITES_MISSED), 0);
    let run = run_of(&in_zone(merging(&steps, "", rest)), 7);
    let failed: u64 = run.edge(EdgeId(1), run.whole()).outcomes[2..].iter().sum();
    assert!(failed < 200, "{failed}");
    assert!(counted(&run, &OWN_WRITES_MISSED) > 700);
    // Written wherever it may be, and read in the own zone, or else where it is.
    let steps = format!("{WRITE}, {{wait: 100ms}}, {}", near(READ));
    let run = run_of(&in_zone(merging(&steps, "read_your_writes", "regions: {here: {zones: [a, b, c]}}\n")), 7);
    assert_eq!(counted(&run, &OWN_WRITES_MISSED), 0);
    let kept = counted(&run, &KEPT_FROM_COPIES) as f64 / answers(&run, 1);
    assert!((kept - 2.0 / 3.0).abs() < 0.01, "{kept}");
}

#[test]
fn quorums_keep_no_sessions() {
    let of = |quorum: &str| {
        let kept = "    session_guarantees: [read_your_writes]";
        problems(&text(READ, kept, "").replace(
            "{primary: {replicas: 2, reads: nearest, lag: {exponential: {mean: 500ms}}}}",
            &format!("{{quorum: {{copies: 3, {quorum}}}}}"),
        ))
    };
    assert!(of("read: 1, write: 1").iter().any(|p| p.contains("a quorum whose reads miss writes knows no copy")));
    assert!(of("read: 2, write: 2").iter().any(|p| p.contains("no read of this store can come to a copy")));
}
