//! Routes: which link messages take while one of them comes and goes, and what is refused.

use super::{problems, read};
use sim_core::ids::EdgeId;
use sim_core::results::{EdgeCounts, RunResult, Span};
use sim_core::world::simulate;

/// `web` in the west asks `stock` in the east a hundred times a second, directly 10 ms away and by a detour 50 ms, from one instance to one or many.
fn system(instances: u32, link: &str, route: &str, rest: &str) -> String {
    format!(
        "scenario: Routes\nquestion: Which way?\nrun: {{duration: 200s, warm_up: 0s}}\nregions: {{west: {{zones: [w]}}, east: {{zones: [e]}}}}\n\
         network:\n  links:\n    direct: {{between: [west, east], latency: 10ms{link}}}\n    detour: {{between: [east, west], latency: 50ms{link}}}\n  \
         routes: {{we: {{between: [west, east], prefer: [direct, detour]{route}}}}}\n\
         load: {{users: {{to: web.page, from: w, arrive: {{constant: {{rate: 100/s}}}}}}}}\n\
         services:\n  web: {{zones: [w], workers: unlimited, endpoints: {{page: {{steps: [{{call: {{to: stock.get, timeout: 400ms, balance: round_robin}}}}]}}}}}}\n  \
         stock: {{zones: [e], instances: {instances}, workers: unlimited, endpoints: {{get: {{steps: [{{wait: 1ms}}]}}}}}}\n{rest}"
    )
}

fn fault(when: &str) -> String {
    format!("faults: {{f: {{inject: withdraw, where: {{link: direct}}, {when}}}}}\n")
}

fn run(text: &str) -> RunResult {
    let model = read(text).unwrap_or_else(|report| panic!("{}", report.render(false))).model;
    simulate(&model, 7, 0)
}

/// What users saw from one second to another: of the two call sites the one whose answers have come over the link too.
fn saw(run: &RunResult, from_s: i64, to_s: i64) -> EdgeCounts {
    run.edge(EdgeId(0), Span { from_ns: from_s * 1_000_000_000, to_ns: to_s * 1_000_000_000 })
}

fn mean_ms(run: &RunResult, from_s: i64, to_s: i64) -> f64 {
    let counts = saw(run, from_s, to_s);
    counts.latency_sum_ns as f64 / 1e6 / counts.outcomes[0] as f64
}

/// How many requests were not answered.
fn lost(run: &RunResult, from_s: i64, to_s: i64) -> f64 {
    let counts = saw(run, from_s, to_s);
    (counts.ended() - counts.outcomes[0]) as f64
}

#[track_caller]
fn near(value: f64, expected: f64, within: f64) {
    assert!((value - expected).abs() <= within, "{value}, and not {expected}");
}

/// Over the direct link, and over the detour [ms].
const DIRECT: f64 = 21.0;
const DETOUR: f64 = 101.0;

#[test]
fn messages_are_lost_until_a_withdrawal_has_spread_and_then_take_the_next_link() {
    let gone = run(&system(1, "", ", convergence: 3s", &fault("at: 50s, for: 50s")));
    near(mean_ms(&gone, 1, 49), DIRECT, 0.01);
    near(lost(&gone, 49, 60), 100.0 * 3.0, 4.0);
    near(mean_ms(&gone, 55, 102), DETOUR, 0.01);
    near(mean_ms(&gone, 104, 190), DIRECT, 0.01);
    near(lost(&gone, 60, 190), 0.0, 0.0);
}

/// Withdrawn 5 s and announced 30 s, with a convergence of 2 s: of each 35 s two are lost, five go by the detour (from 2 s after the withdrawal
/// to 2 s after the announcement), 28 directly.
#[test]
fn a_flap_shares_the_time_between_the_links() {
    let flaps = run(&system(1, "", ", convergence: 2s", &fault("at: 25s, for: 5s, every: 35s, times: 5")));
    near(lost(&flaps, 25, 200), 5.0 * 2.0 * 100.0, 10.0);
    near(mean_ms(&flaps, 25, 200), (5.0 * DETOUR + 28.0 * DIRECT) / 33.0, 0.3);
}

#[test]
fn what_spreads_after_the_link_is_back_changes_nothing_for_long() {
    // A withdrawal of 1 s that takes 4 s to spread: a second is lost, and then a second goes by the detour until the announcement has spread too.
    let short = run(&system(1, "", ", convergence: 4s", &fault("at: 50s, for: 1s")));
    near(lost(&short, 49, 100), 100.0, 4.0);
    near(mean_ms(&short, 52, 53), DIRECT, 0.01);
    near(mean_ms(&short, 54, 55), DETOUR, 10.0);
    near(mean_ms(&short, 56, 190), DIRECT, 0.01);
}

