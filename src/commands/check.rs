//! `check`: scenarios as a test suite.

use super::{CANNOT, OK, load, study, typed};
use crate::cli::CheckArgs;
use crate::output;
use anyhow::Result;
use sim_core::results::{StudyResult, Verdict};
use std::path::{Path, PathBuf};

pub fn run(args: &CheckArgs) -> Result<u8> {
    let mut files = Vec::new();
    for path in &args.paths {
        gather(path, &mut files)?;
    }
    let (mut results, mut failed) = (Vec::new(), false);
    for file in &files {
        let name = typed(file);
        match load(&name, &args.study, None)? {
            Ok(ready) => results.push((name, study(&ready)?)),
            Err(_) => failed = true,
        }
    }
    if let Some(path) = &args.junit {
        output::write_whole(path, reports::junit(&results)?.as_bytes())?;
    }
    let status = if failed || files.is_empty() { CANNOT } else { verdict(&results) };
    if args.json {
        output::print(&reports::check_json(&results)?)?;
    } else {
        let style = reports::terminal::Style { colour: output::colours(args.plain), plain: args.plain, width: 100 };
        output::print(&reports::terminal::check_lines(&results, &style))?;
        let why = ["every promise is held", "a promise is broken", "a scenario could not be run", "not decided"];
        output::print(&format!("Exit status {status}: {}.\n", why[usize::from(status)]))?;
    }
    Ok(status)
}

/// 0 held, 1 broken, 3 inconclusive.
fn verdict(results: &[(String, StudyResult)]) -> u8 {
    let all = results.iter().flat_map(|(_, r)| r.summary.judged());
    match all.map(|p| p.verdict).max() {
        None | Some(Verdict::Held) => OK,
        Some(Verdict::Inconclusive) => 3,
        Some(Verdict::Broken) => 1,
    }
}

/// Scenario files of a path, in the order of their names.
pub fn gather(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let mut inside: Vec<PathBuf> =
        std::fs::read_dir(path)?.map(|e| e.map(|e| e.path())).collect::<std::io::Result<_>>()?;
    inside.sort();
    for path in inside {
        let is_scenario = path.extension().is_some_and(|e| e == "yaml" || e == "yml" || e == "json");
        if path.is_dir() || is_scenario {
            gather(&path, files)?;
        }
    }
    Ok(())
}
