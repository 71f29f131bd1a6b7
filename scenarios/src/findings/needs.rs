//! How much of the load cannot be answered in full while a service or an endpoint is gone.
//!
//! A request to an endpoint needs what the endpoint needs, with the probability that it takes a branch that does: of calls one after the
//! other, one less the product of what each lets pass; of a choice, the mean; of parallel branches, the probability that fewer than `need` of
//! them can succeed. Optional calls, calls with a fallback, background work and what comes after the reply need nothing, and queues hold
//! messages whatever else runs. So far it is `sim_core::needed` with probabilities. The share of a load class is that of its mix, and classes
//! weigh by their mean rates.

use super::rates;
use sim_core::engine::math;
use sim_core::ids::{EdgeId, EndpointId, ServiceId};
use sim_core::model::Model;
use sim_core::topology::{Node, Step};

/// Looks at steps that are made at most; a system that needs more is not told of.
const MOST_LOOKS: usize = 20_000_000;
/// Parallel branches whose successes are counted one by one.
const MOST_BRANCHES: usize = 2_000;

/// Share of all requests that are not answered in full without a service, by service; `None` where the loads give no rate.
pub fn of_services(model: &Model) -> Option<Vec<f64>> {
    let rates: Option<Vec<f64>> = model.loads.iter().map(|load| rates::mean_rate(load, model)).collect();
    let rates = rates?;
    let sum: f64 = rates.iter().sum();
    let steps: usize = model.endpoints.iter().map(|endpoint| 1 + count(&endpoint.steps)).sum();
    if sum <= 0.0 || steps.saturating_mul(model.services.len()) > MOST_LOOKS {
        return None;
    }
    let share = |service: usize| {
        if matches!(model.services[service].node, Node::Queue(_)) {
            return 0.0;
        }
        let needed = probabilities(model, &|endpoint| model.endpoints[endpoint].service.index() == service);
        let of = |edge: &EdgeId| needed[model.edges[edge.index()].callee.index()];
        let loads = model.loads.iter().zip(&rates);
        loads.map(|(load, rate)| rate * load.mix.iter().map(|(share, edge)| share * of(edge)).sum::<f64>()).sum::<f64>()
            / sum
    };
    Some((0..model.services.len()).map(share).collect())
}

/// The probability that a request to an endpoint cannot be answered in full while all endpoints of which `gone` is true are gone, by endpoint.
pub fn probabilities(model: &Model, gone: &dyn Fn(usize) -> bool) -> Vec<f64> {
    let mut found = vec![None; model.endpoints.len()];
    for endpoint in 0..model.endpoints.len() {
        look(model, endpoint, gone, &mut found);
    }
    found.into_iter().map(|known| known.unwrap_or(0.0)).collect()
}

/// Follows calls without recursion, so that a chain of any length fits the stack: an endpoint is looked at when all that it calls is known, or
/// waits for it.
fn look(model: &Model, first: usize, gone: &dyn Fn(usize) -> bool, found: &mut [Option<f64>]) {
    let mut way = vec![(first, false)];
    let mut under_way = std::collections::BTreeSet::new();
    while let Some((endpoint, called_are_known)) = way.pop() {
        if found[endpoint].is_some() {
            continue;
        }
        if gone(endpoint) {
            found[endpoint] = Some(1.0);
            continue;
        }
        let at = &model.endpoints[endpoint];
        if called_are_known {
            // A call back to an endpoint that is being looked at needs nothing more than that endpoint does.
            let of = |edge: &EdgeId| found[model.edges[edge.index()].callee.index()].unwrap_or(0.0);
            found[endpoint] = Some(of_steps(model, &at.steps, &of).0);
        } else if under_way.insert(endpoint) {
            way.push((endpoint, true));
            rates::visits(&at.steps, 1.0, &mut |edge, _| {
                way.push((model.edges[edge.index()].callee.index(), false));
            });
        }
    }
}

