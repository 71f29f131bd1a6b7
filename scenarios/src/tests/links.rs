//! Links with a bandwidth, a buffer and a transport: what they do to messages, and in which direction.

use super::read;
use sim_core::ids::{EdgeId, ServiceId};
use sim_core::outcome::Outcome;
use sim_core::results::{EdgeCounts, Span};
use sim_core::world::simulate;

/// Users in a ask a service in b over a link, 50 times a second for a minute, with 1 kB for answers of 20 kB.
fn system(link: &str, rest: &str) -> String {
    format!(
        "scenario: Linked\nquestion: What does the link do?\nrun: {{duration: 60s, warm_up: 0s}}\nregions: {{eu: {{zones: [a, b]}}}}\n\
         network: {{links: {{wire: {{{link}}}}}}}\n\
         load: {{users: {{to: api.get, from: a, size: {{request: 1kB, response: 20kB}}, arrive: {{constant: {{rate: 50/s}}}}}}}}\n\
         services: {{api: {{zones: [b], workers: unlimited, endpoints: {{get: {{steps: [{{wait: 1ms}}]}}}}}}}}\n{rest}"
    )
}

/// What users saw from one second to another.
fn saw(link: &str, rest: &str, (from_s, to_s): (i64, i64)) -> EdgeCounts {
    let model = read(&system(link, rest)).unwrap_or_else(|report| panic!("{}", report.render(false))).model;
    simulate(&model, 7, 0).edge(EdgeId(0), Span { from_ns: from_s * 1_000_000_000, to_ns: to_s * 1_000_000_000 })
}

fn mean_ms(link: &str, rest: &str) -> f64 {
    let seen = saw(link, rest, (1, 59));
    assert_eq!(seen.outcomes[0], seen.ended(), "{link}: all are answered");
    seen.latency_sum_ns as f64 / 1e6 / seen.ended() as f64
}

fn share_answered(link: &str, rest: &str) -> f64 {
    let seen = saw(link, rest, (1, 55));
    seen.outcomes[0] as f64 / seen.attempts as f64
}

#[track_caller]
fn near(value: f64, expected: f64, within: f64) {
    assert!((value - expected).abs() <= within, "{value}, and not {expected}");
}

#[test]
fn bytes_take_their_time_in_each_direction_by_itself() {
    near(mean_ms("between: [a, b], latency: 3ms", ""), 7.0, 0.001);
    // 1 kB and 20 kB at 1 MB/s.
    near(mean_ms("between: [a, b], latency: 3ms, bandwidth: 8Mbps", ""), 28.0, 0.001);
    near(mean_ms("from: a, to: b, latency: 3ms, bandwidth: 8Mbps", ""), 5.0, 0.001);
    near(mean_ms("from: b, to: a, latency: 3ms, bandwidth: 8Mbps", ""), 24.0, 0.001);
}

#[test]
fn answers_that_need_more_than_a_window_wait_for_acknowledgements() {
    // 14 segments: ten, then four a round trip and the time of a segment later.
    let tcp = "between: [a, b], latency: 3ms, transport: {tcp: {segment: 1460B}}";
    near(mean_ms(tcp, ""), 13.0, 0.001);
    near(mean_ms("between: [a, b], latency: 3ms, transport: {tcp: {initial_window: 14}}", ""), 7.0, 0.001);
    let of_one = "between: [a, b], latency: 3ms, transport: {tcp: {initial_window: 1}}";
    near(mean_ms(of_one, ""), 7.0 + 3.0 * 6.0, 0.001);
}

#[test]
fn a_loss_loses_a_datagram_and_delays_a_message_of_tcp() {
    for link in ["between: [a, b], loss: 5%", "from: a, to: b, loss: 5%", "from: b, to: a, loss: 5%"] {
        assert!(share_answered(link, "") < 0.97, "{link}");
        let tcp = format!("{link}, transport: {{tcp: {{}}}}");
        assert!(share_answered(&tcp, "") > 0.999, "{link}");
    }
    let sees = |direction: &str| mean_ms(&format!("{direction}, loss: 1%, transport: {{tcp: {{}}}}"), "");
    // Of 14 segments one is lost more often than of one, and where later ones tell it, that costs no timer.
    let (there, back) = (sees("from: a, to: b"), sees("from: b, to: a"));
    assert!(there > 2.0 && there < back && back < 1.0 + 0.15 * 200.0, "{there} there, {back} back");
}

