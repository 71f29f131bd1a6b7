//! What the user names as a scenario: a file; where there is none, a scenario inside of the program; or `-`, which is standard input.
//!
//! A file always wins, also one that only lacks its ending: after `new --from checkout` the word `checkout` is not the built-in scenario
//! any more, but a slip of the one who means `checkout.yaml`.

use crate::cli::Command;
use scenarios::builtin;
use scenarios::project::ENDINGS;
use std::path::{Path, PathBuf};

/// The name under which the text of standard input is read.
pub const STDIN: &str = "standard input";

/// Puts the paths of built-in scenarios in the place of their names.
pub fn resolve(command: &mut Command) {
    let files: Vec<&mut PathBuf> = match command {
        Command::Run(args) => vec![&mut args.file],
        Command::Draw(args) => vec![&mut args.file],
        Command::Sweep(args) => vec![&mut args.file],
        Command::Capacity(args) => vec![&mut args.file],
        Command::Compare(args) => args.files.iter_mut().collect(),
        Command::Check(args) => args.paths.iter_mut().collect(),
        Command::Validate(args) => args.paths.iter_mut().collect(),
        _ => Vec::new(),
    };
    for file in files {
        if let Some(path) = builtin_of(file) {
            *file = path.into();
        }
    }
}

/// The path of the built-in scenario that is meant, if no file is.
pub fn builtin_of(named: &Path) -> Option<String> {
    let text = named.to_str()?;
    let is_file = named.exists() || ENDINGS.iter().any(|e| Path::new(&format!("{text}.{e}")).exists());
    if is_file { None } else { builtin::find(text) }
}
