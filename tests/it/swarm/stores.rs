//! Laws of what stores promise, on random scenarios: levels, stale reads, and stock, whatever is cut off or down.

use super::dice::Dice;
use super::{read, swarm};
use sim_core::data::stock::{OVERSOLD, SOLD};
use sim_core::data::{
    LOST_WRITES, OWN_WRITES_MISSED, READS_WENT_BACK, WRITES_BEFORE_READS, WRITES_OUT_OF_ORDER, Wrongness,
};
use sim_core::ids::{EdgeId, ServiceId};
use sim_core::model::Model;
use sim_core::outcome::Outcome;
use sim_core::results::RunResult;
use std::fmt::Write;

/// Ways to copy a store of which a read at the strongest level is never stale.
const LINEARIZABLE: [&str; 5] = [
    "{primary: {lag: {exponential: {mean: 300ms}}}}",
    "{primary: {lag: 2s, commit: one_replica, failover: {detect: 1s, takes: 500ms}}}",
    "{quorum: {read: 2, write: 2, legs: {write: {exponential: {mean: 40ms}}, ack: 2ms, read: 5ms, reply: 1ms}}}",
    "{quorum: {read: 1, write: 3, legs: {write: {exponential: {mean: 20ms}}}}}",
    "{consensus: {regions: 3}}",
];

/// Ways in which what is read may be old.
const WEAK: [&str; 3] = [
    "{merge: {every: 300ms}}",
    "{quorum: {read: 1, write: 1, legs: {write: {exponential: {mean: 200ms}}}}}",
    "{primary: {lag: 500ms, reads: nearest}}",
];

const PLACES: &str = "regions: {here: {zones: [a]}, there: {zones: [b]}, yonder: {zones: [c]}}\n\
    network: {between_regions: {latency: {exponential: {mean: 10ms}}}}\n";

/// A store with readers at two levels, writers, and users who must not be served.
fn levelled(seed: u64) -> String {
    let mut dice = Dice::new(seed);
    let is_strict = dice.chance(70);
    let replication = if is_strict { *dice.pick(&LINEARIZABLE) } else { *dice.pick(&WEAK) };
    let (rows, on_conflict) = (dice.number(1, 30), *dice.pick(&["fail", "retry", "upgrade"]));
    // Copies that merge, and a quorum whose reads miss its writes, have no authority that a gate could ask.
    let gate = if replication.contains("merge") || replication.contains("read: 1, write: 1") {
        "{work: 1ms}".to_owned()
    } else {
        format!("{{gate: {{level: strict_serializable, to: db.read, on_conflict: {on_conflict}}}}}")
    };
    let mut text = format!(
        "scenario: Levels\nquestion: Do the laws hold?\nrun: {{duration: 20s, warm_up: 0s}}\n{PLACES}keys: {{row: {{uniform: {{count: {rows}}}}}}}\nload:\n"
    );
    let rate = dice.number(10, 60);
    for (name, level) in
        [("strict", "strict_serializable"), ("relaxed", "snapshot_isolation"), ("careless", "eventual")]
    {
        let from = *dice.pick(&["", ", from: a", ", from: b"]);
        let _ = writeln!(
            text,
            "  {name}: {{to: app.{name}, level: {level}{from}, arrive: {{poisson: {{rate: {rate}/s}}}}}}\n  \
             {name}-movers: {{to: app.move, level: {level}, arrive: {{poisson: {{rate: {}/s}}}}}}",
            dice.number(1, 10)
        );
    }
    let read = "{call: {to: db.read, timeout: 500ms}}";
    let _ = write!(
        text,
        "services:\n  app:\n    instances: 3\n    zones: [a, b, c]\n    workers: unlimited\n    endpoints:\n      \
         strict: {{steps: [{read}]}}\n      relaxed: {{steps: [{read}]}}\n      careless: {{steps: [{read}]}}\n      \
         move: {{requires: snapshot_isolation, steps: [{read}, {gate}, \
         {{call: {{to: db.write, timeout: 1s}}}}]}}\n\
         stores:\n  db:\n    instances: 3\n    zones: [a, b, c]\n    workers: 50\n    key: row\n    replication: {replication}\n    \
         endpoints: {{read: {{access: read, steps: [{{work: 1ms}}]}}, write: {{access: write, steps: [{{work: 2ms}}]}}}}\n"
    );
    faults(&mut dice, &mut text, "db");
    if dice.chance(50) {
        cut_off(&mut dice, &mut text);
    }
    text
}

