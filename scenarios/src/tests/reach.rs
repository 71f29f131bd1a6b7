//! What lies between the copies of a store: links, and faults on them, each in its direction; against closed forms.

use super::read;
use sim_core::data::{FAILOVERS, LOST_WRITES, TOO_FEW_COPIES, Wrongness};
use sim_core::ids::{EdgeId, ServiceId};
use sim_core::metrics::Counter;
use sim_core::results::RunResult;
use sim_core::world::simulate;

/// Writers at 100/s in the region west, of a store with a copy in each of three regions, of which that in the west is the first.
fn text(replication: &str, network: &str, faults: &str) -> String {
    format!(
        "\
scenario: A store in three regions
question: What comes through?
run: {{duration: 60s, warm_up: 0s, replications: 2, seed: 7}}
regions: {{west: {{zones: [west-a]}}, north: {{zones: [north-a]}}, south: {{zones: [south-a]}}}}
network: {{{network}}}
keys: {{account: {{uniform: {{count: 10M}}}}}}
load:
  writers: {{to: app.save, from: west, arrive: {{poisson: {{rate: 100/s}}}}}}
  readers: {{to: far.show, from: north, arrive: {{poisson: {{rate: 100/s}}}}}}
services:
  app: {{workers: unlimited, zones: [west-a], endpoints: {{save: {{steps: [{{call: {{to: db.write, timeout: 1s, locality: {{prefer: zone}}}}}}]}}}}}}
  far: {{workers: unlimited, zones: [north-a], endpoints: {{show: {{steps: [{{call: {{to: db.read, timeout: 1s, locality: {{prefer: zone}}}}}}]}}}}}}
stores:
  db:
    instances: 3
    zones: [west-a, north-a, south-a]
    workers: unlimited
    key: account
    replication: {{{replication}}}
    endpoints:
      write: {{access: write, steps: [{{work: 1ms}}]}}
      read: {{access: read, steps: [{{work: 1ms}}]}}
faults: {{{faults}}}
"
    )
}

/// West is cut off from the others for 20 s, one way or both.
const CUT: &str = "north: {inject: partition, where: {between: [west, north]}, at: 20s, for: 20s}, \
                   south: {inject: partition, where: {between: [west, south]}, at: 20s, for: 20s}";
const CUT_THERE: &str = "north: {inject: partition, where: {from: west, to: north}, at: 20s, for: 20s}, \
                         south: {inject: partition, where: {from: west, to: south}, at: 20s, for: 20s}";
const CUT_BACK: &str = "north: {inject: partition, where: {from: north, to: west}, at: 20s, for: 20s}, \
                        south: {inject: partition, where: {from: south, to: west}, at: 20s, for: 20s}";

fn run_of(text: &str) -> RunResult {
    let loaded = read(text).unwrap_or_else(|report| panic!("{}", report.render(false)));
    simulate(&loaded.model, 7, 0)
}

fn counted(run: &RunResult, counter: &Counter) -> u64 {
    run.service(ServiceId(2), run.whole()).of(counter)
}

/// How many writes were answered, and how many were not.
fn writes(run: &RunResult) -> (u64, u64) {
    let outcomes = run.edge(EdgeId(0), run.whole()).outcomes;
    (outcomes[0], outcomes[2..].iter().sum())
}

/// The mean latency of writes without their work, which is 1 ms [ms].
fn latency_ms(run: &RunResult) -> f64 {
    let of = run.edge(EdgeId(0), run.whole());
    of.latency_sum_ns as f64 / of.outcomes[0] as f64 / 1e6 - 1.0
}

fn stale(run: &RunResult) -> u64 {
    let of = |wrong: &&(EdgeId, u8, _)| wrong.1 == Wrongness::StaleRead as u8;
    run.slices.iter().flat_map(|slice| &slice.wrong).filter(of).map(|(.., n)| n.arose).sum()
}

fn about(found: u64, expected: f64) -> bool {
    (found as f64 - expected).abs() < 4.0 * expected.sqrt()
}

const FAR: &str = "between_regions: {latency: 20ms}";

#[test]
fn the_log_goes_over_the_links_and_acknowledgements_come_back() {
    let run = run_of(&text("primary: {lag: 5ms, commit: one_replica}", FAR, ""));
    assert_eq!(latency_ms(&run), 45.0);
    // Each direction by itself: the sooner of two replicas is 2 + 5 + 30 ms away.
    let links = "links: {a: {from: west, to: north, latency: 2ms}, b: {from: north, to: west, latency: 30ms}, \
                 c: {from: west, to: south, latency: 50ms}}";
    let run = run_of(&text("primary: {lag: 5ms, commit: one_replica}", links, ""));
    assert_eq!(latency_ms(&run), 37.0);
    // And of all, 55 ms.
    let run = run_of(&text("primary: {lag: 5ms, commit: all}", links, ""));
    assert_eq!(latency_ms(&run), 55.0);
}

