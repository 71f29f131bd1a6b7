//! `completions`: what a shell reads so that it asks this program what could come next.
//!
//! The program answers in `complete.rs`, so that kinds, built-in scenarios and the variants and studies of a file are completed too.

use crate::cli::CompletionsArgs;
use crate::output;
use crate::status::OK;
use anyhow::{Context, Result};
use clap_complete::env::Shells;

pub fn run(args: &CompletionsArgs) -> Result<u8> {
    let shells = Shells::builtins();
    let shell = shells.completer(&args.shell.to_string()).context("this shell cannot ask the program")?;
    let mut script = Vec::new();
    shell.write_registration(crate::complete::VARIABLE, "windtunnel", "windtunnel", "windtunnel", &mut script)?;
    output::print_own(&String::from_utf8_lossy(&script))?;
    Ok(OK)
}
