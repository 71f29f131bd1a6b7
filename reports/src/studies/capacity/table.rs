//! The trials of a capacity search, tidy: one row a level, setting and case.

use crate::columns::{Column, unit};
use crate::words::word;
use sim_core::results::{CapacityLevel, CapacityResult, Case, Tried};

/// The columns: load, settings, what is lost, kept in how many runs, verdict, cost.
pub fn columns(capacity: &CapacityResult) -> Vec<Column> {
    let rows: Vec<(&CapacityLevel, &Tried, &Case)> = capacity
        .levels
        .iter()
        .flat_map(|level| level.tried.iter().flat_map(move |t| t.cases.iter().map(move |case| (level, t, case))))
        .collect();
    let mut all = vec![Column::numbers("load [1]", rows.iter().map(|r| Some(r.0.load)))];
    for (place, knob) in capacity.knobs.iter().enumerate() {
        all.push(Column::numbers(knob.path.clone(), rows.iter().map(|r| r.1.settings[place].number)));
    }
    all.push(Column::words("lost", rows.iter().map(|r| r.2.lost.clone().unwrap_or_default())));
    all.push(Column::counts("kept", rows.iter().map(|r| r.2.kept)));
    all.push(Column::counts("judged", rows.iter().map(|r| r.2.judged)));
    all.push(Column::words("verdict", rows.iter().map(|r| word(r.2.verdict).to_lowercase())));
    for (place, promise) in capacity.promises.iter().enumerate() {
        let name = format!("{} [{}]", promise.name, unit(promise.unit));
        all.push(Column::numbers(name, rows.iter().map(|r| Some(r.2.promises.get(place)?.observed?.mean))));
    }
    all.push(Column::numbers("infrastructure [$/month]", rows.iter().map(|r| Some(r.1.cost_per_month.mean))));
    all
}
