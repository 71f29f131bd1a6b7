//! Retries that multiply the load.

use crate::Source;
use crate::numbers::estimate;
use crate::page::finding::Finding;
use sim_core::results::{StudyResult, Unit};

pub fn look(study: &StudyResult, _: &Source) -> Option<Finding> {
    let of = |c: &sim_core::results::CallSummary| c.amplification.map_or(0.0, |a| a.mean);
    // Hedges are sent on purpose, and are no retries.
    let retries = |c: &sim_core::results::CallSummary| c.hedges.is_none() && c.retries.mean > 0.0;
    let calls = study.summary.calls.iter().filter(|(_, call)| retries(call));
    let (name, call) = calls.max_by(|a, b| of(a.1).total_cmp(&of(b.1)))?;
    let amplification = call.amplification?;
    if amplification.mean < 1.05 {
        return None;
    }
    Some(Finding {
        what: format!("Retries send {} attempts for each call of {name}.", estimate(&amplification, Unit::Count)),
        why: if call.abandoned.mean > 0.0 {
            format!(
                "{} attempts a run go on working after their caller has given up.",
                estimate(&call.abandoned, Unit::Count)
            )
        } else {
            String::new()
        },
        command: None,
        figure: Some("outcomes".into()),
        weight: 4.0 * (amplification.mean - 1.0).min(5.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;
    use sim_core::results::Estimate;

    #[test]
    fn is_silent_of_hedges_and_says_nothing_of_attempts_that_nobody_gave_up() {
        let mut study = sample::study();
        let call = study.summary.calls.get_mut("gateway->payment.charge").unwrap();
        (call.amplification, call.abandoned) = (Some(Estimate::exact(1.8)), Estimate::exact(0.0));
        let found = look(&study, &sample::source()).unwrap();
        assert!(found.what.contains("gateway->payment.charge") && found.why.is_empty(), "{found:?}");
        study.summary.calls.get_mut("gateway->payment.charge").unwrap().hedges = Some(Estimate::exact(900.0));
        assert!(look(&study, &sample::source()).is_none());
    }
}
