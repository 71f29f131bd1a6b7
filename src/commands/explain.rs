//! `explain`: a word of the language, from the schema and the documentation of its settings.

use super::{CANNOT, OK};
use crate::cli::ExplainArgs;
use crate::output;
use anyhow::Result;
use scenarios::explain;

pub fn run(args: &ExplainArgs) -> Result<u8> {
    let Some(word) = &args.word else {
        output::print(&explain::overview())?;
        return Ok(OK);
    };
    match explain::explain(word) {
        Ok(text) => {
            output::print(&format!("{}\n", text.trim_end()))?;
            Ok(OK)
        }
        Err(problem) => {
            output::say(&format!("error: {}\n", problem.message));
            if let Some(hint) = problem.hint {
                output::say(&format!("hint: {hint}\n"));
            }
            Ok(CANNOT)
        }
    }
}
