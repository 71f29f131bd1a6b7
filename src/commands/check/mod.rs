//! `check`: scenarios as a test suite, with a baseline where one is named.

mod against;
pub mod files;

use super::Perform;
use super::load::{Ready, ready};
use super::{project, style, typed, watched};
use crate::arguments::{PrecisionArgs, StudyArgs, parse_confidence};
use crate::complete;
use crate::interrupt::Stopped;
use crate::output;
use crate::refused::Refused;
use crate::status::{BROKEN, CANNOT, INCONCLUSIVE, OK};
use against::{Baselined, Missing};
use anyhow::{Context, Result, bail};
use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use reports::answer::Answer;
use reports::studies::check::{self, CheckAnswer};
use scenarios::Report;
use scenarios::study::RunStudy;
use scenarios::study::gate::{self, Gate, GateStudy};
use scenarios::written::studies::gate::GateSettings;
use scenarios::written::studies::question::Variant;
use sim_core::problem::Problem;
use sim_core::results::Verdict;
use sim_core::results::gate::{Checked, CheckedFile};
use sim_core::units::Probability;
use sim_core::visible::{commands, printable};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Judge scenarios against their promises and `expect` clauses, as a gate.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Scenario files, or folders of them.
    #[arg(required = true, add = ArgValueCompleter::new(complete::scenarios))]
    pub paths: Vec<PathBuf>,
    /// Replications at most of each scenario, spent until every verdict is certain, instead of those of the file.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    #[arg(conflicts_with_all = ["replications", "precision"])]
    pub budget: Option<u32>,
    /// Confidence of verdicts within a budget, which has to be named here or in the file. Default: that of the file's study, or 95%.
    #[arg(long, value_name = "PERCENT", value_parser = parse_confidence)]
    pub confidence: Option<Probability>,
    /// Run all replications, also when every verdict is certain sooner.
    #[arg(long, conflicts_with = "precision")]
    pub run_all: bool,
    /// Compare with the numbers in this file, and fail where one is worse.
    #[arg(long, value_name = "FILE", conflicts_with = "precision")]
    pub baseline: Option<PathBuf>,
    /// Store the numbers of this run in the baseline, instead of comparing with it.
    #[arg(long, requires = "baseline", conflicts_with = "tolerance")]
    pub update_baseline: bool,
    /// By how much a number may be worse than in the baseline, as 2%; of availability, of what it lacks to 100%. Default: 0%.
    #[arg(long, value_name = "PERCENT", value_parser = Probability::parse, requires = "baseline")]
    pub tolerance: Option<Probability>,
    /// Write `JUnit` XML here.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Write SARIF 2.1.0 here, for code scanning.
    #[arg(long, value_name = "FILE")]
    pub sarif: Option<PathBuf>,
    /// Write a summary in Markdown here. It is appended to `GITHUB_STEP_SUMMARY` where that is set.
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
    /// Print annotations of the lines of promises. Default: github where `GITHUB_ACTIONS` is true.
    #[arg(long, value_enum)]
    pub annotations: Option<Annotations>,
    /// Print the verdicts as JSON.
    #[arg(long)]
    pub json: bool,
    /// How each study is run.
    #[command(flatten)]
    pub study: StudyArgs,
    /// How precise its numbers have to be.
    #[command(flatten)]
    pub precision: PrecisionArgs,
}

/// Forms of annotations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Annotations {
    /// Workflow commands of GitHub Actions.
    Github,
    /// None.
    None,
}

impl Perform for CheckArgs {
    fn scenarios(&mut self) -> Vec<&mut PathBuf> {
        self.paths.iter_mut().collect()
    }

    fn searched(&self) -> &[PathBuf] {
        &self.paths
    }

    fn run(&self) -> Result<u8> {
        let found = files::gather(&self.paths)?;
        if found.is_empty() {
            let paths: Vec<String> = self.paths.iter().map(|p| typed(p)).collect();
            bail!("there is no scenario in {}", paths.join(", "));
        }
        let baseline = Baselined::of(self)?;
        let moved = self.baseline.as_ref().filter(|_| self.update_baseline);
        for path in [&self.junit, &self.sarif, &self.markdown].into_iter().flatten().chain(moved) {
            output::writable(path.parent().unwrap_or(Path::new(".")))?;
        }
        let (mut checked, mut notes) = judge(&found, self)?;
        let missing = baseline.as_ref().map_or_else(Missing::default, |baseline| baseline.missing(&found, &self.paths));
        // First what makes the check fail, which is said in any case.
        let failing = missing.not_judged.len();
        notes.splice(0..0, missing.not_judged.into_iter().chain(missing.notes));
        if let Some(baseline) = &baseline {
            baseline.compare(&mut checked);
        }
        write(&checked, &notes, self)?;
        let updated = baseline.map(|baseline| baseline.update(&checked)).transpose()?.flatten();
        let status = if failing > 0 { CANNOT } else { status(&checked) };
        print(&checked, Notes { all: &notes, failing }, updated.as_deref(), status, self)?;
        Ok(status)
    }
}

