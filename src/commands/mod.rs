//! One command a file; what several need stands here.

mod capacity;
mod check;
mod compare;
mod completions;
mod decide;
mod draw;
mod explain;
mod export;
mod import;
mod knee;
mod list;
mod load;
mod man;
mod measured;
mod merge;
mod metastability;
mod new;
mod question;
mod report;
mod run;
mod schema;
mod show;
mod sweep;
mod validate;
mod verify;

use crate::cli::{Cli, Command};
use crate::interrupt::Stopped;
use crate::progress::Progress;
use crate::project::{project, typed};
use crate::{named, output, refused};
use anyhow::{Result, bail};
use load::Ready;
use reports::answer::Answer;
use scenarios::study::{RunStudy, Stop, Study, Watch};
use scenarios::written::named::Name;
use scenarios::{Loaded, Project};
use sim_core::problem::Problem;
use sim_core::results::StudyResult;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

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

/// The name of a command that only prints a text: it has no verdict and no progress.
fn text_of_words(command: &Command) -> Option<&'static str> {
    match command {
        Command::Explain(_) => Some("explain"),
        Command::Show(_) => Some("show"),
        Command::Schema => Some("schema"),
        Command::Completions(_) => Some("completions"),
        Command::Verify(args) if args.show => Some("verify --show"),
        _ => None,
    }
}

/// Puts the paths of built-in scenarios in the place of their names.
pub fn resolve(command: &mut Command) {
    let files: Vec<&mut PathBuf> = match command {
        Command::Run(args) => vec![&mut args.file],
        Command::Draw(args) => vec![&mut args.file],
        Command::Export(args) => vec![&mut args.file],
        Command::Sweep(args) => vec![&mut args.file],
        Command::Capacity(args) => vec![&mut args.asked.file],
        Command::Knee(args) => vec![&mut args.asked.file],
        Command::Metastability(args) => vec![&mut args.file],
        Command::Decide(args) => vec![&mut args.asked.file],
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
        project.texts.insert(named::STDIN.to_owned(), output::standard_input(scenarios::reader::parse::MAX_BYTES)?);
    }
    crate::project::keep(project);
    if cli.quiet
        && let Some(command) = text_of_words(&cli.command)
    {
        bail!("--quiet: {command} prints a text and nothing besides, so there is nothing to leave out");
    }
    match &cli.command {
        Command::Run(args) => run::run(args),
        Command::Check(args) => check::run(args),
        Command::Compare(args) => compare::run(args),
        Command::Sweep(args) => sweep::run(args),
        Command::Capacity(args) => capacity::run(args),
        Command::Knee(args) => knee::run(args),
        Command::Metastability(args) => metastability::run(args),
        Command::Decide(args) => decide::run(args),
        Command::Merge(args) => merge::run(args),
        Command::Report(args) => report::run(args),
        Command::Validate(args) => validate::run(args),
        Command::Export(args) => export::run(args),
        Command::Import(args) => import::run(args),
        Command::Verify(args) if args.measured => measured::run(args),
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

/// Promises that the command line names with `--OPTION`, all of which the scenario has.
///
/// # Errors
/// If one is not there; the message names those that are.
fn promises(option: &str, names: &[String], loaded: &Loaded) -> Result<Vec<Name>> {
    let promise = |name: &String| match loaded.written.promises.get(name) {
        Some(_) => Name::parse(name).map_err(anyhow::Error::msg),
        None => {
            let known: Vec<&str> = loaded.written.promises.names().collect();
            anyhow::bail!("--{option} {name}: no promise is called so; promises here: {}", known.join(", "))
        }
    };
    names.iter().map(promise).collect()
}

/// Runs a study with a bar that says what is `doing`. `path` is the scenario, and `lost` says what a study that is stopped leaves.
///
/// # Errors
/// If it was stopped, or cannot be run.
fn watched<S: Study>(study: S, doing: &str, title: &str, path: &str, lost: &str) -> Result<S::Answer> {
    let bar = Progress::new(doing, title, study.replications());
    let answer = study.run(&bar);
    bar.finish();
    answer.map_err(|stop| match stop {
        Stop::Interrupted => Stopped::again(lost).into(),
        Stop::Report(at, report) => {
            at.iter().for_each(|at| output::say(&format!("error: the scenario cannot be run at {at}\n")));
            refused::scenario(&report)
        }
        Stop::Problem(problem) => refused::value(&[path, &problem.path], &problem),
    })
}

/// Prints the answer of a study: as JSON, in a sentence, or as a terminal shows it, with `below` at its end.
fn tell(answer: &impl Answer, json: bool, below: &str) -> Result<()> {
    output::print(&match (json, output::is_quiet()) {
        (true, _) => answer.json()?,
        (_, true) => answer.sentence(&style()),
        _ => answer.terminal(&style()) + below,
    })
}

/// The line that says where the report lies.
fn report_line(out: &Path) -> String {
    format!("Report   {}\n", typed(&out.join("report.html")))
}

/// How text is printed.
fn style() -> reports::terminal::Style {
    let colour = output::colours(&std::io::stdout());
    reports::terminal::Style { colour, plain: output::is_plain(), width: output::width() }
}

/// That no built-in scenario has this name.
fn unknown_scenario(name: &str) -> anyhow::Error {
    let near = scenarios::builtin::like(name).map(|near| format!("did you mean {near}?"));
    let hint = near.unwrap_or_else(|| "windtunnel list names them all".to_owned());
    refused::value(&[], &Problem::error("", format!("no built-in scenario is called {name}")).hint(hint))
}

/// Runs the study of a scenario, with a bar; one that ends after `stop_at` replications, if so many are named, as if it was stopped there.
fn study(ready: &Ready, stop_at: Option<u32>) -> Result<StudyResult> {
    let title = ready.loaded.written.scenario.clone().unwrap_or_default();
    let bar = Progress::new("running", &title, ready.plan.replications);
    let progress = |done: u32, of: u32| {
        let stop = stop_at == Some(done);
        if stop { ControlFlow::Break(()) } else { bar.at(done, of) }
    };
    let study = RunStudy { loaded: &ready.loaded, variants: &ready.variants, plan: &ready.plan };
    let result = study.run(&progress);
    bar.finish();
    result.map_err(|_| Stopped::again("no replication was done, and nothing was written.").into())
}

/// What reports show of a scenario; `asked` is the variant and what was set, as arguments.
fn source(loaded: &Loaded, asked: String) -> reports::Source {
    reports::Source {
        file: loaded.path.clone(),
        text: loaded.text.clone(),
        question: loaded.written.question.clone().unwrap_or_default(),
        answer: loaded.written.answer.clone(),
        asked,
        traces: loaded.traces.iter().map(|trace| (trace.name.clone(), trace.text.clone())).collect(),
        known: sim_core::results::Known::default(),
    }
}
