//! Arguments, as clap reads them.

mod asked;

pub use asked::{AskedArgs, ByArg, DecideArgs, KneeArgs};

use crate::complete;
use crate::output::ColourArg;
use clap::{Args, Parser, Subcommand};
use clap_complete::engine::ArgValueCompleter;
use sim_core::expression::Value;
use sim_core::units::{Bytes, Percent, Probability};
use std::path::PathBuf;

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

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Simulate a scenario many times: summary here, results and report in the out folder. Goes on while a promise is inconclusive, up
    /// to a bound; Ctrl-C ends it with the replications that it has.
    Run(RunArgs),
    /// Compare systems on the same random numbers: what is better, what is worse, and how sure that is.
    Compare(CompareArgs),
    /// Judge scenarios against their promises and `expect` clauses, as a gate.
    Check(CheckArgs),
    /// Simulate a system at many settings: where does it leave its promises, and which knob matters?
    Sweep(Box<SweepArgs>),
    /// Find the cheapest setting that keeps every promise, now and for more load, and how far it carries.
    Capacity(Box<CapacityArgs>),
    /// Find the load at which each promise breaks.
    Knee(KneeArgs),
    /// Map triggers against loads: where does the system come back by itself, and which trigger keeps it down for good?
    Metastability(AskedArgs),
    /// Choose among variants by all that they cost: infrastructure, lost sales, wrongness and penalties.
    Decide(DecideArgs),
    /// Put the parts of a sweep together that ran elsewhere.
    Merge(MergeArgs),
    /// Render the report of results again, from their out folder.
    Report(ReportArgs),
    /// Find all problems of scenario files without running them.
    Validate(ValidateArgs),
    /// Draw the system of a scenario, without running it.
    Draw(DrawArgs),
    /// Write the topology of a scenario for other programs: `terraform` is Terraform's JSON syntax.
    Export(ExportArgs),
    /// Make a scenario of what other programs plan: `terraform` is a plan, as `terraform show -json` prints it.
    Import(ImportArgs),
    /// Simulate the truth suite: systems whose answers are published or computed exactly.
    Verify(VerifyArgs),
    /// List the built-in scenarios, or those of a folder, with their questions.
    List(ListArgs),
    /// Print a built-in scenario.
    Show(ShowArgs),
    /// Explain a word of the language: a section, a key, a step, a kind, a metric.
    Explain(ExplainArgs),
    /// Print the JSON Schema of scenario files.
    Schema,
    /// Write a new scenario file to begin with, or a copy of a built-in one.
    New(NewArgs),
    /// Print what makes a shell complete commands, files, built-in scenarios, variants and words of the language.
    Completions(CompletionsArgs),
    /// Write manual pages.
    Man(ManArgs),
}

/// How a study is run.
#[derive(Debug, Default, Args)]
pub struct StudyArgs {
    /// Seed of all random numbers, instead of the file's.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Replications, instead of the file's. With it `run` does not go on while a verdict is inconclusive, as it does up to 8 times the
    /// file's replications (at least 64).
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub replications: Option<u32>,
    /// Threads; changes no result. Default: all cores.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Memory that may be needed, as 4GiB; a study that needs more is not run. Default: half of the machine's.
    #[arg(long, value_name = "SIZE", value_parser = Bytes::parse)]
    pub memory: Option<Bytes>,
    /// Set a value of the file by its path, as services.api.instances=4.
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
}

/// How precise the numbers have to be.
#[derive(Debug, Default, Args)]
pub struct PrecisionArgs {
    /// Run batch after batch of replications, until half of each 95 % interval is at most this share of its estimate, as 2%.
    #[arg(long, value_name = "PERCENT", value_parser = Probability::parse)]
    pub precision: Option<Probability>,
    /// What has to be precise, as 'p99(gateway.checkout)'; may be given again. Default: what promises and `expect` are judged by.
    #[arg(long, value_name = "METRIC", value_parser = Value::parse, requires = "precision")]
    pub precision_of: Vec<Value>,
    /// Replications at most for the precision. Default: 32 batches.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=1_000_000), requires = "precision")]
    pub precision_cap: Option<u32>,
}

/// `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The scenario file, or a built-in scenario, as checkout.
    #[arg(add = ArgValueCompleter::new(complete::scenarios))]
    pub file: PathBuf,
    /// Folder for results and report. Default: out/ and the names of the scenario file, the variant and what is set.
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// A variant of the scenario.
    #[arg(long, add = ArgValueCompleter::new(complete::variants))]
    pub variant: Option<String>,
    /// Print the results as JSON instead of the summary.
    #[arg(long)]
    pub json: bool,
    /// How the study is run.
    #[command(flatten)]
    pub study: StudyArgs,
    /// How precise its numbers have to be.
    #[command(flatten)]
    pub precision: PrecisionArgs,
}

