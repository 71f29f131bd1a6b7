//! Network cards: which messages pass them, what becomes of what they drop, and what is refused.

use super::{problems, read};
use sim_core::ids::{EdgeId, ServiceId};
use sim_core::results::{EdgeCounts, RunResult, Span};
use sim_core::service::nic;
use sim_core::world::simulate;

/// Users ask `web` twenty times a second, which asks `api` for 14.6 kB, ten packets, over a link of 1 ms; each has a card or none.
fn system(web: &str, api: &str, link: &str, rest: &str) -> String {
    let machine = |card: &str| if card.is_empty() { String::new() } else { format!("machine: {{nic: {{{card}}}}}, ") };
    format!(
        "scenario: Cards\nquestion: Who drops what?\nrun: {{duration: 60s, warm_up: 0s}}\nregions: {{eu: {{zones: [a, b]}}}}\n\
         network: {{links: {{wire: {{between: [a, b], latency: 1ms{link}}}}}}}\n\
         load: {{users: {{to: web.get, arrive: {{constant: {{rate: 20/s}}}}}}}}\n\
         services:\n  web: {{zones: [a], workers: unlimited, {}endpoints: {{get: {{steps: [{{call: {{to: api.get, timeout: 10s, size: {{request: 1460B, response: 14600B}}}}}}]}}}}}}\n  \
         api: {{zones: [b], workers: unlimited, {}endpoints: {{get: {{steps: [{{wait: 1ms}}]}}}}}}\n{rest}",
        machine(web),
        machine(api),
    )
}

fn run(text: &str) -> RunResult {
    let model = read(text).unwrap_or_else(|report| panic!("{}", report.render(false))).model;
    simulate(&model, 7, 0)
}

/// What `web` saw of its calls from one second to another. Call sites of services are before those of users.
fn saw(run: &RunResult, from_s: i64, to_s: i64) -> EdgeCounts {
    let span = Span { from_ns: from_s * 1_000_000_000, to_ns: to_s * 1_000_000_000 };
    [EdgeId(0), EdgeId(1)].map(|id| run.edge(id, span)).into_iter().find(|counts| counts.bytes > 0).expect("it calls")
}

fn drops(run: &RunResult, service: u32) -> u64 {
    run.slices.iter().map(|slice| slice.services[ServiceId(service).index()].of(&nic::DROPS)).sum()
}

fn mean_ms(web: &str, api: &str, link: &str) -> f64 {
    let counts = saw(&run(&system(web, api, link, "")), 1, 59);
    assert_eq!(counts.outcomes[0], counts.ended());
    counts.latency_sum_ns as f64 / 1e6 / counts.ended() as f64
}

#[track_caller]
fn near(value: f64, expected: f64, within: f64) {
    assert!((value - expected).abs() <= within, "{value}, and not {expected}");
}

#[test]
fn a_message_has_come_when_its_last_packet_is_handled() {
    let slow = "packet_time: 2ms";
    near(mean_ms("", "", ""), 3.0, 1e-3);
    near(mean_ms("", slow, ""), 5.0, 1e-3);
    // Ten packets of an answer.
    near(mean_ms(slow, "", ""), 23.0, 1e-3);
    near(mean_ms(slow, slow, ""), 25.0, 1e-3);
    // 1460 bytes take 1 ms to come; the last of ten comes 9 ms after the first, and is handled at once.
    near(mean_ms("packet_time: 1us, bandwidth: 11680kbps", "", ""), 3.0 + 9.001, 1e-3);
    // Segments of a transport are its packets.
    near(mean_ms(slow, "", ", transport: {tcp: {segment: 7300B}}"), 7.0, 1e-3);
}

