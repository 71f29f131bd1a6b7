//! `validate`: all problems of a file, without running it.

use super::{CANNOT, OK, project, typed};
use crate::cli::ValidateArgs;
use crate::output;
use anyhow::Result;
use scenarios::{Studies, describe};
use std::io::IsTerminal;

pub fn run(args: &ValidateArgs) -> Result<u8> {
    let mut status = OK;
    let mut items = Vec::new();
    let sets = super::sets_of(&args.set)?;
    for file in &args.files {
        let colour = output::colours(false) && std::io::stdout().is_terminal();
        match scenarios::validate(project(), &typed(file), &sets, args.variant.as_deref(), Studies::All) {
            Ok(loaded) => {
                if args.json {
                    items.extend(loaded.warnings.items());
                    continue;
                }
                if !loaded.warnings.problems.is_empty() {
                    output::print(&loaded.warnings.render(colour))?;
                }
                output::print(&format!("{}\n", describe::valid(&loaded)))?;
            }
            Err(report) => {
                status = CANNOT;
                if args.json {
                    items.extend(report.items());
                } else {
                    output::print(&format!("{}{}\n", report.render(colour), report.closing()))?;
                }
            }
        }
    }
    if args.json {
        output::print(&format!("{}\n", serde_json::to_string_pretty(&items)?))?;
    }
    Ok(status)
}
