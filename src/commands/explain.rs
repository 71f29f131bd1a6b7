//! `explain`: a word of the language, from the schema and the documentation of its settings.

use super::Perform;
use crate::complete;
use crate::output;
use crate::refused;
use crate::status::OK;
use anyhow::Result;
use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use scenarios::explain;

/// Explain a word of the language: a section, a key, a step, a kind, a metric.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The word, as poisson, breaker.rate, services.web.queue or p99; without it, all kinds are listed.
    #[arg(add = ArgValueCompleter::new(complete::words))]
    pub word: Option<String>,
}

impl Perform for ExplainArgs {
    fn only_text(&self) -> Option<&'static str> {
        Some("explain")
    }

    fn run(&self) -> Result<u8> {
        let Some(word) = &self.word else {
            output::print(&explain::overview())?;
            return Ok(OK);
        };
        let text = explain::explain(word).map_err(|problem| refused::value(&[], &problem))?;
        output::print(&format!("{}\n", text.trim_end()))?;
        Ok(OK)
    }
}
