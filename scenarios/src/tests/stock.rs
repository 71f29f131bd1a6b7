//! Stock from file to run: who sells more than there is, and what keeps from it.

use super::{between, problems, run};
use sim_core::data::stock::{EXPIRED, OVERSOLD, REFILLS, SOLD, SOLD_OUT};
use sim_core::data::{FENCED, LOST_WRITES, Wrongness};
use sim_core::ids::ServiceId;
use sim_core::results::RunResult;

/// A shop in three zones, whose users take things where they are, or anywhere.
fn shop(store: &str, rate: u32, rest: &str) -> String {
    let fans: Vec<String> = ["a", "b", "c"]
        .iter()
        .map(|zone| {
            format!(
                "  in-{zone}: {{to: stock.take, from: {zone}, locality: {{prefer: zone}}, timeout: 300ms, arrive: {{poisson: {{rate: {rate}/s}}}}}}\n"
            )
        })
        .collect();
    format!(
        "scenario: Stock\nquestion: Is too much sold?\nrun: {{duration: 100s, warm_up: 0s}}\n\
         regions: {{here: {{zones: [a, b, c]}}}}\nnetwork: {{between_zones: {{latency: 5ms}}}}\nload:\n{}\
         stores:\n  stock: {{instances: 3, zones: [a, b, c], workers: unlimited, {store}, \
         endpoints: {{take: {{access: update, steps: [{{work: 1ms}}]}}, pay: {{access: write, steps: [{{work: 1ms}}]}}}}}}\n{rest}",
        fans.concat()
    )
}

fn counts(run: &RunResult) -> [u64; 4] {
    let all = run.service(ServiceId(0), run.whole());
    [&SOLD, &OVERSOLD, &SOLD_OUT, &REFILLS].map(|counter| all.of(counter))
}

fn wrong(run: &RunResult) -> u64 {
    let all = run.slices.iter().flat_map(|slice| &slice.wrong);
    all.filter(|(_, kind, _)| *kind == Wrongness::Oversold as u8).map(|(.., counts)| counts.arose).sum()
}

const CUT: &str = "faults: {cut: {inject: partition, where: {between: [a, b]}, at: 0s}}\n";
const CUT_BOTH: &str = "faults: {cut: {inject: partition, where: {between: [a, b]}, at: 0s}, too: {inject: partition, where: {between: [a, c]}, at: 0s}}\n";

#[test]
fn one_place_sells_what_there_is_and_says_so_then() {
    for store in ["stock: {amount: 1k}", "stock: {amount: 1k}, replication: {primary: {}}"] {
        let (_, run) = run(&shop(store, 20, ""));
        let [sold, oversold, sold_out, _] = counts(&run);
        assert_eq!((sold, oversold, wrong(&run)), (1000, 0, 0), "{store}");
        assert!(sold_out > 3000, "{store}: {sold_out}");
    }
}

#[test]
fn copies_that_sell_by_themselves_sell_too_much_by_what_they_do_not_know() {
    let store = "stock: {amount: 1k}, replication: {merge: {every: 1s}}";
    let (_, run1) = run(&shop(store, 20, ""));
    let [sold, oversold, ..] = counts(&run1);
    assert_eq!((sold - 1000, wrong(&run1)), (oversold, oversold));
    // At most what two copies sell between two merges that the third knows nothing of, three times over.
    assert!((1..=180).contains(&oversold), "{oversold}");
    // One that is cut off from both others sells all that there is, and these too.
    let (_, run2) = run(&shop(store, 20, CUT_BOTH));
    let [sold, ..] = counts(&run2);
    assert!((1990..=2100).contains(&sold), "{sold} are sold twice over");
    // Who hears of the third what the first has sold does not.
    let (_, run3) = run(&shop(store, 20, CUT));
    assert!(counts(&run3)[1] < 300, "{}", counts(&run3)[1]);
}

