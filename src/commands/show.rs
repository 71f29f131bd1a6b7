//! `show`: the text of a scenario inside of the program.

use super::{CANNOT, OK, unknown_scenario};
use crate::cli::ShowArgs;
use crate::output;
use anyhow::Result;
use scenarios::builtin;

pub fn run(args: &ShowArgs) -> Result<u8> {
    let Some((path, text)) = builtin::find(&args.name).and_then(|path| builtin::text(&path).map(|text| (path, text)))
    else {
        unknown_scenario(&args.name);
        return Ok(CANNOT);
    };
    output::print(&format!("# {path}\n{text}"))?;
    Ok(OK)
}
