//! The table of the truth suite for a terminal.

use super::cases::{Verified, cells, clauses, open, totals, word};
use crate::terminal::Style;
use crate::terminal::text::{pad, pad_left, widest, wrap};
use sim_core::results::PromiseSummary;
use std::fmt::Write;

/// Columns that a line of the table has for what is measured.
const ROOM: usize = 40;

const MEANING: &str = "\
A case is held when the 95 % interval of what is simulated overlaps the band around what is
expected, and half of it is no wider than the tolerance; for < and > the whole interval has to
lie on that side.
";

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
    out.push_str(&totals(cases));
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
