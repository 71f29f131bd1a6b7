//! `list`: scenarios of a folder with their questions.

use super::{OK, check::files, project, typed};
use crate::cli::ListArgs;
use crate::output;
use anyhow::{Context, Result};

pub fn run(args: &ListArgs) -> Result<u8> {
    std::fs::metadata(&args.folder).with_context(|| format!("there is no folder {}", typed(&args.folder)))?;
    let files: Vec<_> =
        files::gather(std::slice::from_ref(&args.folder))?.into_iter().map(|found| found.path).collect();
    let mut list = Vec::new();
    for file in files {
        if let Ok(loaded) = scenarios::load(project(), &typed(&file), &[], None) {
            let line = |t: &Option<String>| t.iter().flat_map(|t| t.split_whitespace()).collect::<Vec<_>>().join(" ");
            list.push((typed(&file), line(&loaded.written.scenario), line(&loaded.written.question)));
        }
    }
    if args.json {
        let items: Vec<_> = list
            .iter()
            .map(|(file, scenario, question)| serde_json::json!({"file": file, "scenario": scenario, "question": question}))
            .collect();
        output::print(&format!("{}\n", serde_json::to_string_pretty(&items)?))?;
    } else {
        let lines: Vec<String> = list.iter().map(|(f, s, q)| format!("{f}\n  {s}\n  {q}\n")).collect();
        output::print(&lines.join("\n"))?;
    }
    Ok(OK)
}
