//! Loops in the report of a run: for each fault a chart of what followed it, and what a minute less of each stage would save.

use super::experiment_page::course;
use super::listed;
use crate::figures::DataTable;
use crate::page::section::section;
use crate::page::{Block, CellForm, LoneTable, Page, Section};
use sim_core::results::{Course, Journal, JournalEntry, JournalKind, LoopStage, LoopSummary, StudyResult};

/// Puts the section behind that of alerts, with which the loop begins to close.
pub fn add(page: &mut Page, study: &StudyResult) {
    section_of(study).into_iter().for_each(|section| page.put_behind(&super::CONTROL, section));
}

fn section_of(study: &StudyResult) -> Option<Section> {
    let all = &study.summary.loops;
    let lede = "From a fault to its end: when users feel it (a promise is not kept, or more requests fail), when the condition of an alert becomes true, when it fires, when somebody is told, \
                when somebody answers, when the first action is done, and when promises are kept again. Times are medians of the runs in which a stage was reached, with their 95 % intervals. What a minute \
                less saves is what sales and wrong replies cost in a minute of the time before the stage, more than without the fault.";
    let mut blocks = vec![Block::Lede(lede.into())];
    for (place, one) in all.iter().enumerate() {
        let title = format!("After {}", one.fault);
        let mut figure = course(format!("loop-{}", place + 1), title, &journal(one));
        figure.caption =
            ("What followed the fault".into(), "medians over the replications; the table has their intervals.".into());
        figure.tables.clear();
        blocks.push(Block::Figure(Box::new(figure)));
        let row = |stage: &LoopStage| {
            [stage.name.to_owned()].into_iter().chain(listed::loop_cells(stage, one.runs)).collect::<Vec<String>>()
        };
        let heads =
            ["Stage"].into_iter().map(str::to_owned).chain(listed::LOOP_HEADS.iter().map(|head| listed::capital(head)));
        let says = format!("What follows {}", one.fault);
        let table = DataTable { says, heads: heads.collect(), rows: one.stages.iter().map(row).collect() };
        blocks.push(Block::Table(LoneTable { title: None, cells: CellForm::Calls, table }));
    }
    (!all.is_empty()).then(|| section("loops", "From fault to recovery", "Loops", blocks))
}

/// A loop as a journal of its medians, for the chart of lanes.
fn journal(one: &LoopSummary) -> Journal {
    let entry = |at_s: f64, text: String| JournalEntry {
        at_s,
        kind: JournalKind::Action,
        text: text.into(),
        holds: None,
        values: Vec::new(),
        bounds: Vec::new(),
    };
    let stages = one.stages.iter().filter_map(|stage| Some(entry(stage.after_s?.mean, stage.name.to_owned())));
    let entries = [entry(0.0, one.fault.clone())].into_iter().chain(stages.filter(|entry| entry.at_s.is_finite()));
    Journal { replication: 0, course: Course::Completed, held: None, entries: entries.collect() }
}
