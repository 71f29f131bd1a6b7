//! `new`: a scenario file to begin with, or a copy of one inside of the program, with the schema by which editors help.

use super::Perform;
use super::{typed, unknown_scenario};
use crate::complete;
use crate::output;
use crate::shell::quoted;
use crate::status::OK;
use anyhow::{Result, bail};
use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use scenarios::{builtin, describe};
use std::path::{Path, PathBuf};

/// The schema beside the file. Its name is no scenario's, and it is the program's own, so that a newer program replaces it.
const SCHEMA: &str = "windtunnel.schema.json";

/// Write a new scenario file to begin with, or a copy of a built-in one.
#[derive(Debug, Args)]
pub struct NewArgs {
    /// The file to write. Default: scenario.yaml, or the name of what is copied. The schema for editors is written beside it.
    pub file: Option<PathBuf>,
    /// The built-in scenario to copy, with the files that it needs (windtunnel list names them).
    #[arg(long, value_name = "NAME", add = ArgValueCompleter::new(complete::builtins))]
    pub from: Option<String>,
}

impl Perform for NewArgs {
    fn run(&self) -> Result<u8> {
        let (file, text, others) = match &self.from {
            None => {
                (self.file.clone().unwrap_or_else(|| "scenario.yaml".into()), describe::TEMPLATE.to_owned(), Vec::new())
            }
            Some(name) => {
                let path = builtin::find(name).ok_or_else(|| unknown_scenario(name))?;
                let file = self.file.clone().unwrap_or_else(|| last(&path).into());
                let beside = |path: String| (file.with_file_name(last(&path)), copied(&path));
                let others = builtin::needs(&path).into_iter().map(beside).collect();
                (file, copied(&path), others)
            }
        };
        let mut files: Vec<(PathBuf, String)> = vec![(file.clone(), headed(&text))];
        files.extend(others.into_iter().map(|(path, text)| {
            let is_scenario = path.extension().is_some_and(|e| e == "yaml");
            (path, if is_scenario { headed(&text) } else { text })
        }));
        let schema = file.with_file_name(SCHEMA);
        for (place, path) in files.iter().map(|(path, _)| path).chain([&schema]).enumerate() {
            if files.iter().take(place).any(|(other, _)| other == path) {
                bail!("{} is the name of a file that is written beside the scenario; name another file", typed(path));
            }
        }
        // What another copy has brought may stay.
        let differs = |(path, text): &&(PathBuf, String)| {
            path.exists() && std::fs::read_to_string(path).ok().as_ref() != Some(text)
        };
        if let Some(taken) = (file.exists().then_some(&file)).or(files.iter().find(differs).map(|(path, _)| path)) {
            bail!("{} exists already; name another file", typed(taken));
        }
        for (path, text) in &files {
            output::write_whole(path, text.as_bytes())?;
        }
        let text = format!("{}\n", serde_json::to_string_pretty(&scenarios::schema::of_files())?);
        output::write_whole(&schema, text.as_bytes())?;
        if output::is_quiet() {
            return Ok(OK);
        }
        let others: Vec<String> = files[1..].iter().map(|(path, _)| typed(path)).collect();
        let with = if others.is_empty() { String::new() } else { format!(", with {}", others.join(" and ")) };
        let told = format!("Wrote {}{with}, and {SCHEMA} for editors\n", typed(&file));
        output::print(&format!("{told}Next     windtunnel run {}\n", quoted(&typed(&file))))?;
        Ok(OK)
    }
}

/// The text under a line by which editors find the schema beside it.
fn headed(text: &str) -> String {
    format!("# yaml-language-server: $schema=./{SCHEMA}\n{text}")
}

/// A built-in file as it stands beside those that it names.
fn copied(path: &str) -> String {
    let text = builtin::text(path).unwrap_or_default();
    let lines = text.lines().map(|line| match line.strip_prefix("extends: ") {
        Some(base) => format!("extends: {}\n", last(base)),
        None => format!("{line}\n"),
    });
    lines.collect()
}

/// The last part of a path of the program.
fn last(path: &str) -> &str {
    Path::new(path).file_name().and_then(|name| name.to_str()).unwrap_or(path)
}
