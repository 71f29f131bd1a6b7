//! The rows of a sweep, tidy: one row a point and replication.

use crate::columns::{Column, unit};
use sim_core::results::{Point, PointRow, SweepResult};

/// The columns: point, replication, the settings, what is shown, what is kept, the cost. A setting that is a number in base units
/// has a column of its own beside its text.
pub fn columns(sweep: &SweepResult) -> Vec<Column> {
    let rows: Vec<(&Point, u32, &PointRow)> =
        sweep.points.iter().flat_map(|p| p.rows.iter().zip(0..).map(move |(row, n)| (p, n, row))).collect();
    let mut all = vec![
        Column::counts("point", rows.iter().map(|(p, _, _)| p.number)),
        Column::counts("replication", rows.iter().map(|(_, n, _)| *n)),
    ];
    for (place, knob) in sweep.knobs.iter().enumerate() {
        all.push(Column::words(knob.path.clone(), rows.iter().map(|(p, _, _)| p.settings[place].text.clone())));
        if knob.numbers.is_some() {
            let name = format!("{} [{}]", knob.path, unit(knob.unit));
            all.push(Column::numbers(name, rows.iter().map(|(p, _, _)| p.settings[place].number)));
        }
    }
    for (place, shown) in sweep.shown.iter().enumerate() {
        let name = format!("{} [{}]", shown.name, unit(shown.unit));
        all.push(Column::numbers(name, rows.iter().map(|(_, _, row)| row.shown[place])));
    }
    for (place, judge) in sweep.judged.iter().enumerate() {
        let name = if judge.promise { format!("held({})", judge.name) } else { judge.name.clone() };
        all.push(Column::truths(name, rows.iter().map(|(_, _, row)| row.kept[place])));
    }
    all.push(Column::numbers("infrastructure [$/month]", rows.iter().map(|(_, _, row)| Some(row.cost_per_month))));
    all
}