/// A loss is sent again after 200 ms, then 400 ms and so on: with a loss of p the mean is 200 ms p / (1 - 2p).
#[test]
fn what_is_lost_of_the_log_is_sent_again() {
    for faults in [
        "lossy: {inject: {loss: {probability: 20%}}, where: {from: west, to: north}}, \
         none: {inject: partition, where: {from: south, to: west}}",
        "lossy: {inject: {loss: {probability: 20%}}, where: {from: north, to: west}}, \
         none: {inject: partition, where: {from: south, to: west}}",
    ] {
        let text = text("primary: {lag: 0s, commit: one_replica}", FAR, faults).replace("timeout: 1s", "timeout: 1h");
        let runs = [7, 8, 9].map(|seed| {
            let loaded = read(&text.replace("duration: 60s", "duration: 600s")).unwrap();
            latency_ms(&simulate(&loaded.model, seed, 0))
        });
        let (found, mean) = (runs.iter().sum::<f64>() / 3.0, 40.0 + 200.0 * 0.2 / (1.0 - 0.4));
        assert!((found / mean - 1.0).abs() < 0.05, "{found} ms, not {mean}: {faults}");
    }
}

#[test]
fn who_is_cut_off_cannot_commit_with_a_majority_and_can_without() {
    for (commit, waits) in
        [("one_replica", true), ("majority", true), ("all", true), ("primary", false), ("asynchronous", false)]
    {
        let run = run_of(&text(&format!("primary: {{lag: 5ms, commit: {commit}}}"), FAR, CUT));
        let (_, failed) = writes(&run);
        // Who comes in the last second waits until the way is there again.
        assert!(if waits { about(failed, 1900.0) } else { failed == 0 }, "{commit}: {failed} failed");
    }
    // One replica that is cut off is not waited for by a majority.
    let one = "north: {inject: partition, where: {between: [west, north]}, at: 20s, for: 20s}";
    for (commit, waits) in [("majority", false), ("all", true)] {
        let (_, failed) = writes(&run_of(&text(&format!("primary: {{lag: 5ms, commit: {commit}}}"), FAR, one)));
        assert!(if waits { about(failed, 1900.0) } else { failed == 0 }, "{commit}: {failed} failed");
    }
}

#[test]
fn each_direction_is_cut_by_itself() {
    // Readers in the north read the copy there, which lacks what has not come.
    let few_rows = |text: String| text.replace("count: 10M", "count: 50");
    let reads = "primary: {lag: 5ms, reads: nearest, commit: primary}";
    let [none, there, back] = ["", CUT_THERE, CUT_BACK].map(|cut| stale(&run_of(&few_rows(text(reads, FAR, cut)))));
    assert_eq!(none, back, "what comes through there is applied");
    assert!(there > none + 1500, "{there} stale reads, without the cut {none}");
    // Acknowledgements that do not come are waited for; what does not come is as well.
    for cut in [CUT_THERE, CUT_BACK] {
        let (_, failed) = writes(&run_of(&text("primary: {lag: 5ms, commit: all}", FAR, cut)));
        assert!(about(failed, 1900.0), "{failed} failed");
    }
}

#[test]
fn a_majority_that_hears_nothing_of_the_primary_elects_another_and_the_tail_is_lost() {
    let failover = "failover: {detect: 4s, takes: 6s}";
    // West goes on for ten seconds, and what it has answered meanwhile is lost; then nobody there reaches the primary.
    let run = run_of(&text(&format!("primary: {{lag: 5ms, commit: asynchronous, {failover}}}"), FAR, CUT));
    assert_eq!(counted(&run, &FAILOVERS), 1);
    let (lost, (_, failed)) = (counted(&run, &LOST_WRITES), writes(&run));
    assert!(about(lost, 1000.0), "{lost} lost");
    assert!(about(failed, 1000.0), "{failed} failed");
    // With a majority nothing was answered, and nothing is lost.
    let run = run_of(&text(&format!("primary: {{lag: 5ms, commit: majority, {failover}}}"), FAR, CUT));
    assert_eq!((counted(&run, &FAILOVERS), counted(&run, &LOST_WRITES)), (1, 0));
    assert!(about(writes(&run).1, 2000.0));
    // A primary that all hear stays, though it hears nobody.
    let run = run_of(&text(&format!("primary: {{lag: 5ms, commit: majority, {failover}}}"), FAR, CUT_BACK));
    assert_eq!(counted(&run, &FAILOVERS), 0);
    // And so does one that is there again before anybody leads, or that only one of two does not hear.
    let late = run_of(&text("primary: {lag: 5ms, failover: {detect: 4s, takes: 30s}}", FAR, CUT));
    let one = "north: {inject: partition, where: {between: [west, north]}, at: 20s, for: 20s}";
    let one = run_of(&text(&format!("primary: {{lag: 5ms, {failover}}}"), FAR, one));
    for run in [late, one] {
        assert_eq!((counted(&run, &FAILOVERS), counted(&run, &LOST_WRITES), writes(&run).1), (0, 0, 0));
    }
}

