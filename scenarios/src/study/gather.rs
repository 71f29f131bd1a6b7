//! What is kept of the replications: sums and merged histograms, never the replications themselves.

use super::Plan;
use super::detector::DetectorSums;
use super::interval::{MeanSums, RatioSums};
use super::links::AllLinks;
use super::losses::LossSums;
use super::one::One;
use super::probes::{self, ProbeSums};
use super::quantile::TimeSums;
use super::series::{SeriesSums, attempts_by_service};
use super::sites::{edges_to, entries};
use super::verdicts::Verdicts;
use crate::Loaded;
use sim_core::counters::{LEVELS, TIMED, level, part, place};
use sim_core::data::cache::{HITS, MISSES};
use sim_core::data::{AGE, Wrongness};
use sim_core::engine::digest::Digest;
use sim_core::ids::{Caller, EdgeId, GuardId, ServiceId};
use sim_core::judge::{ItemBill, spent_between, volume};
use sim_core::metrics::{Counter, Histogram, LevelAt, LevelOf, LevelSums, Listed, PartAt, TimedAt, TimedSums};
use sim_core::model::Model;
use sim_core::observe::cores_ns;
use sim_core::results::{EdgeCounts, Estimate, Held, Limit, Part, RunResult, Span, StoppedRun};
use sim_core::service::cpu::CPU_FOR_NOBODY_NS;
use std::collections::BTreeMap;

/// The percentiles that are reported.
pub const QUANTILES: [f64; 5] = [0.5, 0.9, 0.95, 0.99, 0.999];

/// Sums of an endpoint, or of all load classes.
#[derive(Default)]
pub struct EndpointSums {
    pub requests: MeanSums,
    pub outcomes: [MeanSums; 8],
    pub unanswered: MeanSums,
    pub availability: RatioSums,
    /// Requests that it did not fail by its own doing, of all.
    pub by_itself: RatioSums,
    pub goodput: MeanSums,
    pub wrong: MeanSums,
    pub mean: RatioSums,
    pub latency: TimeSums,
    pub in_flight: MeanSums,
}

/// Sums of a service.
#[derive(Default)]
pub struct ServiceSums {
    pub utilisation: RatioSums,
    pub cpu: RatioSums,
    pub wait: RatioSums,
    pub waits: TimeSums,
    pub queue: MeanSums,
    pub unserved: MeanSums,
    pub in_system: MeanSums,
    pub instances: MeanSums,
    pub tree_amplification: RatioSums,
    pub cpu_for_nobody: RatioSums,
    pub hit_ratio: RatioSums,
    pub counters: CounterSums,
    pub levels: BTreeMap<&'static str, LevelMeans>,
}

/// Sums of a call.
#[derive(Default)]
pub struct CallSums {
    pub calls: MeanSums,
    pub attempts: MeanSums,
    pub rejected: MeanSums,
    pub timeouts: MeanSums,
    pub abandoned: MeanSums,
    pub amplification: RatioSums,
    pub counters: CounterSums,
    /// Of the timed parts that were timed there.
    pub times: BTreeMap<&'static str, PartSums>,
    pub levels: BTreeMap<&'static str, LevelMeans>,
}

/// Sums of a timed part.
#[derive(Default)]
pub struct PartSums {
    pub mean: RatioSums,
    pub times: TimeSums,
}

/// Sums of a level.
#[derive(Default)]
pub struct LevelMeans {
    pub average: MeanSums,
    pub most: MeanSums,
}

impl LevelMeans {
    fn add(&mut self, stood: &LevelSums, measured_ns: u64) {
        self.average.add(stood.integral_ns as f64 / (measured_ns as f64).max(1.0));
        self.most.add(stood.most as f64);
    }
}

/// Sums of what the families count at one subject, in the order of their counters.
#[derive(Default)]
pub struct CounterSums(Vec<MeanSums>);

impl CounterSums {
    /// Adds the next replication.
    fn add(&mut self, counts: &[u64]) {
        self.0.resize_with(counts.len(), MeanSums::default);
        self.0.iter_mut().zip(counts).for_each(|(sums, count)| sums.add(*count as f64));
    }

    /// A counter per replication.
    pub fn of(&self, counter: &Counter) -> Estimate {
        self.0.get(place(counter).index()).map_or(Estimate::exact(0.0), MeanSums::at_least_zero)
    }