#[test]
fn what_a_card_drops_is_lost_without_a_transport_and_late_with_one() {
    // Of ten packets at once two find the ring full, at the end, so that only the timer tells of them.
    let small = "ring: 8, packet_time: 2ms, bandwidth: 10Tbps";
    let datagrams = run(&system(small, "", "", ""));
    assert_eq!(saw(&datagrams, 0, 60).outcomes[0], 0, "no answer is whole");
    let tcp = ", transport: {tcp: {rto_min: 230ms}}";
    let late = run(&system(small, "", tcp, ""));
    let counts = saw(&late, 10, 50);
    assert_eq!(counts.outcomes[0], counts.ended());
    // The request, the work, and the timer from the moment at which the answer set out; then its way and two packets.
    near(counts.latency_sum_ns as f64 / 1e6 / counts.ended() as f64, 1.0 + 1.0 + 230.0 + 1.0 + 4.0, 1e-3);
    assert_eq!((drops(&late, 0), drops(&late, 1)), (2 * saw(&late, 0, 60).attempts, 0), "none of what was sent again");
}

#[test]
fn a_fault_on_cards_loses_packets_and_later_ones_tell_of_it() {
    let fault = "faults: {f: {inject: {nic: {loss: 5%}}, where: {service: web}, at: 20s, for: 20s}}\n";
    let struck = run(&system("ring: 256", "ring: 256", ", transport: {tcp: {}}", fault));
    let mean = |from, to| {
        let counts = saw(&struck, from, to);
        counts.latency_sum_ns as f64 / 1e6 / counts.ended() as f64
    };
    near(mean(1, 19), 3.0, 0.1);
    near(mean(42, 59), 3.0, 0.1);
    // A drop among the last three of ten packets waits for the timer, a seventh of all messages.
    let timer = 1.0 - 0.95_f64.powi(3);
    assert!(mean(21, 39) > 0.7 * timer * 200.0 && mean(21, 39) < 1.6 * timer * 200.0, "{} ms", mean(21, 39));
    // 400 answers of ten packets, the requests of users to `web`, and what is sent again.
    let dropped = drops(&struck, 0);
    assert!((170..=300).contains(&dropped), "{dropped}");
    assert_eq!(drops(&struck, 1), 0, "the other card is well");
    let lost = run(&system("ring: 256", "", "", fault));
    let share = saw(&lost, 20, 40).outcomes[0] as f64 / 400.0;
    near(share, 0.95_f64.powi(10), 0.1);
}

#[test]
fn a_shrunk_ring_is_as_before_when_the_fault_ends_and_who_sets_it_has_the_last_word() {
    let card = "ring: 64, packet_time: 1ms, bandwidth: 10Tbps";
    let fault = "faults: {f: {inject: {nic: {ring: 5}}, where: {service: web}, at: 10s, for: 40s}}\n";
    let set = "experiments: {e: {at: 20s, for: 15s, hypothesis: [availability(users) >= 0%], actions: [{do: {set: {machine.nic.ring: 32}}, where: {service: web}}]}}\n";
    let answered = |run: &RunResult, from, to| saw(run, from, to).outcomes[0];
    let struck = run(&system(card, "", "", fault));
    assert!(answered(&struck, 1, 10) > 170 && answered(&struck, 51, 60) > 170);
    assert_eq!(answered(&struck, 11, 50), 0);
    let mended = run(&system(card, "", "", &format!("{fault}{set}")));
    assert_eq!(answered(&mended, 11, 20), 0);
    assert!(answered(&mended, 21, 35) > 270, "{}", answered(&mended, 21, 35));
    assert_eq!(answered(&mended, 36, 50), 0, "what was set is taken back with the experiment");
}

#[test]
fn who_sets_the_ring_to_what_the_file_says_undoes_a_fault() {
    let card = "ring: 64, packet_time: 1ms, bandwidth: 10Tbps";
    let fault = "faults: {f: {inject: {nic: {ring: 5}}, where: {service: web}, at: 10s, for: 40s}}\n";
    let set = "experiments: {e: {at: 20s, for: 15s, hypothesis: [availability(users) >= 0%], actions: [{do: {set: {machine.nic.ring: 64}}, where: {service: web}}]}}\n";
    let answered = |run: &RunResult, from, to| saw(run, from, to).outcomes[0];
    let mended = run(&system(card, "", "", &format!("{fault}{set}")));
    assert_eq!(answered(&mended, 11, 20), 0);
    assert!(answered(&mended, 21, 35) > 270, "{}", answered(&mended, 21, 35));
    assert_eq!(answered(&mended, 36, 50), 0, "what was set is taken back with the experiment");
    let refused = problems(&system(card, "", "", set)).join("\n");
    assert!(refused.contains("this sets what the file says already"), "nothing shrinks the ring: {refused}");
}

