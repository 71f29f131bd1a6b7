//! `verify`: the truth suite, simulated here.

mod measured;

use super::Perform;
use super::load::cores;
use super::tell;
use crate::interrupt::Stopped;
use crate::output;
use crate::progress::Progress;
use crate::refused;
use crate::status::{BROKEN, INCONCLUSIVE, OK};
use anyhow::Result;
use clap::Args;
use reports::studies::verify::{Verified, VerifyAnswer, page::page};
use scenarios::Loaded;
use scenarios::study::{self, Plan, Watch};
use scenarios::suite::{self, Case};
use scenarios::written::Written;
use sim_core::results::Verdict;

/// A scenario with its variants.
pub(super) type Scenario = (Loaded, Vec<(String, Loaded)>);

/// Simulate the truth suite: systems whose answers are published or computed exactly.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Only cases whose names contain one of these, such as queueing or mm1. Default: all.
    #[arg(value_name = "FILTER")]
    pub filters: Vec<String>,
    /// Simulate the systems that somebody has measured on real software instead, and print simulated against measured with the error of each
    /// figure. Exit status 1 if a figure is missed without a reason.
    #[arg(long)]
    pub measured: bool,
    /// List the cases with their questions, and simulate nothing.
    #[arg(long, conflicts_with_all = ["markdown", "seed", "threads"])]
    pub list: bool,
    /// Print the scenario files of the cases, and simulate nothing.
    #[arg(long, conflicts_with_all = ["list", "json", "markdown", "seed", "threads"])]
    pub show: bool,
    /// Print the results as JSON.
    #[arg(long)]
    pub json: bool,
    /// Print the results as a page of Markdown, as docs/TRUTH.md and docs/MEASURED.md are.
    #[arg(long, conflicts_with = "json")]
    pub markdown: bool,
    /// Another seed: whether a case holds does not depend on it. With --measured a figure near its target may be missed at one seed and not at
    /// another; each of these says why.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Threads; changes no result. Default: all cores.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

impl Perform for VerifyArgs {
    fn only_text(&self) -> Option<&'static str> {
        self.show.then_some("verify --show")
    }

    fn run(&self) -> Result<u8> {
        if self.measured {
            return measured::run(self);
        }
        let cases = suite::matching(&self.filters).map_err(|problem| refused::value(&[], &problem))?;
        if self.show {
            let texts: Vec<String> = cases.iter().map(|case| format!("# {}\n{}", case.path(), case.text)).collect();
            output::print(&texts.join("\n"))?;
            return Ok(OK);
        }
        let mut loaded = Vec::new();
        for case in &cases {
            loaded.push(case.load().map_err(|report| refused::scenario(&report))?);
        }
        if self.list {
            let names = cases.iter().map(|case| case.name).zip(loaded.iter().map(|(loaded, _)| &loaded.written));
            output::print(&list(names, self.json)?)?;
            return Ok(OK);
        }
        let results = simulate(&cases, &loaded, self)?;
        if self.markdown && !self.json {
            output::print(&page(&results))?;
        } else {
            tell(&VerifyAnswer { cases: &results }, self.json, "")?;
        }
        let status = status(&results);
        if !self.json && !self.markdown && !output::is_quiet() {
            let why = match status {
                OK => "every case is held",
                BROKEN => "a case is missed",
                _ => "inconclusive",
            };
            output::print(&format!("Exit status {status}: {why}.\n"))?;
        }
        Ok(status)
    }
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