    /// The counters that the summary has by their names: those that were counted and have no field of their own.
    pub fn listed(&self, counters: &'static [Counter]) -> BTreeMap<&'static str, Estimate> {
        let listed = counters.iter().filter(|counter| counter.listed == Listed::WhereCounted);
        listed.map(|counter| (counter.name, self.of(counter))).filter(|(_, counted)| counted.mean > 0.0).collect()
    }
}

/// Sums of an alert.
#[derive(Default)]
pub struct AlertSums {
    pub fired: MeanSums,
    pub time_to_detect: MeanSums,
    pub first_fired: MeanSums,
    pub false_alarms: MeanSums,
}

impl AlertSums {
    /// Adds the firings of a replication, and the strikes of the fault that the alert finds.
    fn add(&mut self, fired: &[Span], struck: Option<&[Span]>) {
        self.fired.add(fired.len() as f64);
        if let Some(first) = fired.iter().map(|span| span.from_ns).min() {
            self.first_fired.add(first as f64 / 1e9);
        }
        let Some(struck) = struck else { return };
        // As `false_alarms` of an expectation counts them.
        let measured = fired.iter().filter(|span| span.to_ns > 0);
        self.false_alarms.add(measured.filter(|span| !struck.iter().any(|s| span.begins_in(s))).count() as f64);
        if let Some(begin) = struck.first().map(|s| s.from_ns) {
            let first = fired.iter().map(|s| s.from_ns).filter(|from| *from >= begin).min();
            self.time_to_detect.add(first.map_or(f64::INFINITY, |first| (first - begin) as f64 / 1e9));
        }
    }
}

/// Sums of an item of the bill.
#[derive(Default)]
pub struct CostSums {
    pub metered: MeanSums,
    pub per_month: MeanSums,
    pub per_year: MeanSums,
    pub per_incident: MeanSums,
    pub for_nobody: MeanSums,
}

/// Sums of one stretch of a tail.
pub struct TailSums {
    pub part: Part,
    pub span: Span,
    pub latency: TimeSums,
}

/// All that is kept.
pub struct Gathered {
    pub replications: u32,
    pub digest: Digest,
    pub measured_ns: u64,
    pub stopped: Vec<StoppedRun>,
    /// By limit: replications in which it was reached, and what was left out.
    pub limits: BTreeMap<Limit, (u32, u64)>,
    pub endpoints: Vec<EndpointSums>,
    pub services: Vec<ServiceSums>,
    pub calls: BTreeMap<String, CallSums>,
    /// Attempts a second, by call site.
    pub attempts_per_s: Vec<MeanSums>,
    /// Promises, clauses, and what has to be precise.
    pub judged: Verdicts,
    pub costs: Vec<CostSums>,
    pub infrastructure_month: MeanSums,
    pub per_million: RatioSums,
    pub per_terabyte: RatioSums,
    pub per_user: RatioSums,
    pub wrongness_year: MeanSums,
    pub per_incident: MeanSums,
    /// What is lost, for the years.
    pub losses: LossSums,
    /// What one occurrence of each incident adds, by its place among the faults.
    pub incidents: BTreeMap<usize, MeanSums>,
    /// Replications that were simulated again without incidents.
    pub paired: u32,
    pub wrong: BTreeMap<&'static str, MeanSums>,
    /// Wrong answers one by one and by cause.
    pub listed_wrong: super::wrong::Gathered,
    pub fired: Vec<AlertSums>,
    /// Of each alert, what it would have done with other numbers.
    pub detectors: Vec<DetectorSums>,
    /// Looks without data and looks, of each alert and of each scaler.
    pub alert_looks: Vec<RatioSums>,
    pub scaler_looks: Vec<RatioSums>,
    /// Steps up, steps down, turns and instances moved, of each scaler.
    pub scaler_steps: Vec<[MeanSums; 4]>,
    /// Looks that changed nothing by the reason, and looks, of each scaler.
    pub scaler_held: Vec<[RatioSums; Held::COUNT]>,
    /// Records of each telemetry pipeline that counts them: taken, lost, leaked, and those that have reached the sink.
    pub recorded: BTreeMap<usize, [MeanSums; 4]>,
    /// What the forecasts of each scaler missed, and what they were about.
    pub scaler_forecasts: Vec<RatioSums>,
    /// What links and routes carried.
    pub links: AllLinks,
    /// By direction of probes, in the order of the model.
    pub probes: Vec<ProbeSums>,
    pub tails: Vec<(usize, Vec<TailSums>)>,
    pub faults: Vec<Vec<Span>>,
    pub opened: BTreeMap<(String, usize), MeanSums>,
    pub convergence: Vec<(u32, RatioSums)>,
    pub requests_judged: u64,
    pub in_flight: MeanSums,
    pub series: SeriesSums,
}

/// The first fault that strikes at a set time and ends within the run, by its id and times [ns].
pub fn first_fault(model: &Model) -> Option<(usize, Span)> {
    let end = model.run.duration.ns() as i64;
    let spans = model.faults.iter().enumerate().filter_map(|(id, f)| f.schedule.spans(end).first().map(|s| (id, *s)));
    spans.filter(|(_, s)| s.from_ns > 0 && s.to_ns < end).min_by_key(|(_, s)| s.from_ns)
}

impl Gathered {
    /// Nothing yet.
    pub fn new(loaded: &Loaded, plan: &Plan) -> Self {
        let model = &loaded.model;
        Self {
            replications: 0,
            digest: Digest::default(),
            measured_ns: 0,
            stopped: Vec::new(),
            limits: BTreeMap::new(),
            endpoints: model.endpoints.iter().map(|_| EndpointSums::default()).collect(),
            services: model.services.iter().map(|_| ServiceSums::default()).collect(),
            calls: BTreeMap::new(),
            attempts_per_s: model.edges.iter().map(|_| MeanSums::default()).collect(),
            judged: Verdicts::new(loaded, plan.asked().len()),
            costs: model.costs.iter().map(|_| CostSums::default()).collect(),
            infrastructure_month: MeanSums::default(),
            per_million: RatioSums::default(),
            per_terabyte: RatioSums::default(),
            per_user: RatioSums::default(),
            wrongness_year: MeanSums::default(),
            per_incident: MeanSums::default(),
            losses: LossSums::default(),
            incidents: BTreeMap::new(),
            paired: 0,
            wrong: BTreeMap::new(),
            listed_wrong: super::wrong::Gathered::default(),
            fired: model.alerts.iter().map(|_| AlertSums::default()).collect(),
            detectors: model.alerts.iter().map(|_| DetectorSums::default()).collect(),
            alert_looks: model.alerts.iter().map(|_| RatioSums::default()).collect(),
            scaler_looks: model.scalers.iter().map(|_| RatioSums::default()).collect(),
            scaler_steps: model.scalers.iter().map(|_| Default::default()).collect(),
            recorded: recorded(model),
            scaler_held: model.scalers.iter().map(|_| Default::default()).collect(),
            scaler_forecasts: model.scalers.iter().map(|_| RatioSums::default()).collect(),
            links: AllLinks::new(&loaded.names),
            probes: model.probes.iter().flat_map(|probes| &probes.ways).map(|_| ProbeSums::default()).collect(),
            tails: entries(model).into_iter().map(|e| (e, tail_spans(model))).collect(),
            faults: Vec::new(),
            opened: BTreeMap::new(),
            convergence: Vec::new(),
            requests_judged: 0,
            in_flight: MeanSums::default(),
            series: SeriesSums::new(model),
        }
    }

