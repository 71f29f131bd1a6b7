//! `knee`: the load at which each promise breaks.

use super::{load, project, promises, report_line, source, tell, typed, watched};
use crate::asked::{self, Asked};
use crate::cli::KneeArgs;
use crate::refused;
use crate::shell::quoted;
use crate::status::OK;
use anyhow::{Error, Result};
use reports::answer;
use reports::studies::knee::KneeAnswer;
use scenarios::Loaded;
use scenarios::study::capacity::fewest;
use scenarios::study::knee::KneeStudy;
use scenarios::written::named::Name;
use scenarios::written::studies::capacity::confidence;
use scenarios::written::studies::knee::KneeSettings;
use scenarios::written::studies::question::Question;
use sim_core::problem::Problems;
use sim_core::units::Probability;

pub fn run(args: &KneeArgs) -> Result<u8> {
    let asked = &args.asked;
    let path = typed(&asked.file);
    let (sets, variant) = (load::sets(&asked.study.set)?, asked.variant.as_deref());
    let loaded = load::loaded(&path, &sets, variant).map_err(|report| refused::scenario(&report))?;
    let found = load::study_of::<KneeSettings>(&path, &loaded, asked.name.as_deref())?;
    if let Some((name, ..)) = &found {
        let checked = scenarios::validate(project(), &path, &sets, variant, scenarios::Studies::One(name));
        checked.map_err(|report| refused::scenario(&report))?;
    }
    let (name, study, written) = found.map_or((String::new(), None, KneeSettings::default()), |(name, study, ask)| {
        (name.to_owned(), Some(study), ask)
    });
    let ask = overridden(written, args, &loaded)?;
    let mut problems = Problems::new();
    ask.validate(&mut problems);
    refused::first_of(problems, "")?;
    let plan = load::plan(&loaded, &asked.study);
    load::fits(&loaded, &plan, &asked.study)?;
    let confidence = args.confidence.map_or_else(|| confidence(study.and_then(|s| s.confidence)), Probability::value);
    let own = study.and_then(|study| study.budget).filter(|_| asked.study.replications.is_none());
    // With fewer than this nothing could be held.
    let usual = || plan.replications.saturating_mul(4).max(fewest(confidence));
    let budget = own.map_or_else(usual, |budget| budget.replications.get_u32());
    let folder = format!("{}-{}", loaded.name, if name.is_empty() { "knee" } else { &name });
    let set = &asked.study.set[..];
    let more = more(args);
    let out = asked.out.clone().unwrap_or_else(|| asked::folder(&folder, variant, set, &more));
    let repeated = Asked::new("knee", vec![path.clone()], variant, set, more);
    asked::free(&out, std::slice::from_ref(&asked.file))?;
    let study = KneeStudy { loaded: &loaded, study: &name, ask: &ask, confidence, budget, plan: &plan };
    let title = loaded.written.scenario.clone().unwrap_or_default();
    let knees = watched(study, "looking", &title, &path, "of a knee study that is not done nothing is kept.")?;
    let source = source(&loaded, repeated.settings.clone());
    let answer = KneeAnswer { knees: &knees, source: &source };
    repeated.write_report(&out, answer::files(&answer)?)?;
    tell(&answer, asked.json, &report_line(&out))?;
    Ok(OK)
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
