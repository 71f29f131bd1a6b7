//! The gate: a study that is looked at while it runs, and ends as soon as all its verdicts are certain.
//!
//! It is looked at when replications are merged, in the order of their numbers, so that the number of threads decides nothing. What
//! stands at a look is judged by intervals that hold at any time (`anytime`), so that looking often does not cheat.
//!
//! - **Without a budget** the replications of the file are run. It ends sooner where the bounds at 99 % decide all; else it is judged at
//!   the end as `run` judges, by intervals for a set number of replications at 95 %.
//! - **With a budget** everything is judged by the bounds at any time, at the confidence that is asked for, up to the budget.
//! - **With invariants** all are run, unless each invariant is broken before: that every run keeps one is known after the last only.
//! - **With a baseline** at least the replications of the file are run: differences are looked for in a number that was set beforehand.

use super::anytime::AnyTime;
use super::interval::Critical;
use super::measured;
use super::one::{Beside, One};
use super::replicate::replicate;
use super::verdicts::Verdicts;
use super::{Plan, Stop, Study, Watch};
use crate::Loaded;
use sim_core::engine::digest::Digest;
use sim_core::results::gate::{Checked, Ended, Measured};
use sim_core::results::{PromiseSummary, StoppedRun, StudyResult, Verdict};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

/// Confidence at which a study without a budget ends before its replications are run.
const EARLY: f64 = 0.99;

/// Confidence of intervals for a set number of replications.
const USUAL: f64 = 0.95;

/// How a scenario is judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gate {
    /// Replications at most, for verdicts by bounds that hold at any time; without, those of the plan are run.
    pub budget: Option<u32>,
    /// Confidence of these bounds, from 0 to 1.
    pub confidence: f64,
    /// Whether it ends as soon as all verdicts are certain.
    pub stop_when_certain: bool,
    /// Whether numbers are compared with a baseline, or are to become one.
    pub baseline: bool,
}

impl Default for Gate {
    fn default() -> Self {
        Self { budget: None, confidence: USUAL, stop_when_certain: true, baseline: false }
    }
}

impl Gate {
    /// Replications that it takes at most.
    pub fn most(&self, plan: &Plan) -> u32 {
        let own = self.budget.unwrap_or(plan.replications);
        if self.baseline { own.max(plan.replications) } else { own }
    }

    fn bounds(&self) -> Critical {
        Critical::AnyTime(AnyTime::new(if self.budget.is_some() { self.confidence } else { EARLY }))
    }
}

/// What is kept of the replications, and whether it is certain.
struct Watched<'a> {
    loaded: &'a Loaded,
    gate: &'a Gate,
    plan: &'a Plan,
    judged: Verdicts,
    replications: u32,
    digest: Digest,
    stopped: Vec<StoppedRun>,
    measured: Vec<Measured>,
}

impl<'a> Watched<'a> {
    fn new(loaded: &'a Loaded, gate: &'a Gate, plan: &'a Plan) -> Self {
        Self {
            loaded,
            gate,
            plan,
            judged: Verdicts::new(loaded, 0),
            replications: 0,
            digest: Digest::default(),
            stopped: Vec::new(),
            measured: Vec::new(),
        }
    }

    /// Adds the next replication and tells whether all is certain.
    fn merge(&mut self, one: &One) -> bool {
        self.replications += 1;
        self.digest.add(u64::from(one.run.replication), one.run.digest);
        if let Some(why) = &one.run.stopped {
            self.stopped.push(StoppedRun { replication: one.run.replication, why: why.clone() });
        }
        self.judged.merge(one);
        if self.gate.baseline && self.replications == self.plan.replications {
            self.measured = measured::of(&self.judged, self.loaded);
        }
        let enough = !self.gate.baseline || self.replications >= self.plan.replications;
        // At the last there is nothing to end.
        let ends = self.gate.stop_when_certain && enough && self.replications < self.gate.most(self.plan);
        ends && is_looked_at(self.replications)
            && self.judged.are_invariants_broken(self.loaded)
            && self.judged.is_certain(self.loaded, self.gate.bounds())
    }

