//! The telemetry pipeline: what was scraped, when it is delivered, and how metrics are read from it.
//!
//! The world takes a [`Scrape`] at the end of each interval: differences of its counters, and latency histograms of the call sites
//! that somebody reads. It is delivered `delay` later. A reading over a window adds up the delivered scrapes of that length; without
//! a window it is the latest one. With sampling below 100 % counts of requests are thinned and scaled up again, so that small numbers are as
//! uncertain as they are in life; gauges (instances, queues, workers) are not sampled.

use crate::data::Wrongness;
use crate::engine::math;
use crate::engine::rng::{Draw, Stream};
use crate::expression::{Metric, Observed, Resolved, Subject, TimedPart, View, Window, observe};
use crate::metrics::{Histogram, SparseHistogram};
use crate::model::{EdgeId, EndpointId, Model, ServiceId};
use crate::problem::Problems;
use crate::results::{EdgeCounts, ServiceCounts};
use crate::units::{Probability, SimDuration};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// A telemetry pipeline: how often it looks, how late it delivers, how much it samples.
///
/// # What it models
/// Scraping at an interval, a delay until the numbers can be read, and sampling of requests. Whatever decides (scalers, alerts) sees
/// the system only through it.
///
/// # When to use it
/// Always: without one there is a default pipeline. Make it slower to see what blindness costs.
///
/// # Knobs
/// - `every`: between two scrapes, duration, default 15s
/// - `delay`: from a scrape until it can be read, duration, default 0s
/// - `sample`: the part of requests that is recorded, percentage, default 100%
///
/// # Example
/// ```yaml
/// control:
///   telemetry:
///     metrics-server: {every: 15s, delay: 45s}
/// ```
///
/// # Source
/// Kubernetes metrics-server: kubelet 10 s, up to 60 s on top.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PipelineSettings {
    /// Between two scrapes.
    pub every: SimDuration,
    /// From a scrape until it can be read.
    pub delay: SimDuration,
    /// The part of requests that is recorded.
    pub sample: Probability,
}

impl Default for PipelineSettings {
    fn default() -> Self {
        let every = SimDuration::from_ns(15 * SimDuration::SECOND.ns());
        Self { every, delay: SimDuration::ZERO, sample: Probability::ONE }
    }
}

/// A telemetry pipeline, as meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Pipeline {
    /// As the user wrote it; `main` for the default one.
    pub name: String,
    /// Between two scrapes [ns].
    pub every_ns: u64,
    /// From a scrape until it can be read [ns].
    pub delay_ns: u64,
    /// The part of requests that is recorded, above 0 to 1.
    pub sample: f64,
}

impl PipelineSettings {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        if self.every.is_zero() {
            problems.error("every", "a pipeline that scrapes without pause never gets on").hint =
                Some("write a period such as 15s".into());
        }
        if self.sample.value() <= 0.0 {
            problems.error("sample", "a pipeline that records nothing sees nothing").hint =
                Some("write a part such as 1%".into());
        }
    }

    /// The pipeline as meant.
    pub fn compile(&self, name: &str) -> Pipeline {
        Pipeline {
            name: name.to_owned(),
            every_ns: self.every.ns(),
            delay_ns: self.delay.ns(),
            sample: self.sample.value(),
        }
    }
}

/// What happened between two scrapes, in engine time.
#[derive(Debug, Clone, Default)]
pub struct Scrape {
    /// Begin [ns].
    pub from_ns: u64,
    /// End, when it was taken [ns].
    pub to_ns: u64,
    /// Counts by call site.
    pub edges: Vec<EdgeCounts>,
    /// Counts by service.
    pub services: Vec<ServiceCounts>,
    /// Wrong replies by endpoint and kind: (endpoint, kind, count).
    pub wrong: Vec<(u32, u8, u64)>,
    /// Latency of answered attempts of the call sites that are read ([`Telemetry::latency_read`]).
    pub latency: Vec<(EdgeId, SparseHistogram)>,
    /// Timed parts of the services that are read.
    pub times: Vec<((ServiceId, TimedPart), SparseHistogram)>,
}

