//! Stores with a primary: what each level of commit waits for, what a failover costs and loses, and who is the primary then; against closed forms.

use super::{problems, read};
use sim_core::data::{FAILOVERS, FENCED, KEPT_FROM_COPIES, LOST_WRITES, Wrongness};
use sim_core::ids::{EdgeId, ServiceId};
use sim_core::metrics::Counter;
use sim_core::results::{EdgeCounts, RunResult};
use sim_core::world::simulate;

/// Writers at 100/s of a store with two replicas whose lag is exponential of mean 30 ms; `primary` are further keys of its replication, and
/// `rest` further sections.
fn text(primary: &str, rest: &str) -> String {
    format!(
        "\
scenario: A store with a primary
question: What does it keep?
run: {{duration: 10m, warm_up: 0s, replications: 2, seed: 7}}
keys: {{account: {{uniform: {{count: 10M}}}}}}
load: {{writers: {{to: app.save, arrive: {{poisson: {{rate: 100/s}}}}}}}}
services:
  app: {{workers: unlimited, endpoints: {{save: {{steps: [{{call: {{to: db.write}}}}]}}}}}}
stores:
  db:
    instances: 3
    workers: unlimited
    key: account
    machine: {{disk: {{fsync: 1ms}}}}
    replication: {{primary: {{replicas: 2, lag: {{exponential: {{mean: 30ms}}}}, {primary}}}}}
    endpoints:
      write: {{access: write, steps: [{{disk: {{fsync: true}}}}]}}
      read: {{access: read, steps: [{{work: 1ms}}]}}
{rest}"
    )
}

fn run_of(text: &str, replication: u32) -> RunResult {
    let loaded = read(text).unwrap_or_else(|report| panic!("{}", report.render(false)));
    simulate(&loaded.model, 7, replication)
}

/// How many answers of a kind were wrong: at the store, and at the service above.
fn wrong(run: &RunResult, kind: Wrongness) -> (u64, u64) {
    let counts = run.slices.iter().flat_map(|slice| &slice.wrong).filter(|(_, of, _)| *of == kind as u8);
    counts.fold((0, 0), |(arose, passed_on), (.., n)| (arose + n.arose, passed_on + n.passed_on))
}

/// What the store has counted: it stands behind the service.
fn counted(run: &RunResult, counter: &Counter) -> u64 {
    run.service(ServiceId(1), run.whole()).of(counter)
}

/// The calls of the store, which stand first: those of steps come before those of loads.
fn calls(run: &RunResult) -> EdgeCounts {
    run.edge(EdgeId(0), run.whole())
}

/// The mean latency of calls of the store [ms].
fn latency_ms(run: &RunResult) -> f64 {
    let of = calls(run);
    of.latency_sum_ns as f64 / of.outcomes[0] as f64 / 1e6
}

/// How many calls of the store were not answered.
fn failed(run: &RunResult) -> u64 {
    calls(run).outcomes[2..].iter().sum()
}

/// Of n exponential times the k-th least has the mean m (1/n + ... + 1/(n-k+1)).
#[test]
fn a_write_waits_for_as_many_copies_as_its_commit_asks_for() {
    let disk = latency_ms(&run_of(&text("commit: primary", ""), 0));
    for (commit, mean) in [("one_replica", 30.0 / 2.0), ("majority", 30.0 / 2.0), ("all", 30.0 / 2.0 + 30.0)] {
        let found = latency_ms(&run_of(&text(&format!("commit: {commit}"), ""), 0)) - disk;
        assert!((found / mean - 1.0).abs() < 0.02, "{commit}: {found} ms, not {mean}");
    }
    // Before the disk: what is left is nothing.
    assert_eq!(latency_ms(&run_of(&text("commit: asynchronous", ""), 0)), 0.0);
    // Of four replicas the second has it after 30 (1/4 + 1/3) ms.
    let five =
        text("commit: majority", "").replace("instances: 3", "instances: 5").replace("replicas: 2", "replicas: 4");
    let (found, mean) = (latency_ms(&run_of(&five, 0)) - disk, 30.0 * (1.0 / 4.0 + 1.0 / 3.0));
    assert!((found / mean - 1.0).abs() < 0.02, "{found} ms, not {mean}");
}

const CRASHES: &str =
    "faults: {dies: {inject: crash, where: {service: db, role: primary}, at: 20s, for: 15s, every: 60s}}\n";

