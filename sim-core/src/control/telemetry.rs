//! The telemetry pipeline: what was scraped, when it is delivered, and how metrics are read from it.
//!
//! The world takes a [`Scrape`] at the end of each interval: differences of its counters, and latency histograms of the call sites
//! that somebody reads. It is delivered `delay` later. A reading over a window is of the sums of the delivered scrapes of that length
//! (`stretch.rs`); without a window it is the latest one. With sampling below 100 % counts of requests are thinned and scaled up again,
//! so that small numbers are as uncertain as they are in life; gauges (instances, queues, workers, levels) are not sampled.

use super::baseline::Baseline;
use super::pipeline::Pipeline;
use super::scrape::Scrape;
use super::sink::{SinkLine, Taken};
use super::stretch::{Stretch, latency_read, times_read};
use super::thin::{thin, thin_counters};
use crate::economics::{CostItem, Meter};
use crate::engine::rng::{Stream, mix};
use crate::expression::{Metric, Resolved, Subject, View};
use crate::ids::{Caller, EdgeId, InstanceId, ServiceId};
use crate::metrics::PartAt;
use crate::observe::{Observed, latest_of_probes, level_of, observe};
use crate::results::{PipelineCounts, ServiceCounts};
use crate::topology::Topology;
use std::collections::VecDeque;

/// Keeps the draws of what is lost apart from those of what is sampled.
const LOST: u64 = 0x10;

/// One running pipeline.
#[derive(Debug, Clone)]
pub struct Telemetry {
    pipeline: Pipeline,
    /// Scrapes that are not delivered yet, or that a window still holds.
    scrapes: VecDeque<Scrape>,
    /// Number of the first of them, from the start of the run.
    kept_from: u64,
    stretches: Vec<Stretch>,
    baselines: Vec<Baseline>,
    /// What is billed, where a reader asks what is spent.
    costs: Vec<CostItem>,
    /// When scrapes were taken that are not delivered yet, and the newest that is [ns].
    on_the_way: VecDeque<u64>,
    newest_ns: u64,
    /// What is between recording and reading, where anything is.
    line: Option<SinkLine>,
    latency_read: Vec<(EdgeId, View)>,
    times_read: Vec<PartAt>,
    stream: Stream,
    /// Whether a reader tells versions apart.
    by_version: bool,
    /// Begin of the draws of counters.
    counter_key: u64,
    /// Services at whose instances a reader looks one by one.
    by_instance: Vec<ServiceId>,
}

impl Telemetry {
    /// A pipeline that remembers what `readers` look back at.
    pub fn new(topology: &Topology, pipeline: &Pipeline, readers: &[&Resolved], stream: Stream) -> Self {
        Self {
            pipeline: pipeline.clone(),
            scrapes: VecDeque::new(),
            kept_from: 0,
            stretches: Stretch::all(topology, readers),
            baselines: Baseline::all(topology, readers),
            costs: Vec::new(),
            on_the_way: VecDeque::new(),
            newest_ns: 0,
            line: SinkLine::new(&pipeline.path),
            latency_read: latency_read(topology, readers),
            times_read: times_read(readers),
            by_version: readers.iter().any(|metric| metric.scope.version.is_some()),
            counter_key: stream.clone().next_u64(),
            by_instance: Vec::new(),
            stream,
        }
    }

    /// The same pipeline, which knows what costs what: where a reader asks what is spent, the latency is kept that slow answers are billed by.
    #[must_use]
    pub fn billing(mut self, topology: &Topology, costs: &[CostItem], readers: &[&Resolved]) -> Self {
        if !readers.iter().any(|metric| metric.metric == Metric::Cost) {
            return self;
        }
        self.costs = costs.to_vec();
        let slower: Vec<(EdgeId, View)> = costs
            .iter()
            .flat_map(|item| item.latency_of(topology))
            .filter(|edge| matches!(topology.edges[edge.index()].caller, Caller::Load(_)))
            .map(|edge| (edge, View::Attempts))
            .collect();
        self.stretches.iter_mut().for_each(|stretch| stretch.also_keeps(&slower));
        self.baselines.iter_mut().for_each(|baseline| baseline.also_keeps(&slower));
        self.latency_read.extend(slower);
        self.latency_read.sort_unstable_by_key(|(edge, view)| (*edge, *view == View::Calls));
        self.latency_read.dedup();
        self
    }

