//! A world from a model: everything that the hot path needs, looked up once.
//!
//! Instances of a service lie beside each other, in the order of the services and with as many places as a scaler may ever fill; call sites,
//! services and loads have the places that they have in the model. So an id of the model is an index here, and tables need no bounds check.
//! What makes a site or an instance other than plain is written into flags that the hot path tests once.

use super::cores::Cores;
use super::frame::{Arena, NONE, Rank};
use super::program::{Program, needs_client};
use super::state::{Instance, LINED, PATIENCE, PULLS, Role, Service, Shared, Site, TIED, Timer};
use super::{
    ARRIVAL, Control, USER, World, agree, arrive, bounds, effects, health, hedge, message, record, rows, strike, tries,
    unanswered, up, watch, wear, wire,
};
use crate::data::Effect;
use crate::dist::Sampler;
use crate::engine::calendar::{Calendar, LAST_INDEX, Lanes};
use crate::engine::digest::Digest;
use crate::engine::rng::{Keyed, Stream, hash_name, mix};
use crate::engine::table::Table;
use crate::ids::Caller;
use crate::metrics::{Histogram, fresh};
use crate::model::Model;
use crate::results::EdgeCounts;
use crate::topology::{Access, Edge, MOST_CALL_SITES, Node, ReadFrom, Replication, Step};
use crate::workload::{Arrival, ArrivalProcess, Priority};
use std::collections::BTreeMap;

const START: u64 = 0x91;

impl<'m> World<'m> {
    pub(super) fn new(model: &'m Model, seed: u64, replication: u32) -> Self {
        assert!(model.edges.len() <= MOST_CALL_SITES, "a checked model has no more call sites");
        let mut lanes = Lanes::default();
        let program = Program::compile(model);
        let queues = message::Queues::new(model);
        let wires = wire::Wires::new(model);
        let (services, instances) = places(model, &queues);
        assert!(instances.len() < LAST_INDEX as usize, "a checked model has no more instances");
        let (shared, guards) = shared(model);
        let sites = sites(model, &program, &services, &guards, &wires, &mut lanes);
        let zero = model.run.warm_up.ns();
        let mut world = World {
            model,
            program,
            seed,
            replication,
            now: 0,
            zero,
            end: zero + model.run.duration.ns(),
            calendar: Calendar::new(),
            lanes,
            digest: Digest::default(),
            events: 0,
            instant: bounds::Instant::default(),
            frames: Arena::new(model.run.max_in_flight),
            ready: Vec::new(),
            instances: instances.into(),
            services: services.into(),
            call_latency: fresh(sites.len()).into(),
            waits: fresh(model.services.len()).into(),
            sites: sites.into(),
            shared,
            loads: Table::default(),
            controls: Vec::new(),
            spare: Vec::new(),
            races: hedge::Races::default(),
            placed: Vec::new(),
            health: health::Checks::new(model),
            queues,
            rows: rows::Rows::new(model),
            effects: effects::Effects::default(),
            agreements: agree::Agreements::new(model, &wires),
            wires,
            strikes: strike::Strikes::default(),
            wear: wear::Wear::default(),
            up: up::Up::new(model),
            watch: watch::Watch::new(model),
            trials: Vec::new(),
            recorder: record::Recorder::new(model),
            many: tries::Many::default(),
            vanished: unanswered::Vanished::default(),
            patience_by_endpoint: unanswered::patience_by_endpoint(model),
            patience_by_service: unanswered::patience_by_service(model),
            backlog: 0,
            max_backlog: model.run.max_backlog,
            stopped: None,
            done: false,
        };
        world.begin_run();
        world
    }

    fn begin_run(&mut self) {
        let model = self.model;
        for (index, service) in model.services.iter().enumerate() {
            for number in 0..service.instances {
                let instance = self.services[index].first + number;
                self.services[index].paid.enter(0);
                self.comes_up(instance);
                self.instances[instance as usize].registered = true;
            }
            self.refresh_routable(index);
        }
        self.schedule(self.zero, Control::Zero);
        for mark in &model.run.marks {
            self.schedule(self.zero.saturating_add(*mark), Control::Mark);
        }
        self.plan_strikes();
        self.plan_watch();
        self.plan_checks();
        self.plan_trials();
        for index in 0..model.loads.len() {
            self.start_load(index);
        }
        self.schedule(self.end, Control::End);
    }

