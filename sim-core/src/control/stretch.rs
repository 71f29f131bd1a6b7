//! What a pipeline has delivered of the latest stretch of time: sums that follow it scrape by scrape.
//!
//! A scrape is added when it is delivered and taken out again when the window has passed it, so that a reading costs the same whatever
//! the length of its window. Sums are of integers, so that what is taken out leaves nothing behind.

use super::pods::PodCounts;
use super::scrape::Scrape;
use crate::counters::WAIT;
use crate::data::Wrongness;
use crate::expression::{Metric, Resolved, Subject, View, Window};
use crate::ids::{EdgeId, InstanceId, ServiceId, VersionId};
use crate::metrics::{ByLevel, ByPart, ByVersion, Histogram, LevelAt, LevelSums, PartAt, TimedSums, VersionCounts};
use crate::observe::{Observed, arrived, carried, edges_of, times_of_link};
use crate::results::{EdgeCounts, PipelineCounts, ServiceCounts, Slice};
use crate::topology::Topology;
use crate::units::SimDuration;
use std::collections::{BTreeMap, VecDeque};

/// Sums over a window that moves.
#[derive(Debug, Clone)]
pub(super) struct Stretch {
    window: Option<Window>,
    /// How long ago it ends [ns].
    offset_ns: u64,
    /// Whether it is the readings that a z-score is made of, one by one.
    is_scored: bool,
    /// The metric whose single times are counted, of `over last 1000`.
    counted: Option<(Resolved, Vec<EdgeId>)>,
    /// Number of its first scrape, and of the one after its last, from the start of the run.
    first: u64,
    next: u64,
    length_ns: u64,
    /// Single times in it.
    times: u64,
    edges: Vec<EdgeCounts>,
    services: Vec<ServiceCounts>,
    wrong: BTreeMap<(EdgeId, u8), u64>,
    latency: Vec<((EdgeId, View), Histogram)>,
    timed: Vec<(PartAt, Histogram)>,
    sums: ByPart<TimedSums>,
    levels: ByLevel<LevelSums>,
    versions: ByVersion<VersionCounts>,
    version_latency: ByVersion<Histogram>,
    ages_ns: Vec<u64>,
    pipelines: Vec<PipelineCounts>,
    /// When its last scrape was taken [ns].
    taken_ns: u64,
    pods: BTreeMap<InstanceId, PodCounts>,
}

/// How long ago a reader looks [ns].
fn offset_ns(metric: &Resolved) -> u64 {
    metric.scope.offset.map_or(0, SimDuration::ns)
}

/// The call sites whose latency these readers look at, by attempt or by call.
pub(super) fn latency_read(topology: &Topology, readers: &[&Resolved]) -> Vec<(EdgeId, View)> {
    let mut all: Vec<(EdgeId, View)> = Vec::new();
    for metric in readers.iter().filter(|m| matches!(m.metric, Metric::Percentile(_))) {
        let (edges, view) = edges_of(topology, metric);
        all.extend(edges.into_iter().map(|edge| (edge, view)));
    }
    all.sort_unstable_by_key(|(edge, view)| (*edge, *view == View::Calls));
    all.dedup();
    all
}

/// The timed parts that these readers look at.
pub(super) fn times_read(readers: &[&Resolved]) -> Vec<PartAt> {
    let percentiles = readers.iter().filter(|m| matches!(m.metric, Metric::Percentile(_) | Metric::Starts));
    let mut parts: Vec<PartAt> = percentiles
        .flat_map(|metric| match &metric.subject {
            Subject::Timed(parts) => parts.clone(),
            Subject::Probe(ways) => arrived(ways),
            Subject::Link(ways) => times_of_link(ways, metric.metric),
            _ => Vec::new(),
        })
        .collect();
    parts.sort_unstable();
    parts.dedup();
    parts
}

