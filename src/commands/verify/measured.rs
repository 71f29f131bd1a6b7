//! `verify --measured`: systems that somebody has measured, simulated here.

use super::{Scenario, VerifyArgs, list};
use crate::commands::load::cores;
use crate::commands::tell;
use crate::interrupt::Stopped;
use crate::output;
use crate::progress::Progress;
use crate::refused;
use crate::status::{BROKEN, OK};
use anyhow::Result;
use reports::studies::verify::measured::{MeasuredAnswer, Predicted, page::page};
use scenarios::measured::{self, System};
use scenarios::study::{self, Plan, Watch};

pub fn run(args: &VerifyArgs) -> Result<u8> {
    let systems = measured::matching(&args.filters).map_err(|problem| refused::value(&[], &problem))?;
    if args.show {
        let texts: Vec<String> =
            systems.iter().map(|system| format!("# {}\n{}", system.path(), system.text())).collect();
        output::print(&texts.join("\n"))?;
        return Ok(OK);
    }
    let mut loaded = Vec::new();
    for system in &systems {
        loaded.push(system.load().map_err(|report| refused::scenario(&report))?);
    }
    if args.list {
        let names = systems.iter().map(|system| system.name).zip(loaded.iter().map(|(loaded, _)| &loaded.written));
        output::print(&list(names, args.json)?)?;
        return Ok(OK);
    }
    let results = simulate(&systems, &loaded, args)?;
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

/// Runs the systems one after the other, each on all threads.
fn simulate(systems: &[&System], loaded: &[Scenario], args: &VerifyArgs) -> Result<Vec<Predicted>> {
    let plan = |scenario: &scenarios::Loaded| {
        let plan = Plan::of(scenario, args.threads.map_or_else(cores, usize::from));
        Plan { seed: args.seed.unwrap_or(plan.seed), ..plan }
    };
    let all = loaded.iter().map(|(scenario, _)| plan(scenario).replications).sum();
    let (bar, mut done) = (Progress::new("running", "measured systems", all), 0);
    let mut results = Vec::new();
    for (system, (scenario, variants)) in systems.iter().zip(loaded) {
        bar.now(system.name.to_owned());
        let progress = |replications: u32, _: u32| bar.at(done + replications, all);
        let Ok(study) = study::run(scenario, variants, &plan(scenario), &progress) else {
            bar.finish();
            return Err(Stopped::again("of systems that are not done nothing is kept.").into());
        };
        done += study.summary.replications;
        results.push(Predicted {
            name: system.name.to_owned(),
            file: system.path(),
            source: scenario.written.source.clone().unwrap_or_default(),
            facts: system.facts(),
            together: system.together(),
            summary: study.summary,
        });
    }
    bar.finish();
    Ok(results)
}
