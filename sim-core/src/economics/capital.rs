//! Capital: what was bought, and is written off.

use super::meter::Meter;
use crate::problem::Problems;
use crate::units::SimDuration;
use serde::{Deserialize, Serialize};

/// What was bought at once, written off in equal parts.
///
/// # What it models
/// The price is what was paid at the begin. Each stretch of time costs its part of the time over which that is written off, whatever runs.
/// A cost item each for what is bought at several times.
///
/// # When to use it
/// For racks, machines and licences that are bought and not rented, so that they stand in one bill with what is.
///
/// # Knobs
/// - `over`: the time over which it is written off, duration such as `36month`; required
///
/// # Example
/// ```yaml
/// costs:
///   racks: {meter: {capital: {over: 36month}}, price: $90k}
/// ```
///
/// # Source
/// Straight-line depreciation: L. A. Barroso, U. Hölzle, P. Ranganathan, *The Datacenter as a Computer*, 3rd ed. 2018, chapter 6.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CapitalSettings {
    /// The time over which it is written off.
    pub over: SimDuration,
}

impl CapitalSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.over.is_zero() {
            problems.error("over", "what was bought cannot be written off in no time").hint =
                Some("write a time such as 36month".into());
        }
    }

    pub(super) fn compile(&self) -> Option<Meter> {
        (!self.over.is_zero()).then(|| Meter::Capital { over_s: self.over.secs() })
    }
}
