//! Runbooks: when they were begun and what was done, in one replication and over all of them.

use super::{Estimate, Journal, JournalEntry, Words};
use serde::Serialize;

/// One time that a runbook was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Response {
    /// When its alert began it [ns from time 0].
    pub begun_ns: i64,
    /// When its first action was begun [ns from time 0]; `None` where the run ended before.
    pub acted_ns: Option<i64>,
    /// When its last action was done [ns from time 0]; `None` where the run ended before.
    pub ended_ns: Option<i64>,
}

/// What became of a runbook in one replication.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunbookRun {
    /// The times that it was begun, in their order.
    pub responses: Vec<Response>,
    /// What was done, in the order of time.
    pub journal: Vec<JournalEntry>,
}

/// A runbook over all replications.
#[derive(Debug, Clone, Serialize)]
pub struct RunbookSummary {
    /// Its name.
    pub name: String,
    /// The alert that begins it.
    pub alert: String,
    /// Who does it; `None` is automation.
    pub by: Option<String>,
    /// What its actions do, in words, in their order.
    pub actions: Vec<Words>,
    /// Times that it was begun, per replication.
    pub begun: Estimate,
    /// Replications in which it was begun.
    pub runs: u32,
    /// From its alert to the begin of its first action [s]; `None` where it never came to that.
    pub acts_after_s: Option<Estimate>,
    /// From its alert until its last action was done [s]; `None` where that never was.
    pub done_after_s: Option<Estimate>,
    /// The journal of the first replication in which it was begun.
    pub journal: Option<Journal>,
}
