//! The network in the report of a run: what became of the probes of each direction, and what links and routes carried.

use super::listed;
use crate::figures::DataTable;
use crate::page::section::section;
use crate::page::{Block, CellForm, LoneTable, Page, Section};
use sim_core::results::StudyResult;

/// Puts the sections before that of alerts, which may read what they show.
pub fn add(page: &mut Page, study: &StudyResult) {
    let alerts = page.sections.iter().position(|section| section.id == "alerts").unwrap_or(page.sections.len());
    page.sections.splice(alerts..alerts, [links(study), probes(study)].into_iter().flatten());
}

fn links(study: &StudyResult) -> Option<Section> {
    let heads = ["Link", "Messages", "Lost", "Changes", "Busy", "Waiting", "p50", "p99", "Sent"];
    let lede = "A run's mean for each named link, one row a direction, and for each route, which is the sum of its links. A message is a \
                request or a reply; lost are those that no transport sends again. Changes is how often a route changed its links. Busy is the \
                share of time in which a link with a bandwidth sends, waiting the mean of what waits for it. p50 and p99 are times from \
                setting out to arrival. Sent counts retransmissions; a message without a size counts 0 bytes.";
    let cells = study.summary.links.iter().map(|(name, link)| (name, listed::link_cells(link).to_vec()));
    tabled("links", "Links", lede, &heads, cells)
}

fn probes(study: &StudyResult) -> Option<Section> {
    let heads = ["Direction", "Sent a run", "Lost a run", "One way a run", "p50", "p99"];
    let lede = "Datagrams between sites, each direction by itself. One way are those that were lost while the one of the same round the \
                other way arrived. The times are those on the way of all that arrived.";
    let cells = study.summary.probes.iter().map(|(name, probe)| (name, listed::probe_cells(probe).to_vec()));
    tabled("probes", "Probes", lede, &heads, cells)
}

/// A section with one table, a row for each name; `None` where there is none.
fn tabled<'a>(
    id: &'static str,
    title: &'static str,
    lede: &str,
    heads: &[&str],
    cells: impl Iterator<Item = (&'a String, Vec<String>)>,
) -> Option<Section> {
    let rows: Vec<Vec<String>> = cells.map(|(name, cells)| [vec![name.clone()], cells].concat()).collect();
    let is_any = !rows.is_empty();
    let table = DataTable { says: title.into(), heads: heads.iter().copied().map(String::from).collect(), rows };
    let blocks = vec![Block::Lede(lede.into()), Block::Table(LoneTable { title: None, cells: CellForm::Calls, table })];
    is_any.then(|| section(id, title, title, blocks))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;
    use sim_core::results::{Estimate, LinkSummary, LinkTimes, ProbeSummary, ProbeTimes};

    #[test]
    fn each_direction_has_a_row_and_one_without_a_bandwidth_is_not_busy() {
        let mut study = sample::study();
        assert!(links(&study).is_none());
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
        let section = links(&study).expect("there are links");
        let [_, Block::Table(table)] = &section.blocks[..] else { panic!("a lede and a table") };
        let cells =
            |row: usize| table.table.rows[row].iter().map(|cell| cell.replace('\u{a0}', " ")).collect::<Vec<_>>();
        assert_eq!(cells(0), ["direct.a->b", "600", "3", "-", "25 %", "0.00051 MB", "10 ms", "20 ms", "0.002 MB"]);
        assert_eq!(cells(1), ["west-east", "600", "3", "4", "-", "-", "no data", "no data", "0.002 MB"]);
    }

    #[test]
    fn each_direction_has_a_row_and_one_on_which_nothing_arrives_has_no_time() {
        let mut study = sample::study();
        assert!(probes(&study).is_none());
        let of = Estimate::exact;
        let times = ProbeTimes { mean: of(0.011), p50: of(0.01), p99: of(0.02) };
        let well = ProbeSummary { sent: of(60.0), lost: of(0.0), one_way_failures: of(0.0), way_s: Some(times) };
        let cut = ProbeSummary { sent: of(60.0), lost: of(60.0), one_way_failures: of(60.0), way_s: None };
        study.summary.probes.insert("sites.a->b".into(), well);
        study.summary.probes.insert("sites.b->a".into(), cut);
        let section = probes(&study).expect("there are probes");
        let [_, Block::Table(table)] = &section.blocks[..] else { panic!("a lede and a table") };
        assert_eq!(table.table.rows[0], ["sites.a->b", "60", "0", "0", "10\u{a0}ms", "20\u{a0}ms"]);
        assert_eq!(table.table.rows[1], ["sites.b->a", "60", "60", "60", "no data", "no data"]);
    }
}
