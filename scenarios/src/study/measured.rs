//! The numbers of a scenario that a baseline keeps: those that its promises and clauses are judged by.
//!
//! Of a promise the number that it is about and the share of runs that keep it, of an experiment the share of runs whose hypothesis holds.
//! Of a clause that is judged by runs their share, of others the
//! left side of each comparison that says which way is better, or the difference of both sides where both are measured.

use super::judge;
use super::paired::Sample;
use super::sums::{JudgedSums, SideSums};
use super::verdicts::Verdicts;
use crate::Loaded;
use sim_core::expression::{Clause, CompareOp, Leaf, Measure, MetricRef, Tree};
use sim_core::promise::Promise;
use sim_core::results::Unit;
use sim_core::results::gate::{Measured, Number};

/// Digits to which values are stored.
const DIGITS: usize = 9;

/// What a baseline keeps of a study.
pub fn of(judged: &Verdicts, loaded: &Loaded) -> Vec<Measured> {
    let clauses = &loaded.written.expect;
    let promises = loaded.model.promises.iter().zip(&judged.promises);
    let kept = promises.filter(|(promise, _)| !clauses.iter().any(|clause| clause.denies(&promise.name)));
    let mut all: Vec<Measured> = kept.flat_map(|(promise, sums)| of_promise(promise, sums)).collect();
    for (experiment, sums) in loaded.model.experiments.iter().zip(&judged.experiments) {
        let path = format!("experiments.{}", experiment.name);
        let number = Number::Runs(experiment.name.clone());
        all.push(runs(format!("{path} kept"), number, &path, sums.held()));
    }
    for (place, clause) in clauses.iter().enumerate() {
        all.extend(of_clause(place, clause, &judged.clauses[place], &judged.sides[place]));
    }
    all
}

fn of_promise(promise: &Promise, sums: &JudgedSums) -> [Measured; 2] {
    let path = format!("promises.{}", promise.name);
    let values = Sample::of(sums.values.iter().flatten().copied().collect());
    [
        Measured {
            number: Some(Number::Of(promise.name.clone())),
            ..measured(path.clone(), &path, promise.unit(), promise.at_most(), values)
        },
        runs(format!("{path} kept"), Number::Runs(promise.name.clone()), &path, sums),
    ]
}

fn of_clause(place: usize, clause: &Clause, sums: &JudgedSums, sides: &[(SideSums, SideSums)]) -> Vec<Measured> {
    let path = format!("expect.{place}");
    if judge::needed(clause).is_some() {
        return vec![runs(clause.to_string(), Number::Clause, &path, sums)];
    }
    let leaves = directed(&clause.tree, false);
    let several = leaves.len() > 1;
    let each = leaves.iter().zip(sides).enumerate().filter_map(|(number, ((leaf, denied), (left, right)))| {
        let less_is_better = matches!(leaf.op(), CompareOp::Less | CompareOp::AtMost) != *denied;
        let metric = leaf.trees()[0].and_then(Tree::measure);
        let name = if several { format!("{clause} ({})", number + 1) } else { clause.to_string() };
        if matches!(leaf.op(), CompareOp::Equal | CompareOp::NotEqual) {
            return None;
        }
        let sample =
            if leaf.bound().is_some() || leaf.trees()[1].is_none() { left.sample() } else { minus(left, right) };
        let (unit, factor) = if metric == Some(Measure::Truth) { (Unit::Share, 1.0) } else { judge::unit_of(metric) };
        let sample = sample.map(|sample| sample.scale(factor));
        Some(measured(name, &path, unit, less_is_better, sample))
    });
    each.collect()
}

/// The comparisons of a condition, in the order of the text, each with whether it is denied.
fn directed(tree: &Tree<MetricRef>, denied: bool) -> Vec<(Leaf<'_, MetricRef>, bool)> {
    match tree {
        Tree::And(left, right) | Tree::Or(left, right) => {
            let mut all = directed(left, denied);
            all.extend(directed(right, denied));
            all
        }
        Tree::Not(inner) => directed(inner, !denied),
        tree => tree.leaves().into_iter().map(|leaf| (leaf, denied)).collect(),
    }
}

/// Left minus right, where both have as many values.
fn minus(left: &SideSums, right: &SideSums) -> Option<Sample> {
    let (left, right) = (left.sample()?, right.sample()?);
    let fit = left.group == right.group && left.values.len() == right.values.len();
    let values = left.values.iter().zip(&right.values).map(|(l, r)| l - r).collect();
    fit.then_some(Sample { estimate: left.estimate - right.estimate, group: left.group, values })
}

/// Runs that keep it.
fn runs(name: String, number: Number, path: &str, sums: &JudgedSums) -> Measured {
    let keeps = sums.keeps.iter().flatten().map(|kept| f64::from(u8::from(*kept))).collect();
    Measured { number: Some(number), ..measured(name, path, Unit::Share, false, Sample::of(keeps)) }
}

fn measured(name: String, path: &str, unit: Unit, less_is_better: bool, sample: Option<Sample>) -> Measured {
    let sample = sample.unwrap_or(Sample { estimate: 0.0, group: 1, values: Vec::new() });
    Measured {
        name,
        unit,
        less_is_better,
        estimate: round(sample.estimate),
        group: sample.group,
        values: sample.values.into_iter().map(round).collect(),
        number: Some(Number::Clause),
        path: path.to_owned(),
    }
}

/// A value to as many digits as are stored, so that what was stored and what is measured again are the same.
fn round(value: f64) -> f64 {
    format!("{value:.*e}", DIGITS - 1).parse().unwrap_or(value)
}