    fn answer(self, certain: bool) -> Checked {
        let (loaded, gate, plan) = (self.loaded, self.gate, self.plan);
        let any_time = gate.budget.is_some() || certain;
        let critical = if any_time { gate.bounds() } else { Critical::Fixed };
        let confidence = match (any_time, gate.budget) {
            (false, _) => USUAL,
            (true, None) => EARLY,
            (true, Some(_)) => gate.confidence,
        };
        let (promises, expectations) =
            (self.judged.of_promises(loaded, critical), self.judged.of_clauses(loaded, critical, plan.seed));
        let hypotheses = self.judged.of_hypotheses(loaded, critical);
        let all = promises.iter().chain(&hypotheses).chain(&expectations);
        let is_open = |p: &&PromiseSummary| p.denied_by.is_none() && p.verdict == Verdict::Inconclusive;
        let open = all.filter(is_open).count();
        Checked {
            scenario: loaded.written.scenario.clone().unwrap_or_default(),
            seed: plan.seed,
            replications: self.replications,
            most: gate.most(plan),
            ended: match (certain, gate.budget) {
                (true, _) => Ended::Certain,
                (false, Some(_)) if open > 0 => Ended::Spent,
                _ => Ended::Complete,
            },
            confidence,
            any_time,
            digest: format!("{:016x}", self.digest.value()),
            stopped: self.stopped,
            precision: None,
            promises,
            experiments: hypotheses,
            expectations,
            places: loaded.places.clone(),
            measured: self.measured,
            against: Vec::new(),
        }
    }
}

/// Whether a study is looked at after so many replications: after each at first, then after each sixteenth part more.
pub(super) fn is_looked_at(replications: u32) -> bool {
    let step = (replications / 16).max(1);
    replications.is_multiple_of(1 << step.ilog2())
}

/// A scenario that is run until all its verdicts are certain, or as many replications as it may.
#[derive(Debug, Clone, Copy)]
pub struct GateStudy<'a> {
    /// The scenario.
    pub loaded: &'a Loaded,
    /// The variants that its clauses speak of.
    pub variants: &'a [(String, Loaded)],
    /// How it is run.
    pub plan: &'a Plan,
    /// How it is judged.
    pub gate: &'a Gate,
}

impl Study for GateStudy<'_> {
    type Answer = Checked;

    fn replications(&self) -> u32 {
        self.gate.most(self.plan)
    }

    fn run(self, watch: &dyn Watch) -> Result<Checked, Stop> {
        let Self { loaded, variants, plan, gate } = self;
        let certain = AtomicBool::new(false);
        let mut watched = Watched::new(loaded, gate, plan);
        let one = |number: u32| One::run(loaded, variants, &[], Beside::Asked, plan.seed, number);
        let merge = |_, one: One| {
            if watched.merge(&one) {
                certain.store(true, Ordering::Relaxed);
            }
        };
        let progress = |done, of| {
            if certain.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { watch.at(done, of) }
        };
        let ended = replicate(gate.most(plan), plan.threads, one, merge, &progress);
        let certain = certain.into_inner();
        if !certain {
            ended?;
        }
        Ok(watched.answer(certain))
    }
}

