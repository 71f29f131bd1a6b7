//! Two systems on the same random numbers: what is better, what is worse, and how sure that is.

use super::Estimate;
use super::promise::Verdict;
use crate::units::Unit;
use serde::Serialize;

/// What became of a number from one system to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Not the least difference, in any replication.
    Same,
    /// The interval of the difference includes zero.
    NoneSeen,
    /// B is better than A, at the confidence asked for.
    Better,
    /// B is worse than A, at the confidence asked for.
    Worse,
}

/// A comparison of one system with others.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// The question that the scenario of A asks.
    pub question: String,
    /// Seed of the study.
    pub seed: u64,
    /// Pairs of replications.
    pub replications: u32,
    /// Runs of all systems besides these, without their faults: what an incident costs is what it adds.
    pub runs_without_incidents: u32,
    /// Version of windtunnel that made it.
    pub version: String,
    /// Measured time of one replication of A [s].
    pub simulated_s: f64,
    /// Warm-up of A, cut from all numbers [s].
    pub warm_up_s: f64,
    /// The system that the others are compared with.
    pub a: System,
    /// Each other system against it.
    pub against: Vec<Compared>,
}

/// A system that is compared.
#[derive(Debug, Clone, Serialize)]
pub struct System {
    /// How the user names it: the file, or the variant.
    pub name: String,
    /// The scenario file.
    pub file: String,
    /// The variant of the file; `None` for the file itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Title of the scenario.
    pub scenario: String,
    /// Hash of the digests of all replications, 16 hexadecimal digits.
    pub digest: String,
    /// Replications that a bound stopped.
    pub stopped: u32,
    /// How many requests each simulated one stands for; `None` where all are simulated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub one_of: Option<u64>,
}

/// One system against A.
#[derive(Debug, Clone, Serialize)]
pub struct Compared {
    /// The system, B.
    pub b: System,
    /// What the two descriptions differ in, in the order of A's file; the first of them.
    pub differs: Vec<Differs>,
    /// How many more values differ than are listed.
    pub differs_more: usize,
    /// Numbers of both systems, the most asked for first.
    pub rows: Vec<ValueRow>,
    /// Promises and clauses of both systems.
    pub promises: Vec<PromiseRow>,
    /// How many times narrower pairing made the intervals of the differences, least and most. `None` where no difference has spread.
    pub narrower: Option<(f64, f64)>,
}

/// A value in which two descriptions differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Differs {
    /// Keys joined by dots.
    pub path: String,
    /// In A, as written; `None` where it is not written.
    pub a: Option<String>,
    /// In B.
    pub b: Option<String>,
}

/// What a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RowKind {
    /// Availability, latency and the like of an endpoint that a load calls.
    Endpoint,
    /// The number that a promise is judged by.
    Promise,
    /// What it costs.
    Money,
    /// Something that the user asked for.
    Asked,
}

/// A metric and its subject, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowMetric {
    /// The metric: `p99`.
    pub name: String,
    /// What it is asked of: `gateway.checkout`; `None` where it stands alone.
    pub of: Option<String>,
    /// The rest, with a blank before it: ` after cut`; may be empty.
    pub scope: String,
}

/// A number of both systems.
#[derive(Debug, Clone, Serialize)]
pub struct ValueRow {
    /// What is measured: `p99(gateway.checkout)`.
    pub name: String,
    /// What it is about.
    pub kind: RowKind,
    /// The metric and what it is asked of; `None` where the number is made of several.
    #[serde(skip)]
    pub metric: Option<RowMetric>,
    /// Its unit.
    pub unit: Unit,
    /// Whether less of it is better; `None` where neither is.
    pub less_is_better: Option<bool>,
    /// Of A; `None` without data.
    pub a: Option<Estimate>,
    /// Of B; `None` without data.
    pub b: Option<Estimate>,
    /// B minus A, pair by pair; `None` where either has no data.
    pub difference: Option<Estimate>,
    /// What became of it; `None` where it cannot be said: no data, or neither direction is better.
    pub change: Option<Change>,
    /// Pairs in which B is better, and pairs in which both have a value. Empty where neither direction is better.
    pub b_better_in: Option<(u32, u32)>,
    /// How many pairs would show a difference as great as is seen; only where none is seen, and `None` where there is none or it would
    /// take more than a million.
    pub would_tell: Option<u32>,
    /// How many times wider the interval would be without pairing; `None` without spread.
    pub narrower: Option<f64>,
    /// The values of A and B in each pair that has both, in the order of the replications; a percentile is that of the replication alone.
    #[serde(skip)]
    pub pairs: Vec<(f64, f64)>,
}

/// A promise or clause of both systems. `None` in the place of the one that does not make it.
#[derive(Debug, Clone, Serialize)]
pub struct PromiseRow {
    /// Its name; for a clause its text.
    pub name: String,
    /// Whether it is an invariant, which every single run has to keep.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub invariant: bool,
    /// The verdict on A.
    pub a_verdict: Option<Verdict>,
    /// The verdict on B.
    pub b_verdict: Option<Verdict>,
    /// Share of runs of A that keep it (Wilson).
    pub a: Option<Estimate>,
    /// Share of runs of B that keep it (Wilson).
    pub b: Option<Estimate>,
    /// B minus A in pairs of runs that both have data (Newcombe's interval for paired shares).
    pub difference: Option<Estimate>,
    /// Pairs in which only B keeps it, and in which only A does.
    pub only: (u32, u32),
    /// What became of it; `None` where it cannot be said.
    pub change: Option<Change>,
    /// How many pairs would show a difference as great as is seen; only where none is seen.
    pub would_tell: Option<u32>,
}
