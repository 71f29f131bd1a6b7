//! What is printed of a run: its summary.

mod alerts;
mod deploys;
mod expected;
mod experiments;
mod incidents;
mod links;
mod loops;
mod modes;
mod over_time;
mod probes;
mod runbooks;
mod sagas;
mod services;
mod wrong;

use super::answer::{answer, worst_first};
use super::course;
use super::findings;
use super::known;
use crate::Source;
use crate::numbers::{kept, length, observed};
use crate::page::finding::Finding;
use crate::page::sentence::join;
use crate::terminal::Style;
use crate::terminal::table::{TextRow, TextTable};
use crate::terminal::text::wrap;
use crate::words::{bound, margin};
use sim_core::results::{PromiseSummary, StudyResult};
use std::fmt::Write;

/// The summary of a run.
pub fn summary(study: &StudyResult, source: &Source, style: &Style) -> String {
    let (found, style) = (findings::find(study, source), *style);
    let mut out = style.bold(&study.summary.scenario);
    out.push('\n');
    out.push_str(&wrap(&source.question, "", style.sentence_width()));
    out.push('\n');
    if let Some(stopped) = course::stopped_early(&study.summary) {
        out.push_str(&(style.bold(wrap(&stopped, "", style.sentence_width()).trim_end()) + "\n\n"));
    }
    out.push_str(&wrap(&join(&answer(study)), "", style.sentence_width()));
    wrong::block(study, style, &mut out);
    promises(study, style, &mut out);
    experiments::block(study, style, &mut out);
    deploys::block(study, style, &mut out);
    expected::block(study, style, &mut out);
    over_time::block(study, style, &mut out);
    services::block(study, style, &mut out);
    services::caches(study, style, &mut out);
    services::scalers(study, style, &mut out);
    sagas::block(study, style, &mut out);
    links::block(study, style, &mut out);
    probes::block(study, style, &mut out);
    alerts::block(study, style, &mut out);
    loops::block(study, style, &mut out);
    incidents::block(study, style, &mut out);
    runbooks::block(study, style, &mut out);
    modes::block(study, style, &mut out);
    look_next(&found, style, &mut out);
    known::lines(&source.known, style, &mut out);
    closing(study, &found, style, &mut out);
    style.finish(&out)
}

fn promises(study: &StudyResult, style: Style, out: &mut String) {
    let none = || "no data".to_owned();
    let row = |p: &PromiseSummary| TextRow {
        lead: style.verdict(p.verdict, 14),
        name: p.name.clone(),
        cells: vec![bound(p), observed(p), margin(p), p.probability.map_or_else(none, |e| kept(&e))],
    };
    let rows = worst_first(study).into_iter().map(row).collect();
    let heads = ["promised", "observed", "margin", "kept in runs"];
    let mut table = TextTable { title: "Promises", lead: 14, heads: &heads, rows };
    // Where there is room for one column only, it is what was observed: what is promised stands in the file.
    let observed_first = ["observed", "promised", "margin", "kept in runs"];
    if table.columns(style) < 2 {
        table.heads = &observed_first;
        table.rows.iter_mut().for_each(|row| row.cells.swap(0, 1));
    }
    table.write(style, out);
}

fn look_next(all: &[Finding], style: Style, out: &mut String) {
    if all.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", style.bold("What to look at next"));
    for (i, finding) in all.iter().take(3).enumerate() {
        let text = format!("{}. {} {}", i + 1, finding.what, finding.why);
        out.push_str(&wrap(&text, "   ", style.sentence_width()));
    }
    let more = all.len().min(5).saturating_sub(3);
    if more > 0 {
        let s = if more == 1 { " is" } else { "s are" };
        let _ = writeln!(out, "   {} more finding{s} in the report.", if more == 1 { "One" } else { "Two" });
    }
}

fn closing(study: &StudyResult, found: &[Finding], style: Style, out: &mut String) {
    let s = &study.summary;
    let runs = if s.replications == 1 { "1 replication" } else { &format!("{} replications", s.replications) };
    let line =
        format!("{runs}, 95 % intervals, warm-up {} cut, seed {}, digest {}", length(s.warm_up_s), s.seed, s.digest);
    let again = match s.wrongness.runs_without_incidents {
        0 => String::new(),
        n => format!("; {n} more runs without faults show what the faults add"),
    };
    let _ = write!(out, "\n{}", style.dim(&wrap(&(line + &again), "", style.sentence_width())));
    if let Some(went_on) = course::went_on(s) {
        out.push_str(&wrap(&went_on, "", style.sentence_width()));
    }
    if let Some(precision) = course::precision(s.precision.as_ref(), s.replications) {
        out.push_str(&wrap(&precision, "", style.sentence_width()));
    }
    if let Some(command) = found.iter().find_map(|f| f.command.as_ref()) {
        let _ = writeln!(out, "Next     {command}");
    }
}
