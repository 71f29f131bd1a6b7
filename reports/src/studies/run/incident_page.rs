//! Incidents in the report of a run: how many alerts became how many, who was told, and what happened in one run.

use super::experiment_page::course;
use super::listed;
use crate::figures::DataTable;
use crate::page::section::section;
use crate::page::{Block, CellForm, LoneTable, Page, Section};
use sim_core::results::StudyResult;

/// Puts the section behind that of alerts, of which incidents are made.
pub fn add(page: &mut Page, study: &StudyResult) {
    section_of(study).into_iter().for_each(|section| page.put_behind(&super::CONTROL, section));
}

fn section_of(study: &StudyResult) -> Option<Section> {
    let all = study.summary.incidents.as_ref()?;
    let heads: Vec<String> = listed::INCIDENT_HEADS.iter().map(|head| listed::capital(head)).collect();
    let table = DataTable { says: "Incidents".into(), heads, rows: vec![listed::incident_cells(all).into()] };
    let lede = "What alerts become: those that have to do with each other are one incident, of which people are told. All numbers are for one run. Not told \
                is how often a person was not told because he had been told too often, and escalations are people who were told because others did not \
                answer in time.";
    let mut blocks =
        vec![Block::Lede(lede.into()), Block::Table(LoneTable { title: None, cells: CellForm::Calls, table })];
    if let Some(journal) = &all.journal {
        let title = format!("Incidents in replication {}", journal.replication);
        blocks.push(Block::Figure(Box::new(course("incidents-1".into(), title, journal))));
    }
    Some(section("incidents", "Incidents", "Incidents", blocks))
}
