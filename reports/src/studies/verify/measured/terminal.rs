//! The table of the measured systems for a terminal.

use super::{Fate, Figure, Predicted, counts, demanded, reason, root, signed};
use crate::numbers::observed;
use crate::terminal::Style;
use crate::terminal::text::{pad, pad_left, widest, wrap};
use sim_core::results::Verdict;
use std::fmt::Write;

/// Columns that a line of the table has for the metric.
const ROOM: usize = 32;

/// The table, without the last line that tells the exit status.
pub fn table(systems: &[Predicted], style: &Style) -> String {
    let mut out = String::new();
    for system in systems {
        let _ = writeln!(out, "{}   {}", style.bold(&system.name), system.summary.scenario);
        out.push_str(&style.dim(&wrap(&system.source, "", style.sentence_width())));
        lines(&system.figures(), *style, &mut out);
        if system.together.is_some() {
            let _ = writeln!(out, "Root mean square error of all predictions: {}.", root(system));
        }
        out.push('\n');
    }
    for system in systems {
        for (what, why) in system.misses() {
            out.push_str(&wrap(
                &format!("MISSED {}: {what}. {}.", system.name, sentence(why)),
                "",
                style.sentence_width(),
            ));
        }
    }
    out.push_str(&wrap(&counts(&systems.iter().collect::<Vec<_>>()), "", style.sentence_width()));
    style.finish(&out)
}

/// A reason that begins a sentence.
fn sentence(why: &str) -> String {
    let why = reason(why);
    let mut letters = why.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The lines of a system.
fn lines(figures: &[Figure], style: Style, out: &mut String) {
    let rows: Vec<[String; 4]> = figures
        .iter()
        .map(|f| [f.fact.metric.clone(), f.fact.measured.clone(), observed(f.clause), signed(f.error)])
        .collect();
    let heads = ["", "measured", "simulated", "error"];
    let width: [usize; 4] = std::array::from_fn(|column| {
        let cells = rows.iter().map(|row| &row[column]);
        widest(cells.filter(|cell| column > 0 || cell.chars().count() <= ROOM), heads[column])
    });
    let numbers = |row: [&str; 4]| (1..4).map(|c| format!("   {}", pad_left(row[c], width[c]))).collect::<String>();
    let _ = writeln!(out, "{}{}", " ".repeat(13 + width[0]), numbers(heads));
    for (row, figure) in rows.iter().zip(figures) {
        let verdict = match figure.fate {
            Fate::Near => style.verdict_as(Verdict::Held, figure.fate.word(), 13),
            Fate::Missed => style.verdict_as(Verdict::Broken, figure.fate.word(), 13),
            Fate::Calibration | Fate::Free => pad(figure.fate.word(), 13),
        };
        let numbers = numbers(row.each_ref().map(String::as_str));
        let target = demanded(figure.fact.target);
        let target = if figure.fate == Fate::Missed { format!("   {target}") } else { String::new() };
        if row[0].chars().count() > width[0] {
            let _ = writeln!(out, "{verdict}{}\n{}{numbers}{target}", row[0], " ".repeat(13 + width[0]));
        } else {
            let _ = writeln!(out, "{verdict}{}{numbers}{target}", pad(&row[0], width[0]));
        }
    }
}
