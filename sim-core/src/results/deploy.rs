//! Deploys: what became of each rollout, in one replication and over all of them.

use super::{Course, Estimate, Journal, JournalEntry, Words};
use crate::ids::FaultId;
use serde::Serialize;

/// A deploy in one replication.
#[derive(Debug, Clone, PartialEq)]
pub struct DeployRun {
    /// The fault that it is.
    pub fault: FaultId,
    /// What became of it: aborted where it was halted, cut short where the run ended before its last step had had its time.
    pub course: Course,
    /// From its begin until it was halted [s].
    pub halted_after_s: Option<f64>,
    /// From then until the last instance was back on its old version [s].
    pub back_after_s: Option<f64>,
    /// Whether what halts it was looked at and never had data, so that nothing could halt it.
    pub is_blind: bool,
    /// What was done and observed, in the order of time.
    pub journal: Vec<JournalEntry>,
}

/// A deploy over all replications.
#[derive(Debug, Clone, Serialize)]
pub struct DeploySummary {
    /// The name of the fault.
    pub name: String,
    /// What it does, in words.
    pub says: Words,
    /// What halts it, as written; empty where nothing does.
    #[serde(skip_serializing_if = "Words::is_empty")]
    pub halt_when: Words,
    /// The version that it brings.
    pub version: String,
    /// Replications in which it began.
    pub ran: u32,
    /// Replications in which what halts it was looked at and never had data.
    pub blind: u32,
    /// Replications in which its last step had its time.
    pub completed: u32,
    /// Replications in which it was halted.
    pub halted: u32,
    /// Share of the replications in which it began that halted it, with its Wilson interval; `None` where it never began.
    pub halted_share: Option<Estimate>,
    /// From its begin until it was halted [s]; `None` where it never was.
    pub halted_after_s: Option<Estimate>,
    /// From the halt until the last instance was back on its old version [s]; `None` where it never was.
    pub back_after_s: Option<Estimate>,
    /// Journals of the first replication and of the first that halted it, each once.
    pub journals: Vec<Journal>,
}
