//! `verify`: the truth suite, simulated here.

use super::{CANNOT, OK, complain, cores, style};
use crate::cli::VerifyArgs;
use crate::interrupt::Stopped;
use crate::output;
use crate::progress::Progress;
use anyhow::Result;
use reports::truth::{self, Verified};
use scenarios::Loaded;
use scenarios::study::{self, Plan};
use scenarios::suite::{self, Case};
use sim_core::results::Verdict;

/// A scenario with its variants.
type Scenario = (Loaded, Vec<(String, Loaded)>);

pub fn run(args: &VerifyArgs) -> Result<u8> {
    let cases = match suite::matching(&args.filters) {
        Ok(cases) => cases,
        Err(problem) => {
            output::say(&format!("error: {}\n", problem.message));
            output::say(&format!("hint: {}\n", problem.hint.unwrap_or_default()));
            return Ok(CANNOT);
        }
    };
    if args.show {
        let texts: Vec<String> = cases.iter().map(|case| format!("# {}\n{}", case.path(), case.text)).collect();
        output::print(&texts.join("\n"))?;
        return Ok(OK);
    }
    let mut loaded = Vec::new();
    for case in &cases {
        match case.load() {
            Ok(scenario) => loaded.push(scenario),
            Err(report) => return Ok(complain(&report)),
        }
    }
    if args.list {
        output::print(&list(&cases, &loaded, args.json)?)?;
        return Ok(OK);
    }
    let results = simulate(&cases, &loaded, args)?;
    let text = match (args.json, args.markdown) {
        (true, _) => truth::json(&results)?,
        (_, true) => truth::page(&results),
        _ if output::is_quiet() => reports::truth::in_a_sentence(&results, &style()),
        _ => truth::table(&results, &style()),
    };
    output::print(&text)?;
    let status = status(&results);
    if !args.json && !args.markdown && !output::is_quiet() {
        let why = ["every case is held", "a case is missed", "", "inconclusive"];
        output::print(&format!("Exit status {status}: {}.\n", why[usize::from(status)]))?;
    }
    Ok(status)
}

/// Names, titles and questions.
fn list(cases: &[&Case], loaded: &[Scenario], json: bool) -> Result<String> {
    let text = |t: &Option<String>| t.clone().unwrap_or_default();
    let all = cases.iter().zip(loaded).map(|(case, (loaded, _))| (case.name, &loaded.written));
    if !json {
        let lines = all.map(|(name, w)| format!("{name}\n  {}\n  {}\n", text(&w.scenario), text(&w.question).trim()));
        return Ok(lines.collect::<Vec<_>>().join("\n"));
    }
    let item = |(name, w): (&str, &scenarios::written::Written)| serde_json::json!({"case": name, "scenario": w.scenario, "question": w.question, "source": w.source});
    Ok(format!("{}\n", serde_json::to_string_pretty(&all.map(item).collect::<Vec<_>>())?))
}

/// 0 all held, 1 a miss, 3 one that cannot be decided.
fn status(results: &[Verified]) -> u8 {
    match results.iter().flat_map(|r| &r.summary.expectations).map(|c| c.verdict).max() {
        None | Some(Verdict::Held) => OK,
        Some(Verdict::Inconclusive) => 3,
        Some(Verdict::Broken) => 1,
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
        bar.title(case.name.to_owned());
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
