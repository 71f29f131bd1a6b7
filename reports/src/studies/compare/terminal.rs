//! What `compare` prints: in what the systems differ, a table of numbers, one of promises, and the answer.

use super::findings::{answer, change_word, method, says, thinned, untold};
use crate::numbers::{alone, signed};
use crate::terminal::Style;
use crate::terminal::table::in_lines;
use crate::terminal::text::{pad, pad_left, widest, wrap};
use sim_core::results::compare::{Change, Compared, Comparison, PromiseRow, RowKind, System, ValueRow};
use sim_core::results::{Estimate, Unit, Verdict};
use std::fmt::Write;

/// Columns of a name at most; longer ones stand in a line of their own.
const NAME: usize = 34;

/// The summary of a comparison.
pub fn summary(comparison: &Comparison, style: &Style) -> String {
    let style = *style;
    let mut out = String::new();
    for (place, compared) in comparison.against.iter().enumerate() {
        if place > 0 {
            out.push('\n');
        }
        one(comparison, compared, style, &mut out);
    }
    style.finish(&out)
}

fn one(comparison: &Comparison, compared: &Compared, style: Style, out: &mut String) {
    systems(&comparison.a, compared, style, out);
    let of = only_subject(&compared.rows);
    let rows: Vec<[String; 6]> = compared.rows.iter().map(|row| cells(row, of)).collect();
    let head = of.map_or_else(String::new, |of| format!("of {of}"));
    let heads = [head.as_str(), "A", "B", "B minus A", "B better in", ""];
    let colours: Vec<Option<Change>> = compared.rows.iter().map(|row| row.change).collect();
    table(&rows, heads, &colours, style, out);
    if !compared.promises.is_empty() {
        let rows: Vec<[String; 6]> = compared.promises.iter().map(promise).collect();
        let heads = ["kept in runs", "A", "B", "B minus A", "only B, only A", ""];
        let colours: Vec<Option<Change>> = compared.promises.iter().map(|row| row.change).collect();
        table(&rows, heads, &colours, style, out);
    }
    let _ = write!(out, "\n{}", wrap(&answer(compared), "", style.sentence_width()));
    for sentence in untold(compared).iter().take(3) {
        out.push_str(&wrap(sentence, "", style.sentence_width()));
    }
    for sentence in thinned([("A", &comparison.a), ("B", &compared.b)].into_iter()) {
        out.push_str(&wrap(&sentence, "", style.sentence_width()));
    }
    let _ = write!(out, "\n{}", style.dim(&wrap(&method(comparison, compared), "", style.sentence_width())));
}

fn name(system: &System) -> String {
    system.variant.as_ref().map_or_else(|| system.name.clone(), |variant| format!("{} with {variant}", system.name))
}

fn systems(a: &System, compared: &Compared, style: Style, out: &mut String) {
    for (letter, system) in [("A", a), ("B", &compared.b)] {
        let _ = write!(out, "{letter}  {}", wrap(&name(system), "   ", style.columns() - 3));
    }
    for system in [a, &compared.b].into_iter().filter(|system| system.stopped > 0) {
        let _ = writeln!(out, "   {} was stopped by a bound in {} runs", name(system), system.stopped);
    }
    if compared.differs.is_empty() {
        let _ = writeln!(out, "   the descriptions do not differ");
    }
    for differs in &compared.differs {
        let shown = |value: &Option<String>| value.as_deref().map_or_else(|| "not written".to_owned(), short);
        let text = format!("differs in {}: {} -> {}", differs.path, shown(&differs.a), shown(&differs.b));
        let _ = write!(out, "   {}", in_lines(&text, "     ", style.sentence_width().saturating_sub(3)));
    }
    if compared.differs_more > 0 {
        let _ = writeln!(out, "   and in {} more values", compared.differs_more);
    }
}

/// A value in few columns.
fn short(text: &str) -> String {
    let most = 40;
    if text.chars().count() <= most { text.to_owned() } else { text.chars().take(most - 1).chain(['…']).collect() }
}

/// The endpoint that all rows on endpoints are about, if there is only one: it is said once.
fn only_subject(rows: &[ValueRow]) -> Option<&str> {
    let mut subjects = rows.iter().filter(|row| row.kind == RowKind::Endpoint).filter_map(subject);
    let first = subjects.next()?;
    subjects.all(|other| other == first).then_some(first)
}

/// What the metric of a row is asked of.
fn subject(row: &ValueRow) -> Option<&str> {
    row.metric.as_ref()?.of.as_deref()
}

