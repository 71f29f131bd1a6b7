//! `explain`: a kind, from the documentation of its settings.

use super::{CANNOT, OK};
use crate::cli::ExplainArgs;
use crate::output;
use anyhow::Result;
use scenarios::reference;

pub fn run(args: &ExplainArgs) -> Result<u8> {
    let Some(kind) = &args.kind else {
        let lines: Vec<String> = reference::kinds().iter().map(|k| format!("{:14} {}\n", k.family, k.name)).collect();
        output::print(&lines.concat())?;
        return Ok(OK);
    };
    match reference::explain(kind) {
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
