//! What matters, in sentences with numbers: one finding a file, ranked by what it costs.

mod blind;
mod breaker;
pub mod capacity;
pub mod compare;
mod fallback;
mod fault_window;
mod inconclusive;
mod limits;
mod no_timeout;
mod retries;
mod scaled_in;
mod stays_down;
mod stopped;
pub mod sweep;
mod unanswered;

mod workers;

use crate::Source;
use sim_core::results::{EndpointSeries, PromiseSummary, StudyResult, Verdict};
use std::borrow::Cow;

/// A finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What happens, how much and when: one sentence.
    pub what: String,
    /// Why, or what to know; may be empty.
    pub why: String,
    /// A command worth typing.
    pub command: Option<String>,
    /// The figure where it is seen.
    pub figure: Option<Cow<'static, str>>,
    /// How much it matters; the greatest comes first.
    pub weight: f64,
}

/// What looks for a finding.
type Look = fn(&StudyResult, &Source) -> Option<Finding>;

/// All that is looked for.
pub const ALL: &[(&str, Look)] = &[
    ("stopped", stopped::look),
    ("limits", limits::look),
    ("unanswered", unanswered::look),
    ("blind", blind::look),
    ("stays_down", stays_down::look),
    ("breaker", breaker::look),
    ("scaled_in", scaled_in::look),
    ("workers", workers::look),
    ("fallback", fallback::look),
    ("retries", retries::look),
    ("fault_window", fault_window::look),
    ("no_timeout", no_timeout::look),
    ("inconclusive", inconclusive::look),
];

/// The findings of a study, the weightiest first.
pub fn find(study: &StudyResult, source: &Source) -> Vec<Finding> {
    let mut found: Vec<Finding> = ALL.iter().filter_map(|(_, look)| look(study, source)).collect();
    found.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    found
}

/// Promises, worst first.
pub fn worst_first(study: &StudyResult) -> Vec<&PromiseSummary> {
    let mut all: Vec<&PromiseSummary> = study.summary.promises.iter().collect();
    all.sort_by_key(|p| std::cmp::Reverse(p.verdict));
    all
}

/// What was observed of a promise or clause; `None` of a clause that is judged and has no single value, as one of several comparisons.
pub fn observed(promise: &PromiseSummary) -> Option<String> {
    (promise.observed.is_some() || promise.judged == 0).then(|| crate::numbers::observed(promise))
}

/// What was observed of a clause: the value of each comparison and, where it is compared with another one, that; of a promise that it
/// asks for, the value of the promise; else the runs that keep it. `promises` are those of the same scenario.
pub fn seen(promises: &[PromiseSummary], clause: &PromiseSummary) -> String {
    let asked = promises.iter().find(|promise| clause.of_promise.as_ref() == Some(&promise.name));
    if let Some(text) = asked.and_then(observed) {
        return text;
    }
    if clause.judged == 0 {
        return "no data".to_owned();
    }
    let values: Vec<String> = match clause.comparisons.as_slice() {
        [one] => {
            let against = one.against.map(|e| format!("against {}", crate::numbers::estimate(&e, one.unit)));
            [Some(crate::numbers::observed(clause)), against].into_iter().flatten().collect()
        }
        several => several.iter().map(crate::numbers::observed_value).collect(),
    };
    if values.is_empty() { format!("in {} of {} runs", clause.kept, clause.judged) } else { values.join(", ") }
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

/// The margin between what is observed and what is promised: + is room, - is missing.
pub fn margin(promise: &PromiseSummary) -> String {
    let (Some(observed), Some(promised)) = (&promise.observed, promise.promised) else { return "–".into() };
    crate::numbers::difference(promised, observed, promise.unit, promise.at_most)
}

/// Requests by outcome in a stretch of time [s], per replication; windows count by the part that lies within.
pub fn outcomes(study: &StudyResult, series: &EndpointSeries, stretch: (f64, f64)) -> [f64; 8] {
    let within = |w: &sim_core::results::Window| (w.to_s.min(stretch.1) - w.from_s.max(stretch.0)).max(0.0);
    std::array::from_fn(|o| study.windows.iter().zip(&series.outcomes_per_s[o]).map(|(w, e)| within(w) * e.mean).sum())
}

/// Share of requests answered in a stretch of time [s].
pub fn answered(study: &StudyResult, series: &EndpointSeries, stretch: (f64, f64)) -> Option<f64> {
    let all = outcomes(study, series, stretch);
    let sum: f64 = all.iter().sum();
    (sum > 0.0).then(|| (all[0] + all[1]) / sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn findings_are_sentences_and_the_weightiest_comes_first() {
        let found = find(&sample::study(), &sample::source());
        assert!(found.len() >= 4, "only {} findings", found.len());
        assert!(found.windows(2).all(|w| w[0].weight >= w[1].weight));
        for finding in &found {
            for text in [&finding.what, &finding.why] {
                assert!(text.is_empty() || text.ends_with('.'), "{text}");
                assert!(!text.contains('!') && !text.contains("  ") && !text.contains("NaN"), "{text}");
            }
        }
    }

    #[test]
    fn every_command_is_one_that_can_be_typed() {
        for finding in find(&sample::study(), &sample::source()) {
            let Some(command) = finding.command else { continue };
            assert!(command.starts_with("windtunnel ") && !command.contains("NUMBER"), "{command}");
        }
    }

    #[test]
    fn what_is_kept_in_some_runs_has_data() {
        let mut clause = sample::study().summary.promises.remove(0);
        (clause.observed, clause.judged) = (None, 64);
        assert_eq!(observed(&clause), None);
        clause.judged = 0;
        assert_eq!(observed(&clause).unwrap(), "no data");
    }

    #[test]
    fn a_part_of_a_window_counts_in_part() {
        let study = sample::study();
        let series = &study.endpoint_series[0];
        let half: f64 = outcomes(&study, series, (0.0, 2.5)).iter().sum();
        let whole: f64 = outcomes(&study, series, (0.0, 5.0)).iter().sum();
        assert!((half * 2.0 - whole).abs() < 1e-6);
    }
}
