//! Problems under the line that they are about, as a person reads them in a terminal.
//!
//! Printed by hand: annotate-snippets and its like put the label and the hint into the gutter and have no form for a label that
//! is too long for its line, and the look of a report is part of what is promised (`hint:` at the left edge, at most 100 columns).

use super::node::{FileId, Node, Span};
use sim_core::problem::{Problem, Severity};
use sim_core::results::KnownFinding;
use sim_core::results::gate::{FilePlace, Trouble};
use sim_core::visible::is_hidden;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Warnings of a scenario that are shown at most.
const MOST_WARNINGS: usize = 100;

/// Columns that are printed at most.
const COLUMNS: usize = 100;

/// The name under which values of the command line are shown.
pub const SET: &str = "--set";

/// A problem with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// What is wrong.
    pub problem: Problem,
    /// Where; `None` if it is about the file as a whole or about nothing that was written.
    pub span: Option<Span>,
}

impl Placed {
    /// Looks a problem's path up in the tree. A problem that quotes a part of the value or of its key (`no service is called
    /// "paymnet"`, at `paymnet.charge`) is about that part.
    pub fn find(problem: Problem, tree: &Node) -> Self {
        let (span, _) = tree.place(&problem.path);
        let part = tree.find_child(&problem.path).and_then(|(entry, node)| {
            let value = node.text().and_then(|text| part(&problem.message, text, node.span));
            value.or_else(|| entry.and_then(|e| part(&problem.message, &e.key, e.key_span)))
        });
        Self { problem, span: Some(part.unwrap_or(span)) }
    }

    /// Whether it keeps the scenario from running.
    pub fn is_error(&self) -> bool {
        self.problem.severity == Severity::Error
    }
}

/// The part of a text without quotes and escapes that the message quotes.
fn part(message: &str, text: &str, span: Span) -> Option<Span> {
    let (start, end) = quoted(message, text).filter(|_| span.end - span.start == text.len())?;
    Some(Span { start: span.start + start, end: span.start + end, ..span })
}

/// Where the last text in quotes of `message` stands in `text` as a word of its own.
fn quoted(message: &str, text: &str) -> Option<(usize, usize)> {
    let mut parts = message.rsplit('"');
    let name = parts.nth(1).filter(|n| !n.is_empty())?;
    let is_name = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    text.match_indices(name)
        .map(|(at, _)| (at, at + name.len()))
        .find(|&(from, to)| !text[..from].ends_with(is_name) && !text[to..].starts_with(is_name))
}

/// The texts that places refer to: the file, those it extends, and what was set on the command line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// Names and texts.
    all: Vec<(String, String)>,
    /// Texts that are not quoted.
    hidden: Vec<FileId>,
}

impl Sources {
    /// No texts.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text under the name that problems show.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> FileId {
        self.all.push((name.into(), text.into()));
        FileId(u16::try_from(self.all.len() - 1).unwrap_or(u16::MAX))
    }

    /// Quotes no line of a text: it is no scenario.
    pub fn hide(&mut self, file: FileId) {
        self.hidden.push(file);
    }

    /// The name of a text.
    pub fn name(&self, file: FileId) -> &str {
        self.all.get(usize::from(file.0)).map_or("", |(name, _)| name)
    }

    /// A text.
    pub fn text(&self, file: FileId) -> &str {
        self.all.get(usize::from(file.0)).map_or("", |(_, text)| text)
    }

    /// Line and column of the beginning of a place, both from 1; the column counts characters.
    pub fn position(&self, span: Span) -> (usize, usize) {
        let (line, start, _) = self.line(span);
        let before = self.text(span.file).get(start..span.start).unwrap_or("");
        (line, before.chars().count() + 1)
    }

    /// A place as plain data, up to the end of its first line; `None` where it is in no file.
    pub fn place(&self, span: Span) -> Option<FilePlace> {
        let file = self.name(span.file);
        if file.is_empty() || file == SET {
            return None;
        }
        let (line, column) = self.position(span);
        let (_, _, end) = self.line(span);
        let text = self.text(span.file).get(span.start..span.end.min(end)).unwrap_or("");
        let end_column = column + text.trim_end().chars().count().max(1);
        Some(FilePlace { file: file.to_owned(), line, column, end_column })
    }

    /// Number, begin and end of the line in which a place begins.
    fn line(&self, span: Span) -> (usize, usize, usize) {
        let text = self.text(span.file);
        let at = span.start.min(text.len());
        let before = text.get(..at).unwrap_or("");
        let start = before.rfind('\n').map_or(0, |i| i + 1);
        let end = text.get(at..).and_then(|t| t.find('\n')).map_or(text.len(), |i| at + i);
        (before.matches('\n').count() + 1, start, end)
    }
}

