//! Verdicts: what a promise or a clause of `expect` comes to over all replications.
//!
//! A promise is held when, at the confidence of the study, at least 90 % of runs keep it, broken when fewer do. A clause without
//! `with probability` is decided by the interval of its means, one comparison at a time; with it by the share of runs. How far
//! intervals reach is the business of [`Critical`]: the same rules serve a study of a set number of replications and one that stops
//! when it is certain.

use super::interval::Critical;
use super::quantile;
use super::sums::{JudgedSums, SideSums};
use sim_core::expression::{Clause, CompareOp, Leaf, Measure, Metric, MetricRef, Sides, Tree};
use sim_core::names::Names;
use sim_core::promise::Promise;
use sim_core::results::{About, BrokenIn, ClauseValue, Estimate, Made, PromiseSummary, Unit, Verdict, Words};

/// The share of runs that has to keep a promise.
pub const NEEDED: f64 = 0.9;

/// A verdict by the share of runs, the share, and how many replications would settle it.
pub type ByShare = (Verdict, Option<Estimate>, Option<u32>);

/// The verdict on what `kept` of `judged` runs keep, the share with its interval, and how many replications would settle it.
pub fn by_share(kept: u32, judged: u32, needed: f64, critical: Critical) -> ByShare {
    let verdict = verdict_by_share(kept, judged, needed, critical);
    let open = verdict == Verdict::Inconclusive;
    let settle = open.then(|| critical.would_settle(kept, judged, needed)).flatten();
    (verdict, critical.share(kept, judged), settle)
}

/// The verdict on what `kept` of `judged` runs keep.
pub fn verdict_by_share(kept: u32, judged: u32, needed: f64, critical: Critical) -> Verdict {
    match critical.is_share(kept, judged, needed) {
        Some(true) => Verdict::Held,
        Some(false) => Verdict::Broken,
        None => Verdict::Inconclusive,
    }
}

/// The verdict on a clause, and nothing else of it.
pub fn verdict(clause: &Clause, sums: &JudgedSums, sides: &[(SideSums, SideSums)], critical: Critical) -> Verdict {
    match needed(clause) {
        Some(share) => verdict_by_share(sums.kept, sums.judged, share, critical),
        None => by_means(clause, sums, sides, critical),
    }
}

/// The verdict on a promise, which one of the clauses may deny.
pub fn promise(promise: &Promise, sums: &JudgedSums, clauses: &[Clause], critical: Critical) -> PromiseSummary {
    let (verdict, probability, would_settle) = by_share(sums.kept, sums.judged, NEEDED, critical);
    let denied_by = clauses.iter().position(|clause| clause.denies(&promise.name));
    let note = match denied_by {
        _ if sums.judged == 0 => "No replication has data for it.",
        Some(_) => "The scenario expects that it is not held.",
        None => "",
    };
    PromiseSummary {
        name: promise.name.clone(),
        says: promise.says.clone(),
        about: promise.about.clone(),
        made: Made::Promise,
        verdict,
        probability,
        kept: sums.kept,
        judged: sums.judged,
        measured: Words::default(),
        expected: Words::default(),
        comparisons: Vec::new(),
        of_promise: None,
        band: None,
        observed: sums.value.estimate_by(critical).map(|e| observed(promise, e)),
        never: sums.value.never(),
        where_it_happened: sums.value.where_finite().filter(|_| sums.value.never() > 0),
        promised: Some(promise.promised()),
        tolerance: None,
        at_most: promise.at_most(),
        unit: promise.unit(),
        note: note.into(),
        would_settle,
        path: format!("promises.{}", promise.name),
        denied_by: denied_by.map(|place| format!("expect.{place}")),
        period_s: promise.period_s,
        broken_in: None,
    }
}

