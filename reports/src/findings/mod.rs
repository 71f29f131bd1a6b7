//! What matters, in sentences with numbers: one finding a file, ranked by what it costs.

mod breaker;
mod fallback;
mod fault_window;
mod retries;
mod stopped;
mod undecided;
mod workers;

use crate::Source;
use crate::numbers::{estimate, optional, plain};
use sim_core::results::{PromiseSummary, StudyResult, Unit, Verdict};

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
    pub figure: Option<&'static str>,
    /// How much it matters; the greatest comes first.
    pub weight: f64,
}

/// What looks for a finding.
type Look = fn(&StudyResult, &Source) -> Option<Finding>;

/// All that is looked for.
pub const ALL: &[(&str, Look)] = &[
    ("stopped", stopped::look),
    ("breaker", breaker::look),
    ("workers", workers::look),
    ("fallback", fallback::look),
    ("retries", retries::look),
    ("fault_window", fault_window::look),
    ("undecided", undecided::look),
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
    all.sort_by(|a, b| b.verdict.cmp(&a.verdict));
    all
}

/// The word of a verdict.
pub fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Held => "Held",
        Verdict::Broken => "Broken",
        Verdict::Inconclusive => "Inconclusive",
    }
}

/// The margin between what is observed and what is promised: + is room, - is missing.
pub fn margin(promise: &PromiseSummary) -> String {
    let (Some(observed), Some(promised)) = (&promise.observed, promise.promised) else { return "–".into() };
    let room = if promise.at_most { promised - observed.mean } else { observed.mean - promised };
    let sign = if room < 0.0 { "\u{2212}" } else { "+" };
    match promise.unit {
        Unit::Share => {
            let points = crate::numbers::grouped(room.abs() * 100.0, if room.abs() < 0.001 { 3 } else { 2 });
            format!("{sign}{points} points")
        }
        unit => format!("{sign}{}", plain(room.abs(), unit)),
    }
}

/// The answer in one sentence: the verdict as a word, and the rest.
pub fn answer(study: &StudyResult) -> (String, String) {
    let summary = &study.summary;
    let promises = worst_first(study);
    let of = |verdict| promises.iter().filter(|p| p.verdict == verdict).count();
    let money = money(study);
    let Some(worst) = promises.first() else {
        let entry = summary.endpoints.iter().find(|(_, e)| e.entry);
        let text = entry.map_or_else(
            || "nothing was asked of an endpoint".to_owned(),
            |(name, e)| {
                let p99 = e.latency_s.as_ref().map(|l| l.p99);
                format!(
                    "{name} answers {} of requests, 99 % of them within {}",
                    optional(e.availability.as_ref(), Unit::Share),
                    optional(p99.as_ref(), Unit::Seconds)
                )
            },
        );
        return ("No promise is made".into(), format!("{text}{money}."));
    };
    let judged = format!(
        "{}; observed {}, kept in {} of {} runs",
        worst.says,
        optional(worst.observed.as_ref(), worst.unit),
        worst.kept,
        worst.judged
    );
    let word = match worst.verdict {
        Verdict::Held => "Yes",
        Verdict::Broken => "No",
        Verdict::Inconclusive => "Not decided",
    };
    let text = match worst.verdict {
        Verdict::Held if promises.len() == 1 => format!("the promise holds: {judged}"),
        Verdict::Held => format!("all {} promises hold; the first says that {judged}", promises.len()),
        Verdict::Broken => format!("{} of {} promises broken: {judged}", of(Verdict::Broken), promises.len()),
        Verdict::Inconclusive => {
            format!("{} of {} promises open: {judged}", of(Verdict::Inconclusive), promises.len())
        }
    };
    (word.to_owned(), format!("{text}{money}."))
}

/// What it costs, as the end of a sentence.
fn money(study: &StudyResult) -> String {
    let cost = &study.summary.cost;
    if cost.items.is_empty() {
        return String::new();
    }
    let mut text = String::new();
    if cost.per_month.mean > 0.0 {
        text = format!("; the infrastructure costs {}", estimate(&cost.per_month, Unit::MoneyPerMonth));
    }
    if let Some(once) = study.summary.wrongness.cost_per_incident {
        let joiner = if text.is_empty() { ";" } else { ", and" };
        text.push_str(&format!("{joiner} each fault {} in lost and wrong requests", estimate(&once, Unit::Money)));
    }
    text
}
