//! Links and routes in the report of a run: what each direction carried, how busy it was and how long messages were on their way.

use super::listed;
use crate::figures::DataTable;
use crate::page::section::section;
use crate::page::{Block, CellForm, LoneTable, Page, Section};
use sim_core::results::StudyResult;

/// Puts the section before that of alerts, which may read links.
pub fn add(page: &mut Page, study: &StudyResult) {
    let Some(section) = section_of(study) else { return };
    let alerts = page.sections.iter().position(|section| section.id == "alerts");
    page.sections.insert(alerts.unwrap_or(page.sections.len()), section);
}

fn section_of(study: &StudyResult) -> Option<Section> {
    let all = &study.summary.links;
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|(name, link)| std::iter::once(name.clone()).chain(listed::link_cells(link)).collect())
        .collect();
    let heads =
        ["Link", "Messages a run", "Lost a run", "Sent a run", "Busy", "Waiting", "p50", "p99", "Changes a run"];
    let table = DataTable { says: "Links".into(), heads: heads.map(String::from).into(), rows };
    let lede = "Named links, each direction by itself, and routes, which are all their links together. Messages are requests and replies; \
                lost are those that no transport has sent again. Busy is the share of time in which a link with a bandwidth sends, waiting \
                what it has to send on average. The times are from setting out to arrival. Changes are those of the links that a route uses.";
    let blocks = vec![Block::Lede(lede.into()), Block::Table(LoneTable { title: None, cells: CellForm::Calls, table })];
    (!all.is_empty()).then(|| section("links", "Links", "Links", blocks))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;
    use sim_core::results::{Estimate, LinkSummary, LinkTimes};

    #[test]
    fn each_direction_has_a_row_and_one_without_a_bandwidth_is_not_busy() {
        let mut study = sample::study();
        assert!(section_of(&study).is_none());
        let of = Estimate::exact;
        let wide = LinkSummary {
            carried: of(600.0),
            lost: of(3.0),
            bytes: of(2048.0),
            utilisation: Some(of(0.25)),
            backlog_bytes: Some(of(512.0)),
            way_s: Some(LinkTimes { mean: of(0.011), p50: of(0.01), p99: of(0.02) }),
            route_changes: None,
        };
        let route = LinkSummary {
            utilisation: None,
            backlog_bytes: None,
            way_s: None,
            route_changes: Some(of(4.0)),
            ..wide.clone()
        };
        study.summary.links.insert("direct.a->b".into(), wide);
        study.summary.links.insert("west-east".into(), route);
        let section = section_of(&study).expect("there are links");
        let [_, Block::Table(table)] = &section.blocks[..] else { panic!("a lede and a table") };
        let cells =
            |row: usize| table.table.rows[row].iter().map(|cell| cell.replace('\u{a0}', " ")).collect::<Vec<_>>();
        assert_eq!(cells(0), ["direct.a->b", "600", "3", "0.002 MB", "25 %", "0.00051 MB", "10 ms", "20 ms", "-"]);
        assert_eq!(cells(1), ["west-east", "600", "3", "0.002 MB", "-", "-", "no data", "no data", "4"]);
    }
}