    /// Adds the next replication.
    pub fn merge(&mut self, loaded: &Loaded, one: &One) {
        let (model, run) = (&loaded.model, &one.run);
        self.replications += 1;
        self.digest.add(u64::from(run.replication), run.digest);
        self.measured_ns = self.measured_ns.max(run.measured_ns);
        if let Some(why) = &run.stopped {
            self.stopped.push(StoppedRun { replication: run.replication, why: why.clone() });
        }
        for (limit, left_out) in &run.limits {
            let (replications, sum) = self.limits.entry(*limit).or_default();
            *replications += 1;
            *sum += left_out;
        }
        if self.faults.is_empty() {
            self.faults.clone_from(&run.faults);
        }
        let counts: Vec<EdgeCounts> = (0..model.edges.len()).map(|e| run.edge(EdgeId(e as u32), run.whole())).collect();
        self.merge_endpoints(model, run, &counts);
        self.merge_services(model, run, &counts);
        self.merge_calls(model, &counts);
        self.merge_times(model, run);
        self.merge_levels(model, run);
        let seconds = (run.measured_ns as f64 / 1e9).max(1e-9);
        self.attempts_per_s.iter_mut().zip(&counts).for_each(|(sums, c)| sums.add(c.attempts as f64 / seconds));
        self.judged.merge(one);
        self.merge_money(model, one, &counts);
        self.merge_rest(model, run, one.healthy.as_ref());
        self.links.merge(run);
        probes::merge_all(&mut self.probes, model, run);
        self.series.merge(model, run, &|item, span| spent_between(run, model, &model.costs[item], span));
    }