/// What a request has seen to be gone is its own: who looks and buys nothing leaves it to nobody, as a request that writes in the same frame.
#[test]
fn who_only_looks_changes_no_stock() {
    let (_, run) = run(
        "scenario: Looked at\nquestion: Is too much sold?\nrun: {duration: 100s, warm_up: 0s}\nload:\n  \
         looks: {to: stock.look, arrive: {poisson: {rate: 40/s}}}\n  pays: {to: stock.pay, arrive: {poisson: {rate: 20/s}}}\n  \
         takes: {to: stock.take, arrive: {burst: {size: 1, at: 100ms, every: 200ms}}}\n\
         regions: {here: {zones: [a, b, c]}}\nstores:\n  stock: {instances: 3, zones: [a, b, c], workers: unlimited, \
         stock: {amount: 300}, replication: {quorum: {read: 2, write: 2}}, endpoints: {look: {access: read, steps: [{wait: 200ms}]}, \
         take: {access: update, steps: [{wait: 10ms}]}, pay: {access: write, steps: [{wait: 10ms}]}}}\n",
    );
    // One after the other takes what there is.
    let [sold, oversold, sold_out, _] = counts(&run);
    assert_eq!((sold, oversold, sold_out, wrong(&run)), (300, 0, 200, 0));
}

/// Who reads how many are gone and writes one more does so for several requests at one time: the quorum that overlaps shows each of them what was
/// answered before, and no more. Alone, a request sells what there is.
#[test]
fn a_quorum_sells_twice_what_is_read_at_one_time() {
    let of = |quorum: &str, rate| {
        let (_, run) = run(&shop(&format!("stock: {{amount: 300}}, replication: {{quorum: {{{quorum}}}}}"), rate, ""));
        let [sold, oversold, sold_out, _] = counts(&run);
        assert_eq!((sold - 300, wrong(&run)), (oversold, oversold), "{quorum}");
        assert!(sold_out > 10, "{quorum}: {sold_out}");
        oversold
    };
    let slow = "legs: {write: {exponential: {mean: 50ms}}, ack: 1ms, read: 1ms, reply: 1ms}";
    // 6/s that take 3 ms each: one in fifty comes while another is at it.
    let seldom = of("read: 2, write: 2", 2);
    let (strict, sloppy) =
        (of(&format!("read: 2, write: 2, {slow}"), 20), of(&format!("read: 1, write: 1, {slow}"), 20));
    assert!(seldom < 20, "{seldom}");
    assert!(strict > 100 && sloppy > strict, "{strict} {sloppy}");
}

#[test]
fn escrow_at_a_quorum_sells_no_more_than_there_is() {
    let store = "stock: {amount: 1k, hold: 1m}, replication: {quorum: {read: 1, write: 1}}, escrow: {percent: 30%, refill_below: 10%}";
    for rest in ["", CUT, CUT_BOTH] {
        let (_, run) = run(&shop(store, 20, rest));
        let [sold, oversold, ..] = counts(&run);
        assert_eq!((oversold, wrong(&run)), (0, 0));
        assert!(sold > 800, "{sold}");
    }
}

#[test]
fn escrow_sells_all_and_no_more() {
    let store = "stock: {amount: 1k}, replication: {merge: {every: 1s}}, escrow: {percent: 30%, refill_below: 10%}";
    let (_, run1) = run(&shop(store, 20, ""));
    let [sold, oversold, _, refills] = counts(&run1);
    assert_eq!((sold, oversold, wrong(&run1)), (1000, 0, 0), "zones lend each other until the last is sold");
    assert!(refills > 2, "{refills}");
    for rest in [CUT, CUT_BOTH] {
        let (_, run2) = run(&shop(store, 20, rest));
        let [sold, oversold, ..] = counts(&run2);
        assert_eq!((oversold, wrong(&run2)), (0, 0));
        assert!((900..=1000).contains(&sold), "{sold}: who is cut off sells its own");
    }
    let alone = "stock: {amount: 1k}, replication: {merge: {every: 1s}}, escrow: {percent: 30%, federation: false}";
    let (_, run3) = run(&shop(alone, 20, CUT_BOTH));
    assert_eq!(counts(&run3)[0], 1000, "the home keeps its zone and the reserve, the others sell theirs");
}

