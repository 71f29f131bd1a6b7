//! What a comparison says, in sentences: where B is better, where it is worse, and what is not told yet.

use crate::numbers::{grouped, kept, signed};
use crate::words::word;
use sim_core::results::Estimate;
use sim_core::results::compare::{Change, Compared, Comparison, PromiseRow, System, ValueRow};

/// Numbers that are named in the answer, on each side.
const MOST: usize = 3;

/// The word for what became of a number.
pub fn says(row: &ValueRow) -> &'static str {
    match (row.change, row.difference) {
        (Some(change), _) => change_word(change),
        (None, Some(difference)) if difference.low > 0.0 => "more",
        (None, Some(difference)) if difference.high < 0.0 => "less",
        _ if row.a.is_none() => "only B",
        _ if row.b.is_none() => "only A",
        _ => "no data",
    }
}

/// The word for a change.
pub fn change_word(change: Change) -> &'static str {
    match change {
        Change::Same => "same",
        Change::NoneSeen => "none seen",
        Change::Better => "better",
        Change::Worse => "worse",
    }
}

/// The answer: which promises B keeps, and in what it is better and worse.
pub fn answer(compared: &Compared) -> String {
    let rows = |change| compared.rows.iter().filter(move |row| row.change == Some(change));
    let (better, worse) = (parts(rows(Change::Better)), parts(rows(Change::Worse)));
    let changed = |p: &&PromiseRow| matches!(p.change, Some(Change::Better | Change::Worse));
    let mut sentences: Vec<String> = compared.promises.iter().filter(changed).take(MOST).map(promise_part).collect();
    sentences.extend((!better.is_empty()).then(|| format!("B is better in {}.", joined(&better))));
    let it = if better.is_empty() { "B" } else { "It" };
    sentences.extend((!worse.is_empty()).then(|| format!("{it} is worse in {}.", joined(&worse))));
    if sentences.is_empty() {
        let same = compared.rows.iter().all(|row| row.change == Some(Change::Same));
        let what =
            if same { "B is the same as A, in every run." } else { "No difference is seen that makes A or B better." };
        sentences.push(what.to_owned());
    }
    sentences.join(" ")
}

fn parts<'a>(rows: impl Iterator<Item = &'a ValueRow>) -> Vec<String> {
    rows.map(row_part).take(MOST).collect()
}

fn joined(parts: &[String]) -> String {
    match parts {
        [all @ .., last] if !all.is_empty() => format!("{} and {last}", all.join(", ")),
        parts => parts.join(""),
    }
}

fn row_part(row: &ValueRow) -> String {
    let by = row.difference.map_or_else(String::new, |d| format!(" by {}", signed(&d, row.unit)));
    format!("{}{by}", row.name)
}

fn promise_part(row: &PromiseRow) -> String {
    let share = |e: Option<Estimate>| e.map_or_else(|| "no data".to_owned(), |e| kept(&e));
    let verdict = row.b_verdict.map_or_else(String::new, |v| format!(" ({})", word(v).to_lowercase()));
    let than = row.a.map_or_else(|| "no data".to_owned(), |e| format!("{:.0}\u{a0}%", e.mean * 100.0));
    format!("B keeps {} in {} of runs{verdict}, A in {than}.", row.name, share(row.b))
}

/// What is not told yet, and how many pairs would tell; a sentence each.
pub fn untold(compared: &Compared) -> Vec<String> {
    let pairs = |n: u32| grouped(f64::from(n), 0);
    let of_rows = compared.rows.iter().filter_map(|row| {
        let (n, d) = (row.would_tell?, row.difference?);
        let by = signed(&Estimate::exact(d.mean), row.unit);
        Some(format!("Run {} pairs to tell {by} in {}.", pairs(n), row.name))
    });
    let of_promises = compared.promises.iter().filter_map(|row| {
        Some(format!("Run {} pairs to tell which of the two keeps {} in more runs.", pairs(row.would_tell?), row.name))
    });
    of_promises.chain(of_rows).collect()
}

/// Which of the systems are thinned, and what is not compared for that; a sentence each.
pub fn thinned<'a>(systems: impl Iterator<Item = (&'a str, &'a System)>) -> Vec<String> {
    let says = |(called, system): (&str, &System)| {
        let one_of = grouped(system.one_of? as f64, 0);
        Some(format!("{called} is thinned: one request in {one_of} is simulated, so that its goodput is not compared."))
    };
    systems.filter_map(says).collect()
}

/// How the comparison was made, and what pairing was worth.
pub fn method(comparison: &Comparison, compared: &Compared) -> String {
    let n = grouped(f64::from(comparison.replications), 0);
    let pairs = if comparison.replications == 1 { "1 pair".to_owned() } else { format!("{n} pairs") };
    let narrower = compared.narrower.map_or_else(String::new, |(least, most)| {
        let (least, most) = (format!("{least:.1}"), format!("{most:.1}"));
        let range = if least == most { least } else { format!("{least} to {most}") };
        format!("; pairing made intervals {range} times narrower")
    });
    format!("{pairs} on the same random numbers, 95 % intervals{narrower}; seed {}.", comparison.seed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::compare::sample;

    #[test]
    fn what_is_thinned_is_said_with_what_is_left_out() {
        let mut comparison = sample::comparison();
        let of = |comparison: &Comparison| thinned([("A", &comparison.a), ("B", &comparison.against[0].b)].into_iter());
        assert_eq!(of(&comparison), [""; 0]);
        comparison.against[0].b.one_of = Some(1_000);
        let said = ["B is thinned: one request in 1,000 is simulated, so that its goodput is not compared."];
        assert_eq!(of(&comparison), said);
    }
}
