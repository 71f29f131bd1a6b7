//! Reads of a store of which regions agree: a strong one asks a majority, a weaker one its own region; against closed forms.

use super::{problems, read};
use sim_core::data::{Cause, Wrongness};
use sim_core::engine::math::exp;
use sim_core::ids::EdgeId;
use sim_core::results::{EdgeCounts, RunResult};
use sim_core::world::simulate;

/// Three regions that are 20 ms apart. Writers at 100/s in the west; of 300 readers a second a third is in each region, and those of one region ask
/// the copy there, at the level of `level`.
fn text(rows: u32, level: &str, store: &str, faults: &str) -> String {
    let mut text = format!(
        "\
scenario: A store in three regions
question: What do reads cost, and what do they see?
run: {{duration: 60s, warm_up: 0s, replications: 2, seed: 7}}
regions: {{west: {{zones: [west-a]}}, north: {{zones: [north-a]}}, south: {{zones: [south-a]}}}}
network: {{between_regions: {{latency: 20ms}}}}
keys: {{account: {{uniform: {{count: {rows}}}}}}}
policies: {{near: {{timeout: 1s, locality: {{prefer: zone}}}}}}
load:
  writers: {{to: writer.save, from: west, arrive: {{poisson: {{rate: 100/s}}}}}}
"
    );
    for region in REGIONS {
        text += &format!(
            "  {region}-users: {{to: {region}-app.show, from: {region}, arrive: {{poisson: {{rate: 100/s}}}}{level}}}\n"
        );
    }
    text += "services:\n  writer: {workers: unlimited, zones: [west-a], endpoints: {save: {steps: [{call: {to: db.write, policy: near}}]}}}\n";
    for region in REGIONS {
        text += &format!(
            "  {region}-app: {{workers: unlimited, zones: [{region}-a], endpoints: {{show: {{steps: [{{call: {{to: db.read, policy: near}}}}]}}}}}}\n"
        );
    }
    text + &format!(
        "\
stores:
  db:
    instances: 3
    zones: [west-a, north-a, south-a]
    workers: unlimited
    key: account
    {store}
    replication: {{consensus: {{regions: 3, round_trips: 2}}}}
    endpoints:
      write: {{access: write, steps: [{{work: 1ms}}]}}
      read: {{access: read, steps: [{{work: 1ms}}]}}
faults: {{{faults}}}
"
    )
}

const REGIONS: [&str; 3] = ["west", "north", "south"];

/// North is cut off from the others for 20 s.
const CUT: &str = "west: {inject: partition, where: {between: [west, north]}, at: 20s, for: 20s}, \
                   south: {inject: partition, where: {between: [south, north]}, at: 20s, for: 20s}";

fn run_of(text: &str) -> RunResult {
    let loaded = read(text).unwrap_or_else(|report| panic!("{}", report.render(false)));
    assert!(loaded.model.edges[0].name.starts_with("writer"), "the call of the writer stands first");
    simulate(&loaded.model, 7, 0)
}

/// The call of the store by the readers of a region, by its place in `REGIONS`: that of the writer stands first.
fn reads(run: &RunResult, region: usize) -> EdgeCounts {
    run.edge(EdgeId::from(1 + region), run.whole())
}

fn failed(of: &EdgeCounts) -> u64 {
    of.outcomes[2..].iter().sum()
}

/// The mean latency of calls without their work, which is 1 ms [ms].
fn latency_ms(of: &EdgeCounts) -> f64 {
    of.latency_sum_ns as f64 / of.outcomes[0] as f64 / 1e6 - 1.0
}

/// Stale reads of a region.
fn stale(run: &RunResult, region: usize) -> u64 {
    let of = |wrong: &&(EdgeId, u8, _)| wrong.1 == Wrongness::StaleRead as u8 && wrong.0 == EdgeId::from(1 + region);
    run.slices.iter().flat_map(|slice| &slice.wrong).filter(of).map(|(.., n)| n.arose).sum()
}

fn all_stale(run: &RunResult) -> u64 {
    (0..3).map(|region| stale(run, region)).sum()
}

fn about(found: u64, expected: f64) -> bool {
    (found as f64 - expected).abs() < 4.0 * expected.sqrt()
}

const WEAK: [&str; 3] = [", level: eventual", ", level: read_committed", ", level: snapshot_isolation"];
const STRONG: [&str; 3] = ["", ", level: serializable", ", level: strict_serializable"];

#[test]
fn a_strong_read_costs_a_round_trip_and_a_weak_one_nothing() {
    for (level, takes) in STRONG.map(|level| (level, 40.0)).into_iter().chain(WEAK.map(|level| (level, 0.0))) {
        let run = run_of(&text(50, level, "", ""));
        for (region, name) in REGIONS.iter().enumerate() {
            assert_eq!(latency_ms(&reads(&run, region)), takes, "{level:?} in {name}");
        }
        assert_eq!(all_stale(&run) == 0, takes > 0.0, "{level:?}");
        // Two round trips of a write are as they were.
        assert_eq!(latency_ms(&run.edge(EdgeId(0), run.whole())), 80.0);
    }
}