/// `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Scenario files, or folders of them.
    #[arg(required = true, add = ArgValueCompleter::new(complete::scenarios))]
    pub paths: Vec<PathBuf>,
    /// Replications at most of each scenario, spent until every verdict is certain, instead of those of the file.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    #[arg(conflicts_with_all = ["replications", "precision"])]
    pub budget: Option<u32>,
    /// Confidence of verdicts within a budget, which has to be named here or in the file. Default: that of the file's study, or 95%.
    #[arg(long, value_name = "PERCENT", value_parser = confidence)]
    pub confidence: Option<Probability>,
    /// Run all replications, also when every verdict is certain sooner.
    #[arg(long, conflicts_with = "precision")]
    pub run_all: bool,
    /// Compare with the numbers in this file, and fail where one is worse.
    #[arg(long, value_name = "FILE", conflicts_with = "precision")]
    pub baseline: Option<PathBuf>,
    /// Store the numbers of this run in the baseline, instead of comparing with it.
    #[arg(long, requires = "baseline", conflicts_with = "tolerance")]
    pub update_baseline: bool,
    /// By how much a number may be worse than in the baseline, as 2%; of availability, of what it lacks to 100%. Default: 0%.
    #[arg(long, value_name = "PERCENT", value_parser = Probability::parse, requires = "baseline")]
    pub tolerance: Option<Probability>,
    /// Write `JUnit` XML here.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Write SARIF 2.1.0 here, for code scanning.
    #[arg(long, value_name = "FILE")]
    pub sarif: Option<PathBuf>,
    /// Write a summary in Markdown here. It is appended to `GITHUB_STEP_SUMMARY` where that is set.
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
    /// Print annotations of the lines of promises. Default: github where `GITHUB_ACTIONS` is true.
    #[arg(long, value_enum)]
    pub annotations: Option<Annotations>,
    /// Print the verdicts as JSON.
    #[arg(long)]
    pub json: bool,
    /// How each study is run.
    #[command(flatten)]
    pub study: StudyArgs,
    /// How precise its numbers have to be.
    #[command(flatten)]
    pub precision: PrecisionArgs,
}

/// Forms of annotations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Annotations {
    /// Workflow commands of GitHub Actions.
    Github,
    /// None.
    None,
}

/// A confidence from 50 % to less than 100 %.
fn confidence(text: &str) -> Result<Probability, String> {
    let value = Probability::parse(text)?;
    if (0.5..1.0).contains(&value.value()) { Ok(value) } else { Err("a confidence lies between 50% and 100%".into()) }
}

/// `sweep`.
#[derive(Debug, Args)]
pub struct SweepArgs {
    /// The scenario file. What is varied stands in its studies, or in --set PATH=VALUES: a list 2,4,8, a range 500/s..2000/s:7 or
    /// 10ms..1s:5:log, or, of whole numbers, 2..8.
    #[arg(add = ArgValueCompleter::new(complete::scenarios))]
    pub file: PathBuf,
    /// A sweep of the file's studies.
    #[arg(long = "study", value_name = "NAME", add = ArgValueCompleter::new(complete::studies))]
    pub name: Option<String>,
    /// A metric to show of each point instead of the study's, as 'p99(gateway.checkout)'; may be given again.
    #[arg(long, value_name = "METRIC", value_parser = Value::parse)]
    pub show: Vec<Value>,
    /// How the points are chosen. Default: as the study says, or every combination.
    #[arg(long)]
    pub design: Option<DesignArg>,
    /// Settings to simulate at most, for designs that do not try every combination. Default: as the study says.
    #[arg(long)]
    pub points: Option<u64>,
    /// How the knobs are ranked. A grid ranks them by itself. Default: as the study says.
    #[arg(long)]
    pub rank: Option<RankArg>,
    /// For which metric they are ranked. Default: as the study says.
    #[arg(long, value_name = "METRIC", value_parser = Value::parse)]
    pub of: Option<Value>,
    /// Folder for points, results and report. Default: out/ and the names of file, study, variant and what is set. A sweep that was
    /// stopped goes on there.
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Throw away the points that are in the folder already.
    #[arg(long)]
    pub fresh: bool,
    /// Run one part, as 2/8; `auto` or auto/8 takes its number from the job array of Slurm, Kubernetes or AWS Batch.
    #[arg(long, value_name = "PART")]
    pub shard: Option<String>,
    /// A variant of the scenario.
    #[arg(long, add = ArgValueCompleter::new(complete::variants))]
    pub variant: Option<String>,
    /// Print the results as JSON.
    #[arg(long)]
    pub json: bool,
    /// How each point is run.
    #[command(flatten)]
    pub study: StudyArgs,
}

