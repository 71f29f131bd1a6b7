//! `decide`: which of several systems to take, by all that they cost.

use super::Perform;
use super::question::About;
use super::{load, project, watched};
use crate::arguments::AskedArgs;
use crate::asked;
use crate::refused;
use crate::shell::quoted;
use anyhow::{Context, Result};
use clap::Args;
use reports::studies::decide::DecideAnswer;
use scenarios::Loaded;
use scenarios::study::Plan;
use scenarios::study::decide::DecideStudy;
use scenarios::written::studies::decide::{ByRule, DecideSettings};
use std::path::PathBuf;

/// Choose among variants by all that they cost: infrastructure, lost sales, wrongness and penalties.
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

impl Perform for DecideArgs {
    fn scenarios(&mut self) -> Vec<&mut PathBuf> {
        vec![&mut self.asked.file]
    }

    fn run(&self) -> Result<u8> {
        let about = About::load(&self.asked)?;
        let (path, loaded) = (&about.path, &about.loaded);
        let (name, study, mut ask) = about
            .study::<DecideSettings>()?
            .with_context(|| format!("nothing is decided: write a decide study in the studies of {path}"))?;
        ask.by = match self.by {
            None => ask.by,
            Some(ByArg::Cost) => ByRule::Cost,
            Some(ByArg::Guide) => ByRule::Guide,
        };
        let plan = load::plan_within(loaded, study, &self.asked.study);
        let options = ask.among.iter().map(|name| option(&about, name.as_ref(), &plan)).collect::<Result<Vec<_>>>()?;
        let more = more(self);
        let place = about.place("decide", name, &more, more.clone())?;
        let study = DecideStudy { loaded, options: &options, study: name, ask: &ask, plan: &plan };
        let decision =
            watched(study, "pricing", about.title(), path, "of a decision that is not done nothing is kept.")?;
        place.put(&DecideAnswer { decision: &decision, source: &place.source })
    }
}

/// A system that can be taken, with its name.
fn option(about: &About<'_>, name: &str, plan: &Plan) -> Result<(String, Loaded)> {
    let variant = if name == "base" { about.variant() } else { Some(name) };
    let option = scenarios::load(project(), &about.path, &about.sets, variant);
    let mut option = option.map_err(|report| refused::scenario(&report))?;
    // What is odd in the file itself is said already; the rest is odd in this system only.
    let is_said = |message: &str| about.loaded.warnings.problems.iter().any(|placed| placed.problem.message == message);
    option.warnings.problems.retain(|placed| !is_said(&placed.problem.message));
    for placed in &mut option.warnings.problems {
        placed.problem.message = format!("in the variant {name}: {}", placed.problem.message);
    }
    load::warn(&option.warnings);
    load::fits(&option, plan, &about.args.study)?;
    Ok((name.to_owned(), option))
}

/// All arguments that change the answer, but for the file, the variant and what is set.
fn more(args: &DecideArgs) -> String {
    let mut all = String::new();
    all.extend(args.asked.name.iter().map(|name| format!(" --study {}", quoted(name))));
    all.extend(args.by.map(|by| if by == ByArg::Cost { " --by cost" } else { " --by guide" }));
    all + &asked::study(&args.asked.study)
}
