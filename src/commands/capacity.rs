//! `capacity`: the cheapest setting that keeps every promise.

use super::{CANNOT, OK, complain, project, source, style, sweep, typed};
use crate::asked;
use crate::cli::{CapacityArgs, SurviveArg};
use crate::interrupt::{self, Stopped};
use crate::output;
use crate::progress::Progress;
use anyhow::{Context, Result, bail};
use reports::terminal;
use scenarios::study::capacity::{self, Asked, Event, Stop};
use scenarios::study::sweep::Origin;
use scenarios::written::named::Name;
use scenarios::written::studies::capacity::{CapacitySettings, SurviveSettings, confidence};
use scenarios::written::studies::knob::{Flow, OverSettings, RangeSettings, Scale};
use scenarios::written::studies::{AskSettings, StudySettings};
use scenarios::{Loaded, Set, Studies};
use sim_core::problem::{Problem, Problems};
use sim_core::units::{Count, Probability};

/// Without a range, a size is searched up to so many times what stands in the file.
const TIMES_NOW: u64 = 16;

pub fn run(args: &CapacityArgs) -> Result<u8> {
    let path = typed(&args.file);
    let sets = super::sets(&args.study)?;
    let loaded = match scenarios::load(project(), &path, &sets, args.variant.as_deref()) {
        Ok(loaded) => loaded,
        Err(report) => return Ok(complain(&report)),
    };
    let origin = Origin { files: project(), path: &path, sets: &sets, variant: args.variant.as_deref() };
    let (name, study) = asked(args, &loaded, &origin)?;
    if !name.is_empty()
        && let Err(report) = scenarios::validate(project(), &path, &sets, args.variant.as_deref(), Studies::One(&name))
    {
        return Ok(complain(&report));
    }
    let AskSettings::Capacity(ask) = study.ask else { bail!("the study {name} asks for no capacity") };
    let plan = super::plan(&loaded, &args.study);
    if let Err(status) = super::fits(&loaded, &plan, &args.study) {
        return Ok(status);
    }
    let own = study.budget.map(|budget| budget.replications.get_u32());
    let confidence = args.confidence.map_or_else(|| confidence(study.confidence), Probability::value);
    // With fewer than this nothing could be held.
    let usual = || plan.replications.saturating_mul(4).max(capacity::fewest(confidence));
    let asked = Asked {
        study: name.clone(),
        ask,
        confidence,
        budget: args.budget.or(own).unwrap_or_else(usual),
        knee: (!args.no_knee).then(|| args.up_to.fraction()),
    };
    let folder = if name.is_empty() { format!("{}-capacity", loaded.name) } else { format!("{}-{name}", loaded.name) };
    let (variant, set) = (args.variant.as_deref(), &args.study.set[..]);
    let out = args.out.clone().unwrap_or_else(|| asked::folder(&folder, variant, set, &args.study));
    let repeated = asked::Asked::new("capacity", vec![path.clone()], variant, set, besides(args));
    asked::free(&out)?;
    let bar = Progress::new("searching", loaded.written.scenario.as_deref().unwrap_or_default(), asked.budget);
    let watch = |event: &Event<'_>| {
        if let Event::Trying(load, settings, done, of) = event {
            let settings: Vec<&str> = settings.iter().map(|s| s.text.as_str()).collect();
            bar.title(format!("{} at load {load}", settings.join(", ")));
            return bar.at(*done, *of);
        }
        interrupt::go_on()
    };
    let outcome = capacity::run(origin, &loaded, &asked, &plan, &watch);
    bar.finish();
    let result = match outcome {
        Ok(result) => result,
        Err(Stop::Interrupted) => {
            return Err(Stopped::again("of a search that is not done nothing is kept.").into());
        }
        Err(Stop::Report(at, report)) => {
            output::say(&format!("error: the scenario cannot be run at {at}\n"));
            return Ok(complain(&report));
        }
        Err(Stop::Problem(problem)) => return Ok(say(&path, &problem)),
    };
    let source = source(&loaded, repeated.settings.clone());
    repeated.write_report(&out, reports::write_capacity(&result, &source)?)?;
    let report = format!("Report   {}\n", typed(&out.join("report.html")));
    output::print(&match (args.json, output::is_quiet()) {
        (true, _) => reports::capacity_json(&result)?,
        (_, true) => terminal::sentence::of_capacity(&result, &style()),
        _ => terminal::capacity::summary(&result, &source, &style()) + &report,
    })?;
    Ok(OK)
}

