//! The tables of a comparison: numbers with the interval of their difference, and promises with the shares of runs that keep them.

use super::super::interval::{Confidence, Critical, first};
use super::super::judge;
use super::super::paired::{self, PairCounts, Sample};
use super::super::sums::SideSums;
use super::{AskedMetric, Candidate, Seen, metrics};
use sim_core::expression::{Clause, Metric, Tree, Value};
use sim_core::results::compare::{Change, PromiseRow, RowKind, RowMetric, ValueRow};
use sim_core::results::{Estimate, PromiseSummary, Unit};

const AT_95: Confidence = Confidence::AT_95;

/// A value of both systems, pair by pair.
struct Both<'a> {
    a: &'a [Option<f64>],
    b: &'a [Option<f64>],
    /// Samples that stand for percentiles of all answers, where all replications of both have data.
    whole: Option<(Sample, Sample)>,
    estimates: (Option<Estimate>, Option<Estimate>),
}

/// A row for each value that either system has, and for what an incident costs.
pub fn rows(asked: &[AskedMetric], a: &Seen, b: &Seen) -> Vec<ValueRow> {
    let values = asked.iter().enumerate().filter_map(|(place, asked)| of_value(place, asked, a, b));
    let estimate = |each: &[Option<f64>]| Sample::of(each.iter().flatten().copied().collect());
    let estimate = |each: &[Option<f64>]| super::super::interval::mean(&estimate(each)?.values);
    let both =
        Both { a: &a.incident, b: &b.incident, whole: None, estimates: (estimate(&a.incident), estimate(&b.incident)) };
    let incident = row("cost of an incident".to_owned(), RowKind::Money, (Unit::Money, 1.0), Some(true), &both);
    values.chain(incident).collect()
}

fn of_value(place: usize, asked: &AskedMetric, a: &Seen, b: &Seen) -> Option<ValueRow> {
    let all = |each: &[Option<f64>]| each.iter().all(Option::is_some);
    let part = judge::is_part(asked.value.tree());
    let estimate = |sums: &SideSums| sums.estimate().map(|e| judge::within(e, part));
    let whole = || Some((a.sums[place].sample()?, b.sums[place].sample()?));
    let both = Both {
        a: &a.each[place],
        b: &b.each[place],
        whole: if all(&a.each[place]) && all(&b.each[place]) { whole() } else { None },
        estimates: (estimate(&a.sums[place]), estimate(&b.sums[place])),
    };
    // What costs nothing in either is no item of theirs.
    let nothing = |e: Option<Estimate>| e.is_none_or(|e| e.mean == 0.0 && e.half_width() == 0.0);
    if asked.kind == RowKind::Money && nothing(both.estimates.0) && nothing(both.estimates.1) {
        return None;
    }
    let unit = asked.value.measure().shown();
    let less = metrics::less_is_better(&asked.value);
    let row = row(asked.value.to_string(), asked.kind, unit, less, &both)?;
    Some(ValueRow { metric: metric_of(&asked.value), ..row })
}

/// The metric that a value is; `None` where it is made of several.
fn metric_of(value: &Value) -> Option<RowMetric> {
    let Tree::Metric(metric) = value.tree() else { return None };
    let (name, of) = (metric.metric.name(), metric.subject.clone());
    let scope = metric.words().split_off(metric.text().len());
    Some(RowMetric { name, of, scope })
}

/// A row; `None` where neither system has the value.
fn row(
    name: String,
    kind: RowKind,
    (unit, factor): (Unit, f64),
    less: Option<bool>,
    both: &Both<'_>,
) -> Option<ValueRow> {
    if both.estimates.0.is_none() && both.estimates.1.is_none() {
        return None;
    }
    let pairs: Vec<(f64, f64)> =
        both.a.iter().zip(both.b).filter_map(|(a, b)| Some(((*a)? * factor, (*b)? * factor))).collect();
    let samples = both.whole.clone().map(|(a, b)| (a.scale(factor), b.scale(factor))).or_else(|| of_pairs(&pairs));
    let scaled = |e: Option<Estimate>| e.map(|e| e.scale(factor));
    let base = ValueRow {
        name,
        kind,
        metric: None,
        unit,
        less_is_better: less,
        a: scaled(both.estimates.0),
        b: scaled(both.estimates.1),
        difference: None,
        change: None,
        b_better_in: less.map(|less| better_in(&pairs, less)),
        would_tell: None,
        narrower: None,
        pairs,
    };
    let Some((a, b)) = samples else { return Some(base) };
    let difference = paired::difference(&a, &b, true, AT_95);
    let e = difference.estimate;
    let change = change(e, difference.same, less);
    let alone = paired::difference(&a, &b, false, AT_95).estimate.half_width();
    let n = base.pairs.len() as u32;
    let open = change == Some(Change::NoneSeen);
    Some(ValueRow {
        difference: Some(e),
        change,
        would_tell: open.then(|| Critical::Fixed.would_narrow(e.half_width(), e.mean.abs(), n)).flatten(),
        narrower: (e.half_width() > 0.0 && alone > 0.0).then(|| alone / e.half_width()),
        ..base
    })
}

