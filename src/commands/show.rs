//! `show`: the text of a scenario inside of the program.

use super::unknown_scenario;
use crate::cli::ShowArgs;
use crate::output;
use crate::status::OK;
use anyhow::Result;
use scenarios::builtin;

pub fn run(args: &ShowArgs) -> Result<u8> {
    let Some((path, text)) = builtin::find(&args.name).and_then(|path| builtin::text(&path).map(|text| (path, text)))
    else {
        return Err(unknown_scenario(&args.name));
    };
    output::print(&format!("# {path}\n{text}"))?;
    Ok(OK)
}
