//! What is printed of a run: its summary. What `check` prints stands in `check`.
//!
//! Text is made, nothing is printed. Colour adds escape codes and changes no character; `plain` leaves the bars out.

pub(crate) mod alerts;
pub mod capacity;
pub mod compare;
mod experiments;
pub mod sweep;

use crate::Source;
use crate::answer;
use crate::findings::{self, Finding, margin, worst_first};
use crate::numbers::{clock, estimate, grouped, kept, length, observed, plain};
use sim_core::engine::math;
use sim_core::results::{
    Estimate, Part, Precise, PrecisionSummary, PromiseSummary, ServiceSeries, StudyResult, Unit, Verdict, Window,
};
use std::fmt::Write;

/// Sentences wrap here.
const WRAP: usize = 96;
/// Columns of a sparkline.
const BARS: usize = 46;

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether escape codes colour verdicts, headings and paths.
    pub colour: bool,
    /// Leaves out bars.
    pub plain: bool,
    /// Columns; at most 100 are used, and below 80 columns of tables are dropped from the right.
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
        let code = match verdict {
            Verdict::Broken => "1;38;5;130",
            Verdict::Inconclusive => "33",
            Verdict::Held => "32",
        };
        let word = word.to_uppercase();
        let pad = " ".repeat(width.saturating_sub(word.len()));
        self.paint(code, &word) + &pad
    }

    pub(crate) fn sentence_width(self) -> usize {
        WRAP.min(self.width.max(20))
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
    out.push_str(&wrap(&answer::join(&answer::answer(study)), "", style.sentence_width()));
    promises(study, style, &mut out);
    experiments::block(study, style, &mut out);
    expectations(study, style, &mut out);
    over_time(study, style, &mut out);
    alerts::block(study, style, &mut out);
    look_next(&found, style, &mut out);
    closing(study, &found, style, &mut out);
    ascii(&out)
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
    let all = worst_first(study);
    if all.is_empty() {
        return;
    }
    let none = || "no data".to_owned();
    let heads = ["promised", "observed", "margin", "kept in runs"];
    let cells: Vec<[String; 4]> =
        all.iter().map(|p| [bound(p), observed(p), margin(p), p.probability.map_or_else(none, |e| kept(&e))]).collect();
    let name = widest(all.iter().map(|p| &p.name), "");
    let widths: Vec<usize> = (0..4).map(|i| widest(cells.iter().map(|c| &c[i]), heads[i])).collect();
    let mut columns = 4;
    while columns > 1 && 14 + name + widths[..columns].iter().map(|w| w + 3).sum::<usize>() > style.width.min(100) {
        columns -= 1;
    }
    let row = |cells: &[String]| -> String {
        cells.iter().zip(&widths).take(columns).fold(String::new(), |line, (c, w)| line + "   " + &pad_left(c, *w))
    };
    let head = row(&heads.map(str::to_owned));
    let _ = writeln!(out, "\n{}{}", style.bold(&pad("Promises", 14 + name)), style.dim(&head));
    for (promise, cells) in all.iter().zip(&cells) {
        let _ = writeln!(out, "{}{}{}", style.verdict(promise.verdict, 14), pad(&promise.name, name), row(cells));
    }
}

fn expectations(study: &StudyResult, style: Style, out: &mut String) {
    let all = &study.summary.expectations;
    if all.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", style.bold("Expected"));
    for clause in all {
        let room = style.sentence_width().saturating_sub(14);
        let text = wrap(&clause.says.to_string(), "              ", room);
        let _ = write!(out, "{}{text}", style.verdict(clause.verdict, 14));
    }
}

/// One line of the section "Over time".
struct Line {
    name: String,
    bars: Vec<Option<f64>>,
    numbers: Vec<String>,
    unit: &'static str,
}

/// Values of a series in as many columns as there are bars, each the worst of its windows.
fn columns(series: &[Option<Estimate>], worst: fn(f64, f64) -> f64) -> Vec<Option<f64>> {
    let n = BARS.min(series.len());
    (0..n)
        .map(|i| {
            let (from, to) = (i * series.len() / n, ((i + 1) * series.len() / n).max(i * series.len() / n + 1));
            series[from..to].iter().flatten().map(|e| e.mean).reduce(worst)
        })
        .collect()
}

/// Levels from 0 to 1 as bars.
fn draw(levels: &[Option<f64>]) -> String {
    let bars = ['▁', '▂', '▃', '▄', '▅', '▆', '▇'];
    levels.iter().map(|l| l.map_or(' ', |l| bars[((l.clamp(0.0, 1.0) * 6.0).round()) as usize])).collect()
}

