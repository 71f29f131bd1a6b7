//! Call sites and what calls share, from a model.

use super::gate;
use super::site::{Role, Shared, Site, Timer};
use crate::call::balance::Balancer;
use crate::call::breaker::BreakerSettings;
use crate::data::{Effect, KeysOfRequests};
use crate::dist::Sampler;
use crate::engine::calendar::Lanes;
use crate::engine::rng::{hash_name, mix};
use crate::engine::table::Maybe;
use crate::guarantees::keeps_session;
use crate::ids::{Caller, EdgeId, GuardId};
use crate::metrics::Histogram;
use crate::model::Model;
use crate::results::EdgeCounts;
use crate::topology::{Access, Edge, Guard, Node, ReadFrom, Replication};
use crate::workload::Priority;
use crate::world::frame::Rank;
use crate::world::network::Network;
use crate::world::program::{Program, needs_client};
use crate::world::stations::Stations;
use std::collections::BTreeMap;

/// The state that calls share, and where that of each guard begins.
pub(super) fn shared(model: &Model) -> (Vec<Shared>, Vec<u32>) {
    let (mut shared, mut first) = (Vec::new(), Vec::new());
    for (id, guard) in model.guards.iter().enumerate() {
        first.push(shared.len() as u32);
        let callers = callers(model, guard);
        for _ in 0..callers {
            shared.push(Shared {
                balancer: balancer(model, guard),
                breaker: guard.breaker.as_ref().map(|breaker| Box::new(breaker.build())),
                timed: guard.breaker.as_ref().is_some_and(BreakerSettings::times),
                throttle: guard.throttle.as_ref().map(|throttle| Box::new(throttle.build())),
                gates: gate::of(guard, model.run.warm_up.ns()),
                budget: guard.budget.as_ref().map(|budget| Box::new(budget.build())),
                ejector: guard.ejection.as_ref().map(|ejection| Box::new(ejection.build())),
                hedge: guard.hedge.as_ref().map(|hedge| Box::new(hedge.build())),
                in_flight: 0,
                guard: GuardId::from(id),
                runs: false,
            });
        }
    }
    (shared, first)
}

/// A balancer that has sent nothing.
pub(super) fn balancer(model: &Model, guard: &Guard) -> Balancer {
    let callee = &model.services[guard.callee.index()];
    let places = callee.max_instances.max(callee.instances).max(1) as usize;
    guard.balance.build(callee.instances as usize, places, callers(model, guard) as usize)
}

/// By guard, the keys by which its balancer picks; nothing where no balancer hashes.
pub(super) fn hash_keys(model: &Model) -> Vec<Option<KeysOfRequests>> {
    if !model.guards.iter().any(|guard| guard.balance.hashes()) {
        return Vec::new();
    }
    let of = |guard: &Guard| {
        let space = &model.keys[guard.balance_key?.index()];
        Some(KeysOfRequests::new(&space.name, &space.popularity))
    };
    model.guards.iter().map(of).collect()
}

/// How many callers each have a state of their own.
pub(super) fn callers(model: &Model, guard: &Guard) -> u32 {
    guard.caller.map_or(1, |s| {
        let service = &model.services[s.index()];
        service.max_instances.max(service.instances).max(1)
    })
}

