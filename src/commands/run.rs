//! `run`: simulate a scenario many times.

use super::{load, source, study, style, typed};
use crate::asked::{self, Asked};
use crate::cli::RunArgs;
use crate::{output, refused, status};
use anyhow::Result;
use reports::terminal;

pub fn run(args: &RunArgs) -> Result<u8> {
    let ready = load::ready(&typed(&args.file), &args.study, &args.precision, args.variant.as_deref())?;
    let mut ready = ready.map_err(|report| refused::scenario(&report))?;
    let (variant, sets) = (args.variant.as_deref(), &args.study.set[..]);
    let more = asked::study(&args.study) + &asked::precision(&args.precision);
    let out = args.out.clone().unwrap_or_else(|| asked::folder(&ready.loaded.name, variant, sets, &more));
    let asked = Asked::new("run", vec![typed(&args.file)], variant, sets, more);
    asked::free(&out, std::slice::from_ref(&args.file))?;
    // A number of replications that is asked for is kept.
    if args.study.replications.is_none() {
        ready.plan = ready.plan.until_certain();
    }
    let result = study(&ready, None)?;
    let source = source(&ready.loaded, asked.settings.clone());
    asked.write_report(&out, reports::write(&result, &source)?)?;
    let report = format!("Report   {}\n", typed(&out.join("report.html")));
    let text = match (args.json, output::is_quiet()) {
        (true, _) => reports::json(&result)?,
        (_, true) => terminal::sentence::of_run(&result, &style()),
        _ => terminal::run_summary(&result, &source, &style()) + &report,
    };
    output::print(&text)?;
    Ok(if result.summary.stopped_early.is_some() { status::STOPPED } else { status::OK })
}
