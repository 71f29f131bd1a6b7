//! The block on wrong answers in the summary of a run, right behind its answer: answers that count as ok and are wrong.

use crate::studies::run::listed::{WRONG_HEADS, wrong_rows, wrong_says};
use crate::terminal::Style;
use crate::terminal::table::{TextRow, TextTable};
use crate::terminal::text::wrap;
use sim_core::results::StudyResult;

pub(super) fn block(study: &StudyResult, style: Style, out: &mut String) {
    let Some(says) = wrong_says(study) else { return };
    out.push('\n');
    out.push_str(&style.bold(wrap(&says, "", style.sentence_width()).trim_end()));
    out.push('\n');
    let row = |[name, cells @ ..]: [String; 5]| TextRow { lead: String::new(), name, cells: cells.to_vec() };
    let rows = wrong_rows(study).into_iter().map(row).collect();
    TextTable { title: "Wrong", lead: 0, heads: &WRONG_HEADS, rows }.write(style, out);
}
