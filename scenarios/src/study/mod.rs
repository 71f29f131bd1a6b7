//! Studies: many replications of a model, merged to one answer. The only threads that simulate are in `replicate`.
//!
//! Each replication is run and judged in a worker, and merged in the order of its number, so that any number of threads gives the same bytes.
//! `interval` holds the statistics, `one` a replication, `verdicts` what is judged of all, `gather` what else is kept of them, and the other files
//! make the parts of the [`StudyResult`] from it.

mod anytime;
mod arithmetic;
pub mod baseline;
pub mod capacity;
pub mod compare;
mod course;
pub mod decide;
mod deploy;
mod detector;
mod experiment;
mod fills;
pub mod gate;
mod gather;
mod incident;
pub mod interval;
mod judge;
mod kind;
pub mod knee;
mod links;
mod losses;
mod measured;
pub mod memory;
pub mod metastability;
mod modes;
mod one;
mod paired;
mod precision;
mod probes;
mod quantile;
pub mod replicate;
mod runbook;
mod series;
mod sites;
mod stages;
mod summary;
mod sums;
pub mod sweep;
pub mod system;
mod verdicts;
mod wanted;
mod wrong;

use crate::written::precision::PrecisionSettings;
use crate::{Files, Loaded, Report, Set, check};
pub use course::RunStudy;
pub use kind::{Stop, Study, Watch};
use sim_core::expression::Value;
use sim_core::problem::{Problem, Problems};
use sim_core::results::StudyResult;
use sim_core::units::Count;
use std::ops::ControlFlow;

/// How a study is run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Seed of all random numbers.
    pub seed: u64,
    /// How many replications; with a precision, in a batch.
    pub replications: u32,
    /// How precise the answer has to be, for which more batches are run.
    pub precision: Option<PrecisionSettings>,
    /// Replications at most, where more are run than `replications` as long as a verdict is inconclusive; `None` where they are not.
    pub goes_on_to: Option<u32>,
    /// On how many threads; changes no result.
    pub threads: usize,
}

impl Plan {
    /// What the scenario says, on `threads` threads.
    pub fn of(loaded: &Loaded, threads: usize) -> Self {
        let run = &loaded.written.run;
        let (seed, replications) = (run.seed, run.replications.get_u32());
        Self { seed, replications, precision: run.precision.clone(), goes_on_to: None, threads }
    }

    /// The same, going on while a verdict is inconclusive, up to the usual bound. A precision has its own rule.
    #[must_use]
    pub fn until_certain(self) -> Self {
        let goes_on_to = self.precision.is_none().then(|| course::bound(self.replications));
        Self { goes_on_to, ..self }
    }

    /// Replications at most.
    pub fn most(&self) -> u32 {
        let more = self.goes_on_to.unwrap_or(self.replications);
        self.precision.as_ref().map_or(more.max(self.replications), |p| p.most(self.replications))
    }

    /// The values that have to be precise.
    pub fn asked(&self) -> &[Value] {
        self.precision.as_ref().map_or(&[], |precision| &precision.of)
    }

    /// Problems of a precision that the scenario does not write itself; `variants` are those that were loaded.
    pub fn check(&self, loaded: &Loaded, variants: &[(String, Loaded)]) -> Vec<Problem> {
        let Some(precision) = &self.precision else { return Vec::new() };
        let names = variants.iter().map(|(name, variant)| (name.clone(), variant.names.clone())).collect();
        let mut problems = Problems::new();
        precision.validate(Count::new(u64::from(self.replications)), &mut problems);
        check::precision(precision, &loaded.written, &loaded.names, &names, &mut problems);
        problems.into_vec()
    }

    /// The names of the variants that clauses of `expect` and the precision speak of.
    pub fn variants(&self, loaded: &Loaded) -> Vec<String> {
        let mut names = variants_needed(loaded);
        let precision = self.precision.iter().flat_map(|p| &p.of).flat_map(Value::variants).map(str::to_owned);
        names.extend(precision);
        names.sort();
        names.dedup();
        names
    }
}

/// Runs all replications of a scenario and makes the answer of them. `progress(done, of)` may stop it; where it goes on, `of` grows.
/// `variants` are the variants of the scenario that clauses of `expect` speak of; each replication of them sees the same arrivals.
///
/// # Errors
/// If `progress` stopped it, be it after some replications.
pub fn run(
    loaded: &Loaded,
    variants: &[(String, Loaded)],
    plan: &Plan,
    progress: &(dyn Fn(u32, u32) -> ControlFlow<()> + Sync),
) -> Result<StudyResult, Stop> {
    let study = RunStudy { loaded, variants, plan }.run(&progress)?;
    if study.summary.stopped_early.is_some() { Err(Stop::Interrupted) } else { Ok(study) }
}

/// Loads a scenario, with the variants that clauses of `expect` and its precision speak of.
///
/// # Errors
/// A report of all that is wrong, with it or with one of these variants.
pub fn load(
    files: &dyn Files,
    path: &str,
    overlays: &[Set],
    variant: Option<&str>,
) -> Result<(Loaded, Vec<(String, Loaded)>), Report> {
    load_with(files, path, overlays, variant, Vec::new())
}

/// As [`load`], with those variants besides that something else speaks of.
///
/// # Errors
/// A report of all that is wrong, with it or with one of these variants.
pub fn load_with(
    files: &dyn Files,
    path: &str,
    overlays: &[Set],
    variant: Option<&str>,
    more: Vec<String>,
) -> Result<(Loaded, Vec<(String, Loaded)>), Report> {
    let loaded = crate::load(files, path, overlays, variant)?;
    let of_variant = |name: String| Ok((name.clone(), crate::load(files, path, overlays, Some(&name))?));
    let mut needed = Plan::of(&loaded, 1).variants(&loaded);
    needed.extend(more);
    needed.sort();
    needed.dedup();
    let variants = needed.into_iter().map(of_variant).collect::<Result<_, Report>>()?;
    Ok((loaded, variants))
}

/// The names of the variants that clauses of `expect` speak of.
pub fn variants_needed(loaded: &Loaded) -> Vec<String> {
    let mut names: Vec<String> = loaded
        .written
        .clauses()
        .flat_map(|clause| clause.variants().into_iter().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    names.sort();
    names.dedup();
    names
}
