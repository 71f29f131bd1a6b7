//! `completions`: what a shell reads so that it asks this program what could come next.
//!
//! The program answers in `complete.rs`, so that kinds, built-in scenarios and the variants and studies of a file are completed too.

use super::Perform;
use crate::output;
use crate::status::OK;
use anyhow::{Context, Result};
use clap::Args;
use clap_complete::env::Shells;

/// Print what makes a shell complete commands, files, built-in scenarios, variants and words of the language.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell.
    pub shell: clap_complete::Shell,
}

impl Perform for CompletionsArgs {
    fn only_text(&self) -> Option<&'static str> {
        Some("completions")
    }

    fn run(&self) -> Result<u8> {
        let shells = Shells::builtins();
        let shell = shells.completer(&self.shell.to_string()).context("this shell cannot ask the program")?;
        let mut script = Vec::new();
        shell.write_registration(crate::complete::VARIABLE, "windtunnel", "windtunnel", "windtunnel", &mut script)?;
        output::print_own(&String::from_utf8_lossy(&script))?;
        Ok(OK)
    }
}
