//! Verdicts: what a promise or a clause of `expect` comes to over all replications.
//!
//! A promise is held when, at 95 % confidence (Wilson), at least 90 % of runs keep it, broken when fewer do. A clause without
//! `with probability` is decided by the interval of its means, one comparison at a time; with it by the share of runs.

use super::interval::{wilson, would_settle};
use super::verdicts::{JudgedSums, SideSums};
use sim_core::expression::{Clause, CompareOp, Measure};
use sim_core::promise::Promise;
use sim_core::results::{Estimate, PromiseSummary, Unit, Verdict};

/// The share of runs that has to keep a promise.
pub const NEEDED: f64 = 0.9;

fn by_share(sums: &JudgedSums, needed: f64) -> (Verdict, Option<Estimate>, Option<u32>) {
    let share = wilson(sums.kept, sums.judged);
    let verdict = match share {
        Some(share) if share.low >= needed => Verdict::Held,
        Some(share) if share.high < needed => Verdict::Broken,
        _ => Verdict::Inconclusive,
    };
    let settle = (verdict == Verdict::Inconclusive).then(|| would_settle(sums.kept, sums.judged, needed)).flatten();
    (verdict, share, settle)
}

/// The verdict on a promise, which one of the clauses may deny.
pub fn promise(promise: &Promise, sums: &JudgedSums, clauses: &[Clause]) -> PromiseSummary {
    let (verdict, probability, would_settle) = by_share(sums, NEEDED);
    let denied_by = clauses.iter().position(|clause| clause.denies(&promise.name));
    let note = match denied_by {
        _ if sums.judged == 0 => "No replication has data for it.",
        Some(_) => "The scenario expects that it is not held.",
        None => "",
    };
    PromiseSummary {
        name: promise.name.clone(),
        says: promise.says.clone(),
        verdict,
        probability,
        kept: sums.kept,
        judged: sums.judged,
        measured: String::new(),
        expected: String::new(),
        observed: sums.value.estimate(),
        promised: Some(promise.promised()),
        tolerance: None,
        at_most: promise.at_most(),
        unit: promise.unit(),
        note: note.to_owned(),
        would_settle,
        path: format!("promises.{}", promise.name),
        denied_by: denied_by.map(|place| format!("expect.{place}")),
    }
}

/// The verdict on a clause.
pub fn clause(place: usize, clause: &Clause, sums: &JudgedSums, sides: &[(SideSums, SideSums)]) -> PromiseSummary {
    let share = clause.probability.or(clause.quantifier.map(|_| NEEDED));
    let (by_runs, probability, settle) = by_share(sums, share.unwrap_or(NEEDED));
    let verdict = if share.is_some() { by_runs } else { by_means(clause, sums, sides) };
    let leaves = clause.tree.leaves();
    let (observed, promised) = match sides.first() {
        Some((left, right)) => (left.estimate(), right.estimate().map(|r| r.mean)),
        None => (None, None),
    };
    let (measured, expected) = clause.halves().unwrap_or_default();
    let equal = leaves.first().filter(|leaf| leaf.op() == CompareOp::Equal);
    PromiseSummary {
        name: clause.to_string(),
        says: clause.to_string(),
        verdict,
        probability,
        kept: sums.kept,
        judged: sums.judged,
        measured,
        expected,
        observed,
        promised,
        tolerance: equal.zip(promised).map(|(leaf, promised)| leaf.tolerance(promised)),
        at_most: leaves.first().is_some_and(|l| matches!(l.op(), CompareOp::Less | CompareOp::AtMost)),
        unit: unit(clause),
        note: if sums.judged == 0 { "No replication has data for it.".into() } else { String::new() },
        would_settle: if verdict == Verdict::Inconclusive && share.is_some() { settle } else { None },
        path: format!("expect.{place}"),
        denied_by: None,
    }
}

/// Each comparison holds at both ends of the interval of its difference, at neither, or is open.
fn by_means(clause: &Clause, sums: &JudgedSums, sides: &[(SideSums, SideSums)]) -> Verdict {
    if sums.judged == 0 {
        return Verdict::Inconclusive;
    }
    let decided: Vec<Option<bool>> = clause
        .tree
        .leaves()
        .iter()
        .zip(sides)
        .map(|(leaf, (left, right))| {
            let (left, right) = (left.estimate()?, right.estimate()?);
            let at = |left, right| leaf.holds(sim_core::expression::Sides { left, right });
            let ends = [at(left.low, right.high), at(left.high, right.low), at(left.mean, right.mean)];
            if leaf.op() == CompareOp::Equal {
                // "== x within p": the interval has to overlap the band, as tests against published values do.
                let overlaps = ends.iter().any(|e| *e) || (left.low <= right.mean && right.mean <= left.high);
                return Some(overlaps);
            }
            (ends[0] == ends[1]).then_some(ends[0])
        })
        .collect();
    match clause.tree.decide(&decided) {
        Some(true) => Verdict::Held,
        Some(false) => Verdict::Broken,
        None => Verdict::Inconclusive,
    }
}

/// The unit in which the first comparison is shown.
pub fn unit(clause: &Clause) -> Unit {
    unit_of(clause.tree.metrics().first().map(|m| m.metric.measure()))
}

/// The unit in which a measure is shown.
pub fn unit_of(measure: Option<Measure>) -> Unit {
    match measure {
        Some(Measure::Share) => Unit::Share,
        Some(Measure::TIME) => Unit::Seconds,
        Some(Measure::RATE) => Unit::PerSecond,
        Some(Measure::MONEY) => Unit::Money,
        Some(Measure::BYTES) => Unit::Bytes,
        _ => Unit::Count,
    }
}
