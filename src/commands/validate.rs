//! `validate`: all problems of files, without running them: of files, of all scenarios of folders, and of standard input.

use super::Perform;
use super::{check::files, project, typed};
use crate::complete;
use crate::output;
use crate::status::{CANNOT, OK};
use anyhow::{Result, bail};
use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use scenarios::{Studies, describe, overlay};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Find all problems of scenario files without running them.
#[derive(Debug, Args)]
pub struct ValidateArgs {
    /// Scenario files, folders of them, or - for standard input.
    #[arg(required = true, add = ArgValueCompleter::new(complete::scenarios))]
    pub paths: Vec<PathBuf>,
    /// Print the problems as JSON.
    #[arg(long)]
    pub json: bool,
    /// A variant of the scenarios.
    #[arg(long, add = ArgValueCompleter::new(complete::variants))]
    pub variant: Option<String>,
    /// Set a value of the files by its path, as services.api.instances=4.
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
}

impl Perform for ValidateArgs {
    fn scenarios(&mut self) -> Vec<&mut PathBuf> {
        self.paths.iter_mut().collect()
    }

    fn searched(&self) -> &[PathBuf] {
        &self.paths
    }

    fn reads_input(&self) -> bool {
        self.paths.iter().any(|path| path.as_os_str() == "-")
    }

    fn run(&self) -> Result<u8> {
        let sets = super::load::sets(&self.set)?;
        let found = files::gather(&self.paths)?;
        if found.is_empty() {
            bail!("there is no scenario in {}", self.paths.iter().map(|p| typed(p)).collect::<Vec<_>>().join(", "));
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
                if !self.json && !output::is_quiet() {
                    output::print(&format!("Left out: {file}, {why}.\n"))?;
                }
                continue;
            }
            match scenarios::validate(project(), &file, &sets, self.variant.as_deref(), Studies::All) {
                Ok(loaded) => {
                    let all = loaded.warnings.with(&loaded.findings);
                    if self.json {
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
                    if self.json {
                        items.extend(report.items());
                    } else {
                        output::print(&format!("{}{}\n", report.render(colour), report.closing()))?;
                    }
                }
            }
        }
        if self.json {
            output::print(&format!("{}\n", serde_json::to_string_pretty(&items)?))?;
        }
        Ok(status)
    }
}
