//! A promise that holds over the whole run and not in the fault.

use super::Finding;
use crate::Source;
use crate::numbers::{estimate, plain};
use sim_core::results::{About, Part, PromiseSummary, StudyResult, Unit, Verdict};
use sim_core::units::Percentile;

pub fn look(study: &StudyResult, _: &Source) -> Option<Finding> {
    study.summary.promises.iter().filter(|p| p.verdict == Verdict::Held).find_map(|promise| of(promise, study))
}

/// Of a promise on p99: that it is above the bound for certain while the first fault is there.
fn of(promise: &PromiseSummary, study: &StudyResult) -> Option<Finding> {
    let About::Latency { of, percentile } = &promise.about else { return None };
    let tail = study.tails.iter().find(|tail| tail.name == *of && *percentile == Percentile::P99)?;
    let p99 = tail.curves.iter().find(|c| c.part == Part::During)?.p99_s?;
    let bound = promise.promised?;
    (p99.low > bound).then(|| Finding {
        what: format!(
            "\u{201c}{}\u{201d} holds because it looks at the whole run: in the fault alone p99 is {} against {}.",
            promise.name,
            estimate(&p99, Unit::Seconds),
            plain(bound, Unit::Seconds)
        ),
        why: String::new(),
        command: None,
        figure: Some("tail".into()),
        weight: 5.0,
    })
}