#[test]
fn what_is_held_comes_back_where_nobody_confirms() {
    // Ten things, each held for five seconds: two a second go out, whatever the demand.
    let (_, held) = run(&shop("stock: {amount: 10, hold: 5s}", 20, ""));
    let all = held.service(ServiceId(0), held.whole());
    let expected = 10 * (100 / 5);
    assert!(all.of(&SOLD).abs_diff(expected) <= 12, "{} reservations", all.of(&SOLD));
    assert!(all.of(&EXPIRED).abs_diff(all.of(&SOLD)) <= 10);
    assert_eq!(all.of(&OVERSOLD), 0);
}

#[test]
fn who_confirms_in_time_keeps_it_and_who_is_late_is_told_so() {
    let text = |wait: &str| {
        format!(
            "scenario: Seats\nquestion: Who sits?\nrun: {{duration: 100s, warm_up: 0s}}\n\
             load: {{fans: {{to: box.buy, arrive: {{constant: {{rate: 1/s}}}}}}}}\n\
             services: {{box: {{workers: unlimited, endpoints: {{buy: {{steps: [{{call: {{to: seats.take}}}}, {{wait: {wait}}}, {{call: {{to: seats.pay}}}}]}}}}}}}}\n\
             stores: {{seats: {{workers: unlimited, stock: {{amount: 1k, hold: 5s}}, \
             endpoints: {{take: {{access: update, steps: [{{work: 1ms}}]}}, pay: {{access: write, steps: [{{work: 1ms}}]}}}}}}}}\n"
        )
    };
    let ends = |wait: &str| {
        let (model, run) = run(&text(wait));
        let edge = model.edges.iter().position(|edge| edge.name == "fans->box.buy").unwrap();
        let seats = model.services.iter().position(|service| service.name == "seats").unwrap();
        let outcomes = run.edge(edge.into(), between(10, 90)).outcomes;
        (outcomes[0], outcomes[2], run.service(seats.into(), run.whole()).of(&EXPIRED))
    };
    let (ok, errors, expired) = ends("4s");
    assert!(ok >= 79 && errors == 0 && expired == 0, "{ok} {errors} {expired}");
    let (ok, errors, expired) = ends("6s");
    assert!(ok == 0 && errors >= 79 && expired > 80, "{ok} {errors} {expired}");
}

#[test]
fn a_primary_that_loses_sales_sells_those_things_again() {
    let store = "stock: {amount: 2k}, replication: {primary: {lag: 2s, failover: {detect: 1s, takes: 1s}}}";
    let rest = "faults: {dies: {inject: crash, where: {service: stock, role: primary}, at: 20s}}\n";
    let (_, run) = run(&shop(store, 20, rest));
    let [sold, oversold, ..] = counts(&run);
    let lost = run.service(ServiceId(0), run.whole()).of(&LOST_WRITES);
    assert!(lost > 50, "{lost}");
    assert_eq!((sold, oversold, wrong(&run)), (2000 + lost, lost, lost), "as many too many as were forgotten");
}

/// A store with a primary and replicas, whose things visitors take; how many of them heard that they have one, and what the store counts.
fn copied(store: &str, steps: &str, rest: &str) -> (u64, Vec<u64>) {
    let text = format!(
        "scenario: Sales\nquestion: Who has what?\nrun: {{duration: 200s, warm_up: 0s}}\n\
         load:\n  fans: {{to: s.take, timeout: 20s, arrive: {{poisson: {{rate: 20/s}}}}}}\n\
         stores:\n  s: {{workers: unlimited, health: {{every: 1s, unhealthy_after: 2}}, {store}, \
         endpoints: {{take: {{access: update, steps: [{steps}]}}, note: {{access: write, steps: [{{work: 1ms}}]}}}}}}\n{rest}"
    );
    let (model, run) = run(&text);
    let edge = model.edges.iter().position(|edge| edge.name == "fans->s.take").unwrap();
    let outcomes = run.edge(edge.into(), run.whole()).outcomes;
    let all = run.service(ServiceId(0), run.whole());
    (outcomes[0], [&SOLD, &OVERSOLD, &LOST_WRITES, &FENCED, &EXPIRED].map(|counter| all.of(counter)).into())
}

