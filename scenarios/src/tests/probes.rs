//! Probes: each direction of the network is seen by itself, by its own links and faults, and nothing else is changed by looking.

use super::{problems, read};
use crate::loaded::Loaded;
use sim_core::expression::Value;
use sim_core::judge::RunMetrics;
use sim_core::results::RunResult;
use sim_core::world::simulate;

/// Users in the west ask `stock` in the east a hundred times a second for 1 MB.
fn system(links: &str, probes: &str, rest: &str) -> String {
    format!(
        "scenario: Probes\nquestion: Which way is bad?\nrun: {{duration: 100s, warm_up: 0s}}\n\
         regions: {{west: {{zones: [w]}}, east: {{zones: [e, f]}}, north: {{zones: [n]}}}}\nnetwork: {{links: {{{links}}}}}\n\
         load: {{users: {{to: stock.get, from: w, arrive: {{poisson: {{rate: 100/s}}}}, size: {{request: 1kB, response: 1MB}}}}}}\n\
         services: {{stock: {{zones: [e], workers: 64, endpoints: {{get: {{steps: [{{work: {{exponential: {{mean: 5ms}}}}}}]}}}}}}}}\n\
         control:\n  probes: {{sites: {{{probes}}}}}\n{rest}"
    )
}

struct Ran {
    loaded: Loaded,
    run: RunResult,
}

impl Ran {
    fn new(text: &str) -> Self {
        let loaded = read(text).unwrap_or_else(|report| panic!("{}", report.render(false)));
        let run = simulate(&loaded.model, 7, 0);
        Self { loaded, run }
    }

    fn of(&self, text: &str) -> Option<f64> {
        let metrics = RunMetrics::new(&self.run, &self.loaded.model, &self.loaded.names);
        Value::parse(text).unwrap_or_else(|e| panic!("{text}: {e}")).in_run(&|_| Some(&metrics))
    }

    #[track_caller]
    fn near(&self, text: &str, expected: f64, within: f64) {
        let value = self.of(text).unwrap_or_else(|| panic!("{text} has no data"));
        assert!((value - expected).abs() <= within, "{text} is {value}, and not {expected}");
    }

    /// When an alert fired first [s].
    fn fired(&self, alert: usize) -> Option<f64> {
        self.run.alerts[alert].first().map(|span| span.from_ns as f64 / 1e9)
    }
}

const TWO: &str = "there: {from: west, to: east, latency: 10ms}, back: {from: east, to: west, latency: 30ms}";

#[test]
fn each_direction_has_its_own_time_and_nothing_fails_without_a_fault() {
    let ran = Ran::new(&system(TWO, "between: [west, east, north], every: 1s", ""));
    // Rounds from 1 s on; those of the last 5 s have arrived, as all others.
    ran.near("probes_sent(sites)", 6.0 * 100.0, 6.0);
    ran.near("probes_lost(sites)", 0.0, 0.0);
    ran.near("one_way_failures(sites)", 0.0, 0.0);
    ran.near("mean(sites.west->east)", 0.010, 1e-9);
    ran.near("p50(sites.east->west)", 0.030, 3e-4);
    ran.near("one_way_ratio(sites)", 1.0 / 3.0, 1e-9);
    ran.near("one_way_ratio(sites.west->east)", 1.0 / 3.0, 1e-9);
    ran.near("one_way_ratio(sites.east->west)", 3.0, 1e-9);
    // To the north there is no named link, and so no time on the way: no ratio.
    assert_eq!(ran.of("one_way_ratio(sites.north->west)"), None);
    ran.near("longest(sites)", 0.030, 3e-4);
}

/// A loss of 1 % there and 2 % back: an exchange fails with 1 - 0.99 * 0.98 = 2.98 %.
#[test]
fn a_loss_of_one_direction_is_a_failure_of_that_direction() {
    let links =
        "there: {from: west, to: east, latency: 1ms, loss: 1%}, back: {from: east, to: west, latency: 1ms, loss: 2%}";
    let probes = "between: [w, e, n], every: 2ms, timeout: 100ms";
    let ran = Ran::new(&system(links, probes, "").replace("rate: 100/s", "rate: 1/s"));
    let share = |metric: &str, way: &str| format!("{metric}(sites.{way}) / probes_sent(sites.{way})");
    // Four standard deviations of 50,000 rounds.
    ran.near(&share("probes_lost", "w->e"), 0.01, 0.0018);
    ran.near(&share("probes_lost", "e->w"), 0.02, 0.0025);
    ran.near(&share("one_way_failures", "w->e"), 0.01 * 0.98, 0.0018);
    ran.near(&share("one_way_failures", "e->w"), 0.02 * 0.99, 0.0025);
    let exchange = "(probes_lost(sites.w->e) + one_way_failures(sites.e->w)) / probes_sent(sites.w->e)";
    ran.near(exchange, 0.0298, 0.003);
    for way in ["w->n", "n->w", "e->n", "n->e"] {
        ran.near(&format!("probes_lost(sites.{way})"), 0.0, 0.0);
    }
}

