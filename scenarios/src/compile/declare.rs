//! Gives every name its id, and finds names that are used twice.

use super::Compiler;
use super::caches::{CACHE_ENDPOINTS, cache_of};
use super::sagas::START;
use crate::reader::Node;
use sim_core::data::Effect;
use sim_core::dist::Distribution;
use sim_core::experiment::action_name;
use sim_core::ids::{EndpointId, FaultId, KeySpaceId, LoadId, PromiseId, RegionId, ServiceId, VersionId, ZoneId};
use sim_core::message::Queue;
use sim_core::problem::Problems;
use sim_core::service::discipline::Discipline;
use sim_core::topology::{Endpoint, Node as NodeKind, Region, Service, Store, Zone};
use sim_core::units::{Bytes, SimDuration};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// Sections whose names may not be used twice among them: a name is a caller in `web->api.get`, and an end of a link.
/// Probes have a mean and percentiles as services have.
const NAME_SPACE: [&str; 8] = ["services", "stores", "caches", "queues", "topics", "sagas", "load", "control.probes"];

impl Compiler<'_> {
    /// Declares all names of the file.
    pub(super) fn declare(&mut self, problems: &mut Problems) {
        self.places(problems);
        self.services();
        self.others();
        self.twice(problems);
    }

    fn places(&mut self, problems: &mut Problems) {
        for (name, region) in self.written.regions.iter() {
            let id = RegionId::from(self.model.regions.len());
            self.model.regions.push(Region { name: name.to_owned() });
            self.names.regions.insert(name.to_owned(), id);
            problems.at("regions", |p| p.at(name, |p| self.zones(id, name, &region.zones, p)));
        }
        for name in keys(self.around.tree, "regions") {
            self.names.regions.entry(name.to_owned()).or_insert(RegionId(0));
            let zones = self.around.tree.find(&format!("regions.{name}.zones"));
            for zone in zones.into_iter().flat_map(Node::items).filter_map(Node::text) {
                self.names.zones.entry(zone.to_owned()).or_insert(ZoneId(0));
            }
        }
        if self.model.zones.is_empty() {
            self.model.regions = vec![Region { name: "home".into() }];
            self.model.zones = vec![Zone { name: "home".into(), region: RegionId(0) }];
        }
    }

    fn zones(
        &mut self,
        region: RegionId,
        region_name: &str,
        zones: &[crate::written::named::Name],
        problems: &mut Problems,
    ) {
        if zones.is_empty() {
            problems.error("zones", format!("the region {region_name} has no zones")).hint =
                Some("name at least one".into());
        }
        for (index, zone) in zones.iter().enumerate() {
            let zone = zone.as_ref();
            if self.names.zones.contains_key(zone) || self.written.regions.get(zone).is_some() {
                let path = format!("zones.{index}");
                problems.error(&path, format!("the name \"{zone}\" is used twice")).label =
                    Some("regions and zones share one space of names".into());
                continue;
            }
            self.names.zones.insert(zone.to_owned(), ZoneId::from(self.model.zones.len()));
            self.model.zones.push(Zone { name: zone.to_owned(), region });
        }
    }

    fn services(&mut self) {
        let written = self.written;
        for (name, service) in written.services.iter() {
            self.service("services", name, NodeKind::Service);
            for endpoint in service.endpoints.names() {
                self.endpoint(name, endpoint, &format!("services.{name}.endpoints.{endpoint}"));
            }
        }
        for (name, store) in written.stores.iter() {
            self.service("stores", name, NodeKind::Store(Store::default()));
            for endpoint in store.endpoints.names() {
                self.endpoint(name, endpoint, &format!("stores.{name}.endpoints.{endpoint}"));
            }
        }
        for (name, cache) in written.caches.iter() {
            self.service("caches", name, NodeKind::Cache(cache_of(cache)));
            if cache.is_local() {
                self.names.in_memory.insert(name.to_owned());
            } else {
                for endpoint in CACHE_ENDPOINTS {
                    self.endpoint(name, endpoint, &format!("caches.{name}"));
                }
            }
        }
        for (name, _) in written.queues.iter() {
            self.service("queues", name, NodeKind::Queue(Queue::default()));
            self.endpoint(name, "send", &format!("queues.{name}"));
        }
        for (name, _) in written.topics.iter() {
            self.service("topics", name, NodeKind::Queue(Queue::default()));
            self.endpoint(name, "send", &format!("topics.{name}"));
        }
        for (name, saga) in written.sagas.iter() {
            let path = format!("sagas.{name}");
            self.service("sagas", name, NodeKind::Queue(Queue::default()));
            self.endpoint(name, START, &path);
            if let Some(by) = saga.coordination.by().filter(|by| self.names.services.contains_key(*by)) {
                self.endpoint(by, name, &path);
            }
        }
        self.unread_services();
    }

    /// Services and endpoints that could not be read: they stay known, and empty.
    fn unread_services(&mut self) {
        for section in ["services", "stores", "caches", "queues", "topics", "sagas"] {
            for name in keys(self.around.tree, section) {
                if !self.names.services.contains_key(name) {
                    self.service(section, name, NodeKind::Service);
                }
                let endpoints = keys(self.around.tree, &format!("{section}.{name}.endpoints"));
                let own: &[&str] = match section {
                    "queues" | "topics" => &["send"],
                    "sagas" => &[START],
                    "caches" if self.around.tree.find(&format!("caches.{name}.steps")).is_some() => &CACHE_ENDPOINTS,
                    _ => &[],
                };
                for endpoint in endpoints.into_iter().chain(own.iter().copied()) {
                    if !self.names.endpoints.contains_key(&format!("{name}.{endpoint}")) {
                        self.endpoint(name, endpoint, &format!("{section}.{name}"));
                    }
                }
            }
        }
    }

    fn service(&mut self, section: &str, name: &str, node: NodeKind) {
        if self.names.services.contains_key(name) {
            return;
        }
        self.names.services.insert(name.to_owned(), ServiceId::from(self.model.services.len()));
        match section {
            "queues" | "topics" | "sagas" => drop(self.names.queues.insert(name.to_owned())),
            "caches" => drop(self.names.caches.insert(name.to_owned())),
            _ => {}
        }
        self.paths.services.push(format!("{section}.{name}"));
        self.model.services.push(Service {
            name: name.to_owned(),
            node,
            instances: 1,
            max_instances: 1,
            need: 1,
            zones: vec![ZoneId(0)],
            workers: None,
            cores: None,
            cpu_limit: None,
            device: None,
            nic: None,
            memory: None,
            queue_capacity: 1_000,
            max_wait: None,
            discipline: Discipline::default(),
            fair_per: None,
            admission: None,
            start_up: Distribution::constant(SimDuration::from_ns(0)),
            warm_up: None,
            slow_start: None,
            health: None,
            labels: BTreeMap::new(),
            version: None,
            has_versions: false,
            machine_type: None,
            sizes: sim_core::service::sizes::Sizes::default(),
            disk: Bytes::new(0),
            provides: None,
            reserved: 0,
        });
    }

    fn endpoint(&mut self, service: &str, endpoint: &str, path: &str) {
        let name = format!("{service}.{endpoint}");
        if self.names.endpoints.contains_key(&name) {
            return;
        }
        self.names.endpoints.insert(name.clone(), EndpointId::from(self.model.endpoints.len()));
        self.paths.endpoints.push(path.to_owned());
        self.model.endpoints.push(Endpoint {
            name,
            service: self.names.services[service],
            steps: vec![],
            effect: Effect::None,
            is_async: false,
            access: None,
            requires: None,
            admission: None,
        });
    }

    fn others(&mut self) {
        let written = self.written;
        let tree = self.around.tree;
        let names = &mut self.names;
        number(&mut names.loads, written.load.names(), keys(tree, "load"), LoadId::from);
        number(&mut names.keys, written.keys.names(), keys(tree, "keys"), KeySpaceId::from);
        number(&mut names.promises, written.promises.names(), keys(tree, "promises"), PromiseId::from);
        number(&mut names.pipelines, written.control.telemetry.names(), keys(tree, "control.telemetry"), |i| i);
        number(&mut names.alerts, written.control.alerts.names(), keys(tree, "control.alerts"), |i| i);
        number(&mut names.scalers, written.control.scalers.names(), keys(tree, "control.scalers"), |i| i);
        number(&mut names.switches, written.control.switches.names(), keys(tree, "control.switches"), |i| i);
        for (place, (name, pipeline)) in written.control.telemetry.iter().enumerate() {
            if pipeline.sink.is_some() {
                names.sinks.insert(place);
            }
            if pipeline.compile(name).path.counts {
                names.recorded.insert(name.to_owned(), place);
            }
        }
        let populated = written.load.iter().filter(|(_, load)| load.population.is_some());
        names.populations = populated.map(|(name, _)| name.to_owned()).collect();
        let complaining = written.load.iter().filter(|(_, load)| load.complaints.is_some());
        names.complaining = complaining.map(|(name, _)| name.to_owned()).collect();
        for (service, settings) in written.services.iter() {
            for (endpoint, settings) in settings.endpoints.iter() {
                let Some(feature) = &settings.feature else { continue };
                let id = names.endpoints[&format!("{service}.{endpoint}")];
                names.features.entry(feature.clone()).or_default().push(id);
            }
        }
        number(&mut names.costs, written.costs.names(), keys(tree, "costs"), |i| i);
        number(&mut names.experiments, written.experiments.names(), keys(tree, "experiments"), |i| i);
        let modes = written.control.modes.iter().flat_map(|modes| modes.states.names());
        number(&mut names.modes, modes, keys(tree, "control.modes.states"), |i| i);
        self.fault_names();
        self.version_names();
    }

    /// Versions that services have, and those that faults and experiments deploy.
    fn version_names(&mut self) {
        let written = self.written;
        let default = written.defaults.service.node_keys().version;
        let services = written.services.iter().map(|(name, service)| (name, service.node_keys()));
        let stores = written.stores.iter().map(|(name, store)| (name, store.node_keys()));
        for (service, keys) in services.chain(stores) {
            if let Some(version) = keys.version.or(default) {
                self.version(service, version);
            }
        }
        let of_faults = written.faults.iter().map(|(_, fault)| (&fault.inject, Some(&fault.target)));
        let actions = written.experiments.iter().flat_map(|(_, experiment)| &experiment.actions);
        let of_actions = actions.filter_map(|action| Some((action.inject.as_ref()?, action.target.as_ref())));
        for (inject, target) in of_faults.chain(of_actions) {
            let Some(version) = inject.deploys() else { continue };
            let one = target.and_then(|target| target.service.as_deref()).filter(|name| *name != "all");
            let all: Vec<String> = match one {
                Some(one) => vec![one.to_owned()],
                None => self.names.services.keys().cloned().collect(),
            };
            all.iter().for_each(|service| self.version(service, version));
        }
    }

    fn version(&mut self, service: &str, version: &str) {
        let next = VersionId::from(self.model.versions.len());
        if let Entry::Vacant(entry) = self.names.versions.entry(version.to_owned()) {
            entry.insert(next);
            self.model.versions.push(version.to_owned());
        }
        self.names.versions_of.insert((service.to_owned(), version.to_owned()));
    }

    /// Faults, then those of the actions of experiments, and then experiments themselves: each stands for a stretch of time.
    fn fault_names(&mut self) {
        let (written, tree) = (self.written, self.around.tree);
        let mut names: Vec<String> = written.faults.names().map(str::to_owned).collect();
        for (name, experiment) in written.experiments.iter() {
            let faults = experiment.actions.iter().enumerate().filter(|(_, action)| action.is_fault());
            names.extend(faults.map(|(place, _)| action_name(name, place)));
        }
        names.extend(written.experiments.names().map(str::to_owned));
        let unread = keys(tree, "faults").into_iter().chain(keys(tree, "experiments"));
        number(&mut self.names.faults, names.iter().map(String::as_str), unread.collect(), FaultId::from);
    }

    fn twice(&self, problems: &mut Problems) {
        for name in keys(self.around.tree, "experiments") {
            if self.around.tree.find(&format!("faults.{name}")).is_some() {
                let problem =
                    problems.error(&format!("experiments.{name}"), format!("the name \"{name}\" is used twice"));
                problem.label = Some("a fault has it too, and both stand for a stretch of time".into());
                problem.hint = Some("give one of them another name".into());
            }
        }
        for version in self.names.versions.keys().filter(|name| self.names.loads.contains_key(*name)) {
            let problem = problems.error(&format!("load.{version}"), format!("the name \"{version}\" is used twice"));
            problem.label = Some("a version has it too, and `of` could mean both".into());
            problem.hint = Some("give one of them another name".into());
        }
        let places = self.names.regions.keys().chain(self.names.zones.keys());
        let mut seen: BTreeMap<&str, &str> = places.map(|name| (name.as_str(), "regions")).collect();
        for section in NAME_SPACE {
            for name in keys(self.around.tree, section) {
                let Some(first) = seen.insert(name, section) else { continue };
                let problem =
                    problems.error(&format!("{section}.{name}"), format!("the name \"{name}\" is used twice"));
                problem.label =
                    Some(format!("it stands in {first} too, and what calls, is called or probes has one name"));
                problem.hint = Some("give one of them another name".into());
            }
        }
    }
}

/// Numbers what was read, and then, with the number 0, what could not be read.
fn number<'a, T: Copy>(
    into: &mut BTreeMap<String, T>,
    read: impl Iterator<Item = &'a str>,
    all: Vec<&str>,
    id: impl Fn(usize) -> T,
) {
    for (index, name) in read.enumerate() {
        into.insert(name.to_owned(), id(index));
    }
    for name in all {
        into.entry(name.to_owned()).or_insert_with(|| id(0));
    }
}

/// The keys of the map at `path`.
pub(super) fn keys<'a>(tree: &'a Node, path: &str) -> Vec<&'a str> {
    tree.find(path).map_or(&[][..], Node::entries).iter().map(|e| e.key.as_str()).collect()
}