/// Runs and judges all files, and says in a sentence each which were left out: those that a folder holds only for others to extend,
/// that are no whole scenario, and that another file of this check extends.
fn judge(found: &[files::Found], args: &CheckArgs) -> Result<(Vec<CheckedFile>, Vec<String>)> {
    let mut all: Vec<CheckedFile> = Vec::new();
    // Parts of scenarios, and where each would stand among the others.
    let mut parts = Vec::new();
    let mut extended = BTreeSet::new();
    for found in found {
        let file = typed(&found.path);
        match ready(&file, &args.study, &args.precision, None)?.and_then(|ready| with_gate(ready, args)) {
            Ok((ready, gate)) => all.push(CheckedFile { file, outcome: Ok(study(&ready, gate)?) }),
            Err(report) if found.inside && scenarios::overlay::is_part(project(), &file) => {
                parts.push((all.len(), found, report));
                continue;
            }
            Err(report) => {
                output::say(&Refused::from(&*report).to_string());
                all.push(CheckedFile { file, outcome: Err(report.troubles()) });
            }
        }
        extended.extend(found.extends.iter().cloned());
    }
    let mut notes = Vec::new();
    for (place, found, report) in parts.into_iter().rev() {
        let file = typed(&found.path);
        if extended.contains(&files::plain(&found.path)) {
            notes.push(format!("Left out: {file}, which others extend and which is no whole scenario."));
        } else {
            output::say(&Refused::from(&*report).to_string());
            all.insert(place, CheckedFile { file, outcome: Err(report.troubles()) });
        }
    }
    notes.reverse();
    Ok((all, notes))
}

/// How a scenario is judged: as the command line says, or else as its study says.
fn gate(ready: &Ready, args: &CheckArgs) -> Gate {
    let studies = ready.loaded.written.studies.iter();
    let asked = studies.into_iter().find_map(|(_, study)| Some((study, GateSettings::of(&study.ask)?)));
    let usual = Gate::default();
    let written = asked.and_then(|(study, _)| study.budget).map(|b| b.replications.get_u32());
    let confidence = asked.and_then(|(study, _)| study.confidence).map_or(usual.confidence, Probability::value);
    // A number of replications or a precision on the command line takes the place of the file's budget.
    let asks_otherwise = args.study.replications.is_some() || args.precision.precision.is_some();
    let budget = args.budget.or(written.filter(|_| !asks_otherwise));
    Gate {
        budget,
        confidence: args.confidence.map_or(confidence, Probability::value),
        stop_when_certain: !args.run_all && asked.is_none_or(|(_, gate)| gate.stop_when_certain),
        baseline: args.baseline.is_some(),
    }
}

/// A scenario with how it is judged. A confidence on the command line is that of verdicts within a budget, and says nothing without one.
fn with_gate(ready: Ready, args: &CheckArgs) -> Result<(Ready, Gate), Box<Report>> {
    let gate = gate(&ready, args);
    if args.confidence.is_some() && gate.budget.is_none() {
        let problem = Problem::error("", "--confidence is that of verdicts within a budget, and there is none");
        let hint = "add --budget 1000, or write a budget in a gate of the studies";
        return Err(Box::new(Report::unreadable(&ready.loaded.path, problem.hint(hint))));
    }
    Ok((ready, gate))
}

fn study(ready: &Ready, gate: Gate) -> Result<Checked> {
    let title = ready.loaded.written.scenario.clone().unwrap_or_default();
    let lost = "of a check that is not done nothing is written, and the baseline is as it was.";
    let Ready { loaded, variants, plan } = ready;
    // With a budget or a baseline the number of replications follows from these.
    if plan.precision.is_some() && gate.budget.is_none() && !gate.baseline {
        let study = watched(RunStudy { loaded, variants, plan }, "checking", &title, "", lost)?;
        // A verdict of fewer replications than were to be run is none.
        if study.summary.stopped_early.is_some() {
            return Err(Stopped::again(lost).into());
        }
        return Ok(gate::precise(loaded, plan, study));
    }
    watched(GateStudy { loaded, variants, plan, gate: &gate }, "checking", &title, "", lost)
}

