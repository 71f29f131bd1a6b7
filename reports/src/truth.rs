//! The truth suite's results: a table for a terminal, a page of Markdown, JSON.
//!
//! A case is a scenario; each clause of its `expect` is a line: what is measured, what is expected, what the simulation says with its
//! 95 % interval, and the verdict. A clause that does not hold is a miss and is shown as one, before the totals once more.

use crate::ReportError;
use crate::numbers::observed;
use crate::terminal::sentence::say;
use crate::terminal::{Style, pad, pad_left, widest, wrap};
use sim_core::results::{PromiseSummary, Summary, Verdict};
use std::fmt::Write;

/// Columns that a line of the table has for what is measured.
const ROOM: usize = 40;

/// A case of the suite, simulated.
#[derive(Debug, Clone)]
pub struct Verified {
    /// Its folder and name: `queueing/mm1`.
    pub name: String,
    /// Its file in the project.
    pub file: String,
    /// Where its numbers come from.
    pub source: String,
    /// What the simulation says.
    pub summary: Summary,
}

/// The word for a verdict.
fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Held => "held",
        Verdict::Broken => "missed",
        Verdict::Inconclusive => "inconclusive",
    }
}

/// What a line of the table says, without its verdict: measured, expected, simulated.
fn cells(clause: &PromiseSummary) -> [String; 3] {
    let (measured, expected) = if clause.measured.is_empty() {
        (clause.says.to_string(), "true".to_owned())
    } else {
        let band = clause.band.as_ref().map(|(bound, within)| format!("{bound} ± {within}"));
        (clause.measured.to_string(), band.unwrap_or_else(|| clause.expected.to_string()))
    };
    [measured, expected, observed(clause)]
}

/// The clauses of a case.
fn clauses(case: &Verified) -> &[PromiseSummary] {
    &case.summary.expectations
}

/// The table for a terminal, without the last line that tells the exit status.
pub fn table(cases: &[Verified], style: &Style) -> String {
    let all: Vec<[String; 3]> = cases.iter().flat_map(clauses).map(cells).collect();
    let short = |cells: &&[String; 3]| cells[0].chars().count() <= ROOM;
    let measured = widest(all.iter().filter(short).map(|c| &c[0]), "");
    let widths = [measured, widest(all.iter().map(|c| &c[1]), "expected"), widest(all.iter().map(|c| &c[2]), "")];
    let mut out = String::new();
    for case in cases {
        let _ = writeln!(out, "{}   {}", style.bold(&case.name), case.summary.scenario);
        out.push_str(&style.dim(&wrap(&case.source, "", style.sentence_width())));
        for clause in clauses(case) {
            line(clause, widths, *style, &mut out);
        }
        out.push('\n');
    }
    misses(cases, &mut out);
    out.push_str(&counts(&cases.iter().collect::<Vec<_>>()));
    out.push_str(&wrap(MEANING, "", style.sentence_width()));
    style.finish(&out)
}

fn line(clause: &PromiseSummary, widths: [usize; 3], style: Style, out: &mut String) {
    let [measured, expected, simulated] = cells(clause);
    let numbers = format!("   {}   {simulated}", pad_left(&expected, widths[1]));
    let verdict = style.verdict_as(clause.verdict, word(clause.verdict), 14);
    if measured.chars().count() > widths[0] {
        let _ = writeln!(out, "{verdict}{measured}\n{}{numbers}", " ".repeat(14 + widths[0]));
    } else {
        let _ = writeln!(out, "{verdict}{}{numbers}", pad(&measured, widths[0]));
    }
}

/// What did not hold, once more: the end of a long table is what is read.
fn misses(cases: &[Verified], out: &mut String) {
    for (case, clause) in open(cases) {
        let [measured, expected, simulated] = cells(clause);
        let verdict = word(clause.verdict).to_uppercase();
        let _ = writeln!(out, "{verdict} {}: {measured} is {simulated}, expected {expected}", case.name);
    }
}

/// Clauses that are not held.
fn open(cases: &[Verified]) -> impl Iterator<Item = (&Verified, &PromiseSummary)> {
    let all = cases.iter().flat_map(|case| clauses(case).iter().map(move |clause| (case, clause)));
    all.filter(|(_, clause)| clause.verdict != Verdict::Held)
}

/// What a case is about: the folder that it is in.
fn topic_of(case: &Verified) -> &str {
    case.name.split('/').next().unwrap_or_default()
}

