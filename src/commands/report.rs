//! `report`: render the report again.
//!
//! A run is deterministic, so an out folder keeps the scenario as it was run and its seed, and the report is made by running again:
//! nothing else would give the same bytes from less. A sweep keeps its points, of which its report is made without running it.

use super::Perform;
use super::{load, project, source, study, sweep, typed};
use crate::arguments::{PrecisionArgs, StudyArgs};
use crate::asked::Asked;
use crate::interrupt::Stopped;
use crate::out_folder;
use crate::output;
use crate::parts;
use crate::refused;
use crate::status::OK;
use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use reports::answer::{self, Kind};
use reports::studies;
use reports::studies::run::RunAnswer;
use scenarios::Files;
use sim_core::expression::Value;
use sim_core::units::Probability;
use std::path::PathBuf;

/// Render the report of results again, from their out folder.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// The out folder of a run.
    pub folder: PathBuf,
}

impl Perform for ReportArgs {
    fn run(&self) -> Result<u8> {
        if self.folder.join(parts::FILE).exists() {
            let (first, points) = parts::finished(&self.folder)?;
            return sweep::finish(&first, points, &self.folder, false);
        }
        let again: Vec<&Kind> = studies::ALL.iter().copied().filter(|kind| kind.runs_again.is_some()).collect();
        if again.iter().filter_map(|kind| kind.results).any(|results| self.folder.join(results).exists()) {
            let of = again.iter().filter_map(|kind| kind.runs_again).collect::<Vec<_>>().join(" or ");
            let line = Asked::of(&self.folder).map_or_else(String::new, |asked| format!(": {}", asked.line()));
            bail!(
                "{} holds the results of {of}, whose report only the command itself makes: run it again{line}",
                typed(&self.folder)
            );
        }
        let file = self.folder.join("results.json");
        let text = project().text(&typed(&file)).map_err(|problem| {
            anyhow!("{} is no out folder of a run: cannot read results.json: {}", typed(&self.folder), problem.message)
        })?;
        let results: serde_json::Value =
            serde_json::from_str(&text).with_context(|| format!("{} cannot be read", typed(&file)))?;
        let version =
            results["version"].as_str().filter(|version| results["digest"].is_string() && !version.is_empty());
        match version {
            None => bail!("{} holds no results of a run", typed(&file)),
            Some(env!("CARGO_PKG_VERSION")) => {}
            Some(other) => bail!(
                "{} was made by windtunnel {other}, and this is {}: run the scenario again",
                typed(&self.folder),
                env!("CARGO_PKG_VERSION")
            ),
        }
        let scenario = self.folder.join("scenario.yaml");
        if !scenario.exists() {
            bail!("{} holds no scenario.yaml: run the scenario again", typed(&self.folder));
        }
        let (how, precision) = as_run(&results);
        let ready = load::ready(&typed(&scenario), &how, &precision, None)?;
        let mut ready = ready.map_err(|report| refused::scenario(&report))?;
        let count = |value: &serde_json::Value| value.as_u64().and_then(|n| u32::try_from(n).ok());
        let (went_on, stopped) = (&results["went_on"], &results["stopped_early"]);
        if ready.plan.precision.is_none() {
            ready.plan.goes_on_to = count(&went_on["bound"]).or(count(&stopped["most"]));
        }
        let stop_at = count(&results["replications"]).filter(|_| !stopped.is_null());
        let result = study(&ready, stop_at)?;
        if result.summary.stopped_early.is_some() && stop_at != Some(result.summary.replications) {
            return Err(Stopped::again("the report is as it was.").into());
        }
        if Some(result.summary.digest.as_str()) != results["digest"].as_str() {
            bail!(
                "scenario.yaml gives other results than those in {}: one of the two was changed; nothing was written",
                typed(&self.folder)
            );
        }
        let mut source = source(&ready.loaded, String::new());
        // The scenario in the folder is the one that was run, with what was set; the report is that of the file and what was asked.
        let asked = Asked::of(&self.folder).filter(|asked| asked.command == "run");
        let of_asked = asked.as_ref().map(Asked::file).transpose()?;
        source.known = ready.loaded.known();
        if let Some(asked) = asked {
            source.file = asked.files.into_iter().next().unwrap_or(source.file);
            source.asked = asked.settings;
            if asked.as_written {
                source.known.stands_in(&ready.loaded.path, &source.file);
            }
        }
        let files = answer::files(&RunAnswer { study: &result, source: &source })?;
        out_folder::replace(&self.folder, of_asked.into_iter().chain(files).collect())?;
        if !output::is_quiet() {
            output::print(&format!("Report   {}\n", typed(&self.folder.join("report.html"))))?;
        }
        Ok(OK)
    }
}

/// How the study was run, and how precise it had to be, by its results.
fn as_run(results: &serde_json::Value) -> (StudyArgs, PrecisionArgs) {
    let precision = &results["precision"];
    let count = |value: &serde_json::Value| value.as_u64().and_then(|n| u32::try_from(n).ok());
    let of = precision["of"].as_array().map_or(&[][..], Vec::as_slice).iter();
    let named = of.filter(|p| p["path"].as_str().is_some_and(|path| path.starts_with("run.")));
    let how = StudyArgs {
        seed: results["seed"].as_u64(),
        replications: count(&precision["batch"])
            .or(count(&results["went_on"]["first"]))
            .or(count(&results["stopped_early"]["first"]))
            .or(count(&results["replications"])),
        threads: None,
        memory: None,
        set: Vec::new(),
    };
    let precision = PrecisionArgs {
        precision: precision["within"].as_f64().and_then(Probability::new),
        precision_of: named.filter_map(|p| Value::parse(p["name"].as_str()?).ok()).collect(),
        precision_cap: count(&precision["cap"]),
    };
    (how, precision)
}
