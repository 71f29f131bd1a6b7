//! What became of the records of telemetry pipelines.

use crate::expression::Metric;
use crate::results::{PipelineCounts, RunResult, Span};

/// Records of a pipeline, by its place, in stretches of a run: those taken, those lost, or those that leaked. `None` where nothing counts them.
pub fn counted(metric: Metric, place: usize, run: &RunResult, spans: &[Span]) -> Option<f64> {
    let of = |counts: &PipelineCounts| match metric {
        Metric::Records => counts.records,
        Metric::RecordsDropped => counts.dropped,
        _ => counts.leaked,
    };
    let slices = spans.iter().flat_map(|span| run.slices_in(*span));
    let counts: Option<Vec<u64>> = slices.map(|slice| slice.pipelines.get(place).map(of)).collect();
    counts.map(|counts| counts.iter().sum::<u64>() as f64)
}