#[test]
fn a_read_without_a_level_is_as_strong_as_what_the_store_provides() {
    for (provides, takes) in
        [("strict_serializable", 40.0), ("serializable", 40.0), ("snapshot_isolation", 0.0), ("eventual", 0.0)]
    {
        let run = run_of(&text(50, "", &format!("provides: {provides}"), ""));
        assert_eq!(latency_ms(&reads(&run, 1)), takes, "{provides}");
        assert_eq!(all_stale(&run) == 0, takes > 0.0, "{provides}");
    }
}

#[test]
fn a_region_that_is_cut_off_answers_no_strong_read_and_weak_ones_from_its_copy() {
    for level in STRONG {
        let run = run_of(&text(50, level, "", CUT));
        // Who comes in the last second waits until the others can be reached again.
        assert!(about(failed(&reads(&run, 1)), 1900.0), "{level:?}: {} failed", failed(&reads(&run, 1)));
        assert_eq!([0, 2].map(|region| failed(&reads(&run, region))), [0; 2], "the majority answers");
        assert_eq!(all_stale(&run), 0, "{level:?}");
    }
    for level in WEAK {
        let run = run_of(&text(50, level, "", CUT));
        assert_eq!([0, 1, 2].map(|region| failed(&reads(&run, region))), [0; 3], "{level:?}");
        // After s seconds of the cut a read is stale with 1 - exp(-2 s), of 100 a second: 1950 in 20 s, where without the cut there were 75.
        let more = stale(&run, 1) - stale(&run_of(&text(50, level, "", "")), 1);
        assert!(about(more, 1875.0), "{level:?}: {more} stale");
        assert_eq!(stale(&run, 0), 0, "who takes the writes has them");
    }
}

/// A read that comes to a region is stale where a write of its row was committed in the 20 ms before it looks, and before it came, 1 ms earlier:
/// writes of a row at a rate r make it 1 - exp(-19 ms r).
#[test]
fn weak_reads_are_stale_as_often_as_a_write_is_on_its_way() {
    for rows in [4, 20, 100] {
        let run = run_of(&text(rows, ", level: eventual", "", "").replace("duration: 60s", "duration: 300s"));
        let exact = 1.0 - exp(-0.019 * 100.0 / f64::from(rows));
        for region in [1, 2] {
            let of = reads(&run, region).outcomes[0] as f64;
            let found = stale(&run, region);
            // Reads of one row within 20 ms of one write are stale together.
            let tolerance = 6.0 * (of * exact).sqrt();
            assert!((found as f64 - of * exact).abs() < tolerance, "{rows} rows: {found} of {of}, not {}", of * exact);
        }
        assert_eq!(stale(&run, 0), 0);
        let causes: Vec<(Wrongness, Cause)> = run.wrong.causes.keys().copied().collect();
        assert_eq!(causes, [(Wrongness::StaleRead, Cause::Region)]);
    }
}

#[test]
fn a_region_whose_instances_were_down_has_what_came_meanwhile_one_way_later() {
    let dark = "dark: {inject: crash, where: {service: db, zone: north-a}, at: 20s, for: 20s}";
    // A read may go to any region while none is up in its own.
    let run = run_of(&text(5_000, ", level: eventual", "", dark));
    let without = run_of(&text(5_000, ", level: eventual", "", ""));
    // 2000 writes of 5000 rows leave a third of the rows behind for 20 ms, of two reads.
    assert!(stale(&run, 1) < stale(&without, 1) + 10, "{} stale, without {}", stale(&run, 1), stale(&without, 1));
    assert!(stale(&run_of(&text(5_000, ", level: eventual", "", CUT)), 1) > stale(&without, 1) + 200);
}

#[test]
fn a_gate_asks_a_majority_and_a_row_for_all_is_warned_of() {
    let gated = text(50, ", level: eventual", "", "").replace(
        "{call: {to: db.read, policy: near}}",
        "{call: {to: db.read, policy: near}}, {gate: {level: strict_serializable, to: db.read, policy: near, on_conflict: retry}}",
    );
    // What the west writes comes to the north later than the answer of a gate, which the south gives.
    let far = "{latency: 20ms}, links: {slow: {from: west, to: north, latency: 90ms}}";
    let run = run_of(&gated.replace("{latency: 20ms}", far));
    let of = |edge: usize| latency_ms(&run.edge(EdgeId::from(edge), run.whole()));
    // The call of the readers in the west, and their gate; then those in the north, who ask a majority when they try again before the write is there.
    assert_eq!((of(1), of(2), of(4)), (0.0, 40.0, 40.0));
    assert!(of(3) > 0.0 && of(3) < 8.0, "{} ms", of(3));
    assert_eq!(stale(&run, 0), 0);
    let warned = |text: String| {
        let found = problems(&text.replace("    key: account\n", ""));
        found.iter().filter(|problem| problem.ends_with("db: all requests read and write one row of db")).count()
    };
    assert_eq!(warned(text(50, ", level: eventual", "", "")), 1);
    assert_eq!(warned(text(50, "", "", "")), 0);
}
