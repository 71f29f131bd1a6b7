//! Clocks that are wrong where nobody reads them, and deadlines that are to be sent as times where there are none.

use crate::compile::Compiled;
use sim_core::call::deadline::DeadlineAs;
use sim_core::faults::{Fault, FaultEffect, Target};
use sim_core::ids::{Caller, ServiceId};
use sim_core::problem::{Problem, Problems};
use sim_core::topology::{Edge, Node, Replication};

/// Warns of a skewed clock that no deadline sees: no error, because a variant may send durations for comparison. And of a call that has no deadline
/// to send as a time.
pub fn check(compiled: &Compiled, problems: &mut Problems) {
    let model = &compiled.model;
    let tells_times = model.tells_times();
    for ((edge, tells), path) in model.edges.iter().zip(&tells_times).zip(&compiled.paths.edges) {
        if edge.deadline_as == DeadlineAs::Timestamp && !tells {
            let problem = Problem::warning(path, "this call has no deadline that could be sent as a time")
                .label("deadline_as: timestamp does nothing here")
                .hint("write deadline: 1s beside it, at the load, or at a call above");
            problems.push(problem);
        }
    }
    let read_clocks = |services: &[ServiceId]| {
        let is_struck = |edge: &Edge| {
            let callee = model.endpoints[edge.callee.index()].service;
            let caller = match edge.caller {
                Caller::Endpoint(endpoint) => Some(model.endpoints[endpoint.index()].service),
                Caller::Load(_) | Caller::Queue(_) | Caller::Scaler(_) => None,
            };
            services.contains(&callee) || caller.is_some_and(|caller| services.contains(&caller))
        };
        // The last writer is who has the latest time.
        let stamps = |service: &ServiceId| {
            matches!(&model.services[service.index()].node, Node::Store(store)
                if matches!(store.replication, Replication::Merge { last_wins: true, .. }))
        };
        services.iter().any(stamps)
            || model.edges.iter().zip(&tells_times).any(|(edge, tells)| *tells && is_struck(edge))
    };
    for fault in &model.faults {
        let (FaultEffect::ClockSkew(_), Target::Instances(selection)) = (&fault.effect, &fault.target) else {
            continue;
        };
        if !read_clocks(&selection.services) {
            let problem = Problem::warning(path_of(fault, compiled), "nothing here reads the clocks that are wrong")
                .label("no deadline is sent as a time by these or to these")
                .hint("write deadline: 1s and deadline_as: timestamp at a call; a duration needs no clock");
            problems.push(problem);
        }
    }
}

/// Where a fault is written.
fn path_of(fault: &Fault, compiled: &Compiled) -> String {
    match fault.experiment {
        Some(place) => format!("experiments.{}.actions", compiled.model.experiments[place].name),
        None => format!("faults.{}.inject", fault.name),
    }
}
