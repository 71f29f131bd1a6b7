//! A system that does not come back when what disturbed it is over.

use super::{Finding, answered};
use crate::Source;
use crate::numbers::{length, plain};
use sim_core::results::{StudyResult, Unit};

pub fn look(study: &StudyResult, _: &Source) -> Option<Finding> {
    let series = study.endpoint_series.first()?;
    let fault = study.faults.iter().find(|f| f.scheduled && f.from_s > 0.0);
    let surge = study.load_events.iter().find_map(|e| Some((e.from_s, e.to_s?, "the surge")));
    let (from, to, over) = fault.map(|f| (f.from_s, f.to_s, f.name.as_str())).or(surge)?;
    let end = study.windows.last()?.to_s;
    let window = study.windows.first().map_or(1.0, |w| w.to_s - w.from_s);
    if from <= 0.0 || end - to < 3.0 * window {
        return None;
    }
    let before = answered(study, series, (0.0, from))?;
    let at_end = answered(study, series, (end - ((end - to) / 4.0).max(window), end))?;
    let share = |x: f64| plain((x * 1e3).round() / 1e3, Unit::Share);
    (1.0 - at_end > 5.0 * (1.0 - before) + 0.02).then(|| Finding {
        what: format!(
            "{} does not come back: {} after the end of {over} it answers {} of requests, and {} before it.",
            series.name,
            length((end - to).round()),
            share(at_end),
            share(before)
        ),
        why: "What disturbed it is over; the overload stays.".into(),
        command: None,
        figure: Some("availability".into()),
        weight: 40.0,
    })
}
