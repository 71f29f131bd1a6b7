//! How many replications a study ran: that it went on after its first batch, until it was precise, or that it was stopped.

use super::Estimate;
use crate::units::Unit;
use serde::Serialize;

/// How a study went on after its first batch. Its verdicts are then judged by intervals that hold at any time, at 95 %.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WentOn {
    /// Replications of the first batch.
    pub first: u32,
    /// Replications at most.
    pub bound: u32,
    /// Names of the promises, hypotheses and clauses that were inconclusive after the first batch.
    pub because: Vec<String>,
    /// Why it ended.
    pub ended: WentOnEnd,
    /// So many replications and more are too many to be worth the bound.
    #[serde(skip)]
    pub far: u32,
}

/// Why a study that went on ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WentOnEnd {
    /// All verdicts are held or broken.
    Certain,
    /// As many replications as the bound allows were run, and a verdict is inconclusive.
    Bound,
    /// Each verdict that is inconclusive would take many times the bound.
    Far,
    /// It was stopped from outside.
    Stopped,
}

/// A study that was stopped from outside, and is answered by the replications that it had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct StoppedEarly {
    /// Replications of its first batch.
    pub first: u32,
    /// Replications that it might have run.
    pub most: u32,
}

/// How precise the answer was to be, and became.
#[derive(Debug, Clone, Serialize)]
pub struct PrecisionSummary {
    /// Half of the 95 % interval was to be at most this share of the estimate, from 0 to 1.
    pub within: f64,
    /// Replications of a batch.
    pub batch: u32,
    /// Replications at most.
    pub cap: u32,
    /// Whether all that there is data of became so precise; if not, the cap ended it.
    pub reached: bool,
    /// How many replications would do, if the spread stays; only where it was not reached.
    pub would_take: Option<u32>,
    /// What was to be precise.
    pub of: Vec<Precise>,
}

/// How precise one estimate became.
#[derive(Debug, Clone, Serialize)]
pub struct Precise {
    /// Where it is asked for: `promises.works`, `expect.3`, `run.precision.of.0`.
    pub path: String,
    /// Name of the promise, text of the clause, or the metric.
    pub name: String,
    /// The mean over replications, in `unit`; `None` without data.
    pub observed: Option<Estimate>,
    /// Unit of `observed`.
    pub unit: Unit,
    /// Half of the interval as a share of the estimate; `None` without data, or of an estimate of zero.
    pub half_width: Option<f64>,
    /// Whether that is precise enough.
    pub reached: bool,
}