pub(super) fn sites(
    model: &Model,
    program: &Program,
    stations: &Stations,
    guards: &[u32],
    network: &Network,
    lanes: &mut Lanes,
) -> Vec<Site> {
    let mut seen: BTreeMap<&str, u64> = BTreeMap::new();
    let (bounded, tells_times) = (model.bounded(), model.tells_times());
    let mut follows = vec![false; model.edges.len()];
    model.edges.iter().filter_map(Edge::other_call).for_each(|other| follows[other.index()] = true);
    let mut has_effects = vec![false; model.edges.len()];
    for step in model.sagas().flat_map(|(_, saga)| &saga.steps) {
        has_effects[step.action.index()] = true;
        step.compensation.iter().for_each(|edge| has_effects[edge.index()] = true);
    }
    for service in &model.services {
        if let Node::Store(store) = &service.node {
            store.outboxes.iter().for_each(|outbox| has_effects[outbox.edge.index()] = true);
        }
    }
    let mut sites = Vec::new();
    for (index, edge) in model.edges.iter().enumerate() {
        let guard = &model.guards[edge.guard.index()];
        let endpoint = &model.endpoints[edge.callee.index()];
        let number = seen.entry(&edge.name).or_insert(0);
        let salt = mix(hash_name(&edge.name), *number);
        *number += 1;
        let caller = match edge.caller {
            Caller::Endpoint(endpoint) => stations.first(model.endpoints[endpoint.index()].service).into(),
            Caller::Load(_) | Caller::Queue(_) | Caller::Scaler(_) => Maybe::NONE,
        };
        let timer = timer(edge, bounded[index], lanes);
        sites.push(Site {
            endpoint: edge.callee,
            service: endpoint.service,
            entry: program.door[edge.callee],
            guard: guards[edge.guard.index()],
            caller_first: caller,
            only: Maybe::NONE,
            lane: timer.lane(),
            salt,
            slow: 1.0,
            timer,
            total_ns: edge.total_timeout.map_or(0, crate::units::SimDuration::ns),
            deadline_ns: edge.deadline.map_or(0, crate::units::SimDuration::ns),
            bounded: bounded[index],
            tells_time: tells_times[index],
            keeps: edge.keeps_answers(),
            follows: follows[index],
            guarded: bounded[index]
                || edge.keeps_answers()
                || guard.breaker.is_some()
                || guard.budget.is_some()
                || guard.throttle.is_some()
                || guard.has_gates()
                || guard.ejection.is_some(),
            balanced: guard.balance.is_told()
                && stations.places_of(endpoint.service) > 1
                && !matches!(edge.caller, Caller::Queue(_)),
            network: network.matters(EdgeId::from(index)) || edge.size.0.get() + edge.size.1.get() > 0,
            cancel: edge.cancel,
            plain: None,
            versioned: model.services[endpoint.service.index()].has_versions,
            counts_calls: matches!(edge.caller, Caller::Endpoint(_)) || needs_client(model, edge),
            effect_counts: has_effects[index]
                || model.counts_effects && endpoint.effect != Effect::None
                || matches!(endpoint.effect, Effect::NotIdempotent | Effect::Deduplicated(_)) && may_repeat(edge),
            rank: Rank::of(match edge.caller {
                Caller::Load(load) => model.loads.get(load.index()).map_or_else(Priority::default, |l| l.priority),
                Caller::Endpoint(_) | Caller::Queue(_) | Caller::Scaler(_) => Priority::default(),
            }),
            role: role(model, edge),
            counts: EdgeCounts::default(),
            latency: Histogram::new(),
        });
    }
    sites
}

/// Whether not all instances that are in the balancer may get a call alike.
fn is_choosy(model: &Model, edge: &Edge) -> bool {
    let guard = &model.guards[edge.guard.index()];
    let starts_slowly = model.services[guard.callee.index()].slow_start.is_some() && guard.balance.weighs();
    edge.hedge.is_some() || guard.ejection.is_some() || edge.locality.is_some() || starts_slowly
}

/// Whether a call may be attempted more than once, so that its effect may be applied again.
fn may_repeat(edge: &Edge) -> bool {
    let retries = edge.retry.as_ref().is_some_and(|retry| retry.attempts() > 1);
    retries || edge.hedge.is_some() || matches!(edge.caller, Caller::Queue(_))
}

/// How the timeouts of a call are kept.
pub(super) fn timer(edge: &Edge, bounded: bool, lanes: &mut Lanes) -> Timer {
    match (&edge.timeout, edge.total_timeout) {
        (Some(timeout), None) if bounded => Timer::Drawn(timeout.build()),
        (None, None) => Timer::None,
        (Some(timeout), None) => {
            let sampler = timeout.build();
            match sampler.is_constant() {
                Some(ns) => Timer::Lane(lanes.lane(ns)),
                None => Timer::Drawn(sampler),
            }
        }
        (Some(timeout), Some(_)) => Timer::Drawn(timeout.build()),
        (None, Some(total)) => Timer::Drawn(constant(total.ns())),
    }
}

fn constant(ns: u64) -> Sampler {
    crate::dist::Distribution::constant(crate::units::SimDuration::from_ns(ns)).build()
}

/// Which instances may get a call as it is now.
pub(super) fn role(model: &Model, edge: &Edge) -> Role {
    match role_in_store(model, edge) {
        Role::Any if is_choosy(model, edge) => Role::Others,
        role => role,
    }
}

/// Writes of a copied store go to its primary, reads where the store says.
fn role_in_store(model: &Model, edge: &Edge) -> Role {
    let endpoint = &model.endpoints[edge.callee.index()];
    let Node::Store(store) = &model.services[endpoint.service.index()].node else { return Role::Any };
    let Replication::Primary { reads, .. } = &store.replication else {
        return if keeps_session(store) && endpoint.access.is_some() { Role::Others } else { Role::Any };
    };
    if endpoint.access == Some(Access::Read) && model.uses_levels() {
        return Role::ByLevel;
    }
    match (endpoint.access, reads) {
        (Some(Access::Read), ReadFrom::Replica) => Role::Replica,
        // Not all copies have what a session may ask for.
        (Some(Access::Read), ReadFrom::Nearest) if keeps_session(store) => Role::Others,
        (Some(Access::Read), ReadFrom::Nearest) | (None, _) => Role::Any,
        (Some(Access::Read), ReadFrom::Primary) | (Some(_), _) => Role::Primary,
    }
}