/// On average as many writes are on their way to a replica as come in its mean lag; with two replicas as many have come to neither as come in the
/// mean of the lesser of two lags.
#[test]
fn a_crash_loses_what_no_replica_has() {
    let one = text("failover: {detect: 1s, takes: 1s}", CRASHES)
        .replace("instances: 3", "instances: 2")
        .replace("replicas: 2", "replicas: 1");
    let two = text("failover: {detect: 1s, takes: 1s}", CRASHES);
    for (text, mean) in [(one, 100.0 * 0.030), (two.clone(), 100.0 * 0.030 / 2.0)] {
        let runs: Vec<RunResult> = (0..12).map(|replication| run_of(&text, replication)).collect();
        let lost: u64 = runs.iter().map(|run| wrong(run, Wrongness::LostWrite).0).sum();
        let crashes = runs.iter().map(|run| counted(run, &FAILOVERS)).sum::<u64>();
        assert_eq!(crashes, 120);
        let of_all: u64 = runs.iter().map(|run| counted(run, &LOST_WRITES)).sum();
        assert_eq!(of_all, lost);
        // Poisson with this mean, 120 times: three standard deviations.
        let (found, expected) = (lost as f64, mean * 120.0);
        assert!((found - expected).abs() < 3.0 * expected.sqrt(), "{found} lost, not {expected}");
        // Each is counted at the call of the load as well.
        let passed_on: u64 = runs.iter().map(|run| wrong(run, Wrongness::LostWrite).1).sum();
        assert_eq!(passed_on, lost);
    }
    for commit in ["one_replica", "majority", "all"] {
        let run = run_of(&text(&format!("commit: {commit}, failover: {{detect: 1s, takes: 1s}}"), CRASHES), 0);
        assert_eq!(wrong(&run, Wrongness::LostWrite), (0, 0), "{commit}");
        assert_eq!(counted(&run, &FAILOVERS), 10);
    }
}

/// Nobody takes writes for `detect` and `takes`, and the old primary follows when it is back.
#[test]
fn writes_fail_until_another_leads() {
    let run = run_of(&text("failover: {detect: 2s, takes: 3s}", CRASHES), 0);
    let failed_in_all = failed(&run);
    let expected = 10.0 * 5.0 * 100.0;
    assert!((failed_in_all as f64 - expected).abs() < 4.0 * expected.sqrt(), "{failed_in_all} failed, not {expected}");
    // Without a failover, for as long as the primary is down; and nothing is lost, because it has its disk.
    let run = run_of(&text("commit: primary", CRASHES), 0);
    let failed_in_all = failed(&run);
    let expected = 10.0 * 15.0 * 100.0;
    assert!((failed_in_all as f64 - expected).abs() < 4.0 * expected.sqrt(), "{failed_in_all} failed, not {expected}");
    assert_eq!(wrong(&run, Wrongness::LostWrite), (0, 0));
}

/// Who answers before the disk loses in a crash what the disk has not, also when nobody takes over; but not what a replica has.
#[test]
fn before_the_disk_is_lost_with_the_machine() {
    let slow = |lag: &str| {
        text("commit: asynchronous", CRASHES)
            .replace("fsync: 1ms", "fsync: 50ms, group_commit: {}")
            .replace("mean: 30ms", lag)
    };
    // A flush takes 50 ms, and the next one takes all that has come meanwhile: what is not safe is on average what comes in 75 ms.
    let runs: Vec<RunResult> = (0..12).map(|replication| run_of(&slow("mean: 10s"), replication)).collect();
    let lost: u64 = runs.iter().map(|run| wrong(run, Wrongness::LostWrite).0).sum();
    let expected = 120.0 * 100.0 * 0.075;
    assert!((lost as f64 / expected - 1.0).abs() < 0.1, "{lost} lost, not {expected}");
    let few: u64 =
        (0..12).map(|replication| wrong(&run_of(&slow("mean: 1us"), replication), Wrongness::LostWrite).0).sum();
    assert_eq!(few, 0);
}

/// What was answered before the disk because an action has set that is lost by a wrong mode.
#[test]
fn what_an_action_put_at_risk_is_a_wrong_mode() {
    let experiment = "experiments:\n  hurry: {at: 5s, for: 585s, hypothesis: [availability(app.save) > 1%], \
        actions: [{do: {set: {stores.db.replication.primary.commit: asynchronous}}}]}\n";
    let rest = format!("{CRASHES}{experiment}");
    let run = run_of(&text("failover: {detect: 1s, takes: 1s}", &rest), 0);
    assert_eq!(wrong(&run, Wrongness::LostWrite), (0, 0));
    assert!(wrong(&run, Wrongness::WrongMode).0 > 3);
}

