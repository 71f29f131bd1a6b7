//! The command line of windtunnel: the only place that prints, exits, reads arguments or the wall clock.
//!
//! Results go to standard output, all else to standard error. Exit status: 0 done (for `check` and `verify`: held), 1 a promise is
//! broken or a case missed, 2 could not run, 3 inconclusive, 130 stopped by Ctrl-C. A reader of the output that is gone changes none of these.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod arguments;
mod asked;
mod commands;
mod complete;
mod interrupt;
mod job_array;
mod memory;
mod named;
mod out_folder;
mod output;
mod parts;
mod progress;
mod project;
mod refused;
mod shell;
mod status;
mod writing;

use clap::{CommandFactory, Parser};
use clap_complete::CompleteEnv;
use std::process::ExitCode;

fn main() -> ExitCode {
    // A shell that asks is answered here, and the program ends.
    CompleteEnv::with_factory(commands::Cli::command).var(complete::VARIABLE).complete();
    let mut cli = match commands::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => {
            output::say(&error.render().to_string());
            return ExitCode::from(status::CANNOT);
        }
        Err(error) => error.exit(),
    };
    commands::resolve(&mut cli.command);
    output::set(cli.plain, cli.quiet, cli.color);
    match commands::dispatch(&cli) {
        Ok(status) => ExitCode::from(status),
        Err(error) if error.is::<interrupt::Stopped>() => {
            output::say(&error.to_string());
            ExitCode::from(status::STOPPED)
        }
        Err(error) if error.is::<refused::Refused>() => {
            output::say(&error.to_string());
            ExitCode::from(status::CANNOT)
        }
        Err(error) => {
            output::say(&format!("error: {error:#}\n"));
            ExitCode::from(status::CANNOT)
        }
    }
}
