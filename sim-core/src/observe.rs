//! The metrics of requests and services, computed from counts and histograms over some stretch of time.
//!
//! What the stretch is, and who saw it, is the business of [`Observed`]: the truth of a run, or what telemetry has delivered. So
//! alerts and `expect` mean the same by the same word.

use crate::call::breaker::State;
use crate::call::{hedge, retry};
use crate::counters::{RUNNING_AT_SIZE, level, link, probe};
use crate::data::cache::{HITS, MISSES};
use crate::data::{MESSAGES_LOST, Wrongness};
use crate::engine::math;
use crate::expression::{LevelSubject, Metric, Resolved, ScopeMeant, Subject, View};
use crate::ids::{Caller, EdgeId, EndpointId, GuardId, LoadId, ProbeId, ServiceId, VersionId};
use crate::metrics::{Counted, Counter, Histogram, LevelAt, LevelId, LevelSums, PartAt, TimedSums, VersionCounts};
use crate::names::{LinkWays, Objective};
use crate::network;
use crate::results::{EdgeCounts, ServiceCounts};
use crate::service::cpu;
use crate::service::memory::USED;
use crate::service::sizes::Size;
use crate::slo;
use crate::topology::{Service, Topology};

/// Counts and histograms over a stretch of time.
pub trait Observed {
    /// Length of the stretch [s].
    fn seconds(&self) -> f64;
    /// Counts of a call site.
    fn edge(&self, edge: EdgeId) -> EdgeCounts;
    /// Counts of a service.
    fn service(&self, service: ServiceId) -> ServiceCounts;
    /// Wrong replies of an endpoint, by kind.
    fn wrong(&self, edge: EdgeId, kind: Wrongness) -> u64;
    /// Adds the latency of answers of a call site, by attempt or by call.
    fn add_latency(&self, edge: EdgeId, view: View, to: &mut Histogram);
    /// Adds the times of a part.
    fn add_times(&self, of: PartAt, to: &mut Histogram);
    /// How often a part was timed, and how long it took.
    fn timed(&self, of: PartAt) -> TimedSums;
    /// How high a level stood; nothing where it never left 0.
    fn level(&self, of: LevelAt) -> LevelSums;
    /// Counts of those attempts of a call site that went to a version.
    fn version(&self, edge: EdgeId, version: VersionId) -> VersionCounts;
    /// Adds the latency of their answers.
    fn add_version_latency(&self, edge: EdgeId, version: VersionId, to: &mut Histogram);
}

/// A metric over a stretch of time; `None` without data, or where the metric is not one of requests and services.
pub fn observe(topology: &Topology, metric: &Resolved, seen: &dyn Observed) -> Option<f64> {
    match (&metric.subject, metric.metric) {
        (Subject::Timed(parts), which) => timed(parts, which, seen),
        (Subject::Probe(ways), which) => probed(ways, which, seen),
        (Subject::Link(ways), which) => of_link(topology, ways, which, seen),
        (Subject::Level(level, of), which) => levelled(topology, *level, of, which, seen),
        (_, Metric::UsersAffected) => users_affected(topology, &metric.subject, seen),
        (Subject::Promise(_, objective), Metric::BurnRate) => burn_rate(topology, (*objective)?, seen),
        (Subject::Promise(_, objective), Metric::BudgetLeft | Metric::BudgetSpent) => {
            let objective = (*objective)?;
            let burn = burn_rate(topology, objective, seen)?;
            let spent = slo::budget_spent(burn, seen.seconds(), objective.period?.secs());
            Some(if metric.metric == Metric::BudgetSpent { spent } else { 1.0 - spent })
        }
        (Subject::Service(service), which) if is_of_service(which) => of_service(topology, *service, which, seen),
        _ => of_calls(topology, metric, seen),
    }
}

/// How fast the requests of a stretch spend the error budget of a promise of availability; `None` without data.
pub fn burn_rate(topology: &Topology, objective: Objective, seen: &dyn Observed) -> Option<f64> {
    let Objective { of, at_least, .. } = objective;
    let failed = Resolved { metric: Metric::ErrorRate, subject: Subject::Endpoint(of), scope: ScopeMeant::default() };
    slo::burn_rate(observe(topology, &failed, seen)?, at_least)
}