/// One running pipeline.
#[derive(Debug, Clone)]
pub struct Telemetry {
    pipeline: Pipeline,
    scrapes: VecDeque<Scrape>,
    keep_ns: u64,
    stream: Stream,
}

impl Telemetry {
    /// A pipeline that remembers what `readers` look back at.
    pub fn new<'a>(pipeline: &Pipeline, readers: impl IntoIterator<Item = &'a Resolved>, stream: Stream) -> Self {
        let longest = readers.into_iter().map(|metric| match metric.scope.window {
            Some(Window::Over(time)) => time.ns(),
            // Single times are not kept: the latest scrapes stand for them, an hour back at most.
            Some(Window::Last(_)) => SimDuration::HOUR.ns(),
            None => 0,
        });
        let keep_ns = longest.max().unwrap_or(0) + pipeline.delay_ns + 2 * pipeline.every_ns;
        Self { pipeline: pipeline.clone(), scrapes: VecDeque::new(), keep_ns, stream }
    }

    /// Takes what happened since the last scrape.
    pub fn take(&mut self, mut scrape: Scrape) {
        if self.pipeline.sample < 1.0 {
            thin(&mut scrape, self.pipeline.sample, &mut self.stream);
        }
        let oldest_ns = scrape.to_ns.saturating_sub(self.keep_ns);
        while self.scrapes.front().is_some_and(|first| first.to_ns < oldest_ns) {
            self.scrapes.pop_front();
        }
        self.scrapes.push_back(scrape);
    }

    /// A metric as it can be read at `now_ns`; `None` without data.
    pub fn read(&self, model: &Model, now_ns: u64, metric: &Resolved) -> Option<f64> {
        let delivered = |scrape: &&Scrape| scrape.to_ns + self.pipeline.delay_ns <= now_ns;
        let latest = self.scrapes.iter().rev().find(delivered)?;
        if let (Metric::QueueLength | Metric::Instances | Metric::InSystem, Subject::Service(service), None) =
            (metric.metric, &metric.subject, metric.scope.window)
        {
            return Some(gauge(&latest.services[service.index()], metric.metric));
        }
        let seen = self.seen(latest.to_ns, metric);
        observe(model, metric, &seen)
    }

    fn seen(&self, to_ns: u64, metric: &Resolved) -> Seen<'_> {
        let enough = |scrapes: &[&Scrape]| match metric.scope.window {
            None => true,
            Some(Window::Over(time)) => scrapes.iter().map(|s| s.to_ns - s.from_ns).sum::<u64>() >= time.ns(),
            Some(Window::Last(count)) => times_in(scrapes, metric) >= count,
        };
        let mut scrapes: Vec<&Scrape> = Vec::new();
        for scrape in self.scrapes.iter().rev().skip_while(|s| s.to_ns > to_ns) {
            scrapes.push(scrape);
            if enough(&scrapes) {
                break;
            }
        }
        Seen { scrapes }
    }

    /// The call sites whose latency these readers look at.
    pub fn latency_read<'a>(model: &Model, readers: impl IntoIterator<Item = &'a Resolved>) -> Vec<EdgeId> {
        let percentiles = readers.into_iter().filter(|m| matches!(m.metric, Metric::Percentile(_)));
        let mut edges: Vec<EdgeId> =
            percentiles.flat_map(|metric| crate::expression::edges_of(model, metric).0).collect();
        edges.sort_unstable();
        edges.dedup();
        edges
    }

    /// The timed parts of services that these readers look at.
    pub fn times_read<'a>(readers: impl IntoIterator<Item = &'a Resolved>) -> Vec<(ServiceId, TimedPart)> {
        let percentiles = readers.into_iter().filter(|m| matches!(m.metric, Metric::Percentile(_)));
        let mut parts: Vec<(ServiceId, TimedPart)> = percentiles
            .filter_map(|metric| match metric.subject {
                Subject::Timed(service, part) => Some((service, part)),
                _ => None,
            })
            .collect();
        parts.sort_unstable();
        parts.dedup();
        parts
    }
}

