//! `decide`: which of several systems to take, by all that they cost.

use super::{load, project, report_line, source, tell, typed, watched};
use crate::asked::{self, Asked};
use crate::cli::{ByArg, DecideArgs};
use crate::refused;
use crate::shell::quoted;
use crate::status::OK;
use anyhow::{Context, Result};
use reports::answer;
use reports::studies::decide::DecideAnswer;
use scenarios::study::decide::DecideStudy;
use scenarios::written::studies::decide::{ByRule, DecideSettings};
use scenarios::{Loaded, Studies};

pub fn run(args: &DecideArgs) -> Result<u8> {
    let asked = &args.asked;
    let path = typed(&asked.file);
    let (sets, variant) = (load::sets(&asked.study.set)?, asked.variant.as_deref());
    let loaded = load::loaded(&path, &sets, variant).map_err(|report| refused::scenario(&report))?;
    let found = load::study_of::<DecideSettings>(&path, &loaded, asked.name.as_deref())?;
    let (name, study, mut ask) =
        found.with_context(|| format!("nothing is decided: write a decide study in the studies of {path}"))?;
    let checked = scenarios::validate(project(), &path, &sets, variant, Studies::One(name));
    checked.map_err(|report| refused::scenario(&report))?;
    ask.by = match args.by {
        None => ask.by,
        Some(ByArg::Cost) => ByRule::Cost,
        Some(ByArg::Guide) => ByRule::Guide,
    };
    let plan = load::plan_within(&loaded, study, &asked.study);
    let of = |name: &str| -> Result<(String, Loaded)> {
        let variant = if name == "base" { variant } else { Some(name) };
        let mut option =
            scenarios::load(project(), &path, &sets, variant).map_err(|report| refused::scenario(&report))?;
        // What is odd in the file itself is said already; the rest is odd in this system only.
        let is_said = |message: &str| loaded.warnings.problems.iter().any(|placed| placed.problem.message == message);
        option.warnings.problems.retain(|placed| !is_said(&placed.problem.message));
        for placed in &mut option.warnings.problems {
            placed.problem.message = format!("in the variant {name}: {}", placed.problem.message);
        }
        load::warn(&option.warnings);
        load::fits(&option, &plan, &asked.study)?;
        Ok((name.to_owned(), option))
    };
    let options = ask.among.iter().map(|name| of(name.as_ref())).collect::<Result<Vec<_>>>()?;
    let set = &asked.study.set[..];
    let more = more(args);
    let folder = format!("{}-{name}", loaded.name);
    let out = asked.out.clone().unwrap_or_else(|| asked::folder(&folder, variant, set, &more));
    let repeated = Asked::new("decide", vec![path.clone()], variant, set, more);
    asked::free(&out, std::slice::from_ref(&asked.file))?;
    let study = DecideStudy { loaded: &loaded, options: &options, study: name, ask: &ask, plan: &plan };
    let title = loaded.written.scenario.clone().unwrap_or_default();
    let decision = watched(study, "pricing", &title, &path, "of a decision that is not done nothing is kept.")?;
    let source = source(&loaded, repeated.settings.clone());
    let answer = DecideAnswer { decision: &decision, source: &source };
    repeated.write_report(&out, answer::files(&answer)?)?;
    tell(&answer, asked.json, &report_line(&out))?;
    Ok(OK)
}

/// All arguments that change the answer, but for the file, the variant and what is set.
fn more(args: &DecideArgs) -> String {
    let mut all = String::new();
    all.extend(args.asked.name.iter().map(|name| format!(" --study {}", quoted(name))));
    all.extend(args.by.map(|by| if by == ByArg::Cost { " --by cost" } else { " --by guide" }));
    all + &asked::study(&args.asked.study)
}
