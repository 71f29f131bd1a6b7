//! Time series: one value a window, over all replications.

use super::fills::{fills_from, is_cache};
use super::interval::{MeanSums, RatioSums};
use super::quantile::TimeSums;
use super::sites::{edges_to, entries};
use sim_core::call::breaker::State;
use sim_core::call::retry::{BY_RETRIES, RETRIES};
use sim_core::control::scaling::Moves;
use sim_core::counters::RUNNING_AT_SIZE;
use sim_core::data::cache::{HITS, MISSES};
use sim_core::ids::{EdgeId, GuardId, ServiceId};
use sim_core::metrics::{Histogram, LevelAt, LevelSums};
use sim_core::model::Model;
use sim_core::observe::breaker_times;
use sim_core::results::{
    BreakerSeries, CallSeries, EdgeCounts, EndpointSeries, Estimate, RunResult, ServiceCounts, ServiceSeries,
    SizeSeries, Slice, Span, Window,
};
use std::collections::BTreeMap;

/// Sums of one endpoint in one window.
#[derive(Default)]
struct EndpointWindow {
    availability: RatioSums,
    in_full: RatioSums,
    wrong: RatioSums,
    outcomes: [MeanSums; 8],
    offered: MeanSums,
    latency: Option<TimeSums>,
}

/// Sums of one service in one window.
#[derive(Default)]
struct ServiceWindow {
    instances: MeanSums,
    fewest: f64,
    most: f64,
    wanted: MeanSums,
    desired: MeanSums,
    starting: MeanSums,
    offered: MeanSums,
    queue: MeanSums,
    utilisation: RatioSums,
    tree_amplification: RatioSums,
    by_retries: u64,
    hit_ratio: RatioSums,
    /// Running instances on machines of each size, where a scaler changes that.
    at_size: Vec<MeanSums>,
}

/// Sums of one call in one window.
#[derive(Default)]
struct CallWindow {
    attempts: MeanSums,
    retries: MeanSums,
    rejected: MeanSums,
    breaker_states: [RatioSums; State::ALL.len()],
}

/// All series.
#[derive(Default)]
pub struct SeriesSums {
    windows: Vec<Window>,
    endpoints: Vec<(usize, Vec<EndpointWindow>)>,
    services: Vec<Vec<ServiceWindow>>,
    calls: BTreeMap<String, Vec<CallWindow>>,
    /// Of the calls with a breaker, the states that they share or have for themselves.
    breakers: BTreeMap<String, Breakers>,
    costs: Vec<Vec<MeanSums>>,
}

/// By service: the attempts of call sites that came to it, and those of them that there were because of retries or hedges.
pub(super) fn attempts_by_service<'c>(
    model: &Model,
    calls: impl IntoIterator<Item = &'c EdgeCounts>,
) -> Vec<(u64, u64)> {
    let mut attempts = vec![(0, 0); model.services.len()];
    for (edge, counts) in model.edges.iter().zip(calls) {
        let of = &mut attempts[model.endpoints[edge.callee.index()].service.index()];
        *of = (of.0 + counts.attempts, of.1 + counts.of(&BY_RETRIES));
    }
    attempts
}

/// The slices of each window, in order.
fn by_window(run: &RunResult) -> Vec<&[Slice]> {
    run.slices.chunk_by(|a, b| a.window == b.window).collect()
}

/// The breakers of a call.
#[derive(Default)]
struct Breakers {
    guards: Vec<GuardId>,
    /// Of whole runs.
    whole: [RatioSums; State::ALL.len()],
}

/// The breakers of each call that has some, by its name.
fn breakers(model: &Model) -> BTreeMap<String, Breakers> {
    let mut breakers: BTreeMap<String, Breakers> = BTreeMap::new();
    for edge in model.edges.iter().filter(|edge| model.guards[edge.guard.index()].breaker.is_some()) {
        let guards = &mut breakers.entry(edge.name.clone()).or_default().guards;
        if !guards.contains(&edge.guard) {
            guards.push(edge.guard);
        }
    }
    breakers
}

