//! Records: what telemetry costs.

use super::meter::Meter;
use crate::names::Names;
use crate::problem::Problems;
use crate::results::Slice;
use serde::{Deserialize, Serialize};

/// Records of a telemetry pipeline that reach its sink.
///
/// # What it models
/// What a provider of logs, traces or metrics bills: each record that it takes. An attempt of a call that is recorded (`sample`) makes one record,
/// and each running instance `series` more with each scrape, so that a label with many values shows on the bill. What is lost before the sink, or
/// waits still, costs nothing. Without a `sink` each record is taken at once.
///
/// # When to use it
/// To ask what telemetry costs beside what it watches, and what a smaller sample or fewer labels save.
///
/// # Knobs
/// - `of`: telemetry pipeline; required
///
/// # Example
/// ```yaml
/// control:
///   telemetry:
///     traces: {every: 10s, sample: 10%, sink: {rate: 5k/s, capacity: 100k, series: 200}}
/// costs:
///   tracing: {meter: {records: {of: traces}}, price: $1.70/1M}
/// ```
///
/// # Source
/// Price lists of providers: a million spans that are indexed, a million log events, a hundred custom metrics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordsSettings {
    /// Of which pipeline.
    pub of: String,
}

impl RecordsSettings {
    pub(super) fn compile(&self, names: &Names, problems: &mut Problems) -> Option<Meter> {
        Some(Meter::Records { of: names.pipeline("of", &self.of, problems)? })
    }
}

/// Records that have reached the sink in one slice.
pub(super) fn metered(slice: &Slice, of: usize) -> f64 {
    slice.pipelines.get(of).map_or(0.0, |counts| counts.arrived as f64)
}