#[test]
fn what_meets_a_partition_arrives_after_it() {
    let cut = "faults: {cut: {inject: partition, where: {from: a, to: b}, at: 20s, for: 5s}}\n";
    let tcp = "between: [a, b], latency: 1ms, transport: {tcp: {}}";
    let seen = saw(tcp, cut, (0, 50));
    assert_eq!(seen.outcomes[0], seen.ended());
    assert_eq!(saw(tcp, cut, (21, 25)).ended(), 0, "nothing arrives during it");
    // Timers of 0.2, 0.4 ... 3.2 s after their first: what set out first is there 6.2 s after it at the latest, with the next timer.
    assert!(saw(tcp, cut, (25, 33)).outcomes[0] >= 8 * 50 + 5 * 50 - 5, "all that was held up is there 8 s later");
    assert!(saw("between: [a, b], latency: 1ms", cut, (0, 55)).outcomes[0] <= 50 * 50 + 5);
}

#[test]
fn retries_of_a_segment_end() {
    let cut = "faults: {cut: {inject: partition, where: {from: a, to: b}, at: 20s, for: 5s}}\n";
    let gives_up = "between: [a, b], latency: 1ms, transport: {tcp: {retries: 2}}";
    // Three timers, 0.2, 0.4 and 0.8 s, bring over the end what set out 1.4 s before it, or later.
    let lost = 50 * 55 - saw(gives_up, cut, (0, 55)).outcomes[0];
    assert!((170..=240).contains(&lost), "{lost}");
}

#[test]
fn a_new_connection_costs_a_round_trip_and_a_lost_syn_a_second() {
    let new = |more: &str| {
        format!("between: [a, b], latency: 3ms, transport: {{tcp: {{initial_window: 14, connections: new{more}}}}}")
    };
    // Open already: 7 ms. A SYN and its answer take 6 ms more.
    near(mean_ms(&new(""), ""), 13.0, 0.001);
    // 1 % are lost each way, so that 1.99 % of SYNs are not answered at first: they wait a second, and some of them longer.
    let later = |seen: &EdgeCounts| seen.latency_sum_ns as f64 / 1e6 / seen.outcomes[0] as f64;
    let lossy = |connections: &str| {
        format!("between: [a, b], latency: 3ms, loss: 1%, transport: {{tcp: {{initial_window: 14{connections}}}}}")
    };
    let (kept, opened) = (saw(&lossy(""), "", (0, 50)), saw(&lossy(", connections: new"), "", (0, 50)));
    near(later(&opened) - later(&kept), 6.0 + 20.7, 6.0);
}

/// What waits for its connection has not been sent: it holds up nobody on the link, and whose caller gives up is never sent.
#[test]
fn a_lost_syn_holds_up_nobody_else() {
    let median = |link: &str, rest: &str| {
        let model = read(&system(link, rest)).unwrap_or_else(|report| panic!("{}", report.render(false))).model;
        let run = simulate(&model, 7, 0);
        run.histogram(Span { from_ns: 0, to_ns: 55_000_000_000 }, |period| &period.latency[0]).quantile(0.5).unwrap()
    };
    let new = "between: [a, b], latency: 3ms, loss: 1%, bandwidth: 1Gbps, transport: {tcp: {connections: new}}";
    let took_ns = median(new, "");
    assert!(took_ns < 25e6, "{took_ns}");
    let limit = "faults: {f: {inject: {bandwidth: {limit: 100MB/s}}, where: {between: [a, b]}, at: 0s}}\n";
    let took_ns = median("between: [a, b], latency: 3ms, loss: 1%, transport: {tcp: {connections: new}}", limit);
    assert!(took_ns < 25e6, "{took_ns}");
}

#[test]
fn who_answers_no_syn_is_given_up() {
    let cut = "faults: {cut: {inject: partition, where: {from: a, to: b}, at: 20s, for: 20s}}\n";
    let link = "between: [a, b], latency: 1ms, transport: {tcp: {connections: new, syn_retries: 2}}";
    // 1, 2 and 4 s: what comes from 20 s to about 33 s is given up 7 s later, and what comes then is tried again after the end.
    let seen = saw(link, cut, (0, 55));
    let unreachable = seen.outcomes[Outcome::Unreachable as usize];
    assert!((13 * 50 - 5..=20 * 50).contains(&unreachable), "{unreachable}");
    assert!(saw(link, cut, (20, 27)).ended() <= 1, "for 7 s nobody knows");
    assert!(saw(link, cut, (27, 28)).outcomes[Outcome::Unreachable as usize] >= 45);
}

#[test]
fn what_finds_the_buffer_full_is_lost() {
    // Answers of 20 kB fifty times a second are 1 MB/s: twice what goes through, so that half of them are lost.
    let narrow = "from: b, to: a, bandwidth: 500kB/s, buffer: 100kB";
    near(share_answered(narrow, ""), 0.5, 0.01);
    let wide = "from: b, to: a, bandwidth: 2MB/s, buffer: 100kB";
    assert!(share_answered(wide, "") > 0.999);
}

