//! One command a file; what several need stands here.

mod capacity;
mod check;
mod compare;
mod completions;
mod draw;
mod explain;
mod list;
mod man;
mod merge;
mod new;
mod report;
mod run;
mod schema;
mod show;
mod sweep;
mod validate;
mod verify;

use crate::cli::{Cli, Command, StudyArgs};
use crate::interrupt::Stopped;
use crate::progress::Progress;
use crate::project::{project, typed};
use crate::{named, output};
use anyhow::{Result, bail};
use scenarios::study::{self, Plan};
use scenarios::written::precision::PrecisionSettings;
use scenarios::{Loaded, Project, Report, Set};
use sim_core::problem::Problem;
use sim_core::results::StudyResult;
use sim_core::units::Count;
use std::ops::ControlFlow;
use std::path::PathBuf;

/// Done.
pub const OK: u8 = 0;
/// Could not run.
pub const CANNOT: u8 = 2;

/// Folders that the command line names to be searched for scenarios.
fn folders(command: &Command) -> Vec<PathBuf> {
    let paths = match command {
        Command::Check(args) => args.paths.clone(),
        Command::Validate(args) => args.paths.clone(),
        Command::List(args) => args.folder.clone().into_iter().collect(),
        _ => Vec::new(),
    };
    paths.into_iter().filter(|path| path.is_dir()).collect()
}

/// Puts the paths of built-in scenarios in the place of their names.
pub fn resolve(command: &mut Command) {
    let files: Vec<&mut PathBuf> = match command {
        Command::Run(args) => vec![&mut args.file],
        Command::Draw(args) => vec![&mut args.file],
        Command::Sweep(args) => vec![&mut args.file],
        Command::Capacity(args) => vec![&mut args.file],
        Command::Compare(args) => args.files.iter_mut().collect(),
        Command::Check(args) => args.paths.iter_mut().collect(),
        Command::Validate(args) => args.paths.iter_mut().collect(),
        _ => Vec::new(),
    };
    for file in files {
        if let Some(path) = named::builtin_of(file) {
            *file = path.into();
        }
    }
}

/// Runs a command and tells the exit status.
pub fn dispatch(cli: &Cli) -> Result<u8> {
    let mut project = Project::default();
    project.root.clone_from(&cli.root);
    project.outside = cli.allow_outside;
    project.folders = folders(&cli.command);
    if let Command::Validate(args) = &cli.command
        && args.paths.iter().any(|path| path.as_os_str() == "-")
    {
        project.texts.insert(named::STDIN.to_owned(), output::standard_input()?);
    }
    crate::project::keep(project);
    match &cli.command {
        Command::Run(args) => run::run(args),
        Command::Check(args) => check::run(args),
        Command::Compare(args) => compare::run(args),
        Command::Sweep(args) => sweep::run(args),
        Command::Capacity(args) => capacity::run(args),
        Command::Merge(args) => merge::run(args),
        Command::Report(args) => report::run(args),
        Command::Validate(args) => validate::run(args),
        Command::Verify(args) => verify::run(args),
        Command::List(args) => list::run(args),
        Command::Show(args) => show::run(args),
        Command::Draw(args) => draw::run(args),
        Command::Explain(args) => explain::run(args),
        Command::Schema => schema::run(),
        Command::New(args) => new::run(args),
        Command::Completions(args) => completions::run(args),
        Command::Man(args) => man::run(args),
    }
}

/// How text is printed.
fn style() -> reports::terminal::Style {
    let colour = output::colours(&std::io::stdout());
    reports::terminal::Style { colour, plain: output::is_plain(), width: output::width() }
}

/// The values of `--set`.
fn sets(args: &StudyArgs) -> Result<Vec<Set>> {
    sets_of(&args.set)
}

