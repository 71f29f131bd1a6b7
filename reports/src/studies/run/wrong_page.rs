//! Wrong answers in the report of a run: how many of which kind and cause, and the first of them one by one.

use super::listed;
use crate::figures::DataTable;
use crate::numbers::clock;
use crate::page::section::section;
use crate::page::{Block, CellForm, LoneTable, Page, Section};
use sim_core::results::{ListedWrong, StudyResult};

/// Puts the section behind that of promises.
pub fn add(page: &mut Page, study: &StudyResult) {
    let Some(section) = section_of(study) else { return };
    let promises = page.sections.iter().position(|section| section.id == "promises");
    page.sections.insert(promises.map_or(0, |place| place + 1), section);
}

fn section_of(study: &StudyResult) -> Option<Section> {
    let says = listed::wrong_says(study)?;
    let rows = listed::wrong_rows(study).into_iter().map(Vec::from).collect();
    let heads = ["Kind", "A run", "Cause", "First at", "Call"];
    let by_cause = DataTable { says: "Wrong answers by cause".into(), heads: heads.map(String::from).into(), rows };
    let first = &study.summary.wrongness.first;
    let heads = ["Kind", "Cause", "Time", "Replication", "Request", "Key", "Level", "Version", "Call"];
    let rows = first.iter().map(one).collect();
    let listed = DataTable { says: "Wrong answers one by one".into(), heads: heads.map(String::from).into(), rows };
    let table = |table| Block::Table(LoneTable { title: None, cells: CellForm::Calls, table });
    let note = format!("The first {}, which wrong.csv has too", first.len());
    let blocks = vec![Block::Lede(says), table(by_cause), Block::Folded(note, vec![table(listed)])];
    Some(section("wrong", "Wrong answers", "Wrong answers", blocks))
}

fn one(wrong: &ListedWrong) -> Vec<String> {
    let or_nothing = |text: Option<String>| text.unwrap_or_default();
    vec![
        wrong.kind.to_owned(),
        wrong.cause.to_owned(),
        clock(wrong.at_s),
        wrong.replication.to_string(),
        or_nothing(wrong.request.clone()),
        or_nothing(wrong.key.map(|key| key.to_string())),
        or_nothing(wrong.level.map(str::to_owned)),
        or_nothing(wrong.read.map(|read| read.version.to_string())),
        wrong.call.clone(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;
    use sim_core::results::Estimate;
    use std::collections::BTreeMap;

    #[test]
    fn wrong_answers_are_told_by_cause_and_one_by_one() {
        let mut study = sample::study();
        assert!(section_of(&study).is_none(), "nothing is wrong");
        let causes = BTreeMap::from([("failover", Estimate::exact(40.0)), ("made again", Estimate::exact(2.0))]);
        study.summary.wrongness.causes.insert("lost_write", causes);
        study.summary.wrongness.first.push(ListedWrong {
            replication: 3,
            at_s: 750.0,
            kind: "lost_write",
            cause: "failover",
            call: "web->db.write".into(),
            request: None,
            key: Some(17),
            level: None,
            chain: Vec::new(),
            read: None,
        });
        let section = section_of(&study).expect("something is wrong");
        let [Block::Lede(says), Block::Table(by_cause), Block::Folded(_, inner)] = &section.blocks[..] else {
            panic!("a lede and two tables")
        };
        assert_eq!(says, "WRONG: 42 times a run something is wrong that nobody is told of (lost_write).");
        assert_eq!(by_cause.table.rows[0], ["lost_write", "40", "failover", "12:30", "web->db.write"]);
        assert_eq!(by_cause.table.rows[1][3], "later");
        let [Block::Table(listed)] = &inner[..] else { panic!("one table") };
        assert_eq!(listed.table.rows[0][..6], ["lost_write", "failover", "12:30", "3", "", "17"]);
    }
}
