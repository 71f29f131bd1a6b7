//! Nodes: places for the instances of services behind which a cluster stands.
//!
//! Only services with a scaler of the kind `cluster` have nodes; all others are asked once, whether they have some, when an instance is ordered or
//! goes. An instance that is pending has the life `Starting` and no event: it gets one with its place.

use super::Due;
use super::instance::Life;
use crate::control::scaling::{ClusterSettings, Decision, LONGEST_BACKOFF_NS, Policy};
use crate::counters::level;
use crate::engine::math::whole_ns;
use crate::engine::rng::Stream;
use crate::ids::{InstanceId, ServiceId};
use crate::metrics::LevelAt;
use crate::model::Model;
use crate::service::nodes::{NODES, PENDING};
use crate::world::World;
use std::collections::{BTreeMap, VecDeque};

/// A node that is ready.
#[derive(Debug)]
struct Node {
    used: u32,
    /// Whether it has the image.
    has_image: bool,
    /// Since when it holds nothing [ns].
    empty_since: u64,
}

/// The nodes of a service.
#[derive(Debug)]
pub(super) struct Pool {
    settings: ClusterSettings,
    stream: Stream,
    nodes: Vec<Option<Node>>,
    /// Ordered and not ready.
    ordered: u32,
    /// On which node each instance is.
    places: BTreeMap<InstanceId, usize>,
    /// Who waits for a place, in the order in which they came.
    pending: VecDeque<InstanceId>,
    /// When an order may be tried again after one that failed [ns], and how long that wait was [ns].
    tries_at: u64,
    backoff_ns: u64,
}

impl Pool {
    fn ready(&self) -> u32 {
        self.nodes.iter().flatten().count() as u32
    }

    /// The fullest node that has a place, so that empty ones stay empty.
    fn with_place(&self) -> Option<usize> {
        let per_node = self.settings.instances_per_node.get_u32();
        let nodes = self.nodes.iter().enumerate().filter_map(|(place, node)| Some((place, node.as_ref()?)));
        let free = nodes.filter(|(_, node)| node.used < per_node);
        free.max_by_key(|(place, node)| (node.used, usize::MAX - place)).map(|(place, _)| place)
    }

    fn add_node(&mut self, has_image: bool, now: u64) {
        let node = Some(Node { used: 0, has_image, empty_since: now });
        match self.nodes.iter().position(Option::is_none) {
            Some(place) => self.nodes[place] = node,
            None => self.nodes.push(node),
        }
    }

    /// Puts an instance on a node; whether the image has to be pulled first.
    fn put(&mut self, instance: InstanceId, place: usize) -> bool {
        self.places.insert(instance, place);
        let Some(node) = &mut self.nodes[place] else { return false };
        node.used += 1;
        !std::mem::replace(&mut node.has_image, true)
    }
}

/// The nodes of all services that have some.
pub(super) fn pools(model: &Model, seed: u64, replication: u32) -> BTreeMap<ServiceId, Pool> {
    let clusters = model.scalers.iter().filter_map(|scaler| match &scaler.policy {
        Policy::Cluster(settings) => Some((scaler, settings)),
        _ => None,
    });
    let pool = |(scaler, settings): (&crate::control::Scaler, &ClusterSettings)| {
        let instances = model.services[scaler.of.index()].instances;
        let begin = settings.nodes_for(instances).clamp(scaler.min, scaler.max.max(1));
        let mut pool = Pool {
            settings: settings.clone(),
            stream: Stream::new(seed, replication, &scaler.name, "nodes"),
            nodes: Vec::new(),
            ordered: 0,
            places: BTreeMap::new(),
            pending: VecDeque::new(),
            tries_at: 0,
            backoff_ns: 0,
        };
        (0..begin).for_each(|_| pool.add_node(true, 0));
        (scaler.of, pool)
    };
    clusters.map(pool).collect()
}

