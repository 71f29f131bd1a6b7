//! `report`: render the report again.
//!
//! A run is deterministic, so an out folder keeps the scenario as it was run and its seed, and the report is made by running again:
//! nothing else would give the same bytes from less.

use super::{OK, load, source, study};
use crate::cli::{ReportArgs, StudyArgs};
use crate::output;
use anyhow::{Context, Result, bail};

pub fn run(args: &ReportArgs) -> Result<u8> {
    let file = args.folder.join("results.json");
    let text = std::fs::read_to_string(&file)
        .with_context(|| format!("{} is no out folder of a run: cannot read results.json", args.folder.display()))?;
    let results: serde_json::Value = serde_json::from_str(&text).context("results.json cannot be read")?;
    let scenario = args.folder.join("scenario.yaml");
    if !scenario.exists() {
        bail!("{} holds no scenario.yaml: run the scenario again", args.folder.display());
    }
    let study_args = StudyArgs {
        seed: results["seed"].as_u64(),
        replications: results["replications"].as_u64().and_then(|n| u32::try_from(n).ok()),
        threads: None,
        set: Vec::new(),
    };
    let (loaded, variants) = match load(&scenario.to_string_lossy(), &study_args, None)? {
        Ok(loaded) => loaded,
        Err(status) => return Ok(status),
    };
    let result = study(&loaded, &variants, &study_args)?;
    if Some(result.summary.digest.as_str()) != results["digest"].as_str() {
        eprintln!("warning: the results differ from those in the folder: another version, or --set was used");
    }
    for (name, bytes) in reports::write(&result, &source(&loaded))? {
        output::write_whole(&args.folder.join(name), &bytes)?;
    }
    output::print(&format!("Report   {}\n", args.folder.join("report.html").display()))?;
    Ok(OK)
}
