//! The system as a drawing shows it: of a study with what was simulated, of a file alone with the rates that its loads bring about.

use super::gather::Gathered;
use crate::Loaded;
use sim_core::faults::{Selection, Target};
use sim_core::ids::{Caller, EndpointId, Location, ServiceId, ZoneId};
use sim_core::model::Model;
use sim_core::results::{NodeKind, System, SystemCall, SystemNode};
use sim_core::topology::{Load, Node, Step};
use sim_core::workload::Arrival;

/// Rounds in which rates are added up along calls; what still grows then, calls itself more than once a call, and has no rate.
const ROUNDS: usize = 200;

/// The system as it is written, with the rates of calls that the file alone says: loads before their shapes, and each call tried once.
pub fn written(loaded: &Loaded) -> System {
    let model = &loaded.model;
    let rates = expected(model);
    let rate = |edge: usize| Some(rates[edge]).filter(|rate| rate.is_finite());
    System { nodes: nodes(model, None), calls: calls(model, rate), simulated: false }
}

/// The system with what was simulated of it.
pub(super) fn simulated(model: &Model, gathered: &Gathered) -> System {
    let rate = |edge: usize| gathered.attempts_per_s[edge].estimate().map(|e| e.mean);
    System { nodes: nodes(model, Some(gathered)), calls: calls(model, rate), simulated: true }
}

fn nodes(model: &Model, gathered: Option<&Gathered>) -> Vec<SystemNode> {
    let load = |load: &Load| SystemNode {
        kind: NodeKind::Load,
        name: load.name.clone(),
        instances: 0,
        endpoints: 0,
        utilisation: None,
        waiting: None,
        faults: Vec::new(),
    };
    let service = |place: usize| {
        let service = &model.services[place];
        let sums = gathered.map(|all| &all.services[place]);
        SystemNode {
            kind: match service.node {
                Node::Service => NodeKind::Service,
                Node::Store(_) => NodeKind::Store,
                Node::Queue(_) => NodeKind::Queue,
                Node::Cache(_) => NodeKind::Cache,
            },
            name: service.name.clone(),
            instances: if service.node.stands_alone() { service.instances } else { 0 },
            endpoints: model.endpoints.iter().filter(|e| e.service.index() == place).count(),
            utilisation: sums.and_then(|s| s.utilisation.share()).map(|share| share.mean),
            waiting: sums.map(|s| s.queue.or_zero().mean),
            faults: struck(model, |target| matches!(target, Target::Instances(at) if strikes(model, at, place))),
        }
    };
    model.loads.iter().map(load).chain((0..model.services.len()).map(service)).collect()
}

/// The names of faults whose target fits.
fn struck(model: &Model, fits: impl Fn(&Target) -> bool) -> Vec<String> {
    model.faults.iter().filter(|fault| fits(&fault.target)).map(|fault| fault.name.clone()).collect()
}

/// Whether a fault can strike instances of a service.
fn strikes(model: &Model, at: &Selection, service: usize) -> bool {
    let there = |zone: ZoneId| {
        at.zone.is_none_or(|wanted| wanted == zone)
            && at.region.is_none_or(|wanted| wanted == model.zones[zone.index()].region)
    };
    at.services.contains(&ServiceId::from(service)) && model.services[service].zones.iter().any(|zone| there(*zone))
}

/// The place of a caller among the nodes.
fn caller(model: &Model, caller: Caller) -> usize {
    match caller {
        Caller::Load(load) => load.index(),
        Caller::Endpoint(endpoint) => model.loads.len() + model.endpoints[endpoint.index()].service.index(),
        Caller::Queue(queue) => model.loads.len() + queue.index(),
        // A scaler stands beside what it controls.
        Caller::Scaler(place) => model.loads.len() + model.scalers[place as usize].of.index(),
    }
}

