//! What is printed of a run: its summary. What `check` prints stands in `check`.
//!
//! Text is made, nothing is printed. Colour adds escape codes and changes no character; `plain` draws bars in ASCII. No line is longer
//! than the width (`fit`).

pub(crate) mod alerts;
pub mod capacity;
pub mod compare;
pub(crate) mod expected;
mod experiments;
pub mod fit;
mod over_time;
pub mod sentence;
pub(crate) mod services;
pub mod sweep;
pub(crate) mod table;
#[cfg(test)]
mod tests;

use crate::Source;
use crate::findings::{self, Finding, margin, worst_first};
use crate::numbers::{estimate, grouped, kept, length, observed, plain};
use crate::{answer, course};
use sim_core::results::{Precise, PrecisionSummary, PromiseSummary, StudyResult, Unit, Verdict};
use std::fmt::Write;
use table::{Row, Table};

/// Sentences wrap here.
const WRAP: usize = 96;
/// Columns that are used of a wide terminal.
const WIDEST: usize = 100;

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether escape codes colour verdicts, headings and paths.
    pub colour: bool,
    /// Draws bars in ASCII.
    pub plain: bool,
    /// Columns; at most 100 are used, and where there are few, columns of tables are dropped from the right.
    pub width: usize,
}

impl Style {
    pub(crate) fn paint(self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }

    pub(crate) fn verdict(self, verdict: Verdict, width: usize) -> String {
        self.verdict_as(verdict, findings::word(verdict), width)
    }

    /// A verdict in another word, in capitals.
    pub(crate) fn verdict_as(self, verdict: Verdict, word: &str, width: usize) -> String {
        self.word_as(verdict, &word.to_uppercase(), width)
    }

    /// A word in the colour of a verdict, as it is written.
    pub(crate) fn word_as(self, verdict: Verdict, word: &str, width: usize) -> String {
        let pad = " ".repeat(width.saturating_sub(word.chars().count()));
        self.paint(code_of(verdict), word) + &pad
    }

    /// Columns that a line may have.
    pub(crate) fn columns(self) -> usize {
        WIDEST.min(self.width.max(20))
    }

    pub(crate) fn sentence_width(self) -> usize {
        WRAP.min(self.width.max(20))
    }

    /// Levels from 0 to 1 as bars, each a character.
    pub(crate) fn bars(self, levels: &[Option<f64>]) -> String {
        let bars = if self.plain {
            ['_', '.', '-', '=', '+', '*', '#']
        } else {
            ['▁', '▂', '▃', '▄', '▅', '▆', '▇']
        };
        levels.iter().map(|l| l.map_or(' ', |l| bars[((l.clamp(0.0, 1.0) * 6.0).round()) as usize])).collect()
    }

    /// What is full of a bar, and what is empty.
    pub(crate) fn full_and_empty(self) -> (char, char) {
        if self.plain { ('#', '.') } else { ('█', '░') }
    }

    /// What a terminal shows: without no-break spaces and true minuses, and with no line longer than it is wide.
    pub(crate) fn finish(self, text: &str) -> String {
        fit::fit(&ascii(text), self.width)
    }
}

fn code_of(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Broken => "1;38;5;130",
        Verdict::Inconclusive => "33",
        Verdict::Held => "32",
    }
}

/// A terminal has neither no-break spaces nor a true minus.
pub(crate) fn ascii(text: &str) -> String {
    text.replace('\u{a0}', " ").replace('\u{2212}', "-")
}

/// The summary of a run.
pub fn run_summary(study: &StudyResult, source: &Source, style: &Style) -> String {
    let (found, style) = (findings::find(study, source), *style);
    let mut out = style.bold(&study.summary.scenario);
    out.push('\n');
    out.push_str(&wrap(&source.question, "", style.sentence_width()));
    out.push('\n');
    if let Some(stopped) = course::stopped_early(&study.summary) {
        out.push_str(&(style.bold(wrap(&stopped, "", style.sentence_width()).trim_end()) + "\n\n"));
    }
    out.push_str(&wrap(&answer::join(&answer::answer(study)), "", style.sentence_width()));
    promises(study, style, &mut out);
    experiments::block(study, style, &mut out);
    expected::block(study, style, &mut out);
    over_time::block(study, style, &mut out);
    services::block(study, style, &mut out);
    services::scalers(study, style, &mut out);
    alerts::block(study, style, &mut out);
    look_next(&found, style, &mut out);
    closing(study, &found, style, &mut out);
    style.finish(&out)
}

