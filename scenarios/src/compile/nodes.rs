//! Services, stores and queues with their endpoints.

use super::Compiler;
use crate::written::node::{NodeKeys, StoreSettings, WarmUpSettings, Workers};
use crate::written::queue::{ConsumerSettings, QueueSettings};
use crate::written::step::StepSettings;
use crate::written::store::stock;
use crate::written::zones::ZoneSettings;
use sim_core::data::level::Level;
use sim_core::data::{DeduplicatedSettings, Effect, WhenDown};
use sim_core::dist::Distribution;
use sim_core::guarantees::strongest;
use sim_core::ids::{Caller, EndpointId, ServiceId, ZoneId};
use sim_core::message::{Batch, Consumer, Queue, Redrive};
use sim_core::problem::Problems;
use sim_core::service::admission::AdmissionSettings;
use sim_core::service::cpu::CpuLimit;
use sim_core::service::discipline::Discipline;
use sim_core::service::disk::DiskSettings;
use sim_core::topology::{Access, Admission, Health, Node, Step, Store};
use sim_core::units::{Count, SimDuration};
use std::collections::BTreeSet;

/// What an endpoint of a service and one of a store have in common.
pub(super) struct WrittenEndpoint<'a> {
    pub name: &'a str,
    pub steps: &'a [StepSettings],
    pub effect: &'a Effect,
    pub is_async: Option<bool>,
    pub access: Option<Access>,
    pub admission: Option<&'a AdmissionSettings>,
    pub requires: Option<Level>,
}

