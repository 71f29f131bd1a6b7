//! Arithmetic beside simulation: what a spreadsheet says of the availability and latency of a system, and why a run says otherwise.
//!
//! The parts of an endpoint are itself and all endpoints that it cannot do without ([`needed_endpoints`]). Each counts with what it fails
//! *by itself*, so that a failure counts at the part where it began and not at each of those above: a request that fails because a call
//! failed that its endpoint made is the callee's failure. A timeout is a failure of what was called, where the timeout is. For
//! parts that are called one after the other, once a request and without retries, the product is then what users see, to the last request.
//!
//! Percentiles do not add up, and have no such form: the sum is a bound for calls one after the other, the longest is too little for calls at
//! the same time. Both take the calls that the endpoint makes itself and waits for, each with all that it calls in turn.

use super::gather::Gathered;
use super::sites::entries;
use sim_core::call::hedge::HEDGES;
use sim_core::call::retry::RETRIES;
use sim_core::economics::YEAR_S;
use sim_core::ids::{Caller, EndpointId};
use sim_core::model::Model;
use sim_core::needed::needed_endpoints;
use sim_core::promise::PromiseKind;
use sim_core::results::{ArithmeticRow, Estimate, Unit};
use sim_core::slo;
use sim_core::topology::Step;

/// The percentile that is added up.
const PERCENTILE: f64 = 0.99;

/// All rows: of each endpoint that a load class calls, and of each promise of availability.
pub fn rows(model: &Model, gathered: &Gathered) -> Vec<ArithmeticRow> {
    let mut rows = Vec::new();
    for entry in entries(model) {
        rows.extend(availability(model, gathered, entry));
        rows.extend(latency(model, gathered, entry));
    }
    for (promise, sums) in model.promises.iter().zip(&gathered.judged.promises) {
        let (PromiseKind::Availability { of, at_least }, Some(observed)) = (&promise.kind, sums.value.estimate())
        else {
            continue;
        };
        rows.extend(need_of_each(model, gathered, &promise.name, *of, *at_least));
        rows.push(minutes_a_year(&promise.name, *at_least, observed));
        rows.extend(budget(model, &promise.name, *at_least, promise.period_s, observed));
    }
    rows
}

/// The parts of an endpoint, each with the share of its requests that it does not fail by itself; without those that had no requests.
fn parts(model: &Model, gathered: &Gathered, endpoint: EndpointId) -> Vec<(usize, Estimate)> {
    let all = needed_endpoints(model, endpoint).into_iter().map(EndpointId::index);
    all.filter_map(|part| Some((part, gathered.endpoints[part].by_itself.share()?))).collect()
}

/// The product of what the parts of an endpoint answer by themselves, beside what its callers saw; `None` where it has no other parts.
fn availability(model: &Model, gathered: &Gathered, entry: usize) -> Option<ArithmeticRow> {
    let simulated = gathered.endpoints[entry].availability.share()?;
    let parts = parts(model, gathered, EndpointId::from(entry));
    if parts.len() < 2 {
        return None;
    }
    let product = slo::chain_availability(&parts.iter().map(|(_, share)| share.mean).collect::<Vec<_>>());
    let places: Vec<usize> = parts.iter().map(|(part, _)| *part).collect();
    let names: Vec<&str> = places.iter().map(|part| model.endpoints[*part].name.as_str()).collect();
    let why = why(model, gathered, &places, product, simulated);
    Some(ArithmeticRow {
        of: format!("availability of {}", model.endpoints[entry].name).into(),
        arithmetic: product,
        simulated,
        unit: Unit::Share,
        why: format!("Product of what each part answers by itself: {}. {why}", names.join(", ")).into(),
    })
}

/// Why the product differs from what was simulated, by what the run has counted.
fn why(model: &Model, gathered: &Gathered, parts: &[usize], product: f64, simulated: Estimate) -> String {
    // Sums of floating-point numbers differ in their last digits where no number does.
    let off = simulated.mean - product;
    if off.abs() <= simulated.half_width().max(1e-9) {
        return "Simulation agrees.".into();
    }
    let higher = off > 0.0;
    let reasons = if higher { raised(model, gathered, parts) } else { lowered(model, gathered, parts) };
    let side = if higher { "higher" } else { "lower" };
    let reasons = if reasons.is_empty() {
        "failures of the parts come together, or one brings another about".into()
    } else {
        reasons.join("; ")
    };
    format!("Simulation is {side}: {reasons}.")
}

