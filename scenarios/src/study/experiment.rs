//! Experiments over the replications: how often they ran, why not, what aborted them, and whether their hypotheses held.

use super::interval::{Critical, MeanSums, wilson};
use super::judge;
use super::sums::{ClauseSides, JudgedSums, SideSums, Times};
use crate::Loaded;
use sim_core::experiment::Experiment;
use sim_core::expression::{Clause, Metric, MetricRef, Tree};
use sim_core::judge::RunMetrics;
use sim_core::results::{
    About, Course, ExperimentRun, ExperimentSummary, Journal, JournalEntry, JournalKind, JournalValue, Made,
    PromiseSummary, Reason, RunResult, Unit, Words,
};

/// Journals of so many replications are kept.
pub(super) const MOST_JOURNALS: u32 = 1_000;

/// An experiment in one replication, judged.
pub struct Tried {
    journal: Journal,
    because: Vec<Words>,
    /// From its begin until its faults ended [s]; `None` where it has not begun.
    lasted_s: Option<f64>,
    clauses: Vec<ClauseSides>,
    /// All times of those sides of the clauses that are percentiles.
    times: Vec<Vec<[Times; 2]>>,
}

/// Sums of an experiment.
pub struct ExperimentSums {
    held: JudgedSums,
    ran: u32,
    not_run: u32,
    not_run_because: Vec<Reason>,
    aborted: u32,
    aborted_because: Vec<Reason>,
    aborted_after: MeanSums,
    clauses: Vec<JudgedSums>,
    sides: Vec<Vec<(SideSums, SideSums)>>,
    journals: Vec<Journal>,
}

/// Judges all experiments of a replication.
pub fn judge(loaded: &Loaded, run: &RunResult, metrics: &RunMetrics<'_>) -> Vec<Tried> {
    let all = loaded.model.experiments.iter().zip(&run.experiments).enumerate();
    all.map(|(place, (experiment, done))| Tried::of(place, experiment, done, run, metrics)).collect()
}

impl Tried {
    /// Whether its hypothesis held; `None` without data.
    pub fn held(&self) -> Option<bool> {
        self.journal.held
    }

    fn of(
        place: usize,
        experiment: &Experiment,
        done: &ExperimentRun,
        run: &RunResult,
        metrics: &RunMetrics<'_>,
    ) -> Self {
        let of = |_: Option<&str>| Some(metrics);
        let has_run = done.course.has_run();
        let judged = |clause: &Clause| if has_run { (clause.sides(&of), clause.kept(&of)) } else { (Vec::new(), None) };
        let clauses: Vec<ClauseSides> = experiment.hypothesis.iter().map(judged).collect();
        let times = if has_run { experiment.hypothesis.iter().map(|c| c.times(&of)).collect() } else { Vec::new() };
        let mut entries = done.journal.clone();
        if has_run {
            let judged = experiment.hypothesis.iter().zip(&clauses);
            entries.extend(judged.map(|(clause, (_, kept))| claimed(clause, *kept, run, metrics)));
        }
        let (replication, held) = (run.replication, metrics.hypothesis(place));
        let lasted_s = done.spans.first().map(|span| (span.to_ns - span.from_ns) as f64 / 1e9);
        let journal = Journal { replication, course: done.course, held, entries };
        Self { journal, because: done.because.clone(), lasted_s, clauses, times }
    }
}

/// What the journal says of a clause of the hypothesis, at the end of the run.
fn claimed(clause: &Clause, kept: Option<bool>, run: &RunResult, metrics: &RunMetrics<'_>) -> JournalEntry {
    let value = |metric: &&MetricRef| {
        let (unit, factor) = metric.metric.measure().shown();
        JournalValue { of: metric.words().into(), value: metrics.value(metric).map(|value| value * factor), unit }
    };
    JournalEntry {
        at_s: run.measured_ns as f64 / 1e9,
        kind: JournalKind::Hypothesis,
        text: clause.to_string().into(),
        holds: kept,
        values: clause.tree.metrics().iter().map(value).collect(),
        bounds: Vec::new(),
    }
}

