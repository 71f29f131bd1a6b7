//! Runs that a bound stopped: the system does not come back.

use crate::Source;
use crate::page::finding::Finding;
use sim_core::results::{Stopped, StudyResult};

pub fn look(study: &StudyResult, source: &Source) -> Option<Finding> {
    let all = &study.summary.stopped;
    let first = all.first()?;
    let (why, more) = match &first.why {
        Stopped::Backlog { service, .. } => {
            let why = format!("more requests wait than `run.bounds.backlog` allows, most of them in {service}");
            (why, Some("run.bounds.backlog=5M"))
        }
        Stopped::Events { .. } => {
            ("more events happen than run.bounds.events allows".to_owned(), Some("run.bounds.events=20G"))
        }
        Stopped::InFlight { service, .. } => (
            format!("more attempts are in flight than run.bounds.in_flight allows, most of them to {service}"),
            Some("run.bounds.in_flight=30M"),
        ),
        Stopped::TimeStandsStill { .. } => {
            ("time stands still: more than 33 million events or steps happen at one instant".to_owned(), None)
        }
    };
    let when = crate::numbers::clock(first.why.at_ns() as f64 / 1e9);
    Some(Finding {
        what: format!(
            "{} of {} runs are stopped by their bounds, the first at {when}.",
            all.len(),
            study.summary.replications
        ),
        why: format!("There, {why}. What follows is of the time until then."),
        command: more.map(|set| format!("{} --set {set}", source.command("run"))),
        figure: Some("outcomes".into()),
        weight: 100.0,
    })
}
