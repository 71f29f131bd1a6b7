//! Arguments that several commands have.

use crate::complete;
use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use sim_core::expression::Value;
use sim_core::units::{Bytes, Probability};
use std::path::PathBuf;

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

/// A study of one file that a command answers.
#[derive(Debug, Args)]
pub struct AskedArgs {
    /// The scenario file.
    #[arg(add = ArgValueCompleter::new(complete::scenarios))]
    pub file: PathBuf,
    /// A study of the file's studies. Default: its only one of this kind.
    #[arg(long = "study", value_name = "NAME", add = ArgValueCompleter::new(complete::studies))]
    pub name: Option<String>,
    /// Folder for results and report. Default: out/ and the names of file, study, variant and what is set.
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// A variant of the scenario.
    #[arg(long, add = ArgValueCompleter::new(complete::variants))]
    pub variant: Option<String>,
    /// Print the results as JSON.
    #[arg(long)]
    pub json: bool,
    /// How it is run.
    #[command(flatten)]
    pub study: StudyArgs,
}

/// A confidence from 50 % to less than 100 %.
pub fn parse_confidence(text: &str) -> Result<Probability, String> {
    let value = Probability::parse(text)?;
    if (0.5..1.0).contains(&value.value()) { Ok(value) } else { Err("a confidence lies between 50% and 100%".into()) }
}