#[test]
fn a_fault_of_one_direction_is_seen_in_that_direction_while_it_lasts() {
    let with = |inject: &str, place: &str| {
        let fault = format!("faults: {{f: {{inject: {inject}, where: {{{place}}}, at: 20s, for: 40s}}}}\n");
        Ran::new(&system(TWO, "between: [west, east], every: 1s, timeout: 500ms", &fault))
    };
    let cut = with("partition", "from: east, to: west");
    cut.near("probes_lost(sites.east->west)", 40.0, 1.0);
    cut.near("one_way_failures(sites.east->west)", 40.0, 1.0);
    cut.near("probes_lost(sites.west->east)", 0.0, 0.0);
    cut.near("probes_lost(sites) during f", 40.0, 1.0);
    cut.near("probes_lost(sites) after f", 0.0, 1.0);
    let both = with("partition", "between: [east, west]");
    both.near("probes_lost(sites)", 80.0, 2.0);
    both.near("one_way_failures(sites)", 0.0, 0.0);
    let late = with("{delay: {add: 20ms}}", "link: there");
    late.near("mean(sites.west->east) during f", 0.030, 1e-9);
    late.near("mean(sites.east->west)", 0.030, 1e-9);
    // What comes after its timeout is lost, though not for the one who waits longer.
    let too_late = with("{delay: {add: 600ms}}", "link: there");
    too_late.near("one_way_failures(sites.west->east)", 40.0, 1.0);
    let service = with("partition", "from: stock, to: w");
    service.near("probes_lost(sites)", 0.0, 0.0);
}

/// A link that is busy for 80 % of the time with answers of 8 ms each holds up probes as M/D/1 does: 0.8 * 8 ms / (2 * 0.2) on average.
#[test]
fn probes_wait_behind_messages() {
    let links =
        "there: {from: west, to: east, latency: 1ms}, back: {from: east, to: west, latency: 1ms, bandwidth: 1Gbps}";
    let ran = Ran::new(&system(links, "between: [west, east], every: 10ms", ""));
    ran.near("mean(sites.east->west)", 0.001 + 0.8 * 0.008 / (2.0 * 0.2), 0.004);
    ran.near("mean(sites.west->east)", 0.001, 1e-9);
    let limit = "faults: {f: {inject: {bandwidth: {limit: 900Mbps}}, where: {link: back}, at: 0s}}\n";
    let narrow = Ran::new(&system(links, "between: [west, east], every: 10ms", limit));
    assert!(narrow.of("mean(sites.east->west)") > ran.of("mean(sites.east->west)").map(|mean| mean * 1.5));
}

#[test]
fn probes_take_the_route_that_messages_take() {
    let links = "direct: {between: [west, east], latency: 10ms}, detour: {between: [west, east], latency: 50ms}";
    let route = "}, routes: {r: {between: [west, east], prefer: [direct, detour], convergence: 3s}}}\nload";
    let fault = "faults: {f: {inject: withdraw, where: {link: direct}, at: 20500ms, for: 40s}}\n";
    let ran = Ran::new(&system(links, "between: [west, east], every: 1s", fault).replace("}}\nload", route));
    ran.near("probes_lost(sites)", 2.0 * 3.0, 0.0);
    ran.near("mean(sites) from 30s to 60s", 0.050, 1e-9);
    ran.near("mean(sites) from 70s to 100s", 0.010, 1e-9);
}

#[test]
fn who_looks_changes_nothing() {
    let links = "there: {from: west, to: east, latency: {exponential: {mean: 1ms}}, loss: 1%, transport: {tcp: {}}}, \
                 back: {from: east, to: west, latency: 1ms, bandwidth: 1Gbps, buffer: 3MB}";
    let fault = "faults: {f: {inject: {bandwidth: {limit: 900Mbps}}, where: {link: back}, at: 30s, for: 30s}}\n";
    let digest = |probes: &str| Ran::new(&system(links, probes, fault)).run.digest;
    assert_eq!(digest("between: [west, east, f], every: 7ms"), digest("between: [west, n], every: 90s"));
}