/// All that is wrong with a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The scenario's file, as the user named it.
    pub name: String,
    /// The texts.
    pub sources: Sources,
    /// The problems, in the order of the file.
    pub problems: Vec<Placed>,
}

impl Report {
    /// A report in the order of the file: each problem once, made visible, and so many warnings at most.
    pub fn new(name: impl Into<String>, sources: Sources, mut problems: Vec<Placed>) -> Self {
        problems.iter_mut().for_each(|placed| placed.problem.make_visible());
        problems.sort_by_key(|p| p.span.map_or((FileId(u16::MAX), usize::MAX), |s| (s.file, s.start)));
        let mut seen = BTreeSet::new();
        problems.retain(|p| {
            let place = if p.span.is_none() { p.problem.path.clone() } else { String::new() };
            seen.insert((p.span, place, p.problem.severity, p.problem.message.clone()))
        });
        let warnings = problems.iter().filter(|p| !p.is_error()).count();
        if let Some(more) = warnings.checked_sub(MOST_WARNINGS).filter(|more| *more > 0) {
            let mut left = MOST_WARNINGS;
            problems.retain(|p| p.is_error() || left.checked_sub(1).map(|less| left = less).is_some());
            let problem = Problem::warning("", format!("{more} more warnings are not shown"));
            problems.push(Placed { problem, span: None });
        }
        Self { name: name.into(), sources, problems }
    }

    /// All that this report and another of the same scenario say.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        let problems = self.problems.iter().chain(&other.problems).cloned().collect();
        Self::new(self.name.clone(), self.sources.clone(), problems)
    }

    /// A report of one problem without a place: the file could not be read.
    pub fn unreadable(name: &str, mut problem: Problem) -> Self {
        problem.make_visible();
        Self { name: name.to_owned(), sources: Sources::new(), problems: vec![Placed { problem, span: None }] }
    }

    /// Errors and warnings.
    pub fn counts(&self) -> (usize, usize) {
        let errors = self.problems.iter().filter(|p| p.is_error()).count();
        (errors, self.problems.len() - errors)
    }

    /// All problems as text for a terminal, each followed by an empty line.
    pub fn render(&self, colour: bool) -> String {
        self.problems.iter().map(|p| self.one(p, Paint { colour }) + "\n").collect()
    }

    /// The closing line: `3 errors and 1 warning in checkout.yaml. Nothing was run. Exit status 2.`
    pub fn closing(&self) -> String {
        let (errors, warnings) = self.counts();
        let name = &self.name;
        match (errors, warnings) {
            (0, _) => format!("{} in {name}.", plural(warnings, "warning")),
            (_, 0) => format!("{} in {name}. Nothing was run. Exit status 2.", plural(errors, "error")),
            _ => format!(
                "{} and {} in {name}. Nothing was run. Exit status 2.",
                plural(errors, "error"),
                plural(warnings, "warning")
            ),
        }
    }

    /// All problems with their positions, for `--json`.
    pub fn items(&self) -> Vec<Item> {
        self.problems.iter().map(|p| self.item(p)).collect()
    }

    /// The errors, as plain data.
    pub fn troubles(&self) -> Vec<Trouble> {
        let errors = self.problems.iter().filter(|p| p.is_error());
        let trouble = |placed: &Placed| Trouble {
            message: placed.problem.message.clone(),
            hint: placed.problem.hint.clone(),
            place: placed.span.and_then(|span| self.sources.place(span)),
        };
        errors.map(trouble).collect()
    }

    /// The findings, as plain data.
    pub fn known(&self) -> Vec<KnownFinding> {
        let finding = |placed: &Placed| {
            let problem = &placed.problem;
            Some(KnownFinding {
                name: problem.name?.to_owned(),
                severity: problem.severity,
                what: problem.message.clone(),
                why: problem.label.clone().unwrap_or_default(),
                hint: problem.hint.clone().unwrap_or_default(),
                path: problem.path.clone(),
                place: placed.span.and_then(|span| self.sources.place(span)),
            })
        };
        self.problems.iter().filter_map(finding).collect()
    }

    fn item(&self, placed: &Placed) -> Item {
        let position = placed.span.map(|s| self.sources.position(s));
        Item {
            severity: placed.problem.severity.name(),
            name: placed.problem.name,
            message: placed.problem.message.clone(),
            label: placed.problem.label.clone(),
            hint: placed.problem.hint.clone(),
            path: placed.problem.path.clone(),
            file: placed.span.map_or_else(|| self.name.clone(), |s| self.sources.name(s.file).to_owned()),
            line: position.map(|p| p.0),
            column: position.map(|p| p.1),
        }
    }

    fn one(&self, placed: &Placed, paint: Paint) -> String {
        let problem = &placed.problem;
        let colour = match problem.severity {
            Severity::Error => VERMILION,
            Severity::Warning => OCHRE,
            Severity::Note => BLUE,
        };
        let name = problem.name.map_or_else(String::new, |name| format!("[{name}]"));
        let lead = paint.with(colour, &format!("{}{name}:", problem.severity.name()));
        let mut out = format!("{lead} {}\n", problem.message);
        match placed.span {
            Some(span) => self.snippet(&mut out, span, problem.label.as_deref(), colour, paint),
            None => self.without_line(&mut out, problem, paint),
        }
        if let Some(hint) = &problem.hint {
            let _ = writeln!(out, "{} {hint}", paint.with(BLUE, "hint:"));
        }
        out
    }

    fn without_line(&self, out: &mut String, problem: &Problem, paint: Paint) {
        let at = if problem.path.is_empty() { &self.name } else { &problem.path };
        let _ = writeln!(out, "  {} {at}", paint.with(DIM, "-->"));
        if let Some(label) = &problem.label {
            let _ = writeln!(out, "   {}", paint.with(DIM, "|"));
            below(out, label, 2, paint);
        }
    }

    fn snippet(&self, out: &mut String, span: Span, label: Option<&str>, colour: &str, paint: Paint) {
        let (line, start, end) = self.sources.line(span);
        let (_, column) = self.sources.position(span);
        let width = line.to_string().len().max(2);
        let text = self.sources.text(span.file).get(start..end).unwrap_or("").trim_end_matches('\r');
        let marked = self.sources.text(span.file).get(span.start..span.end.min(end)).unwrap_or("");
        let carets = marked.trim_end().chars().count().max(1);
        let (shown, column_shown) = window(text, column, carets, COLUMNS - width - 3);
        let gutter = paint.with(DIM, "|");
        let pad = " ".repeat(width);
        let _ = writeln!(out, "{pad}{} {}:{line}:{column}", paint.with(DIM, "-->"), self.sources.name(span.file));
        if self.sources.hidden.contains(&span.file) {
            return;
        }
        let _ = writeln!(out, "{pad} {gutter}");
        let _ = writeln!(out, "{} {gutter} {shown}", paint.with(DIM, &format!("{line:>width$}")));
        let carets = carets.min(COLUMNS - width - 3);
        let marks = paint.with(colour, &"^".repeat(carets));
        let indent = " ".repeat(column_shown - 1);
        let used = width + 3 + column_shown - 1 + carets + 1;
        match label {
            Some(label) if used + label.chars().count() <= COLUMNS => {
                let _ = writeln!(out, "{pad} {gutter} {indent}{marks} {label}");
            }
            _ => {
                let _ = writeln!(out, "{pad} {gutter} {indent}{marks}");
                if let Some(label) = label {
                    below(out, label, width, paint);
                }
            }
        }
    }
}