fn count(reasons: &mut Vec<Reason>, because: &[Words]) {
    for condition in because {
        match reasons.iter_mut().find(|reason| reason.condition == *condition) {
            Some(reason) => reason.runs += 1,
            None => reasons.push(Reason { condition: condition.clone(), runs: 1 }),
        }
    }
}

impl ExperimentSums {
    /// Nothing yet.
    pub fn new(experiment: &Experiment) -> Self {
        let sides = |clause: &Clause| vec![<(SideSums, SideSums)>::default(); clause.tree.leaves().len()];
        Self {
            held: JudgedSums::default(),
            ran: 0,
            not_run: 0,
            not_run_because: Vec::new(),
            aborted: 0,
            aborted_because: Vec::new(),
            aborted_after: MeanSums::default(),
            clauses: experiment.hypothesis.iter().map(|_| JudgedSums::default()).collect(),
            sides: experiment.hypothesis.iter().map(sides).collect(),
            journals: Vec::new(),
        }
    }

    /// Adds the next replication.
    pub fn merge(&mut self, tried: &Tried) {
        let course = tried.journal.course;
        self.ran += u32::from(course.has_run());
        if course == Course::NotRun {
            self.not_run += 1;
            count(&mut self.not_run_because, &tried.because);
        }
        if course == Course::Aborted {
            self.aborted += 1;
            count(&mut self.aborted_because, &tried.because);
            tried.lasted_s.into_iter().for_each(|s| self.aborted_after.add(s));
        }
        self.held.keeps.push(tried.journal.held);
        if let Some(held) = tried.journal.held {
            self.held.judged += 1;
            self.held.kept += u32::from(held);
        }
        for (place, (sums, (sides, kept))) in self.clauses.iter_mut().zip(&tried.clauses).enumerate() {
            if let Some(kept) = kept {
                sums.judged += 1;
                sums.kept += u32::from(*kept);
            }
            let times = tried.times.get(place).map_or(&[][..], Vec::as_slice);
            for ((at, sides), [left, right]) in self.sides[place].iter_mut().zip(sides).zip(times) {
                if let Some(sides) = sides {
                    at.0.add(sides.left, left.as_ref());
                    at.1.add(sides.right, right.as_ref());
                }
            }
        }
        if tried.journal.replication < MOST_JOURNALS || self.is_first_of_its_kind(&tried.journal) {
            self.journals.push(tried.journal.clone());
        }
    }

    fn is_first_of_its_kind(&self, journal: &Journal) -> bool {
        let aborted = |journal: &Journal| journal.course == Course::Aborted;
        let broken = |journal: &Journal| journal.held == Some(false);
        aborted(journal) && !self.journals.iter().any(aborted) || broken(journal) && !self.journals.iter().any(broken)
    }

    /// Runs whose hypothesis held.
    pub fn held(&self) -> &JudgedSums {
        &self.held
    }

    /// All journals that were kept, in the order of their replications.
    pub fn journals(&self) -> impl Iterator<Item = &Journal> {
        self.journals.iter().filter(|journal| journal.replication < MOST_JOURNALS)
    }

    /// Journals of the first replication, of the first that was aborted and of the first in which the hypothesis did not hold.
    fn telling(&self) -> Vec<Journal> {
        let first = self.journals.first();
        let aborted = self.journals.iter().find(|journal| journal.course == Course::Aborted);
        let broken = self.journals.iter().find(|journal| journal.held == Some(false));
        let mut all: Vec<&Journal> = [first, aborted, broken].into_iter().flatten().collect();
        all.sort_by_key(|journal| journal.replication);
        all.dedup_by_key(|journal| journal.replication);
        all.into_iter().cloned().collect()
    }