/// Probes go every 30 s, and a pipeline looks every 10 s: an alert reads the latest round, and not that there was none in the last 10 s.
#[test]
fn an_alert_reads_the_latest_round() {
    let control = "  telemetry: {main: {every: 10s}}\n  alerts:\n    a: {when: one_way_failures(sites) > 0, for: 30s}\n    \
                   b: {when: one_way_failures(sites.west->east) > 0}\n    c: {when: probes_lost(sites) over 30s == 1}\n    \
                   d: {when: one_way_ratio(sites) > 2}\n    e: {when: p50(sites.west->east) over 1m > 2 * p50(sites.east->west) over 1m}\n";
    let fault = "faults: {f: {inject: partition, where: {from: east, to: west}, at: 10s, for: 60s}, \
                 g: {inject: {delay: {add: 100ms}}, where: {from: west, to: east}, at: 50s}}\n";
    let text = system(TWO, "between: [west, east], every: 30s, timeout: 5s", &format!("{control}{fault}"));
    let ran = Ran::new(&text.replace("duration: 100s", "duration: 120s"));
    // The round of 30 s is known to have failed at 35 s, and scraped at 40 s.
    assert_eq!(ran.fired(0), Some(70.0));
    assert_eq!(ran.fired(1), None, "that direction is well");
    assert_eq!(ran.fired(2), Some(40.0));
    // The round of 60 s arrives late there and not at all back, that of 90 s has both times.
    assert_eq!((ran.fired(3), ran.fired(4)), (Some(100.0), Some(100.0)));
}

/// From 25 s on the ways take 2.01 and 2.53 s instead of 10 and 30 ms. The ratio of each round is above a quarter and below 1, whichever of its
/// probes arrives between two scrapes.
#[test]
fn an_alert_compares_the_times_of_one_round() {
    let control = "  telemetry: {main: {every: 1s}}\n  alerts:\n    a: {when: one_way_ratio(sites) > 1}\n    b: {when: one_way_ratio(sites) < 30%}\n    \
                   c: {when: one_way_ratio(sites) > 70%}\n";
    let fault = "faults: {f: {inject: {delay: {add: 2s}}, where: {link: there}, at: 25s}, \
                 g: {inject: {delay: {add: 2.5s}}, where: {link: back}, at: 25s}}\n";
    let control = control.replace("30%", "0.3").replace("70%", "0.7");
    let ran =
        Ran::new(&system(TWO, "between: [west, east], every: 10200ms, timeout: 5s", &format!("{control}{fault}")));
    assert_eq!((ran.fired(0), ran.fired(1)), (None, None));
    assert_eq!(ran.fired(2), Some(36.0), "the round of 30.6 s is known at 35.6 s");
}

#[test]
fn probes_of_which_the_run_tells_nothing_are_warned_of() {
    let says = |probes: &str| problems(&system("", probes, "")).join("\n");
    assert!(says("between: [west, n], every: 100s").contains("no probe sets out in this run"));
    assert!(says("between: [west, n], timeout: 1h").contains("no probe is ever lost in this run"));
    assert_eq!(says("between: [west, n], every: 90s, timeout: 99s"), "");
}

#[test]
fn probes_that_cannot_be_are_refused() {
    let says = |probes: &str| problems(&system("", probes, "")).join("\n");
    assert_eq!(says("between: [west, n]"), "");
    for (probes, expected) in [
        ("between: [west]", "probes go between two sites or more"),
        ("between: [west, east, west]", "west is named twice"),
        ("between: [west, e, east]", "east is where e is"),
        ("between: [west, easd]", "no zone or region is called \"easd\""),
        ("between: [west, stock]", "no zone or region is called \"stock\""),
        ("between: [west, east], every: 0s", "probes without pause never get on"),
        ("between: [west, east], timeout: 0s", "nothing arrives in no time"),
    ] {
        let found = says(probes);
        assert!(found.contains(expected), "{probes}: {found}");
    }
    let asks =
        |clause: &str| problems(&system("", "between: [west, east]", &format!("expect: [{clause}]\n"))).join("\n");
    assert_eq!(asks("one_way_failures(sites.west->east) == 0"), "");
    assert!(asks("one_way_failures(sites.west->north) == 0").contains("no probe matrix is called"));
    assert!(asks("availability(sites) > 1%").contains("sites is a probe matrix, of which there is no availability"));
    assert!(asks("one_way_ratio(stock) > 1").contains("stock is a service, of which there is no one_way_ratio"));
    let twice = system("", "between: [west, east]", "").replace("sites:", "stock:");
    assert!(problems(&twice).join("\n").contains("the name \"stock\" is used twice"));
}
