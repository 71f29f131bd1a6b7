//! Verdicts: what a promise or a clause of `expect` comes to over all replications.
//!
//! A promise is held when, at 95 % confidence (Wilson), at least 90 % of runs keep it, broken when fewer do. A clause without
//! `with probability` is decided by the interval of its means, one comparison at a time; with it by the share of runs.

use super::interval::{wilson, would_settle};
use super::verdicts::{JudgedSums, SideSums};
use sim_core::expression::{Clause, CompareOp, Leaf, Measure, Tree};
use sim_core::promise::Promise;
use sim_core::results::{Estimate, PromiseSummary, Unit, Verdict};

/// The share of runs that has to keep a promise.
pub const NEEDED: f64 = 0.9;

/// The verdict on what `kept` of `judged` runs keep, the share with its interval, and how many replications would settle it.
pub fn by_share(kept: u32, judged: u32, needed: f64) -> (Verdict, Option<Estimate>, Option<u32>) {
    let share = wilson(kept, judged);
    let verdict = match share {
        Some(share) if share.low >= needed => Verdict::Held,
        Some(share) if share.high < needed => Verdict::Broken,
        _ => Verdict::Inconclusive,
    };
    let settle = (verdict == Verdict::Inconclusive).then(|| would_settle(kept, judged, needed)).flatten();
    (verdict, share, settle)
}

/// The verdict on a promise, which one of the clauses may deny.
pub fn promise(promise: &Promise, sums: &JudgedSums, clauses: &[Clause]) -> PromiseSummary {
    let (verdict, probability, would_settle) = by_share(sums.kept, sums.judged, NEEDED);
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
    let (by_runs, probability, settle) = by_share(sums.kept, sums.judged, share.unwrap_or(NEEDED));
    let verdict = if share.is_some() { by_runs } else { by_means(clause, sums, sides) };
    let leaves = clause.tree.leaves();
    let (observed, promised) = match sides.first() {
        Some((left, right)) => (left.estimate(), right.estimate().map(|r| r.mean)),
        None => (None, None),
    };
    let (unit, factor) = unit(clause);
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
        observed: observed.map(|e| e.scale(factor)),
        promised: promised.map(|promised| promised * factor),
        tolerance: equal.zip(promised).map(|(leaf, promised)| leaf.tolerance(promised) * factor),
        at_most: at_most(clause),
        unit,
        note: if sums.judged == 0 { "No replication has data for it.".into() } else { String::new() },
        would_settle: if verdict == Verdict::Inconclusive && share.is_some() { settle } else { None },
        path: format!("expect.{place}"),
        denied_by: None,
    }
}

/// The verdict on a clause of a hypothesis, which the share of runs decides.
pub fn claim(path: String, claim: &Clause, sums: &JudgedSums, sides: &[(SideSums, SideSums)]) -> PromiseSummary {
    let (verdict, _, would_settle) = by_share(sums.kept, sums.judged, NEEDED);
    PromiseSummary { verdict, would_settle, path, ..clause(0, claim, sums, sides) }
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

/// Whether what the first comparison measures has to be at most what it is compared with.
pub fn at_most(clause: &Clause) -> bool {
    let leaves = clause.tree.leaves();
    leaves.first().is_some_and(|leaf| matches!(leaf.op(), CompareOp::Less | CompareOp::AtMost))
}

/// The unit in which the left side of the first comparison is shown, and how many of it are one base unit.
pub fn unit(clause: &Clause) -> (Unit, f64) {
    let [left, _] = clause.tree.leaves().first().map_or([None, None], Leaf::trees);
    unit_of(left.and_then(Tree::measure))
}

/// The unit in which a measure is shown, and how many of it are one base unit.
pub fn unit_of(measure: Option<Measure>) -> (Unit, f64) {
    measure.map_or((Unit::Count, 1.0), Measure::shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clause_is_shown_in_the_unit_of_its_left_side() {
        for (text, expected) in [
            ("p99(a.b) < 300ms", Unit::Seconds),
            ("p99(a.b) / p50(a.b) < 3", Unit::Count),
            ("2 * p99(a.b) < 300ms", Unit::Seconds),
            ("1 - rps(a.b) / rps(c.d) == 0.8", Unit::Count),
            ("100% - availability(a.b) < 1%", Unit::Share),
            ("queue_length(a) / p99(a.b) > 1/s", Unit::PerSecond),
            ("3 < instances(a) and p99(a.b) < 1s", Unit::Count),
            ("held(works)", Unit::Count),
        ] {
            assert_eq!(unit(&Clause::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"))), (expected, 1.0), "{text}");
        }
        let (unit, month) = unit(&Clause::parse("cost(nodes) < $400/month").unwrap());
        assert_eq!((unit, month), (Unit::MoneyPerMonth, 730.0 * 3600.0));
    }
}
