//! `run`: simulate a scenario many times.

use super::{OK, load, source, study, style, typed};
use crate::asked::{self, Asked};
use crate::cli::RunArgs;
use crate::{interrupt, output};
use anyhow::Result;
use reports::terminal;

pub fn run(args: &RunArgs) -> Result<u8> {
    let mut ready = match load(&typed(&args.file), &args.study, args.variant.as_deref())? {
        Ok(ready) => ready,
        Err(status) => return Ok(status),
    };
    let (variant, sets) = (args.variant.as_deref(), &args.study.set[..]);
    let out = args.out.clone().unwrap_or_else(|| asked::folder(&ready.loaded.name, variant, sets, &args.study));
    let asked = Asked::new("run", vec![typed(&args.file)], variant, sets, asked::study(&args.study));
    asked::free(&out)?;
    // Who names a number of replications gets it.
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
    Ok(if result.summary.stopped_early.is_some() { interrupt::STATUS } else { OK })
}
