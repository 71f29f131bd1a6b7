//! The block on incidents in the summary of a run: how many alerts became how many, who was told, and what happened in one run.

use super::experiments::lines_of;
use crate::studies::run::listed::{INCIDENT_HEADS, incident_cells};
use crate::terminal::Style;
use crate::terminal::table::{TextRow, TextTable};
use sim_core::results::StudyResult;

pub(super) fn block(study: &StudyResult, style: Style, out: &mut String) {
    let Some(all) = &study.summary.incidents else { return };
    let row = TextRow { lead: String::new(), name: "a run".into(), cells: incident_cells(all).to_vec() };
    TextTable { title: "Incidents", lead: 0, heads: &INCIDENT_HEADS, rows: vec![row] }.write(style, out);
    if let Some(journal) = &all.journal {
        lines_of("Incidents", journal, style, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;
    use crate::terminal::table::cells_of;
    use sim_core::results::{Course, Estimate, IncidentsSummary, Journal, JournalEntry, JournalKind};

    #[test]
    fn incidents_say_how_many_alerts_became_how_many() {
        let mut study = sample::study();
        let exactly = |mean| Estimate { mean, low: mean, high: mean };
        let text = "incident 1 opened by errors".into();
        let entry = JournalEntry {
            at_s: 75.0,
            kind: JournalKind::Incident,
            text,
            holds: None,
            values: Vec::new(),
            bounds: Vec::new(),
        };
        study.summary.incidents = Some(IncidentsSummary {
            raised: exactly(45.0),
            incidents: exactly(1.0),
            notifications: exactly(2.0),
            suppressed: exactly(0.0),
            silenced: exactly(3.0),
            escalations: exactly(1.0),
            severity: Some(exactly(4.0)),
            acknowledged_after_s: Some(exactly(120.0)),
            lasted_s: None,
            journal: Some(Journal { replication: 0, course: Course::Completed, held: None, entries: vec![entry] }),
        });
        let mut out = String::new();
        block(&study, Style { colour: false, plain: true, width: 100 }, &mut out);
        let row = out.lines().find(|line| line.contains("a run")).expect("a row");
        assert_eq!(cells_of(row), ["a run", "45", "1", "4", "2", "0", "1", "120\u{a0}s", "never"]);
        assert!(out.contains("incident 1 opened by errors"), "{out}");
    }
}
