//! The stores from which the values of caches come: those that the steps of a miss ask, directly or through others.

use crate::ids::{EdgeId, EndpointId, ServiceId};
use crate::model::Model;
use crate::topology::{Access, Node, Step};

/// Whether a cache keeps what was read in a store.
pub fn is_cached(model: &Model, store: ServiceId) -> bool {
    let is_cache = |service: &usize| matches!(model.services[*service].node, Node::Cache(_));
    let mut caches = (0..model.services.len()).filter(is_cache);
    caches.any(|cache| of_cache(model, ServiceId::from(cache)).contains(&store))
}

/// The stores that are asked when a value of a cache is made, by any lookup of it: one finds what another has made.
pub fn of_cache(model: &Model, cache: ServiceId) -> Vec<ServiceId> {
    let mut open = Vec::new();
    for endpoint in &model.endpoints {
        misses(model, &endpoint.steps, cache, &mut open);
    }
    let mut seen = vec![false; model.endpoints.len()];
    let mut stores = Vec::new();
    while let Some(endpoint) = open.pop() {
        if std::mem::replace(&mut seen[endpoint.index()], true) {
            continue;
        }
        let at = &model.endpoints[endpoint.index()];
        if matches!(at.access, Some(Access::Read | Access::Update | Access::CompareAndSet)) {
            stores.push(at.service);
        }
        each_call(&at.steps, &mut |edge| open.push(model.edges[edge.index()].callee));
    }
    stores.sort_unstable();
    stores.dedup();
    stores
}

/// Adds what is called where a cache is missed.
fn misses(model: &Model, steps: &[Step], of: ServiceId, to: &mut Vec<EndpointId>) {
    for step in steps {
        if let Step::Lookup { cache, miss, .. } = step
            && *cache == of
        {
            each_call(miss, &mut |edge| to.push(model.edges[edge.index()].callee));
        }
        step.inner().for_each(|steps| misses(model, steps, of, to));
    }
}

/// Each call that steps make.
fn each_call(steps: &[Step], found: &mut impl FnMut(EdgeId)) {
    for step in steps {
        if let Step::Call(edge) | Step::Forward(edge) | Step::Fallback { call: edge, .. } = step {
            found(*edge);
        }
        step.inner().for_each(|steps| each_call(steps, found));
    }
}
