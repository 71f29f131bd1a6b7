//! Metrics by their names, and what follows from each: its unit, of what it may be asked, and whether telemetry delivers it.

use super::doc::MetricDoc;
use super::listed::{CALLED, METRICS, TIMED};
use super::measure::Measure;
use super::metric::{Metric, SubjectKind};
use crate::data::Wrongness;
use crate::outcome::Outcome;
use crate::units::Percentile;

/// How a metric begins that tells the share of instances with at least so many requests.
const HOLDING: &str = "holding_";
/// The most requests that are asked of an instance so.
const HOLDING_MAX: u8 = crate::metrics::HOLDING as u8;

impl Metric {
    /// Whether it is a number of requests or of what they use, or a rate of them.
    pub fn is_of_requests(self) -> bool {
        matches!(
            self,
            Self::Rps
                | Self::Goodput
                | Self::Throughput
                | Self::QueueLength
                | Self::InSystem
                | Self::Holding(_)
                | Self::Counted(_)
                | Self::Average
                | Self::Most
                | Self::CpuTimeForNobody
                | Self::Records
                | Self::RecordsDropped
                | Self::Leaked
        )
    }

    /// The metric of a name.
    pub fn parse(name: &str) -> Option<Self> {
        if let Some(doc) = METRICS.iter().find(|doc| doc.name == name) {
            return Some(doc.metric);
        }
        let outcome = Outcome::ALL.into_iter().find(|o| o.name() == name).map(Self::Share);
        let wrong = || Wrongness::ALL.into_iter().find(|w| w.name() == name).map(Self::Wrong);
        let holding = || {
            let least = name.strip_prefix(HOLDING)?.parse().ok()?;
            (1..=HOLDING_MAX).contains(&least).then_some(Self::Holding(least))
        };
        let percentile = || name.strip_prefix('p').and_then(|_| Percentile::parse(name).ok()).map(Self::Percentile);
        outcome.or_else(wrong).or_else(percentile).or_else(holding)
    }

    /// All names, with the usual percentiles.
    pub fn names() -> Vec<String> {
        let named = METRICS.iter().map(|doc| doc.name);
        let outcomes = Outcome::ALL.into_iter().map(Outcome::name);
        let wrong = Wrongness::ALL.into_iter().map(Wrongness::name);
        named
            .chain(outcomes)
            .chain(wrong)
            .chain(["p50", "p90", "p95", "p99", "p99.9", "p99.99"])
            .map(str::to_owned)
            .chain((1..=HOLDING_MAX).map(|least| Self::Holding(least).name()))
            .collect()
    }

    fn doc(self) -> Option<&'static MetricDoc> {
        METRICS.iter().find(|doc| doc.metric == self)
    }

    /// As written.
    pub fn name(self) -> String {
        match self {
            Self::Share(outcome) => outcome.name().to_owned(),
            Self::Wrong(kind) => kind.name().to_owned(),
            Self::Percentile(percentile) => percentile.to_string(),
            Self::Holding(least) => format!("{HOLDING}{least}"),
            named => named.doc().map_or_else(String::new, |doc| doc.name.to_owned()),
        }
    }

    /// What it measures.
    pub fn measure(self) -> Measure {
        match self {
            Self::Share(_) | Self::Wrong(_) | Self::Holding(_) => Measure::Share,
            Self::Percentile(_) => Measure::TIME,
            named => named.doc().map_or(Measure::NUMBER, |doc| doc.measure),
        }
    }

    /// Whether it is a part of a whole, from 0 to 1. A share of a budget that is spent is none: more than all of it can be.
    pub fn is_part(self) -> bool {
        let of_budget = matches!(
            self,
            Self::BudgetLeft
                | Self::BudgetSpent
                | Self::BudgetAtDetection
                | Self::Hedged
                | Self::Amplification
                | Self::TreeAmplification
        );
        self == Self::Missed || self.measure() == Measure::Truth || (self.measure() == Measure::Share && !of_budget)
    }

    /// What it may be asked of.
    pub fn subjects(self) -> &'static [SubjectKind] {
        match self {
            Self::Share(_) => CALLED,
            Self::Holding(_) => &[SubjectKind::Service],
            Self::Wrong(_) => &[SubjectKind::Endpoint, SubjectKind::Service, SubjectKind::Load],
            Self::Percentile(_) => TIMED,
            named => named.doc().map_or(&[], |doc| doc.subjects),
        }
    }

    /// Whether telemetry delivers it.
    pub fn is_delivered(self) -> bool {
        match self {
            Self::Share(_) | Self::Wrong(_) | Self::Percentile(_) => true,
            named => named.doc().is_some_and(|doc| doc.delivered),
        }
    }

    /// Whether it is measured from a fault on and so needs `after NAME`.
    pub fn needs_fault(self) -> bool {
        matches!(self, Self::Recovery | Self::Drained | Self::TimeToOpen | Self::TimeToEject | Self::BudgetAtDetection)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_back() {
        for name in Metric::names() {
            let metric = Metric::parse(&name).unwrap_or_else(|| panic!("{name}"));
            assert_eq!(metric.name(), name);
            assert!(!metric.subjects().is_empty(), "{name}");
        }
        assert_eq!(Metric::parse("p99.99").unwrap().name(), "p99.99");
        assert_eq!(Metric::parse("p100"), None);
        assert_eq!(Metric::parse("holding_0"), None);
        assert_eq!(Metric::parse("holding_9"), None);
    }
}
