//! The table of sagas in the summary of a run: how many have begun, and how they ended.

use crate::numbers::estimate;
use crate::terminal::Style;
use crate::terminal::table::{TextRow, TextTable};
use sim_core::message::saga;
use sim_core::results::{Estimate, ServiceSummary, StudyResult, Unit};

const HEADS: [&str; 6] = ["begun", "completed", "compensated", "left to people", "half-finished", "most in repair"];

pub(super) fn block(study: &StudyResult, style: Style, out: &mut String) {
    let is_saga = |service: &ServiceSummary| service.counters.contains_key(saga::STARTED.name);
    let row = |(name, service): (&String, &ServiceSummary)| {
        let none = Estimate::exact(0.0);
        let counted = |counter: &sim_core::metrics::Counter| {
            estimate(service.counters.get(counter.name).unwrap_or(&none), Unit::Count)
        };
        let ends = [&saga::STARTED, &saga::COMPLETED, &saga::COMPENSATED, &saga::FAILED, &saga::HALF_FINISHED];
        let most = service.levels.get(saga::IN_REPAIR.name).map_or(none, |level| level.most);
        let cells = ends.into_iter().map(counted).chain([estimate(&most, Unit::Count)]);
        TextRow { lead: String::new(), name: name.clone(), cells: cells.collect() }
    };
    let rows: Vec<TextRow> = study.summary.services.iter().filter(|(_, service)| is_saga(service)).map(row).collect();
    if !rows.is_empty() {
        TextTable { title: "Sagas a run", lead: 0, heads: &HEADS, rows }.write(style, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;

    fn written(study: &StudyResult) -> String {
        let mut out = String::new();
        block(study, Style { colour: false, plain: true, width: 120 }, &mut out);
        out
    }

    #[test]
    fn how_sagas_end_is_told_where_there_are_any() {
        let mut study = sample::study();
        assert_eq!(written(&study), "");
        let mut order = study.summary.services["gateway"].clone();
        order.counters =
            [(saga::STARTED.name, 1200.0), (saga::COMPLETED.name, 1000.0), (saga::COMPENSATED.name, 150.0)]
                .map(|(name, number)| (name, Estimate::exact(number)))
                .into();
        study.summary.services.insert("order".into(), order);
        let out = written(&study);
        let line = out.lines().find(|line| line.starts_with("order")).unwrap_or_default();
        let cells: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(cells, ["order", "1,200", "1,000", "150", "0", "0", "0"], "{out}");
    }
}
