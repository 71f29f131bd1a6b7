//! What became of a promise, a clause or a hypothesis over all replications.

use super::Estimate;
use super::about::{About, Made};
use super::words::Words;
use crate::units::Unit;
use serde::{Deserialize, Serialize};

/// The judgement of a promise or a clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Kept, at the confidence asked for.
    Held,
    /// The data does not decide, or there is none.
    Inconclusive,
    /// Not kept.
    Broken,
}

/// A promise or clause and what became of it.
#[derive(Debug, Clone, Serialize)]
pub struct PromiseSummary {
    /// Its name; for a clause its text.
    pub name: String,
    /// What is promised, as a sentence: `gateway.checkout answers at least 99.5% of requests`.
    pub says: Words,
    /// What is measured, and of what.
    pub about: About,
    /// Whether it is a promise, a hypothesis or a clause.
    pub made: Made,
    /// Held, broken or inconclusive.
    pub verdict: Verdict,
    /// Share of replications that keep it, with its Wilson interval; `None` without data.
    pub probability: Option<Estimate>,
    /// Replications that keep it.
    pub kept: u32,
    /// Replications that could be judged.
    pub judged: u32,
    /// What is measured, as the clause says it; empty for a promise and for a clause of several comparisons.
    #[serde(skip_serializing_if = "Words::is_empty")]
    pub measured: Words,
    /// What is expected of it, as the clause says it; empty where `measured` is.
    #[serde(skip_serializing_if = "Words::is_empty")]
    pub expected: Words,
    /// Each comparison of a clause, in the order of the text; empty for a promise.
    #[serde(skip)]
    pub comparisons: Vec<ClauseValue>,
    /// The promise of which a clause asks whether it is held, and nothing else.
    #[serde(skip)]
    pub of_promise: Option<String>,
    /// What is expected and by how much it may differ, as the clause says it, where a tolerance is written.
    #[serde(skip)]
    pub band: Option<(Words, Words)>,
    /// The value that was judged, in `unit`; infinite where it never happened in some replication; `None` without data.
    pub observed: Option<Estimate>,
    /// Replications in which what is measured never happened, and which are counted as above every number.
    #[serde(skip_serializing_if = "super::is_zero")]
    pub never: u32,
    /// The mean of the other replications, in `unit`; only where `never` is not 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub where_it_happened: Option<Estimate>,
    /// What it is judged against, in `unit`.
    pub promised: Option<f64>,
    /// By how much they may differ where they have to be equal, in `unit`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<f64>,
    /// Whether the observed value has to be at most (`true`) or at least (`false`) the promised one.
    pub at_most: bool,
    /// Unit of `observed` and `promised`.
    pub unit: Unit,
    /// What to know beside it, one sentence; may be empty.
    pub note: Words,
    /// How many replications would settle it, if the share stays; only for the inconclusive.
    pub would_settle: Option<u32>,
    /// Path in the scenario, for annotations: `promises.works`, `expect.3`, `experiments.kill`, `experiments.kill.hypothesis.0`.
    pub path: String,
    /// Path of the clause of `expect` that says that this promise is not held, and is judged in its place; `None` for most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub denied_by: Option<String>,
    /// The period over which its error budget runs [s]; `None` where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period_s: Option<f64>,
    /// Of an invariant that is broken: in which runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken_in: Option<BrokenIn>,
}

/// In which runs an invariant is broken.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BrokenIn {
    /// How many.
    pub runs: u32,
    /// Of how many in which it has a value.
    pub of: u32,
    /// The numbers of the first few of them.
    pub replications: Vec<u32>,
    /// The seed of all runs.
    pub seed: u64,
}

/// What was observed in one comparison of a clause.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClauseValue {
    /// The left side, in `unit`; `None` without data.
    pub observed: Option<Estimate>,
    /// The right side, in `unit`, where it is measured and not written.
    pub against: Option<Estimate>,
    /// Unit of both.
    pub unit: Unit,
    /// Whether the left side is a time from the end of a fault until promises are kept again, and nothing else.
    pub is_recovery: bool,
}

impl PromiseSummary {
    /// Whether it is about the time from the end of a fault until promises are kept again.
    pub fn is_recovery(&self) -> bool {
        let clause = matches!(self.comparisons.as_slice(), [one] if one.is_recovery);
        clause || matches!(self.about, About::Recovery { .. })
    }

    /// Whether it is a clause of `expect`, and neither a promise nor a part of a hypothesis.
    pub fn is_expectation(&self) -> bool {
        self.made.is_clause() && self.path.starts_with("expect.")
    }

    /// Whether it is an invariant, which every run has to keep.
    pub fn is_invariant(&self) -> bool {
        self.made.is_clause() && self.path.starts_with("invariants.")
    }
}