const LOSES: &str =
    "replication: {primary: {replicas: 1, lag: 2s, commit: primary, failover: {detect: 5s, takes: 5s}}}";
const DIES: &str = "faults: {dies: {inject: crash, where: {service: s, role: primary}, at: 50s, for: 30s}}\n";

#[test]
fn a_reservation_that_is_lost_comes_back_once() {
    // Nobody confirms: all that is kept comes back, after its time or when the primary is lost.
    for amount in [150, 400] {
        let (_, counted) = copied(&format!("stock: {{amount: {amount}, hold: 20s}}, {LOSES}"), "{work: 1ms}", DIES);
        let [sold, oversold, lost, _, expired] = counted[..] else { unreachable!() };
        assert!(lost > 10, "{lost} reservations are lost");
        assert_eq!(oversold, 0, "{amount}: what comes back twice is sold once too often");
        // Each is kept, lost, or has expired; a few are kept at the end.
        assert!((sold - lost).abs_diff(expired) <= amount, "{counted:?}");
    }
}

/// A primary dies with what it has sold in the last two seconds. Who comes later to confirm that is told that nothing is kept, and all others are
/// told that it is theirs.
#[test]
fn who_confirms_a_reservation_that_was_lost_is_told_so() {
    let text = "scenario: Seats\nquestion: Who sits?\nrun: {duration: 100s, warm_up: 0s}\n\
        load: {fans: {to: box.buy, arrive: {constant: {rate: 20/s}}}}\n\
        services: {box: {workers: unlimited, endpoints: {buy: {steps: [{call: {to: seats.take}}, {wait: 10s}, {call: {to: seats.pay}}]}}}}\n\
        stores: {seats: {workers: unlimited, stock: {amount: 100k, hold: 60s}, \
        replication: {primary: {replicas: 2, lag: 2s, failover: {detect: 1s, takes: 1s}}}, \
        endpoints: {take: {access: update, steps: [{work: 1ms}]}, pay: {access: write, steps: [{work: 1ms}]}}}}\n\
        faults: {dies: {inject: crash, where: {service: seats, role: primary}, at: 40s, for: 20s}}\n";
    let (model, run) = run(text);
    let of = |name: &str| model.edges.iter().position(|edge| edge.name == name).unwrap();
    let seats = model.services.iter().position(|service| service.name == "seats").unwrap();
    let all = run.service(seats.into(), run.whole());
    let (took, paid) =
        (run.edge(of("box->seats.take").into(), run.whole()), run.edge(of("box->seats.pay").into(), run.whole()));
    // Those of the last two seconds, and nobody else, hear an error; those that had confirmed by then are not asked again.
    let lost_reservations = paid.outcomes[2];
    assert!((38..=42).contains(&lost_reservations), "{lost_reservations}");
    assert!(all.of(&LOST_WRITES) >= lost_reservations);
    // Who came to confirm while nobody took writes has lost its place a minute later; what was lost does not expire as well.
    assert!((38..=42).contains(&all.of(&EXPIRED)), "{}", all.of(&EXPIRED));
    assert!(took.outcomes[0] > 1_800 && paid.outcomes[0] + lost_reservations + 300 > took.outcomes[0]);
}

#[test]
fn a_lost_write_by_which_nothing_was_sold_gives_nothing_back() {
    let notes = "  notes: {to: s.note, arrive: {poisson: {rate: 200/s}}}\n";
    let scenario = |notes: &str| {
        format!(
            "scenario: Notes\nquestion: q\nrun: {{duration: 200s, warm_up: 0s}}\n\
             stores:\n  s: {{workers: unlimited, health: {{every: 1s, unhealthy_after: 2}}, stock: {{amount: 400}}, {LOSES}, \
             endpoints: {{take: {{access: update, steps: [{{work: 1ms}}]}}, note: {{access: write, steps: [{{work: 1ms}}]}}}}}}\n\
             load:\n  fans: {{to: s.take, arrive: {{poisson: {{rate: 5/s}}}}}}\n{notes}{DIES}"
        )
    };
    let of = |notes: &str| {
        let (_, run) = run(&scenario(notes));
        let all = run.service(ServiceId(0), run.whole());
        [&SOLD, &OVERSOLD, &LOST_WRITES].map(|counter| all.of(counter))
    };
    let (alone, beside) = (of(""), of(notes));
    assert!(alone[2] > 0 && beside[2] > 200, "{alone:?} {beside:?}");
    assert_eq!((alone[1], alone[0]), (alone[2], 400 + alone[2]), "all that was lost was sold");
    assert_eq!(beside[0], 400 + beside[1]);
    assert!(beside[1] < 40, "{beside:?}: notes sell nothing");
}

