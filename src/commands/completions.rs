//! `completions`: for the shell.

use super::OK;
use crate::cli::{Cli, CompletionsArgs};
use crate::output;
use anyhow::Result;
use clap::CommandFactory;

pub fn run(args: &CompletionsArgs) -> Result<u8> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "windtunnel", &mut script);
    output::print_own(&String::from_utf8_lossy(&script))?;
    Ok(OK)
}