/// An instance that is isolated hands over without a loss, and what it has still in hand is fenced.
#[test]
fn a_primary_that_is_isolated_hands_over() {
    let rest = "control:\n  telemetry: {main: {every: 5s}}\n  alerts: {busy: {when: rps(app.save) over 10s > 1/s}}\n  \
        runbooks: {move: {trigger: {alert: busy}, actions: [{do: isolate, where: {service: db, role: primary}, takes: 60s}, {do: return, where: {service: db}, takes: 2m}]}}\n";
    let run = run_of(&text("failover: {detect: 20s, takes: 2s}", rest), 0);
    assert_eq!(counted(&run, &FAILOVERS), 1);
    assert_eq!(wrong(&run, Wrongness::LostWrite), (0, 0));
    assert!((150..260).contains(&failed(&run)), "{} failed in two seconds", failed(&run));
}

/// A primary that is frozen is fenced: what it had in hand fails when it thaws, after another leads.
#[test]
fn a_frozen_primary_is_fenced_when_it_thaws() {
    let faults =
        "faults: {stands: {inject: freeze, where: {service: db, role: primary}, at: 20s, for: 15s, every: 60s}}\n";
    let slow = text("failover: {detect: 2s, takes: 2s}", faults).replace("fsync: 1ms", "fsync: 5ms");
    let run = run_of(&slow, 0);
    assert_eq!(counted(&run, &FAILOVERS), 10);
    assert!(counted(&run, &FENCED) > 100);
}

/// A replica that was away reads as stale what was written meanwhile, until it has caught up.
#[test]
fn a_replica_that_was_away_lacks_what_was_written() {
    let reads = |faults: &str| {
        let text = text("lag: 5s, reads: nearest", faults)
            .replace("lag: {exponential: {mean: 30ms}}, ", "")
            .replace("uniform: {count: 10M}", "uniform: {count: 1}")
            .replace("load: {", "load: {readers: {to: db.read, arrive: {poisson: {rate: 30/s}}}, ")
            .replace("arrive: {poisson: {rate: 100/s}}", "arrive: {burst: {size: 1, at: 30s, every: 100s, times: 6}}");
        wrong(&run_of(&text, 0), Wrongness::StaleRead).0 as f64
    };
    // Two of three copies lack the row for 5 s after each of six writes.
    let expected = 6.0 * 5.0 * 30.0 * 2.0 / 3.0;
    let found = reads("");
    assert!((found / expected - 1.0).abs() < 0.15, "{found} stale, not {expected}");
    // One is down from before each write until 20 s later, and lacks it 5 s more. It answers nothing while it is down.
    let found = reads(
        "faults: {away: {inject: restart, where: {service: db, instances: [2]}, at: 29s, for: 21s, every: 100s}}\n",
    );
    let expected = 6.0 * 5.0 * 30.0 * (1.0 / 3.0 + 1.0 / 3.0);
    assert!((found / expected - 1.0).abs() < 0.15, "{found} stale, not {expected}");
}

#[test]
fn what_needs_other_copies_is_refused_without_them() {
    let refused = |change: (&str, &str), path: &str| {
        let found = problems(&text("commit: one_replica, failover: {}", "").replace(change.0, change.1));
        assert!(found.iter().any(|problem| problem.contains(path)), "{change:?}: {found:?}");
    };
    refused(("instances: 3", "instances: 4"), "a primary and 2 replicas are 3 instances, not 4");
    refused(("replicas: 2", "replicas: 0"), "a primary that nobody follows is one copy");
    refused(("instances: 3", "instances: 1"), "a primary and 2 replicas are 3 instances, not 1");
    let alone = text("failover: {}", "").replace("instances: 3", "instances: 1").replace("replicas: 2, ", "");
    assert!(problems(&alone).iter().any(|problem| problem.contains("there is no replica that could take over")));
    let implied = text("commit: all", "").replace("    instances: 3\n", "");
    assert_eq!(read(&implied).unwrap().model.services[1].instances, 3);
}

/// A request writes a row and reads it 100 ms later from a replica that lags by half a second; then it reads it once more.
fn session(guarantees: &str) -> (f64, u64) {
    let text = text("reads: nearest", "")
        .replace("lag: {exponential: {mean: 30ms}}", "lag: {exponential: {mean: 500ms}}")
        .replace("    key: account\n", &format!("    key: account\n{guarantees}"))
        .replace("[{call: {to: db.write}}]", "[{call: {to: db.write}}, {wait: 100ms}, {call: {to: db.read}}]");
    let run = run_of(&text, 0);
    let reads = run.edge(EdgeId(1), run.whole()).outcomes[0] as f64;
    (wrong(&run, Wrongness::StaleRead).0 as f64 / reads, counted(&run, &KEPT_FROM_COPIES))
}