/// The share of users who came that saw a failure. With each of N users as likely to come as any other, R requests are those of N (1 - e^(-R/N)) of
/// them, the limit of drawing with replacement. `None` where nobody came.
fn users_affected(topology: &Topology, subject: &Subject, seen: &dyn Observed) -> Option<f64> {
    let (mut affected, mut came) = (0.0, 0.0);
    for (place, load) in topology.loads.iter().enumerate() {
        let is_meant = matches!(subject, Subject::Nothing) || *subject == Subject::Load(LoadId::from(place));
        let Some(population) = load.population.filter(|_| is_meant) else { continue };
        let mut counts = EdgeCounts::default();
        load.mix.iter().for_each(|(_, edge)| counts.add(&seen.edge(*edge)));
        let settled = counts.calls_settled();
        let failed = settled - counts.call_outcomes[0] - counts.call_outcomes[1];
        let users = |requests: u64| population as f64 * (1.0 - math::exp(-(requests as f64) / population as f64));
        affected += users(failed);
        came += users(settled);
    }
    (came > 0.0).then(|| affected / came)
}

fn is_of_service(metric: Metric) -> bool {
    matches!(
        metric,
        Metric::Utilisation
            | Metric::Cpu
            | Metric::CpuForNobody
            | Metric::CpuTimeForNobody
            | Metric::Memory
            | Metric::QueueLength
            | Metric::InSystem
            | Metric::Instances
            | Metric::Waited
            | Metric::Holding(_)
            | Metric::Throughput
            | Metric::HitRatio
            | Metric::Rps
            | Metric::Counted(Counter { of: Counted::Service, .. })
    )
}