impl Stretch {
    /// Sums for all readers that look back as far as this one.
    pub(super) fn new(topology: &Topology, reader: &Resolved, readers: &[&Resolved]) -> Self {
        let window = reader.scope.window;
        let is_counted = matches!(window, Some(Window::Last(_)));
        let mut stretch = Self {
            window,
            offset_ns: offset_ns(reader),
            is_scored: reader.scope.baseline.is_some(),
            counted: is_counted.then(|| (reader.clone(), edges_of(topology, reader).0)),
            first: 0,
            next: 0,
            length_ns: 0,
            times: 0,
            edges: vec![EdgeCounts::default(); topology.edges.len()],
            services: vec![ServiceCounts::default(); topology.services.len()],
            wrong: BTreeMap::new(),
            latency: Vec::new(),
            timed: Vec::new(),
            sums: ByPart::new(),
            levels: ByLevel::new(),
            versions: ByVersion::new(),
            version_latency: ByVersion::new(),
            ages_ns: Vec::new(),
            pipelines: Vec::new(),
            taken_ns: 0,
            pods: BTreeMap::new(),
        };
        let served: Vec<&Resolved> = readers.iter().copied().filter(|metric| stretch.serves(metric)).collect();
        stretch.latency = latency_read(topology, &served).into_iter().map(|of| (of, Histogram::new())).collect();
        stretch.timed = times_read(&served).into_iter().map(|of| (of, Histogram::new())).collect();
        stretch
    }

