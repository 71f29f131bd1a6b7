//! The gate: a study that is looked at while it runs, and ends as soon as all its verdicts are certain.
//!
//! It is looked at when replications are merged, in the order of their numbers, so that the number of threads decides nothing. What
//! stands at a look is judged by intervals that hold at any time (`anytime`), so that looking often does not cheat.
//!
//! - **Without a budget** the replications of the file are run. It ends sooner where the bounds at 99 % decide all; else it is judged at
//!   the end as `run` judges, by intervals for a set number of replications at 95 %.
//! - **With a budget** everything is judged by the bounds at any time, at the confidence that is asked for, up to the budget.
//! - **With a baseline** at least the replications of the file are run: differences are looked for in a number that was set beforehand.

use super::Plan;
use super::anytime::AnyTime;
use super::interval::Critical;
use super::measured;
use super::one::One;
use super::replicate::{Interrupted, replicate};
use super::verdicts::Verdicts;
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
        ends && is_looked_at(self.replications) && self.is_certain()
    }

    fn is_certain(&self) -> bool {
        let critical = self.gate.bounds();
        let open = |p: &PromiseSummary| p.verdict == Verdict::Inconclusive && p.denied_by.is_none();
        !self.judged.of_promises(self.loaded, critical).iter().any(open)
            && !self.judged.of_hypotheses(self.loaded, critical).iter().any(open)
            && !self.judged.of_clauses(self.loaded, critical).iter().any(open)
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
            (self.judged.of_promises(loaded, critical), self.judged.of_clauses(loaded, critical));
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
fn is_looked_at(replications: u32) -> bool {
    let step = (replications / 16).max(1);
    replications.is_multiple_of(1 << step.ilog2())
}

/// Runs a scenario until all its verdicts are certain, or as many replications as it may. `progress(done, of)` may stop it.
///
/// # Errors
/// If `progress` stopped it.
pub fn run(
    loaded: &Loaded,
    variants: &[(String, Loaded)],
    plan: &Plan,
    gate: &Gate,
    progress: &(dyn Fn(u32, u32) -> ControlFlow<()> + Sync),
) -> Result<Checked, Interrupted> {
    let certain = AtomicBool::new(false);
    let mut watched = Watched::new(loaded, gate, plan);
    let one = |number: u32| One::run(loaded, variants, &[], plan.seed, number);
    let merge = |_, one: One| {
        if watched.merge(&one) {
            certain.store(true, Ordering::Relaxed);
        }
    };
    let progress = |done, of| {
        if certain.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { progress(done, of) }
    };
    let ended = replicate(gate.most(plan), plan.threads, one, merge, &progress);
    let certain = certain.into_inner();
    if !certain {
        ended?;
    }
    Ok(watched.answer(certain))
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
