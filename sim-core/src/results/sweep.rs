//! A sweep: many settings of one system, each simulated with the same random numbers.

use super::{About, Estimate, PromiseSummary, Unit, Verdict, Words};
use serde::{Deserialize, Serialize};

/// The answer of a sweep: what `sweep.json` holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SweepResult {
    /// Title of the scenario.
    pub scenario: String,
    /// The question that it asks.
    pub question: String,
    /// Name of the study in the file; empty where the command line asked.
    pub study: String,
    /// Seed of all points: replication i of each sees the same arrivals.
    pub seed: u64,
    /// Replications of each point.
    pub replications: u32,
    /// Version of windtunnel that made it.
    pub version: String,
    /// Hash of the digests of all points, 16 hexadecimal digits.
    pub digest: String,
    /// How the points were chosen.
    pub design: Design,
    /// What is varied, in the order of the settings of a point.
    pub knobs: Vec<Knob>,
    /// What is shown of each point.
    pub shown: Vec<Shown>,
    /// What is judged at each point: promises, then the clauses of `expect`.
    pub judged: Vec<Judge>,
    /// The points, in the order of the design.
    pub points: Vec<Point>,
    /// Which knob matters for what; empty where the design cannot tell.
    pub rankings: Vec<Ranking>,
}

/// How the points of a sweep are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Design {
    /// Every combination; the last knob changes first.
    Grid,
    /// A Latin hypercube: each knob takes each of its strata once.
    LatinHypercube,
    /// A scrambled Sobol sequence.
    Sobol,
    /// Saltelli's radial design on a Sobol sequence, for total Sobol indices.
    Saltelli,
    /// Trajectories in which one knob moves at a time.
    Morris,
}

impl Design {
    /// As people call it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Grid => "every combination",
            Self::LatinHypercube => "a Latin hypercube",
            Self::Sobol => "a scrambled Sobol sequence",
            Self::Saltelli => "Saltelli\u{2019}s design on a scrambled Sobol sequence",
            Self::Morris => "Morris\u{2019} trajectories",
        }
    }
}

/// What is varied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Knob {
    /// Path of the value in the file.
    pub path: String,
    /// Its values in their order, where the design is a grid or the knob a list; else its two ends.
    pub values: Vec<String>,
    /// The same as numbers in base units (seconds, per second, shares from 0 to 1), where they are numbers.
    pub numbers: Option<Vec<f64>>,
    /// Unit of `numbers`.
    pub unit: Unit,
    /// Whether steps are equal factors and not equal differences.
    pub log: bool,
    /// What stands in the file; `None` where nothing does.
    pub now: Option<String>,
}

/// A metric that is shown of each point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shown {
    /// As in the file: `p99(gateway.checkout)`.
    pub name: String,
    /// Its unit.
    pub unit: Unit,
    /// What is measured, and of what.
    pub about: About,
    /// Whether less of it is better; `None` where neither is.
    pub less_is_better: Option<bool>,
}

/// A promise or clause that is judged at each point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judge {
    /// Name of the promise or invariant; text of the clause.
    pub name: String,
    /// What is promised, as a sentence.
    pub says: Words,
    /// What is measured, and of what.
    pub about: About,
    /// Unit of what is observed.
    pub unit: Unit,
    /// Whether the observed value has to be at most (`true`) or at least (`false`) the promised one.
    pub at_most: bool,
    /// Whether it is a promise or the hypothesis of an experiment, and no clause.
    pub promise: bool,
    /// Whether it is an invariant, which every single run has to keep.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub invariant: bool,
    /// Whether it counts for the verdict on a point: all hypotheses and invariants, and all promises but those that a clause denies, or the
    /// clauses where there are neither promises nor hypotheses.
    pub counts: bool,
}

/// One setting and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Its number in the design, from 0.
    pub number: u32,
    /// Its settings, one a knob.
    pub settings: Vec<Setting>,
    /// What is shown, in the order of [`SweepResult::shown`]; `None` without data.
    pub shown: Vec<Option<Estimate>>,
    /// What is judged, in the order of [`SweepResult::judged`].
    pub judged: Vec<Judgement>,
    /// Share of runs that keep all that counts, with its Wilson interval; `None` where nothing counts or nothing could be judged.
    pub kept_all: Option<Estimate>,
    /// The worst verdict of what counts; `None` where nothing does.
    pub verdict: Option<Verdict>,
    /// Infrastructure a month.
    pub cost_per_month: Estimate,
    /// Replications that a bound stopped.
    pub stopped: u32,
    /// Hash of the digests of its replications, 16 hexadecimal digits.
    pub digest: String,
    /// Its replications.
    pub rows: Vec<PointRow>,
}

/// A value of a knob.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    /// As it would stand in the file.
    pub text: String,
    /// In base units, where it is a number.
    pub number: Option<f64>,
}

/// What a promise or clause comes to at one point.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// Held, broken or inconclusive.
    pub verdict: Verdict,
    /// Replications that keep it.
    pub kept: u32,
    /// Replications that could be judged.
    pub judged: u32,
    /// The value that was judged; `None` without data.
    pub observed: Option<Estimate>,
    /// What it is judged against.
    pub promised: Option<f64>,
}

impl From<&PromiseSummary> for Judgement {
    fn from(summary: &PromiseSummary) -> Self {
        let PromiseSummary { verdict, kept, judged, observed, promised, .. } = *summary;
        Self { verdict, kept, judged, observed, promised }
    }
}

/// One replication of one point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PointRow {
    /// Values of what is shown; a percentile is that of the replication alone.
    pub shown: Vec<Option<f64>>,
    /// Whether what is judged is kept.
    pub kept: Vec<Option<bool>>,
    /// Infrastructure a month.
    pub cost_per_month: f64,
}

/// Which knob matters for a metric.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ranking {
    /// The metric, as in [`Shown::name`].
    pub of: String,
    /// Its unit.
    pub unit: Unit,
    /// How it was found.
    pub method: RankMethod,
    /// Variance of the metric over the design; in the unit squared.
    pub variance: f64,
    /// By knob, the most important first.
    pub knobs: Vec<RankedKnob>,
}

/// How the importance of knobs is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RankMethod {
    /// Sobol indices, exact for a full grid whose values are equally likely.
    GridVariance,
    /// Sobol indices by Saltelli's design (total by Jansen's estimator).
    TotalSobol,
    /// Morris' elementary effects.
    Morris,
}

/// How much a knob matters.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RankedKnob {
    /// Its path.
    pub path: String,
    /// Sobol: the total index, the share of the variance that would be left if all others were known. Morris: the mean size of the
    /// elementary effects (mu*), in the metric's unit for the whole range of the knob.
    pub total: Estimate,
    /// Sobol: the first-order index, the share of the variance that the knob explains alone. Morris: the spread of the effects
    /// (sigma), which interactions and curves make.
    pub alone: Option<Estimate>,
    /// Mean of the metric at the knob's low end (lowest value or lowest quarter of the design).
    pub at_low: Option<f64>,
    /// Mean of the metric at the knob's high end.
    pub at_high: Option<f64>,
}
