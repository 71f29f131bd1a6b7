//! Operating modes that go back and forth.

use crate::Source;
use crate::numbers::estimate;
use crate::page::finding::Finding;
use sim_core::results::{StudyResult, Unit};

/// Changes an hour from which on modes flap.
const MANY_AN_HOUR: f64 = 4.0;
/// Fewer changes than this in a run are no going back and forth, however short it is: there, back, and there again.
const FEW: f64 = 3.0;

pub fn look(study: &StudyResult, _: &Source) -> Option<Finding> {
    let changes = study.summary.modes.as_ref()?.changes;
    let hours = study.summary.simulated_s / 3600.0;
    if changes.low <= FEW || changes.low <= MANY_AN_HOUR * hours {
        return None;
    }
    Some(Finding {
        what: format!("The operating mode changes {} times a run: it flaps.", estimate(&changes, Unit::Count)),
        why: "Often what a mode sets is what makes its condition to leave true. Let enter and leave be further apart, or let it stay longer with stays."
            .to_owned(),
        command: None,
        figure: None,
        weight: 1.0 + changes.mean / hours.max(1e-9) / 100.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;
    use sim_core::results::{Estimate, ModesSummary};

    #[test]
    fn speaks_of_many_changes_an_hour_alone() {
        let mut study = sample::study();
        assert!(look(&study, &sample::source()).is_none(), "no modes");
        study.summary.simulated_s = 3600.0;
        let mut with = |changes: f64| {
            let rollbacks = Estimate::exact(0.0);
            study.summary.modes =
                Some(ModesSummary { modes: Vec::new(), changes: Estimate::exact(changes), rollbacks, journal: None });
            look(&study, &sample::source())
        };
        assert!(with(4.0).is_none(), "there and back, twice in an hour");
        assert!(with(12.0).is_some_and(|found| found.what.contains("12 times")));
    }
}