fn calls(model: &Model, rate: impl Fn(usize) -> Option<f64>) -> Vec<SystemCall> {
    let mut calls: Vec<SystemCall> = Vec::new();
    let mut of: Vec<(usize, EndpointId)> = Vec::new();
    // A scaler that asks who decides is no part of the service that it scales.
    let of_parts = model.edges.iter().enumerate().filter(|(_, edge)| !matches!(edge.caller, Caller::Scaler(_)));
    for (place, edge) in of_parts {
        let from = caller(model, edge.caller);
        let per_s = rate(place);
        if let Some(at) = of.iter().position(|call| *call == (from, edge.callee)) {
            calls[at].per_s = calls[at].per_s.zip(per_s).map(|(a, b)| a + b);
            continue;
        }
        of.push((from, edge.callee));
        let callee = &model.endpoints[edge.callee.index()];
        let name = callee.name.strip_prefix(&model.services[callee.service.index()].name).unwrap_or(&callee.name);
        calls.push(SystemCall {
            from,
            to: model.loads.len() + callee.service.index(),
            endpoint: name.trim_start_matches('.').to_owned(),
            per_s,
            faults: struck(model, |target| on_the_way(model, target, edge.caller, edge.callee)),
        });
    }
    calls.extend(into_memory(model));
    let queues = model.services.iter().enumerate().filter_map(|(place, service)| match &service.node {
        Node::Queue(queue) => Some((place, queue)),
        _ => None,
    });
    for (place, queue) in queues {
        let mut dead: Vec<EndpointId> = queue.consumers.iter().filter_map(|consumer| consumer.dead_letter).collect();
        dead.dedup();
        calls.extend(dead.into_iter().map(|to| SystemCall {
            from: model.loads.len() + place,
            to: model.loads.len() + model.endpoints[to.index()].service.index(),
            endpoint: "dead letters".to_owned(),
            per_s: None,
            faults: Vec::new(),
        }));
    }
    calls
}

/// Services and the caches that lie in the memory of their instances, which no message reaches.
fn into_memory(model: &Model) -> Vec<SystemCall> {
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    for endpoint in &model.endpoints {
        in_memory(&endpoint.steps, &mut |cache| {
            let pair = (endpoint.service.index(), cache.index());
            if !pairs.contains(&pair) {
                pairs.push(pair);
            }
        });
    }
    let first = model.loads.len();
    let call = |(from, to)| SystemCall {
        from: first + from,
        to: first + to,
        endpoint: "in memory".to_owned(),
        per_s: None,
        faults: Vec::new(),
    };
    pairs.into_iter().map(call).collect()
}

fn in_memory(steps: &[Step], found: &mut impl FnMut(ServiceId)) {
    for step in steps {
        if let Step::Lookup { cache, call: None, .. } | Step::Invalidate { cache, call: None } = step {
            found(*cache);
        }
        step.inner().for_each(|steps| in_memory(steps, found));
    }
}

/// Whether a fault can strike messages from a caller to an endpoint.
fn on_the_way(model: &Model, target: &Target, from: Caller, to: EndpointId) -> bool {
    let Target::Edge { from: start, to: end, both_ways } = target else { return false };
    let starts = |place: &Option<Location>| place.is_none_or(|place| calls_from(model, place, from));
    let ends = |place: &Option<Location>| place.is_none_or(|place| leads_to(model, place, to));
    starts(start) && ends(end) || *both_ways && starts(end) && ends(start)
}

fn calls_from(model: &Model, place: Location, caller: Caller) -> bool {
    let (service, endpoint) = match caller {
        Caller::Load(load) => return at_load(model, place, load.index()),
        Caller::Endpoint(endpoint) => (model.endpoints[endpoint.index()].service, Some(endpoint)),
        Caller::Queue(queue) => (queue, None),
        Caller::Scaler(_) => return false,
    };
    at_service(model, place, service) || matches!(place, Location::Endpoint(wanted) if Some(wanted) == endpoint)
}

fn leads_to(model: &Model, place: Location, endpoint: EndpointId) -> bool {
    let service = model.endpoints[endpoint.index()].service;
    at_service(model, place, service) || matches!(place, Location::Endpoint(wanted) if wanted == endpoint)
}

fn at_load(model: &Model, place: Location, load: usize) -> bool {
    let zone = model.loads[load].zone;
    match place {
        Location::Load(wanted) => wanted.index() == load,
        Location::Zone(wanted) => zone == Some(wanted),
        Location::Region(wanted) => zone.is_some_and(|zone| model.zones[zone.index()].region == wanted),
        Location::Service(_) | Location::Endpoint(_) => false,
    }
}

fn at_service(model: &Model, place: Location, service: ServiceId) -> bool {
    let zones = &model.services[service.index()].zones;
    match place {
        Location::Service(wanted) => wanted == service,
        Location::Zone(wanted) => zones.contains(&wanted),
        Location::Region(wanted) => zones.iter().any(|zone| model.zones[zone.index()].region == wanted),
        Location::Endpoint(_) | Location::Load(_) => false,
    }
}

