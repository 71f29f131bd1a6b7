//! Operating modes: which was in force when, in one replication and over all of them.

use super::{Estimate, Journal, JournalEntry, Span};
use serde::Serialize;

/// What became of the modes in one replication.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ModesRun {
    /// Which mode, by its place, was in force when; one span follows the other from time 0 to the end.
    pub spans: Vec<(usize, Span)>,
    /// Changes that were taken back because they made things worse.
    pub rollbacks: u64,
    /// What was decided and set, in the order of time.
    pub journal: Vec<JournalEntry>,
}

/// The modes over all replications.
#[derive(Debug, Clone, Serialize)]
pub struct ModesSummary {
    /// In the order of the file.
    pub modes: Vec<ModeSummary>,
    /// Changes from one mode to another, per replication.
    pub changes: Estimate,
    /// Changes back because of `rollback`, per replication.
    pub rollbacks: Estimate,
    /// The journal of the first replication in which a mode changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub journal: Option<Journal>,
}

/// One mode over all replications.
#[derive(Debug, Clone, Serialize)]
pub struct ModeSummary {
    /// Its name.
    pub name: String,
    /// Times that it was entered, per replication.
    pub entered: Estimate,
    /// Share of the time in which it was in force.
    pub share: Estimate,
    /// How long it was in force each time [s]; `None` where it never was.
    pub stays_s: Option<Estimate>,
    /// What it sets, in words, in order.
    pub actions: Vec<super::Words>,
}