/// Adds the time in each state as a share of all of it.
fn add_times(sums: &mut [RatioSums; State::ALL.len()], times: [u128; State::ALL.len()]) {
    let all = times.iter().sum::<u128>() as f64;
    sums.iter_mut().zip(times).for_each(|(share, ns)| share.add(ns as f64, all));
}

/// How long instances of a service have run on machines of a size above the first [ns].
fn at_size_ns(slices: &[Slice], service: usize, size: usize) -> u128 {
    let of = LevelAt::service(RUNNING_AT_SIZE[size - 1], ServiceId::from(service));
    slices.iter().map(|slice| slice.level(of).integral_ns).sum()
}

impl SeriesSums {
    /// Nothing yet.
    pub fn new(model: &Model) -> Self {
        let (end, step) = (model.run.duration.ns(), model.run.window.ns().max(1));
        let windows: Vec<Window> = (0..end.div_ceil(step))
            .map(|i| Window { from_s: (i * step) as f64 / 1e9, to_s: ((i + 1) * step).min(end) as f64 / 1e9 })
            .collect();
        let n = windows.len();
        fn many<T: Default>(n: usize) -> Vec<T> {
            (0..n).map(|_| T::default()).collect()
        }
        let has_policy = |e: &&sim_core::topology::Edge| {
            e.timeout.is_some() || e.retry.is_some() || model.guards[e.guard.index()].breaker.is_some()
        };
        Self {
            endpoints: entries(model).into_iter().map(|e| (e, many(n))).collect(),
            services: model.services.iter().map(|_| many(n)).collect(),
            calls: model.edges.iter().filter(has_policy).map(|e| (e.name.clone(), many(n))).collect(),
            breakers: breakers(model),
            costs: model.costs.iter().map(|_| vec![MeanSums::default(); n]).collect(),
            windows,
        }
    }

    /// Adds the next replication. `spent(item, span)` is what an item of the bill costs in a stretch of time.
    pub fn merge(&mut self, model: &Model, run: &RunResult, spent: &dyn Fn(usize, Span) -> f64) {
        for breakers in self.breakers.values_mut() {
            let times = breaker_times(&breakers.guards, |of| run.level(of, run.whole()));
            add_times(&mut breakers.whole, times);
        }
        for (window, slices) in by_window(run).into_iter().enumerate() {
            let (Some(first), Some(last)) = (slices.first(), slices.last()) else { continue };
            if window >= self.windows.len() || last.to_ns <= first.from_ns {
                continue;
            }
            let seconds = (last.to_ns - first.from_ns) as f64 / 1e9;
            self.merge_endpoints(model, window, slices, seconds);
            self.merge_services(model, window, slices, seconds);
            self.merge_calls(model, window, slices, seconds);
            let span = Span { from_ns: first.from_ns as i64, to_ns: last.to_ns as i64 };
            for (item, sums) in self.costs.iter_mut().enumerate() {
                sums[window].add(spent(item, span));
            }
        }
    }

    fn merge_endpoints(&mut self, model: &Model, window: usize, slices: &[Slice], seconds: f64) {
        for (endpoint, windows) in &mut self.endpoints {
            let at = &mut windows[window];
            let (mut sum, mut latency) = (EdgeCounts::default(), Histogram::new());
            for slice in slices {
                edges_to(model, *endpoint).for_each(|e| sum.add(&slice.edges[e]));
                let mine = |e: &EdgeId| model.edges[e.index()].callee.index() == *endpoint;
                slice.entry_latency.iter().filter(|(e, _)| mine(e)).for_each(|(_, h)| latency.add_sparse(h));
            }
            let settled = sum.settled() as f64;
            at.availability.add((sum.outcomes[0] + sum.outcomes[1]) as f64, settled);
            at.in_full.add(sum.outcomes[0] as f64, settled);
            at.wrong.add(sum.wrong as f64, (sum.outcomes[0] + sum.outcomes[1]) as f64);
            at.outcomes.iter_mut().zip(sum.outcomes).for_each(|(s, n)| s.add(n as f64 / seconds));
            at.offered.add(sum.attempts as f64 / seconds);
            at.latency.get_or_insert_with(TimeSums::of_window).add(&latency);
        }
    }

