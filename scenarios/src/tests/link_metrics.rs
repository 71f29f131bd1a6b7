//! What metrics say of links and routes, against closed forms.

use super::read;
use sim_core::expression::Value;
use sim_core::judge::RunMetrics;
use sim_core::problem::Problems;
use sim_core::world::simulate;

/// Users in a ask a service in b over a link, 50 times a second for a minute, with 1 kB for answers of 20 kB.
fn system(link: &str, rest: &str) -> String {
    format!(
        "scenario: Measured\nquestion: What does the link carry?\nrun: {{duration: 60s, warm_up: 0s}}\n\
         regions: {{eu: {{zones: [a, b]}}}}\nnetwork: {{links: {{wire: {{{link}}}}}}}\n\
         load: {{users: {{to: api.get, from: a, size: {{request: 1kB, response: 20kB}}, arrive: {{constant: {{rate: 50/s}}}}}}}}\n\
         services: {{api: {{zones: [b], workers: unlimited, endpoints: {{get: {{steps: [{{wait: 1ms}}]}}}}}}}}\n{rest}"
    )
}

fn values(text: &str, asked: &[&str]) -> Vec<f64> {
    let loaded = read(text).unwrap_or_else(|report| panic!("{}", report.render(false)));
    let run = simulate(&loaded.model, 7, 0);
    let metrics = RunMetrics::new(&run, &loaded.model, &loaded.names);
    let one = |text: &&str| {
        let metric =
            Value::parse(text).unwrap_or_else(|problem| panic!("{text}: {problem:?}")).tree().metrics()[0].clone();
        let mut problems = Problems::new();
        let meant = metric.resolve(&loaded.names, &mut problems).unwrap_or_else(|| panic!("{text}: {problems:?}"));
        metrics.of(&meant).unwrap_or(f64::NAN)
    };
    asked.iter().map(one).collect()
}

#[track_caller]
fn near(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= 2e-3 * expected.abs() + 1e-9, "{found}, and not {expected}");
    }
}

const THERE: &str = "wire.a->b";
const BACK: &str = "wire.b->a";

/// While any fault is active on messages, all take the way of those to which more may happen: nothing may change by that but what the fault does.
#[test]
fn what_nothing_happens_to_is_sent_as_all_else() {
    let lone = "services: {lone: {zones: [a], workers: 4, endpoints: {get: {steps: [{work: 1ms}]}}}, api";
    let fault = "faults: {lost: {inject: {loss: {probability: 50%}}, where: {to: lone}, at: 0s, for: 60s}}\n";
    let asked: Vec<String> = ["messages_carried", "bytes_carried", "utilisation", "link_backlog", "p50", "p99", "mean"]
        .into_iter()
        .flat_map(|metric| [format!("{metric}({THERE})"), format!("{metric}({BACK})")])
        .chain(["p50(api.get)", "p99.9(api.get)", "mean(api.get)", "availability(api.get)"].map(String::from))
        .collect();
    let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
    for link in
        ["latency: 3ms, bandwidth: 8Mbps", "latency: 3ms", "latency: {exponential: {mean: 3ms}}, bandwidth: 8Mbps"]
    {
        let text = system(&format!("between: [a, b], {link}"), "");
        let text = text
            .replace("services: {api", lone)
            .replace("load: {users", "load: {others: {to: lone.get, from: a, arrive: {poisson: {rate: 5/s}}}, users");
        // To the bit, and nothing where there is nothing.
        let bits = |text: &str| values(text, &asked).into_iter().map(f64::to_bits).collect::<Vec<u64>>();
        assert_eq!(bits(&format!("{text}{fault}")), bits(&text), "{link}");
    }
}

/// At 1 MB/s a request takes 1 ms and an answer 20 ms, as long as one comes after the other.
#[test]
fn bytes_busy_time_and_backlog_are_those_of_each_direction() {
    let text = system("between: [a, b], latency: 3ms, bandwidth: 8Mbps", "");
    let of = |metric: &str, way: &str| format!("{metric}({way})");
    let asked: Vec<String> = ["messages_carried", "bytes_carried", "bandwidth_used", "utilisation", "p50", "mean"]
        .into_iter()
        .flat_map(|metric| [of(metric, THERE), of(metric, BACK)])
        .collect();
    let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
    let expected = [3000.0, 3000.0, 3e6, 60e6, 50e3, 1e6, 0.05, 0.9987, 0.004, 0.023, 0.004, 0.023];
    near(&values(&text, &asked), &expected);
    // A message that is alone shrinks evenly while it is sent: 50/s x 1 kB x 0.5 ms, and 50/s x 20 kB x 10 ms.
    let backlogs = values(&text, &["link_backlog(wire.a->b)", "link_backlog(wire.b->a)", "link_backlog(wire)"]);
    near(&backlogs, &[25.0, 9990.0, 10015.0]);
    // Both directions together: the busier one.
    near(&values(&text, &["utilisation(wire)", "messages_carried(wire)"]), &[0.9987, 6000.0]);
}

/// A Poisson stream of fixed sizes at half of the bandwidth: M/D/1 waits rho / (2 (1 - rho)) of a service, and what waits or is being sent is, by
/// Little's law and with half of what is being sent, the rate times the bytes times (wait + half a service).
#[test]
fn the_backlog_of_a_poisson_stream_is_that_of_an_m_d_1() {
    let text = system("between: [a, b], bandwidth: 8Mbps", "")
        .replace("duration: 60s", "duration: 3000s")
        .replace("constant: {rate: 50/s}", "poisson: {rate: 25/s}");
    let [backlog, busy, mean] =
        values(&text, &["link_backlog(wire.b->a)", "utilisation(wire.b->a)", "mean(wire.b->a)"])[..]
    else {
        panic!("three")
    };
    let wait = 0.5 / (2.0 * 0.5) * 0.020;
    assert!((busy - 0.5).abs() < 0.01, "{busy}");
    assert!((mean / (wait + 0.020) - 1.0).abs() < 0.02, "{mean}");
    assert!((backlog / (25.0 * 20e3 * (wait + 0.010)) - 1.0).abs() < 0.03, "{backlog}");
}

