//! The load at which each promise breaks.

use super::{Estimate, Judge, Judgement};
use serde::Serialize;

/// The answer of a knee study: what `knee.json` holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Knees {
    /// Title of the scenario.
    pub scenario: String,
    /// The question that it asks.
    pub question: String,
    /// Name of the study in the file; empty where the command line asked.
    pub study: String,
    /// Seed of all loads: replication i of each sees the same random numbers.
    pub seed: u64,
    /// Version of windtunnel that made it.
    pub version: String,
    /// Confidence of the verdicts, from 0 to 1; they are valid however often was looked.
    pub confidence: f64,
    /// Share of runs that has to keep a promise, from 0 to 1.
    pub needed: f64,
    /// Replications of one load at most.
    pub budget: u32,
    /// Replications spent in all.
    pub spent: u32,
    /// The load class that grows; `None` is all of them.
    pub load: Option<String>,
    /// The promises, in the order of the file.
    pub promises: Vec<PromiseKnee>,
    /// The loads that were looked at, from the lightest.
    pub points: Vec<LoadPoint>,
    /// The promise that breaks at the lightest load, by its place; `None` where none breaks.
    pub first: Option<usize>,
    /// Hash of the digests of all that was simulated, 16 hexadecimal digits.
    pub digest: String,
}

/// Where a promise breaks.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PromiseKnee {
    /// What is promised.
    pub judge: Judge,
    /// The point of the heaviest load up to which the promise is held at all that were looked at, by its place; `None` where it is not held
    /// at the lightest.
    pub holds_to: Option<usize>,
    /// The point of the lightest load above at which it is broken, by its place; `None` where none is.
    pub breaks_at: Option<usize>,
}

/// A load that was looked at.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LoadPoint {
    /// As a factor of the file's.
    pub load: f64,
    /// Requests of the load class that grows, or of all [s⁻¹].
    pub offered_per_s: Estimate,
    /// Good answers to them [s⁻¹].
    pub goodput_per_s: Estimate,
    /// 99th percentile of the answers' latency [s]; `None` without answers.
    pub p99_s: Option<Estimate>,
    /// Replications that were run.
    pub replications: u32,
    /// Replications that a bound stopped.
    pub stopped: u32,
    /// Each promise, in the order of [`Knees::promises`].
    pub promises: Vec<Judgement>,
}