    /// One for each window that readers look back at.
    pub fn all(topology: &Topology, readers: &[&Resolved]) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for reader in readers.iter().filter(|reader| reader.scope.baseline.is_none()) {
            if !all.iter().any(|stretch| stretch.serves(reader)) {
                all.push(Self::new(topology, reader, readers));
            }
        }
        all
    }

    /// Whether this is what a metric reads.
    pub fn serves(&self, metric: &Resolved) -> bool {
        self.window == metric.scope.window
            && self.offset_ns == offset_ns(metric)
            && self.is_scored == metric.scope.baseline.is_some()
            && self.counted.as_ref().is_none_or(|(counted, _)| counted == metric)
    }

    /// Whether nothing has been delivered yet. What is compared with has no data before its window is full: the first minutes of a history would
    /// stand for an hour.
    pub fn is_empty(&self) -> bool {
        let is_full = !matches!(self.window, Some(Window::Over(time)) if self.length_ns < time.ns());
        self.first == self.next || (self.offset_ns > 0 && !is_full)
    }

    /// Number of the first scrape that it still needs.
    pub fn needs_from(&self) -> u64 {
        self.first
    }

    /// Goes on to all scrapes that are delivered. `scrapes` are those that are kept, the first of which has the number `kept_from`.
    pub fn advance(&mut self, scrapes: &VecDeque<Scrape>, kept_from: u64, delivered_ns: u64) {
        while self.takes_next(scrapes, kept_from, delivered_ns) {}
    }

    /// Goes on to the next scrape, if one is delivered that was taken until `delivered_ns`.
    pub fn takes_next(&mut self, scrapes: &VecDeque<Scrape>, kept_from: u64, delivered_ns: u64) -> bool {
        let of = |number: u64| scrapes.get((number - kept_from) as usize);
        let Some(scrape) = of(self.next).filter(|scrape| scrape.to_ns + self.offset_ns <= delivered_ns) else {
            return false;
        };
        self.add(scrape);
        self.next += 1;
        while let Some(first) = of(self.first).filter(|first| self.is_enough_without(first)) {
            self.take_out(first);
            self.first += 1;
        }
        true
    }

    /// When its last scrape was taken [ns].
    pub fn taken_ns(&self) -> u64 {
        self.taken_ns
    }

    /// Latency of these call sites is kept too.
    pub fn also_keeps(&mut self, sites: &[(EdgeId, View)]) {
        for site in
            sites.iter().filter(|site| !self.latency.iter().any(|(of, _)| of == *site)).copied().collect::<Vec<_>>()
        {
            self.latency.push((site, Histogram::new()));
        }
    }

    /// How old the newest reading of a pipeline was at the latest scrape [ns].
    pub fn age_ns(&self, pipeline: usize) -> Option<u64> {
        self.ages_ns.get(pipeline).copied()
    }

    /// What it holds as a slice of a run, for the meters of a bill. Wrong replies are not in it.
    pub fn as_slice(&self) -> Slice {
        let entry_latency = self.latency.iter().filter(|((_, view), _)| *view == View::Attempts);
        Slice {
            to_ns: self.length_ns,
            edges: self.edges.clone(),
            services: self.services.clone(),
            pipelines: self.pipelines.clone(),
            entry_latency: entry_latency
                .map(|((edge, _), times)| (*edge, times.since(&mut Histogram::new())))
                .collect(),
            ..Slice::default()
        }
    }

    /// Whether the window is full without its first scrape. The last one always stays.
    fn is_enough_without(&self, first: &Scrape) -> bool {
        if self.next == self.first + 1 {
            return false;
        }
        let rest_ns = self.length_ns - first.length_ns();
        match self.window {
            None => true,
            Some(Window::Over(time)) => rest_ns >= time.ns(),
            // Single times are not kept: the latest scrapes stand for them, an hour back at most.
            Some(Window::Last(count)) => {
                self.times - self.times_in(first) >= count || rest_ns >= SimDuration::HOUR.ns()
            }
        }
    }

    /// How many single times of the counted metric a scrape holds.
    fn times_in(&self, scrape: &Scrape) -> u64 {
        let Some((metric, edges)) = &self.counted else { return 0 };
        match &metric.subject {
            Subject::Timed(parts) => parts.iter().map(|of| scrape.timed(*of).count).sum(),
            Subject::Probe(ways) => arrived(ways).iter().map(|of| scrape.timed(*of).count).sum(),
            Subject::Link(ways) => carried(ways).iter().map(|of| scrape.timed(*of).count).sum(),
            _ if metric.scope.version.is_some() => {
                let of =
                    |edge: &EdgeId| metric.scope.version.and_then(|version| scrape.versions.get(&(*edge, version)));
                edges.iter().filter_map(of).map(|counts| counts.outcomes[..2].iter().sum::<u64>()).sum()
            }
            _ => edges.iter().map(|edge| scrape.edges[edge.index()].outcomes[..2].iter().sum::<u64>()).sum(),
        }
    }

    fn add(&mut self, scrape: &Scrape) {
        self.ages_ns.clone_from(&scrape.ages_ns);
        self.pipelines.resize(self.pipelines.len().max(scrape.pipelines.len()), PipelineCounts::default());
        self.pipelines.iter_mut().zip(&scrape.pipelines).for_each(|(sum, one)| sum.add(one));
        self.taken_ns = scrape.to_ns;
        self.length_ns += scrape.length_ns();
        self.times += self.times_in(scrape);
        self.edges.iter_mut().zip(&scrape.edges).for_each(|(sum, one)| sum.add(one));
        self.services.iter_mut().zip(&scrape.services).for_each(|(sum, one)| sum.add(one));
        for &(edge, kind, count) in &scrape.wrong {
            *self.wrong.entry((edge, kind)).or_insert(0) += count;
        }
        for (of, sum) in &mut self.latency {
            scrape.latency.iter().filter(|(one, _)| one == of).for_each(|(_, latency)| sum.add_sparse(latency));
        }
        for (of, sum) in &mut self.timed {
            scrape.times.iter().filter(|(one, _)| one == of).for_each(|(_, times)| sum.add_sparse(times));
        }
        for (of, one) in &scrape.sums {
            self.sums.entry(*of).or_default().add(one);
        }
        for (of, one) in &scrape.levels {
            self.levels.entry(*of).or_default().add(one);
        }
        for (of, one) in &scrape.versions {
            self.versions.entry(*of).or_default().add(one);
        }
        for (of, one) in &scrape.version_latency {
            self.version_latency.entry(*of).or_default().add_sparse(one);
        }
        for (instance, one) in &scrape.pods {
            self.pods.entry(*instance).or_default().add(one);
        }
    }

    fn take_out(&mut self, scrape: &Scrape) {
        self.pipelines.iter_mut().zip(&scrape.pipelines).for_each(|(sum, one)| sum.take_out(one));
        self.length_ns -= scrape.length_ns();
        self.times -= self.times_in(scrape);
        self.edges.iter_mut().zip(&scrape.edges).for_each(|(sum, one)| sum.take_out(one));
        self.services.iter_mut().zip(&scrape.services).for_each(|(sum, one)| sum.take_out(one));
        for &(edge, kind, count) in &scrape.wrong {
            if let Some(sum) = self.wrong.get_mut(&(edge, kind)) {
                *sum -= count;
            }
        }
        for (of, sum) in &mut self.latency {
            scrape.latency.iter().filter(|(one, _)| one == of).for_each(|(_, latency)| sum.take_out_sparse(latency));
        }
        for (of, sum) in &mut self.timed {
            scrape.times.iter().filter(|(one, _)| one == of).for_each(|(_, times)| sum.take_out_sparse(times));
        }
        for (of, one) in &scrape.sums {
            self.sums.entry(*of).or_default().take_out(one);
        }
        for (of, one) in &scrape.levels {
            self.levels.entry(*of).or_default().take_out(one);
        }
        for (of, one) in &scrape.versions {
            self.versions.entry(*of).or_default().take_out(one);
        }
        for (of, one) in &scrape.version_latency {
            self.version_latency.entry(*of).or_default().take_out_sparse(one);
        }
        for (instance, one) in &scrape.pods {
            self.pods.entry(*instance).or_default().take_out(one);
        }
    }

    /// What an instance did in all of it, if it ran from its begin to its end.
    pub fn pod(&self, instance: InstanceId) -> Option<&PodCounts> {
        self.pods.get(&instance).filter(|counts| counts.scrapes == self.next - self.first)
    }

    /// Its begin and its end [ns].
    pub fn bounds_ns(&self) -> (u64, u64) {
        (self.taken_ns - self.length_ns, self.taken_ns)
    }
}

