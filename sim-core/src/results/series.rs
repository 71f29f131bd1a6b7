//! What a study has over time: series by window, latency tails, faults and changes of the load.

use super::{Estimate, Words};
use crate::call::breaker::State;

/// A window of the time series.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// Begin, from time 0 [s].
    pub from_s: f64,
    /// End [s].
    pub to_s: f64,
}

/// One endpoint over time; each list has one entry a window.
#[derive(Debug, Clone)]
pub struct EndpointSeries {
    /// `service.endpoint`.
    pub name: String,
    /// Share answered.
    pub availability: Vec<Option<Estimate>>,
    /// Share answered in full (ok).
    pub in_full: Vec<Option<Estimate>>,
    /// Ended requests a second, by outcome in the order of [`crate::model::Outcome::ALL`].
    pub outcomes_per_s: [Vec<Estimate>; 8],
    /// Share of the answers (ok or degraded) that are wrong.
    pub wrong: Vec<Option<Estimate>>,
    /// Offered requests a second.
    pub offered_per_s: Vec<Estimate>,
    /// Median latency of answers [s].
    pub p50_s: Vec<Option<Estimate>>,
    /// 99th percentile [s].
    pub p99_s: Vec<Option<Estimate>>,
    /// 99.9th percentile [s].
    pub p99_9_s: Vec<Option<Estimate>>,
}

/// One service over time.
#[derive(Debug, Clone)]
pub struct ServiceSeries {
    /// As the user wrote it.
    pub name: String,
    /// The section of the file in which it stands, as `stores`.
    pub section: &'static str,
    /// Running instances, mean of the window.
    pub instances: Vec<Estimate>,
    /// Fewest and most running instances in any replication at the end of the window.
    pub instances_range: Vec<(f64, f64)>,
    /// Instances that a scaler wants at the end of the window; equal to `instances` without a scaler.
    pub wanted: Vec<Estimate>,
    /// Instances that the metrics of a scaler ask for at the end of the window, whatever holds that back; equal to `wanted` without a scaler.
    pub desired: Vec<Estimate>,
    /// Instances that are starting, mean of the window.
    pub starting: Vec<Estimate>,
    /// Requests that entered, a second.
    pub offered_per_s: Vec<Estimate>,
    /// Mean number waiting.
    pub queue_length: Vec<Estimate>,
    /// Share of workers held.
    pub utilisation: Vec<Option<Estimate>>,
    /// Attempts that came for each that no retry or hedge has caused; empty where none has caused any.
    pub tree_amplification: Vec<Option<Estimate>>,
    /// Share of lookups that found a value; empty of what is no cache.
    pub hit_ratio: Vec<Option<Estimate>>,
    /// Stores and services from which the values of a cache come.
    pub fills_from: Vec<String>,
    /// Whether a scaler changes how many instances there are.
    pub scaled: bool,
    /// The sizes of machines between which a vertical scaler changes its instances, from the smallest; empty without one.
    pub sizes: Vec<SizeSeries>,
}

/// Instances on one size of machines over time.
#[derive(Debug, Clone)]
pub struct SizeSeries {
    /// The type of the machines, or what they have.
    pub name: String,
    /// Running instances, mean of the window.
    pub running: Vec<Estimate>,
}

/// One call over time.
#[derive(Debug, Clone)]
pub struct CallSeries {
    /// `caller->service.endpoint`.
    pub name: String,
    /// Attempts a second.
    pub attempts_per_s: Vec<Estimate>,
    /// Retries a second.
    pub retries_per_s: Vec<Estimate>,
    /// Turned away before they were sent, by a breaker, a throttle, a limit or a pool, a second.
    pub rejected_per_s: Vec<Estimate>,
    /// How its breakers stand; `None` without a breaker.
    pub breaker_states: Option<BreakerSeries>,
}

/// Share of the time of breakers in each state, in the order of [`State::ALL`]; `None` while there is no breaker.
#[derive(Debug, Clone)]
pub struct BreakerSeries {
    /// By window.
    pub windows: [Vec<Option<Estimate>>; State::ALL.len()],
    /// Of the whole run, in which a window with more breakers counts more.
    pub whole: [Option<Estimate>; State::ALL.len()],
}

/// Share of answers slower than a latency, in up to three stretches of time.
#[derive(Debug, Clone)]
pub struct Tail {
    /// `service.endpoint`.
    pub name: String,
    /// Whole run, or before, during and after the first scheduled fault.
    pub curves: Vec<TailCurve>,
}

/// A stretch of a run, by its place beside the first scheduled fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All of it: there is no such fault.
    Whole,
    /// Before the fault.
    Before,
    /// While the fault is there.
    During,
    /// After the fault.
    After,
}

impl Part {
    /// In words: `whole run`.
    pub fn words(self) -> &'static str {
        match self {
            Self::Whole => "whole run",
            Self::Before => "before",
            Self::During => "during",
            Self::After => "after",
        }
    }
}

/// One curve of a tail.
#[derive(Debug, Clone)]
pub struct TailCurve {
    /// Which stretch of the run.
    pub part: Part,
    /// From when to when [s].
    pub span_s: (f64, f64),
    /// Answers in it, all replications together.
    pub answers: u64,
    /// (latency [s], share of answers that are slower), by latency.
    pub points: Vec<(f64, f64)>,
    /// 99th percentile [s] with its interval; `None` without answers.
    pub p99_s: Option<Estimate>,
}

/// When a fault was there.
#[derive(Debug, Clone)]
pub struct FaultSpan {
    /// As the user wrote it.
    pub name: String,
    /// What it does: `payment 10 times slower`.
    pub says: Words,
    /// Begin [s].
    pub from_s: f64,
    /// End [s].
    pub to_s: f64,
    /// Times a year in life, if the file says so.
    pub per_year: Option<f64>,
    /// Whether the times are the same in all replications.
    pub scheduled: bool,
}

impl FaultSpan {
    /// How many spans of each fault are kept, the first ones.
    pub const MOST: usize = 50;
}

/// A change of the load that the author wrote.
#[derive(Debug, Clone)]
pub struct LoadEvent {
    /// The load class.
    pub load: String,
    /// What happens: `load times 1.5`.
    pub says: Words,
    /// Whether the load stays changed behind the end of it.
    pub stays: bool,
    /// Begin [s].
    pub from_s: f64,
    /// End [s]; `None` until the end.
    pub to_s: Option<f64>,
}
