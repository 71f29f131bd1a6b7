//! `compare`: systems on the same random numbers.

use super::{CANNOT, OK, complain, plan, project, sets, source, style, typed};
use crate::asked::{self, Asked};
use crate::cli::CompareArgs;
use crate::interrupt::Stopped;
use crate::output;
use crate::progress::Progress;
use anyhow::{Result, bail};
use reports::terminal;
use scenarios::Loaded;
use scenarios::study::compare::{self, Candidate};
use scenarios::written::studies::AskSettings;
use scenarios::written::studies::compare::CompareSettings;
use sim_core::expression::Value;
use sim_core::problem::Problems;

pub fn run(args: &CompareArgs) -> Result<u8> {
    let sets = sets(&args.study)?;
    let (wanted, show) = match wanted(args)? {
        Ok(wanted) => wanted,
        Err(status) => return Ok(status),
    };
    let mut candidates = Vec::new();
    for (file, variant) in &wanted {
        match Candidate::load(project(), file, &sets, variant.as_deref()) {
            Ok(candidate) => candidates.push(candidate),
            Err(report) => return Ok(complain(&report)),
        }
    }
    if let Some(message) = show.iter().find_map(|value| unknown(value, &candidates)) {
        output::say(&format!("error: {message}\n"));
        return Ok(CANNOT);
    }
    for loaded in candidates.iter_mut().map(|candidate| &mut candidate.loaded) {
        loaded.model.cut_for(show.iter().flat_map(|value| value.tree().metrics()), &loaded.names);
    }
    let out = args.out.clone().unwrap_or_else(|| asked::folder(&name(&candidates), None, &args.study.set, &args.study));
    let files = args.files.iter().map(|file| typed(file)).collect();
    let asked = Asked::new("compare", files, None, &args.study.set, besides(args));
    asked::free(&out)?;
    let plan = plan(&candidates[0].loaded, &args.study);
    for candidate in &candidates {
        if let Err(status) = super::fits(&candidate.loaded, &plan, &args.study) {
            return Ok(status);
        }
    }
    let title = wanted.iter().map(|(file, variant)| variant.as_ref().unwrap_or(file).as_str()).collect::<Vec<_>>();
    let bar = Progress::new("comparing", &title.join(", "), plan.replications * candidates.len() as u32);
    let comparison = compare::run(&candidates, &show, &plan, &|done, of| bar.at(done, of));
    bar.finish();
    let Ok(comparison) = comparison else {
        return Err(Stopped::again("of a comparison that is not done nothing is kept.").into());
    };
    let sources: Vec<reports::Source> =
        candidates.iter().map(|candidate| source(&candidate.loaded, asked.settings.clone())).collect();
    asked.write_report(&out, reports::write_comparison(&comparison, &sources)?)?;
    let report = format!("Report   {}\n", typed(&out.join("report.html")));
    output::print(&match (args.json, output::is_quiet()) {
        (true, _) => reports::compare_json(&comparison)?,
        (_, true) => terminal::sentence::of_comparison(&comparison, &style()),
        _ => terminal::compare::summary(&comparison, &style()) + &report,
    })?;
    Ok(OK)
}

/// A file and its variant.
type Wanted = (String, Option<String>);

/// The systems that are compared, and what is shown of them. `Err` is the exit status.
fn wanted(args: &CompareArgs) -> Result<Result<(Vec<Wanted>, Vec<Value>), u8>> {
    let files: Vec<String> = args.files.iter().map(|file| typed(file)).collect();
    if let [_, _, ..] = &files[..] {
        if args.name.is_some() || !args.variants.is_empty() {
            bail!("variants and studies are those of one file");
        }
        return Ok(Ok((files.into_iter().map(|file| (file, None)).collect(), args.show.clone())));
    }
    let file = &files[0];
    let of_file = |variants: &[String]| variants.iter().map(|name| (file.clone(), Some(name.clone()))).collect();
    match &args.variants[..] {
        [] => {}
        [_, _, ..] => return Ok(Ok((of_file(&args.variants), args.show.clone()))),
        [one] => return Ok(Ok((of_file(&["base".to_owned(), one.clone()]), args.show.clone()))),
    }
    let loaded = match scenarios::load(project(), file, &sets(&args.study)?, None) {
        Ok(loaded) => loaded,
        Err(report) => return Ok(Err(complain(&report))),
    };
    let ask = study(args, &loaded)?;
    let names = std::iter::once(&ask.baseline).chain(&ask.against).map(|name| name.as_ref().to_owned());
    let show = ask.show.iter().chain(&args.show).cloned().collect();
    Ok(Ok((of_file(&names.collect::<Vec<_>>()), show)))
}

/// The comparison among the studies of a file that is meant.
fn study(args: &CompareArgs, loaded: &Loaded) -> Result<CompareSettings> {
    let of = |ask: &AskSettings| if let AskSettings::Compare(ask) = ask { Some(ask.clone()) } else { None };
    let all: Vec<(&str, CompareSettings)> =
        loaded.written.studies.iter().filter_map(|(name, study)| Some((name, of(&study.ask)?))).collect();
    let names = || all.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    match (&args.name, &all[..]) {
        (Some(name), _) => match all.iter().find(|(known, _)| known == name) {
            Some((_, ask)) => Ok(ask.clone()),
            None => bail!("no comparison is called \"{name}\"; comparisons here: {}", names()),
        },
        (None, [(_, ask)]) => Ok(ask.clone()),
        (None, []) => bail!("nothing says what to compare: name two files, or write --variants base,NAME"),
        (None, _) => bail!("the file has several comparisons: name one by --study, of {}", names()),
    }
}

/// What is wrong with a value that no system has.
fn unknown(value: &Value, candidates: &[Candidate]) -> Option<String> {
    let problem = |candidate: &Candidate| {
        let mut problems = Problems::new();
        value.tree().check(&candidate.loaded.names, |_| None, &[], &mut problems);
        problems.into_vec().into_iter().next()
    };
    let all: Vec<_> = candidates.iter().map(problem).collect();
    if all.iter().any(Option::is_none) {
        return None;
    }
    let first = all.into_iter().flatten().next()?;
    let hint = first.hint.map_or_else(String::new, |hint| format!("\nhint: {hint}"));
    Some(format!("{value}: {}{hint}", first.message))
}

/// What is compared besides the files and what is set, as arguments.
fn besides(args: &CompareArgs) -> String {
    let mut all = String::new();
    all.extend((!args.variants.is_empty()).then(|| format!(" --variants {}", args.variants.join(","))));
    all.extend(args.name.iter().map(|name| format!(" --study {name}")));
    all.extend(args.show.iter().map(|show| format!(" --show '{show}'")));
    all + &asked::study(&args.study)
}

/// What the systems are called together, as the name of a folder.
fn name(candidates: &[Candidate]) -> String {
    let name = |candidate: &Candidate| candidate.variant.clone().unwrap_or_else(|| candidate.loaded.name.clone());
    let (first, rest) = (&candidates[0], &candidates[1..]);
    let of = if rest.iter().any(|other| other.variant.is_some()) {
        format!("{}-", first.loaded.name)
    } else {
        String::new()
    };
    let first = if of.is_empty() { name(first) } else { first.variant.clone().unwrap_or_else(|| "base".to_owned()) };
    let rest = rest.iter().map(name).collect::<Vec<_>>().join("-");
    format!("{of}{first}-against-{rest}")
}
