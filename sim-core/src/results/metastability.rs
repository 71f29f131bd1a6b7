//! A map of triggers against loads: where a system comes back by itself, and where it does not.

use super::{Estimate, Setting};
use serde::Serialize;

/// The answer of a metastability study: what `metastability.json` holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Metastability {
    /// Title of the scenario.
    pub scenario: String,
    /// The question that it asks.
    pub question: String,
    /// Name of the study in the file.
    pub study: String,
    /// Seed of all cells: replication i of each sees the same arrivals.
    pub seed: u64,
    /// Version of windtunnel that made it.
    pub version: String,
    /// Replications of each cell.
    pub replications: u32,
    /// Measured time of one replication [s].
    pub simulated_s: f64,
    /// Path of the trigger's size in the file.
    pub trigger: String,
    /// The fault that is the trigger.
    pub fault: String,
    /// Share of the goodput without the trigger from which on the system has recovered, from 0 to 1.
    pub recovered_when: f64,
    /// Sizes of the trigger, as asked.
    pub sizes: Vec<Setting>,
    /// The loads, from the lightest.
    pub loads: Vec<MapLoad>,
    /// The lightest load at which a trigger keeps the system down, by its place; `None` where none does.
    pub vulnerable_from: Option<usize>,
    /// The lightest load that the system does not carry without any trigger, by its place.
    pub overloaded_from: Option<usize>,
    /// Replications spent in all.
    pub spent: u32,
    /// Hash of the digests of all that was simulated, 16 hexadecimal digits.
    pub digest: String,
}

/// A column of the map.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MapLoad {
    /// As a factor of the file's load.
    pub load: f64,
    /// Requests of all load classes, without the trigger [s⁻¹].
    pub offered_per_s: Estimate,
    /// Good answers to them without the trigger, in the last quarter of the run [s⁻¹].
    pub goodput_per_s: Estimate,
    /// What the load is for the system.
    pub region: Region,
    /// Replications that carry the load without the trigger: only these are judged.
    pub healthy: u32,
    /// Replications without the trigger that a bound stopped.
    pub stopped: u32,
    /// By size of the trigger, as in [`Metastability::sizes`].
    pub cells: Vec<MapCell>,
    /// The smallest trigger after which no replication recovers, by its place; `None` where none is so large.
    pub never_recovers_from: Option<usize>,
}

/// A trigger of a size at a load.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MapCell {
    /// Stable, vulnerable, stuck or overloaded.
    pub region: Region,
    /// Replications that recover before the run ends.
    pub recovered: u32,
    /// Replications that are judged: healthy without the trigger, which struck and ended, and stopped by no bound.
    pub struck: u32,
    /// Replications that a bound stopped.
    pub stopped: u32,
    /// From the end of the trigger until the system has recovered [s], of those that do; `None` where none does.
    pub recovery_s: Option<Estimate>,
}

/// What a system does at a load, after a trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Region {
    /// It recovers, from this trigger and all others that were tried.
    Stable,
    /// It recovers from this trigger, and not from all others.
    Vulnerable,
    /// It does not recover, though it would carry the load without the trigger.
    Stuck,
    /// It does not carry the load, trigger or not.
    Overloaded,
}

impl Region {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::Vulnerable => "vulnerable",
            Self::Stuck => "stuck",
            Self::Overloaded => "overloaded",
        }
    }
}
