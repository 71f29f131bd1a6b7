//! `list`: the scenarios inside of the program, or those of a folder, with their questions.

use super::Perform;
use super::{check::files, project, typed};
use crate::output;
use crate::status::OK;
use anyhow::{Context, Result};
use clap::Args;
use scenarios::{Builtin, Files, builtin};
use std::path::PathBuf;

/// A scenario: how a command is told it, its title and its question.
type Listed = (String, String, String);

/// List the built-in scenarios, or those of a folder, with their questions.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// A folder to look in. Default: the built-in scenarios.
    pub folder: Option<PathBuf>,
    /// Print the list as JSON.
    #[arg(long)]
    pub json: bool,
}

impl Perform for ListArgs {
    fn searched(&self) -> &[PathBuf] {
        self.folder.as_slice()
    }

    fn run(&self) -> Result<u8> {
        let list = match &self.folder {
            Some(folder) => inside(folder)?,
            None => builtin::shipped().filter_map(|name| listed(&Builtin, &builtin::find(name)?, name)).collect(),
        };
        if self.json {
            let items: Vec<_> = list
            .iter()
            .map(|(file, scenario, question)| serde_json::json!({"file": file, "scenario": scenario, "question": question}))
            .collect();
            output::print(&format!("{}\n", serde_json::to_string_pretty(&items)?))?;
            return Ok(OK);
        }
        if output::is_quiet() {
            output::print(&list.iter().map(|(file, ..)| format!("{file}\n")).collect::<String>())?;
            return Ok(OK);
        }
        let mut lines: Vec<String> = list.iter().map(|(f, s, q)| format!("{f}\n  {s}\n  {q}\n")).collect();
        if self.folder.is_none() {
            lines.push("Next     windtunnel run checkout, show checkout, or new --from checkout\n".to_owned());
        }
        output::print(&lines.join("\n"))?;
        Ok(OK)
    }
}

/// The scenarios of a folder; what cannot be loaded is none.
fn inside(folder: &PathBuf) -> Result<Vec<Listed>> {
    std::fs::metadata(folder).with_context(|| format!("there is no folder {}", typed(folder)))?;
    let found = files::gather(std::slice::from_ref(folder))?;
    Ok(found.into_iter().filter_map(|found| listed(project(), &typed(&found.path), &typed(&found.path))).collect())
}

fn listed(files: &dyn Files, path: &str, called: &str) -> Option<Listed> {
    let loaded = scenarios::load(files, path, &[], None).ok()?;
    let line = |t: &Option<String>| t.iter().flat_map(|t| t.split_whitespace()).collect::<Vec<_>>().join(" ");
    Some((called.to_owned(), line(&loaded.written.scenario), line(&loaded.written.question)))
}