#[test]
fn with_a_transport_what_is_lost_is_sent_again_over_the_new_link() {
    let tcp = ", transport: {tcp: {rto_min: 100ms}}";
    let text =
        system(1, tcp, ", convergence: 2s", &fault("at: 50s, for: 50s")).replace("timeout: 400ms", "timeout: 20s");
    let gone = run(&text);
    let counts = saw(&gone, 49, 190);
    assert_eq!(counts.outcomes[0], counts.ended());
    // Timers of 0.1, 0.2, 0.4, 0.8 and 1.6 s: the first request is there 3.1 s after it set out.
    let mean = mean_ms(&gone, 49, 54);
    assert!(mean > 200.0, "{mean} ms");
}

#[test]
fn a_link_that_flaps_is_left_aside_until_its_figure_has_decayed() {
    // Half-life 10 s: three withdrawals, 10 s apart, are 1000 + 500 + 250 = 1750 at the third, which takes 10 log2(1750 / 400) = 21.3 s to 400.
    let rule = ", dampening: {half_life: 10s, reuse: 400, suppress: 1600, cap: 60s}";
    let flaps = fault("at: 20s, for: 1s, every: 10s, times: 3");
    let damped = run(&system(1, "", rule, &flaps));
    near(mean_ms(&damped, 32, 40), DIRECT, 0.01);
    near(mean_ms(&damped, 42, 61), DETOUR, 0.01);
    near(mean_ms(&damped, 62, 190), DIRECT, 0.01);
    let free = run(&system(1, "", "", &flaps));
    near(mean_ms(&free, 42, 61), DIRECT, 0.01);
    near(lost(&damped, 0, 199), 0.0, 0.0);
}

/// As above, and there is no other link: from the third withdrawal at 40 s on nothing goes through until 61.3 s.
#[test]
fn a_route_leaves_its_only_link_aside_too() {
    let rule = ", dampening: {half_life: 10s, reuse: 400, suppress: 1600, cap: 60s}";
    let flaps = fault("at: 20s, for: 1s, every: 10s, times: 3");
    let one = |rule| run(&system(1, "", rule, &flaps).replace("prefer: [direct, detour]", "prefer: [direct]"));
    near(lost(&one(rule), 0, 199), 100.0 * (1.0 + 1.0 + 21.3), 10.0);
    near(mean_ms(&one(rule), 62, 190), DIRECT, 0.01);
    near(lost(&one(""), 0, 199), 100.0 * 3.0, 5.0);
}

#[test]
fn the_return_of_the_only_link_has_to_spread() {
    let one = |when| {
        let text = system(1, "", ", convergence: 3s", &fault(when));
        run(&text.replace("prefer: [direct, detour]", "prefer: [direct]"))
    };
    near(lost(&one("at: 50s, for: 20s"), 0, 199), 100.0 * 23.0, 5.0);
    // Back before anybody knew that it was gone: a second is lost, and one more from 53 s to 54 s, when nothing is believed to be there.
    near(lost(&one("at: 50s, for: 1s"), 0, 199), 100.0 * 2.0, 5.0);
}

#[test]
fn what_set_out_with_a_transport_is_sent_again_over_a_link_without_one() {
    let text = system(1, "", ", convergence: 2s", &fault("at: 50s, for: 2100ms"))
        .replace("latency: 10ms}", "latency: 10ms, transport: {tcp: {}}}")
        .replace("detour: {between: [east, west]", "detour: {from: west, to: east, loss: 50%")
        .replace("routes:", "  home: {from: east, to: west, latency: 50ms}\n  routes:")
        .replace("prefer: [direct, detour]", "prefer: [direct, detour, home]")
        .replace("timeout: 400ms", "timeout: 100s");
    let run = run(&text);
    // Half of what sets out over the detour, from 52 s to 54.1 s, and nothing of what set out before.
    near(lost(&run, 0, 199), 0.5 * 210.0, 35.0);
}

#[test]
fn a_pinned_link_of_one_direction_pins_that_direction() {
    let text =
        system(1, "", ", pin: detour", "").replace("detour: {between: [east, west]", "detour: {from: west, to: east");
    near(mean_ms(&run(&text), 1, 190), 50.0 + 1.0 + 10.0, 0.01);
}

/// `direct` is withdrawn, which takes 30 s to spread. Whoever pins another direction meanwhile changes nothing of that.
#[test]
fn who_pins_one_direction_does_not_change_the_other() {
    let with = |pin: &str| {
        let set = format!(
            "experiments: {{e: {{at: 60s, for: 100s, hypothesis: [availability(users) >= 0%], actions: [{{do: {{set: {{network.routes.we.pin: {pin}}}}}}}]}}}}\n"
        );
        let text = system(1, "", ", convergence: 30s", &(fault("at: 50s, for: 100s") + &set));
        let text = text.replace("[direct, detour]", "[direct, detour, back]");
        run(&text.replace("  routes:", "    back: {from: east, to: west, latency: 70ms}\n  routes:"))
    };
    // Requests are lost for 30 s, whichever way answers go.
    near(lost(&with("back"), 49, 100), 100.0 * 30.0, 45.0);
    near(mean_ms(&with("back"), 82, 140), 50.0 + 1.0 + 70.0, 0.01);
    // What goes both ways changes the way of requests at once.
    near(lost(&with("detour"), 49, 100), 100.0 * 10.0, 45.0);
}

