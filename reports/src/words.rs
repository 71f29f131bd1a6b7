//! Words for verdicts, and what is said of a promise or clause wherever one is told: what was promised, what was observed, the margin.

use crate::numbers;
use crate::numbers::plain;
use sim_core::results::{BrokenIn, Estimate, PromiseSummary, Verdict};

/// What is promised counts as kept from this share of runs on.
pub const NEEDED: f64 = 0.9;

/// When a promise counts as held.
pub const WHEN_HELD: &str = "A promise counts as held when, at 95\u{a0}% confidence, at least 90\u{a0}% of runs keep it; as broken when \
                             fewer do; else as inconclusive.";

/// What was observed of a promise or clause; `None` of a clause that is judged and has no single value, as one of several comparisons.
pub fn observed(promise: &PromiseSummary) -> Option<String> {
    (promise.observed.is_some() || promise.judged == 0).then(|| numbers::observed(promise))
}

/// What was observed of a clause: the value of each comparison and, where it is compared with another one, that; of a promise that it asks for, the
/// value of the promise; else the runs that keep it, which are also told of a comparison of two values that only some runs keep. `promises` are those
/// of the same scenario.
pub fn seen(promises: &[PromiseSummary], clause: &PromiseSummary) -> String {
    let asked = promises.iter().find(|promise| clause.of_promise.as_ref() == Some(&promise.name));
    if let Some(text) = asked.and_then(observed) {
        return text;
    }
    if clause.judged == 0 {
        return "no data".to_owned();
    }
    if let Some(broken) = &clause.broken_in {
        return broken_in(broken);
    }
    let values: Vec<String> = match clause.comparisons.as_slice() {
        [one] => {
            let against = one.against.map(|e| format!("against {}", numbers::estimate(&e, one.unit)));
            // Where it is so in some runs and not in others, that is the probability of what is asked.
            let is_split = against.is_some() && 0 < clause.kept && clause.kept < clause.judged;
            let runs = is_split.then(|| format!("in {} of {} runs", clause.kept, clause.judged));
            [Some(numbers::observed(clause)), against, runs].into_iter().flatten().collect()
        }
        several => several.iter().map(numbers::observed_value).collect(),
    };
    if values.is_empty() { format!("in {} of {} runs", clause.kept, clause.judged) } else { values.join(", ") }
}

/// When an invariant holds.
pub const WHEN_AN_INVARIANT_HOLDS: &str = "An invariant is held when every single run keeps it.";

/// In which runs an invariant is broken: `broken in 2 of 8 runs: replications 3, 5 with seed 9`.
pub fn broken_in(broken: &BrokenIn) -> String {
    let BrokenIn { runs, of, replications, seed } = broken;
    let named: Vec<String> = replications.iter().map(u32::to_string).collect();
    let more = if *runs as usize > named.len() { " and more" } else { "" };
    let which = if *runs == 1 { "replication" } else { "replications" };
    format!("broken in {runs} of {of} runs: {which} {}{more} with seed {seed}", named.join(", "))
}

/// The word of a verdict.
pub fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Held => "Held",
        Verdict::Broken => "Broken",
        Verdict::Inconclusive => "Inconclusive",
    }
}

/// The word of a verdict on a clause of `expect`. That a promise is broken may be as expected.
pub fn clause_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Held => "As expected",
        Verdict::Broken => "Not expected",
        Verdict::Inconclusive => "Inconclusive",
    }
}

/// The word of what became of a promise, hypothesis or clause.
pub fn word_of(promise: &PromiseSummary) -> &'static str {
    if promise.is_expectation() { clause_word(promise.verdict) } else { word(promise.verdict) }
}

/// The margin between what is observed and what is promised: + is room, - is missing. Where both have to be equal, what they differ by beyond the
/// tolerance is missing, to either side.
pub fn margin(promise: &PromiseSummary) -> String {
    let (Some(observed), Some(promised)) = (&promise.observed, promise.promised) else { return "–".into() };
    if let Some(tolerance) = promise.tolerance {
        let apart = Estimate { mean: (observed.mean - promised).abs(), ..*observed };
        return numbers::difference(tolerance, &apart, promise.unit, true);
    }
    numbers::difference(promised, observed, promise.unit, promise.at_most)
}

/// What is promised: `p99 <= 800 ms`, `>= 99.5 %`.
pub fn bound(promise: &PromiseSummary) -> String {
    let Some(promised) = promise.promised else { return String::new() };
    let sign = if promise.at_most { "<=" } else { ">=" };
    let of =
        promise.about.percentile().filter(|_| !promise.made.is_clause()).map_or_else(String::new, |p| format!("{p} "));
    format!("{of}{sign} {}", plain(promised, promise.unit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;

    #[test]
    fn what_has_to_be_equal_lacks_what_it_differs_by_to_either_side() {
        let mut clause = sample::broken_invariant();
        let mut text = |observed: f64, promised, tolerance| {
            clause.observed = Some(Estimate::exact(observed));
            (clause.promised, clause.tolerance) = (Some(promised), tolerance);
            margin(&clause)
        };
        assert_eq!(text(1930.0, 1544.0, Some(0.0)), "\u{2212}386");
        assert_eq!(text(1544.0, 1930.0, Some(0.0)), "\u{2212}386");
        assert_eq!([text(98.0, 100.0, Some(5.0)), text(100.0, 100.0, Some(0.0))], ["+3", "+0"]);
        assert_eq!([text(98.0, 100.0, None), text(102.0, 100.0, None)], ["+2", "\u{2212}2"]);
    }

    #[test]
    fn what_is_kept_in_some_runs_has_data() {
        let mut clause = sample::study().summary.promises.remove(0);
        (clause.observed, clause.judged) = (None, 64);
        assert_eq!(observed(&clause), None);
        clause.judged = 0;
        assert_eq!(observed(&clause).unwrap(), "no data");
    }
}
