//! Stretches of a finished run, seen with all its truth.

use crate::data::Wrongness;
use crate::expression::View;
use crate::ids::{EdgeId, ServiceId, VersionId};
use crate::metrics::{Histogram, LevelAt, LevelSums, PartAt, TimedSums, VersionCounts};
use crate::observe::Observed;
use crate::results::{EdgeCounts, Period, RunResult, ServiceCounts, Slice, Span};

/// Stretches of a run, seen with all its truth.
#[derive(Debug, Clone)]
pub struct Stretch<'a> {
    run: &'a RunResult,
    spans: Vec<Span>,
    by_slice: bool,
}

impl<'a> Stretch<'a> {
    /// Stretches that begin and end with faults or the run, so that latency is known of all calls.
    pub fn new(run: &'a RunResult, spans: Vec<Span>) -> Self {
        let by_slice = !spans.iter().all(|span| is_of_periods(run, *span));
        Self { run, spans, by_slice }
    }

    /// Any stretch; latency is known of calls by load classes only.
    pub fn by_slice(run: &'a RunResult, span: Span) -> Self {
        Self { run, spans: vec![span], by_slice: true }
    }

    fn slices(&self) -> impl Iterator<Item = &'a Slice> {
        self.spans.iter().flat_map(|span| self.run.slices_in(*span))
    }

    fn periods(&self) -> impl Iterator<Item = &'a Period> {
        let run = self.run;
        self.spans.iter().flat_map(move |span| run.periods.iter().filter(|p| within(p.from_ns, *span)))
    }
}

fn within(from_ns: u64, span: Span) -> bool {
    let from_ns = from_ns as i64;
    from_ns >= span.from_ns && from_ns < span.to_ns
}

/// Whether a stretch begins and ends where periods do.
fn is_of_periods(run: &RunResult, span: Span) -> bool {
    let (whole, from, to) = (run.whole(), span.from_ns, span.to_ns);
    let begins = from <= 0 || run.periods.iter().any(|p| p.from_ns as i64 == from);
    let ends = to >= whole.to_ns || run.periods.iter().any(|p| p.to_ns as i64 == to);
    begins && ends
}

impl Observed for Stretch<'_> {
    fn seconds(&self) -> f64 {
        self.slices().map(|slice| (slice.to_ns - slice.from_ns) as f64 / 1e9).sum()
    }

    fn edge(&self, edge: EdgeId) -> EdgeCounts {
        let mut sum = EdgeCounts::default();
        self.slices().for_each(|slice| sum.add(&slice.edges[edge.index()]));
        sum
    }

    fn service(&self, service: ServiceId) -> ServiceCounts {
        let mut sum = ServiceCounts::default();
        self.slices().for_each(|slice| sum.add(&slice.services[service.index()]));
        sum
    }

    fn wrong(&self, edge: EdgeId, kind: Wrongness) -> u64 {
        let all = self.slices().flat_map(|slice| &slice.wrong);
        all.filter(|(of, what, _)| *of == edge && *what == kind as u8).map(|(_, _, counts)| counts.replies()).sum()
    }

    fn add_latency(&self, edge: EdgeId, view: View, to: &mut Histogram) {
        if self.by_slice {
            let all = self.slices().flat_map(|slice| &slice.entry_latency);
            all.filter(|(of, _)| *of == edge).for_each(|(_, latency)| to.add_sparse(latency));
            return;
        }
        for period in self.periods() {
            let calls = period.call_latency.get(edge.index()).filter(|latency| !latency.buckets.is_empty());
            match (view, calls) {
                (View::Calls, Some(calls)) => to.add_sparse(calls),
                _ => to.add_sparse(&period.latency[edge.index()]),
            }
        }
    }

    fn add_times(&self, of: PartAt, to: &mut Histogram) {
        self.periods().for_each(|period| to.add_sparse(period.timed(of)));
    }

    fn timed(&self, of: PartAt) -> TimedSums {
        let mut sum = TimedSums::default();
        self.slices().for_each(|slice| sum.add(&slice.timed(of)));
        sum
    }

    fn level(&self, of: LevelAt) -> LevelSums {
        let mut sum = LevelSums::default();
        self.slices().for_each(|slice| sum.add(&slice.level(of)));
        sum
    }

    fn version(&self, edge: EdgeId, version: VersionId) -> VersionCounts {
        let mut sum = VersionCounts::default();
        self.slices().filter_map(|slice| slice.versions.get(&(edge, version))).for_each(|counts| sum.add(counts));
        sum
    }

    fn add_version_latency(&self, edge: EdgeId, version: VersionId, to: &mut Histogram) {
        self.periods()
            .filter_map(|period| period.versions.get(&(edge, version)))
            .for_each(|times| to.add_sparse(times));
    }
}

/// The parts of stretches that lie within another one.
pub(super) fn cut(spans: &[Span], by: Span) -> Vec<Span> {
    let parts = spans.iter().map(|s| Span { from_ns: s.from_ns.max(by.from_ns), to_ns: s.to_ns.min(by.to_ns) });
    parts.filter(|span| span.from_ns < span.to_ns).collect()
}
