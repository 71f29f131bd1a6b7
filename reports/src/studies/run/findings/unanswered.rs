//! Requests that are never answered, and messages that are never done: what hangs shows up in no latency, so it is said in words.

use crate::numbers::estimate;
use crate::page::finding::Finding;
use sim_core::results::{Estimate, StudyResult, Unit};

/// From so many a run on.
const WORTH_SAYING: f64 = 0.5;

pub(super) fn look(study: &StudyResult, _: &crate::Source) -> Option<Finding> {
    let requests = study.summary.endpoints.iter().filter(|(_, e)| e.entry).map(|(name, e)| {
        let what = format!("to {name} are never answered");
        (e.unanswered, "requests", what, "Their callers have no timeout, so nobody gives up on them")
    });
    let messages = study.summary.services.iter().filter(|(_, s)| s.is_queue).map(|(name, s)| {
        let what = format!("in {name} are not done when the run ends, and have waited too long");
        (s.unserved, "messages", what, "They are older than anybody could be expected to wait for")
    });
    let many = |(count, ..): &(Estimate, &str, String, &str)| count.mean;
    let (count, things, what, why) = requests
        .chain(messages)
        .filter(|found| many(found) >= WORTH_SAYING)
        .max_by(|a, b| many(a).total_cmp(&many(b)))?;
    Some(Finding {
        what: format!("{} {things} a run {what}.", estimate(&count, Unit::Count)),
        why: format!("{why}. They count as not available, and lie above every percentile."),
        command: None,
        figure: None,
        weight: 90.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;

    #[test]
    fn what_hangs_is_said_and_nothing_is_said_where_nothing_hangs() {
        let mut study = sample::study();
        assert_eq!(look(&study, &sample::source()), None);
        study.summary.endpoints.get_mut("gateway.checkout").unwrap().unanswered = Estimate::exact(1203.0);
        let found = look(&study, &sample::source()).unwrap();
        assert_eq!(found.what, "1,203 requests a run to gateway.checkout are never answered.");
        study.summary.endpoints.get_mut("gateway.checkout").unwrap().entry = false;
        assert_eq!(look(&study, &sample::source()), None);
    }

    #[test]
    fn messages_that_nobody_takes_are_said() {
        let mut study = sample::study();
        let jobs = study.summary.services.get_mut("gateway").unwrap();
        (jobs.is_queue, jobs.unserved) = (true, Estimate::exact(30.0));
        let found = look(&study, &sample::source()).unwrap();
        assert!(found.what.starts_with("30 messages a run in gateway are not done"), "{}", found.what);
    }
}
