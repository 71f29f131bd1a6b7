//! Where the values of caches come from.

use sim_core::model::Model;
use sim_core::topology::{Node, Step};

/// Whether a service, by its place, is a cache.
pub fn is_cache(model: &Model, service: usize) -> bool {
    matches!(model.services[service].node, Node::Cache(_))
}

/// The stores and services that are called where a cache, by its place, is missed; in the order of the file.
pub fn fills_from(model: &Model, cache: usize) -> Vec<String> {
    let mut called = vec![false; model.services.len()];
    for endpoint in &model.endpoints {
        misses(&endpoint.steps, cache, &mut |steps| calls(model, steps, &mut called));
    }
    model.services.iter().zip(called).filter(|(_, called)| *called).map(|(service, _)| service.name.clone()).collect()
}

/// The steps of each miss of a cache.
fn misses(steps: &[Step], of: usize, found: &mut impl FnMut(&[Step])) {
    for step in steps {
        if let Step::Lookup { cache, miss, .. } = step
            && cache.index() == of
        {
            found(miss);
        }
        step.inner().for_each(|steps| misses(steps, of, found));
    }
}

/// Marks the services that steps call.
fn calls(model: &Model, steps: &[Step], called: &mut [bool]) {
    for step in steps {
        if let Step::Call(edge) = step {
            called[model.endpoints[model.edges[edge.index()].callee.index()].service.index()] = true;
        }
        step.inner().for_each(|steps| calls(model, steps, called));
    }
}
