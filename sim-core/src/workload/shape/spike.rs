//! A spike: higher for a while.

use super::{Piece, level, signed};
use crate::problem::Problems;
use crate::units::{Factor, SimDuration};
use serde::{Deserialize, Serialize};

/// The load is multiplied for a while, and then is as before.
///
/// # What it models
/// A push message, an advertisement on television, a cron job of a thousand clients.
///
/// # When to use it
/// To see whether queues drain and retries calm down after a burst.
///
/// # Knobs
/// - `at`: start, duration from time 0, default 0s
/// - `for`: length, duration; required
/// - `factor`: by which the rate is multiplied, factor; required
///
/// # Example
/// ```yaml
/// shape: [{spike: {at: 5m, for: 60s, factor: 1.5}}]
/// ```
///
/// # Source
/// Bronson et al., Metastable failures in distributed systems, `HotOS` 2021 (triggers).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpikeSettings {
    /// Start, from time 0.
    #[serde(default)]
    pub at: SimDuration,
    /// Length.
    #[serde(rename = "for")]
    pub length: SimDuration,
    /// By what the rate is multiplied.
    pub factor: Factor,
}

impl SpikeSettings {
    /// A spike of no length is none.
    pub fn validate(&self, problems: &mut Problems) {
        if self.length.is_zero() {
            problems.error("for", "a spike that lasts no time changes nothing");
        }
    }

    pub(super) fn factor(&self, t_ns: i64) -> f64 {
        self.piece(t_ns).bound
    }

    pub(super) fn piece(&self, t_ns: i64) -> Piece {
        level(t_ns, signed(self.at), signed(self.at.saturating_add(self.length)), self.factor)
    }
}
