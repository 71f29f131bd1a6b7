//! That only some of the requests were simulated.

use crate::Source;
use crate::numbers::grouped;
use crate::page::finding::Finding;
use sim_core::results::StudyResult;

pub fn look(study: &StudyResult, _: &Source) -> Option<Finding> {
    let one_of = study.summary.one_of?;
    Some(Finding {
        what: format!("The load is thinned: one request in {} was simulated.", grouped(one_of as f64, 0)),
        why: "Numbers and rates of requests are those of the simulated ones. Shares and latencies stand for all, and the bill counts all."
            .into(),
        command: None,
        figure: None,
        weight: 50.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;

    #[test]
    fn says_how_many_requests_one_stands_for() {
        let mut study = sample::study();
        assert!(look(&study, &sample::source()).is_none());
        study.summary.one_of = Some(1_000);
        assert!(look(&study, &sample::source()).unwrap().what.contains("one request in 1,000"));
    }
}