/// What the checks came to: could not run or was not judged, broken, inconclusive, held.
fn status(files: &[CheckedFile]) -> u8 {
    let is_judged = |file: &CheckedFile| file.outcome.as_ref().is_ok_and(Checked::is_judged);
    if files.is_empty() || !files.iter().all(is_judged) {
        return CANNOT;
    }
    match files.iter().filter_map(|file| file.outcome.as_ref().ok()).map(Checked::verdict).max() {
        None | Some(Verdict::Held) => OK,
        Some(Verdict::Inconclusive) => INCONCLUSIVE,
        Some(Verdict::Broken) => BROKEN,
    }
}

/// Writes the files that are asked for, each whole, and the summary of a job where GitHub wants one.
fn write(files: &[CheckedFile], notes: &[String], args: &CheckArgs) -> Result<()> {
    if let Some(path) = &args.junit {
        output::write_whole(path, check::junit::xml(files)?.as_bytes())?;
    }
    if let Some(path) = &args.sarif {
        output::write_whole(path, check::sarif::sarif(files)?.as_bytes())?;
    }
    let page = check::markdown::markdown(files, args.baseline.as_deref().map(typed).as_deref(), notes);
    let page = printable(&page, false);
    if let Some(path) = &args.markdown {
        output::write_whole(path, page.as_bytes())?;
    }
    if let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) {
        append(Path::new(&path), &page)?;
    }
    Ok(())
}

fn append(path: &Path, text: &str) -> Result<()> {
    let file = std::fs::OpenOptions::new().append(true).create(true).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).with_context(|| format!("cannot write {}", typed(path)))
}

/// Sentences about scenarios that are not among the checked ones; the first `failing` of them make the check fail.
#[derive(Clone, Copy)]
struct Notes<'a> {
    all: &'a [String],
    failing: usize,
}

fn print(files: &[CheckedFile], notes: Notes<'_>, updated: Option<&str>, status: u8, args: &CheckArgs) -> Result<()> {
    let annotated = match args.annotations {
        Some(Annotations::Github) => true,
        Some(Annotations::None) => false,
        None => std::env::var_os("GITHUB_ACTIONS").is_some_and(|v| v == "true"),
    };
    let annotations = if annotated { check::annotations::github(files) } else { String::new() };
    // A baseline that is written now is none to stand against.
    let baseline = args.baseline.as_deref().filter(|_| updated.is_none()).map(typed);
    let answer = CheckAnswer { files, baseline: baseline.as_deref() };
    if args.json {
        // The runner reads both streams, and JSON stays whole.
        output::say_own(&commands(&annotations));
        notes.all.iter().for_each(|line| output::say(&format!("{line}\n")));
        return output::print(&answer.json()?);
    }
    let style = style();
    if output::is_quiet() {
        let failing: String = notes.all[..notes.failing].iter().map(|line| format!("{line}\n")).collect();
        output::print(&(answer.sentence(&style) + &failing))?;
        return output::print_own(&commands(&annotations));
    }
    let mut text = answer.terminal(&style);
    notes.all.iter().for_each(|line| text.push_str(&format!("{line}\n")));
    text.extend(updated.map(|line| format!("{line}\n")));
    let paths: [(&str, &Option<PathBuf>); 3] =
        [("JUnit", &args.junit), ("SARIF", &args.sarif), ("Markdown", &args.markdown)];
    for (name, path) in paths.iter().filter_map(|(name, path)| Some((name, path.as_ref()?))) {
        text.push_str(&format!("{name:<9}{}\n", typed(path)));
    }
    let why = match status {
        OK => "every promise is held",
        BROKEN if is_worse_only(files) => "a number is worse than in the baseline",
        BROKEN => "a promise is broken",
        CANNOT if files.iter().any(|file| file.outcome.is_err()) => "a scenario could not be run",
        CANNOT => "not all was judged that was to be",
        _ => "inconclusive",
    };
    output::print(&text)?;
    output::print_own(&commands(&annotations))?;
    output::print(&format!("Exit status {status}: {why}.\n"))
}

/// Whether nothing is broken but the comparison with the baseline.
fn is_worse_only(files: &[CheckedFile]) -> bool {
    let checked = files.iter().filter_map(|file| file.outcome.as_ref().ok());
    checked.flat_map(Checked::judged).all(|promise| promise.verdict != Verdict::Broken)
}
