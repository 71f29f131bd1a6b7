//! `list`: scenarios of a folder with their questions.

use super::{OK, check::files, typed};
use crate::cli::ListArgs;
use crate::output;
use anyhow::{Context, Result};
use scenarios::Disk;

pub fn run(args: &ListArgs) -> Result<u8> {
    std::fs::metadata(&args.folder).with_context(|| format!("there is no folder {}", args.folder.display()))?;
    let files: Vec<_> =
        files::gather(std::slice::from_ref(&args.folder))?.into_iter().map(|found| found.path).collect();
    let mut list = Vec::new();
    for file in files {
        if let Ok(loaded) = scenarios::load(&Disk, &typed(&file), &[], None) {
            let text = |t: &Option<String>| t.clone().unwrap_or_default();
            list.push((typed(&file), text(&loaded.written.scenario), text(&loaded.written.question)));
        }
    }
    if args.json {
        let items: Vec<_> = list
            .iter()
            .map(|(file, scenario, question)| serde_json::json!({"file": file, "scenario": scenario, "question": question}))
            .collect();
        output::print(&format!("{}\n", serde_json::to_string_pretty(&items)?))?;
    } else {
        let lines: Vec<String> = list.iter().map(|(f, s, q)| format!("{f}\n  {s}\n  {}\n", q.trim())).collect();
        output::print(&lines.join("\n"))?;
    }
    Ok(OK)
}
