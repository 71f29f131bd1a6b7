//! Cases of the truth suite and their clauses, in words.

use crate::numbers::observed;
use sim_core::results::{PromiseSummary, Summary, Verdict};

/// A case of the suite, simulated.
#[derive(Debug, Clone)]
pub struct Verified {
    /// Its folder and name: `queueing/mm1`.
    pub name: String,
    /// Its file in the project.
    pub file: String,
    /// Where its numbers come from.
    pub source: String,
    /// What the simulation says.
    pub summary: Summary,
}

/// The word for a verdict.
pub fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Held => "held",
        Verdict::Broken => "missed",
        Verdict::Inconclusive => "inconclusive",
    }
}

/// What a line of the table says, without its verdict: measured, expected, simulated.
pub fn cells(clause: &PromiseSummary) -> [String; 3] {
    let (measured, expected) = if clause.measured.is_empty() {
        (clause.says.to_string(), "true".to_owned())
    } else {
        let band = clause.band.as_ref().map(|(bound, within)| format!("{bound} ± {within}"));
        (clause.measured.to_string(), band.unwrap_or_else(|| clause.expected.to_string()))
    };
    [measured, expected, observed(clause)]
}

/// The clauses of a case.
pub fn clauses(case: &Verified) -> &[PromiseSummary] {
    &case.summary.expectations
}

/// Clauses that are not held.
pub fn open(cases: &[Verified]) -> impl Iterator<Item = (&Verified, &PromiseSummary)> {
    let all = cases.iter().flat_map(|case| clauses(case).iter().map(move |clause| (case, clause)));
    all.filter(|(_, clause)| clause.verdict != Verdict::Held)
}

/// How many of all cases are held.
pub fn totals(cases: &[Verified]) -> String {
    counts(&cases.iter().collect::<Vec<_>>())
}

/// `72 cases in 40 scenarios: 1 missed, 71 held.`
pub fn counts(cases: &[&Verified]) -> String {
    let all: Vec<Verdict> = cases.iter().flat_map(|case| clauses(case)).map(|c| c.verdict).collect();
    let count = |verdict: Verdict| match all.iter().filter(|v| **v == verdict).count() {
        0 if verdict != Verdict::Held => None,
        n => Some(format!("{n} {}", word(verdict))),
    };
    let counts: Vec<String> =
        [Verdict::Broken, Verdict::Inconclusive, Verdict::Held].into_iter().filter_map(count).collect();
    let s = |n: usize| if n == 1 { "" } else { "s" };
    let (n, files) = (all.len(), cases.len());
    format!("{n} case{} in {files} scenario{}: {}.\n", s(n), s(files), counts.join(", "))
}
