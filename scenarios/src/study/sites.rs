//! Which call sites belong together: those of an endpoint, and the endpoints that load classes call.

use sim_core::ids::Caller;
use sim_core::model::Model;

/// Call sites of an endpoint.
pub fn edges_to(model: &Model, endpoint: usize) -> impl Iterator<Item = usize> + '_ {
    (0..model.edges.len()).filter(move |&e| model.edges[e].callee.index() == endpoint)
}

/// Endpoints that a load class calls, in the order of the load.
pub fn entries(model: &Model) -> Vec<usize> {
    let mut all = Vec::new();
    for edge in model.edges.iter().filter(|e| matches!(e.caller, Caller::Load(_))) {
        if !all.contains(&edge.callee.index()) {
            all.push(edge.callee.index());
        }
    }
    all
}
