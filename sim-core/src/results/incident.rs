//! Incidents: what was opened, who was told, and who answered, in one replication and over all of them.

use super::{Estimate, Journal, JournalEntry};
use serde::Serialize;

/// One incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentRun {
    /// When it was opened [ns from time 0].
    pub opened_ns: i64,
    /// When its last alert ceased to fire [ns from time 0]; `None` where one still did as the run ended.
    pub closed_ns: Option<i64>,
    /// The highest that it was, from 1 to 5.
    pub severity: u8,
    /// Its alerts, by their places, in the order in which they joined, each once.
    pub alerts: Vec<usize>,
    /// Alerts that joined, one for each instance that an alert `per: instance` accuses.
    pub raised: u32,
    /// When somebody was first told [ns from time 0].
    pub paged_ns: Option<i64>,
    /// When somebody first acknowledged [ns from time 0].
    pub acked_ns: Option<i64>,
    /// People who were told because others did not answer in time.
    pub escalations: u32,
}

/// All incidents of one replication.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct IncidentsRun {
    /// In the order in which they were opened, the first 10,000.
    pub all: Vec<IncidentRun>,
    /// When people were told [ns from time 0].
    pub notified_ns: Vec<i64>,
    /// How often somebody was not told because of the limit.
    pub suppressed: u64,
    /// Alerts that were silent.
    pub silenced: u64,
    /// Incidents that were not opened because there were too many.
    pub left_out: u64,
    /// What happened, in the order of time.
    pub journal: Vec<JournalEntry>,
}

/// Incidents over all replications.
#[derive(Debug, Clone, Serialize)]
pub struct IncidentsSummary {
    /// Alerts that were raised, per replication.
    pub raised: Estimate,
    /// Incidents that were opened, per replication.
    pub incidents: Estimate,
    /// Times that people were told, per replication.
    pub notifications: Estimate,
    /// Times that somebody was not told because of the limit, per replication.
    pub suppressed: Estimate,
    /// Alerts that were silent, per replication.
    pub silenced: Estimate,
    /// People who were told because others did not answer in time, per replication.
    pub escalations: Estimate,
    /// Mean of the highest severity of each incident; `None` without incidents.
    pub severity: Option<Estimate>,
    /// From the opening of an incident until somebody acknowledged [s]; `None` where nobody ever did.
    pub acknowledged_after_s: Option<Estimate>,
    /// From the opening of an incident until its alerts were silent again [s]; `None` where that never was.
    pub lasted_s: Option<Estimate>,
    /// The journal of the first replication that had an incident.
    pub journal: Option<Journal>,
}
