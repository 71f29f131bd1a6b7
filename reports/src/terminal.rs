//! What people read in a terminal: the summary of a run, and the lines of `check`. Nothing here prints.

use crate::Source;
use crate::findings::{self, find, margin, word, worst_first};
use crate::numbers::{clock, kept, length, optional, plain};
use sim_core::results::{EndpointSeries, PromiseSummary, StudyResult, Unit, Verdict};

/// How text is laid out.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Colours: verdicts, hints, headings.
    pub colour: bool,
    /// No bars.
    pub plain: bool,
    /// Columns.
    pub width: usize,
}

impl Style {
    fn paint(self, code: &str, text: &str) -> String {
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn verdict(self, verdict: Verdict, columns: usize) -> String {
        let text = format!("{:columns$}", word(verdict).to_uppercase());
        match verdict {
            Verdict::Broken => self.paint("1;38;5;166", &text),
            Verdict::Inconclusive => self.paint("38;5;136", &text),
            Verdict::Held => self.paint("38;5;29", &text),
        }
    }

    fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }
}

/// Breaks a paragraph at 96 columns; no-break spaces do not break.
fn wrapped(text: &str, indent: &str, most: usize) -> String {
    let mut lines = vec![String::new()];
    for word in text.split(' ').filter(|w| !w.is_empty()) {
        let line = lines.last_mut().expect("one line at least");
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > most - indent.len() {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.join(&format!("\n{indent}"))
}

fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(text.chars().count())))
}

fn pad_left(text: &str, columns: usize) -> String {
    format!("{}{text}", " ".repeat(columns.saturating_sub(text.chars().count())))
}

/// What is promised, short: `>= 99.5 %`.
fn bound(promise: &PromiseSummary) -> String {
    let sign = if promise.at_most { "<=" } else { ">=" };
    promise.promised.map_or_else(String::new, |p| format!("{sign} {}", plain(p, promise.unit)))
}

/// The summary of `run`.
pub fn run_summary(study: &StudyResult, source: &Source, style: &Style) -> String {
    let mut out = String::new();
    out.push_str(&format!("{}\n", style.bold(&study.summary.scenario)));
    out.push_str(&format!("{}\n\n", wrapped(source.question.trim(), "", 96)));
    let (word, rest) = findings::answer(study);
    out.push_str(&format!("{}\n\n", wrapped(&format!("{word}: {rest}"), "", 96)));
    promises(study, style, &mut out);
    over_time(study, style, &mut out);
    next(study, source, style, &mut out);
    let s = &study.summary;
    out.push_str(&wrapped(
        &format!(
            "{} replications of {}, 95 % intervals, warm-up {} cut, seed {}, digest {}",
            s.replications,
            length(s.simulated_s),
            length(s.warm_up_s),
            s.seed,
            s.digest
        ),
        "",
        96,
    ));
    out.push('\n');
    out.replace('\u{a0}', " ").replace('\u{2212}', "-")
}

fn promises(study: &StudyResult, style: &Style, out: &mut String) {
    let all = worst_first(study);
    if all.is_empty() {
        return;
    }
    let names = all.iter().map(|p| p.name.chars().count()).max().unwrap_or(0).clamp(8, 15) + 1;
    let head = format!(
        "{:14}{:names$}{:>12}   {:24}{:>13}   {}",
        "Promises", "", "promised", "observed", "margin", "kept in runs"
    );
    out.push_str(&format!("{}\n", style.bold(head.trim_end())));
    for p in all {
        let share = p.probability.as_ref().map_or_else(|| "no data".to_owned(), kept);
        out.push_str(&format!(
            "{}{}{}   {}{}   {share}\n",
            style.verdict(p.verdict, 14),
            pad(&p.name, names),
            pad_left(&bound(p), 12),
            pad(&optional(p.observed.as_ref(), p.unit), 24),
            pad_left(&margin(p), 13),
        ));
    }
    out.push('\n');
}

/// Sparklines of the first entry endpoint.
fn over_time(study: &StudyResult, style: &Style, out: &mut String) {
    let (Some(series), Some(last)) = (study.endpoint_series.first(), study.windows.last()) else { return };
    if style.plain || study.windows.len() < 8 {
        return;
    }
    const COLUMNS: usize = 54;
    let end = clock(last.to_s);
    let gap = COLUMNS.saturating_sub(4 + end.len());
    out.push_str(&format!("{}{:10}0:00{}{end}\n", style.bold("Over time"), "", " ".repeat(gap)));
    let share = |values: &[Option<sim_core::results::Estimate>]| values.iter().map(|v| v.map(|e| e.mean)).collect();
    let rows: [(&str, Vec<Option<f64>>, Unit); 3] = [
        ("answered", share(&series.availability), Unit::Share),
        ("answered in full", share(&series.in_full), Unit::Share),
        ("p99", share(&series.p99_s), Unit::Seconds),
    ];
    for (name, values, unit) in rows {
        let top = if unit == Unit::Share { 1.0 } else { values.iter().flatten().copied().fold(0.0, f64::max) };
        let whole = whole_run(study, series, name);
        out.push_str(&format!("{}{}   {whole}\n", pad(name, 19), bars(&values, top, COLUMNS)));
    }
    for fault in study.faults.iter().filter(|f| f.scheduled && f.from_s > 0.0).take(2) {
        let place = |s: f64| ((s / last.to_s) * COLUMNS as f64).round() as usize;
        let (from, to) = (place(fault.from_s).min(COLUMNS - 1), place(fault.to_s).min(COLUMNS));
        let mark = format!("{}{}", " ".repeat(from), "~".repeat((to - from).max(1)));
        let says = format!("{} to {}, {}", clock(fault.from_s), clock(fault.to_s), fault.says);
        let fits = 19 + mark.chars().count() + 2 + says.chars().count() <= 100;
        let between = if fits { "  ".to_owned() } else { format!("\n{}", " ".repeat(19)) };
        out.push_str(&format!("{}{mark}{between}{says}\n", pad("fault", 19)));
    }
    out.push('\n');
}

