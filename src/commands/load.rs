//! Scenarios as commands load them: with what the command line sets, their warnings shown, and whether they fit into memory.

use crate::arguments::{PrecisionArgs, StudyArgs};
use crate::output;
use crate::project::project;
use crate::refused;
use anyhow::{Result, bail};
use scenarios::study::{self, Plan};
use scenarios::written::precision::PrecisionSettings;
use scenarios::written::studies::StudySettings;
use scenarios::written::studies::question::Commanded;
use scenarios::{Loaded, Report, Set};
use sim_core::problem::Problem;
use sim_core::units::Count;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// Loads a scenario and shows its warnings. `Err` is all that is wrong.
pub fn loaded(path: &str, sets: &[Set], variant: Option<&str>) -> Result<Loaded, Box<Report>> {
    let loaded = scenarios::load(project(), path, sets, variant)?;
    warn(&loaded.warnings);
    Ok(loaded)
}

/// Shows the warnings of a scenario that is loaded. A command that loads a scenario again shows them once.
pub fn warn(warnings: &Report) {
    static SHOWN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    if warnings.problems.is_empty() {
        return;
    }
    let text = warnings.render(output::colours(&std::io::stderr()));
    if SHOWN.lock().unwrap_or_else(PoisonError::into_inner).insert(text.clone()) {
        output::say(&text);
    }
}

/// Values of paths, as `--set` writes them.
pub fn sets(texts: &[String]) -> Result<Vec<Set>> {
    let mut sets = Vec::new();
    for text in texts {
        match Set::parse(text) {
            Some(set) => sets.push(set),
            None => bail!("--set {text}: expected PATH=VALUE, such as services.api.instances=4"),
        }
    }
    Ok(sets)
}

/// A scenario that can be run, and how.
pub struct Ready {
    pub loaded: Loaded,
    /// The variants that its clauses speak of.
    pub variants: Vec<(String, Loaded)>,
    pub plan: Plan,
}

/// Loads a scenario and the variants that its clauses speak of, and shows the warnings. `Err` is all that is wrong.
pub fn ready(
    path: &str,
    args: &StudyArgs,
    precision: &PrecisionArgs,
    variant: Option<&str>,
) -> Result<Result<Ready, Box<Report>>> {
    let sets = sets(&args.set)?;
    let mut loaded = match loaded(path, &sets, variant) {
        Ok(loaded) => loaded,
        Err(report) => return Ok(Err(report)),
    };
    let plan = precise(plan(&loaded, args), precision);
    let mut variants = Vec::new();
    for name in plan.variants(&loaded) {
        match scenarios::load(project(), path, &sets, Some(&name)) {
            Ok(variant) => variants.push((name, variant)),
            Err(report) => return Ok(Err(Box::new(report))),
        }
    }
    // What is asked on the command line stands in no file.
    if let Some(problem) = plan.check(&loaded, &variants).into_iter().next() {
        return Ok(Err(Box::new(Report::unreadable(path, problem))));
    }
    if let Some(problem) = too_large(&loaded, &variants, &plan, args) {
        return Ok(Err(Box::new(Report::unreadable(path, problem))));
    }
    let all = std::iter::once(&mut loaded).chain(variants.iter_mut().map(|(_, variant)| variant));
    all.for_each(|loaded| loaded.counts_for(plan.asked()));
    Ok(Ok(Ready { loaded, variants, plan }))
}

/// Why a study would need more memory than is allowed; `None` if it does not.
fn too_large(loaded: &Loaded, variants: &[(String, Loaded)], plan: &Plan, args: &StudyArgs) -> Option<Problem> {
    study::memory::refused(loaded, variants, plan, args.memory.unwrap_or_else(crate::memory::half))
}

/// Whether a study needs no more memory than is allowed.
///
/// # Errors
/// If it needs more.
pub fn fits(loaded: &Loaded, plan: &Plan, args: &StudyArgs) -> Result<()> {
    match too_large(loaded, &[], plan, args) {
        Some(problem) => Err(refused::scenario(&Report::unreadable(&loaded.path, problem))),
        None => Ok(()),
    }
}

/// How the study is run: as the file says, where the command line says nothing else.
pub fn plan(loaded: &Loaded, args: &StudyArgs) -> Plan {
    let mut plan = Plan::of(loaded, args.threads.map_or_else(cores, usize::from));
    plan.seed = args.seed.unwrap_or(plan.seed);
    plan.replications = args.replications.unwrap_or(plan.replications);
    plan
}

/// The same, with as many replications of each setting as the budget of a study allows, where the command line says nothing else.
pub fn plan_within(loaded: &Loaded, study: &StudySettings, args: &StudyArgs) -> Plan {
    let mut plan = plan(loaded, args);
    if let (Some(budget), None) = (study.budget, args.replications) {
        plan.replications = budget.replications.get_u32();
    }
    plan
}

/// The same, with the precision that the command line asks for.
fn precise(mut plan: Plan, args: &PrecisionArgs) -> Plan {
    if let Some(within) = args.precision {
        let written = plan.precision.take();
        let of = written.as_ref().map_or_else(Vec::new, |p| p.of.clone());
        plan.precision = Some(PrecisionSettings {
            within,
            of: if args.precision_of.is_empty() { of } else { args.precision_of.clone() },
            cap: args.precision_cap.map(|cap| Count::new(u64::from(cap))).or(written.and_then(|p| p.cap)),
        });
    }
    plan
}

/// Threads where the command line names no number of them.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// The study that is meant of those that ask a question, with its name and what it asks: the one that is named, or the only one of the
/// file. `None` where none is named and the file has none.
///
/// # Errors
/// If the file has no study of that name, or several and none is named.
pub fn study_of<'l, Q: Commanded>(
    file: &str,
    loaded: &'l Loaded,
    named: Option<&str>,
) -> Result<Option<(&'l str, &'l StudySettings, Q)>> {
    let (one, many) = Q::CALLED;
    let studies = loaded.written.studies.iter();
    let all: Vec<_> = studies.filter_map(|(name, study)| Some((name, study, Q::of(&study.ask)?.clone()))).collect();
    let names = all.iter().map(|(name, ..)| *name).collect::<Vec<_>>().join(", ");
    match (named, all.len()) {
        (Some(_), 0) => bail!("{file} has no {one} in its studies"),
        (Some(wanted), _) => match all.into_iter().find(|(name, ..)| *name == wanted) {
            Some(found) => Ok(Some(found)),
            None => bail!("{file} has no {one} called {wanted}; {many} here: {names}"),
        },
        (None, 0 | 1) => Ok(all.into_iter().next()),
        (None, _) => bail!("{file} has several {many}: name one of {names} with --study"),
    }
}