/// How many of all cases are held.
pub(crate) fn totals(cases: &[Verified]) -> String {
    counts(&cases.iter().collect::<Vec<_>>())
}

/// `72 cases in 40 scenarios: 1 missed, 71 held.`
fn counts(cases: &[&Verified]) -> String {
    let all: Vec<Verdict> = cases.iter().flat_map(|case| clauses(case)).map(|c| c.verdict).collect();
    let count = |verdict: Verdict| match all.iter().filter(|v| **v == verdict).count() {
        0 if verdict != Verdict::Held => None,
        n => Some(format!("{n} {}", word(verdict))),
    };
    let counts: Vec<String> =
        [Verdict::Broken, Verdict::Inconclusive, Verdict::Held].into_iter().filter_map(count).collect();
    let s = |n: usize| if n == 1 { "" } else { "s" };
    let (n, files) = (all.len(), cases.len());
    format!("{n} case{} in {files} scenario{}: {}.\n", s(n), s(files), counts.join(", "))
}

const MEANING: &str = "\
A case is held when the 95 % interval of what is simulated overlaps the band around what is
expected, and half of it is no wider than the tolerance; for < and > the whole interval has to
lie on that side.
";

/// The page of Markdown.
pub fn page(cases: &[Verified]) -> String {
    let mut out = String::from(HEAD);
    for case in open(cases) {
        let _ = writeln!(out, "\n**{}: `{}`, {}**", word(case.1.verdict), case.0.name, case.1.says);
    }
    let mut topic = "";
    for case in cases {
        if topic_of(case) != topic {
            topic = topic_of(case);
            let of_topic: Vec<&Verified> = cases.iter().filter(|case| topic_of(case) == topic).collect();
            // Counts stand with their topic, so that whoever adds a case to another one changes other lines.
            let _ = write!(out, "\n## {}\n\n{}\n{COLUMNS}", title(topic), counts(&of_topic));
        }
        for (place, clause) in clauses(case).iter().enumerate() {
            let [measured, expected, simulated] = cells(clause);
            let (name, source) = if place == 0 { (name(case), case.source.trim()) } else { (String::new(), "") };
            let verdict = match clause.verdict {
                Verdict::Held => "held".to_owned(),
                other => format!("**{}**", word(other)),
            };
            let row = [name, format!("`{measured}`"), expected, simulated, source.to_owned(), verdict];
            let _ = writeln!(out, "| {} |", row.map(|cell| cell.replace('|', "\\|").replace('\n', " ")).join(" | "));
        }
    }
    out
}

const HEAD: &str = "\
# The truth suite

Systems whose answers are published or can be computed exactly, and what windtunnel says of them. This page is made by
`windtunnel verify --markdown`; the program holds the scenarios, so `windtunnel verify` makes it again on any machine, with the same
numbers. `windtunnel verify --seed 7` asks with other random numbers. METHOD.md says how intervals and verdicts are made.

A case is held when the 95 % interval of what is simulated overlaps the band around what is expected, and half of it is no wider than the
tolerance; for < and > the whole interval has to lie on that side.
";

const COLUMNS: &str = "\
| case | measured | expected | simulated, 95 % interval | source | verdict |
|---|---|---|---|---|---|
";

/// The title of a scenario, linked to its file.
fn name(case: &Verified) -> String {
    format!("[{}](../{})", case.summary.scenario, case.file)
}

/// A topic as a heading: `tail-at-scale` is "Tail at scale".
fn title(topic: &str) -> String {
    let words = topic.replace('-', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The results as JSON: a list of cases with their clauses.
///
/// # Errors
/// Never for results of a study.
pub fn json(cases: &[Verified]) -> Result<String, ReportError> {
    let item = |case: &Verified| {
        serde_json::json!({
            "case": case.name,
            "file": case.file,
            "scenario": case.summary.scenario,
            "question": case.summary.question,
            "source": case.source,
            "seed": case.summary.seed,
            "replications": case.summary.replications,
            "digest": case.summary.digest,
            "expectations": case.summary.expectations,
        })
    };
    let items: Vec<serde_json::Value> = cases.iter().map(item).collect();
    Ok(serde_json::to_string_pretty(&items)? + "\n")
}

/// How many cases of the truth suite are held, as the one sentence for those who ask for nothing else.
pub fn in_a_sentence(all: &[Verified], style: &Style) -> String {
    say(&totals(all), style)
}