    fn merge_services(&mut self, model: &Model, window: usize, slices: &[Slice], seconds: f64) {
        let by_slice = slices.iter().map(|slice| attempts_by_service(model, &slice.edges));
        let calls = by_slice.reduce(|mut sum, next| {
            sum.iter_mut().zip(next).for_each(|(sum, next)| *sum = (sum.0 + next.0, sum.1 + next.1));
            sum
        });
        let calls = calls.unwrap_or_default();
        let ns = seconds * 1e9;
        for (service, windows) in self.services.iter_mut().enumerate() {
            let mut sum = ServiceCounts::default();
            slices.iter().for_each(|slice| sum.add(&slice.services[service]));
            let at = &mut windows[window];
            let running = sum.instances_now as f64;
            if at.instances.n() == 0 {
                (at.fewest, at.most) = (running, running);
            }
            at.fewest = at.fewest.min(running);
            at.most = at.most.max(running);
            at.instances.add(sum.instances_ns as f64 / ns);
            at.wanted.add(sum.wanted_now as f64);
            at.desired.add(sum.desired_now as f64);
            at.starting.add(sum.starting_ns as f64 / ns);
            at.offered.add(sum.entered as f64 / seconds);
            at.queue.add(sum.queue_ns as f64 / ns);
            at.utilisation.add(sum.busy_ns as f64, sum.workers_ns as f64);
            let (attempts, by_retries) = calls[service];
            at.tree_amplification.add(attempts as f64, (attempts - by_retries) as f64);
            at.by_retries += by_retries;
            let sizes = model.services[service].sizes.all().len();
            at.at_size.resize_with(sizes, MeanSums::default);
            let running_ns = |size: usize| at_size_ns(slices, service, size);
            let larger_ns: u128 = (1..sizes).map(running_ns).sum();
            for (size, running) in at.at_size.iter_mut().enumerate() {
                let ns = if size == 0 { sum.instances_ns.saturating_sub(larger_ns) } else { running_ns(size) };
                running.add(ns as f64 / (seconds * 1e9));
            }
            at.hit_ratio.add(sum.of(&HITS) as f64, (sum.of(&HITS) + sum.of(&MISSES)) as f64);
        }
    }

    fn merge_calls(&mut self, model: &Model, window: usize, slices: &[Slice], seconds: f64) {
        for (name, windows) in &mut self.calls {
            let mut sum = EdgeCounts::default();
            for slice in slices {
                let mine = model.edges.iter().zip(&slice.edges).filter(|(e, _)| &e.name == name);
                mine.for_each(|(_, c)| sum.add(c));
            }
            let at = &mut windows[window];
            at.attempts.add(sum.attempts as f64 / seconds);
            at.retries.add(sum.of(&RETRIES) as f64 / seconds);
            at.rejected.add(sum.rejected as f64 / seconds);
            if let Some(breakers) = self.breakers.get(name) {
                let stood = |of: LevelAt| {
                    let mut all = LevelSums::default();
                    slices.iter().for_each(|slice| all.add(&slice.level(of)));
                    all
                };
                add_times(&mut at.breaker_states, breaker_times(&breakers.guards, stood));
            }
        }
    }

    /// The windows.
    pub fn windows(&self) -> Vec<Window> {
        self.windows.clone()
    }

