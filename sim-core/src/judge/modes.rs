//! Operating modes in stretches of a run.

use super::stretch::cut;
use crate::expression::Metric;
use crate::model::Model;
use crate::results::{RunResult, Span};

/// How long a mode, by its place, was in force in stretches of a run [s] (`time_in`), or whether it was left in them (`left`).
pub fn of_mode(run: &RunResult, metric: Metric, place: usize, spans: &[Span]) -> f64 {
    let modes = &run.modes.spans;
    if metric == Metric::TimeIn {
        let of_mode = modes.iter().filter(|(mode, _)| *mode == place);
        let within = of_mode.flat_map(|(_, span)| cut(spans, *span));
        return within.map(|span| (span.to_ns - span.from_ns) as f64 / 1e9).sum();
    }
    // The last one ends with the run, and is not left.
    let left = modes.split_last().map_or(&[][..], |(_, before)| before);
    let is_within = |at_ns: i64| spans.iter().any(|span| (span.from_ns..=span.to_ns).contains(&at_ns));
    f64::from(u8::from(left.iter().any(|(mode, span)| *mode == place && is_within(span.to_ns))))
}

/// Changes from one mode to another in stretches of a run; `None` without modes.
pub fn changes(run: &RunResult, model: &Model, spans: &[Span]) -> Option<f64> {
    model.modes.as_ref()?;
    let begins = run.modes.spans.iter().skip(1).map(|(_, span)| span.from_ns);
    let within = begins.filter(|at_ns| spans.iter().any(|span| (span.from_ns..span.to_ns).contains(at_ns)));
    Some(within.count() as f64)
}