fn raised(model: &Model, gathered: &Gathered, parts: &[usize]) -> Vec<String> {
    let (mut reasons, mut retried, mut hedged) = (Vec::new(), false, false);
    for (name, _) in calls_between(model, parts) {
        let Some(call) = gathered.calls.get(name) else { continue };
        retried |= call.counters.of(&RETRIES).mean > 0.0;
        hedged |= call.counters.of(&HEDGES).mean > 0.0;
    }
    if retried {
        reasons.push("calls are tried again".into());
    }
    if hedged {
        reasons.push("calls are sent more than once".into());
    }
    let rare = parts.iter().filter(|part| calls_a_request(model, gathered, parts, **part).is_some_and(|n| n < 0.95));
    reasons.extend(rare.map(|part| format!("not every request calls {}", model.endpoints[*part].name)));
    reasons
}

fn lowered(model: &Model, gathered: &Gathered, parts: &[usize]) -> Vec<String> {
    let mut reasons = Vec::new();
    let mut calls = calls_between(model, parts).into_iter();
    if calls.any(|(name, _)| gathered.calls.get(name).is_some_and(|call| call.rejected.at_least_zero().mean > 0.0)) {
        reasons.push("breakers, throttles, limits or pools turn calls away".into());
    }
    let often = parts.iter().filter(|part| calls_a_request(model, gathered, parts, **part).is_some_and(|n| n > 1.05));
    reasons.extend(often.map(|part| format!("{} is called more than once for a request", model.endpoints[*part].name)));
    reasons
}

/// The names of calls from one part to another, with the callee; each once.
fn calls_between<'m>(model: &'m Model, parts: &[usize]) -> Vec<(&'m str, usize)> {
    let mut calls = Vec::new();
    for edge in &model.edges {
        let Caller::Endpoint(caller) = edge.caller else { continue };
        let call = (edge.name.as_str(), edge.callee.index());
        if parts.contains(&caller.index()) && parts.contains(&call.1) && !calls.contains(&call) {
            calls.push(call);
        }
    }
    calls
}

/// Calls to a part for each request that its callers among the parts do not fail by themselves; `None` where none of them calls it.
fn calls_a_request(model: &Model, gathered: &Gathered, parts: &[usize], part: usize) -> Option<f64> {
    let to_part = |name: &(&str, usize)| name.1 == part;
    let calls = calls_between(model, parts).into_iter().filter(to_part);
    let calls: f64 = calls.filter_map(|(name, _)| Some(gathered.calls.get(name)?.calls.at_least_zero().mean)).sum();
    let calls_it = |caller: &&usize| {
        let from =
            |edge: &sim_core::topology::Edge| matches!(edge.caller, Caller::Endpoint(id) if id.index() == **caller);
        model.edges.iter().any(|edge| from(edge) && edge.callee.index() == part)
    };
    let requests = |caller: &usize| {
        let sums = &gathered.endpoints[*caller];
        Some(sums.requests.at_least_zero().mean * sums.by_itself.share()?.mean)
    };
    let requests: f64 = parts.iter().filter(calls_it).filter_map(requests).sum();
    (requests > 0.0).then(|| calls / requests)
}

/// The sum and the longest of the p99 of what an endpoint calls and waits for, beside its own.
fn latency(model: &Model, gathered: &Gathered, entry: usize) -> Vec<ArithmeticRow> {
    let Some(simulated) = gathered.endpoints[entry].latency.quantile(PERCENTILE) else { return Vec::new() };
    let mut called = Vec::new();
    waited_for(model, &model.endpoints[entry].steps, &mut called);
    let p99 = |part: &EndpointId| Some(gathered.endpoints[part.index()].latency.quantile(PERCENTILE)?.mean);
    let times: Vec<f64> = called.iter().filter_map(p99).collect();
    if times.is_empty() {
        return Vec::new();
    }
    let name = &model.endpoints[entry].name;
    let names: Vec<&str> = called.iter().map(|part| model.endpoints[part.index()].name.as_str()).collect();
    let (names, own) = (names.join(", "), format!("The wait and work of {name} itself come on top."));
    let row = |how: &str, arithmetic: f64, why: String| ArithmeticRow {
        of: format!("p99 of {name}, its calls {how}").into(),
        arithmetic,
        simulated,
        unit: Unit::Seconds,
        why: why.into(),
    };
    let one_by_one = format!("Sum of the p99 of {names}: a bound, because their slow answers seldom meet. {own}");
    let at_once =
        format!("The longest p99 of {names}: too little, because the slowest of several is slower than each. {own}");
    let mut rows = vec![row("one after the other", slo::serial_latency_s(&times), one_by_one)];
    if times.len() > 1 {
        rows.push(row("at the same time", slo::parallel_latency_s(&times), at_once));
    }
    rows
}