/// Breaks a text at blanks.
pub(crate) fn wrap(text: &str, indent: &str, width: usize) -> String {
    let mut out = String::new();
    let mut line = String::new();
    // No-break spaces do not break.
    for word in text.split([' ', '\n']).filter(|w| !w.is_empty()) {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            out.push_str(&line);
            out.push('\n');
            line = format!("{indent}{word}");
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    out + &line + "\n"
}

pub(crate) fn pad(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.chars().count());
    format!("{text}{}", " ".repeat(missing))
}

pub(crate) fn pad_left(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.chars().count());
    format!("{}{text}", " ".repeat(missing))
}

pub(crate) fn widest<'a>(cells: impl Iterator<Item = &'a String>, head: &str) -> usize {
    cells.map(|c| c.chars().count()).max().unwrap_or(0).max(head.chars().count())
}

/// What is promised: `p99 <= 800 ms`, `>= 99.5 %`.
pub(crate) fn bound(promise: &PromiseSummary) -> String {
    let Some(promised) = promise.promised else { return String::new() };
    let sign = if promise.at_most { "<=" } else { ">=" };
    let of =
        promise.about.percentile().filter(|_| !promise.made.is_clause()).map_or_else(String::new, |p| format!("{p} "));
    format!("{of}{sign} {}", plain(promised, promise.unit))
}

fn promises(study: &StudyResult, style: Style, out: &mut String) {
    let none = || "no data".to_owned();
    let row = |p: &PromiseSummary| Row {
        lead: style.verdict(p.verdict, 14),
        name: p.name.clone(),
        cells: vec![bound(p), observed(p), margin(p), p.probability.map_or_else(none, |e| kept(&e))],
    };
    let rows = worst_first(study).into_iter().map(row).collect();
    let heads = ["promised", "observed", "margin", "kept in runs"];
    Table { title: "Promises", lead: 14, heads: &heads, rows }.write(style, out);
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
    if let Some(precision) = precision(s.precision.as_ref(), s.replications) {
        out.push_str(&wrap(&precision, "", style.sentence_width()));
    }
    if let Some(command) = found.iter().find_map(|f| f.command.as_ref()) {
        let _ = writeln!(out, "Next     {command}");
    }
}

/// Whether the study became as precise as it was to be, and what is known least.
pub(crate) fn precision(precision: Option<&PrecisionSummary>, replications: u32) -> Option<String> {
    let p = precision?;
    let (runs, within) = (grouped(f64::from(replications), 0), plain(p.within, Unit::Share));
    let width = |p: &Precise| p.half_width.unwrap_or(f64::INFINITY);
    let known = p.of.iter().filter_map(|p| Some((p, p.observed?)));
    let Some((widest, observed)) = known.max_by(|a, b| width(a.0).total_cmp(&width(b.0))) else {
        return Some(format!("Not precise within {within} after {runs} replications: there is no data."));
    };
    let share = widest.half_width.map_or("no share of it".to_owned(), |share| plain(share, Unit::Share));
    let known = format!("{}, {}, is known to {share}", widest.name, estimate(&observed, widest.unit));
    if p.reached {
        return Some(format!("Precise within {within} after {runs} replications; the widest, {known}."));
    }
    let more = match p.would_take {
        Some(n) => format!("run {} replications to reach it", grouped(f64::from(n), 0)),
        None => "more replications do not reach it".to_owned(),
    };
    let most = if replications >= p.cap { ", the most allowed" } else { "" };
    Some(format!("Not precise within {within} after {runs} replications{most}: {known}; {more}."))
}