    fn start_load(&mut self, index: usize) {
        let load = &self.model.loads[index];
        let stream = Stream::new(self.seed, self.replication, &load.name, "arrivals");
        let mut salt = Stream::new(self.seed, self.replication, &load.name, "requests");
        let mut below = 0.0;
        let mut mix_of = Vec::new();
        for (share, edge) in &load.mix {
            below += share;
            mix_of.push((below, edge.0));
        }
        let run = &self.model.run;
        let salt = salt.next_u64();
        let mut at = arrive::Load {
            process: ArrivalProcess::new(&load.arrival, &load.shape, stream, self.zero, run.start.ns()),
            think: None,
            mix: mix_of,
            salt,
            count: 0,
            next_key: mix(salt, 1),
        };
        if let Arrival::Closed { users, think } = &load.arrival {
            let think = think.build();
            for user in 0..*users {
                let wait = crate::engine::math::whole_ns(
                    think.sample(&mut Keyed::new(mix(at.salt, START ^ (u64::from(user) << 8)))),
                );
                self.calendar.push(wait.max(1), USER, index as u32);
            }
            at.think = Some(think);
        }
        if let Some(first) = at.process.as_mut().and_then(|p| p.next(0)).filter(|t| *t <= self.end) {
            self.calendar.push(first, ARRIVAL, index as u32);
        }
        self.loads.push(at);
    }
}

fn places(model: &Model, queues: &message::Queues) -> (Vec<Service>, Vec<Instance>) {
    let (mut services, mut instances) = (Vec::new(), Vec::new());
    for (index, settings) in model.services.iter().enumerate() {
        let places = settings.max_instances.max(settings.instances).max(1);
        let feeds = queues.feeding(model, index as u32);
        let tied = model.edges.iter().any(|edge| {
            edge.hedge.as_ref().is_some_and(crate::call::hedge::HedgeSettings::is_tied)
                && model.endpoints[edge.callee.index()].service.index() == index
        });
        services.push(Service {
            first: instances.len() as u32,
            places,
            wanted: settings.instances,
            limited: settings.workers.is_some(),
            patience: settings.max_wait.as_ref().map(crate::dist::Distribution::build),
            pulls: feeds.clone(),
            messages: message::is_queue(&settings.node).then(Box::default),
            ..Service::default()
        });
        let endpoints = model.endpoints.iter().filter(|e| e.service.index() == index);
        let beyond = endpoints.clone().any(|e| e.is_async) || endpoints.clone().any(|e| works_beside(&e.steps));
        for number in 0..places {
            let zone = settings.zones[number as usize % settings.zones.len()].0;
            let shares = settings.cores.filter(|&c| settings.workers.is_none_or(|w| c < w) || beyond);
            let cores = shares.map(|c| Box::new(Cores::new(c)));
            let workers = if message::is_queue(&settings.node) { None } else { settings.workers };
            let mut instance = Instance::gone(index as u32, zone, workers, cores);
            instance.capacity = settings.queue_capacity;
            instance.line = settings.discipline.build().map(Box::new);
            instance.mark(LINED, instance.line.is_some());
            instance.mark(PATIENCE, settings.max_wait.is_some());
            instance.mark(PULLS, !feeds.is_empty());
            instance.mark(TIED, tied);
            instances.push(instance);
        }
    }
    (services, instances)
}

/// Whether steps work beside each other, so that a request may use more than the core of its worker.
fn works_beside(steps: &[Step]) -> bool {
    steps.iter().any(|step| match step {
        Step::Parallel { .. } | Step::Background(_) => true,
        Step::Choose(arms) => arms.iter().any(|(_, steps)| works_beside(steps)),
        Step::Steps(steps) => works_beside(steps),
        _ => false,
    })
}