fn of_pairs(pairs: &[(f64, f64)]) -> Option<(Sample, Sample)> {
    let a = Sample::of(pairs.iter().map(|(a, _)| *a).collect())?;
    Some((a, Sample::of(pairs.iter().map(|(_, b)| *b).collect())?))
}

/// Pairs in which B is better, and all.
fn better_in(pairs: &[(f64, f64)], less: bool) -> (u32, u32) {
    let better = pairs.iter().filter(|(a, b)| if less { b < a } else { b > a }).count();
    (better as u32, pairs.len() as u32)
}

/// What a difference comes to; `None` where it is seen and neither direction is better.
fn change(difference: Estimate, same: bool, less: Option<bool>) -> Option<Change> {
    if same {
        return Some(Change::Same);
    }
    let (more, fewer) = (difference.low > 0.0, difference.high < 0.0);
    if !more && !fewer {
        return Some(Change::NoneSeen);
    }
    less.map(|less| if more == less { Change::Worse } else { Change::Better })
}

/// Whether a clause says of a system only that promises are held, or speaks of several: then the rest says it better.
fn speaks_of_others(clause: &Clause) -> bool {
    let metrics = clause.tree.metrics();
    metrics.iter().any(|m| m.scope.variant.is_some()) || metrics.iter().all(|m| m.metric == Metric::Held)
}

/// A promise, experiment, clause or invariant, and which replications keep it.
type Kept<'a> = (PromiseSummary, &'a [Option<bool>]);

fn kept<'a>(candidate: &Candidate, seen: &'a Seen) -> Vec<Kept<'a>> {
    let (verdicts, loaded) = (&seen.verdicts, &candidate.loaded);
    let promises = verdicts.of_promises(loaded, Critical::Fixed).into_iter();
    let promises = promises.zip(verdicts.promises.iter().map(|sums| sums.keeps.as_slice()));
    let experiments = verdicts.of_hypotheses(loaded, Critical::Fixed).into_iter();
    let experiments = experiments.zip(verdicts.experiments.iter().map(|sums| sums.held().keeps.as_slice()));
    let clauses = verdicts.of_clauses(loaded, Critical::Fixed, 0).into_iter();
    let clauses = clauses.zip(verdicts.clauses.iter().map(|sums| sums.keeps.as_slice()));
    let clauses = clauses.zip(loaded.written.clauses()).filter(|(_, clause)| !speaks_of_others(clause));
    promises.chain(experiments).chain(clauses.map(|(kept, _)| kept)).collect()
}

/// A row for each promise, experiment and clause of either system, by its name.
pub fn promises(a: &Candidate, of_a: &Seen, b: &Candidate, of_b: &Seen) -> Vec<PromiseRow> {
    let (of_a, of_b) = (kept(a, of_a), kept(b, of_b));
    let find = |all: &[Kept<'_>], name: &str| all.iter().position(|(summary, _)| summary.name == name);
    let in_a = of_a.iter().map(|left| promise(Some(left), find(&of_b, &left.0.name).map(|at| &of_b[at])));
    let only_b = of_b.iter().filter(|right| find(&of_a, &right.0.name).is_none());
    in_a.chain(only_b.map(|right| promise(None, Some(right)))).collect()
}

fn promise(a: Option<&Kept<'_>>, b: Option<&Kept<'_>>) -> PromiseRow {
    let name = a.or(b).map_or_else(String::new, |(summary, _)| summary.name.clone());
    let table = a.zip(b).map(|((_, a), (_, b))| PairCounts::of(a.iter().zip(*b).filter_map(|(a, b)| (*a).zip(*b))));
    let difference = table.and_then(|table| table.difference(AT_95));
    let same = table.is_some_and(|table| table.n() > 0 && table.only_a + table.only_b == 0);
    // That no pair differs says nothing of those that were not run, but of these there is not the least difference.
    let change = difference.and_then(|e| change(e, same, Some(false)));
    let open = change == Some(Change::NoneSeen);
    PromiseRow {
        name,
        invariant: a.or(b).is_some_and(|(summary, _)| summary.is_invariant()),
        a_verdict: a.map(|(summary, _)| summary.verdict),
        b_verdict: b.map(|(summary, _)| summary.verdict),
        a: a.and_then(|(summary, _)| summary.probability),
        b: b.and_then(|(summary, _)| summary.probability),
        difference: if same { Some(Estimate::exact(0.0)) } else { difference },
        only: table.map_or((0, 0), |table| (table.only_b, table.only_a)),
        change,
        would_tell: table.filter(|_| open).and_then(would_tell),
    }
}

/// How many pairs would show the difference, if all shares stay.
fn would_tell(table: PairCounts) -> Option<u32> {
    let n = table.n();
    if table.only_a == table.only_b {
        return None;
    }
    first(n, |more| {
        let grown = |count: u32| (f64::from(count) * f64::from(more) / f64::from(n)).round() as u32;
        let table = PairCounts {
            both: grown(table.both),
            only_a: grown(table.only_a),
            only_b: grown(table.only_b),
            neither: grown(table.neither),
        };
        table.difference(AT_95).is_some_and(|e| e.low > 0.0 || e.high < 0.0)
    })
}