/// Two of three copies lack the write with probability e^(-0.1/0.5): of a session that is promised its own writes no read is stale.
#[test]
fn a_session_reads_what_it_has_written() {
    let exact = 2.0 / 3.0 * sim_core::engine::math::exp(-0.2);
    let (found, kept) = session("");
    assert!((found - exact).abs() < 0.01 && kept == 0, "{found}, not {exact}");
    let (found, kept) = session("    session_guarantees: [read_your_writes]\n");
    assert!(found == 0.0 && kept > 30_000, "{found} stale, {kept} kept from copies");
    // Who has only read never reads what is older.
    let (found, _) = session("    session_guarantees: [monotonic_reads]\n");
    assert!((found - exact).abs() < 0.01, "{found}, not {exact}");
}

/// Other requests write one row; each request reads it twice, and the second read is never older than the first.
#[test]
fn a_session_never_reads_what_is_older_than_it_has_read() {
    let older = |guarantees: &str| {
        let text = text("reads: nearest", "")
            .replace("lag: {exponential: {mean: 30ms}}", "lag: {exponential: {mean: 500ms}}")
            .replace("count: 10M", "count: 1")
            .replace("    key: account\n", &format!("    key: account\n{guarantees}"))
            .replace("load: {", "load: {readers: {to: app.look, arrive: {poisson: {rate: 50/s}}}, ")
            .replace("rate: 100/s", "rate: 2/s")
            .replace(
                "endpoints: {save:",
                "endpoints: {look: {steps: [{call: {to: db.read}}, {call: {to: db.read}}]}, save:",
            );
        let run = run_of(&text, 0);
        let edge = |place: u32| {
            let stale = run.slices.iter().flat_map(|slice| &slice.wrong).filter(|(edge, ..)| *edge == EdgeId(place));
            stale.map(|(.., n)| n.arose).sum::<u64>() as f64
        };
        (edge(0), edge(1))
    };
    // Whether a read is stale does not depend on which of the two it is.
    let (first, second) = older("");
    assert!((second / first - 1.0).abs() < 0.05, "{first} and {second}");
    // Who has read the newest version reads no older one.
    let (first, second) = older("    session_guarantees: [monotonic_reads]\n");
    assert!(second < 0.8 * first, "{first} and {second}");
}

#[test]
fn guarantees_need_a_copy_that_can_be_behind() {
    let of = |primary: &str| {
        text(primary, "")
            .replace("    key: account\n", "    key: account\n    session_guarantees: [read_your_writes]\n")
    };
    assert!(problems(&of("reads: replica")).is_empty());
    assert!(
        problems(&of("reads: primary"))
            .iter()
            .any(|p| p.contains("no read of this store can come to a copy that is behind"))
    );
}

/// Readers of a store whose reads go to the primary, but for those of levels that `routing` sends elsewhere.
fn routed(asks: &str, routing: &str) -> String {
    text("reads: primary", "")
        .replace("lag: {exponential: {mean: 30ms}}", "lag: {exponential: {mean: 500ms}}")
        .replace(
            "    key: account\n",
            &format!("    key: account\n    session_guarantees: [read_your_writes]\n{routing}"),
        )
        .replace(
            "[{call: {to: db.write}}]",
            &format!("[{{call: {{to: db.write}}}}, {{wait: 100ms}}, {{call: {{to: db.read{asks}}}}}]"),
        )
}

/// A guarantee acts where the level of a read sends it to a replica, by what is written or by what holds without that, and is refused elsewhere.
#[test]
fn guarantees_act_where_a_level_sends_reads_to_replicas() {
    let nearest = "    routing: {snapshot_isolation: nearest}\n";
    for (asks, routing) in
        [(", level: eventual", nearest), (", level: snapshot_isolation", ""), (", level: eventual", "")]
    {
        let text = routed(asks, routing);
        let run = run_of(&text, 0);
        assert_eq!(wrong(&run, Wrongness::StaleRead).0, 0, "{asks}{routing}");
        assert!(counted(&run, &KEPT_FROM_COPIES) > 30_000, "{asks}{routing}");
        let without = run_of(&text.replace("    session_guarantees: [read_your_writes]\n", ""), 0);
        assert!(wrong(&without, Wrongness::StaleRead).0 > 20_000, "{asks}{routing}");
    }
    // By the level of the load, which the call brings with it.
    let of_load = |level: &str| routed("", "").replace("{to: app.save,", &format!("{{to: app.save, level: {level},"));
    assert!(counted(&run_of(&of_load("eventual"), 0), &KEPT_FROM_COPIES) > 30_000);
    let refused = |text: &str| {
        let found = problems(text);
        let is = "session_guarantees: no read of this store can come to a copy that is behind";
        assert!(found.iter().any(|p| p.contains(is)), "{found:?}");
    };
    refused(&routed("", nearest));
    refused(&of_load("serializable"));
    refused(&routed(", level: strict_serializable", nearest));
    refused(&routed(", level: eventual", "    routing: {eventual: primary}\n"));
}
