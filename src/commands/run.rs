//! `run`: simulate a scenario many times.

use super::{load, report_line, source, study, tell, typed};
use crate::asked::{self, Asked};
use crate::cli::RunArgs;
use crate::{refused, status};
use anyhow::Result;
use reports::Source;
use reports::answer;
use reports::studies::run::RunAnswer;

pub fn run(args: &RunArgs) -> Result<u8> {
    let ready = load::ready(&typed(&args.file), &args.study, &args.precision, args.variant.as_deref())?;
    let mut ready = ready.map_err(|report| refused::scenario(&report))?;
    let (variant, sets) = (args.variant.as_deref(), &args.study.set[..]);
    let more = asked::study(&args.study) + &asked::precision(&args.precision);
    let out = args.out.clone().unwrap_or_else(|| asked::folder(&ready.loaded.name, variant, sets, &more));
    let as_written = ready.loaded.is_alone;
    let asked = Asked { as_written, ..Asked::new("run", vec![typed(&args.file)], variant, sets, more) };
    asked::free(&out, std::slice::from_ref(&args.file))?;
    // A number of replications that is asked for is kept.
    if args.study.replications.is_none() {
        ready.plan = ready.plan.until_certain();
    }
    let result = study(&ready, None)?;
    let source = Source { known: ready.loaded.known(), ..source(&ready.loaded, asked.settings.clone()) };
    let answer = RunAnswer { study: &result, source: &source };
    asked.write_report(&out, answer::files(&answer)?)?;
    tell(&answer, args.json, &report_line(&out))?;
    Ok(if result.summary.stopped_early.is_some() { status::STOPPED } else { status::OK })
}
