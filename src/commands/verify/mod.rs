//! `verify`: the truth suite, simulated here.

use super::load::cores;
use super::tell;
use crate::cli::VerifyArgs;
use crate::interrupt::Stopped;
use crate::output;
use crate::progress::Progress;
use crate::refused;
use crate::status::{BROKEN, INCONCLUSIVE, OK};
use anyhow::Result;
use reports::studies::verify::{Verified, VerifyAnswer, page::page};
use scenarios::Loaded;
use scenarios::study::{self, Plan, Watch};
use scenarios::suite::{self, Case};
use scenarios::written::Written;
use sim_core::results::Verdict;

/// A scenario with its variants.
pub(super) type Scenario = (Loaded, Vec<(String, Loaded)>);

pub fn run(args: &VerifyArgs) -> Result<u8> {
    let cases = suite::matching(&args.filters).map_err(|problem| refused::value(&[], &problem))?;
    if args.show {
        let texts: Vec<String> = cases.iter().map(|case| format!("# {}\n{}", case.path(), case.text)).collect();
        output::print(&texts.join("\n"))?;
        return Ok(OK);
    }
    let mut loaded = Vec::new();
    for case in &cases {
        loaded.push(case.load().map_err(|report| refused::scenario(&report))?);
    }
    if args.list {
        let names = cases.iter().map(|case| case.name).zip(loaded.iter().map(|(loaded, _)| &loaded.written));
        output::print(&list(names, args.json)?)?;
        return Ok(OK);
    }
    let results = simulate(&cases, &loaded, args)?;
    if args.markdown && !args.json {
        output::print(&page(&results))?;
    } else {
        tell(&VerifyAnswer { cases: &results }, args.json, "")?;
    }
    let status = status(&results);
    if !args.json && !args.markdown && !output::is_quiet() {
        let why = match status {
            OK => "every case is held",
            BROKEN => "a case is missed",
            _ => "inconclusive",
        };
        output::print(&format!("Exit status {status}: {why}.\n"))?;
    }
    Ok(status)
}

/// Names, titles and questions.
pub(super) fn list<'a>(all: impl Iterator<Item = (&'static str, &'a Written)>, json: bool) -> Result<String> {
    let text = |t: &Option<String>| t.clone().unwrap_or_default();
    if !json && output::is_quiet() {
        return Ok(all.map(|(name, _)| format!("{name}\n")).collect());
    }
    if !json {
        let lines = all.map(|(name, w)| format!("{name}\n  {}\n  {}\n", text(&w.scenario), text(&w.question).trim()));
        return Ok(lines.collect::<Vec<_>>().join("\n"));
    }
    let item = |(name, w): (&str, &Written)| serde_json::json!({"case": name, "scenario": w.scenario, "question": w.question, "source": w.source});
    Ok(format!("{}\n", serde_json::to_string_pretty(&all.map(item).collect::<Vec<_>>())?))
}

/// The exit status: that of the worst case.
fn status(results: &[Verified]) -> u8 {
    match results.iter().flat_map(|r| &r.summary.expectations).map(|c| c.verdict).max() {
        None | Some(Verdict::Held) => OK,
        Some(Verdict::Inconclusive) => INCONCLUSIVE,
        Some(Verdict::Broken) => BROKEN,
    }
}

/// Runs the cases one after the other, each on all threads.
fn simulate(cases: &[&Case], loaded: &[Scenario], args: &VerifyArgs) -> Result<Vec<Verified>> {
    let plan = |scenario: &Loaded| {
        let plan = Plan::of(scenario, args.threads.map_or_else(cores, usize::from));
        Plan { seed: args.seed.unwrap_or(plan.seed), ..plan }
    };
    let all = loaded.iter().map(|(scenario, _)| plan(scenario).replications).sum();
    let (bar, mut done) = (Progress::new("running", "the truth suite", all), 0);
    let mut results = Vec::new();
    for (case, (scenario, variants)) in cases.iter().zip(loaded) {
        bar.now(case.name.to_owned());
        let progress = |replications: u32, _: u32| bar.at(done + replications, all);
        let Ok(study) = study::run(scenario, variants, &plan(scenario), &progress) else {
            bar.finish();
            return Err(Stopped::again("of a suite that is not done nothing is kept.").into());
        };
        let summary = study.summary;
        done += summary.replications;
        let source = scenario.written.source.clone().unwrap_or_default();
        results.push(Verified { name: case.name.to_owned(), file: case.path(), source, summary });
    }
    bar.finish();
    Ok(results)
}
