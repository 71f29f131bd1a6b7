//! `man`: manual pages, one for the program and one for each command.

use super::Cli;
use super::Perform;
use super::typed;
use crate::output;
use crate::shell::quoted;
use crate::status::OK;
use anyhow::Result;
use clap::Args;
use clap::CommandFactory;
use clap_mangen::Man;
use std::path::PathBuf;

/// Write manual pages.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// The folder to write the pages into.
    pub folder: PathBuf,
}

impl Perform for ManArgs {
    fn run(&self) -> Result<u8> {
        let mut program = Cli::command().disable_help_subcommand(true);
        program.build();
        let commands = program.get_subcommands().filter(|command| !command.is_hide_set());
        let pages: Vec<Man> = std::iter::once(&program).chain(commands).cloned().map(Man::new).collect();
        for page in &pages {
            let mut text = Vec::new();
            page.render(&mut text)?;
            output::write_whole(&self.folder.join(page.get_filename()), &text)?;
        }
        if output::is_quiet() {
            return Ok(OK);
        }
        let folder = typed(&self.folder);
        let first = quoted(&format!("{folder}/windtunnel.1"));
        output::print(&format!("Wrote {} pages into {folder}\nNext     man {first}\n", pages.len()))?;
        Ok(OK)
    }
}
