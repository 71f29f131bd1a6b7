//! The block on experiments in the summary of a run: how often each ran and held, its clauses, and what happened in the first run.

use crate::numbers::kept;
use crate::studies::run::experiment::decisive;
use crate::terminal::Style;
use crate::terminal::table::{TextRow, TextTable};
use crate::terminal::text::{pad_left, wrap};
use crate::words::observed;
use sim_core::results::{ExperimentSummary, Journal, StudyResult};
use std::fmt::Write;

/// Lines of a journal; the rest is in `journal.csv`.
const MOST_LINES: usize = 12;

pub(super) fn block(study: &StudyResult, style: Style, out: &mut String) {
    let all = &study.summary.experiments;
    if all.is_empty() {
        return;
    }
    let row = |experiment: &ExperimentSummary| TextRow {
        lead: style.verdict(experiment.judgement.verdict, 14),
        name: experiment.judgement.name.clone(),
        cells: cells(experiment).to_vec(),
    };
    let heads = ["run in", "aborted in", "held in runs"];
    TextTable { title: "Experiments", lead: 14, heads: &heads, rows: all.iter().map(row).collect() }.write(style, out);
    for experiment in all {
        claims(experiment, style, out);
        journal(experiment, style, out);
    }
}

fn cells(experiment: &ExperimentSummary) -> [String; 3] {
    let (ran, all) = (experiment.ran, experiment.ran + experiment.not_run);
    let held = experiment.judgement.probability.map_or_else(|| "no data".to_owned(), |share| kept(&share));
    [format!("{ran} of {all}"), format!("{} of {ran}", experiment.aborted), held]
}

/// The clauses of its hypothesis.
fn claims(experiment: &ExperimentSummary, style: Style, out: &mut String) {
    let _ = writeln!(out, "\n{}", style.bold(&format!("Hypothesis of {}", experiment.judgement.name)));
    for clause in &experiment.clauses {
        let seen = [observed(clause), clause.probability.map(|share| format!("held in {}", kept(&share)))];
        let seen: Vec<String> = seen.into_iter().flatten().collect();
        let room = style.sentence_width().saturating_sub(14);
        let text = wrap(&format!("{}: {}", clause.name, seen.join(", ")), "              ", room);
        let _ = write!(out, "{}{text}", style.verdict(clause.verdict, 14));
    }
}

/// What happened in the first run, in so many lines.
fn journal(experiment: &ExperimentSummary, style: Style, out: &mut String) {
    if let Some(journal) = experiment.journals.first() {
        lines_of(&format!("Journal of {}", experiment.judgement.name), journal, style, out);
    }
}

/// What a journal says, in so many lines.
/// What was decisive in a journal, below a head that says whose it is: `Journal of kill`.
pub(super) fn lines_of(head: &str, journal: &Journal, style: Style, out: &mut String) {
    let lines = decisive(journal);
    if lines.is_empty() {
        return;
    }
    let title = format!("{head}, replication {}", journal.replication);
    let _ = writeln!(out, "\n{}", style.bold(&title));
    let time = lines.iter().map(|(time, _)| time.len()).max().unwrap_or(0);
    for (at, text) in lines.iter().take(MOST_LINES) {
        let indent = " ".repeat(time + 2);
        let text = wrap(text, &indent, style.sentence_width().saturating_sub(time + 2));
        let _ = write!(out, "{}  {text}", pad_left(at, time));
    }
    if lines.len() > MOST_LINES {
        let _ = writeln!(out, "{} more lines in journal.csv.", lines.len() - MOST_LINES);
    }
}