    /// Series of endpoints that a load calls.
    pub fn endpoints(&self, model: &Model) -> Vec<EndpointSeries> {
        let each = |(endpoint, windows): &(usize, Vec<EndpointWindow>)| {
            let quantiles = |q: f64| -> Vec<Option<Estimate>> {
                windows.iter().map(|w: &EndpointWindow| w.latency.as_ref()?.quantile(q)).collect()
            };
            EndpointSeries {
                name: model.endpoints[*endpoint].name.clone(),
                availability: windows.iter().map(|w| w.availability.share()).collect(),
                in_full: windows.iter().map(|w| w.in_full.share()).collect(),
                wrong: windows.iter().map(|w| w.wrong.share()).collect(),
                outcomes_per_s: std::array::from_fn(|o| {
                    windows.iter().map(|w| w.outcomes[o].at_least_zero()).collect()
                }),
                offered_per_s: windows.iter().map(|w| w.offered.at_least_zero()).collect(),
                p50_s: quantiles(0.5),
                p99_s: quantiles(0.99),
                p99_9_s: quantiles(0.999),
            }
        };
        self.endpoints.iter().map(each).collect()
    }

    /// Series of services.
    pub fn services(&self, model: &Model) -> Vec<ServiceSeries> {
        let each = |(index, windows): (usize, &Vec<ServiceWindow>)| ServiceSeries {
            name: model.services[index].name.clone(),
            section: model.services[index].node.section(),
            instances: windows.iter().map(|w| w.instances.at_least_zero()).collect(),
            instances_range: windows.iter().map(|w| (w.fewest, w.most)).collect(),
            wanted: windows.iter().map(|w| w.wanted.at_least_zero()).collect(),
            desired: windows.iter().map(|w| w.desired.at_least_zero()).collect(),
            starting: windows.iter().map(|w| w.starting.at_least_zero()).collect(),
            offered_per_s: windows.iter().map(|w| w.offered.at_least_zero()).collect(),
            queue_length: windows.iter().map(|w| w.queue.at_least_zero()).collect(),
            utilisation: windows.iter().map(|w| w.utilisation.share()).collect(),
            tree_amplification: if windows.iter().any(|w| w.by_retries > 0) {
                windows.iter().map(|w| w.tree_amplification.at_least_zero()).collect()
            } else {
                Vec::new()
            },
            hit_ratio: if is_cache(model, index) {
                windows.iter().map(|w| w.hit_ratio.share()).collect()
            } else {
                Vec::new()
            },
            fills_from: fills_from(model, index),
            scaled: model.scalers.iter().any(|s| s.of.index() == index && s.moves() == Moves::Instances),
            sizes: model.services[index]
                .sizes
                .all()
                .iter()
                .enumerate()
                .map(|(size, of)| SizeSeries {
                    name: of.to_string(),
                    running: windows
                        .iter()
                        .map(|w| w.at_size.get(size).copied().unwrap_or_default().at_least_zero())
                        .collect(),
                })
                .collect(),
        };
        self.services.iter().enumerate().map(each).collect()
    }

    /// Series of calls with a policy.
    pub fn calls(&self) -> Vec<CallSeries> {
        let each = |(name, windows): (&String, &Vec<CallWindow>)| CallSeries {
            name: name.clone(),
            attempts_per_s: windows.iter().map(|w| w.attempts.at_least_zero()).collect(),
            retries_per_s: windows.iter().map(|w| w.retries.at_least_zero()).collect(),
            rejected_per_s: windows.iter().map(|w| w.rejected.at_least_zero()).collect(),
            breaker_states: self.breakers.get(name).map(|breakers| BreakerSeries {
                windows: std::array::from_fn(|s| windows.iter().map(|w| w.breaker_states[s].share()).collect()),
                whole: std::array::from_fn(|s| breakers.whole[s].share()),
            }),
        };
        self.calls.iter().map(each).collect()
    }

    /// Cost by item and window.
    pub fn costs(&self) -> Vec<Vec<Estimate>> {
        self.costs.iter().map(|windows| windows.iter().map(super::interval::MeanSums::or_zero).collect()).collect()
    }
}