#[test]
fn multipath_spreads_pairs_of_instances_and_keeps_each_on_one_link() {
    let spread =
        |instances| run(&system(instances, "", ", multipath: true, convergence: 2s", &fault("at: 100s, for: 50s")));
    let one = mean_ms(&spread(1), 1, 99);
    assert!((one - DIRECT).abs() < 0.01 || (one - DETOUR).abs() < 0.01, "one pair takes one link: {one}");
    let many = spread(200);
    near(mean_ms(&many, 1, 99), f64::midpoint(DIRECT, DETOUR), 8.0);
    near(mean_ms(&many, 103, 150), DETOUR, 0.01);
    near(lost(&many, 99, 110), 100.0, 20.0);
}

#[test]
fn a_pinned_route_takes_its_link_and_no_other() {
    let pinned =
        |link: &str| run(&system(1, "", &format!(", pin: {link}, convergence: 1s"), &fault("at: 50s, for: 50s")));
    near(mean_ms(&pinned("detour"), 1, 190), DETOUR, 0.01);
    let direct = pinned("direct");
    near(lost(&direct, 51, 99), 48.0 * 100.0, 1.0);
    let set = "experiments: {e: {at: 70s, for: 20s, hypothesis: [availability(users) >= 0%], actions: [{do: {set: {network.routes.we.pin: direct}}}]}}\n";
    let later = run(&system(1, "", ", convergence: 1s", &(fault("at: 50s, for: 50s") + set)));
    near(mean_ms(&later, 52, 69), DETOUR, 0.01);
    near(lost(&later, 71, 89), 18.0 * 100.0, 1.0);
    near(mean_ms(&later, 91, 99), DETOUR, 0.01);
}

#[test]
fn links_of_one_direction_serve_that_direction() {
    let text = system(1, "", "", &fault("at: 50s, for: 50s"))
        .replace("direct: {between: [west, east]", "direct: {from: west, to: east");
    let run = run(&text);
    // Answers take the detour all the time, requests while the direct link is away.
    near(mean_ms(&run, 1, 49), 10.0 + 1.0 + 50.0, 0.01);
    near(mean_ms(&run, 51, 99), DETOUR, 0.01);
}

#[test]
fn a_link_by_its_name_is_where_faults_on_messages_strike() {
    let text = |place: &str| {
        format!(
            "scenario: Named\nquestion: Which way?\nrun: {{duration: 20s, warm_up: 0s}}\nregions: {{west: {{zones: [w]}}, east: {{zones: [e]}}}}\n\
             network: {{links: {{back: {{from: east, to: west, latency: 10ms}}}}}}\n\
             load: {{users: {{to: web.page, from: w, arrive: {{constant: {{rate: 100/s}}}}}}}}\n\
             services: {{web: {{zones: [e], workers: unlimited, endpoints: {{page: {{steps: [{{wait: 1ms}}]}}}}}}}}\n\
             faults: {{f: {{inject: {{delay: {{add: 5ms}}}}, where: {{{place}}}, at: 10s}}}}\n"
        )
    };
    let named = run(&text("link: back"));
    near(mean_ms(&named, 1, 9), 11.0, 0.01);
    near(mean_ms(&named, 11, 19), 16.0, 0.01);
    let says = |place: &str| problems(&text(place)).join("\n");
    assert!(says("link: bakc").contains("no link is called \"bakc\""));
    assert!(says("link: back, from: west").contains("`link` says both ends"));
}

#[test]
fn withdrawals_that_cannot_be_are_refused() {
    let says = |inject: &str, place: &str| {
        let fault = format!("faults: {{f: {{inject: {inject}, where: {{{place}}}, at: 50s}}}}\n");
        problems(&system(1, "", "", &fault)).join("\n")
    };
    assert_eq!(says("withdraw", "link: direct"), "");
    assert!(says("withdraw", "between: [west, east]").contains("withdraw acts on a link of a route"));
    assert!(says("withdraw", "service: web").contains("withdraw acts on a link of a route"));
    assert!(says("partition", "link: direct").contains("partition cannot strike one link of a route"));
    let alone = system(1, "", "", "faults: {f: {inject: withdraw, where: {link: detour}, at: 50s}}\n")
        .replace("prefer: [direct, detour]", "prefer: [direct]");
    assert!(problems(&alone).join("\n").contains("no route has this link"));
}
