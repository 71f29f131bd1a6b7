//! Endpoints that call each other forever.
//!
//! An endpoint comes to an end if all its steps do: a call if its callee does, parallel branches if all do, a choice if one of its
//! branches does. The smallest set of endpoints that can be shown to end in this way is grown until it does not grow any more; what
//! is left has no exit.

use crate::compile::Compiled;
use sim_core::ids::{EdgeId, EndpointId};
use sim_core::model::Model;
use sim_core::problem::{Problem, Problems};
use sim_core::topology::{Edge, Node, Step};

/// Finds cycles of calls without an exit, and reports each once, at the call that closes it.
pub fn check(compiled: &Compiled, problems: &mut Problems) {
    let model = &compiled.model;
    let ends = endings(model);
    let mut reported = vec![false; model.endpoints.len()];
    for start in (0..model.endpoints.len()).map(EndpointId::from) {
        if ends[start.index()] || reported[start.index()] {
            continue;
        }
        if let Some((cycle, edge)) = walk(model, &ends, start) {
            let fresh = !cycle.iter().any(|id| reported[id.index()]);
            for id in &cycle {
                reported[id.index()] = true;
            }
            if fresh {
                problems.push(problem(compiled, &cycle, edge));
            }
        }
    }
}

fn problem(compiled: &Compiled, cycle: &[EndpointId], edge: EdgeId) -> Problem {
    let name = |id: &EndpointId| compiled.model.endpoints[id.index()].name.as_str();
    let mut names: Vec<&str> = cycle.iter().map(name).collect();
    names.extend(cycle.first().map(name));
    let what =
        if cycle.len() == 1 { "this endpoint calls itself forever" } else { "these endpoints call each other forever" };
    Problem::error(&compiled.paths.edges[edge.index()], what)
        .label(names.join(" -> "))
        .hint("let one of them choose between this call and an end")
}

fn endings(model: &Model) -> Vec<bool> {
    let mut ends = vec![false; model.endpoints.len()];
    loop {
        let mut grown = false;
        for (index, endpoint) in model.endpoints.iter().enumerate() {
            if ends[index] {
                continue;
            }
            let done = match &model.services[endpoint.service.index()].node {
                Node::Queue(queue) => {
                    queue.consumers.is_empty() || queue.consumers.iter().any(|c| ends[callee(model, c.edge).index()])
                }
                _ => steps_end(model, &ends, &endpoint.steps),
            };
            ends[index] = done;
            grown |= done;
        }
        if !grown {
            return ends;
        }
    }
}

fn callee(model: &Model, edge: EdgeId) -> EndpointId {
    let Edge { callee, .. } = model.edges[edge.index()];
    callee
}

fn steps_end(model: &Model, ends: &[bool], steps: &[Step]) -> bool {
    for step in steps {
        match step {
            Step::Fail(probability, _) if *probability > 0.0 => return true,
            Step::Forward(edge) => return ends[callee(model, *edge).index()],
            step if blocking(model, ends, step).is_some() => return false,
            _ => {}
        }
    }
    true
}

/// The call because of which a step does not end.
fn blocking(model: &Model, ends: &[bool], step: &Step) -> Option<EdgeId> {
    match step {
        Step::Call(edge) | Step::Forward(edge) | Step::Fallback { call: edge, .. } => {
            (!ends[callee(model, *edge).index()]).then_some(*edge)
        }
        Step::Parallel { branches, .. } => branches.iter().find_map(|b| first_blocking(model, ends, b)),
        Step::Choose(branches) => {
            let possible: Vec<&Vec<Step>> = branches.iter().filter(|(p, _)| *p > 0.0).map(|(_, s)| s).collect();
            let open = possible.is_empty() || possible.iter().any(|s| steps_end(model, ends, s));
            if open { None } else { possible.iter().find_map(|s| first_blocking(model, ends, s)) }
        }
        // Some lookups are hits, whatever comes before them.
        Step::Lookup { hit_ratio, .. } if hit_ratio.is_some_and(|hits| hits > 0.0) => None,
        Step::Background(steps) | Step::Steps(steps) | Step::Lookup { miss: steps, .. } => {
            if steps_end(model, ends, steps) { None } else { first_blocking(model, ends, steps) }
        }
        Step::Work(_) | Step::Wait(_) | Step::Disk(_) | Step::Reply(_) | Step::Fail(..) | Step::Invalidate { .. } => {
            None
        }
    }
}

fn first_blocking(model: &Model, ends: &[bool], steps: &[Step]) -> Option<EdgeId> {
    steps.iter().find_map(|step| blocking(model, ends, step))
}

/// Follows the calls that do not end from `start` until an endpoint comes again: the cycle, and the call that closes it.
fn walk(model: &Model, ends: &[bool], start: EndpointId) -> Option<(Vec<EndpointId>, EdgeId)> {
    let mut way = vec![start];
    loop {
        let here = &model.endpoints[way.last()?.index()];
        let edge = match &model.services[here.service.index()].node {
            Node::Queue(queue) => queue.consumers.first().map(|c| c.edge),
            _ => first_blocking(model, ends, &here.steps),
        }?;
        let next = callee(model, edge);
        if let Some(at) = way.iter().position(|id| *id == next) {
            return Some((way.split_off(at), edge));
        }
        way.push(next);
    }
}