#[test]
fn messages_between_zones_share_the_bandwidth_between_these_two() {
    let text = |zones: &str| {
        format!(
            "scenario: Shared\nquestion: Who shares?\nrun: {{duration: 20s, warm_up: 0s}}\nregions: {{eu: {{zones: [a, b, c]}}}}\n\
             network: {{between_zones: {{bandwidth: 1MB/s}}}}\n\
             load:\n  one: {{to: api.get, from: a, size: {{request: 10kB}}, arrive: {{constant: {{rate: 50/s}}}}}}\n  two: {{to: other.get, from: {zones}, size: {{request: 10kB}}, arrive: {{constant: {{rate: 50/s}}}}}}\n\
             services:\n  api: {{zones: [b], workers: unlimited, endpoints: {{get: {{steps: [{{wait: 1ms}}]}}}}}}\n  other: {{zones: [b], workers: unlimited, endpoints: {{get: {{steps: [{{wait: 1ms}}]}}}}}}\n"
        )
    };
    let mean = |zone: &str| {
        let model = read(&text(zone)).unwrap_or_else(|report| panic!("{}", report.render(false))).model;
        let seen = simulate(&model, 7, 0).edge(EdgeId(1), Span { from_ns: 1_000_000_000, to_ns: 19_000_000_000 });
        seen.latency_sum_ns as f64 / 1e6 / seen.ended() as f64
    };
    // 10 ms by itself; where two send at the same moment, the second waits for the first.
    near(mean("c"), 11.0, 0.01);
    near(mean("a"), 21.0, 0.01);
    near(mean("b"), 1.0, 0.01);
}

#[test]
fn settings_that_cannot_be_are_refused() {
    let refused = |link: &str| {
        let Err(report) = read(&system(link, "")) else { panic!("{link} is taken") };
        report.problems.iter().map(|placed| placed.problem.path.clone()).collect::<Vec<_>>()
    };
    assert_eq!(refused("between: [a, b], buffer: 1kB"), ["network.links.wire.buffer"]);
    assert_eq!(refused("between: [a, b], bandwidth: 0Mbps"), ["network.links.wire.bandwidth"]);
    let tcp = |settings: &str| refused(&format!("between: [a, b], transport: {{tcp: {{{settings}}}}}"));
    assert_eq!(tcp("rto_min: 0s"), ["network.links.wire.transport.tcp.rto_min"]);
    assert_eq!(tcp("rto_max: 1ms"), ["network.links.wire.transport.tcp.rto_max"]);
    assert_eq!(tcp("segment: 0B"), ["network.links.wire.transport.tcp.segment"]);
    assert_eq!(tcp("initial_window: 0"), ["network.links.wire.transport.tcp.initial_window"]);
    assert_eq!(tcp("syn_rto: 1s"), ["network.links.wire.transport.tcp.syn_rto"]);
    assert_eq!(tcp("syn_retries: 3"), ["network.links.wire.transport.tcp.syn_retries"]);
    assert_eq!(tcp("connections: new, syn_rto: 0s"), ["network.links.wire.transport.tcp.syn_rto"]);
    assert_eq!(tcp("connections: new, syn_retries: 61"), ["network.links.wire.transport.tcp.syn_retries"]);
    assert_eq!(tcp("retries: 99"), ["network.links.wire.transport.tcp.retries"]);
}

#[test]
fn a_delivery_that_is_given_up_gives_its_worker_back() {
    let text = "scenario: Given up\nquestion: Does the worker come back?\nrun: {duration: 90s, warm_up: 0s}\nregions: {eu: {zones: [a, b]}}\n\
         network: {links: {wire: {between: [a, b], latency: 1ms, transport: {tcp: {retries: 2}}}}}\n\
         load: {users: {to: jobs.send, from: a, arrive: {constant: {rate: 20/s}}}}\n\
         services: {worker: {zones: [b], workers: 4, endpoints: {do: {steps: [{work: 10ms}]}}}}\n\
         queues: {jobs: {zone: a, consumers: {w: {to: worker.do, visibility_timeout: 20s}}}}\n\
         faults: {cut: {inject: partition, where: {from: a, to: b}, at: 20s, for: 20s}}\n";
    let model = read(text).unwrap_or_else(|report| panic!("{}", report.render(false))).model;
    let run = simulate(&model, 7, 0);
    let worker = model.services.iter().position(|service| service.name == "worker").expect("it is there");
    let done = run.service(ServiceId::from(worker), Span { from_ns: 70_000_000_000, to_ns: 90_000_000_000 });
    assert!(done.left >= 20 * 20 - 1, "{} messages in 20 s", done.left);
}

#[test]
fn what_takes_longer_than_any_run_is_never_there() {
    for link in
        ["between: [a, b], latency: 1ms, bandwidth: 1bps", "between: [a, b], bandwidth: 1bps, transport: {tcp: {}}"]
    {
        let huge = system(link, "").replace("request: 1kB", "request: 100TB");
        let model = read(&huge).unwrap_or_else(|report| panic!("{}", report.render(false))).model;
        let seen = simulate(&model, 7, 0).edge(EdgeId(0), Span { from_ns: 0, to_ns: 60_000_000_000 });
        assert_eq!(seen.ended(), 0, "{link}");
    }
}

