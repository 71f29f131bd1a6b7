//! A promise that holds over the whole run and not in the fault.

use crate::Source;
use crate::numbers::{estimate, plain};
use crate::page::finding::Finding;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;
    use sim_core::results::Estimate;

    #[test]
    fn is_silent_of_what_is_not_for_certain_and_of_other_percentiles() {
        let mut study = sample::study();
        let set = |study: &mut StudyResult, p99: Estimate| {
            let curve = study.tails[0].curves.iter_mut().find(|c| c.part == Part::During).unwrap();
            curve.p99_s = Some(p99);
        };
        set(&mut study, Estimate { mean: 0.9, low: 0.85, high: 0.95 });
        assert!(look(&study, &sample::source()).is_some());
        let mut other = study.clone();
        let quick = other.summary.promises.iter_mut().find(|p| p.name == "quick").unwrap();
        quick.about = About::Latency { of: "gateway.checkout".into(), percentile: Percentile::P95 };
        assert!(look(&other, &sample::source()).is_none());
        set(&mut study, Estimate { mean: 0.9, low: 0.7, high: 1.1 });
        assert!(look(&study, &sample::source()).is_none());
    }
}