/// One zone hears nothing of the others for a while, nor they of it.
fn cut_off(dice: &mut Dice, text: &mut String) {
    let (one, others) = *dice.pick(&[("a", ["b", "c"]), ("b", ["a", "c"]), ("c", ["a", "b"])]);
    let (at, lasts) = (dice.number(1, 12), dice.number(2, 8));
    for other in others {
        let _ = writeln!(
            text,
            "  cut-{other}: {{inject: partition, where: {{between: [{one}, {other}]}}, at: {at}s, for: {lasts}s}}"
        );
    }
}

fn faults(dice: &mut Dice, text: &mut String, store: &str) {
    text.push_str("faults:\n");
    for number in 0..dice.number(1, 3) {
        let what = match dice.below(4) {
            0 => format!("{{inject: crash, where: {{service: {store}, count: 1}}"),
            1 => format!("{{inject: freeze, where: {{service: {store}, count: 1}}"),
            2 => format!("{{inject: partition, where: {{between: [{}]}}", dice.pick(&["a, b", "a, c", "b, c"])),
            _ => "{inject: {loss: {probability: 30%}}, where: {between: [a, b]}".to_owned(),
        };
        let (at, lasts) = (dice.number(1, 12), dice.number(1, 8));
        let _ = writeln!(text, "  f{number}: {what}, at: {at}s, for: {lasts}s}}");
    }
}

/// Things to sell in three zones.
fn selling(seed: u64) -> String {
    let mut dice = Dice::new(seed);
    let (amount, rows) = (dice.number(3, 900), dice.number(1, 3));
    let percent = *dice.pick(&["", "percent: 30%, ", "percent: 10%, ", "percent: 33%, "]);
    let below = *dice.pick(&["refill_below: 10%", "refill_below: 50%", "federation: false"]);
    let replication = *dice.pick(&["", "    replication: {merge: {every: 500ms}}\n"]);
    let hold = *dice.pick(&["", ", hold: 2s"]);
    let (pay, chance) = (*dice.pick(&["{call: {to: stock.pay}}", "{work: 1ms}"]), dice.number(10, 90));
    let mut text = format!(
        "scenario: Selling\nquestion: Is more sold than there is?\nrun: {{duration: 20s, warm_up: 0s}}\n{PLACES}\
         keys: {{thing: {{uniform: {{count: {rows}}}}}}}\nload:\n"
    );
    for zone in ["a", "b", "c"] {
        let rate = dice.number(5, 90);
        let retry = *dice.pick(&["", ", timeout: 200ms, retry: {max_attempts: 3}"]);
        let _ = writeln!(
            text,
            "  fans-{zone}: {{to: sale.buy, from: {zone}, locality: {{prefer: zone}}, arrive: {{poisson: {{rate: {rate}/s}}}}{retry}}}"
        );
    }
    let _ = write!(
        text,
        "services:\n  sale:\n    instances: 3\n    zones: [a, b, c]\n    workers: unlimited\n    endpoints: {{buy: {{steps: [\
         {{call: {{to: stock.take, timeout: 300ms, locality: {{prefer: zone}}}}}}, \
         {{choose: [{{probability: {chance}%, steps: [{pay}]}}, {{steps: [{{work: 1ms}}]}}]}}]}}}}\n\
         stores:\n  stock:\n    instances: 3\n    zones: [a, b, c]\n    workers: 16\n    key: thing\n{replication}    \
         stock: {{amount: {amount}{hold}}}\n    escrow: {{{percent}{below}}}\n    \
         endpoints: {{take: {{access: update, steps: [{{work: 3ms}}]}}, pay: {{access: write, steps: [{{work: 1ms}}]}}}}\n"
    );
    faults(&mut dice, &mut text, "stock");
    text
}

