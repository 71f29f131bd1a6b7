//! A search for capacity: the cheapest setting that keeps every promise, and how far it carries.

use super::{Estimate, Judge, Judgement, Setting, Verdict};
use serde::Serialize;

/// The answer of a capacity study: what `capacity.json` holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CapacityResult {
    /// Title of the scenario.
    pub scenario: String,
    /// The question that it asks.
    pub question: String,
    /// Name of the study in the file; empty where the command line asked.
    pub study: String,
    /// Seed of all settings: replication i of each sees the same arrivals.
    pub seed: u64,
    /// Version of windtunnel that made it.
    pub version: String,
    /// Confidence of the verdicts, from 0 to 1; they are valid however often was looked.
    pub confidence: f64,
    /// Share of runs that has to keep every promise, from 0 to 1.
    pub needed: f64,
    /// Replications of one setting and case at most.
    pub budget: u32,
    /// Replications spent in all.
    pub spent: u32,
    /// What is searched.
    pub knobs: Vec<CapacityKnob>,
    /// The promises that have to be kept.
    pub promises: Vec<Judge>,
    /// What is lost in the cases besides the whole system: the zones; empty where nothing has to be survived.
    pub survive: Vec<String>,
    /// Whether the file says what instances cost, so that the cheapest is meant; else it is the smallest.
    pub priced: bool,
    /// The levels of load, in the order asked.
    pub levels: Vec<CapacityLevel>,
    /// How far the answer of the first level carries; `None` where there is no answer or nobody asked.
    pub knee: Option<Knee>,
    /// Hash of the digests of all that was simulated, 16 hexadecimal digits.
    pub digest: String,
}

/// A knob of the search.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CapacityKnob {
    /// Path of the value in the file.
    pub path: String,
    /// The values that are searched, from the smallest.
    pub values: Vec<Setting>,
    /// What stands in the file; `None` where nothing does.
    pub now: Option<Setting>,
}

/// The search at one level of load.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CapacityLevel {
    /// Load as a factor of the file's.
    pub load: f64,
    /// As people say it: `now`, `+50 %`, `x2`.
    pub label: String,
    /// The settings that were tried, in the order of trying.
    pub tried: Vec<Tried>,
    /// The cheapest of all in `tried` that is held, by its place; `None` where none is.
    pub answer: Option<usize>,
    /// Whether in all of `tried` more is dearer and no worse. Only then is no setting cheaper that was left untried.
    pub rises: bool,
    /// Cheaper settings that the budget could not decide, by their places.
    pub undecided: Vec<usize>,
    /// The dearest of the settings that are cheaper and broken, by its place.
    pub cheaper: Option<usize>,
}

/// A setting that was tried.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tried {
    /// Places in the values of the knobs.
    pub places: Vec<usize>,
    /// Its settings, one a knob.
    pub settings: Vec<Setting>,
    /// The worst verdict of its cases.
    pub verdict: Verdict,
    /// The whole system first, then what is lost. Cases behind a broken one are not simulated.
    pub cases: Vec<Case>,
    /// Infrastructure a month, of the whole system.
    pub cost_per_month: Estimate,
    /// Share of requests of all load classes that are answered, of the whole system; `None` without requests.
    pub availability: Option<Estimate>,
    /// Whether no setting that was tried at this level is both cheaper and more available.
    pub on_front: bool,
    /// Whether it was tried for the figures only, after the search.
    pub extra: bool,
}

/// A setting with all of its parts, or without one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Case {
    /// The zone that is lost; `None` is the whole system.
    pub lost: Option<String>,
    /// Replications that keep every promise.
    pub kept: u32,
    /// Replications that could be judged.
    pub judged: u32,
    /// The share of them, with its Wilson interval; `None` without data.
    pub probability: Option<Estimate>,
    /// Held, broken, or not decided by the budget.
    pub verdict: Verdict,
    /// Each promise, in the order of [`CapacityResult::promises`].
    pub promises: Vec<Judgement>,
    /// The promise that binds, by its place: kept in the fewest runs, or of those the one that has used most of what it allows.
    pub binding: Option<usize>,
}

/// How far a setting carries.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Knee {
    /// The values that were tried together, one for each knob.
    pub settings: Vec<Setting>,
    /// Load at which it was looked at, from the smallest.
    pub points: Vec<KneePoint>,
    /// The highest load factor up to which every promise is held in all points from the first that was asked for; `None` where
    /// it is not held there.
    pub holds_to: Option<f64>,
    /// The lowest load factor from which on every point up to `holds_to` is held, where one below is not; else `None`.
    pub holds_from: Option<f64>,
    /// The lowest load factor above `holds_to` at which one is broken; `None` where none is, up to the highest load that was tried.
    pub breaks_at: Option<f64>,
    /// The promise that breaks there, by its place in [`CapacityResult::promises`].
    pub breaks_first: Option<usize>,
    /// Throughput against concurrency; `None` where too few loads differ for a fit.
    pub scalability: Option<Scalability>,
}

/// A level of load of a knee.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KneePoint {
    /// As a factor of the file's.
    pub load: f64,
    /// Requests of all load classes [s⁻¹].
    pub offered_per_s: Estimate,
    /// Good answers to them [s⁻¹].
    pub goodput_per_s: Estimate,
    /// Requests of all load classes under way: their mean number.
    pub concurrency: Estimate,
    /// 99th percentile of the answers' latency [s]; `None` without answers.
    pub p99_s: Option<Estimate>,
    /// Share that is answered; `None` without requests.
    pub availability: Option<Estimate>,
    /// Replications that keep every promise.
    pub kept: u32,
    /// Replications that could be judged.
    pub judged: u32,
    /// Held, broken or not decided.
    pub verdict: Verdict,
}

/// The Universal Scalability Law fitted to throughput `X` against concurrency `N`:
/// `X(N) = lambda N / (1 + sigma (N - 1) + kappa N (N - 1))` (N. J. Gunther, *Guerrilla Capacity Planning*, 2007, chapter 4-6).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scalability {
    /// Throughput of one request at a time [s⁻¹].
    pub lambda: Estimate,
    /// Contention: the part that is done one after the other.
    pub sigma: Estimate,
    /// Coherency: the price of agreement among many.
    pub kappa: Estimate,
    /// Goodness of fit: the share of the variance of the throughput that the law explains.
    pub r2: f64,
    /// Concurrency at which throughput is highest by the law; `None` where that lies beyond what was seen, and so would be a guess.
    pub peak_concurrency: Option<f64>,
    /// The throughput there [s⁻¹]; `None` where it is more than was seen at any load.
    pub peak_per_s: Option<f64>,
}