/// Calls a second of each call site that the loads bring about; not a number where the file alone does not say.
fn expected(model: &Model) -> Vec<f64> {
    let mut fixed = vec![0.0; model.edges.len()];
    for load in &model.loads {
        let rate = match &load.arrival {
            Arrival::Poisson { rate } | Arrival::Constant { rate } => *rate,
            Arrival::Renewal { between, faster } => 1e9 / between.mean() * faster,
            // Users wait for their replies, and bursts and files have no rate of their own.
            Arrival::Closed { .. } | Arrival::Burst(_) | Arrival::Replay(_) => f64::NAN,
        };
        load.mix.iter().for_each(|(share, edge)| fixed[edge.index()] += share * rate);
    }
    let mut weights: Vec<(usize, usize, f64)> = Vec::new();
    for (place, endpoint) in model.endpoints.iter().enumerate() {
        visits(&endpoint.steps, 1.0, &mut |edge, times| weights.push((place, edge, times)));
        if let Node::Queue(queue) = &model.services[endpoint.service.index()].node {
            // Consumers of one queue compete, and a faster consumer takes more: the shares are not in the file.
            let share = if queue.consumers.len() == 1 || queue.topic.is_some() { 1.0 } else { f64::NAN };
            let sent = queue.consumers.iter().filter(|consumer| !consumer.is_of_saga);
            weights.extend(sent.map(|c| (place, c.edge.index(), share)));
            // The events of a saga that goes over a topic: while nothing fails, all its steps and no compensation.
            let events = queue.saga.iter().filter(|saga| saga.runner.is_none()).flat_map(|saga| &saga.steps);
            weights.extend(events.map(|step| (place, step.action.index(), 1.0)));
        }
    }
    let mut rates = fixed.clone();
    for round in 0..ROUNDS {
        let mut into = vec![0.0; model.endpoints.len()];
        rates.iter().zip(&model.edges).for_each(|(rate, edge)| into[edge.callee.index()] += rate);
        let mut next = fixed.clone();
        weights.iter().for_each(|(endpoint, edge, times)| next[*edge] += into[*endpoint] * times);
        let settled = |a: f64, b: f64| a.is_nan() || (a - b).abs() <= 1e-9 * a.abs();
        let moving: Vec<usize> = (0..next.len()).filter(|&edge| !settled(next[edge], rates[edge])).collect();
        rates = next;
        if moving.is_empty() {
            break;
        }
        if round + 1 == ROUNDS {
            moving.into_iter().for_each(|edge| rates[edge] = f64::NAN);
        }
    }
    rates
}

/// Tells of each call in steps how often a request makes it. The share of requests that come to the end of the steps.
fn visits(steps: &[Step], times: f64, found: &mut impl FnMut(usize, f64)) -> f64 {
    let mut times = times;
    for step in steps {
        match step {
            Step::Call(edge) | Step::Forward(edge) => found(edge.index(), times),
            // The file alone says how it is while nothing fails.
            Step::Fallback { call, otherwise } => {
                found(call.index(), times);
                _ = visits(otherwise, 0.0, found);
            }
            Step::Parallel { branches, repeat, .. } => {
                branches.iter().for_each(|branch| _ = visits(branch, times * f64::from(*repeat), found));
            }
            Step::Choose(branches) => {
                times = branches.iter().map(|(chance, branch)| visits(branch, times * chance, found)).sum();
            }
            Step::Background(steps) => _ = visits(steps, times, found),
            Step::Steps(steps) => times = visits(steps, times, found),
            // How many lookups miss a cache that keeps keys, the file alone does not say.
            Step::Lookup { call, hit_ratio, miss, .. } => {
                call.iter().for_each(|edge| found(edge.index(), times));
                _ = visits(miss, times * hit_ratio.map_or(f64::NAN, |hits| 1.0 - hits), found);
            }
            Step::Invalidate { call, .. } => call.iter().for_each(|edge| found(edge.index(), times)),
            Step::Fail(chance, _) => times *= 1.0 - chance,
            Step::Work(_) | Step::Wait(_) | Step::Disk(_) | Step::Reply(_) => {}
        }
    }
    times
}
