//! `compare`: systems on the same random numbers.

use super::Perform;
use super::load::{self, plan, sets};
use super::{project, report_line, source, tell, typed, watched};
use crate::arguments::StudyArgs;
use crate::asked::{self, Asked};
use crate::complete;
use crate::refused;
use crate::shell::quoted;
use crate::status::OK;
use anyhow::{Context, Result, bail};
use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use reports::answer;
use reports::studies::compare::CompareAnswer;
use scenarios::Set;
use scenarios::study::compare::{Candidate, CompareStudy};
use scenarios::written::studies::compare::CompareSettings;
use sim_core::expression::Value;
use sim_core::problem::Problems;
use std::path::PathBuf;

/// Compare systems on the same random numbers: what is better, what is worse, and how sure that is.
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

impl Perform for CompareArgs {
    fn scenarios(&mut self) -> Vec<&mut PathBuf> {
        self.files.iter_mut().collect()
    }

    fn run(&self) -> Result<u8> {
        let sets = sets(&self.study.set)?;
        let (wanted, show) = wanted(self, &sets)?;
        let mut candidates = Vec::new();
        for (file, variant) in &wanted {
            let candidate = Candidate::load(project(), file, &sets, variant.as_deref());
            let candidate = candidate.map_err(|report| refused::scenario(&report))?;
            load::warn(&candidate.loaded.warnings);
            candidates.push(candidate);
        }
        if let Some(error) = show.iter().find_map(|value| unknown(value, &candidates)) {
            return Err(error);
        }
        for loaded in candidates.iter_mut().map(|candidate| &mut candidate.loaded) {
            loaded.counts_for(&show);
        }
        let own = || asked::folder(&name(&candidates), None, &self.study.set, &asked::study(&self.study));
        let out = self.out.clone().unwrap_or_else(own);
        let files = self.files.iter().map(|file| typed(file)).collect();
        let asked = Asked::new("compare", files, None, &self.study.set, more(self));
        asked::free(&out, &self.files)?;
        let plan = plan(&candidates[0].loaded, &self.study);
        for candidate in &candidates {
            load::fits(&candidate.loaded, &plan, &self.study)?;
        }
        let title = wanted.iter().map(|(file, variant)| variant.as_ref().unwrap_or(file).as_str()).collect::<Vec<_>>();
        let study = CompareStudy { candidates: &candidates, show: &show, plan: &plan };
        let lost = "of a comparison that is not done nothing is kept.";
        let comparison = watched(study, "comparing", &title.join(", "), "", lost)?;
        let sources: Vec<reports::Source> =
            candidates.iter().map(|candidate| source(&candidate.loaded, asked.settings.clone())).collect();
        let answer = CompareAnswer { comparison: &comparison, sources: &sources };
        asked.write_report(&out, answer::files(&answer)?)?;
        tell(&answer, self.json, &report_line(&out))?;
        Ok(OK)
    }
}

/// A file and its variant.
type Wanted = (String, Option<String>);

/// The systems that are compared, and what is shown of them.
fn wanted(args: &CompareArgs, sets: &[Set]) -> Result<(Vec<Wanted>, Vec<Value>)> {
    let files: Vec<String> = args.files.iter().map(|file| typed(file)).collect();
    if let [_, _, ..] = &files[..] {
        if args.name.is_some() || !args.variants.is_empty() {
            bail!("variants and studies are those of one file");
        }
        return Ok((files.into_iter().map(|file| (file, None)).collect(), args.show.clone()));
    }
    let file = &files[0];
    let of_file = |variants: &[String]| variants.iter().map(|name| (file.clone(), Some(name.clone()))).collect();
    match &args.variants[..] {
        [] => {}
        [_, _, ..] => return Ok((of_file(&args.variants), args.show.clone())),
        [one] => return Ok((of_file(&["base".to_owned(), one.clone()]), args.show.clone())),
    }
    let loaded = load::loaded(file, sets, None).map_err(|report| refused::scenario(&report))?;
    let found = load::study_of::<CompareSettings>(file, &loaded, args.name.as_deref())?;
    let (_, _, ask) = found.context("nothing says what to compare: name two files, or write --variants base,NAME")?;
    let names = std::iter::once(&ask.baseline).chain(&ask.against).map(|name| name.as_ref().to_owned());
    let show = ask.show.iter().chain(&args.show).cloned().collect();
    Ok((of_file(&names.collect::<Vec<_>>()), show))
}

/// What is wrong with a value that no system has.
fn unknown(value: &Value, candidates: &[Candidate]) -> Option<anyhow::Error> {
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
    Some(refused::value(&[&value.to_string()], &first))
}

/// All arguments that change what is compared, but for the files and what is set.
fn more(args: &CompareArgs) -> String {
    let mut all = String::new();
    all.extend((!args.variants.is_empty()).then(|| format!(" --variants {}", quoted(&args.variants.join(",")))));
    all.extend(args.name.iter().map(|name| format!(" --study {}", quoted(name))));
    all.extend(args.show.iter().map(|show| format!(" --show {}", quoted(&show.to_string()))));
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
