//! `knee`: the load at which each promise breaks.

use super::Perform;
use super::question::About;
use super::{load, promises, watched};
use crate::arguments::{AskedArgs, parse_confidence};
use crate::asked;
use crate::refused;
use crate::shell::quoted;
use anyhow::{Error, Result};
use clap::Args;
use reports::studies::knee::KneeAnswer;
use scenarios::Loaded;
use scenarios::study::capacity::fewest;
use scenarios::study::knee::KneeStudy;
use scenarios::written::named::Name;
use scenarios::written::studies::capacity::confidence;
use scenarios::written::studies::knee::KneeSettings;
use scenarios::written::studies::question::Question;
use sim_core::problem::Problems;
use sim_core::units::Percent;
use sim_core::units::Probability;
use std::path::PathBuf;

/// Find the load at which each promise breaks.
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
    #[arg(long, value_name = "PERCENT", value_parser = parse_confidence)]
    pub confidence: Option<Probability>,
}

impl Perform for KneeArgs {
    fn scenarios(&mut self) -> Vec<&mut PathBuf> {
        vec![&mut self.asked.file]
    }

    fn run(&self) -> Result<u8> {
        let about = About::load(&self.asked)?;
        let loaded = &about.loaded;
        let found = about.study::<KneeSettings>()?;
        let (name, study, written) =
            found.map_or(("", None, KneeSettings::default()), |(name, study, ask)| (name, Some(study), ask));
        let ask = overridden(written, self, loaded)?;
        let mut problems = Problems::new();
        ask.validate(&mut problems);
        refused::first_of(problems, "")?;
        let plan = about.fits(load::plan(loaded, &self.asked.study))?;
        let confidence =
            self.confidence.map_or_else(|| confidence(study.and_then(|s| s.confidence)), Probability::value);
        let own = study.and_then(|study| study.budget).filter(|_| self.asked.study.replications.is_none());
        // With fewer than this nothing could be held.
        let usual = || plan.replications.saturating_mul(4).max(fewest(confidence));
        let budget = own.map_or_else(usual, |budget| budget.replications.get_u32());
        let more = more(self);
        let place = about.place("knee", if name.is_empty() { "knee" } else { name }, &more, more.clone())?;
        let study = KneeStudy { loaded, study: name, ask: &ask, confidence, budget, plan: &plan };
        let lost = "of a knee study that is not done nothing is kept.";
        let knees = watched(study, "looking", about.title(), &about.path, lost)?;
        place.put(&KneeAnswer { knees: &knees, source: &place.source })
    }
}

/// What the study asks, where the command line says nothing else.
fn overridden(mut ask: KneeSettings, args: &KneeArgs, loaded: &Loaded) -> Result<KneeSettings> {
    let name = |text: &String| Name::parse(text).map_err(Error::msg);
    if let Some(load) = &args.load {
        ask.load = Some(name(load)?);
    }
    ask.up_to = args.up_to.or(ask.up_to);
    if !args.until.is_empty() {
        ask.until = promises("until", &args.until, loaded)?;
    }
    Ok(ask)
}

/// All arguments that change the answer, but for the file, the variant and what is set.
fn more(args: &KneeArgs) -> String {
    let mut all = String::new();
    all.extend(args.asked.name.iter().map(|name| format!(" --study {}", quoted(name))));
    all.extend(args.load.iter().map(|load| format!(" --load {}", quoted(load))));
    all.extend(args.up_to.map(|up_to| format!(" --up-to {up_to}")));
    all.extend(args.until.iter().map(|promise| format!(" --until {}", quoted(promise))));
    all.extend(args.confidence.map(|confidence| format!(" --confidence {confidence}")));
    all + &asked::study(&args.asked.study)
}
