//! `capacity`: the cheapest setting that keeps every promise.

use super::Perform;
use super::question::About;
use super::{load, promises, sweep, watched};
use crate::arguments::{AskedArgs, parse_confidence};
use crate::asked;
use crate::refused;
use crate::shell::quoted;
use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use reports::studies::capacity::CapacityAnswer;
use scenarios::study::capacity::{self, CapacityAsk, CapacityStudy};
use scenarios::study::sweep::Origin;
use scenarios::written::studies::StudySettings;
use scenarios::written::studies::capacity::{CapacitySettings, SurviveSettings, confidence};
use scenarios::written::studies::knob::{Flow, MOST, OverSettings, RangeSettings, Scale};
use scenarios::{Loaded, Set};
use sim_core::problem::Problems;
use sim_core::units::{Count, Percent, Probability};
use std::path::PathBuf;

/// The largest load at which the answer is tried, in loads of the file, where the command line names none.
const UP_TO: f64 = 10.0;

/// Without a range, a size is searched up to so many times what stands in the file, or up to the most values that a knob may have.
const TIMES_NOW: u64 = 16;

/// Find the cheapest setting that keeps every promise, now and for more load, and how far it carries.
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
    #[arg(long, value_name = "PERCENT", value_parser = parse_confidence)]
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

impl Perform for CapacityArgs {
    fn scenarios(&mut self) -> Vec<&mut PathBuf> {
        vec![&mut self.asked.file]
    }

    fn run(&self) -> Result<u8> {
        let about = About::load(&self.asked)?;
        let (path, loaded, replications) = (&about.path, &about.loaded, self.asked.study.replications);
        let (name, study, ask) = asked(self, &about)?;
        let plan = about.fits(load::plan(loaded, &self.asked.study))?;
        // A number of replications on the command line takes the place of the study's budget.
        let own = study.budget.filter(|_| replications.is_none()).map(|budget| budget.replications.get_u32());
        let confidence = self.confidence.map_or_else(|| confidence(study.confidence), Probability::value);
        // With fewer than this nothing could be held.
        let usual = || plan.replications.saturating_mul(4).max(capacity::fewest(confidence));
        let ask = CapacityAsk {
            study: name.clone(),
            ask,
            confidence,
            budget: self.budget.or(own).unwrap_or_else(usual),
            knee: (!self.no_knee).then(|| self.up_to.map_or(UP_TO, Percent::fraction)),
        };
        let named = asked::study(&self.asked.study);
        let place = about.place("capacity", if name.is_empty() { "capacity" } else { &name }, &named, more(self))?;
        let study = CapacityStudy { origin: about.origin(), loaded, asked: &ask, plan: &plan };
        let result = watched(study, "searching", about.title(), path, "of a search that is not done nothing is kept.")?;
        place.put(&CapacityAnswer { capacity: &result, source: &place.source })
    }
}

/// All arguments that change the answer, but for the file, the variant and what is set.
fn more(args: &CapacityArgs) -> String {
    let mut all = String::new();
    all.extend(args.asked.name.iter().map(|name| format!(" --study {}", quoted(name))));
    all.extend(args.find.iter().map(|find| format!(" --for {}", quoted(find))));
    all.extend(args.promise.iter().map(|promise| format!(" --promise {}", quoted(promise))));
    let loads: Vec<String> = args.at_load.iter().map(ToString::to_string).collect();
    all.extend((!loads.is_empty()).then(|| format!(" --at-load {}", loads.join(","))));
    all.extend(args.survive.map(|SurviveArg::Zone| " --survive zone"));
    all.extend(args.confidence.map(|confidence| format!(" --confidence {confidence}")));
    all.extend(args.budget.map(|budget| format!(" --budget {budget}")));
    all.push_str(if args.no_knee { " --no-knee" } else { "" });
    all.extend(args.up_to.map(|up_to| format!(" --up-to {up_to}")));
    all + &asked::study(&args.asked.study)
}

/// The study that is meant, with its name and what it asks: of the file, or of the command line, which also takes the place of what the
/// file's study says.
fn asked(args: &CapacityArgs, about: &About<'_>) -> Result<(String, StudySettings, CapacitySettings)> {
    let (name, mut study, written) = if args.find.is_empty() {
        let (name, study, ask) = about.study::<CapacitySettings>()?.with_context(|| {
            format!(
                "nothing is searched: say what with --for services.api.instances, or write a capacity study in the studies of {}",
                about.path
            )
        })?;
        (name.to_owned(), study.clone(), ask)
    } else {
        let find = args.find.iter().map(|text| knob(text, &about.origin())).collect::<Result<Vec<_>>>()?;
        let (promises, at_load) = (Vec::new(), Vec::new());
        let find = find.into_iter().collect();
        let ask = CapacitySettings { find, promises, at_load, survive: None, minimise: None };
        (String::new(), StudySettings { ask: ask.clone().into(), confidence: None, budget: None }, ask)
    };
    let ask = overridden(written, args, &about.loaded)?;
    study.ask = ask.clone().into();
    let mut problems = Problems::new();
    study.validate(&mut problems);
    refused::first_of(problems, "ask.capacity.")?;
    Ok((name, study, ask))
}

/// What a study asks, where the command line says nothing else.
fn overridden(mut ask: CapacitySettings, args: &CapacityArgs, loaded: &Loaded) -> Result<CapacitySettings> {
    if !args.promise.is_empty() {
        ask.promises = promises("promise", &args.promise, loaded)?;
    }
    if !args.at_load.is_empty() {
        ask.at_load.clone_from(&args.at_load);
    }
    let survive = args.survive.map(|SurviveArg::Zone| SurviveSettings { zone: Count::new(1) });
    ask.survive = survive.or(ask.survive);
    Ok(ask)
}

/// What `--for` says: a path, and the sizes that are tried there.
fn knob(text: &str, origin: &Origin<'_>) -> Result<(String, OverSettings)> {
    let Some(set) = Set::parse(text) else { return Ok((text.to_owned(), around_now(text, origin)?)) };
    let over = sweep::over(&set.value).with_context(|| format!("--for {text}"))?;
    let over = over.with_context(|| format!("--for {text}: expected a range such as 2..60 or a list such as 2,4,8"))?;
    Ok((set.path, over))
}

/// From 1 to many times what stands in the file.
fn around_now(path: &str, origin: &Origin<'_>) -> Result<OverSettings> {
    let now = scenarios::overlay::value_at(origin.files, origin.path, origin.sets, origin.variant, path);
    let now = now.map_or(Ok(Count::new(1)), |text| Count::parse(&text)).map_err(|_| {
        anyhow!("--for {path}: what stands there is no whole number; say what is searched, as {path}=2..60")
    })?;
    if now.get() > MOST {
        bail!("--for {path}: what stands there is more than {MOST}; say what is searched, as {path}=2..60");
    }
    let most = (now.get() * TIMES_NOW).clamp(TIMES_NOW, MOST);
    let (from, to) = (Flow::new("1"), Flow::new(most.to_string()));
    Ok(OverSettings::Range(RangeSettings { from, to, points: None, scale: Scale::Linear }))
}
