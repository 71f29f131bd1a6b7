//! How often calls are made at most, and how often requests of load come on average.
//!
//! The highest rate of each call is reckoned from the loads, with all factors of their shapes at their highest and all retries and hedges used.

use sim_core::ids::EdgeId;
use sim_core::message::Consumer;
use sim_core::model::Model;
use sim_core::topology::{Load, Node, Step};
use sim_core::workload::{Arrival, Replay, shape};

/// Rounds of adding up calls; a network that has not settled by then has no bound.
const ROUNDS: usize = 200;
/// Times at which the mean of shapes is taken.
const POINTS: i64 = 240;

/// The highest rate of attempts on each call site [s⁻¹], and how many attempts there are at most for each call that is made once where nothing
/// fails; `None` where there is no bound.
pub fn highest(model: &Model) -> Option<(Vec<f64>, Vec<f64>)> {
    let most = settled(model, &|edge| attempts(model, edge))?;
    let least = settled(model, &|_| 1.0)?;
    let clump = bursts(model)?;
    let times = most.iter().zip(&least).map(|(most, least)| if *least > 0.0 { clump * most / least } else { 1.0 });
    let times = times.collect();
    Some((most, times))
}

/// Rates where each call makes so many attempts.
fn settled(model: &Model, attempts: &dyn Fn(EdgeId) -> f64) -> Option<Vec<f64>> {
    let mut fixed = vec![0.0; model.edges.len()];
    for load in &model.loads {
        let rate = highest_rate(load, model)?;
        for (share, edge) in &load.mix {
            fixed[edge.index()] += share * rate * attempts(*edge);
        }
    }
    let mut weights: Vec<(usize, EdgeId, f64)> = vec![];
    for (index, endpoint) in model.endpoints.iter().enumerate() {
        visits(&endpoint.steps, 1.0, &mut |edge, times| weights.push((index, edge, times * attempts(edge))));
        if let Node::Queue(queue) = &model.services[endpoint.service.index()].node {
            let sent = queue.consumers.iter().filter(|consumer| !consumer.is_of_saga);
            weights.extend(sent.map(|c| (index, c.edge, most_deliveries(c))));
            let events = queue.saga.iter().filter(|saga| saga.runner.is_none()).flat_map(|saga| &saga.steps);
            weights.extend(events.map(|step| (index, step.action, 1.0)));
        }
    }
    let mut rates = fixed.clone();
    for _ in 0..ROUNDS {
        let mut into = vec![0.0; model.endpoints.len()];
        for (rate, edge) in rates.iter().zip(&model.edges) {
            into[edge.callee.index()] += rate;
        }
        let mut next = fixed.clone();
        for (endpoint, edge, times) in &weights {
            next[edge.index()] += into[*endpoint] * times;
        }
        let settled = next.iter().zip(&rates).all(|(a, b)| (a - b).abs() <= 1e-9 * a.abs());
        rates = next;
        if settled {
            return Some(rates);
        }
    }
    None
}

/// How often a message is handed over at most. A saga is handed over again only where its coordinator is gone.
fn most_deliveries(consumer: &Consumer) -> f64 {
    if consumer.max_deliveries == u32::MAX { 1.0 } else { f64::from(consumer.max_deliveries) }
}

fn attempts(model: &Model, edge: EdgeId) -> f64 {
    let edge = &model.edges[edge.index()];
    let copies = edge.hedge.as_ref().map_or(1.0, |hedge| hedge.copies() as f64);
    copies * edge.retry.as_ref().map_or(1.0, |r| f64::from(r.attempts()))
}

