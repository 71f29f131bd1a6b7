//! A promise that more replications would settle.

use crate::Source;
use crate::numbers::kept;
use crate::page::finding::Finding;
use sim_core::results::{StudyResult, Verdict};

pub fn look(study: &StudyResult, source: &Source) -> Option<Finding> {
    let open = study.summary.promises.iter().find(|p| p.verdict == Verdict::Inconclusive && p.denied_by.is_none())?;
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
        what: format!(
            "\u{201c}{}\u{201d} is inconclusive: it is kept in {} of {} runs, {}.",
            open.name,
            open.kept,
            open.judged,
            kept(&share)
        ),
        why: settle.map_or_else(
            || "The share is close to the 90 % that are needed, so that more replications do not decide.".into(),
            |n| format!("Run {n} replications to decide."),
        ),
        command: settle.map(|n| format!("{} --replications {n}", source.command("run"))),
        figure: None,
        weight: 6.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;

    #[test]
    fn is_silent_of_what_is_decided_or_judged_by_a_clause() {
        let mut study = sample::study();
        assert!(look(&study, &sample::source()).is_some());
        let open = study.summary.promises.iter_mut().find(|p| p.verdict == Verdict::Inconclusive).unwrap();
        open.denied_by = Some("expect.0".into());
        assert!(look(&study, &sample::source()).is_none());
    }
}
