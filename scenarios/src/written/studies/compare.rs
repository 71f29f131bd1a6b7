//! The question `compare`.

use super::question::{Commanded, Known, Question};
use crate::written::named::Name;
use serde::{Deserialize, Serialize};
use sim_core::expression::Value;
use sim_core::problem::Problems;

/// Which of several variants is better, and by how much.
///
/// # What it models
/// Each replication of all variants sees the same arrivals and the same work, so that the interval is that of the difference and not
/// of two estimates.
///
/// # When to use it
/// To decide between two ways of building or setting the same system.
///
/// # Knobs
/// - `baseline`: name of a variant, or `base` for the file itself; required
/// - `against`: names of the variants that are compared with it; required
/// - `show`: metrics to compare beside promises, availability, latency and cost, default none
///
/// # Example
/// ```yaml
/// studies:
///   breaker-or-not: {ask: {compare: {baseline: no-breaker, against: [base, patient]}}}
/// ```
///
/// # Source
/// Common random numbers: Law, *Simulation Modeling and Analysis*, 5th ed., section 11.2.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompareSettings {
    /// The variant that the others are compared with; `base` is the file itself. Required.
    pub baseline: Name,
    /// The variants that are compared with it. Required.
    pub against: Vec<Name>,
    /// Metrics to compare beside promises, availability, latency and cost; default none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub show: Vec<Value>,
}

impl Question for CompareSettings {
    fn values(&self) -> Vec<&Value> {
        self.show.iter().collect()
    }

    fn check(&self, known: &Known<'_>, problems: &mut Problems) {
        problems.at("baseline", |p| known.variant(self.baseline.as_ref(), p));
        problems.at("against", |p| {
            for (place, name) in self.against.iter().enumerate() {
                p.at(place, |p| known.variant(name.as_ref(), p));
            }
        });
        known.shown(&self.show, problems);
    }
}

impl Commanded for CompareSettings {
    const CALLED: (&'static str, &'static str) = ("comparison", "comparisons");
}