/// The state that calls share, and where that of each guard begins.
fn shared(model: &Model) -> (Vec<Shared>, Vec<u32>) {
    let (mut shared, mut first) = (Vec::new(), Vec::new());
    for guard in &model.guards {
        first.push(shared.len() as u32);
        let callers = guard.caller.map_or(1, |s| {
            let service = &model.services[s.index()];
            service.max_instances.max(service.instances).max(1)
        });
        let callee = &model.services[guard.callee.index()];
        let places = callee.max_instances.max(callee.instances).max(1) as usize;
        for _ in 0..callers {
            shared.push(Shared {
                balancer: guard.balance.build(places, callers as usize),
                breaker: guard.breaker.as_ref().map(crate::call::breaker::BreakerSettings::build),
                throttle: guard.throttle.as_ref().map(crate::call::throttle::ThrottleSettings::build),
                budget: guard.budget.as_ref().map(crate::call::retry::BudgetSettings::build),
                ejector: guard.ejection.as_ref().map(crate::call::ejection::EjectionSettings::build),
                hedge: guard.hedge.as_ref().map(crate::call::hedge::HedgeSettings::build),
                in_flight: 0,
            });
        }
    }
    (shared, first)
}

fn sites(
    model: &Model,
    program: &Program,
    services: &[Service],
    guards: &[u32],
    wires: &wire::Wires,
    lanes: &mut Lanes,
) -> Vec<Site> {
    let mut seen: BTreeMap<&str, u64> = BTreeMap::new();
    let mut sites = Vec::new();
    for (index, edge) in model.edges.iter().enumerate() {
        let guard = &model.guards[edge.guard.index()];
        let endpoint = &model.endpoints[edge.callee.index()];
        let number = seen.entry(&edge.name).or_insert(0);
        let salt = mix(hash_name(&edge.name), *number);
        *number += 1;
        let caller = match edge.caller {
            Caller::Endpoint(endpoint) => services[model.endpoints[endpoint.index()].service.index()].first,
            Caller::Load(_) | Caller::Queue(_) => NONE,
        };
        let timer = timer(edge, lanes);
        sites.push(Site {
            endpoint: edge.callee.0,
            service: endpoint.service.0,
            entry: program.door[edge.callee.index()],
            guard: guards[edge.guard.index()],
            caller_first: caller,
            only: NONE,
            lane: match timer {
                Timer::Lane(lane) => lane,
                _ => NONE,
            },
            salt,
            slow: 1.0,
            timer,
            total_ns: edge.total_timeout.map_or(0, crate::units::SimDuration::ns),
            guarded: guard.breaker.is_some()
                || guard.budget.is_some()
                || guard.throttle.is_some()
                || guard.ejection.is_some(),
            balanced: guard.balance.is_told()
                && services[endpoint.service.index()].places > 1
                && !matches!(edge.caller, Caller::Queue(_)),
            network: wires.matters(index) || edge.size.0.get() + edge.size.1.get() > 0,
            cancel: edge.cancel,
            counts_calls: matches!(edge.caller, Caller::Endpoint(_)) || needs_client(model, edge),
            effect_counts: matches!(endpoint.effect, Effect::NotIdempotent | Effect::Deduplicated(_))
                && may_repeat(edge),
            rank: Rank::of(match edge.caller {
                Caller::Load(load) => model.loads.get(load.index()).map_or_else(Priority::default, |l| l.priority),
                Caller::Endpoint(_) | Caller::Queue(_) => Priority::default(),
            }),
            role: match role(model, edge) {
                Role::Any if edge.hedge.is_some() || guard.ejection.is_some() => Role::Others,
                role => role,
            },
            counts: EdgeCounts::default(),
            latency: Histogram::new(),
        });
    }
    sites
}

/// Whether a call may be attempted more than once, so that its effect may be applied again.
fn may_repeat(edge: &Edge) -> bool {
    let retries = edge.retry.as_ref().is_some_and(|retry| retry.attempts() > 1);
    retries || edge.hedge.is_some() || matches!(edge.caller, Caller::Queue(_))
}

fn timer(edge: &Edge, lanes: &mut Lanes) -> Timer {
    match (&edge.timeout, edge.total_timeout) {
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

/// Writes of a copied store go to its primary, reads where the store says.
fn role(model: &Model, edge: &Edge) -> Role {
    let endpoint = &model.endpoints[edge.callee.index()];
    let Node::Store(store) = &model.services[endpoint.service.index()].node else { return Role::Any };
    let Replication::Primary { reads, .. } = &store.replication else { return Role::Any };
    match (endpoint.access, reads) {
        (Some(Access::Read), ReadFrom::Replica) => Role::Replica,
        (Some(Access::Read), ReadFrom::Nearest) | (None, _) => Role::Any,
        (Some(Access::Read), ReadFrom::Primary) | (Some(_), _) => Role::Primary,
    }
}
