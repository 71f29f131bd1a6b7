//! Studies: many replications of a model, merged to one answer. The only threads of the program are in `replicate`.
//!
//! Each replication is run and judged in a worker, and merged in the order of its number, so that any number of threads gives the
//! same bytes. `interval` holds the statistics, `gather` what is kept of the replications, and the other files make the parts of the
//! [`StudyResult`] from it.

mod gather;
pub mod interval;
mod judge;
pub mod replicate;
mod series;
mod summary;

use crate::Loaded;
use gather::{Gathered, One};
use replicate::Interrupted;
use sim_core::results::StudyResult;
use std::ops::ControlFlow;

/// How a study is run.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Seed of all random numbers.
    pub seed: u64,
    /// How many replications.
    pub replications: u32,
    /// On how many threads; changes no result.
    pub threads: usize,
}

impl Plan {
    /// What the scenario says, on `threads` threads.
    pub fn of(loaded: &Loaded, threads: usize) -> Self {
        Self { seed: loaded.written.run.seed, replications: loaded.written.run.replications.get_u32(), threads }
    }
}

/// Runs all replications of a scenario and makes the answer of them. `progress(done, of)` may stop it. `variants` are the variants of
/// the scenario that clauses of `expect` speak of; each replication of them sees the same arrivals.
///
/// # Errors
/// If `progress` stopped it.
pub fn run(
    loaded: &Loaded,
    variants: &[(String, Loaded)],
    plan: Plan,
    progress: &(dyn Fn(u32, u32) -> ControlFlow<()> + Sync),
) -> Result<StudyResult, Interrupted> {
    let mut gathered = Gathered::new(loaded);
    let one = |number: u32| One::run(loaded, variants, plan.seed, number);
    replicate::replicate(plan.replications, plan.threads, one, |_, one| gathered.merge(loaded, &one), progress)?;
    Ok(summary::answer(loaded, plan, &gathered))
}

/// The names of the variants that clauses of `expect` speak of.
pub fn variants_needed(loaded: &Loaded) -> Vec<String> {
    let mut names: Vec<String> = loaded
        .written
        .expect
        .iter()
        .flat_map(|clause| clause.variants().into_iter().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    names.sort();
    names.dedup();
    names
}