/// The verdicts of a study that ran until it was precise.
pub fn precise(loaded: &Loaded, plan: &Plan, study: StudyResult) -> Checked {
    let summary = study.summary;
    let most = summary.precision.as_ref().map_or(summary.replications, |p| p.cap);
    Checked {
        scenario: summary.scenario,
        seed: plan.seed,
        replications: summary.replications,
        most,
        ended: Ended::Complete,
        confidence: USUAL,
        any_time: false,
        digest: summary.digest,
        stopped: summary.stopped,
        precision: summary.precision,
        promises: summary.promises,
        experiments: summary.experiments.into_iter().map(|experiment| experiment.judgement).collect(),
        expectations: summary.expectations,
        places: loaded.places.clone(),
        measured: Vec::new(),
        against: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::judge;
    use super::super::sums::{JudgedSums, SideSums};
    use super::*;
    use sim_core::engine::math;
    use sim_core::expression::Clause;
    use sim_core::metrics::Histogram;

    /// Uniform numbers between 0 and 1 (splitmix64).
    struct Uniform(u64);

    impl Uniform {
        fn next(&mut self) -> f64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((z ^ (z >> 31)) >> 11) as f64 * 2.0_f64.powi(-53) + 2.0_f64.powi(-54)
        }
    }

    /// What a replication gives: the value, its times where it is a percentile, and whether it keeps the clause.
    type Drawn = (f64, Option<(f64, Histogram)>, bool);

    /// The verdict on a clause, looked at while its study runs up to so many replications, and after how many it ended.
    fn gate(clause: &Clause, most: u32, bound: f64, draw: &mut dyn FnMut() -> Drawn) -> (Verdict, u32) {
        let critical = Gate { budget: Some(most), ..Gate::default() }.bounds();
        let (mut sums, mut sides) = (JudgedSums::default(), vec![(SideSums::default(), SideSums::default())]);
        for replications in 1..=most {
            let (value, times, kept) = draw();
            sums.judged += 1;
            sums.kept += u32::from(kept);
            sides[0].0.add(value, times.as_ref());
            sides[0].1.add(bound, None);
            if is_looked_at(replications) {
                let verdict = judge::verdict(clause, &sums, &sides, critical);
                if verdict != Verdict::Inconclusive {
                    return (verdict, replications);
                }
            }
        }
        (Verdict::Inconclusive, most)
    }

    /// Share of studies that end with a verdict among `wrong`, and after how many replications they end on average.
    fn ends(
        text: &str,
        (studies, most): (u32, u32),
        bound: f64,
        wrong: &[Verdict],
        draw: &mut dyn FnMut() -> Drawn,
    ) -> (f64, f64) {
        let clause = Clause::parse(text).unwrap();
        let all: Vec<(Verdict, u32)> = (0..studies).map(|_| gate(&clause, most, bound, draw)).collect();
        let missed = all.iter().filter(|(verdict, _)| wrong.contains(verdict)).count();
        let spent: f64 = all.iter().map(|(_, n)| f64::from(*n)).sum();
        (missed as f64 / f64::from(studies), spent / f64::from(studies))
    }

    const DECIDED: [Verdict; 2] = [Verdict::Held, Verdict::Broken];

    #[test]
    fn at_the_boundary_at_most_one_verdict_in_twenty_is_wrong() {
        let mut u = Uniform(3);
        // Kept in just as many runs as are needed: broken is wrong; in a hair fewer: held is.
        for wrong in DECIDED {
            let text = "held(works) with probability 90%";
            let (missed, _) = ends(text, (400, 400), 0.5, &[wrong], &mut || (1.0, None, u.next() < 0.9));
            assert!(missed <= 0.05, "{wrong:?}: {missed}");
        }
        // The mean is just the bound, so that either verdict is wrong.
        let text = "mean(a.b) < 10ms";
        let (missed, _) =
            ends(text, (1000, 300), 0.01, &DECIDED, &mut || (0.005 - 0.005 * math::ln(u.next()), None, true));
        assert!(missed <= 0.05, "mean: {missed}");
    }

    #[test]
    fn percentiles_at_the_boundary_too() {
        let mut u = Uniform(8);
        // Runs differ: the mean of each is drawn, and the percentile of all is that of the mixture.
        let mut run = |slower: f64| {
            let mean_ms = if u.next() < 0.5 { 8.0 } else { 12.0 } * slower;
            let mut times = Histogram::new();
            (0..50).for_each(|_| times.record((-mean_ms * 1e6 * math::ln(u.next())) as u64));
            (times.quantile(0.9).unwrap_or(0.0) / 1e9, Some((0.9, times)), true)
        };
        // P(X > t) = (exp(-t/8) + exp(-t/12)) / 2 = 0.1 at t = 23.57 ms.
        let (missed, _) = ends("p90(a.b) < 1s", (200, 128), 0.02357, &DECIDED, &mut || run(1.0));
        assert!(missed <= 0.05, "{missed}");
        let (missed, spent) = ends("p90(a.b) < 1s", (40, 128), 0.02357, &[Verdict::Held], &mut || run(1.5));
        assert!(missed == 0.0 && spent < 30.0, "half as slow again: {missed} after {spent}");
    }

    #[test]
    fn clear_cases_end_early() {
        let mut u = Uniform(5);
        let mut spent = |text: &str, bound: f64, draw: &mut dyn FnMut(f64) -> Drawn| {
            ends(text, (200, 2000), bound, &[Verdict::Inconclusive], &mut || draw(u.next())).1
        };
        // Never kept, always kept, and kept in all but one run of fifty.
        let kept = "held(works) with probability 90%";
        assert_eq!(spent(kept, 0.5, &mut |_| (0.0, None, false)), 2.0);
        assert_eq!(spent(kept, 0.5, &mut |_| (1.0, None, true)), 42.0);
        let mostly = spent(kept, 0.5, &mut |u| (1.0, None, u < 0.98));
        assert!((60.0..140.0).contains(&mostly), "{mostly}");
        // A mean ten spreads away, and half of one.
        let mean = "mean(a.b) < 10ms";
        assert_eq!(spent(mean, 0.01, &mut |u| (0.004 + 0.002 * u, None, true)), 12.0);
        let near = spent(mean, 0.01, &mut |u| (0.0087 + 0.002 * u, None, true));
        assert!((30.0..90.0).contains(&near), "{near}");
    }
}
