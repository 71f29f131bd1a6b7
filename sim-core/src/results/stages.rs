//! The loop from a fault to its end, in one replication and over all of them.

use super::Estimate;
use serde::Serialize;

/// What follows a fault, in this order.
pub const STAGES: [&str; 7] = ["symptom", "telemetry sees it", "alert", "page", "acknowledge", "action", "recovery"];

/// The stages after a fault in one replication, in the order of [`STAGES`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LoopRun {
    /// When each was reached, after the begin of the fault [s]; `None` where it was not.
    pub after_s: [Option<f64>; STAGES.len()],
    /// What a minute less of each would have saved [$]; `None` where it took no time or nothing has a price.
    pub minute_saves: [Option<f64>; STAGES.len()],
}

/// The loop of a fault over all replications.
#[derive(Debug, Clone, Serialize)]
pub struct LoopSummary {
    /// The fault.
    pub fault: String,
    /// Replications in which it struck.
    pub runs: u32,
    /// What follows it, in the order of [`STAGES`].
    pub stages: Vec<LoopStage>,
}

/// A stage over all replications.
#[derive(Debug, Clone, Serialize)]
pub struct LoopStage {
    /// As in [`STAGES`].
    pub name: &'static str,
    /// Replications in which it was reached.
    pub runs: u32,
    /// When it was reached, after the begin of the fault [s]: the median of those in which it was, with its 95 % interval.
    pub after_s: Option<Estimate>,
    /// What a minute less of it would save [$]: mean of the replications in which it took time.
    pub minute_saves: Option<Estimate>,
}