/// Adds the endpoints that steps call and wait for, each as often as it is written. Whether they reply on the way, so that nobody waits for
/// later steps.
fn waited_for(model: &Model, steps: &[Step], to: &mut Vec<EndpointId>) -> bool {
    for step in steps {
        let replied = match step {
            Step::Call(edge) | Step::Forward(edge) | Step::Fallback { call: edge, .. } => {
                to.push(model.edges[edge.index()].callee);
                false
            }
            Step::Parallel { branches, .. } => {
                branches.iter().for_each(|branch| _ = waited_for(model, branch, to));
                false
            }
            Step::Choose(branches) => {
                let replied: Vec<bool> = branches.iter().map(|(_, branch)| waited_for(model, branch, to)).collect();
                !replied.contains(&false)
            }
            Step::Steps(steps) => waited_for(model, steps, to),
            // A cache that does not answer is a miss, and what makes the value is waited for by some.
            Step::Lookup { miss, .. } => {
                waited_for(model, miss, to);
                false
            }
            Step::Invalidate { call, .. } => {
                to.extend(call.map(|edge| model.edges[edge.index()].callee));
                false
            }
            Step::Reply(_) => true,
            Step::Background(_) | Step::Work(_) | Step::Wait(_) | Step::Disk(_) | Step::Fail(..) => false,
        };
        if replied {
            return true;
        }
    }
    false
}

/// What each part of an endpoint has to answer by itself for a promise, beside the part that answers least.
fn need_of_each(
    model: &Model,
    gathered: &Gathered,
    promise: &str,
    of: EndpointId,
    at_least: f64,
) -> Option<ArithmeticRow> {
    let parts = parts(model, gathered, of);
    if parts.len() < 2 {
        return None;
    }
    let (least, share) = parts.iter().min_by(|a, b| a.1.mean.total_cmp(&b.1.mean))?;
    Some(ArithmeticRow {
        of: format!("availability that {promise} needs of each of {} parts", parts.len()).into(),
        arithmetic: slo::needed_of_each(at_least, parts.len() as u32),
        simulated: *share,
        unit: Unit::Share,
        why: format!("Simulated is what {} answers by itself, the least of all parts.", model.endpoints[*least].name)
            .into(),
    })
}

/// Minutes of a year without an answer: what a promise leaves, and as many as in this run.
fn minutes_a_year(promise: &str, at_least: f64, observed: Estimate) -> ArithmeticRow {
    let minutes = |share: f64| slo::allowed_down_s(share, YEAR_S) / 60.0;
    ArithmeticRow {
        of: format!("minutes a year that {promise} leaves").into(),
        arithmetic: minutes(at_least),
        simulated: Estimate {
            mean: minutes(observed.mean),
            low: minutes(observed.high.min(1.0)),
            high: minutes(observed.low.max(0.0)),
        },
        unit: Unit::Count,
        why: "Simulated is a year of 365 days in which the same share of requests fails as in this run.".into(),
    }
}

/// The share of a promise's error budget that the run has spent; `None` without a period or a budget.
fn budget(
    model: &Model,
    promise: &str,
    at_least: f64,
    period_s: Option<f64>,
    observed: Estimate,
) -> Option<ArithmeticRow> {
    let (burn, run_s) = (slo::burn_rate(1.0 - observed.mean, at_least)?, model.run.duration.secs());
    let period_s = period_s?;
    Some(ArithmeticRow {
        of: format!("error budget of {promise} spent by this run").into(),
        arithmetic: run_s / period_s,
        simulated: Estimate::exact(slo::budget_spent(burn, run_s, period_s)),
        unit: Unit::Share,
        why: "By arithmetic a run spends its share of the period.".into(),
    })
}
