//! `schema`: the JSON Schema of scenario files.

use super::Perform;
use crate::output;
use crate::status::OK;
use anyhow::Result;
use clap::Args;

/// Print the JSON Schema of scenario files.
#[derive(Debug, Args)]
pub struct SchemaArgs {}

impl Perform for SchemaArgs {
    fn only_text(&self) -> Option<&'static str> {
        Some("schema")
    }

    fn run(&self) -> Result<u8> {
        output::print(&format!("{}\n", serde_json::to_string_pretty(&scenarios::schema::of_files())?))?;
        Ok(OK)
    }
}
