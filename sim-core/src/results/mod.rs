//! Plain data: all that leaves the engine, and what studies make of it.
//!
//! A [`RunResult`] is one replication, in counts and histograms. A study merges many, in the order of their index, to one
//! [`StudyResult`], in which every number with a spread is an [`Estimate`]. Of that, [`Summary`] is `results.json`: its keys are a
//! contract. Nothing here depends on the machine or the clock.

mod about;
mod capacity;
pub mod compare;
mod counts;
mod course;
mod decide;
mod deploy;
mod experiment;
pub mod gate;
mod held;
mod incident;
mod knee;
mod known;
pub mod measured;
mod metastability;
mod modes;
mod network;
mod promise;
mod run;
mod runbook;
mod series;
mod span;
mod stages;
mod study;
mod sweep;
mod system;
mod trace;
mod words;
mod wrong;

pub use about::{About, Made};
pub use capacity::*;
pub use counts::{EdgeCounts, ServiceCounts, UpCounts};
pub use course::{Precise, PrecisionSummary, StoppedEarly, WentOn, WentOnEnd};
pub use decide::*;
pub use deploy::{DeployRun, DeploySummary};
pub use experiment::{
    Course, ExperimentRun, ExperimentSummary, Journal, JournalBound, JournalEntry, JournalKind, JournalValue,
    JournalWriter, Reason,
};
pub use held::{Held, HeldCounts};
pub use incident::{IncidentRun, IncidentsRun, IncidentsSummary};
pub use knee::*;
pub use known::{Known, KnownFinding, Need};
pub use metastability::*;
pub use modes::{ModeSummary, ModesRun, ModesSummary};
pub use network::{LinkSummary, LinkTimes, ProbeSummary, ProbeTimes};
pub use promise::*;
pub use run::{Limit, Looks, Period, PipelineCounts, RunResult, Slice, Steps, Stopped, WrongCounts};
pub use runbook::{Response, RunbookRun, RunbookSummary};
pub use series::*;
pub use span::{Span, episodes};
pub use stages::{LoopRun, LoopStage, LoopSummary, STAGES};
pub use study::*;
pub use sweep::*;
pub use system::{NodeKind, System, SystemCall, SystemNode};
pub use trace::{Trace, TraceSpan, TraceStep, TraceStepKind};
pub use words::Words;
pub use wrong::{FIRST_OF_EACH, FIRST_WRONG, LevelShown, ListedWrong, WrongAnswer, WrongRun};

pub use crate::units::Unit;

use serde::{Deserialize, Serialize};

/// A mean with its 95 % interval. Without spread (one replication, or a constant) `low == mean == high`.
///
/// A number may be infinite: of a time until something that never happened, or of a bound that the data does not give. JSON has no word
/// for that and writes `null`, which is read back as infinite (`low` as negative, unless `mean` is infinite too).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "Kept")]
pub struct Estimate {
    /// Mean over the replications, or the quantile of the merged histogram.
    pub mean: f64,
    /// Lower end of the 95 % interval.
    pub low: f64,
    /// Upper end of the 95 % interval.
    pub high: f64,
}

/// Whether a count is left out of a file.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// An estimate as it stands in a file.
#[derive(Deserialize)]
struct Kept {
    mean: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
}

impl From<Kept> for Estimate {
    fn from(kept: Kept) -> Self {
        let never = if kept.high.is_some() { f64::NEG_INFINITY } else { f64::INFINITY };
        let mean = kept.mean.unwrap_or(never);
        let low = kept.low.unwrap_or(if mean == f64::INFINITY { mean } else { f64::NEG_INFINITY });
        Self { mean, low, high: kept.high.unwrap_or(f64::INFINITY) }
    }
}

/// The 97.5 % quantile of the standard normal distribution.
pub const Z_95: f64 = 1.959_963_985;

impl Estimate {
    /// A number without spread: set by the file, or arithmetic.
    pub fn exact(value: f64) -> Self {
        Self { mean: value, low: value, high: value }
    }

    /// Half the width of the interval; 0 of what is infinite for sure.
    pub fn half_width(&self) -> f64 {
        if self.low == self.high { 0.0 } else { (self.high - self.low) / 2.0 }
    }

    /// A share of `of` replications of which `kept` succeeded, with the interval of the score test at so many standard deviations
    /// ([`Z_95`] for 95 %; E. B. Wilson, *Probable inference, the law of succession, and statistical inference*, 1927); `None`
    /// without replications.
    pub fn wilson(kept: u32, of: u32, z: f64) -> Option<Self> {
        if of == 0 {
            return None;
        }
        let (k, n) = (f64::from(kept.min(of)), f64::from(of));
        let (p, z2) = (k / n, z * z);
        let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
        let half = z / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
        // At the ends the bound is the share itself; rounding would leave 1e-17.
        let low = if k == 0.0 { 0.0 } else { (centre - half).max(0.0) };
        let high = if k >= n { 1.0 } else { (centre + half).min(1.0) };
        Some(Self { mean: p, low, high })
    }

    /// A part of a whole: its interval ends at 0 and 1, between which the true value lies whatever the spread.
    #[must_use]
    pub fn part(self) -> Self {
        Self { low: self.low.max(0.0_f64.min(self.mean)), high: self.high.min(1.0_f64.max(self.mean)), ..self }
    }

    /// The same in another unit.
    #[must_use]
    pub fn scale(&self, factor: f64) -> Self {
        Self { mean: self.mean * factor, low: self.low * factor, high: self.high * factor }
    }
}
