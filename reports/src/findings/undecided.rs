//! A promise that more replications would settle.

use super::Finding;
use crate::Source;
use crate::numbers::kept;
use sim_core::results::{StudyResult, Verdict};

pub fn look(study: &StudyResult, source: &Source) -> Option<Finding> {
    let open = study.summary.promises.iter().find(|p| p.verdict == Verdict::Inconclusive)?;
    let Some(share) = open.probability else {
        return Some(Finding {
            what: format!("No run has data for \u{201c}{}\u{201d}, so it is inconclusive.", open.name),
            why: "A promise without data is never held.".into(),
            command: None,
            figure: None,
            weight: 8.0,
        });
    };
    let settle = open.would_settle;
    Some(Finding {
        what: format!("\u{201c}{}\u{201d} is kept in {} of runs, which does not decide it.", open.name, kept(&share)),
        why: settle.map_or_else(
            || "No number of replications settles it if the share stays: it lies at the 90 % that are needed.".into(),
            |n| format!("{n} replications would settle it, if the share stays."),
        ),
        command: settle.map(|n| format!("windtunnel run {} --replications {n}", source.file)),
        figure: None,
        weight: 6.0,
    })
}