    /// The same, with readings of each instance of these services.
    #[must_use]
    pub fn by_instance(self, services: Vec<ServiceId>) -> Self {
        Self { by_instance: services, ..self }
    }

    /// Takes what happened since the last scrape.
    pub fn take(&mut self, topology: &Topology, mut scrape: Scrape) {
        if self.pipeline.sample < 1.0 {
            let sample = self.pipeline.sample;
            thin(&mut scrape, (sample, sample), &mut self.stream);
            thin_counters(&mut scrape, (sample, sample), self.counter_key);
        }
        let now_ns = scrape.to_ns;
        if let Some(line) = &mut self.line {
            let attempts: u64 = scrape.edges.iter().map(|edge| edge.attempts).sum();
            let recorded = (attempts as f64 * self.pipeline.sample).round() as u64;
            let instances = scrape.services.iter().map(|service| service.instances_now).sum();
            let Taken { part, earlier } = line.takes(now_ns, recorded, instances, &mut self.stream);
            earlier.into_iter().for_each(|(taken_ns, left)| self.loses((taken_ns, left), now_ns));
            if part <= 0.0 {
                return self.advance(topology, now_ns);
            }
            if part < 1.0 {
                // What is lost is not known, so that nothing scales the rest up.
                thin(&mut scrape, (part, 1.0), &mut self.stream);
                thin_counters(&mut scrape, (part, 1.0), mix(self.counter_key, LOST));
            }
        }
        self.scrapes.push_back(scrape);
        self.on_the_way.push_back(now_ns);
        self.advance(topology, now_ns);
    }

    /// Of a scrape that is on its way, only so much is left.
    fn loses(&mut self, (taken_ns, left): (u64, f64), now_ns: u64) {
        if left <= 0.0 {
            self.scrapes.retain(|scrape| scrape.to_ns != taken_ns);
            self.on_the_way.retain(|one| *one != taken_ns);
        } else if let Some(scrape) = self.scrapes.iter_mut().find(|scrape| scrape.to_ns == taken_ns) {
            thin(scrape, (left, 1.0), &mut self.stream);
            thin_counters(scrape, (left, 1.0), mix(mix(self.counter_key, LOST), now_ns));
        }
    }

    /// Goes on to what is delivered by `now_ns`. Has to be called before anything is read then.
    pub fn advance(&mut self, topology: &Topology, now_ns: u64) {
        // Scrapes that were taken after this are still on their way.
        let Some(delivered_ns) = self.delivered_ns(now_ns) else { return };
        for stretch in &mut self.stretches {
            stretch.advance(&self.scrapes, self.kept_from, delivered_ns);
        }
        let costs = &self.costs;
        for baseline in &mut self.baselines {
            let read = |metric: &Resolved, stretch: &Stretch| read_in(topology, metric, stretch, costs);
            baseline.advance(&self.scrapes, self.kept_from, delivered_ns, read);
        }
        let all = self.kept_from + self.scrapes.len() as u64;
        let needed = self.stretches.iter().map(Stretch::needs_from);
        let needed = needed.chain(self.baselines.iter().map(Baseline::needs_from)).min().unwrap_or(all);
        while self.kept_from < needed {
            self.scrapes.pop_front();
            self.kept_from += 1;
        }
    }

    /// When the newest scrape may have been taken that can be read by `now_ns` [ns].
    fn delivered_ns(&mut self, now_ns: u64) -> Option<u64> {
        match &mut self.line {
            Some(line) => line.delivered_ns(now_ns, self.pipeline.delay_ns),
            None => now_ns.checked_sub(self.pipeline.delay_ns),
        }
    }

    /// A fault on the sink begins or ends: it is dead (`None`), or slower by a factor.
    pub fn sink_is_struck(&mut self, now_ns: u64, slower: Option<f64>, begins: bool) {
        if let Some(line) = &mut self.line {
            line.is_struck(now_ns, slower, begins);
        }
    }

