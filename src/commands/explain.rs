//! `explain`: a word of the language, from the schema and the documentation of its settings.

use crate::cli::ExplainArgs;
use crate::output;
use crate::refused;
use crate::status::OK;
use anyhow::Result;
use scenarios::explain;

pub fn run(args: &ExplainArgs) -> Result<u8> {
    let Some(word) = &args.word else {
        output::print(&explain::overview())?;
        return Ok(OK);
    };
    let text = explain::explain(word).map_err(|problem| refused::value(&[], &problem))?;
    output::print(&format!("{}\n", text.trim_end()))?;
    Ok(OK)
}
