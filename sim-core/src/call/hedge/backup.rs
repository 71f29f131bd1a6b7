//! Backup requests: again when the answer is late.

use super::{After, validate_copies};
use crate::problem::Problems;
use crate::units::{Count, Percent, Percentile};
use serde::{Deserialize, Serialize};

/// A call whose answer is late is sent to another instance too, and the first answer counts.
///
/// # What it models
/// When a call is not answered `after` a time, a second copy goes to an instance that has none of it yet, if there is one; so on, up to
/// `max_attempts` copies. The first answer ends the call. The losers go on working, unless the call says `cancel: true`, which stops them
/// at once. Each copy is an attempt with the call's timeout, breaker and retries of its own. A call all of whose copies have failed
/// fails, and does not wait for a backup that was still to come: a backup is against slowness, `retry` against failures. A percentile is
/// that of the last 1000 answered calls of one caller instance, with their hedges; before 100 of them there is no backup.
///
/// # When to use it
/// Against long tails that hit one instance at a time, for work that may be done twice. At p95 it costs about 5 % more requests; where all
/// instances are slow at once it only adds load, which `extra_load` bounds.
///
/// # Knobs
/// - `after`: how late, `{time: 10ms}` or `{percentile: p95}`, default p95
/// - `max_attempts`: copies with the first, count, default 2
/// - `extra_load`: backups as a share of the calls of the last 10s, percent, default 100%
///
/// # Example
/// ```yaml
/// hedge: {backup: {after: {percentile: p95}, extra_load: 5%}}
/// ```
///
/// # Source
/// J. Dean and L. A. Barroso, "The Tail at Scale", CACM 56(2), 2013; Finagle `BackupRequestFilter`; gRPC proposal A6.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BackupSettings {
    /// How late an answer is when the next copy is sent.
    pub after: After,
    /// Copies with the first.
    pub max_attempts: Count,
    /// Backups as a share of the calls of the last 10s.
    pub extra_load: Percent,
}

impl Default for BackupSettings {
    fn default() -> Self {
        Self {
            after: After::Percentile(Percentile::P95),
            max_attempts: Count::new(2),
            extra_load: Percent::new(1.0).unwrap_or_default(),
        }
    }
}

impl BackupSettings {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        validate_copies("max_attempts", self.max_attempts, problems);
        if self.extra_load.fraction() <= 0.0 {
            problems.error("extra_load", "a backup that may cost nothing is never sent").hint =
                Some("write extra_load: 5%, or remove hedge".into());
        }
    }
}