/// The quotient, or `None` where there is nothing to divide by.
fn share(part: impl Into<u128>, whole: impl Into<u128>) -> Option<f64> {
    let (part, whole) = (part.into(), whole.into());
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Integral of the cores of running instances over time [ns of one core]; 0 where workers are unlimited and no cores are written. Instances of a
/// service that a vertical scaler resizes have those of their sizes.
pub fn cores_ns(
    topology: &Topology,
    service: ServiceId,
    counts: &ServiceCounts,
    level: impl Fn(LevelAt) -> LevelSums,
) -> u128 {
    let settings = &topology.services[service.index()];
    let base = counts.cores_ns(settings.usable_cores());
    let size = |size: &Size| size.cores.map(|cores| cores.times(1_000_000_000));
    of_sizes(settings, service, counts, size, level).map_or(base, |times_1e9| times_1e9 / 1_000_000_000)
}

/// Integral of the memory of running instances over time [bytes ns], where an instance has so many bytes at the start.
fn memory_ns(
    topology: &Topology,
    service: ServiceId,
    bytes: u64,
    counts: &ServiceCounts,
    level: impl Fn(LevelAt) -> LevelSums,
) -> u128 {
    let settings = &topology.services[service.index()];
    let size = |size: &Size| size.memory.map(|memory| u128::from(memory.get()));
    let base = counts.instances_ns * u128::from(bytes);
    of_sizes(settings, service, counts, size, level).unwrap_or(base)
}

/// Integral over time of what instances have by their size; `None` where they all have the same, or sizes do not say it.
fn of_sizes(
    settings: &Service,
    service: ServiceId,
    counts: &ServiceCounts,
    has: impl Fn(&Size) -> Option<u128>,
    level: impl Fn(LevelAt) -> LevelSums,
) -> Option<u128> {
    let (first, larger) = settings.sizes.all().split_first()?;
    let mut rest_ns = counts.instances_ns;
    let mut sum = 0;
    for (size, id) in larger.iter().zip(RUNNING_AT_SIZE) {
        let ns = level(LevelAt::service(id, service)).integral_ns.min(rest_ns);
        rest_ns -= ns;
        sum += ns * has(size)?;
    }
    Some(sum + rest_ns * has(first)?)
}

fn of_service(topology: &Topology, service: ServiceId, metric: Metric, seen: &dyn Observed) -> Option<f64> {
    let counts = seen.service(service);
    let seconds = Some(seen.seconds()).filter(|s| *s > 0.0)?;
    let per_time = |integral_ns: u128| Some(integral_ns as f64 / (seconds * 1e9));
    match metric {
        Metric::Utilisation => share(counts.busy_ns, counts.workers_ns),
        Metric::Cpu => share(counts.cpu_ns, cores_ns(topology, service, &counts, |of| seen.level(of))),
        Metric::CpuForNobody => {
            // Of cores that are shared both are rounded down, at different times.
            let for_nobody_ns = u128::from(counts.of(&cpu::CPU_FOR_NOBODY_NS));
            share(for_nobody_ns.min(counts.cpu_ns), counts.cpu_ns)
        }
        Metric::CpuTimeForNobody => Some(counts.of(&cpu::CPU_FOR_NOBODY_NS) as f64 / 1e9),
        Metric::Memory => {
            let used = seen.level(LevelAt::service(const { level(&USED) }, service));
            let size = topology.services[service.index()].memory?.size.get();
            share(used.integral_ns, memory_ns(topology, service, size, &counts, |of| seen.level(of)))
        }
        Metric::QueueLength => per_time(counts.queue_ns),
        Metric::InSystem => per_time(counts.in_system_ns),
        Metric::Instances => per_time(counts.instances_ns),
        Metric::Waited => share(counts.waited, counts.entered),
        Metric::Holding(least) => share(counts.holding[usize::from(least) - 1], counts.looked_at),
        Metric::HitRatio => share(counts.of(&HITS), counts.of(&HITS) + counts.of(&MISSES)),
        Metric::Throughput => Some(counts.left as f64 / seconds),
        Metric::Rps => Some(counts.entered as f64 / seconds),
        Metric::Counted(counter) => Some(counts.of(counter) as f64),
        _ => None,
    }
}

/// How high a level stood; of call sites, that of all states which they share or have for themselves.
pub fn level_of(topology: &Topology, level: LevelId, of: &LevelSubject, seen: &dyn Observed) -> LevelSums {
    let mut all = LevelSums::default();
    match of {
        LevelSubject::Service(service) => all.beside(&seen.level(LevelAt::service(level, *service))),
        LevelSubject::Calls(sites) => {
            let guards = guards_of(topology, sites);
            guards.into_iter().for_each(|guard| all.beside(&seen.level(LevelAt::calls(level, guard))));
        }
    }
    all
}

/// The states that calls share with each other or have for themselves, each once.
pub fn guards_of(topology: &Topology, sites: &[EdgeId]) -> Vec<GuardId> {
    let mut guards: Vec<GuardId> = sites.iter().map(|site| topology.edges[site.index()].guard).collect();
    guards.sort_unstable();
    guards.dedup();
    guards
}

/// How long breakers were in each state [ns], added up over those that there were; in the order of [`State::ALL`].
pub fn breaker_times(guards: &[GuardId], stood: impl Fn(LevelAt) -> LevelSums) -> [u128; State::ALL.len()] {
    let of = |state: State, guard: &GuardId| stood(LevelAt::calls(level(&state.level()), *guard)).integral_ns;
    State::ALL.map(|state| guards.iter().map(|guard| of(state, guard)).sum())
}

fn breaker_state(topology: &Topology, sites: &[EdgeId], state: State, seen: &dyn Observed) -> Option<f64> {
    let times = breaker_times(&guards_of(topology, sites), |of| seen.level(of));
    share(times[state as usize], times.iter().sum::<u128>())
}

fn levelled(
    topology: &Topology,
    level: LevelId,
    of: &LevelSubject,
    metric: Metric,
    seen: &dyn Observed,
) -> Option<f64> {
    let stood = level_of(topology, level, of, seen);
    let ns = Some(seen.seconds() * 1e9).filter(|ns| *ns > 0.0)?;
    match metric {
        Metric::Average => Some(stood.integral_ns as f64 / ns),
        Metric::Most => Some(stood.most as f64),
        _ => None,
    }
}

fn timed(parts: &[PartAt], metric: Metric, seen: &dyn Observed) -> Option<f64> {
    if metric == Metric::Mean {
        let mut sums = TimedSums::default();
        parts.iter().for_each(|of| sums.add(&seen.timed(*of)));
        return share(sums.sum_ns + sums.never_ns, sums.count + sums.never).map(|ns| ns / 1e9);
    }
    let mut times = Histogram::new();
    parts.iter().for_each(|of| seen.add_times(*of, &mut times));
    times.quantile(part(metric)?).map(|ns| ns / 1e9)
}

/// The times of probes that arrived, by direction.
pub fn arrived(ways: &[ProbeId]) -> Vec<PartAt> {
    ways.iter().map(|way| PartAt::probe(probe::ARRIVED, *way)).collect()
}

fn probed(ways: &[ProbeId], metric: Metric, seen: &dyn Observed) -> Option<f64> {
    let count = |part| ways.iter().map(|way| seen.timed(PartAt::probe(part, *way)).count).sum::<u64>();
    let sent = || Some(count(probe::ARRIVED) + count(probe::LOST)).filter(|sent| *sent > 0);
    match metric {
        Metric::ProbesSent => sent().map(|sent| sent as f64),
        Metric::ProbesLost => sent().map(|_| count(probe::LOST) as f64),
        Metric::OneWayFailures => sent().map(|_| count(probe::ONE_WAY) as f64),
        Metric::OneWayRatio => furthest_ratio(ways, |way| {
            let times = seen.timed(PartAt::probe(probe::ARRIVED, way));
            share(times.sum_ns, times.count)
        }),
        which => timed(&arrived(ways), which, seen),
    }
}

/// The times on the way of the messages of a link, by direction.
pub fn carried(ways: &LinkWays) -> Vec<PartAt> {
    ways.ways.iter().map(|way| PartAt::link(link::CARRIED, *way)).collect()
}

/// Which histograms a metric of a link looks at.
pub fn times_of_link(ways: &LinkWays, metric: Metric) -> Vec<PartAt> {
    match metric {
        Metric::Starts => ways.ways.iter().map(|way| PartAt::link(link::STARTS, *way)).collect(),
        _ => carried(ways),
    }
}

fn of_link(topology: &Topology, ways: &LinkWays, metric: Metric, seen: &dyn Observed) -> Option<f64> {
    let sums = |part| {
        let mut sums = TimedSums::default();
        ways.ways.iter().for_each(|way| sums.add(&seen.timed(PartAt::link(part, *way))));
        sums
    };
    let ns = Some(seen.seconds() * 1e9).filter(|ns| *ns > 0.0)?;
    let count = |part| Some(sums(part).count as f64);
    match metric {
        Metric::MessagesCarried => count(link::CARRIED),
        Metric::MessagesLost => count(link::LOST),
        Metric::BytesCarried => Some(sums(link::SENT).sum_ns as f64),
        Metric::BandwidthUsed => Some(sums(link::SENT).sum_ns as f64 * 1e9 / ns),
        // Bytes and microseconds.
        Metric::LinkBacklog => Some(sums(link::BACKLOG).sum_ns as f64 * 1e3 / ns),
        Metric::Utilisation => {
            let has_bandwidth = |way: &&usize| topology.network.links[**way / 2].quality.bandwidth.is_some();
            let busy = |way: &usize| seen.timed(PartAt::link(link::BUSY, *way)).sum_ns as f64 / ns;
            ways.ways.iter().filter(has_bandwidth).map(busy).max_by(f64::total_cmp)
        }
        Metric::Starts => {
            let mut starts = Histogram::new();
            times_of_link(ways, metric).iter().for_each(|of| seen.add_times(*of, &mut starts));
            // Each is kept as so many seconds.
            starts.quantile(1.0).map(|ns| (ns / 1e9).round())
        }
        Metric::RouteChanges => {
            let route = PartAt::link(link::ROUTE_CHANGES, ways.route?);
            Some(seen.timed(route).count as f64)
        }
        Metric::Counted(counter) => {
            let part = match counter.name {
                name if name == network::DROPPED.name => link::DROPPED,
                name if name == network::SEGMENTS_DROPPED.name => link::SEGMENTS_DROPPED,
                name if name == network::TRANSPORT_TIMEOUTS.name => link::TIMEOUTS,
                _ => return None,
            };
            count(part)
        }
        which => timed(&carried(ways), which, seen),
    }
}

/// What the latest round of probes says; `None` where the metric is none of a round, or no round is known yet.
pub fn latest_of_probes(ways: &[ProbeId], metric: Metric, seen: &dyn Observed) -> Option<f64> {
    let now = |level, way: ProbeId| seen.level(LevelAt::probe(level, way)).now;
    let sum = |level| ways.iter().map(|way| now(level, *way)).sum::<u64>();
    let of_round = |level| (sum(probe::IS_KNOWN) > 0).then(|| sum(level) as f64);
    match metric {
        Metric::ProbesLost => of_round(probe::LATEST_LOST),
        Metric::OneWayFailures => of_round(probe::LATEST_ONE_WAY),
        Metric::OneWayRatio => {
            furthest_ratio(ways, |way| Some(now(probe::LATEST_NS, way)).filter(|ns| *ns > 0).map(|ns| ns as f64))
        }
        _ => None,
    }
}

/// Of the pairs of sites, the time there by the time back that is furthest from 1. A direction alone is compared with the way back.
fn furthest_ratio(ways: &[ProbeId], time: impl Fn(ProbeId) -> Option<f64>) -> Option<f64> {
    let is_one_of_two = |way: &&ProbeId| ways.len() == 1 || way.0.is_multiple_of(2);
    let ratios = ways.iter().filter(is_one_of_two).filter_map(|way| {
        let (there, back) = (time(*way)?, time(way.back())?);
        (back > 0.0).then_some(there / back)
    });
    let distance = |ratio: f64| ratio.max(1.0 / ratio);
    ratios.max_by(|a, b| distance(*a).total_cmp(&distance(*b)))
}

/// The part of all times that a metric's time is not below.
fn part(metric: Metric) -> Option<f64> {
    match metric {
        Metric::Percentile(percentile) => Some(percentile.fraction()),
        Metric::Longest => Some(1.0),
        _ => None,
    }
}

/// All the times of which a metric is a percentile; `None` where it is none.
pub fn times(topology: &Topology, metric: &Resolved, seen: &dyn Observed) -> Option<Histogram> {
    let Metric::Percentile(_) = metric.metric else { return None };
    let mut times = Histogram::new();
    if let Subject::Timed(parts) = &metric.subject {
        parts.iter().for_each(|of| seen.add_times(*of, &mut times));
    } else if let Subject::Probe(ways) = &metric.subject {
        arrived(ways).iter().for_each(|of| seen.add_times(*of, &mut times));
    } else if let Subject::Link(ways) = &metric.subject {
        carried(ways).iter().for_each(|of| seen.add_times(*of, &mut times));
    } else {
        let (edges, view) = edges_of(topology, metric);
        edges.iter().for_each(|edge| add_latency(metric, *edge, view, seen, &mut times));
    }
    Some(times)
}

/// The call sites of a subject, and whether attempts or calls are counted.
pub fn edges_of(topology: &Topology, metric: &Resolved) -> (Vec<EdgeId>, View) {
    let all = |keep: &dyn Fn(&crate::topology::Edge) -> bool| -> Vec<EdgeId> {
        let of = |edge: &crate::topology::Edge| metric.scope.of.is_none_or(|load| edge.caller == Caller::Load(load));
        (0..topology.edges.len())
            .map(EdgeId::from)
            .filter(|id| keep(&topology.edges[id.index()]) && of(&topology.edges[id.index()]))
            .collect()
    };
    match &metric.subject {
        Subject::Endpoint(endpoint) => (all(&|edge| edge.callee == *endpoint), View::Attempts),
        Subject::Service(service) => {
            (all(&|edge| topology.endpoints[edge.callee.index()].service == *service), View::Attempts)
        }
        // A call may come to several versions, an attempt comes to one.
        Subject::Edges(edges) if metric.scope.version.is_some() => (edges.clone(), View::Attempts),
        Subject::Load(load) => (all(&|edge| edge.caller == Caller::Load(*load)), View::Calls),
        Subject::Edges(edges) => (edges.clone(), View::Calls),
        _ => (Vec::new(), View::Calls),
    }
}

fn of_calls(topology: &Topology, metric: &Resolved, seen: &dyn Observed) -> Option<f64> {
    let (edges, view) = edges_of(topology, metric);
    let mut counts = EdgeCounts::default();
    for edge in &edges {
        match metric.scope.version {
            None => counts.add(&seen.edge(*edge)),
            Some(version) => counts.add(&of_version(&seen.version(*edge, version))),
        }
    }
    let (outcomes, settled, unanswered) = if view == View::Attempts {
        (counts.outcomes, counts.settled(), counts.unanswered)
    } else {
        (counts.call_outcomes, counts.calls_settled(), counts.call_unanswered)
    };
    let answered = outcomes[0] + outcomes[1];
    let begun = if view == View::Attempts { counts.attempts } else { begun(topology, &edges, seen) };
    let a_second = |count: u64| (seen.seconds() > 0.0).then(|| count as f64 / seen.seconds());
    match metric.metric {
        Metric::Availability => share(answered, settled),
        Metric::ErrorRate => share(settled - answered, settled),
        Metric::Unanswered => share(unanswered, settled),
        Metric::Goodput => a_second(answered.saturating_sub(counts.wrong)),
        Metric::Rps => a_second(begun),
        Metric::Share(outcome) => share(outcomes[outcome as usize], settled),
        Metric::Wrong(kind) => share(wrong_of(topology, &edges, kind, seen), settled),
        Metric::Amplification => share(counts.attempts, counts.calls_sent()),
        Metric::TreeAmplification => {
            share(counts.attempts, counts.attempts.saturating_sub(counts.of(&retry::BY_RETRIES)))
        }
        Metric::Abandoned => share(counts.abandoned, counts.ended()),
        Metric::Hedged => share(counts.of(&hedge::HEDGES), counts.calls),
        Metric::HedgeWins => share(counts.of(&hedge::WON), counts.of(&hedge::HEDGES)),
        Metric::BreakerState(state) => breaker_state(topology, &edges, state, seen),
        Metric::Counted(counter) => Some(counts.of(counter) as f64),
        Metric::Mean if metric.scope.version.is_some() => {
            share(counts.latency_sum_ns, answered + unanswered).map(|ns| ns / 1e9)
        }
        Metric::Mean => mean_latency(topology, &edges, view, seen).map(|ns| ns / 1e9),
        Metric::Percentile(_) | Metric::Longest => {
            let mut latency = Histogram::new();
            for edge in &edges {
                add_latency(metric, *edge, view, seen, &mut latency);
            }
            latency.quantile(part(metric.metric)?).map(|ns| ns / 1e9)
        }
        _ => None,
    }
}

/// What was counted of one version, as the counts of a call site.
fn of_version(counts: &VersionCounts) -> EdgeCounts {
    EdgeCounts {
        attempts: counts.outcomes.iter().sum::<u64>() + counts.unanswered,
        outcomes: counts.outcomes,
        unanswered: counts.unanswered,
        wrong: counts.wrong,
        latency_sum_ns: counts.latency_sum_ns,
        ..EdgeCounts::default()
    }
}

/// Adds the latency of a call site, of one version where the metric names one.
fn add_latency(metric: &Resolved, edge: EdgeId, view: View, seen: &dyn Observed, to: &mut Histogram) {
    match metric.scope.version {
        None => seen.add_latency(edge, view, to),
        Some(version) => seen.add_version_latency(edge, version, to),
    }
}

/// Calls that were begun. What a queue hands over counts by delivery, for each of them comes to the consumer.
fn begun(topology: &Topology, edges: &[EdgeId], seen: &dyn Observed) -> u64 {
    let of = |edge: &EdgeId| {
        let counts = seen.edge(*edge);
        let is_delivery = matches!(topology.edges[edge.index()].caller, Caller::Queue(_));
        if is_delivery { counts.attempts } else { counts.calls }
    };
    edges.iter().map(of).sum()
}

/// Mean latency of answers [ns], in which unanswered requests count with what they have waited until the end of the run: the mean is then a
/// lower bound. As for percentiles, that of calls with their retries is known of load classes; of other callers it is
/// that of attempts.
fn mean_latency(topology: &Topology, edges: &[EdgeId], view: View, seen: &dyn Observed) -> Option<f64> {
    let (mut sum_ns, mut answers) = (0, 0);
    for edge in edges {
        let counts = seen.edge(*edge);
        let by_load = matches!(topology.edges[edge.index()].caller, Caller::Load(_));
        let (latency_ns, outcomes, unanswered) = if view == View::Calls && by_load {
            (counts.call_latency_sum_ns, counts.call_outcomes, counts.call_unanswered)
        } else {
            (counts.latency_sum_ns, counts.outcomes, counts.unanswered)
        };
        sum_ns += latency_ns;
        answers += outcomes[0] + outcomes[1] + unanswered;
    }
    share(sum_ns, answers)
}

/// Wrong replies to these calls. Messages that were lost are counted by the services of the endpoints that were called.
fn wrong_of(topology: &Topology, edges: &[EdgeId], kind: Wrongness, seen: &dyn Observed) -> u64 {
    if kind != Wrongness::LostMessage {
        return edges.iter().map(|edge| seen.wrong(*edge, kind)).sum();
    }
    let mut endpoints: Vec<_> = edges.iter().map(|edge| topology.edges[edge.index()].callee).collect();
    endpoints.sort_unstable();
    endpoints.dedup();
    let lost = |endpoint: &EndpointId| seen.service(topology.endpoints[endpoint.index()].service).of(&MESSAGES_LOST);
    endpoints.iter().map(lost).sum()
}
