//! What `check` says: the verdicts of scenario files, why their studies ended, and how they stand against a baseline.

use super::compare::Change;
use super::promise::{PromiseSummary, Verdict};
use super::{Estimate, PrecisionSummary, StoppedRun};
use crate::units::Unit;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where something is written. Lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePlace {
    /// The file, as the user named it, or as the file that extends it leads to it.
    pub file: String,
    /// Line in the file, from 1.
    pub line: usize,
    /// Column of the first character.
    pub column: usize,
    /// Column after the last character; in the same line.
    pub end_column: usize,
}

/// A scenario file and what became of it.
#[derive(Debug, Clone)]
pub struct CheckedFile {
    /// The file, as the user named it.
    pub file: String,
    /// Its verdicts, or why it could not be run.
    pub outcome: Result<Checked, Vec<Trouble>>,
}

/// Why a scenario could not be run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// What is wrong, one sentence without a full stop.
    pub message: String,
    /// What to type instead.
    pub hint: Option<String>,
    /// Where; `None` if it is about the file as a whole.
    pub place: Option<FilePlace>,
}

/// Why a study ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// All its verdicts were certain.
    Certain,
    /// The replications that were asked for were run.
    Complete,
    /// The budget was spent before all verdicts were certain.
    Spent,
}

/// The verdicts of one scenario.
#[derive(Debug, Clone, Serialize)]
pub struct Checked {
    /// Title of the scenario.
    pub scenario: String,
    /// Seed of the study.
    pub seed: u64,
    /// Replications that were run.
    pub replications: u32,
    /// Replications that it might have taken.
    pub most: u32,
    /// Why it ended.
    pub ended: Ended,
    /// Confidence of the verdicts, from 0 to 1.
    pub confidence: f64,
    /// Whether intervals hold at any time; else they hold for the number of replications that was set.
    pub any_time: bool,
    /// Hash of the digests of all replications, 16 hexadecimal digits.
    pub digest: String,
    /// Replications that a bound stopped, and why.
    pub stopped: Vec<StoppedRun>,
    /// How precise the answer was to be and became; `None` where nobody asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precision: Option<PrecisionSummary>,
    /// In the order of the file.
    pub promises: Vec<PromiseSummary>,
    /// The hypotheses of experiments, in the order of the file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub experiments: Vec<PromiseSummary>,
    /// The clauses of `expect`, in the order of the file.
    pub expectations: Vec<PromiseSummary>,
    /// Where promises and clauses are written, by path.
    pub places: BTreeMap<String, FilePlace>,
    /// What a baseline stores of it.
    #[serde(skip)]
    pub measured: Vec<Measured>,
    /// How it stands against the baseline, number by number; empty without one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub against: Vec<Against>,
}

/// A number that a baseline stores.
///
/// The values are of single replications, or of groups of as many; they are made so that their mean is the estimate and the standard error of
/// their mean that of the estimate, also where the estimate is a percentile of all answers together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// Which number: `promises.works`, `promises.works kept`, or the text of a clause.
    pub name: String,
    /// Its unit.
    pub unit: Unit,
    /// Whether less of it is better.
    pub less_is_better: bool,
    /// What all replications together say of it.
    pub estimate: f64,
    /// Replications of one value.
    pub group: u32,
    /// The values, in the order of the replications; empty without data.
    pub values: Vec<f64>,
    /// Which number it is, where the scenario is at hand.
    #[serde(skip)]
    pub number: Option<Number>,
    /// Path of the promise or clause in the scenario.
    #[serde(skip)]
    pub path: String,
}

/// Which number of a scenario a baseline stores.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Number {
    /// The number that this promise is about.
    Of(String),
    /// The share of runs that keep this promise, or in which the hypothesis of this experiment holds.
    Runs(String),
    /// What a clause measures; its text is the name.
    #[default]
    Clause,
}

impl Number {
    /// The number by the name that it has in a baseline file: `promises.works`, `promises.works kept`, or the text of a clause.
    pub fn stored(name: &str) -> Self {
        let Some(of) = name.strip_prefix("promises.").or_else(|| name.strip_prefix("experiments.")) else {
            return Self::Clause;
        };
        of.strip_suffix(" kept").map_or_else(|| Self::Of(of.to_owned()), |of| Self::Runs(of.to_owned()))
    }
}

/// A number of a scenario beside that of the baseline.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Against {
    /// Which number, as in [`Measured::name`].
    pub name: String,
    /// The same, as what it is.
    #[serde(skip)]
    pub number: Number,
    /// Path of the promise or clause in the scenario; empty where it is gone.
    pub path: String,
    /// Its unit.
    pub unit: Unit,
    /// Whether less of it is better.
    pub less_is_better: bool,
    /// The baseline's estimate; `None` where it is new.
    pub before: Option<f64>,
    /// The estimate of now; `None` where it is gone, or has no data any more.
    pub now: Option<f64>,
    /// Now minus before, with an interval; `None` where either is missing.
    pub difference: Option<Estimate>,
    /// Whether the difference was taken replication by replication, on the same random numbers.
    pub paired: bool,
    /// What became of it.
    pub standing: Standing,
}

/// How a number stands against the baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It could be compared.
    Compared(Change),
    /// The baseline does not have it.
    New,
    /// The scenario does not have it any more.
    Gone,
    /// The baseline has data of it, and now there is none.
    WithoutData,
}

impl Checked {
    /// All that a gate judges: promises, hypotheses of experiments and clauses, but for promises that a clause says are not held, and
    /// hypotheses that a clause speaks of. Of those the clause is judged.
    pub fn judged(&self) -> impl Iterator<Item = &PromiseSummary> {
        let own = self.promises.iter().chain(&self.experiments).filter(|promise| promise.denied_by.is_none());
        own.chain(&self.expectations)
    }

    /// The numbers that are worse than the baseline's.
    pub fn worse(&self) -> impl Iterator<Item = &Against> {
        self.against.iter().filter(|against| against.standing == Standing::Compared(Change::Worse))
    }

    /// Whether all was judged that was to be: something is promised, and nothing of the baseline is gone. What is not judged has no verdict.
    pub fn is_judged(&self) -> bool {
        self.judged().next().is_some() && self.gone().next().is_none()
    }

    /// The numbers of the baseline that the scenario does not have any more.
    pub fn gone(&self) -> impl Iterator<Item = &Against> {
        self.against.iter().filter(|against| against.standing == Standing::Gone)
    }

    /// The verdict on the whole: broken also where a number is worse than the baseline's, inconclusive also where one has no data any more.
    pub fn verdict(&self) -> Verdict {
        let lost = |against: &Against| against.standing == Standing::WithoutData;
        let of_baseline = if self.worse().next().is_some() {
            Verdict::Broken
        } else if self.against.iter().any(lost) {
            Verdict::Inconclusive
        } else {
            Verdict::Held
        };
        self.judged().map(|p| p.verdict).max().unwrap_or(Verdict::Held).max(of_baseline)
    }
}
