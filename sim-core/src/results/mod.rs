//! Plain data: all that leaves the engine, and what studies make of it.
//!
//! A [`RunResult`] is one replication, in counts and histograms. A study merges many, in the order of their index, to one
//! [`StudyResult`], in which every number with a spread is an [`Estimate`]. Of that, [`Summary`] is `results.json`: its keys are a
//! contract. Nothing here depends on the machine or the clock.

mod capacity;
pub mod compare;
mod experiment;
pub mod gate;
mod run;
mod study;
mod sweep;

pub use capacity::*;
pub use experiment::{
    Course, ExperimentRun, ExperimentSummary, Journal, JournalEntry, JournalKind, JournalValue, Reason,
};
pub use run::{EdgeCounts, HOLDING, Period, RunResult, ServiceCounts, Slice, Span, Stopped, UpCounts};
pub use study::*;
pub use sweep::*;

use serde::{Deserialize, Serialize};

/// A mean with its 95 % interval. Without spread (one replication, or a constant) `low == mean == high`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Mean over the replications, or the quantile of the merged histogram.
    pub mean: f64,
    /// Lower end of the 95 % interval.
    pub low: f64,
    /// Upper end of the 95 % interval.
    pub high: f64,
}

impl Estimate {
    /// A number without spread: set by the file, or arithmetic.
    pub fn exact(value: f64) -> Self {
        Self { mean: value, low: value, high: value }
    }

    /// Half the width of the interval.
    pub fn half_width(&self) -> f64 {
        (self.high - self.low) / 2.0
    }

    /// The same in another unit.
    #[must_use]
    pub fn scale(&self, factor: f64) -> Self {
        Self { mean: self.mean * factor, low: self.low * factor, high: self.high * factor }
    }
}
