//! Speculative copies: several times at once.

use super::validate_copies;
use crate::problem::Problems;
use crate::units::Count;
use serde::{Deserialize, Serialize};

/// A call is sent several times at once, and the first answer counts.
///
/// # What it models
/// `copies` copies go to different instances at the same moment, as far as there are so many. The first answer ends the call; the losers
/// go on working unless the call says `cancel: true`. Each copy is an attempt with the call's timeout, breaker and retries of its own.
///
/// # When to use it
/// For short and cheap work on instances with much room. The load is that of all copies, so it makes queues longer for all.
///
/// # Knobs
/// - `copies`: of each call, count, default 2
///
/// # Example
/// ```yaml
/// hedge: {speculative: {copies: 2}}
/// ```
///
/// # Source
/// A. Vulimiri et al., "Low Latency via Redundancy", 2013; gRPC proposal A6 with `hedgingDelay` 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SpeculativeSettings {
    /// Copies of each call.
    pub copies: Count,
}

impl Default for SpeculativeSettings {
    fn default() -> Self {
        Self { copies: Count::new(2) }
    }
}

impl SpeculativeSettings {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        validate_copies("copies", self.copies, problems);
    }
}