/// How many single times the scrapes hold of what the metric looks at.
fn times_in(scrapes: &[&Scrape], metric: &Resolved) -> u64 {
    match &metric.subject {
        Subject::Timed(service, TimedPart::Wait) => scrapes.iter().map(|s| s.services[service.index()].started).sum(),
        Subject::Timed(service, TimedPart::Age) => scrapes.iter().map(|s| s.services[service.index()].done).sum(),
        _ => scrapes.iter().flat_map(|s| &s.latency).map(|(_, latency)| latency.total()).sum(),
    }
}

fn gauge(counts: &ServiceCounts, metric: Metric) -> f64 {
    match metric {
        Metric::QueueLength => counts.queue_now as f64,
        Metric::Instances => counts.instances_now as f64,
        _ => counts.in_system_now as f64,
    }
}

/// The scrapes of a reading, the latest first.
struct Seen<'a> {
    scrapes: Vec<&'a Scrape>,
}

impl Observed for Seen<'_> {
    fn seconds(&self) -> f64 {
        self.scrapes.iter().map(|s| (s.to_ns - s.from_ns) as f64 / 1e9).sum()
    }

    fn edge(&self, edge: EdgeId) -> EdgeCounts {
        let mut sum = EdgeCounts::default();
        self.scrapes.iter().for_each(|s| sum.add(&s.edges[edge.index()]));
        sum
    }

    fn service(&self, service: ServiceId) -> ServiceCounts {
        let mut sum = ServiceCounts::default();
        self.scrapes.iter().rev().for_each(|s| sum.add(&s.services[service.index()]));
        sum
    }

    fn wrong(&self, endpoint: EndpointId, kind: Wrongness) -> u64 {
        let all = self.scrapes.iter().flat_map(|s| &s.wrong);
        all.filter(|(of, what, _)| *of == endpoint.0 && *what == kind as u8).map(|(_, _, count)| count).sum()
    }

    fn add_latency(&self, edge: EdgeId, _: View, to: &mut Histogram) {
        let all = self.scrapes.iter().flat_map(|s| &s.latency);
        all.filter(|(of, _)| *of == edge).for_each(|(_, latency)| to.add_sparse(latency));
    }

    fn add_times(&self, service: ServiceId, part: TimedPart, to: &mut Histogram) {
        let all = self.scrapes.iter().flat_map(|s| &s.times);
        all.filter(|(of, _)| *of == (service, part)).for_each(|(_, times)| to.add_sparse(times));
    }
}

/// Keeps each request with probability `sample` and scales the counts up again; histograms keep the sampled counts.
fn thin(scrape: &mut Scrape, sample: f64, stream: &mut Stream) {
    let mut scaled = |count: &mut u64| *count = (kept(*count, sample, stream) as f64 / sample).round() as u64;
    for edge in &mut scrape.edges {
        edge.outcomes.iter_mut().chain(&mut edge.call_outcomes).for_each(&mut scaled);
        let answers = edge.outcomes[0] + edge.outcomes[1];
        if answers == 0 {
            edge.latency_sum_ns = 0;
            edge.call_latency_sum_ns = 0;
        }
        for count in [&mut edge.calls, &mut edge.attempts, &mut edge.rejected, &mut edge.abandoned, &mut edge.wrong] {
            scaled(count);
        }
        [&mut edge.hedges, &mut edge.hedge_wins].into_iter().for_each(&mut scaled);
    }
    scrape.wrong.iter_mut().for_each(|(_, _, count)| scaled(count));
    for (_, latency) in &mut scrape.latency {
        latency.buckets.iter_mut().for_each(|(_, count)| *count = kept(*count, sample, stream));
        latency.buckets.retain(|(_, count)| *count > 0);
    }
}