/// The probability that steps fail, and that they reply before that, so that no step after them is waited for.
fn of_steps(model: &Model, steps: &[Step], of: &dyn Fn(&EdgeId) -> f64) -> (f64, f64) {
    let (mut failed, mut replied) = (0.0, 0.0);
    for step in steps {
        let (fails, replies) = match step {
            Step::Call(edge) | Step::Forward(edge) => {
                let call = &model.edges[edge.index()];
                (if call.optional || call.fallback.is_some() { 0.0 } else { of(edge) }, 0.0)
            }
            // Both have to fail.
            Step::Fallback { call, otherwise } => (of(call) * of_steps(model, otherwise, of).0, 0.0),
            Step::Parallel { branches, need, repeat } => {
                let each: Vec<f64> = branches.iter().map(|branch| of_steps(model, branch, of).0).collect();
                (too_few(&each, *repeat, *need), 0.0)
            }
            Step::Choose(branches) => branches.iter().fold((0.0, 0.0), |(fail, reply), (probability, branch)| {
                let (fails, replies) = of_steps(model, branch, of);
                (fail + probability * fails, reply + probability * replies)
            }),
            Step::Steps(steps) => of_steps(model, steps, of),
            // How many miss a cache that keeps keys is not known without a run.
            Step::Lookup { hit_ratio, miss, .. } => {
                (hit_ratio.map_or(0.0, |hits| (1.0 - hits) * of_steps(model, miss, of).0), 0.0)
            }
            Step::Invalidate { call, .. } => {
                let waited = call.filter(|edge| {
                    let call = &model.edges[edge.index()];
                    !call.optional && call.fallback.is_none()
                });
                (waited.map_or(0.0, |edge| of(&edge)), 0.0)
            }
            Step::Reply(_) => (0.0, 1.0),
            Step::Background(_) | Step::Work(_) | Step::Wait(_) | Step::Disk(_) | Step::Fail(..) => (0.0, 0.0),
        };
        let goes_on = 1.0 - failed - replied;
        failed += goes_on * fails;
        replied += goes_on * replies;
    }
    (failed, replied)
}

/// The probability that fewer than `need` of all branches succeed, each of which fails with its own probability and is there `repeat` times. A
/// branch fails by what it calls and not by chance alone, so that repetitions of it fail together where it fails for certain.
fn too_few(fails: &[f64], repeat: u32, need: u32) -> f64 {
    let all = fails.len() * repeat as usize;
    if need as usize == all {
        return 1.0 - fails.iter().map(|fails| math::pow(1.0 - fails, f64::from(repeat))).product::<f64>();
    }
    let certain = fails.iter().filter(|fails| **fails >= 1.0).count() * repeat as usize;
    let chances: Vec<f64> = fails.iter().copied().filter(|fails| *fails > 0.0 && *fails < 1.0).collect();
    let may_fail = (all - certain).min(all.saturating_sub(need as usize).saturating_sub(certain) + 1);
    if certain + need as usize > all {
        return 1.0;
    }
    if chances.is_empty() || chances.len() * repeat as usize > MOST_BRANCHES {
        return 0.0;
    }
    // Place n has the probability that n of those looked at have failed; the last one, so many or more.
    let mut failed = vec![0.0; may_fail + 1];
    failed[0] = 1.0;
    for chance in chances.iter().flat_map(|chance| std::iter::repeat_n(chance, repeat as usize)) {
        for n in (0..=may_fail).rev() {
            let stays = if n == may_fail { failed[n] } else { failed[n] * (1.0 - chance) };
            failed[n] = stays + if n > 0 { failed[n - 1] * chance } else { 0.0 };
        }
    }
    failed[may_fail]
}

fn count(steps: &[Step]) -> usize {
    let of = |step: &Step| match step {
        Step::Parallel { branches, .. } => branches.iter().map(|branch| count(branch)).sum(),
        Step::Choose(branches) => branches.iter().map(|(_, branch)| count(branch)).sum(),
        Step::Background(steps)
        | Step::Steps(steps)
        | Step::Lookup { miss: steps, .. }
        | Step::Fallback { otherwise: steps, .. } => count(steps),
        _ => 0,
    };
    steps.iter().map(|step| 1 + of(step)).sum()
}

/// The share of requests to an endpoint that need each endpoint, by endpoint: itself, and what it calls.
pub fn of_endpoint(model: &Model, of: EndpointId, needed: EndpointId) -> f64 {
    probabilities(model, &|endpoint| endpoint == needed.index())[of.index()]
}

/// The same of a service.
pub fn of_service(model: &Model, of: EndpointId, needed: ServiceId) -> f64 {
    probabilities(model, &|endpoint| model.endpoints[endpoint].service == needed)[of.index()]
}

#[cfg(test)]
mod tests {
    use super::too_few;

    #[test]
    fn as_many_as_are_needed_have_to_succeed() {
        let near = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found}, not {expected}");
        near(too_few(&[0.5, 0.5], 1, 2), 0.75);
        near(too_few(&[0.5, 0.5], 1, 1), 0.25);
        near(too_few(&[1.0, 0.5, 0.0], 1, 2), 0.5);
        near(too_few(&[1.0, 0.5, 0.0], 1, 1), 0.0);
        near(too_few(&[1.0, 0.0], 3, 4), 1.0);
        near(too_few(&[1.0, 0.0], 3, 3), 0.0);
        near(too_few(&[0.1; 3], 1, 2), 3.0 * 0.01 * 0.9 + 0.001);
    }
}
