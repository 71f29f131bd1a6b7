//! The block on probes in the summary of a run: what became of those of each direction.

use crate::studies::run::listed::{PROBE_HEADS, probe_cells};
use crate::terminal::Style;
use crate::terminal::table::{TextRow, TextTable};
use sim_core::results::{ProbeSummary, StudyResult};

pub(super) fn block(study: &StudyResult, style: Style, out: &mut String) {
    let row = |(name, probe): (&String, &ProbeSummary)| TextRow {
        lead: String::new(),
        name: name.clone(),
        cells: probe_cells(probe).to_vec(),
    };
    let rows = study.summary.probes.iter().map(row).collect();
    TextTable { title: "Probes", lead: 0, heads: &PROBE_HEADS, rows }.write(style, out);
}
