//! `verify --measured`: systems that somebody has measured, simulated here.

use super::{BuiltIn, Scenario, VerifyArgs, loaded, simulate};
use crate::commands::tell;
use crate::output;
use crate::refused;
use crate::status::{BROKEN, OK};
use anyhow::Result;
use reports::studies::verify::measured::{MeasuredAnswer, Predicted, page::page};
use scenarios::Report;
use scenarios::measured::{self, System};
use sim_core::results::Summary;

impl BuiltIn for System {
    fn name(&self) -> &'static str {
        self.name
    }

    fn path(&self) -> String {
        Self::path(self)
    }

    fn text(&self) -> String {
        Self::text(self)
    }

    fn load(&self) -> Result<Scenario, Report> {
        Self::load(self)
    }
}

pub fn run(args: &VerifyArgs) -> Result<u8> {
    let systems = measured::matching(&args.filters).map_err(|problem| refused::value(&[], &problem))?;
    let Some(loaded) = loaded(&systems, args)? else { return Ok(OK) };
    let lost = "of systems that are not done nothing is kept.";
    let summaries = simulate(&systems, &loaded, args, "measured systems", lost)?;
    let predicted = |((system, (scenario, _)), summary): ((&&System, &Scenario), Summary)| Predicted {
        name: system.name.to_owned(),
        file: system.path(),
        source: scenario.written.source.clone().unwrap_or_default(),
        facts: system.facts(),
        together: system.together(),
        summary,
    };
    let results: Vec<Predicted> = systems.iter().zip(&loaded).zip(summaries).map(predicted).collect();
    if args.markdown && !args.json {
        output::print(&page(&results))?;
    } else {
        tell(&MeasuredAnswer { systems: &results }, args.json, "")?;
    }
    let unexplained = results.iter().flat_map(Predicted::misses).any(|(_, why)| why.is_empty());
    let (status, why) =
        if unexplained { (BROKEN, "a figure is missed without a reason") } else { (OK, "what is missed says why") };
    if !args.json && !args.markdown && !output::is_quiet() {
        output::print(&format!("Exit status {status}: {why}.\n"))?;
    }
    Ok(status)
}