/// Money over time is money, and its time stands with the name.
fn unit_of(row: &ValueRow) -> (Unit, &'static str) {
    match row.unit {
        Unit::MoneyPerMonth => (Unit::Money, " a month"),
        Unit::MoneyPerYear => (Unit::Money, " a year"),
        unit => (unit, ""),
    }
}

fn cells(row: &ValueRow, of: Option<&str>) -> [String; 6] {
    let (unit, over) = unit_of(row);
    let number = |e: Option<Estimate>| e.map_or_else(|| "no data".to_owned(), |e| alone(&e, unit));
    let difference = row.difference.map_or_else(|| "-".to_owned(), |d| signed(&d, unit));
    let better = match (row.b_better_in, row.change) {
        (Some((better, of)), Some(change)) if change != Change::Same => format!("{better} of {of}"),
        _ => "-".to_owned(),
    };
    let name = match &row.metric {
        Some(metric) if of.is_some() && metric.of.as_deref() == of => format!("{}{}", metric.name, metric.scope),
        Some(metric) if row.kind == RowKind::Money => metric.of.clone().unwrap_or_else(|| row.name.clone()),
        _ => row.name.clone(),
    };
    [format!("{name}{over}"), number(row.a), number(row.b), difference, better, says(row).to_owned()]
}

fn promise(row: &PromiseRow) -> [String; 6] {
    let share = |e: Option<Estimate>, verdict: Option<Verdict>| match (e, verdict) {
        (Some(e), Some(verdict)) => format!("{:.0} % {}", e.mean * 100.0, letter(verdict)),
        (None, Some(_)) => "no data".to_owned(),
        _ => "-".to_owned(),
    };
    let difference = row.difference.map_or_else(|| "-".to_owned(), |d| signed(&d, Unit::Share));
    let only = if row.difference.is_some() { format!("{}, {}", row.only.0, row.only.1) } else { "-".to_owned() };
    let word = row.change.map_or("-", change_word);
    [row.name.clone(), share(row.a, row.a_verdict), share(row.b, row.b_verdict), difference, only, word.to_owned()]
}

fn letter(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Held => "held",
        Verdict::Inconclusive => "inconclusive",
        Verdict::Broken => "broken",
    }
}

/// A table; its columns on the right are dropped where there is no room.
fn table(rows: &[[String; 6]], heads: [&str; 6], changes: &[Option<Change>], style: Style, out: &mut String) {
    let widths: Vec<usize> = (1..6).map(|at| widest(rows.iter().map(|row| &row[at]), heads[at])).collect();
    let lengths = || rows.iter().map(|row| row[0].chars().count()).chain([heads[0].chars().count()]);
    let needed = |columns: &[usize]| columns.iter().map(|at| widths[at - 1] + 3).sum::<usize>();
    let longest = lengths().filter(|n| *n <= NAME).max().unwrap_or(0);
    let width = |columns: &[usize]| longest.min(style.columns() / 3) + needed(columns);
    let mut columns = vec![1, 2, 3, 4, 5];
    // The word stays longest beside the numbers themselves.
    for dropped in [4, 5] {
        if width(&columns) > style.columns() {
            columns.retain(|at| *at != dropped);
        }
    }
    // The numbers of a narrow terminal stand closer, and longer names in lines of their own.
    let gap = if needed(&columns) > style.columns() { 2 } else { 3 };
    let most = style.columns().saturating_sub(needed(&columns)).min(NAME);
    let name = lengths().filter(|n| *n <= most).max().unwrap_or(0);
    let line = |cells: &[String; 6], change: Option<Change>| {
        let each = columns.iter().map(|at| match *at {
            5 => " ".repeat(gap) + &coloured(&cells[5], change, style),
            at => " ".repeat(gap) + &pad_left(&cells[at], widths[at - 1]),
        });
        each.collect::<String>()
    };
    let head = heads.map(str::to_owned);
    let above = |text: &str| in_lines(text, "", style.columns()) + &pad("", name);
    let title = if heads[0].chars().count() > name { above(heads[0]) } else { pad(heads[0], name) };
    let _ = writeln!(out, "\n{title}{}", style.dim(line(&head, None).trim_end()));
    for (row, change) in rows.iter().zip(changes) {
        let first = if row[0].chars().count() > name { above(&row[0]) } else { pad(&row[0], name) };
        let _ = writeln!(out, "{}", format!("{first}{}", line(row, *change)).trim_end());
    }
}

fn coloured(word: &str, change: Option<Change>, style: Style) -> String {
    match change {
        Some(Change::Better) => style.paint("32", word),
        Some(Change::Worse) => style.paint("1;38;5;130", word),
        _ => word.to_owned(),
    }
}