/// Each call that steps make, and how often.
pub fn visits(steps: &[Step], times: f64, found: &mut impl FnMut(EdgeId, f64)) {
    for step in steps {
        match step {
            Step::Call(edge) | Step::Forward(edge) => found(*edge, times),
            // Both where the first fails: this is the most that there can be.
            Step::Fallback { call, otherwise } => {
                found(*call, times);
                visits(otherwise, times, found);
            }
            Step::Parallel { branches, repeat, .. } => {
                for branch in branches {
                    visits(branch, times * f64::from(*repeat), found);
                }
            }
            Step::Choose(branches) => {
                for (probability, branch) in branches {
                    visits(branch, times * probability, found);
                }
            }
            Step::Background(steps) | Step::Steps(steps) => visits(steps, times, found),
            // A cache that keeps keys may be empty.
            Step::Lookup { call, hit_ratio, miss, .. } => {
                call.iter().for_each(|edge| found(*edge, times));
                visits(miss, times * (1.0 - hit_ratio.unwrap_or(0.0)), found);
            }
            Step::Invalidate { call, .. } => call.iter().for_each(|edge| found(*edge, times)),
            Step::Work(_) | Step::Wait(_) | Step::Disk(_) | Step::Reply(_) | Step::Fail(..) => {}
        }
    }
}

/// The highest mean rate of a load class [s⁻¹]; `None` where its file or its users give no bound.
fn highest_rate(load: &Load, model: &Model) -> Option<f64> {
    let rate = base_rate(&load.arrival)? * peak(load, model);
    rate.is_finite().then_some(rate)
}

/// The rate of an arrival before its shapes [s⁻¹]; that of closed users if they were answered at once.
fn base_rate(arrival: &Arrival) -> Option<f64> {
    match arrival {
        Arrival::Poisson { rate } | Arrival::Constant { rate } => Some(*rate),
        Arrival::Renewal { between, faster } => Some(1e9 / between.mean() * faster),
        Arrival::Closed { users, think, .. } => Some(f64::from(*users) * 1e9 / think.mean()),
        Arrival::Burst(_) | Arrival::Replay(_) => None,
    }
}

/// How many times as clustered as a Poisson process the arrivals of the worst load class are: the squared coefficient of variation of the gaps,
/// or of the users' thinking.
fn bursts(model: &Model) -> Option<f64> {
    let clump = |load: &Load| match &load.arrival {
        Arrival::Renewal { between: gap, .. } | Arrival::Closed { think: gap, .. } => {
            gap.build().variance() / gap.mean().powi(2)
        }
        _ => 1.0,
    };
    let most = model.loads.iter().map(clump).fold(1.0, f64::max);
    most.is_finite().then_some(most)
}

/// The shapes' joined factor at its highest.
fn peak(load: &Load, model: &Model) -> f64 {
    let (from, to) = span(model);
    load.shape.iter().map(|s| s.max_factor(from, to, model.run.start.ns())).product()
}

/// Begin and end of the run, in nanoseconds from time 0.
fn span(model: &Model) -> (i64, i64) {
    let signed = |ns: u64| i64::try_from(ns).unwrap_or(i64::MAX);
    (-signed(model.run.warm_up.ns()), signed(model.run.duration.ns()))
}

/// The mean rate of a load class over the measured part of a run [s⁻¹]; that of closed users if they were answered at once. `None` where there is
/// no number.
pub fn mean_rate(load: &Load, model: &Model) -> Option<f64> {
    let (_, end) = span(model);
    let seconds = model.run.duration.secs();
    let base = match &load.arrival {
        Arrival::Burst(bursts) => {
            // All that comes after the end is no load of this run.
            let Some(left) = (end as u64).checked_sub(bursts.at_ns) else { return Some(0.0) };
            let times = bursts.every_ns.map_or(1, |every| left / every.max(1) + 1).min(bursts.times);
            bursts.size as f64 * times as f64 / seconds
        }
        Arrival::Replay(Replay::Times(times)) => {
            times.iter().filter(|time| **time < end as u64).count() as f64 / seconds
        }
        Arrival::Replay(Replay::Rates(rates)) => {
            let ends = rates.iter().skip(1).map(|(from, _)| *from).chain([end as u64]);
            let parts =
                rates.iter().zip(ends).map(|((from, rate), to)| rate * to.min(end as u64).saturating_sub(*from) as f64);
            parts.sum::<f64>() / end as f64
        }
        other => base_rate(other)?,
    };
    let points = (0..POINTS).map(|point| end / (2 * POINTS) * (2 * point + 1));
    let factors = points.map(|at| shape::factor(&load.shape, at, model.run.start.ns()));
    let rate = base * factors.sum::<f64>() / POINTS as f64;
    rate.is_finite().then_some(rate)
}
