//! What no request ever gets to: promises about it are never judged.

use crate::compile::Compiled;
use sim_core::ids::{Caller, EdgeId, EndpointId};
use sim_core::model::Model;
use sim_core::problem::{Problem, Problems};
use sim_core::promise::PromiseKind;
use sim_core::topology::{Node, Step};

/// Warns of promises about endpoints that no load reaches, and of services that no load reaches.
pub fn check(compiled: &Compiled, problems: &mut Problems) {
    let model = &compiled.model;
    if model.loads.is_empty() {
        return;
    }
    let reached = reached(model);
    let mut promised = vec![false; model.services.len()];
    for promise in &model.promises {
        let Some(of) = endpoint_of(&promise.kind) else { continue };
        if reached[of.index()] {
            continue;
        }
        let name = &model.endpoints[of.index()].name;
        promised[model.endpoints[of.index()].service.index()] = true;
        let path = format!("promises.{}.of", promise.name);
        let problem = Problem::warning(path, "a promise is made about an endpoint that no load reaches")
            .label("it would be inconclusive")
            .hint(format!("add a load that calls {name}, or remove the promise"));
        problems.push(problem);
    }
    for (index, service) in model.services.iter().enumerate() {
        let mut own = (0..model.endpoints.len()).filter(|e| model.endpoints[*e].service.index() == index).peekable();
        if own.peek().is_some() && !promised[index] && !own.any(|e| reached[e]) {
            let problem =
                Problem::warning(&compiled.paths.services[index], format!("no load reaches {}", service.name))
                    .label("it would stand idle")
                    .hint(format!("add a call to {}, or remove it", service.name));
            problems.push(problem);
        }
    }
}

/// The endpoint that a promise is about.
fn endpoint_of(kind: &PromiseKind) -> Option<EndpointId> {
    match kind {
        PromiseKind::Availability { of, .. }
        | PromiseKind::Latency { of, .. }
        | PromiseKind::Recovery { of, .. }
        | PromiseKind::Goodput { of, .. } => Some(*of),
        PromiseKind::Wrongness { of, .. } => *of,
        PromiseKind::Age { .. } | PromiseKind::Cost { .. } => None,
    }
}

fn reached(model: &Model) -> Vec<bool> {
    let mut reached = vec![false; model.endpoints.len()];
    let mut topics = vec![];
    let first = model.loads.iter().flat_map(|load| &load.mix).map(|(_, edge)| *edge);
    let mut open: Vec<EndpointId> = first.map(|edge| model.edges[edge.index()].callee).collect();
    // Who is asked by a scaler needs no load.
    let asked = model.edges.iter().filter(|edge| matches!(edge.caller, Caller::Scaler(_)));
    open.extend(asked.map(|edge| edge.callee));
    while let Some(id) = open.pop() {
        if std::mem::replace(&mut reached[id.index()], true) {
            continue;
        }
        let endpoint = &model.endpoints[id.index()];
        let mut edges = vec![];
        calls(&endpoint.steps, &mut edges);
        if let Node::Store(store) = &model.services[endpoint.service.index()].node {
            open.extend(store.outboxes.iter().filter(|o| model.edges[o.edge.index()].callee == id).map(|o| o.to));
        }
        if let Node::Queue(queue) = &model.services[endpoint.service.index()].node {
            edges.extend(queue.consumers.iter().filter(|c| !c.is_of_saga).map(|c| c.edge));
            let events = queue.saga.iter().filter(|saga| saga.runner.is_none()).flat_map(|saga| &saga.steps);
            let events = events.flat_map(|step| std::iter::once(step.action).chain(step.compensation));
            let events: Vec<EdgeId> = events.collect();
            topics.extend(events.iter().map(|edge| model.edges[edge.index()].caller));
            edges.extend(events);
            open.extend(queue.consumers.iter().filter_map(|c| c.dead_letter));
        }
        open.extend(edges.into_iter().map(|edge| model.edges[edge.index()].callee));
    }
    // The events of a saga come to its topic, and to nobody who takes what is sent there.
    for (endpoint, reached) in model.endpoints.iter().zip(&mut reached) {
        *reached |= topics.contains(&Caller::Queue(endpoint.service));
    }
    reached
}

/// All calls among the steps.
fn calls(steps: &[Step], into: &mut Vec<EdgeId>) {
    for step in steps {
        match step {
            Step::Call(edge) | Step::Forward(edge) => into.push(*edge),
            Step::Fallback { call, otherwise } => {
                into.push(*call);
                calls(otherwise, into);
            }
            Step::Parallel { branches, .. } => branches.iter().for_each(|steps| calls(steps, into)),
            Step::Choose(branches) => branches.iter().for_each(|(_, steps)| calls(steps, into)),
            Step::Background(steps) | Step::Steps(steps) => calls(steps, into),
            Step::Lookup { call, miss, .. } => {
                into.extend(call);
                calls(miss, into);
            }
            Step::Invalidate { call, .. } => into.extend(call),
            Step::Work(_) | Step::Wait(_) | Step::Disk(_) | Step::Reply(_) | Step::Fail(..) => {}
        }
    }
}
