//! Arguments, as clap reads them.

use clap::{Args, Parser, Subcommand};
use sim_core::expression::Value;
use sim_core::units::Probability;
use std::path::PathBuf;

/// A wind tunnel for service architectures.
///
/// Describe services, load, policies, faults, costs and promises in one scenario file; windtunnel simulates it many times,
/// deterministically from a seed, and says whether the promises hold, how sure that is, and what it costs.
#[derive(Debug, Parser)]
#[command(
    name = "windtunnel",
    version,
    after_help = "Exit status: 0 done (check, verify: held), 1 a promise is broken or a case missed, 2 could not run, 3 inconclusive."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Simulate a scenario many times: summary here, results and report in the out folder.
    Run(RunArgs),
    /// Judge scenarios against their promises and `expect` clauses, as a gate.
    Check(CheckArgs),
    /// Render the report of results again, from their out folder.
    Report(ReportArgs),
    /// Find all problems of scenario files without running them.
    Validate(ValidateArgs),
    /// Simulate the truth suite: systems whose answers are published or computed exactly.
    Verify(VerifyArgs),
    /// List scenarios with their questions.
    List(ListArgs),
    /// Explain a kind: what it models, its knobs, an example, its source.
    Explain(ExplainArgs),
    /// Print the JSON Schema of scenario files.
    Schema,
    /// Write a new scenario file to begin with.
    New(NewArgs),
    /// Print shell completions.
    Completions(CompletionsArgs),
}

/// How a study is run.
#[derive(Debug, Args)]
pub struct StudyArgs {
    /// Seed of all random numbers, instead of the file's.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Replications, instead of the file's.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub replications: Option<u32>,
    /// Run batch after batch of replications, until half of each 95 % interval is at most this share of its estimate, as 2%.
    #[arg(long, value_name = "PERCENT", value_parser = Probability::parse)]
    pub precision: Option<Probability>,
    /// What has to be precise, as 'p99(gateway.checkout)'; may be given again. Default: what promises and `expect` are judged by.
    #[arg(long, value_name = "METRIC", value_parser = Value::parse, requires = "precision")]
    pub precision_of: Vec<Value>,
    /// Replications at most for the precision. Default: 32 batches.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=1_000_000), requires = "precision")]
    pub precision_cap: Option<u32>,
    /// Threads; changes no result. Default: all cores.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Set a value of the file by its path, as services.api.instances=4.
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
}

/// `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The scenario file.
    pub file: PathBuf,
    /// Folder for results and report. Default: out/ and the name of the scenario file.
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// A variant of the scenario.
    #[arg(long)]
    pub variant: Option<String>,
    /// Print the results as JSON instead of the summary.
    #[arg(long)]
    pub json: bool,
    /// No bars and no colours.
    #[arg(long)]
    pub plain: bool,
    /// How the study is run.
    #[command(flatten)]
    pub study: StudyArgs,
}

/// `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Scenario files, or folders of them.
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// Write `JUnit` XML here.
    #[arg(long)]
    pub junit: Option<PathBuf>,
    /// Print the verdicts as JSON.
    #[arg(long)]
    pub json: bool,
    /// No colours.
    #[arg(long)]
    pub plain: bool,
    /// How each study is run.
    #[command(flatten)]
    pub study: StudyArgs,
}

/// `report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// The out folder of a run.
    pub folder: PathBuf,
}

/// `validate`.
#[derive(Debug, Args)]
pub struct ValidateArgs {
    /// Scenario files.
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Print the problems as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Only cases whose names contain one of these, such as queueing or mm1. Default: all.
    #[arg(value_name = "FILTER")]
    pub filters: Vec<String>,
    /// List the cases with their questions, and simulate nothing.
    #[arg(long)]
    pub list: bool,
    /// Print the scenario files of the cases, and simulate nothing.
    #[arg(long, conflicts_with_all = ["list", "json", "markdown"])]
    pub show: bool,
    /// Print the results as JSON.
    #[arg(long)]
    pub json: bool,
    /// Print the results as a page of Markdown, as docs/TRUTH.md is.
    #[arg(long, conflicts_with = "json")]
    pub markdown: bool,
    /// No colours.
    #[arg(long)]
    pub plain: bool,
    /// Another seed for all cases: what is true does not hang on one.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Threads; changes no result. Default: all cores.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

/// `list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// The folder to look in.
    #[arg(default_value = "scenarios/shipped")]
    pub folder: PathBuf,
    /// Print the list as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The kind, as poisson or breaker.rate; without it, all kinds are listed.
    pub kind: Option<String>,
}

/// `new`.
#[derive(Debug, Args)]
pub struct NewArgs {
    /// The file to write.
    #[arg(default_value = "scenario.yaml")]
    pub file: PathBuf,
}

/// `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell.
    pub shell: clap_complete::Shell,
}