/// How the points of a sweep are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum DesignArg {
    /// Every combination.
    Grid,
    /// A Latin hypercube.
    LatinHypercube,
    /// A scrambled Sobol sequence.
    Sobol,
}

/// How knobs are ranked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum RankArg {
    /// Shares of the variance, by Saltelli's design.
    TotalSobol,
    /// Elementary effects: cheaper.
    Morris,
}

/// `capacity`.
#[derive(Debug, Args)]
pub struct CapacityArgs {
    /// The file, and the study if what is searched stands in one.
    #[command(flatten)]
    pub asked: AskedArgs,
    /// What is searched: the path of a size, as services.api.instances, or services.api.instances=2..60; may be given again.
    /// Without a range: from 1 to 16 times what stands in the file.
    #[arg(long = "for", value_name = "PATH", conflicts_with = "name")]
    pub find: Vec<String>,
    /// Ask for the setting that keeps every promise. This is the default.
    #[arg(long)]
    pub holds: bool,
    /// A promise that has to be kept; may be given again. Default: those of the study, or all.
    #[arg(long, value_name = "NAME")]
    pub promise: Vec<String>,
    /// Loads, as percentages of the file's: 100%,150%,200%. Default: those of the study, or 100%.
    #[arg(long, value_name = "PERCENT", value_delimiter = ',', value_parser = Percent::parse)]
    pub at_load: Vec<Percent>,
    /// What else has to be survived: `zone` is the loss of any one zone. Default: as the study says.
    #[arg(long)]
    pub survive: Option<SurviveArg>,
    /// How sure the verdicts have to be, as 99%. Default: the study's, or 95%.
    #[arg(long, value_name = "PERCENT", value_parser = confidence)]
    pub confidence: Option<Probability>,
    /// Replications of one setting at most. Default: the study's budget, or four times the file's replications, and
    /// as many as decide that a setting is held where all keep the promises.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    #[arg(conflicts_with = "replications")]
    pub budget: Option<u32>,
    /// Leave out how far the answer carries.
    #[arg(long)]
    pub no_knee: bool,
    /// The largest load, as a percentage of the file's, at which the answer is tried. Default: 1000%.
    #[arg(long, value_name = "PERCENT", value_parser = Percent::parse)]
    #[arg(conflicts_with = "no_knee")]
    pub up_to: Option<Percent>,
}

/// What has to be survived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum SurviveArg {
    /// The loss of any one zone.
    Zone,
}

/// `merge`.
#[derive(Debug, Args)]
pub struct MergeArgs {
    /// The folders of all parts.
    #[arg(required = true)]
    pub folders: Vec<PathBuf>,
    /// Folder for the whole.
    #[arg(long)]
    pub out: PathBuf,
    /// Print the results as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// Scenario files: the first is compared with each of the others. One file, with --variants or a study of its own.
    #[arg(required = true, add = ArgValueCompleter::new(complete::scenarios))]
    pub files: Vec<PathBuf>,
    /// Variants of one file, as base,no-retry: the first is compared with each of the others. `base` is the file itself.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', add = ArgValueCompleter::new(complete::variants))]
    pub variants: Vec<String>,
    /// A comparison of the file's studies. Default: its only one.
    #[arg(long = "study", value_name = "NAME", conflicts_with = "variants", add = ArgValueCompleter::new(complete::studies))]
    pub name: Option<String>,
    /// A further metric to compare, as 'p99.9(gateway.checkout)'; may be given again.
    #[arg(long, value_name = "METRIC", value_parser = Value::parse)]
    pub show: Vec<Value>,
    /// Folder for results. Default: out/ and the names of the systems.
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Print the results as JSON.
    #[arg(long)]
    pub json: bool,
    /// How each system is run; seed and replications are those of the first.
    #[command(flatten)]
    pub study: StudyArgs,
}

/// `report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// The out folder of a run.
    pub folder: PathBuf,
}