    fn merge_endpoints(&mut self, model: &Model, run: &RunResult, counts: &[EdgeCounts]) {
        let seconds = run.measured_ns as f64 / 1e9;
        for (endpoint, sums) in self.endpoints.iter_mut().enumerate() {
            let (mut sum, mut latency, mut in_flight) = (EdgeCounts::default(), Histogram::new(), 0);
            for edge in edges_to(model, endpoint) {
                sum.add(&counts[edge]);
                latency.merge(&run.histogram(run.whole(), |p| &p.latency[edge]));
                in_flight += run.in_flight[edge];
            }
            let answered = sum.outcomes[0] + sum.outcomes[1];
            sums.requests.add(sum.settled() as f64);
            sums.outcomes.iter_mut().zip(sum.outcomes).for_each(|(s, n)| s.add(n as f64));
            sums.unanswered.add(sum.unanswered as f64);
            sums.availability.add(answered as f64, sum.settled() as f64);
            sums.by_itself.add(sum.not_failed_by_callee() as f64, sum.settled() as f64);
            sums.goodput.add(answered.saturating_sub(sum.wrong) as f64 / seconds.max(1e-9));
            sums.wrong.add(sum.wrong as f64);
            sums.mean.add(sum.latency_sum_ns as f64 / 1e9, (answered + sum.unanswered) as f64);
            sums.latency.add(&latency);
            sums.in_flight.add(in_flight as f64);
        }
        let first = entries(model).first().copied();
        if let Some(first) = first {
            self.convergence.push((self.replications, self.endpoints[first].availability));
        }
    }

    fn merge_services(&mut self, model: &Model, run: &RunResult, calls: &[EdgeCounts]) {
        let calls = attempts_by_service(model, calls);
        let ns = (run.measured_ns as f64).max(1.0);
        for (index, sums) in self.services.iter_mut().enumerate() {
            let counts = run.service(ServiceId(index as u32), run.whole());
            if model.services[index].workers.is_some() {
                sums.utilisation.add(counts.busy_ns as f64, counts.workers_ns as f64);
            }
            let level = |of| run.level(of, run.whole());
            let cores_ns = cores_ns(model, ServiceId(index as u32), &counts, level);
            if cores_ns > 0 {
                sums.cpu.add(counts.cpu_ns as f64, cores_ns as f64);
            }
            let (attempts, by_retries) = calls[index];
            sums.tree_amplification.add(attempts as f64, attempts.saturating_sub(by_retries) as f64);
            sums.cpu_for_nobody.add(counts.of(&CPU_FOR_NOBODY_NS) as f64, counts.cpu_ns as f64);
            let found = counts.of(&HITS);
            sums.hit_ratio.add(found as f64, (found + counts.of(&MISSES)) as f64);
            let waited_ns = counts.wait_sum_ns + counts.unserved_ns;
            sums.wait.add(waited_ns as f64 / 1e9, (counts.started + counts.unserved) as f64);
            let is_queue = matches!(model.services[index].node, sim_core::topology::Node::Queue(_));
            let unserved = if is_queue {
                run.timed(PartAt::service(part(&AGE), ServiceId(index as u32)), run.whole()).never
            } else {
                counts.unserved
            };
            sums.unserved.add(unserved as f64);
            sums.waits.add(&run.histogram(run.whole(), |p| &p.wait[index]));
            sums.queue.add(counts.queue_ns as f64 / ns);
            sums.in_system.add(counts.in_system_ns as f64 / ns);
            sums.instances.add(counts.instances_ns as f64 / ns);
            sums.counters.add(counts.counters.all());
        }
    }

    fn merge_calls(&mut self, model: &Model, counts: &[EdgeCounts]) {
        let mut by_name: BTreeMap<&str, EdgeCounts> = BTreeMap::new();
        for (edge, counts) in model.edges.iter().zip(counts) {
            by_name.entry(&edge.name).or_default().add(counts);
        }
        for (name, c) in by_name {
            let sums = self.calls.entry(name.to_owned()).or_default();
            sums.calls.add(c.calls as f64);
            sums.attempts.add(c.attempts as f64);
            sums.rejected.add(c.rejected as f64);
            sums.timeouts.add(c.outcomes[3] as f64);
            sums.abandoned.add(c.abandoned as f64);
            sums.amplification.add(c.attempts as f64, c.calls_sent() as f64);
            sums.counters.add(c.counters.all());
        }
    }

