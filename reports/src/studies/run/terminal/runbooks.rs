//! The block on runbooks in the summary of a run: how often each was begun, how soon somebody acted, and what was done in one run.

use super::experiments::lines_of;
use crate::studies::run::listed::{RUNBOOK_HEADS, runbook_cells};
use crate::terminal::Style;
use crate::terminal::table::{TextRow, TextTable};
use sim_core::results::{RunbookSummary, StudyResult};

pub(super) fn block(study: &StudyResult, style: Style, out: &mut String) {
    let all = &study.summary.runbooks;
    if all.is_empty() {
        return;
    }
    let row = |runbook: &RunbookSummary| TextRow {
        lead: String::new(),
        name: runbook.name.clone(),
        cells: runbook_cells(runbook).to_vec(),
    };
    TextTable { title: "Runbooks", lead: 0, heads: &RUNBOOK_HEADS, rows: all.iter().map(row).collect() }
        .write(style, out);
    for runbook in all {
        if let Some(journal) = &runbook.journal {
            lines_of(&format!("Runbook {}", runbook.name), journal, style, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;
    use crate::terminal::table::cells_of;
    use sim_core::results::{Course, Estimate, Journal, JournalEntry, JournalKind};

    fn entry(at_s: f64, kind: JournalKind, text: &str) -> JournalEntry {
        JournalEntry { at_s, kind, text: text.into(), holds: None, values: Vec::new(), bounds: Vec::new() }
    }

    #[test]
    fn a_runbook_says_how_soon_somebody_acts_and_what_is_done() {
        let mut study = sample::study();
        let entries = vec![
            entry(315.0, JournalKind::Alert, "slow fires: api/2"),
            entry(600.0, JournalKind::Reaction, "on-call reacts"),
            entry(610.0, JournalKind::Action, "what slow found isolated: api/2"),
        ];
        let journal = Journal { replication: 0, course: Course::CutShort, held: None, entries };
        study.summary.runbooks.push(RunbookSummary {
            name: "replace".into(),
            alert: "slow".into(),
            by: Some("on-call".into()),
            actions: vec!["what slow found isolated".into()],
            begun: Estimate::exact(1.0),
            runs: 16,
            acts_after_s: Some(Estimate::exact(285.0)),
            done_after_s: None,
            journal: Some(journal),
        });
        let mut out = String::new();
        block(&study, Style { colour: false, plain: true, width: 100 }, &mut out);
        let lines: Vec<&str> = out.trim().lines().collect();
        assert_eq!(cells_of(lines[0])[..3], ["Runbooks", "by", "begun a run"], "{out}");
        assert_eq!(cells_of(lines[1]), ["replace", "on-call", "1", "285\u{a0}s", "never"], "{out}");
        assert!(out.contains("Runbook replace, replication 0"), "{out}");
        assert!(out.contains("slow fires: api/2") && out.contains("on-call reacts"), "{out}");
    }

    #[test]
    fn without_runbooks_nothing_is_said() {
        let mut out = String::new();
        block(&sample::study(), Style { colour: false, plain: true, width: 100 }, &mut out);
        assert_eq!(out, "");
    }
}
