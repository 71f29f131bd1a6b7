//! `run`: simulate a scenario many times.

use super::{OK, load, source, study, style, typed};
use crate::cli::RunArgs;
use crate::output;
use anyhow::Result;
use std::path::PathBuf;

pub fn run(args: &RunArgs) -> Result<u8> {
    let ready = match load(&typed(&args.file), &args.study, args.variant.as_deref())? {
        Ok(ready) => ready,
        Err(status) => return Ok(status),
    };
    let out = args.out.clone().unwrap_or_else(|| PathBuf::from("out").join(&ready.loaded.name));
    output::writable(&out)?;
    let result = study(&ready)?;
    let source = source(&ready.loaded);
    output::write_report(&out, &reports::write(&result, &source)?)?;
    if args.json {
        output::print(&reports::json(&result)?)?;
    } else {
        let mut text = reports::terminal::run_summary(&result, &source, &style(args.plain));
        text.push_str(&format!("Report   {}\n", typed(&out.join("report.html"))));
        output::print(&text)?;
    }
    Ok(OK)
}