/// A label that does not fit beside the caret: under it, wrapped.
fn below(out: &mut String, label: &str, width: usize, paint: Paint) {
    for line in wrap(label, COLUMNS - width - 5) {
        let _ = writeln!(out, "{} {}   {line}", " ".repeat(width), paint.with(DIM, "|"));
    }
}

/// The part of a line that is shown so that `column` is in it, and the column there.
fn window(text: &str, column: usize, carets: usize, room: usize) -> (String, usize) {
    let text: Vec<char> = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .map(|c| if is_hidden(c) { '\u{fffd}' } else { c })
        .collect();
    if text.len() <= room {
        return (text.into_iter().collect(), column);
    }
    let end = (column - 1 + carets.min(room / 2) + room / 4).clamp(room.min(text.len()), text.len());
    let start = end.saturating_sub(room).min(column - 1);
    let mut shown: Vec<char> = text[start..(start + room).min(text.len())].to_vec();
    let last = shown.len() - 1;
    if start > 0 {
        shown[0] = '…';
    }
    if start + room < text.len() {
        shown[last] = '…';
    }
    (shown.into_iter().collect(), column - start)
}

fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut lines: Vec<String> = vec![];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn plural(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// One problem as plain data, for `--json`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Item {
    /// `error`, `warning` or `note`.
    pub severity: &'static str,
    /// The kind of finding; left out of what is wrong with the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'static str>,
    /// What is wrong.
    pub message: String,
    /// What was expected or is known at the place.
    pub label: Option<String>,
    /// What to type instead.
    pub hint: Option<String>,
    /// Path in the scenario.
    pub path: String,
    /// The file in which it stands.
    pub file: String,
    /// Line, from 1.
    pub line: Option<usize>,
    /// Column in characters, from 1.
    pub column: Option<usize>,
}

const VERMILION: &str = "1;38;5;166";
const OCHRE: &str = "1;38;5;172";
const BLUE: &str = "38;5;32";
const DIM: &str = "2";