/// What changes the answer besides the file, the variant and what is set, as arguments.
fn besides(args: &CapacityArgs) -> String {
    let mut all = String::new();
    all.extend(args.name.iter().map(|name| format!(" --study {name}")));
    all.extend(args.find.iter().map(|find| format!(" --for {find}")));
    all.extend(args.promise.iter().map(|promise| format!(" --promise {promise}")));
    let loads: Vec<String> = args.at_load.iter().map(ToString::to_string).collect();
    all.extend((!loads.is_empty()).then(|| format!(" --at-load {}", loads.join(","))));
    all.extend(args.survive.map(|SurviveArg::Zone| " --survive zone"));
    all.extend(args.confidence.map(|confidence| format!(" --confidence {confidence}")));
    all.extend(args.budget.map(|budget| format!(" --budget {budget}")));
    all.push_str(if args.no_knee { " --no-knee" } else { "" });
    all + &asked::study(&args.study)
}

fn say(path: &str, problem: &Problem) -> u8 {
    output::say(&format!("error: {path}: {}: {}\n", problem.path, problem.message));
    if let Some(hint) = &problem.hint {
        output::say(&format!("hint: {hint}\n"));
    }
    CANNOT
}

/// The study that is asked for, by name or by the command line.
fn asked(args: &CapacityArgs, loaded: &Loaded, origin: &Origin<'_>) -> Result<(String, StudySettings)> {
    if !args.find.is_empty() {
        return Ok((String::new(), by_arguments(args, loaded, origin)?));
    }
    let is_capacity = |study: &&StudySettings| matches!(study.ask, AskSettings::Capacity(_));
    let all: Vec<(&str, &StudySettings)> = loaded.written.studies.iter().filter(|(_, s)| is_capacity(s)).collect();
    let names = all.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let file = typed(&args.file);
    let found = match (&args.name, all.as_slice()) {
        (Some(wanted), all) => all.iter().find(|(name, _)| name == wanted).with_context(|| match names.as_str() {
            "" => format!("{file} has no capacity study in its studies"),
            names => format!("{file} has no capacity study called {wanted}; those here: {names}"),
        })?,
        (None, [one]) => one,
        (None, []) => {
            bail!(
                "nothing is searched: say what with --for services.api.instances, or write a capacity study in the studies of {file}"
            )
        }
        (None, _) => bail!("{file} has several capacity studies: name one of {names} with --study"),
    };
    Ok((found.0.to_owned(), found.1.clone()))
}

fn by_arguments(args: &CapacityArgs, loaded: &Loaded, origin: &Origin<'_>) -> Result<StudySettings> {
    let mut find = Vec::new();
    for text in &args.find {
        find.push(match Set::parse(text) {
            Some(set) => {
                let over = sweep::over(&set.value).with_context(|| format!("--for {text}"))?;
                let over = over
                    .with_context(|| format!("--for {text}: expected a range such as 2..60 or a list such as 2,4,8"))?;
                (set.path, over)
            }
            None => (text.clone(), around_now(text, origin)?),
        });
    }
    let promise = |name: &String| match loaded.written.promises.get(name) {
        Some(_) => Name::parse(name).map_err(anyhow::Error::msg),
        None => {
            let known: Vec<&str> = loaded.written.promises.names().collect();
            bail!("--promise {name}: no promise is called so; promises here: {}", known.join(", "))
        }
    };
    let ask = CapacitySettings {
        find: find.into_iter().collect(),
        promises: args.promise.iter().map(promise).collect::<Result<_>>()?,
        at_load: args.at_load.clone(),
        survive: args.survive.map(|SurviveArg::Zone| SurviveSettings { zone: Count::new(1) }),
        minimise: None,
    };
    let study = StudySettings { ask: AskSettings::Capacity(ask), confidence: None, budget: None };
    let mut problems = Problems::new();
    study.validate(&mut problems);
    match problems.into_vec().first() {
        Some(problem) => {
            let path = problem.path.trim_start_matches("ask.capacity.");
            let hint = problem.hint.as_ref().map_or_else(String::new, |hint| format!("\nhint: {hint}"));
            bail!("{path}: {}{hint}", problem.message)
        }
        None => Ok(study),
    }
}

/// From 1 to many times what stands in the file.
fn around_now(path: &str, origin: &Origin<'_>) -> Result<OverSettings> {
    let now = scenarios::overlay::value_at(origin.files, origin.path, origin.sets, origin.variant, path);
    let now: u64 = now.map_or(Some(1), |text| text.parse().ok()).with_context(|| {
        format!("--for {path}: what stands there is no whole number; say what is searched, as {path}=2..60")
    })?;
    let (from, to) = (Flow::new("1"), Flow::new((now * TIMES_NOW).max(TIMES_NOW).to_string()));
    Ok(OverSettings::Range(RangeSettings { from, to, points: None, scale: Scale::Linear }))
}