/// A link with a buffer, on which the buffer is set in the middle of the only message: how it fared, [attempts answered, timers that ran out, mean
/// ms].
fn with_another_buffer(buffer: &str, tcp: &str, fault: &str, (bytes, at): (&str, &str)) -> (u64, u64, f64) {
    let text = format!(
        "scenario: N\nquestion: q\nrun: {{duration: 19s, warm_up: 0s}}\n\
         network: {{links: {{l: {{between: [cl, st], latency: 50us, bandwidth: 8Mbps, buffer: 2MB, transport: {{tcp: {tcp}}}}}}}}}\n\
         load: {{u: {{to: cl.get, arrive: {{constant: {{rate: 0.1/s}}}}}}}}\n\
         services:\n  cl: {{workers: 99, endpoints: {{get: {{steps: [{{call: {{to: st.put, timeout: 8s, size: {{request: {bytes}, response: 0B}}}}}}]}}}}}}\n\
         \x20 st: {{workers: 99, endpoints: {{put: {{steps: [{{wait: 100us}}]}}}}}}\n{fault}\
         experiments: {{e: {{at: {at}, for: 4s, hypothesis: [availability(cl.get) >= 0%], actions: [{{do: {{set: {{network.links.l.buffer: {buffer}}}}}}}]}}}}\n"
    );
    let model = read(&text).unwrap_or_else(|report| panic!("{}", report.render(false))).model;
    let run = simulate(&model, 7, 0);
    let site = model.edges.iter().position(|edge| edge.name == "cl->st.put").map(EdgeId::from).unwrap();
    let counts = run.edge(site, run.whole());
    let answered = counts.outcomes[0];
    (answered, counts.of(&sim_core::network::TRANSPORT_TIMEOUTS), counts.latency_sum_ns as f64 / 1e6 / answered as f64)
}

/// What is in the buffer is not sent again when there is no bound of it any more, timers are counted, and `retries` holds.
#[test]
fn a_message_may_leave_its_buffer() {
    let of = |buffer: &str| with_another_buffer(buffer, "{}", "", ("5MB", "10.5s"));
    let (deep, none) = (of("16MiB"), of("null"));
    assert_eq!((deep.0, deep.1, none.0, none.1), (1, 0, 1, 0));
    near(deep.2, 5000.0, 60.0);
    near(none.2, deep.2, 60.0);
    let cut = |until: &str| {
        format!("faults: {{p: {{inject: partition, where: {{between: [cl, st]}}, at: 9.9s, for: {until}}}}}\n")
    };
    for buffer in ["16MiB", "null"] {
        let (answered, timers, ms) = with_another_buffer(buffer, "{}", &cut("800ms"), ("1kB", "10.1s"));
        assert_eq!((answered, timers), (1, 3), "{buffer}: after 0.2, 0.6 and 1.4 s");
        near(ms, 1401.0, 10.0);
        let none_left = with_another_buffer(buffer, "{retries: 0}", &cut("250ms"), ("1kB", "10.1s"));
        assert_eq!((none_left.0, none_left.1), (0, 1), "{buffer}: given up at its first timer");
    }
}

#[test]
fn branches_are_not_counted_by_a_queue() {
    let text = "scenario: N\nquestion: q\nload: {u: {to: web.get, arrive: {constant: {rate: 1/s}}}}\n\
        services:\n  web: {workers: 9, endpoints: {get: {steps: [{parallel: {repeat: {per_instance: q}, branches: [{wait: 1ms}]}}, {call: {to: q.send}}]}}}\n\
        queues: {q: {consumers: {c: {to: web.get}}}}\n";
    let found = super::problems(text);
    assert!(found.iter().any(|problem| problem.contains("q is a queue, and has no instances")), "{found:?}");
}

/// A value that makes wrong what stands elsewhere is refused where it is set, and not left without effect.
#[test]
fn a_bandwidth_that_leaves_its_buffer_is_not_taken_away() {
    let text = system(
        "between: [a, b], bandwidth: 8Mbps, buffer: 100kB",
        "experiments: {e: {at: 10s, for: 10s, hypothesis: [availability(api.get) >= 0%], actions: [{do: {set: {network.links.wire.bandwidth: null}}}]}}\n",
    );
    let found = super::problems(&text);
    assert!(
        found.iter().any(|p| p.contains("nothing ever waits in the buffer of a link that sends at once")),
        "{found:?}"
    );
    assert!(super::problems(&text.replace("bandwidth: null", "bandwidth: 4Mbps")).is_empty());
}
