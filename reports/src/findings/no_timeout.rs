//! Calls that wait for ever while their callee is slow.

use super::Finding;
use crate::Source;
use crate::numbers::{estimate, plain};
use sim_core::results::{StudyResult, Unit};

pub fn look(study: &StudyResult, _: &Source) -> Option<Finding> {
    let summary = &study.summary;
    let guarded = |name: &str| study.call_series.iter().any(|c| c.name == name);
    let waits = summary.calls.iter().filter(|(name, call)| !guarded(name) && call.timeouts.mean <= 0.0);
    let slow = waits.filter_map(|(name, call)| {
        let callee = summary.endpoints.get(&call.callee)?;
        let latency = callee.latency_s?;
        let bad = !callee.entry && latency.p99_9.mean > 0.5 && latency.p99_9.mean > 20.0 * latency.p50.mean;
        bad.then_some((name, latency))
    });
    let (name, latency) = slow.max_by(|a, b| a.1.p99_9.mean.total_cmp(&b.1.p99_9.mean))?;
    Some(Finding {
        what: format!(
            "Nothing bounds the wait of {name}: one answer in a thousand takes {} or more.",
            estimate(&latency.p99_9, Unit::Seconds)
        ),
        why: format!("The call has no timeout; its median is {}.", plain(latency.p50.mean, Unit::Seconds)),
        command: None,
        figure: Some("latency".into()),
        weight: 7.0,
    })
}