/// A binomial draw: exact for small counts, normal above.
fn kept(count: u64, sample: f64, stream: &mut Stream) -> u64 {
    if count <= 200 {
        return (0..count).filter(|_| stream.unit() < sample).count() as u64;
    }
    let (mean, deviation) = (count as f64 * sample, (count as f64 * sample * (1.0 - sample)).sqrt());
    let radius = (-2.0 * math::ln(stream.unit_open())).sqrt();
    let normal = radius * math::cos(std::f64::consts::TAU * stream.unit());
    (mean + deviation * normal).round().clamp(0.0, count as f64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression::{Condition, Tree};
    use crate::names::Names;
    use crate::promise::testing::{SECOND, System, calls, times};

    fn system() -> System {
        let mut system = System::new(100);
        let api = system.service("api", 2);
        let get = system.endpoint(api, "get");
        system.load("users", get);
        system
    }

    fn condition(text: &str, names: &Names) -> Tree<Resolved> {
        Condition::parse(text).unwrap().compile(names, &mut Problems::new()).unwrap()
    }

    /// Scrapes every 10 s: 100 requests each, of which as many fail as the number of the scrape.
    fn telemetry(pipeline: &PipelineSettings, when: &Tree<Resolved>, second: u64) -> Telemetry {
        let stream = Stream::new(1, 0, "main", "sampling");
        let mut telemetry = Telemetry::new(&pipeline.compile("main"), when.metrics(), stream);
        for number in 0..(second / 10).min(10) {
            telemetry.take(Scrape {
                from_ns: number * 10 * SECOND,
                to_ns: (number + 1) * 10 * SECOND,
                edges: vec![calls(100 - number, number)],
                services: vec![ServiceCounts { queue_now: number, ..ServiceCounts::default() }],
                wrong: Vec::new(),
                latency: vec![(EdgeId(0), times(100, (number + 1) * 10_000_000))],
                times: Vec::new(),
            });
        }
        telemetry
    }

    fn check(delay_s: u64, text: &str, second: u64, expect: Option<bool>) {
        let system = system();
        let when = condition(text, &system.names);
        let every = SimDuration::from_ns(10 * SECOND);
        let delay = SimDuration::from_ns(delay_s * SECOND);
        let telemetry = telemetry(&PipelineSettings { every, delay, ..PipelineSettings::default() }, &when, second);
        let found = when.truth(&mut |metric| telemetry.read(&system.model, second * SECOND, metric));
        assert_eq!(found, expect, "{text} at {second} s, {delay_s} s late");
    }

    #[test]
    fn the_latest_scrape_is_read_without_a_window() {
        check(0, "error_rate(api.get) == 9%", 100, Some(true));
        check(0, "error_rate(api.get) == 9%", 109, Some(true));
        check(0, "queue_length(api) == 9", 100, Some(true));
        check(0, "p99(api.get) == 100ms within 1%", 100, Some(true));
    }

    #[test]
    fn windows_add_up_scrapes() {
        check(0, "error_rate(api.get) over 30s == 8%", 100, Some(true));
        check(0, "rps(api.get) over 30s == 10/s", 100, Some(true));
        check(0, "p50(api.get) over 20s < 101ms", 100, Some(true));
        check(0, "p50(api.get) over last 150 > 89ms", 100, Some(true));
    }

    #[test]
    fn what_is_late_is_not_seen() {
        check(45, "error_rate(api.get) == 4%", 100, Some(true));
        check(45, "error_rate(api.get) > 1%", 54, None);
        check(45, "error_rate(api.get) == 0%", 55, Some(true));
    }

    #[test]
    fn sampling_adds_noise_and_no_bias() {
        let mut stream = Stream::new(1, 0, "main", "sampling");
        for (count, sample) in [(50, 0.1), (100_000, 0.01)] {
            let draws: Vec<f64> = (0..2_000).map(|_| kept(count, sample, &mut stream) as f64).collect();
            let mean = draws.iter().sum::<f64>() / 2_000.0;
            let variance = draws.iter().map(|d| (d - mean) * (d - mean)).sum::<f64>() / 1_999.0;
            let expect = count as f64 * sample;
            assert!((mean / expect - 1.0).abs() < 0.03, "mean {mean}, expected {expect}");
            assert!((variance / (expect * (1.0 - sample)) - 1.0).abs() < 0.12, "variance {variance}");
        }
    }
}