#[test]
fn losses_are_counted_where_they_happen() {
    // Without a transport a message is lost for good.
    let text = system("from: b, to: a, loss: 10%", "").replace("arrive:", "timeout: 1s, arrive:");
    let [lost, carried] = values(&text, &["link_lost(wire)", "messages_carried(wire)"])[..] else { panic!("two") };
    // The answer to the last request may set out after the end.
    assert!((2999.0..=3000.0).contains(&(lost + carried)), "{lost} and {carried}");
    assert!((lost - 300.0).abs() < 60.0, "{lost}");
    // With one none is, and more is sent.
    let text = system("from: b, to: a, loss: 1%, latency: 1ms, transport: {tcp: {}}", "");
    let found = values(&text, &["link_lost(wire)", "messages_carried(wire)", "bytes_carried(wire)"]);
    assert_eq!(found[0], 0.0);
    near(&found[1..2], &[3000.0]);
    // An answer is fourteen segments, and the last one counts whole; one in a hundred goes again.
    let whole = 3000.0 * 14.0 * 1460.0;
    assert!((found[2] / whole - 1.0 / 0.99).abs() < 0.002, "{}", found[2]);
    // What finds no room is lost, and is the same at the link and at the call.
    let text = system("from: b, to: a, bandwidth: 4Mbps, buffer: 50kB", "").replace("arrive:", "timeout: 1s, arrive:");
    let found = values(&text, &["link_dropped(wire)", "link_lost(wire)", "link_dropped(users->api.get)"]);
    assert!(found[0] > 1000.0 && found[0] == found[1] && found[0] == found[2], "{found:?}");
    let text = system("from: b, to: a, bandwidth: 7Mbps, buffer: 15kB, latency: 1ms, transport: {tcp: {}}", "");
    let both = ["segments_dropped", "transport_timeouts"].map(|metric| {
        let found = values(&text, &[&format!("{metric}(wire)"), &format!("{metric}(users->api.get)")]);
        assert_eq!(found[0], found[1], "{metric}");
        found[0]
    });
    assert!(both[0] > 0.0, "{both:?}");
}

#[test]
fn what_sets_out_at_once_is_counted_together() {
    let text = system("between: [a, b], bandwidth: 1Gbps", "");
    near(&values(&text, &["starts(wire)"]), &[1.0]);
    let text = text.replace("constant: {rate: 50/s}", "constant: {rate: 1k/s}");
    near(&values(&text, &["starts(wire.a->b)"]), &[10.0]);
    // One who asks forty at once.
    let text = "scenario: Fan\nquestion: How many at once?\nrun: {duration: 60s, warm_up: 0s}\nregions: {eu: {zones: [a, b]}}\n\
         network: {links: {wire: {between: [a, b], latency: 1ms}}}\n\
         load: {users: {to: web.page, from: a, arrive: {constant: {rate: 1/s}}}}\n\
         services:\n  web: {zones: [a], workers: unlimited, endpoints: {page: {steps: [{parallel: {repeat: {count: 40}, branches: [{call: {to: api.get}}]}}]}}}\n  \
         api: {zones: [b], workers: unlimited, endpoints: {get: {steps: [{wait: {uniform: {from: 0ms, to: 200ms}}}]}}}\n";
    let found = values(text, &["starts(wire.a->b)", "starts(wire.b->a)"]);
    assert_eq!(found[0], 40.0);
    assert!(found[1] > 2.0 && found[1] < 12.0, "{}", found[1]);
}

#[test]
fn a_route_is_its_links_and_its_changes_are_counted() {
    let text = |more: &str| {
        format!(
            "scenario: Flap\nquestion: How often?\nrun: {{duration: 200s, warm_up: 0s}}\nregions: {{west: {{zones: [w]}}, east: {{zones: [e]}}}}\n\
             network:\n  links:\n    direct: {{between: [west, east], latency: 10ms}}\n    detour: {{between: [west, east], latency: 50ms}}\n  \
             routes: {{we: {{between: [west, east], prefer: [direct, detour]{more}}}}}\n\
             load: {{users: {{to: api.get, from: w, timeout: 1s, arrive: {{constant: {{rate: 10/s}}}}}}}}\n\
             services: {{api: {{zones: [e], workers: unlimited, endpoints: {{get: {{steps: [{{wait: 1ms}}]}}}}}}}}\n\
             faults: {{flap: {{inject: withdraw, where: {{link: direct}}, at: 20s, for: 5s, every: 35s, times: 5}}}}\n"
        )
    };
    let asked = [
        "route_changes(we)",
        "messages_carried(we)",
        "messages_carried(direct)",
        "messages_carried(detour)",
        "link_lost(we)",
    ];
    // Away and back five times; for half a second each time what goes there is lost, and at no other.
    let found = values(&text(", convergence: 500ms"), &asked);
    assert_eq!(found[0], 10.0);
    assert_eq!(found[1], found[2] + found[3]);
    near(&found[3..4], &[2.0 * 25.0 * 10.0]);
    assert!((found[4] - 25.0).abs() <= 5.0, "{}", found[4]);
    // Pinned it never changes, dampened it does not change back.
    assert_eq!(values(&text(", pin: detour"), &asked[..1]), [0.0]);
    let damped = values(&text(", dampening: {suppress: 2000, penalty: 1000}"), &asked[..1]);
    assert!(damped[0] < 10.0, "{damped:?}");
}