#[test]
fn a_link_that_is_withdrawn_carries_no_log() {
    let network = "links: {a: {between: [west, north], latency: 20ms}, b: {between: [west, north], latency: 50ms}}, \
                   routes: {r: {between: [west, north], prefer: [a, b], convergence: 3s}}";
    let faults = "gone: {inject: withdraw, where: {link: a}, at: 20s, for: 20s}, \
                  none: {inject: partition, where: {from: south, to: west}}";
    let run = run_of(&text("primary: {lag: 5ms, commit: one_replica}", network, faults));
    // For three seconds it goes into nothing, but for those who wait for at most a second.
    assert!(about(writes(&run).1, 200.0), "{:?}", writes(&run));
}

#[test]
fn regions_agree_only_where_a_majority_comes_through() {
    let (agree, two) = ("consensus: {regions: 3, round_trips: 2, message: 1KiB}", FAR);
    assert_eq!(latency_ms(&run_of(&text(agree, two, ""))), 80.0);
    for (cut, waits) in [
        (CUT, true),
        (CUT_THERE, true),
        (CUT_BACK, true),
        ("north: {inject: partition, where: {between: [west, north]}, at: 20s, for: 20s}", false),
        ("far: {inject: partition, where: {between: [north, south]}, at: 20s, for: 20s}", false),
        ("dark: {inject: crash, where: {service: db, zone: north-a}, at: 20s, for: 20s}", false),
        (
            "dark: {inject: crash, where: {service: db, zone: north-a}, at: 20s, for: 20s}, \
             black: {inject: crash, where: {service: db, zone: south-a}, at: 20s, for: 20s}",
            true,
        ),
    ] {
        let (_, failed) = writes(&run_of(&text(agree, two, cut)));
        assert!(if waits { about(failed, 1900.0) } else { failed == 0 }, "{cut}: {failed} failed");
    }
    // A delay on one direction alone: of two round trips, each waits for it once.
    let slow = "north: {inject: {delay: {add: 30ms}}, where: {from: north, to: west}}, \
                south: {inject: {delay: {add: 30ms}}, where: {from: south, to: west}}";
    assert_eq!(latency_ms(&run_of(&text(agree, two, slow))), 140.0);
    let other = "north: {inject: {delay: {add: 30ms}}, where: {from: north, to: south}}";
    assert_eq!(latency_ms(&run_of(&text(agree, two, other))), 80.0);
}

#[test]
fn a_quorum_needs_copies_that_come_through() {
    let quorum = "quorum: {copies: 3, read: 2, write: 2, legs: {write: 0s, ack: 0s, read: 0s, reply: 0s}}";
    let links = "links: {a: {from: west, to: north, latency: 2ms}, b: {from: north, to: west, latency: 30ms}, \
                 c: {from: west, to: south, latency: 50ms}}";
    // The copy of the west itself is the first, the second is 32 ms away.
    assert_eq!(latency_ms(&run_of(&text(quorum, links, ""))), 32.0);
    for cut in [CUT, CUT_THERE, CUT_BACK] {
        let run = run_of(&text(quorum, FAR, cut));
        assert!(about(writes(&run).1, 2000.0), "{:?}", writes(&run));
        assert!(counted(&run, &TOO_FEW_COPIES) >= writes(&run).1);
    }
    // With one of each it goes on, and reads of the north are stale until hints have come.
    let weak = "quorum: {copies: 3, read: 1, write: 1, legs: {write: 0s, ack: 0s, read: 0s, reply: 0s}}";
    let few_rows = |text: String| text.replace("count: 10M", "count: 50");
    let [without, with] = ["", CUT].map(|cut| run_of(&few_rows(text(weak, FAR, cut))));
    assert_eq!(writes(&with).1, 0);
    assert!(stale(&with) > stale(&without) + 1500, "{} stale, without a cut {}", stale(&with), stale(&without));
}