#[derive(Debug, Clone, Copy)]
struct Paint {
    colour: bool,
}

impl Paint {
    fn with(self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span_of(text: &str, part: &str) -> Span {
        let start = text.find(part).expect("is there");
        Span { file: FileId(0), start, end: start + part.len() }
    }

    fn report(text: &str, problems: Vec<(Problem, &str)>) -> Report {
        let mut sources = Sources::new();
        sources.add("checkout.yaml", text);
        let problems =
            problems.into_iter().map(|(problem, part)| Placed { problem, span: Some(span_of(text, part)) }).collect();
        Report::new("checkout.yaml", sources, problems)
    }

    const TEXT: &str = "a: 1\nload:\n\n\n\n\n    arrive: {poisson: {rate: 800}}\n  refunds: {keep: {availability: 99.9%}, of: gateway.refund}\n";

    #[test]
    fn problem_looks_as_the_look_says() {
        let rate = Problem::error("", "a rate needs a unit")
            .label("expected a rate such as 800/s, 48000/min")
            .hint("write 800/s");
        let refund = Problem::warning("", "a promise is made about an endpoint that no load reaches")
            .label("it would be inconclusive")
            .hint("add a load that calls gateway.refund, or remove the promise");
        let report = report(TEXT, vec![(refund, "gateway.refund"), (rate, "800")]);
        let expected = "\
error: a rate needs a unit
  --> checkout.yaml:7:30
   |
 7 |     arrive: {poisson: {rate: 800}}
   |                              ^^^ expected a rate such as 800/s, 48000/min
hint: write 800/s

warning: a promise is made about an endpoint that no load reaches
  --> checkout.yaml:8:46
   |
 8 |   refunds: {keep: {availability: 99.9%}, of: gateway.refund}
   |                                              ^^^^^^^^^^^^^^ it would be inconclusive
hint: add a load that calls gateway.refund, or remove the promise

";
        assert_eq!(report.render(false), expected);
        assert_eq!(report.closing(), "1 error and 1 warning in checkout.yaml. Nothing was run. Exit status 2.");
    }

    #[test]
    fn a_finding_has_its_kind_beside_its_severity() {
        let found = Problem::finding("retry-never-comes", Severity::Note, "load", "m").label("l").hint("h");
        let report = report(TEXT, vec![(found, "800")]);
        assert!(report.render(false).starts_with("note[retry-never-comes]: m\n  --> checkout.yaml:7:30\n"));
        let known = &report.known()[0];
        assert_eq!(
            (&*known.name, known.severity, &*known.why, &*known.hint),
            ("retry-never-comes", Severity::Note, "l", "h")
        );
        assert_eq!(known.place.as_ref().map(|place| (place.line, place.column)), Some((7, 30)));
    }

    #[test]
    fn colour_changes_no_character() {
        let report = report(TEXT, vec![(Problem::error("", "m").label("l").hint("h"), "800")]);
        let coloured = report.render(true);
        assert!(coloured.starts_with("\x1b[1;38;5;166merror:\x1b[0m m\n"));
        let mut plain = String::new();
        let mut rest = coloured.as_str();
        while let Some(at) = rest.find('\x1b') {
            plain += &rest[..at];
            rest = &rest[at + rest[at..].find('m').expect("ends") + 1..];
        }
        assert_eq!(plain + rest, report.render(false));
    }

    #[test]
    fn long_label_stands_below_and_no_line_is_too_long() {
        let label = "keys here: ".to_owned() + &["policy", "timeout", "total_timeout", "cancel"].repeat(9).join(", ");
        let text = format!("a: {}\n", "x".repeat(300) + " here " + &"y".repeat(200));
        let rendered = report(&text, vec![(Problem::error("", "m").label(label), "here")]).render(false);
        assert!(rendered.lines().all(|l| l.chars().count() <= COLUMNS), "{rendered}");
        assert!(rendered.contains(" here "), "{rendered}");
    }

    #[test]
    fn caret_stands_under_the_name_that_the_message_quotes() {
        let text = "steps:\n  - call: {to: paymnet.charge}\n";
        let node = crate::reader::parse(text, FileId(0)).node.expect("parses");
        let placed = Placed::find(Problem::error("steps.0.call.to", "no service is called \"paymnet\""), &node);
        let span = placed.span.expect("has a place");
        assert_eq!(&text[span.start..span.end], "paymnet");
    }

    #[test]
    fn problem_without_a_place_names_the_file() {
        let report = Report::unreadable("dir", Problem::error("", "this is a directory").hint("name a file"));
        assert_eq!(report.render(false), "error: this is a directory\n  --> dir\nhint: name a file\n\n");
    }
}
