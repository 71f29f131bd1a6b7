//! Probes in the report of a run: what became of those of each direction.

use super::listed;
use crate::figures::DataTable;
use crate::page::section::section;
use crate::page::{Block, CellForm, LoneTable, Page, Section};
use sim_core::results::StudyResult;

/// Puts the section before that of alerts, which read probes.
pub fn add(page: &mut Page, study: &StudyResult) {
    let Some(section) = section_of(study) else { return };
    let alerts = page.sections.iter().position(|section| section.id == "alerts");
    page.sections.insert(alerts.unwrap_or(page.sections.len()), section);
}

fn section_of(study: &StudyResult) -> Option<Section> {
    let all = &study.summary.probes;
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|(name, probe)| std::iter::once(name.clone()).chain(listed::probe_cells(probe)).collect())
        .collect();
    let heads = ["Direction", "Sent a run", "Lost a run", "One way a run", "p50", "p99"];
    let table = DataTable { says: "Probes".into(), heads: heads.map(String::from).into(), rows };
    let lede = "Datagrams between sites, each direction by itself. One way are those that were lost while the one of the same round the \
                other way arrived. The times are those on the way of all that arrived.";
    let blocks = vec![Block::Lede(lede.into()), Block::Table(LoneTable { title: None, cells: CellForm::Calls, table })];
    (!all.is_empty()).then(|| section("probes", "Probes", "Probes", blocks))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;
    use sim_core::results::{Estimate, ProbeSummary, ProbeTimes};

    #[test]
    fn each_direction_has_a_row_and_one_on_which_nothing_arrives_has_no_time() {
        let mut study = sample::study();
        assert!(section_of(&study).is_none());
        let of = Estimate::exact;
        let times = ProbeTimes { mean: of(0.011), p50: of(0.01), p99: of(0.02) };
        let well = ProbeSummary { sent: of(60.0), lost: of(0.0), one_way_failures: of(0.0), way_s: Some(times) };
        let cut = ProbeSummary { sent: of(60.0), lost: of(60.0), one_way_failures: of(60.0), way_s: None };
        study.summary.probes.insert("sites.a->b".into(), well);
        study.summary.probes.insert("sites.b->a".into(), cut);
        let section = section_of(&study).expect("there are probes");
        let [_, Block::Table(table)] = &section.blocks[..] else { panic!("a lede and a table") };
        assert_eq!(table.table.rows[0], ["sites.a->b", "60", "0", "0", "10\u{a0}ms", "20\u{a0}ms"]);
        assert_eq!(table.table.rows[1], ["sites.b->a", "60", "60", "60", "no data", "no data"]);
    }
}
