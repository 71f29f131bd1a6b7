//! How long the breaker takes to open, and how much is lost until then.

use super::{Finding, outcomes};
use crate::Source;
use crate::numbers::{estimate, grouped};
use sim_core::results::{StudyResult, Unit};

pub fn look(study: &StudyResult, _: &Source) -> Option<Finding> {
    let (call, fault, time) = study.time_to_open.iter().max_by(|a, b| a.2.mean.total_cmp(&b.2.mean))?;
    let span = study.faults.iter().find(|f| &f.name == fault)?;
    let series = study.endpoint_series.first()?;
    let lost_in = |from: f64, to: f64| outcomes(study, series, (from, to))[2..].iter().sum::<f64>();
    let before = lost_in(span.from_s, span.from_s + time.mean);
    let all = lost_in(0.0, f64::INFINITY);
    let share = if all > 0.0 { 100.0 * before / all } else { 0.0 };
    let opened = study.summary.calls.get(call)?.breaker_opened;
    Some(Finding {
        what: format!(
            "The breaker of {call} opens {} after {fault} begins, and {share:.0}\u{a0}% of all that is lost is lost before that.",
            estimate(time, Unit::Seconds)
        ),
        why: format!(
            "It opens {} times a run, all caller instances together; {} requests a run end without an answer.",
            grouped(opened.mean, 1),
            grouped(all, 0)
        ),
        command: None,
        figure: Some("availability".into()),
        weight: 10.0 + share / 10.0,
    })
}
