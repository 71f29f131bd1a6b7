//! Arguments of the commands that answer a question of their own about one file: `knee`, `metastability` and `decide`.

use super::StudyArgs;
use super::confidence;
use crate::complete;
use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use sim_core::units::Percent;
use sim_core::units::Probability;
use std::path::PathBuf;

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

/// `knee`.
#[derive(Debug, Args)]
pub struct KneeArgs {
    /// The file, and the study if it has one.
    #[command(flatten)]
    pub asked: AskedArgs,
    /// The load class that grows. Default: that of the study, or all of them.
    #[arg(long, value_name = "NAME")]
    pub load: Option<String>,
    /// The heaviest load, as a percentage of the file's. Default: that of the study, or 1000%.
    #[arg(long, value_name = "PERCENT", value_parser = Percent::parse)]
    pub up_to: Option<Percent>,
    /// A promise that is looked at; may be given again. Default: those of the study, or all.
    #[arg(long, value_name = "NAME")]
    pub until: Vec<String>,
    /// How sure the verdicts have to be, as 99%. Default: the study's, or 95%.
    #[arg(long, value_name = "PERCENT", value_parser = confidence)]
    pub confidence: Option<Probability>,
}

/// `decide`.
#[derive(Debug, Args)]
pub struct DecideArgs {
    /// The file and the study.
    #[command(flatten)]
    pub asked: AskedArgs,
    /// What the advice is given by. Default: as the study says, or cost.
    #[arg(long)]
    pub by: Option<ByArg>,
}

/// What an advice is given by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ByArg {
    /// The least that it costs in all.
    Cost,
    /// The thresholds of the guide.
    Guide,
}