impl Compiler<'_> {
    pub(super) fn nodes(&mut self, problems: &mut Problems) {
        let written = self.written;
        let defaults = written.defaults.service.node_keys();
        problems.at("defaults", |p| p.at("service", |p| defaults.validate(p)));
        // Before the steps that ask them.
        problems.at("caches", |p| {
            for (name, settings) in written.caches.iter() {
                p.at(name, |p| self.cache(name, settings, p));
            }
        });
        problems.at("services", |p| {
            for (name, settings) in written.services.iter() {
                let asked = settings.endpoints.iter().map(|(name, e)| WrittenEndpoint {
                    name,
                    steps: &e.steps,
                    effect: &e.effect,
                    is_async: e.is_async,
                    access: None,
                    admission: e.admission.as_ref(),
                    requires: e.requires,
                });
                p.at(name, |p| self.node(name, settings.node_keys(), asked.collect(), p));
                let id = self.names.services[name];
                self.model.services[id.index()].provides = settings.provides;
            }
        });
        problems.at("stores", |p| {
            for (name, settings) in written.stores.iter() {
                p.at(name, |p| self.store(name, settings, p));
            }
        });
        problems.at("queues", |p| {
            for (name, settings) in written.queues.iter() {
                p.at(name, |p| self.queue(name, settings, p));
            }
        });
        // Behind the topics, whose consumers the participants of some sagas are.
        self.topics(problems);
        self.sagas(problems);
        for (store, outbox) in std::mem::take(&mut self.outboxes) {
            if let Node::Store(store) = &mut self.model.services[store.index()].node {
                store.outboxes.push(outbox);
            }
        }
    }

    fn store(&mut self, name: &str, settings: &StoreSettings, problems: &mut Problems) {
        let asked = settings.endpoints.iter().map(|(name, e)| WrittenEndpoint {
            name,
            steps: &e.steps,
            effect: &e.effect,
            is_async: e.is_async,
            access: Some(e.access),
            admission: e.admission.as_ref(),
            requires: e.requires,
        });
        let replication = settings.replication.as_ref();
        let mut keys = settings.node_keys();
        keys.instances = keys.instances.or_else(|| replication?.instances());
        self.node(name, keys, asked.collect(), problems);
        let id = self.names.services[name];
        let mut store = Store::default();
        if let Some(key) = &settings.key {
            store.keys = self.names.key_space("key", key, problems);
        }
        if let Some(guarantees) = &settings.session_guarantees {
            store.session.clone_from(guarantees);
        }
        if let Some(state) = &settings.state {
            problems.at("state", |p| state.validate(p));
            store.state = Some(state.compile());
        }
        if let Some(replication) = replication {
            let instances = self.model.services[id.index()].instances;
            problems.at("replication", |p| replication.validate(p));
            problems.at("replication", |p| replication.check(instances, p));
            store.replication = replication.compile();
        }
        if let Some(routing) = settings.routing {
            problems.at("routing", |p| routing.validate_at(&store.replication, p));
            store.routing = routing;
        }
        self.stock(id, settings, &mut store, problems);
        self.provides(id, settings, &store, problems);
        self.model.services[id.index()].node = Node::Store(store);
    }

    /// What a store has to sell.
    fn stock(&self, id: ServiceId, settings: &StoreSettings, store: &mut Store, problems: &mut Problems) {
        let Some(stock) = settings.stock else {
            if settings.escrow.is_some() {
                problems.error("escrow", "there is no stock whose right to sell could be split").hint =
                    Some("write stock: {amount: 5k}".into());
            }
            return;
        };
        let zones = self.model.services[id.index()].zones_at_start() as u64;
        store.stock = Some(stock::compile(stock, settings.escrow, settings.replication.as_ref(), zones, problems));
        if settings.endpoints.iter().all(|(_, endpoint)| endpoint.access != Access::Update) {
            problems.error("stock", "no endpoint takes anything of it").hint =
                Some("write access: update at one".into());
        }
        let confirms = settings.endpoints.iter().any(|(_, endpoint)| endpoint.access == Access::Write);
        if stock.hold.is_some() && !confirms {
            problems.error("stock.hold", "no endpoint confirms what is kept, so that all of it comes back").hint =
                Some("write an endpoint with access: write, or leave hold out".into());
        }
    }

    /// The level that a store says it provides, which its copies have to be able to give.
    fn provides(&mut self, id: ServiceId, settings: &StoreSettings, store: &Store, problems: &mut Problems) {
        self.model.services[id.index()].provides = settings.provides;
        let strongest = strongest(store);
        if let Some(provides) = settings.provides.filter(|provides| *provides > strongest) {
            let what = format!("a store that is copied like this gives no {} read", provides.name());
            problems.error("provides", what).hint = Some(format!("write {}, or a weaker level", strongest.name()));
        }
    }

    fn node(&mut self, name: &str, written: NodeKeys<'_>, asked: Vec<WrittenEndpoint<'_>>, problems: &mut Problems) {
        let keys = self.node_without_endpoints(name, written, problems);
        if asked.is_empty() {
            problems.error("endpoints", format!("{name} has no endpoints")).hint =
                Some("write endpoints, such as endpoints: {get: {steps: [{work: 5ms}]}}".into());
        }
        problems.at("endpoints", |p| {
            for endpoint in asked {
                p.at(endpoint.name, |p| self.answer(name, keys.is_async, &endpoint, p));
            }
        });
    }

    /// All of a node but its endpoints.
    pub(super) fn node_without_endpoints<'k>(
        &mut self,
        name: &str,
        written: NodeKeys<'k>,
        problems: &mut Problems,
    ) -> NodeKeys<'k>
    where
        Self: 'k,
    {
        let id = self.names.services[name];
        written.validate(problems);
        let keys = written.over(self.written.defaults.service.node_keys());
        if keys.workers.is_none() {
            let problem = problems.error("", format!("{name} does not say how many workers it has"));
            problem.label = Some("workers: how many requests an instance works on at a time".into());
            problem.hint = Some("write workers: 64, or workers: unlimited".into());
        }
        check_need(&keys, problems);
        let zones = self.zones_of(keys.zones, problems);
        self.fill(id, &keys, zones, problems);
        self.model.services[id.index()].admission = keys.admission.map(|a| self.admission(a, problems));
        keys
    }

    fn fill(&mut self, id: ServiceId, keys: &NodeKeys<'_>, zones: Vec<ZoneId>, problems: &mut Problems) {
        let fair_per = problems.at("queue", |p| {
            let Discipline::Fair(fair) = &keys.queue?.discipline else { return None };
            p.at("discipline", |p| p.at("fair", |p| self.known_subject(&fair.per, p)))
        });
        let service = &mut self.model.services[id.index()];
        service.instances = keys.instances.map_or(1, Count::get_u32);
        service.max_instances = service.instances;
        service.need = keys.need.map_or(1, Count::get_u32);
        service.zones = zones;
        service.workers = match keys.workers {
            Some(Workers::Limited(count)) => Some(count.get_u32()),
            Some(Workers::Unlimited) | None => None,
        };
        if let Some(machine) = keys.machine {
            service.cores = machine.cores;
            service.cpu_limit = machine
                .cpu_limit
                .map(|cores| CpuLimit { cores, period: machine.cpu_period.unwrap_or(CpuLimit::PERIOD) });
            service.memory = machine.memory;
            if machine.memory.is_some() {
                self.names.with_memory.insert(service.name.clone());
            }
            service.machine_type.clone_from(&machine.kind);
            service.disk = machine.disk.as_ref().map_or(service.disk, |disk| disk.size);
            service.nic.clone_from(&machine.nic);
            service.device = machine.disk.as_ref().and_then(DiskSettings::device);
        }
        if let Some(queue) = keys.queue {
            service.queue_capacity = queue.capacity.get_u32();
            service.max_wait.clone_from(&queue.max_wait);
            service.discipline.clone_from(&queue.discipline);
            service.fair_per = fair_per;
        }
        service.start_up = keys.start_up.cloned().unwrap_or_else(|| Distribution::constant(SimDuration::from_ns(0)));
        service.warm_up = keys.warm_up.map(|WarmUpSettings { length, factor }| (length, factor.value()));
        service.slow_start = keys.slow_start;
        service.health = keys.health.map(|h| Health {
            every: h.every,
            timeout: h.timeout,
            unhealthy_after: h.unhealthy_after.get_u32(),
            healthy_after: h.healthy_after.get_u32(),
            takes: h.takes,
            restart: h.restart,
        });
        service.labels = keys.labels.cloned().unwrap_or_default();
        service.version = keys.version.and_then(|name| self.names.versions.get(name).copied());
        service.has_versions = service.version.is_some();
    }

    fn zones_of(&self, zones: Option<&ZoneSettings>, problems: &mut Problems) -> Vec<ZoneId> {
        let order = zones.map(ZoneSettings::order).unwrap_or_default();
        let mut unknown = BTreeSet::new();
        let mut found = Vec::new();
        for (key, zone) in order {
            // A share is asked about once, however often its zone comes.
            if !unknown.contains(zone) {
                match self.names.zone(&format!("zones.{key}"), zone, problems) {
                    Some(zone) => found.push(zone),
                    None => _ = unknown.insert(zone),
                }
            }
        }
        if found.is_empty() { vec![ZoneId(0)] } else { found }
    }

    pub(super) fn answer(
        &mut self,
        service: &str,
        is_async: Option<bool>,
        asked: &WrittenEndpoint<'_>,
        problems: &mut Problems,
    ) {
        let id = self.names.endpoints[&format!("{service}.{}", asked.name)];
        problems.at("effect", |p| asked.effect.validate(p));
        let admission = asked.admission.map(|settings| {
            problems.at("admission", |p| settings.validate(p));
            self.admission(settings, problems)
        });
        if asked.steps.is_empty() {
            problems.error("steps", "an endpoint without steps does nothing").hint =
                Some("write at least one, such as {work: 5ms}".into());
        }
        let mut effect = asked.effect.clone();
        let asks = problems.at("effect", |p| self.asks_for_keys((id, service), &mut effect, p));
        let own = problems.at("steps", |p| self.steps(Caller::Endpoint(id), service, asked.steps, p));
        let steps = asks.into_iter().chain(own).collect();
        let endpoint = &mut self.model.endpoints[id.index()];
        endpoint.steps = steps;
        endpoint.effect = effect;
        endpoint.is_async = asked.is_async.or(is_async).unwrap_or(false);
        endpoint.access = asked.access;
        endpoint.requires = asked.requires;
        if asked.requires == Some(Level::Eventual) {
            problems.error("requires", "there is no weaker level that could be refused").hint =
                Some("leave requires out".into());
        }
        self.model.endpoints[id.index()].admission = admission;
    }

    /// The call of a store of idempotency keys, with which the steps of an endpoint begin.
    fn asks_for_keys(
        &mut self,
        (id, service): (EndpointId, &str),
        effect: &mut Effect,
        problems: &mut Problems,
    ) -> Option<Step> {
        let Effect::Deduplicated(DeduplicatedSettings { store: Some(store), .. }) = effect else { return None };
        let (callee, path) = problems
            .at("deduplicated", |p| p.at("store", |p| (self.callee("to", &store.to, p), format!("{}.to", p.path()))));
        let edge = self.plain_edge(Caller::Endpoint(id), service, callee?, path);
        let at = &mut self.model.topology.edges[edge.index()];
        at.timeout = Some(Distribution::constant(store.timeout));
        at.optional = store.when_down == WhenDown::Process;
        store.edge = Some(edge);
        Some(Step::Call(edge))
    }

    fn admission(&self, settings: &AdmissionSettings, problems: &mut Problems) -> Admission {
        let per = problems.at("admission", |p| {
            let limit = settings.rate_limit.as_ref()?;
            p.at("rate_limit", |p| self.subject_of(limit, p))
        });
        Admission { settings: settings.clone(), per }
    }

    fn queue(&mut self, name: &str, settings: &QueueSettings, problems: &mut Problems) {
        settings.validate(problems);
        let id = self.names.services[name];
        let consumers = problems.at("consumers", |p| {
            let all = settings.consumers.iter();
            all.filter_map(|(consumer, settings)| p.at(consumer, |p| self.consumer(name, id, settings, p))).collect()
        });
        let redrive = settings.redrive.map(|redrive| Redrive {
            at: redrive.at,
            every: redrive.every,
            per_second: redrive.rate.per_second(),
        });
        if let Some(zone) = settings.zone.as_ref().and_then(|zone| self.names.zone("zone", zone, problems)) {
            self.model.services[id.index()].zones = vec![zone];
        }
        self.model.services[id.index()].node =
            Node::Queue(Queue { capacity: settings.capacity.get(), consumers, redrive, ..Queue::default() });
    }

    pub(super) fn consumer(
        &mut self,
        queue: &str,
        id: ServiceId,
        settings: &ConsumerSettings,
        problems: &mut Problems,
    ) -> Option<Consumer> {
        let callee = self.callee("to", &settings.to, problems);
        let dead_letter = settings.dead_letter.as_ref().and_then(|name| self.dead_letter(queue, name, problems));
        let path = format!("{}.to", problems.path());
        let edge = self.plain_edge(Caller::Queue(id), queue, callee?, path);
        // A delivery is an attempt that may take this long.
        let timer = settings.renew_every.unwrap_or(settings.visibility_timeout);
        self.model.edges[edge.index()].timeout = Some(Distribution::constant(timer));
        Some(Consumer {
            edge,
            visibility_timeout: settings.visibility_timeout,
            renew_every: settings.renew_every,
            max_deliveries: settings.max_deliveries.get_u32(),
            dead_letter,
            prefetch: settings.prefetch.map(Count::get_u32),
            batch: settings.batch.map(|batch| Batch { count: batch.count.get_u32(), max_wait: batch.max_wait }),
            backoff: None,
            is_of_saga: false,
        })
    }

    fn dead_letter(&self, queue: &str, name: &str, problems: &mut Problems) -> Option<EndpointId> {
        if name == queue {
            problems.error("dead_letter", "a queue is not its own dead letter queue").hint =
                Some("name another queue".into());
            return None;
        }
        if self.around.tree.find(&format!("queues.{name}")).is_none() {
            let queues = self.written.queues.names();
            problems.unknown("dead_letter", "queue", name, queues);
            return None;
        }
        self.names.endpoints.get(&format!("{name}.send")).copied()
    }
}

/// A service that needs more instances than it has is never up.
fn check_need(keys: &NodeKeys<'_>, problems: &mut Problems) {
    let has = keys.instances.map_or(1, Count::get);
    if let Some(need) = keys.need.filter(|need| need.get() > has) {
        let problem = problems.error("need", format!("needs {need} instances and has {has}, so that it is never up"));
        problem.hint = Some(format!("write at most {has}"));
    }
}