/// Sessions that read and write their row again and again, at a store that promises some of the four guarantees.
fn sessions(seed: u64) -> String {
    let mut dice = Dice::new(seed);
    let all = ["read_your_writes", "monotonic_reads", "monotonic_writes", "writes_follow_reads"];
    let kept: Vec<&str> = all.into_iter().filter(|_| dice.chance(60)).collect();
    let kept = if kept.is_empty() { String::new() } else { format!("    session_guarantees: [{}]\n", kept.join(", ")) };
    let failover = *dice.pick(&["", ", failover: {detect: 1s, takes: 500ms}"]);
    let commit = *dice.pick(&["", ", commit: one_replica", ", commit: majority", ", commit: asynchronous"]);
    let closed = *dice.pick(&["", "", ", closed_timestamp_lag: 300ms"]);
    let (rows, lag) = (dice.number(1, 60), dice.number(10, 600));
    let replication = if dice.chance(40) {
        format!(
            "{{merge: {{every: {}ms{}}}}}",
            dice.number(50, 1_500),
            dice.pick(&["", ", conflicts: last_writer_wins"])
        )
    } else {
        format!("{{primary: {{lag: {{exponential: {{mean: {lag}ms}}}}, reads: nearest{failover}{commit}{closed}}}}}")
    };
    let steps: Vec<String> = (0..dice.number(2, 7))
        .map(|_| match dice.below(5) {
            0 => format!("{{wait: {}ms}}", dice.number(1, 400)),
            1 => "{call: {to: db.update, timeout: 2s}}".to_owned(),
            2 => "{call: {to: db.write, timeout: 2s, retry: {max_attempts: 2}}}".to_owned(),
            _ => "{call: {to: db.read, timeout: 1s}}".to_owned(),
        })
        .collect();
    let mut text = format!(
        "scenario: Sessions\nquestion: Do the laws hold?\nrun: {{duration: 20s, warm_up: 0s}}\n{PLACES}keys: {{row: {{uniform: {{count: {rows}}}}}}}\n\
         load:\n  users: {{to: app.go, arrive: {{poisson: {{rate: {}/s}}}}}}\n  readers: {{to: db.read, arrive: {{poisson: {{rate: 20/s}}}}}}\n\
         services: {{app: {{instances: 3, zones: [a, b, c], workers: unlimited, endpoints: {{go: {{steps: [{{wait: 1ms}}, {}]}}}}}}}}\n\
         stores:\n  db:\n    instances: 3\n    zones: [a, b, c]\n    workers: 50\n    key: row\n{kept}    \
         replication: {replication}\n    \
         endpoints: {{read: {{access: read, steps: [{{work: 1ms}}]}}, write: {{access: write, steps: [{{work: 1ms}}]}}, update: {{access: update, steps: [{{work: 1ms}}]}}}}\n",
        dice.number(5, 40),
        steps.join(", ")
    );
    faults(&mut dice, &mut text, "db");
    text
}

/// Writers in three zones of rows of which the last writer wins: at random with faults and wrong clocks, or one after the other, with more time
/// between two of them than a merge takes and than any clock is wrong by.
fn registers(seed: u64, is_calm: bool) -> String {
    let mut dice = Dice::new(seed);
    let (rows, every) = (dice.number(1, 20), *dice.pick(&["100ms", "500ms", "1500ms"]));
    let mut text = format!(
        "scenario: Registers\nquestion: Which writes are lost?\nrun: {{duration: 20s, warm_up: 0s}}\n{PLACES}\
         keys: {{row: {{uniform: {{count: {}}}}}}}\nload:\n",
        if is_calm { 1 } else { rows }
    );
    for (place, zone) in ["a", "b", "c"].into_iter().enumerate() {
        let arrive = if is_calm {
            format!("{{burst: {{size: 1, at: {}ms, every: 6s, times: 3}}}}", 100 + 2_000 * place)
        } else {
            format!("{{poisson: {{rate: {}/s}}}}", dice.number(5, 60))
        };
        let _ =
            writeln!(text, "  in-{zone}: {{to: app.put, from: {zone}, locality: {{prefer: zone}}, arrive: {arrive}}}");
    }
    let retry = *dice.pick(&["", ", retry: {max_attempts: 3}"]);
    let _ = write!(
        text,
        "services: {{app: {{instances: 3, zones: [a, b, c], workers: unlimited, endpoints: {{put: {{steps: [{{call: {{to: db.put, timeout: 200ms, locality: {{prefer: zone}}{retry}}}}}]}}}}}}}}\n\
         stores:\n  db:\n    instances: 3\n    zones: [a, b, c]\n    workers: 50\n    key: row\n    \
         replication: {{merge: {{every: {every}, conflicts: last_writer_wins}}}}\n    endpoints: {{put: {{access: write, steps: [{{work: 2ms}}]}}}}\n"
    );
    if is_calm {
        text.push_str("faults:\n");
    } else {
        faults(&mut dice, &mut text, "db");
    }
    let offset = if is_calm { dice.number(0, 400) } else { dice.number(0, 5_000) };
    let sign = *dice.pick(&["", "-"]);
    let _ = writeln!(
        text,
        "  skew: {{inject: {{clock_skew: {{offset: {sign}{offset}ms}}}}, where: {{service: db, count: 1}}, at: 0s}}"
    );
    text
}

fn run_of(text: &str) -> (Model, RunResult) {
    let model = read(text).model;
    let run = sim_core::world::simulate(&model, 1, 0);
    assert!(run.events > 0 && run.stopped.is_none());
    (model, run)
}

/// Calls whose caller is a load of this name.
fn of_load<'m>(model: &'m Model, name: &str) -> impl Iterator<Item = EdgeId> + use<'m> {
    let prefix = format!("{name}->");
    model.edges.iter().enumerate().filter(move |(_, edge)| edge.name.starts_with(&prefix)).map(|(id, _)| id.into())
}

