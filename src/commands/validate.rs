//! `validate`: all problems of files, without running them: of files, of all scenarios of folders, and of standard input.

use super::{check::files, project, typed};
use crate::cli::ValidateArgs;
use crate::output;
use crate::status::{CANNOT, OK};
use anyhow::{Result, bail};
use scenarios::{Studies, describe, overlay};
use std::collections::BTreeSet;

pub fn run(args: &ValidateArgs) -> Result<u8> {
    let sets = super::load::sets(&args.set)?;
    let found = files::gather(&args.paths)?;
    if found.is_empty() {
        bail!("there is no scenario in {}", args.paths.iter().map(|p| typed(p)).collect::<Vec<_>>().join(", "));
    }
    let colour = output::colours(&std::io::stdout());
    let extended: BTreeSet<_> = found.iter().flat_map(|found| found.extends.iter().cloned()).collect();
    let (mut status, mut items) = (OK, Vec::new());
    for found in &found {
        let file = typed(&found.path);
        // What a folder holds besides scenarios is not asked about.
        let left_out = if !found.inside {
            None
        } else if !overlay::is_scenario_file(project(), &file) {
            Some("which has no section of a scenario")
        } else if extended.contains(&files::plain(&found.path)) && overlay::is_part(project(), &file) {
            Some("which others extend and which is no whole scenario")
        } else {
            None
        };
        if let Some(why) = left_out {
            if !args.json && !output::is_quiet() {
                output::print(&format!("Left out: {file}, {why}.\n"))?;
            }
            continue;
        }
        match scenarios::validate(project(), &file, &sets, args.variant.as_deref(), Studies::All) {
            Ok(loaded) => {
                let all = loaded.warnings.with(&loaded.findings);
                if args.json {
                    items.extend(all.items());
                    continue;
                }
                if !all.problems.is_empty() {
                    output::print(&all.render(colour))?;
                }
                if !output::is_quiet() {
                    output::print(&format!("{}\n", describe::valid(&loaded)))?;
                }
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
