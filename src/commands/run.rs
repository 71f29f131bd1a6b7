//! `run`: simulate a scenario many times.

use super::{OK, load, source, study, style, typed};
use crate::asked::{self, Asked};
use crate::cli::RunArgs;
use crate::output;
use anyhow::Result;

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
    if args.json {
        output::print(&reports::json(&result)?)?;
    } else {
        let mut text = reports::terminal::run_summary(&result, &source, &style(args.plain));
        text.push_str(&format!("Report   {}\n", typed(&out.join("report.html"))));
        output::print(&text)?;
    }
    Ok(OK)
}
