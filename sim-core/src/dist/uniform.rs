//! The uniform distribution.

use crate::problem::Problems;
use crate::units::SimDuration;
use serde::{Deserialize, Serialize};

/// All durations between two are equally likely.
///
/// # What it models
/// Constant density between `from` and `to`.
///
/// # When to use it
/// Where only bounds are known: a start-up of 20 to 60 s.
///
/// # Knobs
/// - `from`: duration, required
/// - `to`: duration, required
///
/// # Example
/// ```yaml
/// start_up: {uniform: {from: 20s, to: 60s}}
/// ```
///
/// # Source
/// Textbook.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UniformSettings {
    /// The shortest duration.
    pub from: SimDuration,
    /// The longest duration.
    pub to: SimDuration,
}

impl UniformSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.from >= self.to {
            problems.error("to", "the longest is not longer than the shortest").label =
                Some(format!("from is {}", self.from));
        }
    }
}