/// `draw`.
#[derive(Debug, Args)]
pub struct DrawArgs {
    /// The scenario file.
    #[arg(add = ArgValueCompleter::new(complete::scenarios))]
    pub file: PathBuf,
    /// The file to write. Default: standard output.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// The form of the drawing. Default: that of the ending of --out (.svg, .png, .mmd, .mermaid, .dot, .gv); svg without --out.
    #[arg(long, value_enum)]
    pub format: Option<DrawFormat>,
    /// A variant of the scenario.
    #[arg(long, add = ArgValueCompleter::new(complete::variants))]
    pub variant: Option<String>,
    /// Set a value of the file by its path, as services.api.instances=4.
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
}

/// Forms of a drawing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum DrawFormat {
    /// A vector picture.
    Svg,
    /// A picture in pixels.
    Png,
    /// Text from which Mermaid draws, as GitHub does in Markdown.
    Mermaid,
    /// Text from which Graphviz draws.
    Dot,
}

/// `export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// For which program.
    pub form: ForeignForm,
    /// The scenario file.
    #[arg(add = ArgValueCompleter::new(complete::scenarios))]
    pub file: PathBuf,
    /// The file to write, as main.tf.json, which must not exist yet. Default: standard output.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// A variant of the scenario.
    #[arg(long, add = ArgValueCompleter::new(complete::variants))]
    pub variant: Option<String>,
    /// Set a value of the file by its path, as services.api.instances=4.
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
}

/// `import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Of which program.
    pub form: ForeignForm,
    /// The plan, in JSON; - is standard input.
    #[arg(required_unless_present = "resources")]
    pub plan: Option<PathBuf>,
    /// List which resources are read, and which of their arguments.
    #[arg(long, conflicts_with_all = ["plan", "out"])]
    pub resources: bool,
    /// The scenario file to write, which must not exist yet. Default: standard output.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Programs that know systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ForeignForm {
    /// Terraform: its JSON syntax, and its plans in JSON.
    Terraform,
}

/// `validate`.
#[derive(Debug, Args)]
pub struct ValidateArgs {
    /// Scenario files, folders of them, or - for standard input.
    #[arg(required = true, add = ArgValueCompleter::new(complete::scenarios))]
    pub paths: Vec<PathBuf>,
    /// Print the problems as JSON.
    #[arg(long)]
    pub json: bool,
    /// A variant of the scenarios.
    #[arg(long, add = ArgValueCompleter::new(complete::variants))]
    pub variant: Option<String>,
    /// Set a value of the files by its path, as services.api.instances=4.
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
}

/// `verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Only cases whose names contain one of these, such as queueing or mm1. Default: all.
    #[arg(value_name = "FILTER")]
    pub filters: Vec<String>,
    /// Simulate the systems that somebody has measured on real software instead, and print simulated against measured with the error of each
    /// figure. Exit status 1 if a figure is missed without a reason.
    #[arg(long)]
    pub measured: bool,
    /// List the cases with their questions, and simulate nothing.
    #[arg(long, conflicts_with_all = ["markdown", "seed", "threads"])]
    pub list: bool,
    /// Print the scenario files of the cases, and simulate nothing.
    #[arg(long, conflicts_with_all = ["list", "json", "markdown", "seed", "threads"])]
    pub show: bool,
    /// Print the results as JSON.
    #[arg(long)]
    pub json: bool,
    /// Print the results as a page of Markdown, as docs/TRUTH.md and docs/MEASURED.md are.
    #[arg(long, conflicts_with = "json")]
    pub markdown: bool,
    /// Another seed: whether a case holds does not depend on it. With --measured a figure near its target may be missed at one seed and not at
    /// another; each of these says why.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Threads; changes no result. Default: all cores.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

/// `list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// A folder to look in. Default: the built-in scenarios.
    pub folder: Option<PathBuf>,
    /// Print the list as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The word, as poisson, breaker.rate, services.web.queue or p99; without it, all kinds are listed.
    #[arg(add = ArgValueCompleter::new(complete::words))]
    pub word: Option<String>,
}

/// `show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The scenario, as checkout or queueing/mm1 (windtunnel list names the shipped ones, verify --list the truth suite).
    #[arg(add = ArgValueCompleter::new(complete::builtins))]
    pub name: String,
}

/// `new`.
#[derive(Debug, Args)]
pub struct NewArgs {
    /// The file to write. Default: scenario.yaml, or the name of what is copied. The schema for editors is written beside it.
    pub file: Option<PathBuf>,
    /// The built-in scenario to copy, with the files that it needs (windtunnel list names them).
    #[arg(long, value_name = "NAME", add = ArgValueCompleter::new(complete::builtins))]
    pub from: Option<String>,
}

/// `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell.
    pub shell: clap_complete::Shell,
}

/// `man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// The folder to write the pages into.
    pub folder: PathBuf,
}
