//! Comparisons: systems on the same random numbers, so that the interval is that of the difference and not of two estimates.
//!
//! All replications of all systems go through one line of work, replication by replication, and are merged in that order. What is
//! compared is asked as values of the expression language (`metrics`), which each system resolves by names of its own; a value that a system does
//! not have is no data. `differs` says in what the descriptions differ, `rows` makes the tables.

mod differs;
mod metrics;
mod rows;

pub(super) use metrics::less_is_better;

use super::one::{Beside, One};
use super::replicate::replicate;
use super::sums::SideSums;
use super::verdicts::Verdicts;
use super::{Plan, Stop, Study, Watch};
use crate::reader::Node;
use crate::{Files, Loaded, Report, Set, overlay};
use sim_core::engine::digest::Digest;
use sim_core::expression::Value;
use sim_core::results::compare::{Compared, Comparison, RowKind, System};

/// A system that is compared.
#[derive(Debug)]
pub struct Candidate {
    /// How the user names it: the file, or the variant.
    pub name: String,
    /// The variant that is meant; `None` for the file itself.
    pub variant: Option<String>,
    /// The scenario.
    pub loaded: Loaded,
    /// The variants that its clauses, and what is asked, speak of.
    pub variants: Vec<(String, Loaded)>,
    /// The description, with all overlays.
    tree: Option<Node>,
}

impl Candidate {
    /// Loads a scenario, or a variant of it, with all that it speaks of.
    ///
    /// # Errors
    /// A report of all that is wrong.
    pub fn load(files: &dyn Files, path: &str, sets: &[Set], variant: Option<&str>) -> Result<Self, Report> {
        let variant = variant.filter(|name| *name != "base");
        let loaded = crate::load(files, path, sets, variant)?;
        let mut variants = Vec::new();
        for name in super::variants_needed(&loaded) {
            variants.push((name.clone(), crate::load(files, path, sets, Some(&name))?));
        }
        let tree = overlay::tree(files, path, sets, variant);
        Ok(Self { name: path.to_owned(), variant: variant.map(str::to_owned), loaded, variants, tree })
    }
}

/// What is kept of one system.
struct Seen {
    verdicts: Verdicts,
    /// By value asked.
    sums: Vec<SideSums>,
    /// By value asked and replication.
    each: Vec<Vec<Option<f64>>>,
    /// Cost of one occurrence of what faults cause, by replication.
    incident: Vec<Option<f64>>,
    digest: Digest,
    stopped: u32,
    paired: u32,
}

impl Seen {
    fn new(candidate: &Candidate, asked: usize) -> Self {
        Self {
            verdicts: Verdicts::new(&candidate.loaded, 0),
            sums: vec![SideSums::default(); asked],
            each: vec![Vec::new(); asked],
            incident: Vec::new(),
            digest: Digest::default(),
            stopped: 0,
            paired: 0,
        }
    }

    fn merge(&mut self, one: &One) {
        self.verdicts.merge(one);
        self.digest.add(u64::from(one.run.replication), one.run.digest);
        self.stopped += u32::from(one.run.stopped.is_some());
        self.paired += u32::from(one.paired);
        self.incident.push(one.bill.per_incident());
        for (place, (value, times)) in one.asked.iter().enumerate() {
            self.each[place].push(*value);
            if let Some(value) = value {
                self.sums[place].add(*value, times.as_ref());
            }
        }
    }
}

/// A value that is compared.
struct AskedMetric {
    value: Value,
    kind: RowKind,
}

/// The first candidate compared with each of the others, with `plan.replications` pairs each.
#[derive(Clone, Copy)]
pub struct CompareStudy<'a> {
    /// The systems, at least one.
    pub candidates: &'a [Candidate],
    /// What is compared besides what always is.
    pub show: &'a [Value],
    /// How each is run.
    pub plan: &'a Plan,
}

impl Study for CompareStudy<'_> {
    type Answer = Comparison;

    /// Those of all systems.
    fn replications(&self) -> u32 {
        self.plan.replications * self.candidates.len() as u32
    }

    fn run(self, watch: &dyn Watch) -> Result<Comparison, Stop> {
        let Self { candidates, show, plan } = self;
        let asked = metrics::all(candidates, show);
        let values: Vec<Value> = asked.iter().map(|asked| asked.value.clone()).collect();
        let systems = candidates.len() as u32;
        let mut seen: Vec<Seen> = candidates.iter().map(|candidate| Seen::new(candidate, asked.len())).collect();
        let one = |number: u32| {
            let candidate = &candidates[(number % systems) as usize];
            // The values speak of no variants: each system is asked by itself.
            One::run(&candidate.loaded, &candidate.variants, &values, Beside::Priced, plan.seed, number / systems)
        };
        let merge = |number: u32, one: One| seen[(number % systems) as usize].merge(&one);
        let progress = |done: u32, of: u32| watch.at(done, of);
        replicate(plan.replications * systems, plan.threads, one, merge, &progress)?;
        Ok(answer(candidates, &asked, &seen, plan))
    }
}

fn answer(candidates: &[Candidate], asked: &[AskedMetric], seen: &[Seen], plan: &Plan) -> Comparison {
    let (a, of_a) = (&candidates[0], &seen[0]);
    let compared = |(b, of_b): (&Candidate, &Seen)| {
        let (differs, differs_more) = match (&a.tree, &b.tree) {
            (Some(a), Some(b)) => differs::all(a, b),
            _ => (Vec::new(), 0),
        };
        let rows = rows::rows(asked, of_a, of_b);
        let narrower = rows.iter().filter_map(|row| row.narrower).fold(None, |range: Option<(f64, f64)>, times| {
            Some(range.map_or((times, times), |(least, most)| (least.min(times), most.max(times))))
        });
        let promises = rows::promises(a, of_a, b, of_b);
        Compared { b: system(b, of_b), differs, differs_more, rows, promises, narrower }
    };
    let model = &a.loaded.model;
    Comparison {
        question: a.loaded.written.question.clone().unwrap_or_default(),
        seed: plan.seed,
        replications: plan.replications,
        runs_without_incidents: seen.iter().map(|of| of.paired).sum(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        simulated_s: model.run.duration.secs(),
        warm_up_s: model.run.warm_up.secs(),
        a: system(a, of_a),
        against: candidates.iter().zip(seen).skip(1).map(compared).collect(),
    }
}

fn system(candidate: &Candidate, seen: &Seen) -> System {
    System {
        name: candidate.name.clone(),
        file: candidate.loaded.path.clone(),
        variant: candidate.variant.clone(),
        scenario: candidate.loaded.written.scenario.clone().unwrap_or_default(),
        digest: format!("{:016x}", seen.digest.value()),
        stopped: seen.stopped,
        one_of: Some(candidate.loaded.model.run.one_of).filter(|one_of| *one_of > 1),
    }
}