/// Values of paths, as they are written on the command line.
fn sets_of(texts: &[String]) -> Result<Vec<Set>> {
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
struct Ready {
    loaded: Loaded,
    /// The variants that its clauses speak of.
    variants: Vec<(String, Loaded)>,
    plan: Plan,
}

/// Loads a scenario and the variants that its clauses speak of; prints problems and warnings. `Err` is the exit status.
fn load(path: &str, args: &StudyArgs, variant: Option<&str>) -> Result<Result<Ready, u8>> {
    Ok(ready(path, args, variant)?.map_err(|report| complain(&report)))
}

/// Loads a scenario and the variants that its clauses speak of; prints warnings. `Err` is all that is wrong.
fn ready(path: &str, args: &StudyArgs, variant: Option<&str>) -> Result<Result<Ready, Box<Report>>> {
    let sets = sets(args)?;
    let loaded = match scenarios::load(project(), path, &sets, variant) {
        Ok(loaded) => loaded,
        Err(report) => return Ok(Err(Box::new(report))),
    };
    if !loaded.warnings.problems.is_empty() {
        output::say(&loaded.warnings.render(false));
    }
    let plan = plan(&loaded, args);
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
    Ok(Ok(Ready { loaded, variants, plan }))
}

/// Why a study would need more memory than is allowed; `None` if it does not.
fn too_large(loaded: &Loaded, variants: &[(String, Loaded)], plan: &Plan, args: &StudyArgs) -> Option<Problem> {
    study::memory::refused(loaded, variants, plan, args.memory.unwrap_or_else(crate::memory::half))
}

/// Prints why a study would need more memory than is allowed. `Err` is the exit status.
fn fits(loaded: &Loaded, plan: &Plan, args: &StudyArgs) -> Result<(), u8> {
    match too_large(loaded, &[], plan, args) {
        Some(problem) => Err(complain(&Report::unreadable(&loaded.path, problem))),
        None => Ok(()),
    }
}

/// How the study is run: as the file says, where the command line says nothing else.
fn plan(loaded: &Loaded, args: &StudyArgs) -> Plan {
    let mut plan = Plan::of(loaded, args.threads.map_or_else(cores, usize::from));
    plan.seed = args.seed.unwrap_or(plan.seed);
    plan.replications = args.replications.unwrap_or(plan.replications);
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

/// Says that no built-in scenario has this name.
fn unknown_scenario(name: &str) {
    output::say(&format!("error: no built-in scenario is called {name}\n"));
    let near = scenarios::builtin::like(name).map(|near| format!("did you mean {near}?"));
    output::say(&format!("hint: {}\n", near.unwrap_or_else(|| "windtunnel list names them all".to_owned())));
}

fn complain(report: &Report) -> u8 {
    let colour = output::colours(&std::io::stderr());
    output::say(&format!("{}{}\n", report.render(colour), report.closing()));
    CANNOT
}

/// Runs the study of a scenario, with a bar; one that ends after `stop_at` replications, if so many are named, as if it was stopped there.
fn study(ready: &Ready, stop_at: Option<u32>) -> Result<StudyResult> {
    let title = ready.loaded.written.scenario.clone().unwrap_or_default();
    let bar = Progress::new("running", &title, ready.plan.replications);
    let progress = |done: u32, of: u32| {
        let stop = stop_at == Some(done);
        if stop { ControlFlow::Break(()) } else { bar.at(done, of) }
    };
    let result = study::run_or_part(&ready.loaded, &ready.variants, &ready.plan, &progress);
    bar.finish();
    result.map_err(|_| Stopped::again("no replication was done, and nothing was written.").into())
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// What reports show of a scenario; `asked` is the variant and what was set, as arguments.
fn source(loaded: &Loaded, asked: String) -> reports::Source {
    reports::Source {
        file: loaded.path.clone(),
        text: loaded.text.clone(),
        question: loaded.written.question.clone().unwrap_or_default(),
        answer: loaded.written.answer.clone(),
        asked,
    }
}