    /// What is recorded, lost and leaked by now, with so many attempts since the last scrape; `None` where nothing counts that.
    pub fn counts_now(&self, now_ns: u64, since_ns: u64, attempts: u64, instances: u64) -> Option<PipelineCounts> {
        let line = self.line.as_ref()?;
        let part = now_ns.saturating_sub(since_ns) as f64 / self.pipeline.every_ns as f64;
        let recorded = (attempts as f64 * self.pipeline.sample).round() as u64;
        Some(line.counts_now(now_ns, part.min(1.0), recorded, instances))
    }

    /// What was recorded, lost and leaked up to the last scrape; `None` where nothing counts that.
    pub fn counts(&self) -> Option<PipelineCounts> {
        self.line.as_ref().map(SinkLine::counts)
    }

    /// A metric of one of the readers as it could be read at the last [`Self::advance`]; `None` without data.
    pub fn read(&self, topology: &Topology, metric: &Resolved) -> Option<f64> {
        if metric.scope.baseline.is_some() {
            return self.baselines.iter().find(|baseline| baseline.serves(metric))?.score();
        }
        let stretch = self.stretches.iter().find(|stretch| stretch.serves(metric))?;
        read_in(topology, metric, stretch, &self.costs)
    }

    /// How old the newest reading is that it has delivered by `now_ns` [ns], unless it is frozen; before the first, as old as the run.
    pub fn age_ns(&mut self, now_ns: u64, is_frozen: bool) -> u64 {
        let delivered_ns = self.delivered_ns(now_ns);
        let is_there = |taken_ns: &&u64| !is_frozen && delivered_ns.is_some_and(|to_ns| **taken_ns <= to_ns);
        while let Some(&taken_ns) = self.on_the_way.front().filter(is_there) {
            self.newest_ns = taken_ns;
            self.on_the_way.pop_front();
        }
        now_ns - self.newest_ns
    }

    /// When the window of a metric of one of the readers began [ns], and what each of these instances reads of it; an instance has a reading if it
    /// ran through the whole window.
    pub fn read_each(
        &self,
        topology: &Topology,
        (metric, service): (&Resolved, ServiceId),
        instances: impl Iterator<Item = InstanceId>,
    ) -> (u64, Vec<Option<f64>>) {
        let Some(stretch) = self.stretches.iter().find(|stretch| stretch.serves(metric) && !stretch.is_empty()) else {
            return (0, instances.map(|_| None).collect());
        };
        let (from_ns, to_ns) = stretch.bounds_ns();
        let (workers, is_latest) = (topology.services[service.index()].workers, metric.scope.window.is_none());
        let of =
            |instance: InstanceId| stretch.pod(instance)?.reads(metric.metric, workers, to_ns - from_ns, is_latest);
        (from_ns, instances.map(of).collect())
    }

    /// Whether a reader asks what is spent, and records are among what is billed.
    pub fn reads_records(&self) -> bool {
        self.costs.iter().any(|item| matches!(item.meter, Meter::Records { .. }))
    }

    /// The services at whose instances a reader looks one by one.
    pub fn services_by_instance(&self) -> &[ServiceId] {
        &self.by_instance
    }

    /// The call sites whose latency its readers look at, by attempt or by call.
    pub fn latency_read(&self) -> &[(EdgeId, View)] {
        &self.latency_read
    }

    /// Whether one of its readers tells versions apart.
    pub fn tells_versions_apart(&self) -> bool {
        self.by_version
    }

    /// The timed parts that its readers look at.
    pub fn times_read(&self) -> &[PartAt] {
        &self.times_read
    }
}