#[test]
fn levels_are_kept_whatever_fails() {
    let (old, of_regions) = (std::cell::Cell::new(0), "{consensus: {regions: 3}}");
    swarm("stores::levels_are_kept_whatever_fails", 40, levelled, |seed| {
        let (model, run) = run_of(&levelled(seed));
        let is_linearizable = LINEARIZABLE.iter().any(|kind| levelled(seed).contains(kind));
        let agrees = levelled(seed).contains(of_regions);
        let strict: Vec<EdgeId> = of_load(&model, "strict").collect();
        for (edge, kind, counts) in run.slices.iter().flat_map(|slice| &slice.wrong) {
            let is_stale = *kind == Wrongness::StaleRead as u8;
            if is_stale && agrees {
                old.set(old.get() + counts.arose);
            }
            if is_stale && is_linearizable && strict.contains(edge) {
                let wrong = counts.arose + counts.passed_on;
                assert_eq!(wrong, 0, "{}: stale at the strongest level", model.edges[edge.index()].name);
            }
        }
        // Whoever carries too weak a level is refused, and nobody else is.
        for edge in of_load(&model, "careless-movers") {
            let counts = run.edge(edge, run.whole());
            assert_eq!(counts.outcomes[Outcome::Ok as usize], 0, "served at a level that is too weak");
            assert!(counts.outcomes[Outcome::Refused as usize] > 0);
        }
        for load in ["strict", "relaxed", "careless"] {
            for edge in of_load(&model, load) {
                assert_eq!(run.edge(edge, run.whole()).outcomes[Outcome::Refused as usize], 0, "{load}");
            }
        }
    });
    assert!(old.get() > 100, "weak reads of regions that agree are stale {} times", old.get());
}

#[test]
fn sessions_find_what_their_store_promises_whatever_fails() {
    let found = std::cell::Cell::new(0);
    swarm("stores::sessions_find_what_their_store_promises_whatever_fails", 60, sessions, |seed| {
        let (model, run) = run_of(&sessions(seed));
        super::keeps::check(&model, &run);
        let of = model.services.iter().position(|service| service.name == "db").expect("it is there");
        let counts = run.service(ServiceId::from(of), run.whole());
        let broken = [&OWN_WRITES_MISSED, &READS_WENT_BACK, &WRITES_OUT_OF_ORDER, &WRITES_BEFORE_READS];
        found.set(found.get() + broken.iter().map(|counter| counts.of(counter)).sum::<u64>());
    });
    assert!(found.get() > 1_000, "those that promise nothing find {} broken orders", found.get());
}

#[test]
fn registers_lose_what_others_overwrite_and_nothing_else() {
    let lost = |text: &str| {
        let (model, run) = run_of(text);
        super::keeps::check(&model, &run);
        let of = model.services.iter().position(|service| service.name == "db").expect("it is there");
        let lost = run.service(ServiceId::from(of), run.whole()).of(&LOST_WRITES);
        let puts = model.edges.iter().enumerate().filter(|(_, edge)| edge.name == "app->db.put");
        let written: u64 = puts.map(|(edge, _)| run.edge(EdgeId(edge as u32), run.whole()).attempts).sum();
        assert!(lost < written, "the last of {written} stands, and {lost} are lost");
        let wrong = run.slices.iter().flat_map(|slice| &slice.wrong);
        let of_kind = wrong.filter(|(_, kind, _)| *kind == Wrongness::LostWrite as u8);
        assert_eq!(of_kind.map(|(.., counts)| counts.arose).sum::<u64>(), lost, "each at the call by which it came");
        lost
    };
    let found = std::cell::Cell::new(0);
    swarm(
        "stores::registers_lose_what_others_overwrite_and_nothing_else",
        40,
        |seed| registers(seed, false),
        |seed| {
            found.set(found.get() + lost(&registers(seed, false)));
            assert_eq!(lost(&registers(seed, true)), 0, "no two writes are within the time that copies take");
            let converges = registers(seed, false).replace("last_writer_wins", "converge");
            assert_eq!(lost(&converges), 0, "what converges is never lost");
        },
    );
    assert!(found.get() > 1_000, "{} writes are lost", found.get());
}

#[test]
fn escrow_never_sells_more_than_there_is() {
    swarm("stores::escrow_never_sells_more_than_there_is", 40, selling, |seed| {
        let (model, run) = run_of(&selling(seed));
        let of = model.services.iter().position(|service| service.name == "stock").expect("it is there");
        let counts = run.service(ServiceId::from(of), run.whole());
        assert!(counts.of(&SOLD) > 0, "nothing is sold");
        assert_eq!(counts.of(&OVERSOLD), 0);
        let wrong = run.slices.iter().flat_map(|slice| &slice.wrong);
        assert!(wrong.into_iter().all(|(_, kind, _)| *kind != Wrongness::Oversold as u8));
    });
}