/// The verdict on a clause.
pub fn clause(
    place: usize,
    clause: &Clause,
    names: &Names,
    sums: &JudgedSums,
    sides: &[(SideSums, SideSums)],
    critical: Critical,
) -> PromiseSummary {
    let share = needed(clause);
    let (_, probability, settle) = by_share(sums.kept, sums.judged, share.unwrap_or(NEEDED), critical);
    let verdict = verdict(clause, sums, sides, critical);
    let settle = if share.is_some() { settle } else { means_would_settle(clause, sides, critical) };
    let leaves = clause.tree.leaves();
    let (unit, factor) = unit(clause);
    let (observed, promised) = match sides.first() {
        Some((left, right)) => {
            let part = leaves.first().and_then(|leaf| leaf.trees()[0]).is_some_and(is_part);
            let observed = left.estimate_by(critical).map(|e| within(e, part).scale(factor));
            (observed, right.estimate().map(|r| r.mean * factor))
        }
        None => (None, None),
    };
    let never = sides.first().map_or(0, |(left, _)| left.never());
    let where_it_happened =
        sides.first().and_then(|(left, _)| left.where_finite()).filter(|_| never > 0).map(|e| e.scale(factor));
    let halves = clause.halves().unwrap_or_default();
    let equal = leaves.first().filter(|leaf| leaf.op() == CompareOp::Equal);
    PromiseSummary {
        name: clause.to_string(),
        says: clause.sentence().into(),
        about: About::of(&clause.tree, names),
        made: made(clause),
        verdict,
        probability,
        kept: sums.kept,
        judged: sums.judged,
        measured: halves.measured.into(),
        expected: halves.expected.into(),
        comparisons: leaves.iter().zip(sides).filter_map(|(leaf, sides)| compared(leaf, sides, critical)).collect(),
        of_promise: clause.asks_of_promise().map(str::to_owned),
        band: halves.band.map(|(bound, within)| (bound.into(), within.into())),
        observed,
        never,
        where_it_happened,
        promised,
        tolerance: equal.zip(promised).map(|(leaf, promised)| leaf.tolerance(promised / factor) * factor),
        at_most: at_most(clause),
        unit,
        note: if sums.judged == 0 { "No replication has data for it.".into() } else { Words::default() },
        would_settle: settle.filter(|_| verdict == Verdict::Inconclusive),
        path: format!("expect.{place}"),
        denied_by: None,
        period_s: None,
        broken_in: None,
    }
}

/// How many runs that break an invariant are named.
const NAMED: usize = 5;

/// The verdict on an invariant, of which the clause is judged as others are: one run that breaks it breaks it.
pub fn invariant(name: &str, of: &mut PromiseSummary, sums: &JudgedSums, seed: u64) {
    let broken = || sums.keeps.iter().enumerate().filter(|(_, kept)| **kept == Some(false));
    of.verdict = match (sums.judged, broken().count()) {
        (0, _) => Verdict::Inconclusive,
        (_, 0) => Verdict::Held,
        _ => Verdict::Broken,
    };
    if of.verdict == Verdict::Broken {
        let replications = broken().map(|(number, _)| number as u32).take(NAMED).collect();
        of.broken_in = Some(BrokenIn { runs: broken().count() as u32, of: sums.judged, replications, seed });
    }
    (of.made, of.would_settle, of.path) = (Made::ClauseByRuns, None, format!("invariants.{name}"));
    of.says = format!("{name}: {}", of.says).into();
    name.clone_into(&mut of.name);
}

/// What was observed in a comparison; `None` for a metric that stands as a condition.
fn compared(leaf: &Leaf<'_, MetricRef>, sides: &(SideSums, SideSums), critical: Critical) -> Option<ClauseValue> {
    let [left, Some(_)] = leaf.trees() else { return None };
    let (unit, factor) = unit_of(left.and_then(Tree::measure));
    let observed = sides.0.estimate_by(critical).map(|e| within(e, left.is_some_and(is_part)).scale(factor));
    let against = sides.1.estimate_by(critical).filter(|_| leaf.bound().is_none()).map(|e| e.scale(factor));
    let is_recovery =
        matches!(left, Some(Tree::Metric(metric)) if matches!(metric.metric, Metric::Recovery | Metric::Drained));
    Some(ClauseValue { observed, against, unit, is_recovery })
}

/// The verdict on a clause of a hypothesis, which the share of runs decides.
pub fn claim(
    path: String,
    claim: &Clause,
    names: &Names,
    sums: &JudgedSums,
    sides: &[(SideSums, SideSums)],
    critical: Critical,
) -> PromiseSummary {
    let (verdict, _, would_settle) = by_share(sums.kept, sums.judged, NEEDED, critical);
    let made = Made::ClauseByRuns;
    PromiseSummary { verdict, made, would_settle, path, ..clause(0, claim, names, sums, sides, critical) }
}

/// The share of runs that has to keep a clause; `None` where the interval of its means decides.
pub fn needed(clause: &Clause) -> Option<f64> {
    clause.probability.or(clause.quantifier.map(|_| NEEDED))
}

/// What was observed of a promise, with an interval that goes no further than it can, and is no narrower than it is known.
pub fn observed(promise: &Promise, e: Estimate) -> Estimate {
    match promise.about {
        About::Latency { .. } | About::Age { .. } => quantile::mean_of_quantiles(e),
        _ => within(e, promise.unit() == Unit::Share),
    }
}

/// Whether a value is a metric by itself that is a part of a whole.
pub fn is_part(tree: &Tree<MetricRef>) -> bool {
    matches!(tree, Tree::Metric(metric) if metric.metric.is_part())
}

/// An estimate of a part of a whole with an interval between 0 and 1; another as it is.
pub fn within(e: Estimate, part: bool) -> Estimate {
    if part { e.part() } else { e }
}

