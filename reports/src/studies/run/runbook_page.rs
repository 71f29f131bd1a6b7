//! Runbooks in the report of a run: how often each was begun, how soon somebody acted, and what was done in one run.

use super::experiment_page::course;
use super::listed;
use crate::figures::DataTable;
use crate::page::section::section;
use crate::page::{Block, CellForm, LoneTable, Page, Section};
use sim_core::results::{RunbookSummary, StudyResult};

/// Puts the section behind those of alerts and incidents, which begin runbooks.
pub fn add(page: &mut Page, study: &StudyResult) {
    section_of(study).into_iter().for_each(|section| page.put_behind(&super::CONTROL, section));
}

fn section_of(study: &StudyResult) -> Option<Section> {
    let all = &study.summary.runbooks;
    let row = |runbook: &RunbookSummary| {
        let actions: Vec<String> = runbook.actions.iter().map(ToString::to_string).collect();
        let cells = listed::runbook_cells(runbook);
        [runbook.name.clone(), runbook.alert.clone()].into_iter().chain(cells).chain([actions.join("; ")]).collect()
    };
    let heads = ["Runbook", "Alert", "By", "Begun a run", "Acts after", "Done after", "What it does"];
    let rows: Vec<Vec<String>> = all.iter().map(row).collect();
    let table = DataTable { says: "Runbooks".into(), heads: heads.map(String::from).into(), rows };
    let lede = "What is done when an alert fires. Acts after is the time from the alert to the begin of the first action, and done \
                after is that from the alert to the end of the last one. What was begun in the warm-up is counted too.";
    let mut blocks =
        vec![Block::Lede(lede.into()), Block::Table(LoneTable { title: None, cells: CellForm::Calls, table })];
    blocks.extend(all.iter().enumerate().filter_map(|(place, runbook)| {
        let journal = runbook.journal.as_ref()?;
        let title = format!("{} in replication {}", runbook.name, journal.replication);
        Some(Block::Figure(Box::new(course(format!("runbook-{}", place + 1), title, journal))))
    }));
    (!all.is_empty()).then(|| section("runbooks", "Runbooks", "Runbooks", blocks))
}
