//! Settings by which instances are chosen, and that choose nothing here.

use crate::compile::Compiled;
use sim_core::call::locality::Prefer;
use sim_core::ids::ServiceId;
use sim_core::problem::{Problem, Problems};
use std::collections::BTreeSet;

/// Warns of a slow start that no caller's balancer looks at, and of calls that prefer what is near where all is equally near.
pub fn check(compiled: &Compiled, problems: &mut Problems) {
    slow_starts(compiled, problems);
    preferences(compiled, problems);
}

fn slow_starts(compiled: &Compiled, problems: &mut Problems) {
    let model = &compiled.model;
    for (index, service) in model.services.iter().enumerate().filter(|(_, service)| service.slow_start.is_some()) {
        let callers = || model.guards.iter().filter(|guard| guard.callee == ServiceId::from(index));
        if callers().next().is_none() || callers().any(|guard| guard.balance.weighs()) {
            continue;
        }
        let what = format!("slow_start changes nothing for {}", service.name);
        problems.push(
            Problem::warning(&compiled.paths.services[index], what)
                .label("no balancer of its callers looks at weights")
                .hint("write balance: round_robin, least_requests or weighted at the calls"),
        );
    }
}

fn preferences(compiled: &Compiled, problems: &mut Problems) {
    let model = &compiled.model;
    for (edge, path) in model.edges.iter().zip(&compiled.paths.edges) {
        let Some(prefer) = edge.locality.and_then(|locality| locality.prefer) else { continue };
        let service = &model.services[model.endpoints[edge.callee.index()].service.index()];
        let place = |zone: &sim_core::ids::ZoneId| match prefer {
            Prefer::Zone => zone.index(),
            Prefer::Region => model.zones[zone.index()].region.index(),
        };
        let places: BTreeSet<usize> = service.zones.iter().map(place).collect();
        if places.len() > 1 {
            continue;
        }
        let of = if prefer == Prefer::Zone { "zone" } else { "region" };
        problems.push(
            Problem::warning(path, format!("prefer: {of} changes nothing for calls of {}", service.name))
                .label(format!("all its instances stand in one {of}"))
                .hint("write zones: and the zones in which they stand"),
        );
    }
}