    /// What became of it.
    pub fn summary(&self, experiment: &Experiment, loaded: &Loaded, critical: Critical) -> ExperimentSummary {
        let clauses = experiment.hypothesis.iter().enumerate();
        ExperimentSummary {
            judgement: self.judgement(experiment, &loaded.written.expect, critical),
            at_s: experiment.at_ns as f64 / 1e9,
            for_s: experiment.for_ns as f64 / 1e9,
            actions: experiment.says.iter().map(|says| says.as_str().into()).collect(),
            ran: self.ran,
            not_run: self.not_run,
            not_run_because: self.not_run_because.clone(),
            aborted: self.aborted,
            aborted_share: wilson(self.aborted, self.ran),
            aborted_because: self.aborted_because.clone(),
            aborted_after_s: self.aborted_after.estimate(),
            clauses: clauses
                .map(|(at, clause)| {
                    let path = format!("experiments.{}.hypothesis.{at}", experiment.name);
                    judge::claim(path, clause, &loaded.names, &self.clauses[at], &self.sides[at], critical)
                })
                .collect(),
            journals: self.telling(),
        }
    }

    /// What the hypothesis came to.
    pub fn judgement(&self, experiment: &Experiment, expect: &[Clause], critical: Critical) -> PromiseSummary {
        let (verdict, probability, would_settle) =
            judge::by_share(self.held.kept, self.held.judged, judge::NEEDED, critical);
        let spoken_of = spoken_of(experiment, expect);
        let claims: Vec<String> = experiment.hypothesis.iter().map(ToString::to_string).collect();
        PromiseSummary {
            name: experiment.name.clone(),
            says: format!("after {}: {}", experiment.says.join(", "), claims.join(", ")).into(),
            about: About::Hypothesis { of: experiment.name.clone() },
            made: Made::Hypothesis,
            verdict,
            probability,
            kept: self.held.kept,
            judged: self.held.judged,
            measured: Words::default(),
            expected: Words::default(),
            comparisons: Vec::new(),
            of_promise: None,
            band: None,
            observed: probability,
            never: 0,
            where_it_happened: None,
            promised: Some(judge::NEEDED),
            tolerance: None,
            at_most: false,
            unit: Unit::Share,
            note: self.note().into(),
            would_settle,
            path: format!("experiments.{}", experiment.name),
            denied_by: spoken_of.map(|place| format!("expect.{place}")),
            period_s: None,
            broken_in: None,
        }
    }

    /// Of runs without a hypothesis, and of aborted ones.
    fn note(&self) -> String {
        let first = |reasons: &[Reason]| reasons.first().map_or_else(String::new, |r| r.condition.to_string());
        let runs = |n: u32| if n == 1 { "1 run".to_owned() } else { format!("{n} runs") };
        match (self.ran, self.not_run, self.aborted) {
            (0, 0, _) => "Every run ended before it.".to_owned(),
            (0, ..) => format!("It was never run: {} did not hold.", first(&self.not_run_because)),
            (_, 0, 0) => String::new(),
            (_, 0, n) => format!("Aborted in {}: {}.", runs(n), first(&self.aborted_because)),
            (_, n, 0) => format!("Not run in {}: {} did not hold.", runs(n), first(&self.not_run_because)),
            (_, not, aborted) => format!("Not run in {}, aborted in {}.", runs(not), runs(aborted)),
        }
    }
}

/// The clause that speaks of an experiment.
pub fn spoken_of(experiment: &Experiment, expect: &[Clause]) -> Option<usize> {
    expect.iter().position(|clause| speaks_of(&clause.tree, &experiment.name))
}

/// Whether a clause speaks of the hypothesis of an experiment of the scenario itself, or says that it is not run and so has none.
fn speaks_of(tree: &Tree<MetricRef>, experiment: &str) -> bool {
    let is = |metric: &MetricRef, what: Metric| {
        let own = metric.scope.variant.as_deref().is_none_or(|variant| variant == "base");
        own && metric.metric == what && metric.subject.as_deref() == Some(experiment)
    };
    let is_not_run = match tree {
        Tree::Not(inner) => matches!(&**inner, Tree::Metric(metric) if is(metric, Metric::Ran)),
        Tree::And(left, right) => speaks_of(left, experiment) || speaks_of(right, experiment),
        _ => false,
    };
    is_not_run || tree.metrics().iter().any(|metric| is(metric, Metric::Hypothesis))
}
