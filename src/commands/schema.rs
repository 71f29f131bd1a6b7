//! `schema`: the JSON Schema of scenario files.

use crate::output;
use crate::status::OK;
use anyhow::Result;

pub fn run() -> Result<u8> {
    output::print(&format!("{}\n", serde_json::to_string_pretty(&scenarios::schema::of_files())?))?;
    Ok(OK)
}
