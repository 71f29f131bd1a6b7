//! Things to sell, at random: stock, reservations and rights to sell at the stores that a scenario has, and a market of its own, in which buyers pass
//! a gate before they take something.

use super::dice::Dice;
use std::fmt::Write;

/// The sections of a scenario that this adds to.
pub struct Sections<'a> {
    pub load: &'a mut Vec<String>,
    pub services: &'a mut Vec<String>,
    pub stores: &'a mut Vec<String>,
    pub faults: &'a mut Vec<String>,
}

/// Ways to copy a store of which somebody is the authority that a gate asks.
const AUTHORITY: [&str; 4] = [
    "",
    "    replication: {primary: {lag: 50ms}}\n",
    "    replication: {primary: {lag: {exponential: {mean: 80ms}}, commit: majority, failover: {detect: 1s, takes: 500ms}}}\n",
    "    replication: {quorum: {read: 2, write: 2}}\n",
];

/// And of which nobody is.
const NO_AUTHORITY: [&str; 2] = [
    "    replication: {merge: {every: 700ms}}\n",
    "    replication: {quorum: {read: 1, write: 1, legs: {write: {exponential: {mean: 50ms}}}}}\n",
];

/// Adds them. Made last of all, so that all else is as it is without them.
pub fn sells(dice: &mut Dice, keyed: bool, seconds: u64, sections: &mut Sections<'_>) {
    for store in sections.stores.iter_mut().filter(|store| store.contains("access: update")) {
        if dice.chance(40) {
            stocks(dice, store);
        }
    }
    if dice.chance(35) {
        market(dice, keyed, seconds, sections);
    }
}

/// A store that the scenario has sells what its endpoints with `access: update` take.
fn stocks(dice: &mut Dice, store: &mut String) {
    let is_quorum = store.contains("quorum:");
    let splits =
        !store.contains("primary:") && store.contains("zones:") && !store.contains("instances: 1\n") && dice.chance(50);
    let holds = store.contains("access: write") && (splits || !is_quorum) && dice.chance(50);
    let more = more(dice, (holds, splits));
    *store = store.replacen("    endpoints:\n", &format!("{more}    endpoints:\n"), 1);
}

/// The keys of a store that sells.
fn more(dice: &mut Dice, (holds, splits): (bool, bool)) -> String {
    let amount = dice.number(2, 400);
    let hold = if holds { *dice.pick(&[", hold: 1s", ", hold: 200ms"]) } else { "" };
    let mut text = format!("    stock: {{amount: {amount}{hold}}}\n");
    if splits {
        let escrow = *dice.pick(&["{}", "{percent: 30%, refill_below: 20%}", "{percent: 10%, federation: false}"]);
        let _ = writeln!(text, "    escrow: {escrow}");
    }
    text
}

/// A shop, its store, and a till that takes only what is known for sure.
fn market(dice: &mut Dice, keyed: bool, seconds: u64, sections: &mut Sections<'_>) {
    let has_authority = dice.chance(65);
    let replication = if has_authority { *dice.pick(&AUTHORITY) } else { *dice.pick(&NO_AUTHORITY) };
    let splits = !replication.contains("primary") && dice.chance(50);
    let holds = (splits || !replication.contains("quorum")) && dice.chance(50);
    let key = if keyed { "    key: item\n" } else { "" };
    let (workers, more) = (dice.number(1, 8), more(dice, (holds, splits)));
    sections.stores.push(format!(
        "  shelf:\n    instances: 3\n    zones: [za, zb]\n    workers: {workers}\n{key}{replication}{more}    endpoints: \
         {{look: {{access: read, steps: [{{work: 1ms}}]}}, take: {{access: update, steps: [{{work: 3ms}}]}}, pay: {{access: write, steps: [{{work: 1ms}}]}}}}\n"
    ));
    const LEVELS: [&str; 3] = ["snapshot_isolation", "serializable", "strict_serializable"];
    let asked = *dice.pick(&["", ", level: eventual", ", level: read_committed"]);
    let gate = if has_authority && dice.chance(75) {
        let (level, on_conflict) = (*dice.pick(&LEVELS), *dice.pick(&["fail", "retry", "upgrade"]));
        format!("{{gate: {{level: {level}, to: shelf.look, on_conflict: {on_conflict}}}}}, ")
    } else {
        String::new()
    };
    let required = *dice.pick(&LEVELS);
    let retry = *dice.pick(&["", ", retry: {max_attempts: 3}"]);
    let pays = dice.number(10, 100);
    sections.services.push(format!(
        "  shop: {{instances: 2, zones: [za, zb], workers: {}, endpoints: {{buy: {{steps: [{{call: {{to: shelf.look, timeout: 200ms{asked}}}}}, {gate}\
         {{call: {{to: till.open, timeout: 200ms, optional: true}}}}, {{call: {{to: shelf.take, timeout: 300ms{retry}, locality: {{prefer: zone}}}}}}, \
         {{choose: [{{probability: {pays}%, steps: [{{call: {{to: shelf.pay, timeout: 300ms, optional: true}}}}]}}, {{steps: [{{work: 1ms}}]}}]}}]}}}}}}\n",
        dice.number(2, 12)
    ));
    sections.services.push(format!(
        "  till: {{workers: unlimited, endpoints: {{open: {{requires: {required}, steps: [{{work: 200us}}]}}}}}}\n"
    ));
    for (name, zone) in [("buyers", "za"), ("others", "zb")] {
        let level =
            *dice.pick(&["", ", level: eventual", ", level: snapshot_isolation", ", level: strict_serializable"]);
        let rate = dice.number(5, 60);
        sections.load.push(format!(
            "  {name}: {{to: shop.buy, from: {zone}{level}, locality: {{prefer: zone}}, arrive: {{poisson: {{rate: {rate}/s}}}}, timeout: 1s}}\n"
        ));
    }
    let (at, lasts) = (dice.number(1, seconds / 2), dice.number(1, seconds / 2));
    let strikes = *dice.pick(&[
        "{inject: crash, where: {service: shelf, count: 1}",
        "{inject: freeze, where: {service: shelf, count: 1}",
        "{inject: partition, where: {between: [za, zb]}",
        "{inject: partition, where: {from: za, to: zb}",
        "{inject: {loss: {probability: 30%}}, where: {between: [za, zb]}",
    ]);
    sections.faults.push(format!("  sale: {strikes}, at: {at}s, for: {lasts}s}}\n"));
}