#[test]
fn what_is_sent_again_goes_through_a_limited_link() {
    let limit = "f: {inject: {bandwidth: {limit: 233600bps}}, where: {between: [a, b]}, at: 0s}";
    let slow = |text: String| text.replace("rate: 20/s", "rate: 1/s");
    let mean = |run: &RunResult, from, to| {
        let counts = saw(run, from, to);
        assert_eq!(counts.outcomes[0], counts.ended());
        counts.latency_sum_ns as f64 / 1e6 / counts.ended() as f64
    };
    // Two of ten packets are dropped and sent again: 2920 bytes take 100 ms, as the request takes 50 ms and the answer 500 ms.
    let small = "ring: 8, packet_time: 2ms, bandwidth: 10Tbps";
    let tcp = ", transport: {tcp: {rto_min: 230ms}}";
    let again = run(&slow(system(small, "", tcp, &format!("faults: {{{limit}}}\n"))));
    near(mean(&again, 2, 50), 51.0 + 1.0 + 501.0 + 229.0 + 101.0 + 4.0, 1e-3);
    // A request that meets a partition is sent again when its timer has run out.
    let cut = "cut: {inject: partition, where: {from: a, to: b}, at: 9900ms, for: 200ms}";
    let tcp = ", transport: {tcp: {rto_min: 300ms}}";
    let again = run(&slow(system("", "", tcp, &format!("faults: {{{limit}, {cut}}}\n"))));
    let calm = 51.0 + 1.0 + 501.0;
    near(mean(&again, 2, 9), calm, 1e-3);
    near((mean(&again, 9, 12) - calm) * 3.0, 350.0, 1e-3);
}

#[test]
fn what_was_dropped_is_sent_again_by_the_transport_with_which_it_set_out() {
    let small = "ring: 8, packet_time: 2ms, bandwidth: 10Tbps";
    let set = "experiments: {e: {at: 30s, for: 20s, hypothesis: [availability(users) >= 0%], actions: [{do: {set: {network.links.wire.transport: null}}}]}}\n";
    let run = run(&system(small, "", ", transport: {tcp: {rto_min: 230ms}}", set));
    let answered = saw(&run, 30, 31).outcomes[0];
    assert!((4..=5).contains(&answered), "those of the last 230 ms: {answered}");
    assert_eq!(saw(&run, 31, 40).outcomes[0], 0);
}

#[test]
fn the_card_of_a_crashed_machine_takes_nothing() {
    let faults = "faults: {f: {inject: {nic: {loss: 50%}}, where: {service: api}, at: 20s, for: 20s}, c: {inject: crash, where: {service: api}, at: 20s, for: 20s}}\n";
    let run = run(&system("", "packet_time: 5ms", "", faults));
    let counts = saw(&run, 21, 39);
    assert_eq!(drops(&run, 1), 0);
    near(counts.latency_sum_ns as f64, 0.0, 0.0);
    assert_eq!(counts.outcomes[0], 0);
    assert!(counts.ended() >= 355, "each is refused at once: {}", counts.ended());
}

