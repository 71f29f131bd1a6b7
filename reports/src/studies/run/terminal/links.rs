//! The block on links in the summary of a run: what each direction carried.

use crate::studies::run::listed::{LINK_HEADS, link_cells};
use crate::terminal::Style;
use crate::terminal::table::{TextRow, TextTable};
use sim_core::results::{LinkSummary, StudyResult};

pub(super) fn block(study: &StudyResult, style: Style, out: &mut String) {
    let row = |(name, link): (&String, &LinkSummary)| TextRow {
        lead: String::new(),
        name: name.clone(),
        cells: link_cells(link).to_vec(),
    };
    let rows = study.summary.links.iter().map(row).collect();
    TextTable { title: "Links", lead: 0, heads: &LINK_HEADS, rows }.write(style, out);
}
