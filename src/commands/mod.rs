//! The command line: one command a file, with its arguments. The list of them, and what several need, stand here.

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

use crate::interrupt::Stopped;
use crate::output::ColourArg;
use crate::progress::Progress;
use crate::project::{project, typed};
use crate::{named, output, refused};
use anyhow::{Result, bail};
use clap::{Parser, Subcommand};
use load::Ready;
use reports::answer::Answer;
use scenarios::study::{RunStudy, Stop, Study, Watch};
use scenarios::written::named::Name;
use scenarios::{Loaded, Project};
use sim_core::problem::Problem;
use sim_core::results::StudyResult;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// What a command does with its arguments. The documentation of these is what `--help` says of the command.
trait Perform {
    /// The scenarios that it is told, each of which may be a built-in one.
    fn scenarios(&mut self) -> Vec<&mut PathBuf> {
        Vec::new()
    }

    /// Those of its paths which may be folders that are searched for scenarios.
    fn searched(&self) -> &[PathBuf] {
        &[]
    }

    /// Whether one of its files is standard input.
    fn reads_input(&self) -> bool {
        false
    }

    /// What it is called where it only prints a text: then it has no verdict and no progress.
    fn only_text(&self) -> Option<&'static str> {
        None
    }

    /// Does it, and tells the exit status.
    ///
    /// # Errors
    /// If it cannot be done.
    fn run(&self) -> Result<u8>;
}

/// Declares the commands in the order of `--help`, one a line: its name, and the type of its arguments.
macro_rules! commands {
    ($($name:ident($arguments:ty),)+) => {
        /// The commands.
        #[derive(Debug, Subcommand)]
        pub enum Command {
            $($name(Box<$arguments>),)+
        }

        impl Command {
            fn arguments(&self) -> &dyn Perform {
                match self {
                    $(Self::$name(arguments) => arguments.as_ref(),)+
                }
            }

            fn arguments_mut(&mut self) -> &mut dyn Perform {
                match self {
                    $(Self::$name(arguments) => arguments.as_mut(),)+
                }
            }
        }
    };
}

commands! {
    Run(run::RunArgs),
    Compare(compare::CompareArgs),
    Check(check::CheckArgs),
    Sweep(sweep::SweepArgs),
    Capacity(capacity::CapacityArgs),
    Knee(knee::KneeArgs),
    Metastability(metastability::MetastabilityArgs),
    Decide(decide::DecideArgs),
    Merge(merge::MergeArgs),
    Report(report::ReportArgs),
    Validate(validate::ValidateArgs),
    Draw(draw::DrawArgs),
    Export(export::ExportArgs),
    Import(import::ImportArgs),
    Verify(verify::VerifyArgs),
    List(list::ListArgs),
    Show(show::ShowArgs),
    Explain(explain::ExplainArgs),
    Schema(schema::SchemaArgs),
    New(new::NewArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

/// A wind tunnel for service architectures.
///
/// Describe services, load, policies, faults, costs and promises in one scenario file; windtunnel simulates it many times,
/// deterministically from a seed, and says whether the promises hold, how sure that is, and what it costs.
#[derive(Debug, Parser)]
#[command(
    name = "windtunnel",
    version = env!("WINDTUNNEL_VERSION"),
    after_help = "FILE is a scenario file, or the name of a built-in scenario (windtunnel list) where there is no such file.\n\n\
                  Exit status: 0 done (check, verify: held), 1 a promise is broken or a case missed, 2 could not run, 3 inconclusive, \
                  130 stopped by Ctrl-C or SIGTERM: `run` answers with the replications that it has, `sweep` keeps its points and goes on with the \
                  same command, the others keep nothing."
)]
pub struct Cli {
    /// The folder within which scenarios may name files (extends, replay). Default: the repository of the scenario; without one, the folder
    /// in which the program runs or that was named; else the scenario's own folder.
    #[arg(long, value_name = "DIR", global = true)]
    pub root: Option<PathBuf>,
    /// Let scenarios name any file of the machine.
    #[arg(long, global = true)]
    pub allow_outside: bool,
    /// No colours, no escape codes, and bars in ASCII; progress is a line every 10 s, as it is where standard error is no terminal.
    #[arg(long, global = true)]
    pub plain: bool,
    /// Print the verdict in a sentence, and what is wrong; no tables and no progress. Lists are names alone, and what was written is not said.
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// When to use colours. `auto`: on a terminal, unless `NO_COLOR` is set and not empty, or `TERM` is dumb.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = ColourArg::Auto, global = true)]
    pub color: ColourArg,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Puts the paths of built-in scenarios in the place of their names.
pub fn resolve(command: &mut Command) {
    for file in command.arguments_mut().scenarios() {
        if let Some(path) = named::builtin_of(file) {
            *file = path.into();
        }
    }
}

/// Runs a command and tells the exit status.
pub fn dispatch(cli: &Cli) -> Result<u8> {
    let arguments = cli.command.arguments();
    let mut project = Project::default();
    project.root.clone_from(&cli.root);
    project.outside = cli.allow_outside;
    project.folders = arguments.searched().iter().filter(|path| path.is_dir()).cloned().collect();
    if arguments.reads_input() {
        project.texts.insert(named::STDIN.to_owned(), output::standard_input(scenarios::reader::parse::MAX_BYTES)?);
    }
    crate::project::keep(project);
    if cli.quiet
        && let Some(command) = arguments.only_text()
    {
        bail!("--quiet: {command} prints a text and nothing besides, so there is nothing to leave out");
    }
    arguments.run()
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