/// Twenty packets a second come to a ring of sixteen.
#[test]
fn the_ring_of_a_frozen_machine_fills_and_drops() {
    let system =
        |rest: &str| system("", "ring: 16, packet_time: 5ms", "", rest).replace("timeout: 10s", "timeout: 30s");
    let freeze = "f: {inject: freeze, where: {service: api}, at: 20010ms, for: 10s}";
    let frozen = run(&system(&format!("faults: {{{freeze}}}\n")));
    assert_eq!(drops(&frozen, 1), 200 - 16);
    let answered = |run: &RunResult, from, to| saw(run, from, to).outcomes[0];
    assert_eq!(answered(&frozen, 21, 30), 0);
    assert_eq!(answered(&frozen, 30, 31), 16 + 19, "the last is answered after the end");
    assert_eq!(answered(&frozen, 31, 50), 19 * 20);
    // A crash in the middle: what is in the ring is refused, and so is what comes until it is over.
    let crash = "c: {inject: crash, where: {service: api}, at: 25010ms, for: 2s}";
    let both = run(&system(&format!("faults: {{{freeze}, {crash}}}\n")));
    assert_eq!(drops(&both, 1), 2 * (100 - 16) - 40);
    assert_eq!(saw(&both, 25, 27).ended(), 16 + 39, "{:?}", saw(&both, 25, 27).outcomes);
    assert_eq!(answered(&both, 30, 31), 16 + 19);
}

/// A message of five packets that take 20 ms each is in the ring when the machine stops for 2 s.
#[test]
fn what_is_in_the_ring_when_a_machine_freezes_is_handled_later_by_as_much() {
    let slow = |rest: &str| {
        let text = system("", "packet_time: 20ms, bandwidth: 10Tbps", "", rest);
        run(&text.replace("rate: 20/s", "rate: 1/s").replace("request: 1460B", "request: 7300B"))
    };
    let frozen = slow(
        "faults: {f: {inject: freeze, where: {service: api}, at: 10050ms, for: 200ms}, g: {inject: freeze, where: {service: api}, at: 10300ms, for: 30ms}}\n",
    );
    let sum = |run: &RunResult| saw(run, 2, 20).latency_sum_ns as f64 / 1e6;
    near(sum(&frozen) - sum(&slow("")), 230.0, 1e-3);
}

#[test]
fn a_new_machine_has_a_card_as_in_the_file() {
    let deed = |at: u32, deed: &str| {
        format!(
            "e{at}: {{at: {at}s, for: 10s, hypothesis: [availability(users) >= 0%], actions: [{{do: {deed}, where: {{service: web}}}}]}}"
        )
    };
    let both = format!("experiments: {{{}, {}}}\n", deed(20, "{spread_interrupts: {queues: 4}}"), deed(40, "replace"));
    let run = run(&system("packet_time: 2ms, bandwidth: 10Tbps", "", "", &both));
    let mean = |from, to| {
        let counts = saw(&run, from, to);
        counts.latency_sum_ns as f64 / 1e6 / counts.ended() as f64
    };
    near(mean(21, 39), 8.0, 0.1);
    near(mean(41, 59), 23.0, 0.1);
}

#[test]
fn deliveries_and_health_checks_pass_the_card() {
    let text = |card: &str| {
        format!(
            "scenario: Deliveries\nquestion: Do they pass?\nrun: {{duration: 60s, warm_up: 0s}}\n\
             load: {{users: {{to: jobs.send, arrive: {{constant: {{rate: 10/s}}}}}}}}\n\
             services: {{worker: {{workers: 4, machine: {{nic: {{{card}}}}}, health: {{every: 1s}}, endpoints: {{do: {{steps: [{{work: 10ms}}]}}}}}}}}\n\
             queues: {{jobs: {{consumers: {{w: {{to: worker.do, visibility_timeout: 20s}}}}}}}}\n\
             faults: {{f: {{inject: {{nic: {{loss: 50%}}}}, where: {{service: worker}}, at: 20s, for: 10s}}}}\n"
        )
    };
    let run = run(&text("packet_time: 1us"));
    let dropped = drops(&run, 0);
    // A hundred deliveries and ten checks in 10 s, and checks go on where deliveries wait for their second try.
    assert!((40..=80).contains(&dropped), "{dropped}");
}

