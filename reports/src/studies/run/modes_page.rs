//! Operating modes in the report of a run: how often each was entered, for how much of the time it was in force, and what happened in one run.

use super::experiment_page::course;
use super::listed;
use crate::figures::DataTable;
use crate::numbers::estimate;
use crate::page::section::section;
use crate::page::{Block, CellForm, LoneTable, Page, Section};
use sim_core::results::{ModeSummary, StudyResult, Unit};

/// Puts the section behind all that tells of alerts.
pub fn add(page: &mut Page, study: &StudyResult) {
    section_of(study).into_iter().for_each(|section| page.put_behind(&super::CONTROL, section));
}

fn section_of(study: &StudyResult) -> Option<Section> {
    let modes = study.summary.modes.as_ref()?;
    let row = |mode: &ModeSummary| {
        let actions: Vec<String> = mode.actions.iter().map(ToString::to_string).collect();
        let sets = if actions.is_empty() { "nothing".to_owned() } else { actions.join("; ") };
        [mode.name.clone()].into_iter().chain(listed::mode_cells(mode)).chain([sets]).collect()
    };
    let heads = ["Mode", "Share of time", "Entered a run", "Stays", "What it sets"];
    let rows: Vec<Vec<String>> = modes.modes.iter().map(row).collect();
    let table = DataTable { says: "Operating modes".into(), heads: heads.map(String::from).into(), rows };
    let lede = format!(
        "States of the whole system, of which one is in force at a time. The mode changes {} times a run, and {} times because a change was taken back.",
        estimate(&modes.changes, Unit::Count),
        estimate(&modes.rollbacks, Unit::Count)
    );
    let mut blocks = vec![Block::Lede(lede), Block::Table(LoneTable { title: None, cells: CellForm::Calls, table })];
    if let Some(journal) = &modes.journal {
        let title = format!("Modes in replication {}", journal.replication);
        blocks.push(Block::Figure(Box::new(course("modes-1".to_owned(), title, journal))));
    }
    Some(section("modes", "Modes", "Operating modes", blocks))
}
