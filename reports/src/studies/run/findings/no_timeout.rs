//! Calls without a timeout to an endpoint that is slow at times.

use crate::Source;
use crate::numbers::{estimate, plain};
use crate::page::finding::Finding;
use sim_core::results::{StudyResult, Unit};

pub fn look(study: &StudyResult, _: &Source) -> Option<Finding> {
    let summary = &study.summary;
    let waits = summary.calls.iter().filter(|(_, call)| !call.bounded && call.calls.mean > 0.0);
    let slow = waits.filter_map(|(name, call)| {
        let callee = summary.endpoints.get(&call.callee)?;
        let latency = callee.latency_s?;
        let bad = !callee.entry && latency.p99_9.mean > 0.5 && latency.p99_9.mean > 20.0 * latency.p50.mean;
        bad.then_some((name, call, latency))
    });
    let (name, call, latency) = slow.max_by(|a, b| a.2.p99_9.mean.total_cmp(&b.2.p99_9.mean))?;
    Some(Finding {
        what: format!(
            "The call {name} has no timeout, and one answer of {} in a thousand takes {} or more.",
            call.callee,
            estimate(&latency.p99_9, Unit::Seconds)
        ),
        why: format!("The median is {}.", plain(latency.p50.mean, Unit::Seconds)),
        command: None,
        figure: Some("latency".into()),
        weight: 7.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;

    /// The sample with a slow callee, whose call is bounded or not.
    fn study(bounded: bool) -> StudyResult {
        let mut study = sample::study();
        let (slow, entry) = (study.summary.endpoints["gateway.checkout"].clone(), false);
        study.summary.endpoints.insert("payment.charge".into(), sim_core::results::EndpointSummary { entry, ..slow });
        let latency = study.summary.endpoints.get_mut("payment.charge").unwrap().latency_s.as_mut().unwrap();
        latency.p99_9 = sim_core::results::Estimate::exact(9.0);
        study.summary.calls.values_mut().for_each(|call| call.bounded = bounded);
        study
    }

    #[test]
    fn a_call_with_a_timeout_of_any_kind_is_not_told() {
        let found = look(&study(false), &sample::source()).unwrap();
        assert!(found.what.starts_with("The call gateway->payment.charge has no timeout"), "{}", found.what);
        assert!(look(&study(true), &sample::source()).is_none());
    }
}