fn whole_run(study: &StudyResult, series: &EndpointSeries, name: &str) -> String {
    let Some(e) = study.summary.endpoints.get(&series.name) else { return String::new() };
    match name {
        "answered" => optional(e.availability.as_ref(), Unit::Share),
        "p99" => e.latency_s.as_ref().map_or_else(|| "no data".into(), |l| plain(l.p99.mean, Unit::Seconds)),
        _ => {
            let ended: f64 = e.outcomes.values().map(|o| o.mean).sum();
            e.outcomes.get("ok").map_or_else(String::new, |ok| plain(ok.mean / ended.max(1.0), Unit::Share))
        }
    }
}

/// A bar for each of `columns` stretches of time: the lowest value in it, or the highest for latencies.
fn bars(values: &[Option<f64>], top: f64, columns: usize) -> String {
    const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    (0..columns)
        .map(|c| {
            let (from, to) =
                (c * values.len() / columns, ((c + 1) * values.len() / columns).max(c * values.len() / columns + 1));
            let inside = values[from.min(values.len() - 1)..to.min(values.len())].iter().flatten().copied();
            let value = if (top - 1.0).abs() < 1e-12 {
                inside.fold(f64::NAN, f64::min)
            } else {
                inside.fold(f64::NAN, f64::max)
            };
            if value.is_nan() { ' ' } else { LEVELS[((value / top.max(1e-12)) * 7.0).round().clamp(0.0, 7.0) as usize] }
        })
        .collect()
}

fn next(study: &StudyResult, source: &Source, style: &Style, out: &mut String) {
    let found = find(study, source);
    if found.is_empty() {
        return;
    }
    out.push_str(&format!("{}\n", style.bold("What to look at next")));
    for (place, finding) in found.iter().take(3).enumerate() {
        let text = format!("{}. {} {}", place + 1, finding.what, finding.why);
        out.push_str(&format!("{}\n", wrapped(&text, "   ", 96)));
        if let Some(command) = &finding.command {
            out.push_str(&format!("   {}\n", style.dim(command)));
        }
    }
    if found.len() > 3 {
        out.push_str(&format!("   {} more in the report.\n", found.len() - 3));
    }
    out.push('\n');
}

/// The lines of `check`.
pub fn check_lines(results: &[(String, StudyResult)], style: &Style) -> String {
    let mut out = String::new();
    let mut counts = [0; 3];
    for (file, study) in results {
        let all: Vec<&PromiseSummary> = study.summary.promises.iter().chain(&study.summary.expectations).collect();
        let worst = all.iter().map(|p| p.verdict).max().unwrap_or(Verdict::Held);
        counts[worst as usize] += 1;
        out.push_str(&file_lines(file, &all, worst, style));
    }
    let words = ["held", "inconclusive", "broken"];
    let parts: Vec<String> =
        (0..3).rev().filter(|i| counts[*i] > 0).map(|i| format!("{} {}", counts[i], words[i])).collect();
    let number = results.len();
    let noun = if number == 1 { "scenario" } else { "scenarios" };
    out.push_str(&format!("\n{number} {noun}: {}.\n", parts.join(", ")));
    out.push_str("A promise is held when, at 95 % confidence, at least 90 % of runs keep it.\n");
    out.replace('\u{a0}', " ").replace('\u{2212}', "-")
}

fn file_lines(file: &str, all: &[&PromiseSummary], worst: Verdict, style: &Style) -> String {
    let of = |v| all.iter().filter(|p| p.verdict == v).count();
    let says = match worst {
        Verdict::Held if all.is_empty() => "nothing is promised".to_owned(),
        Verdict::Held => format!("{} promises and clauses", all.len()),
        Verdict::Broken => {
            format!("{} of {} broken, {} inconclusive", of(Verdict::Broken), all.len(), of(Verdict::Inconclusive))
        }
        Verdict::Inconclusive => format!("{} of {} inconclusive", of(Verdict::Inconclusive), all.len()),
    };
    let mut out = format!("{}{}   {says}\n", style.verdict(worst, 14), file);
    let mut rows: Vec<&&PromiseSummary> = all.iter().filter(|p| p.verdict != Verdict::Held).collect();
    rows.sort_by(|a, b| b.verdict.cmp(&a.verdict));
    for p in rows {
        let share = p.probability.as_ref().map_or_else(|| "no data".to_owned(), |s| format!("kept in {}", kept(s)));
        let observed = optional(p.observed.as_ref(), p.unit);
        out.push_str(&format!(
            "  {}{}   {observed}, promised {}, {share}\n",
            style.verdict(p.verdict, 14),
            pad(&p.name, 14),
            bound(p)
        ));
        if let Some(settle) = p.would_settle {
            out.push_str(&format!("                  {settle} replications would settle it, if the share stays\n"));
        }
    }
    out
}