/// A metric in what a pipeline has delivered; `None` without data.
fn read_in(topology: &Topology, metric: &Resolved, stretch: &Stretch, costs: &[CostItem]) -> Option<f64> {
    if stretch.is_empty() {
        return None;
    }
    match (metric.metric, &metric.subject, metric.scope.window) {
        (Metric::QueueLength | Metric::Instances | Metric::InSystem, Subject::Service(service), None) => {
            Some(gauge(&stretch.service(*service), metric.metric))
        }
        (Metric::Average, Subject::Level(level, of), None) => Some(level_of(topology, *level, of, stretch).now as f64),
        (Metric::ProbesLost | Metric::OneWayFailures | Metric::OneWayRatio, Subject::Probe(ways), None) => {
            latest_of_probes(ways, metric.metric, stretch)
        }
        (Metric::Age, Subject::Pipeline(pipeline), _) => Some(stretch.age_ns(*pipeline)? as f64 / 1e9),
        (Metric::Cost, subject, _) => {
            let slice = stretch.as_slice();
            let seconds = Some(stretch.seconds()).filter(|seconds| *seconds > 0.0)?;
            let asked = costs.iter().enumerate().filter(|(place, item)| item.is_of(*place, subject));
            Some(asked.map(|(_, item)| item.money(item.metered(topology, &slice))).sum::<f64>() / seconds)
        }
        _ => observe(topology, metric, stretch),
    }
}