#[test]
fn a_sale_that_nobody_was_told_of_is_undone() {
    // A primary that thaws when another leads has requests in hand that it may not write.
    let freezes = "faults: {iso: {inject: freeze, where: {service: s, role: primary}, at: 20s, for: 20s}}\n";
    let fails_over =
        "replication: {primary: {replicas: 1, lag: 20ms, commit: primary, failover: {detect: 3s, takes: 2s}}}";
    let (told, counted) = copied(&format!("stock: {{amount: 1k}}, {fails_over}"), "{wait: 10s}", freezes);
    assert!(counted[3] > 20, "{counted:?}: those are refused");
    let lost = counted[2];
    assert_eq!((told, counted[0], counted[1]), (1000 + lost, 1000 + lost, lost), "who was refused has taken nothing");
    // A primary that dies has writes in hand that no copy has, and nobody was told of.
    let waits =
        "replication: {primary: {replicas: 1, lag: 2s, commit: one_replica, failover: {detect: 5s, takes: 5s}}}";
    let (told, counted) = copied(&format!("stock: {{amount: 1k}}, {waits}"), "{work: 1ms}", DIES);
    let [sold, oversold, lost, ..] = counted[..] else { unreachable!() };
    assert!(sold > 1020, "{sold}: some were sold in vain");
    assert_eq!((told, oversold, lost), (1000, 0, 0), "and again then, so that all is sold");
}

#[test]
fn zones_without_an_instance_have_no_rights() {
    let of = |instances: u32, control: &str| {
        let text = format!(
            "scenario: Zones\nquestion: q\nrun: {{duration: 200s, warm_up: 0s}}\nregions: {{home: {{zones: [a, b, c]}}}}\n\
             load: {{fans: {{to: s.take, arrive: {{poisson: {{rate: 20/s}}}}}}}}\n\
             stores: {{s: {{instances: {instances}, zones: [a, b, c], workers: 64, replication: {{merge: {{every: 1s}}}}, \
             stock: {{amount: 2k}}, escrow: {{split: zone}}, endpoints: {{take: {{access: update, steps: [{{work: 1ms}}]}}}}}}}}\n{control}"
        );
        counts(&run(&text).1)
    };
    assert_eq!(of(2, "")[0], 2000, "the third zone has nobody who could sell");
    let scales_in = "control: {scalers: {x: {of: s, min: 1, max: 3, use: {scheduled: [{at: 20s, instances: 1}]}}}}\n";
    assert_eq!(of(3, scales_in)[..2], [2000, 0], "what those had who are gone goes home");
}

#[test]
fn what_cannot_be_sold_so_is_refused() {
    for (store, what) in [
        ("escrow: {}", "there is no stock whose right to sell could be split"),
        ("stock: {amount: 0}", "nothing to sell is always sold out"),
        ("stock: {amount: 9}, escrow: {percent: 40%}", "3 zones may sell more than there is"),
        ("stock: {amount: 9}, escrow: {}, replication: {primary: {}}", "counted at one place already"),
        ("stock: {amount: 9, hold: 5s}, replication: {quorum: {}}", "copies of a quorum keep no reservations together"),
        (
            "stock: {amount: 9}, replication: {merge: {conflicts: last_writer_wins}}",
            "the last writer wins counts nothing together",
        ),
        ("stock: {amount: 9, hold: 0s}", "kept for no time"),
    ] {
        let found = problems(&shop(store, 20, "")).join("\n");
        assert!(found.contains(what), "{store}: {found}");
    }
}
