//! What is judged and asked of the replications: sums of promises, of the clauses of `expect`, and of values that a study asks for.

use super::deploy::{self, DeploySums};
use super::experiment::{ExperimentSums, spoken_of};
use super::incident::IncidentSums;
use super::interval::Critical;
use super::judge;
use super::modes::ModesSums;
use super::one::One;
use super::runbook::RunbookSums;
use super::stages::LoopSums;
use super::sums::{JudgedSums, SideSums};
use crate::Loaded;
use sim_core::results::{ExperimentSummary, PromiseSummary, Verdict};

/// Sums of all that is judged and asked.
#[derive(Default)]
pub struct Verdicts {
    /// By promise.
    pub promises: Vec<JudgedSums>,
    /// By clause.
    pub clauses: Vec<JudgedSums>,
    /// Both sides of each comparison of each clause.
    pub sides: Vec<Vec<(SideSums, SideSums)>>,
    /// By value asked.
    pub asked: Vec<SideSums>,
    /// By experiment.
    pub experiments: Vec<ExperimentSums>,
    /// By deploy.
    pub deploys: Vec<DeploySums>,
    /// By runbook.
    pub runbooks: Vec<RunbookSums>,
    /// By fault: what followed it.
    pub loops: Vec<LoopSums>,
    /// Of all incidents.
    pub incidents: IncidentSums,
    /// Of the modes.
    pub modes: ModesSums,
}

impl Verdicts {
    /// Nothing yet, of a study that asks for so many values.
    pub fn new(loaded: &Loaded, asked: usize) -> Self {
        let clauses = || loaded.written.clauses();
        Self {
            promises: loaded.model.promises.iter().map(|_| JudgedSums::default()).collect(),
            clauses: clauses().map(|_| JudgedSums::default()).collect(),
            sides: clauses().map(|c| vec![<(SideSums, SideSums)>::default(); c.tree.leaves().len()]).collect(),
            asked: vec![SideSums::default(); asked],
            experiments: loaded.model.experiments.iter().map(ExperimentSums::new).collect(),
            deploys: deploy::of(&loaded.model),
            runbooks: loaded.model.runbooks.iter().map(|_| RunbookSums::default()).collect(),
            loops: Vec::new(),
            incidents: IncidentSums::default(),
            modes: ModesSums::new(&loaded.model),
        }
    }

    /// Adds the next replication.
    pub fn merge(&mut self, one: &One) {
        for (sums, judged) in self.promises.iter_mut().zip(&one.promises) {
            sums.values.push(judged.map(|j| j.value));
            sums.keeps.push(judged.map(|j| j.kept));
            if let Some(judged) = judged {
                sums.value.add(judged.value);
                sums.judged += 1;
                sums.kept += u32::from(judged.kept);
            }
        }
        for (place, (sides, kept)) in one.clauses.iter().enumerate() {
            let sums = &mut self.clauses[place];
            sums.values.push(sides.first().copied().flatten().map(|s| s.left));
            sums.keeps.push(*kept);
            if let Some(kept) = kept {
                sums.judged += 1;
                sums.kept += u32::from(*kept);
            }
            for ((at, sides), [left, right]) in self.sides[place].iter_mut().zip(sides).zip(&one.times[place]) {
                if let Some(sides) = sides {
                    at.0.add(sides.left, left.as_ref());
                    at.1.add(sides.right, right.as_ref());
                }
            }
        }
        self.experiments.iter_mut().zip(&one.tried).for_each(|(sums, tried)| sums.merge(tried));
        self.deploys.iter_mut().for_each(|sums| sums.merge(&one.run));
        self.runbooks.iter_mut().enumerate().for_each(|(place, sums)| sums.merge(&one.run, place));
        self.incidents.merge(&one.run);
        super::stages::merge(&mut self.loops, one);
        self.modes.merge(&one.run);
        for (sums, (value, times)) in self.asked.iter_mut().zip(&one.asked) {
            if let Some(value) = value {
                sums.add(*value, times.as_ref());
            }
        }
    }

    /// Whether all that a gate judges by bounds is held or broken: promises, experiments and clauses, and no invariants.
    pub fn is_certain(&self, loaded: &Loaded, critical: Critical) -> bool {
        let expect = &loaded.written.expect;
        let by_runs = |kept: u32, judged: u32| {
            judge::verdict_by_share(kept, judged, judge::NEEDED, critical) != Verdict::Inconclusive
        };
        let mut promises = loaded.model.promises.iter().zip(&self.promises);
        let mut experiments = loaded.model.experiments.iter().zip(&self.experiments);
        let mut clauses = expect.iter().zip(&self.clauses).zip(&self.sides);
        promises.all(|(promise, sums)| {
            by_runs(sums.kept, sums.judged) || expect.iter().any(|clause| clause.denies(&promise.name))
        }) && experiments.all(|(experiment, sums)| {
            by_runs(sums.held().kept, sums.held().judged) || spoken_of(experiment, expect).is_some()
        }) && clauses
            .all(|((clause, sums), sides)| judge::verdict(clause, sums, sides, critical) != Verdict::Inconclusive)
    }

    /// Whether each invariant is broken already: that all runs keep one is known after the last of them only. True without invariants.
    pub fn are_invariants_broken(&self, loaded: &Loaded) -> bool {
        self.clauses[loaded.written.expect.len()..].iter().all(|sums| sums.keeps.contains(&Some(false)))
    }

    /// The verdicts on the promises, in the order of the file.
    pub fn of_promises(&self, loaded: &Loaded, critical: Critical) -> Vec<PromiseSummary> {
        let promises = loaded.model.promises.iter().zip(&self.promises);
        promises.map(|(promise, sums)| judge::promise(promise, sums, &loaded.written.expect, critical)).collect()
    }

    /// What became of the experiments, in the order of the file.
    pub fn of_experiments(&self, loaded: &Loaded, critical: Critical) -> Vec<ExperimentSummary> {
        let experiments = loaded.model.experiments.iter().zip(&self.experiments);
        experiments.map(|(experiment, sums)| sums.summary(experiment, loaded, critical)).collect()
    }

    /// The verdicts on the hypotheses of the experiments, in the order of the file.
    pub fn of_hypotheses(&self, loaded: &Loaded, critical: Critical) -> Vec<PromiseSummary> {
        let experiments = loaded.model.experiments.iter().zip(&self.experiments);
        experiments.map(|(experiment, sums)| sums.judgement(experiment, &loaded.written.expect, critical)).collect()
    }

    /// The verdicts on the clauses of `expect`, and behind them on the invariants, in the order of the file, in runs with this seed.
    pub fn of_clauses(&self, loaded: &Loaded, critical: Critical, seed: u64) -> Vec<PromiseSummary> {
        let written = &loaded.written;
        let judged =
            |(at, clause)| judge::clause(at, clause, &loaded.names, &self.clauses[at], &self.sides[at], critical);
        let mut all: Vec<PromiseSummary> = written.clauses().enumerate().map(judged).collect();
        let behind = written.expect.len();
        for (place, (name, _)) in written.invariants.iter().enumerate() {
            judge::invariant(name, &mut all[behind + place], &self.clauses[behind + place], seed);
        }
        all
    }
}