impl World<'_> {
    /// The instances of the first moment have their places.
    pub(super) fn begin_nodes(&mut self) {
        let services: Vec<ServiceId> = self.stations.rare.nodes.keys().copied().collect();
        for service in services {
            let there: Vec<InstanceId> = self
                .stations
                .instances_of(service)
                .filter(|&instance| self.stations.instances[instance].life != Life::Gone)
                .collect();
            let Some(pool) = self.stations.rare.nodes.get_mut(&service) else { continue };
            for instance in there {
                // Where `max` is too small for the instances of the first moment, they have what they need.
                let place = pool.with_place().unwrap_or_else(|| {
                    pool.add_node(true, 0);
                    pool.nodes.len() - 1
                });
                pool.put(instance, place);
            }
            let ready = u64::from(pool.ready());
            self.levels.moves(LevelAt::service(const { level(&NODES) }, service), self.now, 0, ready);
        }
    }

    /// An instance that was ordered needs a place: it starts on it, or waits for one.
    pub(super) fn needs_place(&mut self, instance: InstanceId) {
        let service = self.stations.instances[instance].service;
        let Some(pool) = self.stations.rare.nodes.get_mut(&service) else { return self.order_start(instance) };
        if let Some(place) = pool.with_place() {
            let pulls = pool.put(instance, place);
            self.starts_on_node(instance, pulls);
        } else {
            pool.pending.push_back(instance);
            self.pending_moves(service, (0, 1));
        }
    }

    /// Whether an instance waits for a place on a node.
    pub(super) fn is_pending(&self, instance: InstanceId) -> bool {
        let service = self.stations.instances[instance].service;
        self.stations.rare.nodes.get(&service).is_some_and(|pool| pool.pending.contains(&instance))
    }

    fn starts_on_node(&mut self, instance: InstanceId, pulls: bool) {
        let service = self.stations.instances[instance].service;
        let Some(pool) = self.stations.rare.nodes.get_mut(&service).filter(|_| pulls) else {
            return self.order_start(instance);
        };
        let takes = whole_ns(pool.settings.image_pull.build().sample(&mut pool.stream));
        let at = &mut self.stations.instances[instance];
        at.epoch += 1;
        let epoch = at.epoch;
        self.schedule(self.now + takes, Due::Pulled { instance, epoch });
    }

    /// The image is on the node, if the instance is still wanted.
    pub(super) fn pulled(&mut self, instance: InstanceId, epoch: u32) {
        let at = &self.stations.instances[instance];
        if at.epoch == epoch && at.life == Life::Starting {
            self.order_start(instance);
        }
    }

    /// An instance is gone: another may have its place.
    pub(super) fn gives_place(&mut self, instance: InstanceId) {
        let (service, now) = (self.stations.instances[instance].service, self.now);
        let Some(pool) = self.stations.rare.nodes.get_mut(&service) else { return };
        if let Some(waiting) = pool.pending.iter().position(|one| *one == instance) {
            pool.pending.remove(waiting);
            return self.pending_moves(service, (1, 0));
        }
        if let Some(place) = pool.places.remove(&instance)
            && let Some(node) = &mut pool.nodes[place]
        {
            node.used -= 1;
            node.empty_since = now;
        }
        self.place_pending(service);
    }

    fn place_pending(&mut self, service: ServiceId) {
        loop {
            let Some(pool) = self.stations.rare.nodes.get_mut(&service) else { return };
            let (Some(place), Some(&instance)) = (pool.with_place(), pool.pending.front()) else { return };
            pool.pending.pop_front();
            let pulls = pool.put(instance, place);
            self.pending_moves(service, (1, 0));
            self.starts_on_node(instance, pulls);
        }
    }

    fn pending_moves(&mut self, service: ServiceId, (before, after): (u64, u64)) {
        self.levels.moves(LevelAt::service(const { level(&PENDING) }, service), self.now, before, after);
    }

    /// How many nodes a service has, ordered ones too.
    pub(in crate::world) fn nodes_of(&self, service: ServiceId) -> u32 {
        self.stations.rare.nodes.get(&service).map_or(0, |pool| pool.ready() + pool.ordered)
    }

    /// How many nodes could be given back now, and whether an order would fail.
    pub(in crate::world) fn idle_nodes(&self, service: ServiceId) -> (u32, bool) {
        let Some(pool) = self.stations.rare.nodes.get(&service) else { return (0, false) };
        let unneeded_ns = pool.settings.unneeded.ns();
        let is_idle = |node: &&Node| node.used == 0 && self.now - node.empty_since >= unneeded_ns;
        let is_short = self.now < pool.tries_at || !pool.settings.has_nodes(self.since_zero(self.now));
        (pool.nodes.iter().flatten().filter(is_idle).count() as u32, is_short)
    }

    /// There are to be so many nodes: more are ordered, and those that were empty for long enough are given back.
    pub(in crate::world) fn scale_nodes(&mut self, service: ServiceId, decision: Decision) {
        let (now, from_zero) = (self.now, self.since_zero(self.now));
        let Some(pool) = self.stations.rare.nodes.get_mut(&service) else { return };
        let (current, to) = (pool.ready() + pool.ordered, decision.to);
        let is_refused = to == current && !pool.settings.has_nodes(from_zero);
        if decision.desired > current && is_refused && now >= pool.tries_at {
            pool.backoff_ns = match pool.backoff_ns {
                0 => pool.settings.backoff.ns(),
                last => (last * 2).min(LONGEST_BACKOFF_NS),
            };
            pool.tries_at = now + pool.backoff_ns;
            return;
        }
        if to > current {
            pool.backoff_ns = 0;
            for _ in current..to {
                let Some(pool) = self.stations.rare.nodes.get_mut(&service) else { return };
                pool.ordered += 1;
                let takes = whole_ns(pool.settings.provision.build().sample(&mut pool.stream));
                self.schedule(now + takes, Due::NodeReady(service));
            }
            return;
        }
        let (before, unneeded_ns) = (pool.ready(), pool.settings.unneeded.ns());
        for place in (0..pool.nodes.len()).rev() {
            let is_unneeded =
                pool.nodes[place].as_ref().is_some_and(|node| node.used == 0 && now - node.empty_since >= unneeded_ns);
            if is_unneeded && pool.ready() + pool.ordered > to {
                pool.nodes[place] = None;
            }
        }
        let after = pool.ready();
        self.levels.moves(LevelAt::service(const { level(&NODES) }, service), now, before.into(), after.into());
    }

    /// A node that was ordered is ready.
    pub(super) fn node_ready(&mut self, service: ServiceId) {
        let now = self.now;
        let Some(pool) = self.stations.rare.nodes.get_mut(&service) else { return };
        pool.ordered -= 1;
        pool.add_node(false, now);
        self.levels.moves(LevelAt::service(const { level(&NODES) }, service), now, 0, 1);
        self.place_pending(service);
    }
}
