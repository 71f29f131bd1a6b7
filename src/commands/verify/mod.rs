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
use scenarios::study::{self, Plan, Watch};
use scenarios::suite::{self, Case};
use scenarios::written::Written;
use scenarios::{Loaded, Report};
use sim_core::results::{Summary, Verdict};

/// A scenario with its variants.
type Scenario = (Loaded, Vec<(String, Loaded)>);

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
        let Some(loaded) = loaded(&cases, self)? else { return Ok(OK) };
        let lost = "of a suite that is not done nothing is kept.";
        let summaries = simulate(&cases, &loaded, self, "the truth suite", lost)?;
        let verified = |((case, (scenario, _)), summary): ((&&Case, &Scenario), Summary)| Verified {
            name: case.name.to_owned(),
            file: case.path(),
            source: scenario.written.source.clone().unwrap_or_default(),
            summary,
        };
        let results: Vec<Verified> = cases.iter().zip(&loaded).zip(summaries).map(verified).collect();
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

/// A scenario that is part of the program.
trait BuiltIn {
    /// Its name.
    fn name(&self) -> &'static str;
    /// Its file in the project.
    fn path(&self) -> String;
    /// Its text, as it is loaded.
    fn text(&self) -> String;
    /// Loads it, with its variants.
    fn load(&self) -> Result<Scenario, Report>;
}

impl BuiltIn for Case {
    fn name(&self) -> &'static str {
        self.name
    }

    fn path(&self) -> String {
        Self::path(self)
    }

    fn text(&self) -> String {
        self.text.to_owned()
    }

    fn load(&self) -> Result<Scenario, Report> {
        Self::load(self)
    }
}

/// Loads them all; `None` where they were to be shown or listed, and that is done.
fn loaded<B: BuiltIn>(all: &[&B], args: &VerifyArgs) -> Result<Option<Vec<Scenario>>> {
    if args.show {
        let texts: Vec<String> = all.iter().map(|one| format!("# {}\n{}", one.path(), one.text())).collect();
        output::print(&texts.join("\n"))?;
        return Ok(None);
    }
    let loaded: Vec<Scenario> =
        all.iter().map(|one| one.load().map_err(|report| refused::scenario(&report))).collect::<Result<_>>()?;
    if args.list {
        let names = all.iter().map(|one| one.name()).zip(loaded.iter().map(|(loaded, _)| &loaded.written));
        output::print(&list(names, args.json)?)?;
        return Ok(None);
    }
    Ok(Some(loaded))
}

/// Runs them one after the other, each on all threads. `what` they are, and what is `lost` where somebody stops it, in words.
fn simulate<B: BuiltIn>(
    all: &[&B],
    loaded: &[Scenario],
    args: &VerifyArgs,
    what: &str,
    lost: &'static str,
) -> Result<Vec<Summary>> {
    let plan = |scenario: &Loaded| {
        let plan = Plan::of(scenario, args.threads.map_or_else(cores, usize::from));
        Plan { seed: args.seed.unwrap_or(plan.seed), ..plan }
    };
    let of = loaded.iter().map(|(scenario, _)| plan(scenario).replications).sum();
    let (bar, mut done) = (Progress::new("running", what, of), 0);
    let mut summaries = Vec::new();
    for (one, (scenario, variants)) in all.iter().zip(loaded) {
        bar.now(one.name().to_owned());
        let progress = |replications: u32, _: u32| bar.at(done + replications, of);
        let Ok(study) = study::run(scenario, variants, &plan(scenario), &progress) else {
            bar.finish();
            return Err(Stopped::again(lost).into());
        };
        done += study.summary.replications;
        summaries.push(study.summary);
    }
    bar.finish();
    Ok(summaries)
}

/// Names, titles and questions.
fn list<'a>(all: impl Iterator<Item = (&'static str, &'a Written)>, json: bool) -> Result<String> {
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