    /// The parts that were timed at calls, in this replication or one before.
    fn merge_times(&mut self, model: &Model, run: &RunResult) {
        for (timed, (name, sites)) in TIMED
            .iter()
            .filter(|timed| timed.of == TimedAt::CallSite)
            .flat_map(|timed| sites_by_name(model).into_iter().map(move |named| (timed, named)))
        {
            let (mut sums, mut times) = (TimedSums::default(), Histogram::new());
            for site in sites {
                let of = PartAt::call_site(part(timed), site);
                sums.add(&run.timed(of, run.whole()));
                times.merge(&run.histogram(run.whole(), |period| period.timed(of)));
            }
            let of_call = self.calls.entry(name.to_owned()).or_default();
            if sums.count > 0 {
                let of_part = of_call.times.entry(timed.name).or_default();
                of_part.mean.add(sums.sum_ns as f64 / 1e9, sums.count as f64);
                of_part.times.add(&times);
            }
        }
    }

    /// The levels that have left 0 in this replication or one before.
    fn merge_levels(&mut self, model: &Model, run: &RunResult) {
        let stood = |of: LevelAt| run.level(of, run.whole());
        for one in LEVELS {
            match one.of {
                LevelOf::Service => {
                    for (index, sums) in self.services.iter_mut().enumerate() {
                        let stood = stood(LevelAt::service(level(one), ServiceId::from(index)));
                        add_level(&mut sums.levels, one.name, &stood, run.measured_ns, self.replications);
                    }
                }
                LevelOf::Calls => {
                    for (name, sites) in sites_by_name(model) {
                        let mut guards: Vec<GuardId> = sites.iter().map(|s| model.edges[s.index()].guard).collect();
                        guards.sort_unstable();
                        guards.dedup();
                        let mut all = LevelSums::default();
                        guards.iter().for_each(|guard| all.beside(&stood(LevelAt::calls(level(one), *guard))));
                        let levels = &mut self.calls.entry(name.to_owned()).or_default().levels;
                        add_level(levels, one.name, &all, run.measured_ns, self.replications);
                    }
                }
            }
        }
    }

    fn merge_money(&mut self, model: &Model, one: &One, counts: &[EdgeCounts]) {
        use sim_core::economics::Group;
        for (sums, item) in self.costs.iter_mut().zip(&one.bill.items) {
            add_item(sums, item);
        }
        let month = one.bill.per_month(Group::Infrastructure);
        self.infrastructure_month.add(month);
        let from_load = |e: &usize| matches!(model.edges[*e].caller, Caller::Load(_));
        let requests: u64 = (0..counts.len()).filter(from_load).map(|e| counts[e].settled()).sum();
        self.requests_judged += requests;
        let volume = volume(&one.run, model);
        self.per_million.add(month, volume.million_requests);
        self.per_terabyte.add(month, volume.terabytes);
        self.per_user.add(month, volume.users);
        let wrong: f64 = [Group::Wrongness, Group::Sales, Group::Penalties].iter().map(|g| one.bill.per_year(*g)).sum();
        self.wrongness_year.add(wrong);
        self.losses.add(&one.bill);
        self.paired += u32::from(one.paired);
        for (fault, once) in &one.bill.incidents {
            self.incidents.entry(*fault).or_default().add(*once);
        }
        if let Some(once) = one.bill.per_incident() {
            self.per_incident.add(once);
        }
        self.listed_wrong.merge(model, &one.run);
        let mut by_kind = [0u64; 9];
        for (_, kind, counts) in one.run.slices.iter().flat_map(|s| &s.wrong) {
            by_kind[usize::from(*kind)] += counts.arose;
        }
        for kind in Wrongness::ALL {
            self.wrong.entry(kind.name()).or_default().add(by_kind[kind as usize] as f64);
        }
    }

