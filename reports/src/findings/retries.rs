//! Retries that multiply the load.

use super::Finding;
use crate::Source;
use crate::numbers::estimate;
use sim_core::results::{StudyResult, Unit};

pub fn look(study: &StudyResult, _: &Source) -> Option<Finding> {
    let of = |c: &sim_core::results::CallSummary| c.amplification.map_or(0.0, |a| a.mean);
    // Hedges are sent on purpose, and are no retries.
    let retries = |c: &sim_core::results::CallSummary| c.hedges.is_none_or(|hedges| hedges.mean < c.retries.mean);
    let calls = study.summary.calls.iter().filter(|(_, call)| retries(call));
    let (name, call) = calls.max_by(|a, b| of(a.1).total_cmp(&of(b.1)))?;
    let amplification = call.amplification?;
    if amplification.mean < 1.05 {
        return None;
    }
    Some(Finding {
        what: format!("Retries send {} attempts for each call of {name}.", estimate(&amplification, Unit::Count)),
        why: format!(
            "{} attempts a run are given up by their caller and go on working.",
            estimate(&call.abandoned, Unit::Count)
        ),
        command: None,
        figure: Some("outcomes".into()),
        weight: 4.0 * (amplification.mean - 1.0).min(5.0),
    })
}