impl Observed for Stretch {
    fn seconds(&self) -> f64 {
        self.length_ns as f64 / 1e9
    }

    fn edge(&self, edge: EdgeId) -> EdgeCounts {
        self.edges[edge.index()]
    }

    fn service(&self, service: ServiceId) -> ServiceCounts {
        self.services[service.index()]
    }

    fn wrong(&self, edge: EdgeId, kind: Wrongness) -> u64 {
        self.wrong.get(&(edge, kind as u8)).copied().unwrap_or(0)
    }

    fn add_latency(&self, edge: EdgeId, view: View, to: &mut Histogram) {
        self.latency.iter().filter(|(of, _)| *of == (edge, view)).for_each(|(_, latency)| to.merge(latency));
    }

    fn add_times(&self, of: PartAt, to: &mut Histogram) {
        self.timed.iter().filter(|(one, _)| *one == of).for_each(|(_, times)| to.merge(times));
    }

    fn timed(&self, of: PartAt) -> TimedSums {
        if of.part() == WAIT {
            return self.services[of.index()].waits();
        }
        self.sums.get(&of).copied().unwrap_or_default()
    }

    fn level(&self, of: LevelAt) -> LevelSums {
        self.levels.get(&of).copied().unwrap_or_default()
    }

    fn version(&self, edge: EdgeId, version: VersionId) -> VersionCounts {
        self.versions.get(&(edge, version)).copied().unwrap_or_default()
    }

    fn add_version_latency(&self, edge: EdgeId, version: VersionId, to: &mut Histogram) {
        self.version_latency.get(&(edge, version)).into_iter().for_each(|latency| to.merge(latency));
    }
}