/// In which form a clause is judged.
pub fn made(clause: &Clause) -> Made {
    if needed(clause).is_some() { Made::ClauseByRuns } else { Made::ClauseByMeans }
}

/// Each comparison holds at both ends of the interval of its difference, at neither, or is open.
fn by_means(clause: &Clause, sums: &JudgedSums, sides: &[(SideSums, SideSums)], critical: Critical) -> Verdict {
    if sums.judged == 0 {
        return Verdict::Inconclusive;
    }
    let leaves = clause.tree.leaves();
    let decided: Vec<Option<bool>> =
        leaves.iter().zip(sides).map(|(leaf, sides)| comparison(leaf, sides, critical)).collect();
    match clause.tree.decide(&decided) {
        Some(true) => Verdict::Held,
        Some(false) => Verdict::Broken,
        None => Verdict::Inconclusive,
    }
}

/// What a comparison comes to; `None` where the data does not decide.
fn comparison(leaf: &Leaf<'_, MetricRef>, sides: &(SideSums, SideSums), critical: Critical) -> Option<bool> {
    let (left, right) = (sides.0.estimate_by(critical)?, sides.1.estimate_by(critical)?);
    if let Critical::AnyTime(any) = critical {
        // Where all values are alike so far there is no spread to judge by.
        let alike = sides.0.is_alike() && sides.1.is_alike();
        if alike && !any.are_enough(sides.0.n()) {
            return None;
        }
    }
    let tolerance = leaf.tolerance(right.mean).max(right.mean.abs() * 1e-12);
    match leaf.op() {
        CompareOp::Equal => return are_equal(left, right, tolerance, critical),
        CompareOp::NotEqual => return are_equal(left, right, tolerance, critical).map(|equal| !equal),
        _ => {}
    }
    let at = |left, right| leaf.holds(Sides { left, right });
    let ends = [at(left.low, right.high), at(left.high, right.low)];
    (ends[0] == ends[1]).then_some(ends[0])
}

/// Whether two numbers are equal up to a tolerance: the interval of their difference lies within it, or beyond it. Where it does neither,
/// a study of a set number of replications calls them equal if half the interval is at most the tolerance, as tests against published
/// values do, for then the difference is known as finely as it is asked for; and one that stops when it is certain goes on.
fn are_equal(left: Estimate, right: Estimate, tolerance: f64, critical: Critical) -> Option<bool> {
    let (low, high) = (left.low - right.high, left.high - right.low);
    let within = -tolerance <= low && high <= tolerance;
    let beyond = tolerance < low || high < -tolerance;
    // An interval that may be looked at whenever one likes is meant to lie within.
    let is_fine = critical == Critical::Fixed && (high - low) / 2.0 <= tolerance;
    (within || beyond || is_fine).then_some(within || !beyond)
}

/// How many replications would decide a clause of one comparison, if the spread stays.
fn means_would_settle(clause: &Clause, sides: &[(SideSums, SideSums)], critical: Critical) -> Option<u32> {
    let [(left, right)] = sides else { return None };
    let (n, left, right) = (left.n(), left.estimate_by(critical)?, right.estimate_by(critical)?);
    let apart = (left.mean - right.mean).abs();
    let leaf = clause.tree.leaves().into_iter().next()?;
    let room = match (leaf.op(), critical) {
        (CompareOp::Equal | CompareOp::NotEqual, Critical::Fixed) => leaf.tolerance(right.mean),
        (CompareOp::Equal | CompareOp::NotEqual, _) => (leaf.tolerance(right.mean) - apart).abs(),
        _ => apart,
    };
    critical.would_narrow(left.half_width() + right.half_width(), room, n)
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

    #[test]
    fn intervals_of_parts_end_at_none_and_all() {
        let part = |text: &str| {
            let clause = Clause::parse(text).unwrap();
            clause.tree.leaves()[0].trees()[0].is_some_and(is_part)
        };
        for text in
            ["availability(a.b) > 99%", "ok(a.b) > 99%", "utilisation(a) < 80%", "up(a) > 1%", "stale_read(a.b) < 1%"]
        {
            assert!(part(text), "{text}");
        }
        for text in ["budget_spent(p) < 120%", "availability(a.b) - availability(c.d) > 1%", "p99(a.b) < 1s"] {
            assert!(!part(text), "{text}");
        }
        let two_runs = Estimate { mean: 0.97, low: 0.75, high: 1.19 };
        assert_eq!(within(two_runs, true), Estimate { high: 1.0, ..two_runs });
        assert_eq!(within(two_runs, false), two_runs);
        let few = Estimate { mean: 0.002, low: -0.01, high: 0.014 };
        assert_eq!(within(few, true).low, 0.0);
    }
}
