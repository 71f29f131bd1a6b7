//! `show`: the text of a scenario inside of the program.

use super::Perform;
use super::unknown_scenario;
use crate::complete;
use crate::output;
use crate::status::OK;
use anyhow::Result;
use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use scenarios::builtin;

/// Print a built-in scenario.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The scenario, as checkout or queueing/mm1 (windtunnel list names the shipped ones, verify --list the truth suite).
    #[arg(add = ArgValueCompleter::new(complete::builtins))]
    pub name: String,
}

impl Perform for ShowArgs {
    fn only_text(&self) -> Option<&'static str> {
        Some("show")
    }

    fn run(&self) -> Result<u8> {
        let Some((path, text)) =
            builtin::find(&self.name).and_then(|path| builtin::text(&path).map(|text| (path, text)))
        else {
            return Err(unknown_scenario(&self.name));
        };
        output::print(&format!("# {path}\n{text}"))?;
        Ok(OK)
    }
}
