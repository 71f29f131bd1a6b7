//! Leaks: what it costs that something left which must not.

use super::meter::Meter;
use crate::names::Names;
use crate::problem::Problems;
use crate::results::Slice;
use crate::units::Probability;
use serde::{Deserialize, Serialize};

/// Records that left with what must never leave.
///
/// # What it models
/// A record that holds what must never leave (`sensitive`), and that nothing has redacted, counts when the queue to the sink, or with `block` the
/// buffer of its agent, takes it, whether it reaches the sink or not. A new record that is dropped because there is no room does not count. With
/// `drop_oldest` there is room for every new record, and what it drops has counted before. It is the metric `leaked`, with a price: it belongs to
/// what being wrong costs, as a wrong reply does.
///
/// # When to use it
/// To put a price on redaction that is left out or does not find all, beside what redaction and telemetry cost.
///
/// # Knobs
/// - `of`: telemetry pipeline with `sensitive` records; required
/// - `percent`: the part of them that costs, percentage, default 100%
///
/// # Example
/// ```yaml
/// control:
///   telemetry:
///     logs: {sensitive: 2%, redact: {work: 50us, covers: 99.9%}}
/// costs:
///   fines: {meter: {leaks: {of: logs, percent: 0.1%}}, price: $100}
/// ```
///
/// # Source
/// IBM, Cost of a Data Breach Report: a cost for each record of customers that is lost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeaksSettings {
    /// Of which pipeline.
    pub of: String,
    /// The part of them that costs.
    #[serde(default = "all")]
    pub percent: Probability,
}

fn all() -> Probability {
    Probability::ONE
}

impl LeaksSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.percent.value() <= 0.0 {
            problems.error("percent", "0% of the leaks cost nothing").hint = Some("remove the item".into());
        }
    }

    pub(super) fn compile(&self, names: &Names, problems: &mut Problems) -> Option<Meter> {
        Some(Meter::Leaks { of: names.pipeline("of", &self.of, problems)?, share: self.percent.value() })
    }
}

/// Records that have left in one slice with what must never leave.
pub(super) fn metered(slice: &Slice, of: usize) -> f64 {
    slice.pipelines.get(of).map_or(0.0, |counts| counts.leaked as f64)
}