/// A share on a scale of nines, to four of them.
fn nines(share: f64) -> f64 {
    (-math::log10((1.0 - share).max(1e-4)) / 4.0).clamp(0.0, 1.0)
}

/// A stretch of the run [s] with its name, and the part of the run that it is where the first fault divides it.
type Phase = (&'static str, Option<Part>, (f64, f64));

fn end(study: &StudyResult) -> f64 {
    study.windows.last().map_or(study.summary.simulated_s, |w| w.to_s)
}

/// Before, during and after the first scheduled fault, or else the first surge of load; or the whole run.
fn phases(study: &StudyResult) -> Vec<Phase> {
    let end = end(study);
    let fault = study.faults.iter().find(|f| f.scheduled && f.from_s > 0.0 && f.from_s < end);
    let fault = fault.map(|f| (true, (f.from_s, f.to_s.min(end))));
    let surge = || study.load_events.iter().find_map(|e| Some((false, (e.from_s, e.to_s?.min(end)))));
    let Some((is_fault, (from, to))) = fault.or_else(surge) else {
        return vec![("whole run", Some(Part::Whole), (0.0, end))];
    };
    let part = |part| is_fault.then_some(part);
    let all = [
        ("before", part(Part::Before), (0.0, from)),
        (if is_fault { "fault" } else { "surge" }, part(Part::During), (from, to)),
        ("after", part(Part::After), (to, end)),
    ];
    all.into_iter().filter(|(.., (a, b))| b > a).collect()
}

fn over_time(study: &StudyResult, style: Style, out: &mut String) {
    let Some(entry) = study.endpoint_series.first() else { return };
    let phases = phases(study);
    let mut lines = Vec::new();
    let share = |of: &dyn Fn(&[f64; 8]) -> f64| -> Vec<String> {
        let cell = |stretch| {
            let all = findings::outcomes(study, entry, stretch);
            let sum: f64 = all.iter().sum();
            if sum > 0.0 { format!("{:.2}", (of(&all) / sum * 1e4).floor() / 100.0) } else { "none".to_owned() }
        };
        phases.iter().map(|(.., stretch)| cell(*stretch)).collect()
    };
    let level = |series: &[Option<Estimate>]| columns(series, f64::min).iter().map(|v| v.map(nines)).collect();
    lines.push(Line {
        name: "answered".into(),
        bars: level(&entry.availability),
        numbers: share(&|o| o[0] + o[1]),
        unit: "%",
    });
    if findings::outcomes(study, entry, (0.0, f64::INFINITY))[1] >= 1.0 {
        lines.push(Line {
            name: "answered in full".into(),
            bars: level(&entry.in_full),
            numbers: share(&|o| o[0]),
            unit: "%",
        });
    }
    lines.push(p99(study, &phases, &entry.p99_s));
    for service in study.service_series.iter().filter(|s| s.scaled).take(2) {
        lines.push(instances(study, &phases, service));
    }
    let name = lines.iter().map(|l| l.name.chars().count()).max().unwrap_or(0).max(16) + 3;
    let bars = if style.plain || style.width < 80 { 0 } else { BARS.min(study.windows.len()) };
    let mut head = style.bold(&pad("Over time", name));
    if bars > 0 {
        let (from, to) = (clock(0.0), clock(end(study)));
        head.push_str(&style.dim(&(pad(&from, bars.saturating_sub(to.len())) + &to)));
    }
    let wide = if phases.len() > 1 { 9 } else { 12 };
    let names = phases.iter().fold(String::new(), |line, (p, ..)| line + &pad_left(p, wide));
    let _ = writeln!(out, "\n{head}{}", style.dim(&names));
    for line in &lines {
        let numbers = line.numbers.iter().fold(String::new(), |all, n| all + &pad_left(n, wide));
        let picture = if bars > 0 { draw(&line.bars) } else { String::new() };
        let row = format!("{}{picture}{numbers} {}", pad(&line.name, name), line.unit);
        let _ = writeln!(out, "{}", row.trim_end());
    }
    marks(study, style, name, bars, out);
}

fn p99(study: &StudyResult, phases: &[Phase], series: &[Option<Estimate>]) -> Line {
    let raw = columns(series, f64::max);
    let logs: Vec<Option<f64>> = raw.iter().map(|v| v.map(|v| math::log10(v.max(1e-9)))).collect();
    let low = logs.iter().flatten().copied().fold(f64::INFINITY, f64::min);
    let high = logs.iter().flatten().copied().fold(f64::NEG_INFINITY, f64::max);
    let range = (high - low).max(0.5);
    let of_tail = |part: Option<Part>| study.tails.first()?.curves.iter().find(|c| Some(c.part) == part)?.p99_s;
    let worst_window = |(from, to): (f64, f64)| {
        let within = study.windows.iter().zip(series).filter(|(w, _)| w.from_s >= from && w.from_s < to);
        within.filter_map(|(_, e)| *e).max_by(|a, b| a.mean.total_cmp(&b.mean))
    };
    let values: Vec<Option<Estimate>> =
        phases.iter().map(|(_, part, stretch)| of_tail(*part).or_else(|| worst_window(*stretch))).collect();
    let write = |e: &Option<Estimate>| {
        e.map_or_else(
            || "none".to_owned(),
            |e| {
                let ms = e.mean * 1e3;
                grouped(ms, usize::from(ms < 10.0))
            },
        )
    };
    Line {
        name: "p99".into(),
        bars: logs.iter().map(|l| l.map(|l| (l - low) / range)).collect(),
        numbers: values.iter().map(write).collect(),
        unit: "ms",
    }
}

fn instances(study: &StudyResult, phases: &[Phase], service: &ServiceSeries) -> Line {
    let series: Vec<Option<Estimate>> = service.instances.iter().copied().map(Some).collect();
    let most = service.instances.iter().map(|e| e.mean).fold(1.0, f64::max);
    let mean = |(from, to): (f64, f64)| {
        let within = |w: &Window| (w.to_s.min(to) - w.from_s.max(from)).max(0.0);
        study.windows.iter().zip(&service.instances).map(|(w, e)| within(w) * e.mean).sum::<f64>() / (to - from)
    };
    Line {
        name: format!("instances of {}", service.name),
        bars: columns(&series, f64::max).iter().map(|v| v.map(|v| v / most)).collect(),
        numbers: phases.iter().map(|(.., s)| grouped(mean(*s), 1)).collect(),
        unit: "",
    }
}

/// When faults were there, beneath the bars.
fn marks(study: &StudyResult, style: Style, name: usize, bars: usize, out: &mut String) {
    for fault in study.faults.iter().filter(|f| f.scheduled && f.from_s > 0.0).take(3) {
        let (from, to) = (fault.from_s, fault.to_s.min(end(study)));
        let at = |t: f64| ((t / end(study)) * bars as f64).round() as usize;
        let says = format!("{} to {}, {}", clock(from), clock(to), fault.says);
        let before = " ".repeat(if bars > 0 { at(from) } else { 0 });
        let span = if bars > 0 { "~".repeat((at(to) - at(from)).max(1)) + "  " } else { String::new() };
        let line = format!("{}{before}{span}", pad(&fault.name, name));
        // What does not fit stands on a line of its own.
        let fits = line.chars().count() + says.chars().count() <= style.width.min(100);
        let between = if fits { String::new() } else { format!("\n{}", " ".repeat(name)) };
        let _ = writeln!(out, "{}{between}{says}", if fits { line.as_str() } else { line.trim_end() });
    }
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
        n => format!("; {n} more runs without faults tell what faults add to the losses"),
    };
    let _ = write!(out, "\n{}", style.dim(&wrap(&(line + &again), "", style.sentence_width())));
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
        Some(n) => format!("{} would do, if the spread stays", grouped(f64::from(n), 0)),
        None => "no number of replications would do".to_owned(),
    };
    Some(format!("Not precise within {within} after {runs} replications, the most allowed: {known}; {more}."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    const PLAIN: Style = Style { colour: false, plain: false, width: 100 };

    #[test]
    fn no_line_is_longer_than_a_hundred_columns() {
        let text = run_summary(&sample::study(), &sample::source(), &PLAIN);
        for line in text.lines() {
            assert!(line.chars().count() <= 100, "{} {line}", line.chars().count());
        }
        assert!(text.contains("BROKEN        works"), "{text}");
    }

    #[test]
    fn colour_changes_no_character() {
        let painted = run_summary(&sample::study(), &sample::source(), &Style { colour: true, ..PLAIN });
        let mut stripped = String::new();
        let mut inside = false;
        for c in painted.chars() {
            match (inside, c) {
                (false, '\x1b') => inside = true,
                (true, 'm') => inside = false,
                (false, c) => stripped.push(c),
                _ => {}
            }
        }
        assert_eq!(stripped, run_summary(&sample::study(), &sample::source(), &PLAIN));
    }

    #[test]
    fn plain_has_no_bars_and_a_narrow_terminal_fewer_columns() {
        let style = Style { colour: false, plain: true, width: 70 };
        let text = run_summary(&sample::study(), &sample::source(), &style);
        assert!(!text.contains('▇') && !text.contains("kept in runs"), "{text}");
    }
}
