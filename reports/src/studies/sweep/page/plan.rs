//! How the points of a sweep are laid out: a grid in rows and columns, or a cloud.

use crate::paths::short;
use sim_core::results::{Design, Setting, SweepResult};

/// How the points are laid out: a grid in rows and columns, or a cloud.
pub(super) struct AxisPlan {
    /// The knob that changes along a row: the one with the most values that are numbers, or the one with the most values.
    pub across: usize,
    /// Each row: the settings of the other knobs, and the points in the order of the knob across; none if the design is no grid.
    pub rows: Vec<(String, Vec<usize>)>,
    /// Names of the knobs.
    pub names: Vec<String>,
    /// The knobs, the most important first.
    pub order: Vec<usize>,
}

impl AxisPlan {
    pub fn of(sweep: &SweepResult) -> Self {
        let paths: Vec<&str> = sweep.knobs.iter().map(|k| k.path.as_str()).collect();
        let names: Vec<String> = paths.iter().map(|path| short(path, &paths).to_owned()).collect();
        let rank = |knob: &usize| {
            let first = sweep.rankings.first().map_or(&[][..], |r| r.knobs.as_slice());
            first.iter().position(|k| k.path == sweep.knobs[*knob].path).unwrap_or(usize::MAX)
        };
        let mut order: Vec<usize> = (0..sweep.knobs.len()).collect();
        order.sort_by_key(|knob| (rank(knob), *knob));
        let size = |knob: &usize| {
            let knob = &sweep.knobs[*knob];
            (knob.numbers.is_some() && knob.values.len() > 2, knob.values.len())
        };
        let across = (0..sweep.knobs.len()).rev().max_by_key(size).unwrap_or(0);
        let rows = if sweep.design == Design::Grid { rows(sweep, across, &names) } else { Vec::new() };
        Self { across, rows, names, order }
    }

    /// What the rows are called.
    pub fn down(&self) -> String {
        let others = self.names.iter().enumerate().filter(|(i, _)| *i != self.across);
        others.map(|(_, name)| name.as_str()).collect::<Vec<_>>().join(", ")
    }
}

/// Points that differ in one knob only, in the order of its values.
fn rows(sweep: &SweepResult, across: usize, names: &[String]) -> Vec<(String, Vec<usize>)> {
    let single = sweep.knobs.len() == 2;
    let mut rows: Vec<(String, Vec<usize>)> = Vec::new();
    for (i, point) in sweep.points.iter().enumerate() {
        let others = point.settings.iter().enumerate().filter(|(knob, _)| *knob != across);
        let word =
            |(knob, s): (usize, &Setting)| if single { s.text.clone() } else { format!("{}={}", names[knob], s.text) };
        let words: Vec<String> = others.map(word).collect();
        let name = words.join(", ");
        match rows.iter_mut().find(|row| row.0 == name) {
            Some(row) => row.1.push(i),
            None => rows.push((name, vec![i])),
        }
    }
    rows
}
