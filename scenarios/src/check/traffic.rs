//! How much may come at most: breakers that never see enough calls.
//!
//! The highest rate of each call is reckoned from the loads, with all factors of their shapes at their highest and all retries
//! and hedges used. A breaker that asks for half as many calls again, in its window, as this bound gives, can never open.

use crate::compile::Compiled;
use sim_core::call::breaker::{BreakerSettings, Window};
use sim_core::ids::{EdgeId, GuardId};
use sim_core::model::Model;
use sim_core::problem::{Problem, Problems};
use sim_core::topology::{Load, Node, Step};
use sim_core::workload::Arrival;

/// Rounds of adding up calls; a network that has not settled by then has no bound.
const ROUNDS: usize = 200;
/// Chance fluctuations around a mean are allowed for with this factor, and this many calls.
const SLACK: (f64, f64) = (1.5, 20.0);

/// Finds breakers that can never open.
pub fn check(compiled: &Compiled, problems: &mut Problems) {
    let model = &compiled.model;
    let Some(rates) = highest_rates(model) else { return };
    for (index, guard) in model.guards.iter().enumerate() {
        let path = compiled.paths.breakers.get(index).and_then(Option::as_ref);
        let (Some(breaker), Some(path)) = (&guard.breaker, path) else { continue };
        let BreakerSettings::Rate(settings) = breaker else { continue };
        let Window::Time(window) = &settings.window else { continue };
        let minimum = settings.evidence();
        let rate: f64 = edges_of(model, GuardId::from(index)).map(|edge| rates[edge.index()]).sum();
        let most = rate * window.secs();
        if rate > 0.0 && most.is_finite() && f64::from(minimum) > most * SLACK.0 + SLACK.1 {
            problems.push(never(path, minimum, most, *window, rate));
        }
    }
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

fn never(path: &str, minimum: u32, most: f64, window: sim_core::units::SimDuration, rate: f64) -> Problem {
    Problem::error(format!("{path}.rate"), "the breaker can never open: minimum_calls is more than the window can hold")
        .label(format!(
            "minimum_calls {minimum}, window {window}, at most {} calls in {window} at {}/s",
            thousands(most.ceil()),
            short(rate)
        ))
        .hint("lower minimum_calls, or widen window")
}

fn edges_of(model: &Model, guard: GuardId) -> impl Iterator<Item = EdgeId> + '_ {
    (0..model.edges.len()).map(EdgeId::from).filter(move |edge| model.edges[edge.index()].guard == guard)
}

/// The highest rate of attempts on each call site [s⁻¹]; `None` where there is no bound.
fn highest_rates(model: &Model) -> Option<Vec<f64>> {
    let mut fixed = vec![0.0; model.edges.len()];
    for load in &model.loads {
        let rate = highest_rate(load, model)?;
        for (share, edge) in &load.mix {
            fixed[edge.index()] += share * rate * attempts(model, *edge);
        }
    }
    let mut weights: Vec<(usize, EdgeId, f64)> = vec![];
    for (index, endpoint) in model.endpoints.iter().enumerate() {
        visits(model, &endpoint.steps, 1.0, &mut |edge, times| weights.push((index, edge, times)));
        if let Node::Queue(queue) = &model.services[endpoint.service.index()].node {
            weights.extend(queue.consumers.iter().map(|c| (index, c.edge, f64::from(c.max_deliveries))));
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

fn attempts(model: &Model, edge: EdgeId) -> f64 {
    let edge = &model.edges[edge.index()];
    let copies = edge.hedge.as_ref().map_or(1.0, |hedge| hedge.copies() as f64);
    copies * edge.retry.as_ref().map_or(1.0, |r| f64::from(r.attempts()))
}

fn visits(model: &Model, steps: &[Step], times: f64, found: &mut impl FnMut(EdgeId, f64)) {
    for step in steps {
        match step {
            Step::Call(edge) | Step::Forward(edge) => found(*edge, times * attempts(model, *edge)),
            Step::Parallel { branches, repeat, .. } => {
                for branch in branches {
                    visits(model, branch, times * f64::from(*repeat), found);
                }
            }
            Step::Choose(branches) => {
                for (probability, branch) in branches {
                    visits(model, branch, times * probability, found);
                }
            }
            Step::Background(steps) | Step::Steps(steps) => visits(model, steps, times, found),
            Step::Work(_) | Step::Wait(_) | Step::Reply(_) | Step::Fail(..) => {}
        }
    }
}

/// The highest mean rate of a load class [s⁻¹]; `None` where its file or its users give no bound.
fn highest_rate(load: &Load, model: &Model) -> Option<f64> {
    let base = match &load.arrival {
        Arrival::Poisson { rate } | Arrival::Constant { rate } => *rate,
        Arrival::Renewal { between, faster } => 1e9 / between.mean() * faster,
        Arrival::Closed { users, think } => f64::from(*users) * 1e9 / think.mean(),
        Arrival::Burst(_) | Arrival::Replay(_) => return None,
    };
    let rate = base * peak(load, model);
    rate.is_finite().then_some(rate)
}

fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn short(number: f64) -> String {
    if number >= 10.0 {
        thousands(number.round())
    } else {
        format!("{number:.2}").trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}