fn gauge(counts: &ServiceCounts, metric: Metric) -> f64 {
    match metric {
        Metric::QueueLength => counts.queue_now as f64,
        Metric::Instances => counts.instances_now as f64,
        _ => counts.in_system_now as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::super::pipeline::PipelineSettings;
    use super::super::thin::kept;
    use super::*;
    use crate::counters::{CALL_SITE, LEVELS, SERVICE, TIMED, level, part};
    use crate::expression::{Condition, Tree};
    use crate::ids::GuardId;
    use crate::judge::testing::{SECOND, System, calls, times};
    use crate::metrics::{ByLevel, ByPart, LevelAt, LevelOf, LevelSums, TimedAt, TimedSums};
    use crate::names::Names;
    use crate::problem::Problems;
    use crate::results::EdgeCounts;
    use crate::units::{Probability, SimDuration, Unit};

    fn system() -> System {
        let mut system = System::new(100);
        let api = system.service("api", 2);
        let get = system.endpoint(api, "get");
        system.load("users", get);
        system.promise("works", serde_json::json!({"keep": {"availability": "99%"}, "of": "api.get", "period": "30d"}));
        system
    }

    fn condition(text: &str, names: &Names) -> Tree<Resolved> {
        Condition::parse(text).unwrap().compile(names, &mut Problems::new()).unwrap()
    }

    /// Scrapes every 10 s: 100 requests each, of which as many fail as the number of the scrape.
    fn telemetry(pipeline: &PipelineSettings, when: &Tree<Resolved>, second: u64) -> Telemetry {
        let stream = Stream::new(1, 0, "main", "sampling");
        let model = system().model;
        let mut telemetry = Telemetry::new(&model, &pipeline.compile("main"), &when.metrics(), stream);
        for number in 0..(second / 10).min(10) {
            telemetry.take(
                &model,
                Scrape {
                    from_ns: number * 10 * SECOND,
                    to_ns: (number + 1) * 10 * SECOND,
                    edges: vec![calls(100 - number, number)],
                    services: vec![ServiceCounts { queue_now: number, ..ServiceCounts::default() }],
                    wrong: Vec::new(),
                    latency: vec![((EdgeId(0), View::Attempts), times(100, (number + 1) * 10_000_000))],
                    ..Scrape::default()
                },
            );
        }
        telemetry
    }

    fn check(delay_s: u64, text: &str, second: u64, expect: Option<bool>) {
        let system = system();
        let when = condition(text, &system.names);
        let every = SimDuration::from_ns(10 * SECOND);
        let delay = SimDuration::from_ns(delay_s * SECOND);
        let mut telemetry = telemetry(&PipelineSettings { every, delay, ..PipelineSettings::default() }, &when, second);
        telemetry.advance(&system.model, second * SECOND);
        let found = when.truth(&mut |metric| telemetry.read(&system.model, metric));
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
        // 91 answers in the last scrape, 92 in the one before: two of them are enough for 150, one for 50.
        check(0, "p1(api.get) over last 150 < 91ms", 100, Some(true));
        check(0, "p1(api.get) over last 50 > 99ms", 100, Some(true));
    }

    /// Two scrapes, in which the place of each counter tells its count.
    fn counted(sample: f64, when: &Tree<Resolved>) -> Telemetry {
        let every = SimDuration::from_ns(10 * SECOND);
        let sample = Probability::new(sample).unwrap();
        let pipeline = PipelineSettings { every, sample, ..PipelineSettings::default() }.compile("main");
        let stream = Stream::new(1, 0, "main", "sampling");
        let model = system().model;
        let mut telemetry = Telemetry::new(&model, &pipeline, &when.metrics(), stream);
        for number in 0..2 {
            let (mut edge, mut service) = (EdgeCounts::default(), ServiceCounts::default());
            edge.counters.all_mut().iter_mut().zip(1000..).for_each(|(count, place)| *count = place * (number + 1));
            service.counters.all_mut().iter_mut().zip(1000..).for_each(|(count, place)| *count = place * (number + 1));
            let (from_ns, to_ns) = (number * 10 * SECOND, (number + 1) * 10 * SECOND);
            let (edges, services) = (vec![edge], vec![service]);
            telemetry.take(&model, Scrape { from_ns, to_ns, edges, services, ..Scrape::default() });
        }
        telemetry
    }

    #[test]
    fn each_counter_reaches_an_alert_or_is_refused() {
        let system = system();
        let subjects = [(&CALL_SITE[..], "users->api.get"), (&SERVICE[..], "api")];
        let (mut all_sampled, mut exact) = (0, 0);
        for (counters, subject) in subjects {
            for (counter, count) in counters.iter().zip(1000..) {
                let subject = if counter.is_of_users { "users" } else { subject };
                let asked = |text: &str| Condition::parse(text).unwrap().compile(&system.names, &mut Problems::new());
                let unit = if counter.unit == Unit::Bytes { "B" } else { "" };
                let read = |window: &str, sample: f64| {
                    let when = asked(&format!("{}({subject}){window} > 0{unit}", counter.name))?;
                    counted(sample, &when).read(&system.model, when.metrics()[0])
                };
                let seen = [read("", 1.0), read(" over 10s", 1.0), read(" over 20s", 1.0)];
                let all = [2 * count, 2 * count, 3 * count].map(|count| Some(f64::from(count)));
                assert_eq!(seen, if counter.is_delivered { all } else { [None; 3] }, "{}", counter.name);
                let sampled = read("", 0.1).filter(|_| counter.is_delivered && counter.is_sampled);
                if let Some(sampled) = sampled {
                    // One standard deviation is 6.7 %.
                    let off = sampled / f64::from(2 * count) - 1.0;
                    assert!(off.abs() < 0.3, "{}: {sampled} of {}", counter.name, 2 * count);
                    (all_sampled, exact) = (all_sampled + 1, exact + u32::from(off == 0.0));
                }
            }
        }
        // Now and then a sample hits the mean; where all of them do, nothing is sampled.
        assert!(exact * 10 < all_sampled, "{exact} of {all_sampled} samples are exact");
    }

    #[test]
    fn each_timed_part_reaches_an_alert() {
        let mut system = System::new(100);
        let (api, jobs) = (system.service("api", 2), system.service("jobs", 1));
        system.names.queues.insert("jobs".into());
        let get = system.endpoint(api, "get");
        let site = system.load("users", get);
        for (number, timed) in TIMED.iter().enumerate() {
            let (name, of) = match timed.of {
                TimedAt::Node => ("api", PartAt::service(part(timed), api)),
                TimedAt::Queue => ("jobs", PartAt::service(part(timed), jobs)),
                TimedAt::CallSite => ("users->api", PartAt::call_site(part(timed), site)),
            };
            let ns = (number as u64 + 1) * 1_000_000;
            for (what, scrapes) in [("mean", 1), ("p50", 1), ("mean", 2), ("p50", 2)] {
                let window = if scrapes == 1 { "" } else { " over 20s" };
                let when = condition(&format!("{what}({name}.{}){window} > 0s", timed.name), &system.names);
                let stream = Stream::new(1, 0, "main", "sampling");
                let pipeline = PipelineSettings::default().compile("main");
                let mut telemetry = Telemetry::new(&system.model, &pipeline, &when.metrics(), stream);
                // First a time that only the window over both scrapes sees.
                for (scrape, took) in [3 * ns, ns].into_iter().enumerate() {
                    let mut service = ServiceCounts::default();
                    (service.started, service.wait_sum_ns) = (100, 100 * u128::from(took));
                    let sums = TimedSums { count: 100, sum_ns: 100 * u128::from(took), ..TimedSums::default() };
                    let from_ns = scrape as u64 * 10 * SECOND;
                    telemetry.take(
                        &system.model,
                        Scrape {
                            from_ns,
                            to_ns: from_ns + 10 * SECOND,
                            services: vec![service; 2],
                            times: vec![(of, times(100, took))],
                            sums: ByPart::from([(of, sums)]),
                            ..Scrape::default()
                        },
                    );
                }
                let found = telemetry.read(&system.model, when.metrics()[0]);
                let found_ms = found.unwrap_or_else(|| panic!("{what} of {}", timed.name)) * 1e3;
                let expect_ms = (number as f64 + 1.0) * if (what, scrapes) == ("mean", 2) { 2.0 } else { 1.0 };
                let is_median_of_both = (what, scrapes) == ("p50", 2) && found_ms <= 3.03 * expect_ms;
                let is_close = (found_ms / expect_ms - 1.0).abs() < 0.01;
                assert!(is_close || is_median_of_both, "{what} of {}: {found_ms} ms", timed.name);
            }
        }
    }

    #[test]
    fn each_level_reaches_an_alert() {
        let mut system = System::new(100);
        let api = system.service("api", 2);
        let get = system.endpoint(api, "get");
        system.load("users", get);
        for one in LEVELS {
            let (name, of) = match one.of {
                LevelOf::Service => ("api", LevelAt::service(level(one), api)),
                LevelOf::Calls => ("users->api.get", LevelAt::calls(level(one), GuardId(0))),
            };
            for (window, expect) in [("", 5.0), (" over 10s", 2.0), (" over 20s", 4.0)] {
                let nothing = if one.unit == Unit::Bytes { "0B" } else { "0" };
                let when = condition(&format!("average({name}.{}){window} > {nothing}", one.name), &system.names);
                let stream = Stream::new(1, 0, "main", "sampling");
                let pipeline = PipelineSettings::default().compile("main");
                let mut telemetry = Telemetry::new(&system.model, &pipeline, &when.metrics(), stream);
                for (scrape, average) in [6, 2].into_iter().enumerate() {
                    let from_ns = scrape as u64 * 10 * SECOND;
                    let sums = LevelSums { integral_ns: u128::from(average * 10 * SECOND), most: 7, now: average + 3 };
                    telemetry.take(
                        &system.model,
                        Scrape {
                            from_ns,
                            to_ns: from_ns + 10 * SECOND,
                            levels: ByLevel::from([(of, sums)]),
                            edges: vec![EdgeCounts::default()],
                            services: vec![ServiceCounts::default()],
                            ..Scrape::default()
                        },
                    );
                }
                assert_eq!(telemetry.read(&system.model, when.metrics()[0]), Some(expect), "{}{window}", one.name);
            }
        }
    }

    #[test]
    fn a_budget_burns_by_the_errors_of_its_window() {
        // 9 % of errors in the latest scrape, 8 % in three, of a budget of 1 %.
        check(0, "burn_rate(works) == 9 within 0.001%", 100, Some(true));
        check(0, "burn_rate(works) over 30s == 8 within 0.001%", 100, Some(true));
        check(45, "burn_rate(works) over 30s > 0", 30, None);
    }

    #[test]
    fn scrapes_that_no_window_holds_are_dropped() {
        let system = system();
        let when = condition("error_rate(api.get) over 30s > 1% or p99(api.get) over 20s > 1s", &system.names);
        let every = SimDuration::from_ns(10 * SECOND);
        let telemetry = telemetry(&PipelineSettings { every, ..PipelineSettings::default() }, &when, 100);
        assert_eq!(telemetry.scrapes.len(), 3);
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
