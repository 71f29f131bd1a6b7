//! What was left out of the results because there was too much of it.

use crate::Source;
use crate::page::finding::Finding;
use sim_core::results::StudyResult;

pub fn look(study: &StudyResult, _: &Source) -> Option<Finding> {
    let reached = study.summary.limits.first()?;
    Some(Finding {
        what: reached.limit.says().to_owned(),
        why: format!("So in {} of {} runs.", reached.replications, study.summary.replications),
        command: None,
        figure: None,
        // Behind what ends a run, before all that is only worth knowing.
        weight: 90.0,
    })
}