    fn merge_rest(&mut self, model: &Model, run: &RunResult, healthy: Option<&RunResult>) {
        for (place, (alert, spans)) in model.alerts.iter().zip(&run.alerts).enumerate() {
            self.fired[place].add(spans, alert.finds.map(|fault| run.struck(fault)));
            self.detectors[place].merge(run, healthy, place, alert);
        }
        let alerts = self.alert_looks.iter_mut().zip(&run.alert_looks);
        for (sums, looks) in alerts.chain(self.scaler_looks.iter_mut().zip(&run.scaler_looks)) {
            sums.add(looks.without_data as f64, looks.all as f64);
        }
        for ([up, down, turns, moved], steps) in self.scaler_steps.iter_mut().zip(&run.scaler_steps) {
            up.add(steps.up as f64);
            down.add(steps.down as f64);
            turns.add(steps.turns as f64);
            moved.add(steps.moved as f64);
        }
        for (place, [records, dropped, leaked, arrived]) in &mut self.recorded {
            let counts = || run.slices.iter().filter_map(|slice| slice.pipelines.get(*place));
            records.add(counts().map(|counts| counts.records).sum::<u64>() as f64);
            dropped.add(counts().map(|counts| counts.dropped).sum::<u64>() as f64);
            leaked.add(counts().map(|counts| counts.leaked).sum::<u64>() as f64);
            arrived.add(counts().map(|counts| counts.arrived).sum::<u64>() as f64);
        }
        for (sums, (missed, of)) in self.scaler_forecasts.iter_mut().zip(&run.scaler_forecasts) {
            sums.add(*missed, *of);
        }
        for (sums, held) in self.scaler_held.iter_mut().zip(&run.scaler_held) {
            sums.iter_mut().zip(held.by).for_each(|(sum, count)| sum.add(count as f64, held.looks as f64));
        }
        for (endpoint, tails) in &mut self.tails {
            for tail in tails {
                let mut latency = Histogram::new();
                for edge in edges_to(model, *endpoint) {
                    latency.merge(&run.histogram(tail.span, |p| &p.latency[edge]));
                }
                tail.latency.add(&latency);
            }
        }
        for (fault, spans) in run.faults.iter().enumerate() {
            let Some(begin) = spans.first().map(|s| s.from_ns) else { continue };
            let mut first: BTreeMap<&str, i64> = BTreeMap::new();
            for (edge, at) in run.openings.iter().filter(|(_, at)| *at >= begin) {
                first.entry(&model.edges[edge.index()].name).or_insert(at - begin);
            }
            for (name, ns) in first {
                self.opened.entry((name.to_owned(), fault)).or_default().add(ns as f64 / 1e9);
            }
        }
        let from_load = |e: &usize| matches!(model.edges[*e].caller, Caller::Load(_));
        let in_flight: u64 = (0..model.edges.len()).filter(from_load).map(|e| run.in_flight[e]).sum();
        self.in_flight.add(in_flight as f64);
    }
}

/// The call sites of each name.
fn sites_by_name(model: &Model) -> BTreeMap<&str, Vec<EdgeId>> {
    let mut by_name: BTreeMap<&str, Vec<EdgeId>> = BTreeMap::new();
    for (index, edge) in model.edges.iter().enumerate() {
        by_name.entry(&edge.name).or_default().push(EdgeId::from(index));
    }
    by_name
}

/// Adds a level that has left 0: the replications before in which it had not are those of a level at 0.
fn add_level(
    levels: &mut BTreeMap<&'static str, LevelMeans>,
    name: &'static str,
    stood: &LevelSums,
    measured_ns: u64,
    replications: u32,
) {
    if stood.most == 0 && !levels.contains_key(name) {
        return;
    }
    let sums = levels.entry(name).or_insert_with(|| {
        let mut sums = LevelMeans::default();
        (1..replications).for_each(|_| sums.add(&LevelSums::default(), measured_ns));
        sums
    });
    sums.add(stood, measured_ns);
}

fn add_item(sums: &mut CostSums, item: &ItemBill) {
    sums.metered.add(item.metered_per_month);
    sums.per_month.add(item.per_month);
    sums.per_year.add(item.per_year);
    if let Some(once) = item.per_incident {
        sums.per_incident.add(once);
    }
    if let Some(spent) = item.spent_for_nobody {
        sums.for_nobody.add(spent);
    }
}

fn tail_spans(model: &Model) -> Vec<TailSums> {
    let end = model.run.duration.ns() as i64;
    let one = |part, from_ns, to_ns| TailSums { part, span: Span { from_ns, to_ns }, latency: TimeSums::default() };
    match first_fault(model) {
        None => vec![one(Part::Whole, 0, end)],
        Some((_, span)) => {
            let during = one(Part::During, span.from_ns, span.to_ns);
            vec![one(Part::Before, 0, span.from_ns), during, one(Part::After, span.to_ns, end)]
        }
    }
}

/// Room for the records of each telemetry pipeline that counts them.
fn recorded(model: &Model) -> BTreeMap<usize, [MeanSums; 4]> {
    let counted = model.telemetry.iter().enumerate().filter(|(_, pipeline)| pipeline.path.counts);
    counted.map(|(place, _)| (place, Default::default())).collect()
}
