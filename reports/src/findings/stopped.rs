//! Runs that a bound stopped: the system does not come back.

use super::Finding;
use crate::Source;
use sim_core::results::{Stopped, StudyResult};

pub fn look(study: &StudyResult, source: &Source) -> Option<Finding> {
    let all = &study.summary.stopped;
    let first = all.first()?;
    let (at, where_) = match &first.why {
        Stopped::Backlog { at_ns, service } => {
            (*at_ns, format!("more requests wait than `run.bounds.backlog` allows, most of them in {service}"))
        }
        Stopped::Events { at_ns } => (*at_ns, "more events happen than the run allows".to_owned()),
    };
    let when = crate::numbers::clock(at as f64 / 1e9);
    Some(Finding {
        what: format!(
            "{} of {} runs are stopped by their bounds, the first at {when}.",
            all.len(),
            study.summary.replications
        ),
        why: format!("There, {where_}. What follows is of the time until then."),
        command: Some(format!("windtunnel run {} --set run.bounds.backlog=5M", source.file)),
        figure: Some("outcomes".into()),
        weight: 100.0,
    })
}
