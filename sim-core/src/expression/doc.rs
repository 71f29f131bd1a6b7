//! What the reference says of a metric.

use super::measure::Measure;
use super::metric::{Metric, SubjectKind};

/// A line of the reference: a metric, what it measures, of what.
#[derive(Debug, Clone, Copy)]
pub struct MetricDoc {
    /// As written.
    pub name: &'static str,
    /// What it is.
    pub says: &'static str,
    /// Its unit.
    pub measure: Measure,
    /// What it may be asked of.
    pub subjects: &'static [SubjectKind],
    /// Whether telemetry delivers it, so that alerts and scalers may read it.
    pub delivered: bool,
    pub(super) metric: Metric,
}

pub(super) const fn doc(
    metric: Metric,
    name: &'static str,
    measure: Measure,
    subjects: &'static [SubjectKind],
    delivered: bool,
    says: &'static str,
) -> MetricDoc {
    MetricDoc { name, says, measure, subjects, delivered, metric }
}