#[test]
fn spread_packets_are_handled_sooner() {
    let deed = |deed: &str| {
        format!(
            "experiments: {{e: {{at: 30s, for: 20s, hypothesis: [availability(users) >= 0%], actions: [{{do: {deed}, where: {{service: web}}}}]}}}}\n"
        )
    };
    let card = "packet_time: 2ms, bandwidth: 10Tbps";
    let spread = run(&system(card, "", "", &deed("{spread_interrupts: {queues: 4}}")));
    let mean = |from, to| {
        let counts = saw(&spread, from, to);
        counts.latency_sum_ns as f64 / 1e6 / counts.ended() as f64
    };
    near(mean(1, 29), 23.0, 0.1);
    near(mean(31, 59), 3.0 + 5.0, 0.1);
    let refused = problems(&system(card, "", "", &deed("spread_interrupts"))).join("\n");
    assert!(refused.contains("nothing says how many cores web has"), "{refused}");
    let cores = |cores: &str, queues: &str| {
        let spread = deed(queues);
        problems(
            &system(card, "", "", &spread).replace("workers: unlimited, machine: {", &format!("{cores}, machine: {{")),
        )
        .join("\n")
    };
    let four = "{spread_interrupts: {queues: 4}}";
    assert_eq!(cores("workers: 4", four), "");
    assert!(cores("workers: 3", four).contains("web has 3 cores, and 4 are to handle packets"));
    assert!(cores("workers: 1", "spread_interrupts").contains("web has no second core"));
    let all = deed("{spread_interrupts: {queues: 4}}").replace("{service: web}", "{service: all}");
    let warned = problems(&system(card, "", "", &all)).join("\n");
    assert!(warned.contains("nothing is done to api: no `machine.nic` there"), "{warned}");
    let refused = problems(&system("", card, "", &deed("{spread_interrupts: {queues: 4}}"))).join("\n");
    assert!(refused.contains("no selected service has `machine.nic`"), "{refused}");
}

#[test]
fn a_plain_station_with_a_card_is_not_simulated_without_it() {
    let text = |card: &str| {
        format!(
            "scenario: Plain\nquestion: Is the card there?\nrun: {{duration: 60s, warm_up: 0s}}\n\
             load: {{users: {{to: web.get, arrive: {{poisson: {{rate: 100/s}}}}}}}}\n\
             services: {{web: {{workers: 4, {card}endpoints: {{get: {{steps: [{{work: {{exponential: {{mean: 10ms}}}}}}]}}}}}}}}\n"
        )
    };
    let all = Span { from_ns: 0, to_ns: 60_000_000_000 };
    let mean = |card: &str| {
        let counts = run(&text(card)).edge(EdgeId(0), all);
        counts.latency_sum_ns as f64 / 1e6 / counts.ended() as f64
    };
    assert!(mean("machine: {nic: {packet_time: 5ms}}, ") > mean("") + 4.9);
}

#[test]
fn faults_that_cannot_be_are_refused() {
    let refused = |card: &str, fault: &str, place: &str, ramp: &str| {
        let fault = format!("faults: {{f: {{inject: {{nic: {{{fault}}}}}, where: {{{place}}}, at: 20s{ramp}}}}}\n");
        problems(&system(card, "", "", &fault)).join("\n")
    };
    let card = "ring: 64";
    assert_eq!(refused(card, "ring: 5, loss: 1%", "service: web", ""), "");
    assert_eq!(refused(card, "loss: 1%", "service: web", ", ramp: 10s"), "");
    for (card, fault, place, ramp, says) in [
        (card, "", "service: web", "", "nothing says what the card drops"),
        (card, "ring: 64", "service: web", "", "this makes no ring smaller"),
        (card, "ring: 0", "service: web", "", "a ring without a place takes no packet"),
        (card, "loss: 100%", "service: web", "", "a card that loses every packet is no card"),
        (card, "loss: 1%", "service: api", "", "no selected service has `machine.nic`"),
        (card, "loss: 1%", "between: [web, api]", "", "strikes instances, not messages"),
        (card, "ring: 5", "service: web", ", ramp: 10s", "`ramp` is for `loss` alone"),
    ] {
        let found = refused(card, fault, place, ramp);
        assert!(found.contains(says), "{fault}: {found}");
    }
}
