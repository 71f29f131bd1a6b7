//! `run`: simulate a scenario many times.

use super::Perform;
use super::{load, report_line, source, study, tell, typed};
use crate::arguments::{PrecisionArgs, StudyArgs};
use crate::asked::{self, Asked};
use crate::complete;
use crate::{refused, status};
use anyhow::Result;
use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use reports::Source;
use reports::answer;
use reports::studies::run::RunAnswer;
use std::path::PathBuf;

/// Simulate a scenario many times: summary here, results and report in the out folder. Goes on while a promise is inconclusive, up
/// to a bound; Ctrl-C ends it with the replications that it has.
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

impl Perform for RunArgs {
    fn scenarios(&mut self) -> Vec<&mut PathBuf> {
        vec![&mut self.file]
    }

    fn run(&self) -> Result<u8> {
        let ready = load::ready(&typed(&self.file), &self.study, &self.precision, self.variant.as_deref())?;
        let mut ready = ready.map_err(|report| refused::scenario(&report))?;
        let (variant, sets) = (self.variant.as_deref(), &self.study.set[..]);
        let more = asked::study(&self.study) + &asked::precision(&self.precision);
        let out = self.out.clone().unwrap_or_else(|| asked::folder(&ready.loaded.name, variant, sets, &more));
        let as_written = ready.loaded.is_alone;
        let asked = Asked { as_written, ..Asked::new("run", vec![typed(&self.file)], variant, sets, more) };
        asked::free(&out, std::slice::from_ref(&self.file))?;
        // A number of replications that is asked for is kept.
        if self.study.replications.is_none() {
            ready.plan = ready.plan.until_certain();
        }
        let result = study(&ready, None)?;
        let source = Source { known: ready.loaded.known(), ..source(&ready.loaded, asked.settings.clone()) };
        let answer = RunAnswer { study: &result, source: &source };
        asked.write_report(&out, answer::files(&answer)?)?;
        tell(&answer, self.json, &report_line(&out))?;
        Ok(if result.summary.stopped_early.is_some() { status::STOPPED } else { status::OK })
    }
}
