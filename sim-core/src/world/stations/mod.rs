//! Stations: instances with their workers and queues, the work on them, their lives and their health checks.
//!
//! The state is private to this folder. Others ask for it by the functions of [`Stations`], and act on it by those methods of the world here
//! that are visible to it: a request knocks ([`World::admit`]), leaves, and is stopped; an instance crashes, starts, drains and changes its speed.

mod admit;
mod at_door;
mod catch_up;
mod checkers;
mod cores;
mod disk;
mod doors;
mod health;
mod in_vain;
mod injected;
mod instance;
mod leave;
mod line;
mod live;
mod lives;
mod memory;
mod nodes;
mod plain;
mod service;
mod sizes;
mod up;
mod work;

#[cfg(test)]
mod health_tests;
#[cfg(test)]
mod plain_tests;

pub(in crate::world) use admit::Door;
pub(in crate::world) use checkers::{Checker, CheckerId, Checkers};
pub(in crate::world) use cores::STANDSTILL;
pub(in crate::world) use instance::{Instance, Life};

use super::frame::{Arena, FrameId, Link};
use super::{Event, fact};
use crate::call::balance::slow_start::SlowStart;
use crate::control::pods::{Phase, Pod, PodCounts};
use crate::counters::SERVICE_COUNTERS;
use crate::data::Wrongness;
use crate::engine::rng::{hash_name, mix};
use crate::engine::table::Table;
use crate::ids::{EndpointId, InstanceId, ServiceId, VersionId, ZoneId};
use crate::metrics::{Histogram, Tally, fresh};
use crate::model::Model;
use crate::outcome::Outcome;
use crate::results::ServiceCounts;
use crate::service::disk::Disk;
use crate::service::memory::Memory;
use crate::topology::{Node, Step, Topology};
use instance::{GATED, HEAVY, LINED, PATIENCE, PULLS, TIED};
use service::Service;
use std::collections::BTreeMap;

/// What may be due at stations.
#[derive(Debug, Clone, Copy)]
pub(in crate::world) enum Due {
    /// An instance has started.
    Started { instance: InstanceId, epoch: u32 },
    /// The image of an instance is on its node.
    Pulled { instance: InstanceId, epoch: u32 },
    /// A node of a service is ready.
    NodeReady(ServiceId),
    /// An instance's warm-up is over.
    Warm { instance: InstanceId, epoch: u32 },
    /// The instances of a service are checked.
    Probe(ServiceId),
    /// Checks of a service's instances have had their time.
    ProbesEnd(ServiceId),
    /// An instance that failed its checks is restarted.
    Restart { instance: InstanceId, epoch: u32 },
    /// An instance that is replaced has had its time to finish what it has.
    Grace { instance: InstanceId, epoch: u32 },
    /// An instance that is replaced has finished what it had.
    Emptied { instance: InstanceId, epoch: u32 },
    /// A leak has taken another part of an instance's memory.
    Leaks(InstanceId),
    /// An instance uses more memory than it has.
    OutOfMemory { instance: InstanceId, epoch: u32 },
    /// An instance that was killed has waited before it starts again.
    TriesAgain(InstanceId),
    /// An instance that was isolated gets the next share of its calls.
    GetsMore { instance: InstanceId, step: u32 },
}

impl From<Due> for Event {
    fn from(due: Due) -> Self {
        Self::Stations(due)
    }
}

impl super::events::Due for Due {
    fn fact(self) -> Option<(u64, u64)> {
        match self {
            Self::Started { instance, .. } => Some((u64::from(instance.0), fact::STARTED)),
            Self::Restart { instance, .. } => Some((u64::from(instance.0), fact::RESTARTED)),
            Self::OutOfMemory { instance, .. } => Some((u64::from(instance.0), fact::KILLED)),
            Self::Warm { .. }
            | Self::Pulled { .. }
            | Self::NodeReady(_)
            | Self::Probe(_)
            | Self::ProbesEnd(_)
            | Self::Grace { .. }
            | Self::Emptied { .. }
            | Self::Leaks(_)
            | Self::TriesAgain(_)
            | Self::GetsMore { .. } => None,
        }
    }

    fn recurs(self) -> bool {
        matches!(self, Self::Probe(_))
    }
}

/// All instances and services.
#[derive(Debug)]
pub(in crate::world) struct Stations {
    instances: Table<InstanceId, Instance>,
    /// By instance: the version that it runs, where its service has versions.
    versions: Table<InstanceId, Option<VersionId>>,
    /// By instance: when it was ordered, and when it last became ready or unready [ns].
    since: Table<InstanceId, (u64, u64)>,
    services: Table<ServiceId, Service>,
    /// Waits for a worker, by service.
    waits: Table<ServiceId, Histogram>,
    health: health::Checks,
    up: up::Up,
    in_vain: in_vain::InVain,
    /// What few services have.
    rare: Box<Rare>,
    /// Stations that are simulated by themselves.
    plain: Vec<InstanceId>,
    /// Requests and messages waiting in all queues.
    backlog: u64,
    /// The bound of that.
    max_backlog: u64,
    /// By endpoint: whether a switch turns requests away; empty until one does.
    refused: Vec<bool>,
}

/// What few services have. It stands apart because `big` became 2 % slower by one map more among the fields that each event reads, and 32 bytes more
/// in each service of the topology.
#[derive(Debug, Default)]
struct Rare {
    /// The nodes of services behind which a cluster stands.
    nodes: BTreeMap<ServiceId, nodes::Pool>,
    /// The sizes of machines of services that change them.
    sized: BTreeMap<ServiceId, sizes::Sized>,
    /// Instances that get their calls back by steps: the shares, and how long each lasts [ns].
    returning: BTreeMap<InstanceId, (Vec<f64>, u64)>,
}

impl Stations {
    /// A place for each instance that a service may ever have; nothing runs yet. `feeds` tells the queues from which a service takes messages.
    /// `of_run` is what tells runs apart: draws derive from it.
    pub(in crate::world) fn new(model: &Model, of_run: u64, feeds: impl Fn(ServiceId) -> Vec<ServiceId>) -> Self {
        let (mut services, instances) = places(model, of_run, feeds);
        let health = health::Checks::new(model);
        for ((id, service), settings) in (0..).map(ServiceId).zip(&mut services).zip(&model.services) {
            let entries = settings.slow_start.map_or(0, |_| service.places * health.count(id).max(1));
            service.entered = vec![None; entries as usize];
        }
        let version = |instance: &Instance| model.services[instance.service.index()].version;
        Self {
            versions: instances.iter().map(version).collect::<Vec<_>>().into(),
            since: vec![(0, 0); instances.len()].into(),
            instances: instances.into(),
            services: services.into(),
            waits: fresh(model.services.len()).into(),
            health,
            up: up::Up::new(model),
            in_vain: in_vain::InVain::default(),
            rare: Box::new(Rare { sized: sizes::all_sized(model), ..Rare::default() }),
            plain: Vec::new(),
            backlog: 0,
            max_backlog: model.run.max_backlog,
            refused: Vec::new(),
        }
    }

    /// All places for instances.
    pub(in crate::world) fn ids(&self) -> impl Iterator<Item = InstanceId> + use<> {
        self.instances.ids()
    }

    /// All services.
    pub(in crate::world) fn services(&self) -> impl Iterator<Item = ServiceId> + use<> {
        self.services.ids()
    }

    /// A request takes its place behind those that wait.
    #[inline(always)]
    fn enqueue(&mut self, frames: &mut Arena, instance: InstanceId, frame: FrameId) {
        let at = &mut self.instances[instance];
        frames[frame].next = Link::NONE;
        match std::mem::replace(&mut at.tail, frame.into()).get() {
            None => at.head = frame.into(),
            Some(tail) => frames[tail].next = Link::to(frame),
        }
    }

    /// How many stations are simulated by themselves.
    pub(in crate::world) fn plain(&self) -> usize {
        self.plain.len()
    }

    /// What an instance is, as a control plane of pods sees it, without its readings.
    pub(in crate::world) fn pod(&self, instance: InstanceId) -> Pod {
        let at = &self.instances[instance];
        let (started_ns, turned_ns) = self.since[instance];
        let phase = match at.life {
            // A machine that starts again after a crash is the same pod, whose container starts anew.
            Life::Starting if started_ns == turned_ns => Phase::Pending,
            Life::Starting | Life::Up | Life::Down | Life::Silent => Phase::Running,
            Life::Gone | Life::Draining | Life::Replacing => Phase::Ended,
        };
        Pod { phase, is_ready: at.life == Life::Up, started_ns, turned_ns, sample: None }
    }

    /// What an instance has counted since the start; differences count. Processor time is that of the last [`World::read_cpu`].
    pub(in crate::world) fn pod_counts(&self, instance: InstanceId, now_ns: u64) -> PodCounts {
        let at = &self.instances[instance];
        let read = |sum: u64, n: u32| sum.wrapping_add(u64::from(n).wrapping_mul(now_ns));
        PodCounts {
            cpu_ns: at.sums.cpu.wrapping_sub(at.cpu_ahead),
            busy_ns: read(at.sums.busy, at.held()),
            queue_ns: read(at.sums.queue, at.queue_len),
            inside_ns: read(at.sums.inside, at.in_system),
            entered: at.sums.left + u64::from(at.in_system),
            left: at.sums.left,
            memory: at.memory.as_ref().map_or(0, |memory| memory.told()),
            queue_now: u64::from(at.queue_len),
            inside_now: u64::from(at.in_system),
            scrapes: 0,
        }
    }

    /// Whether an instance has run since the start of the run.
    pub(in crate::world) fn ran_from_zero(&self, instance: InstanceId) -> bool {
        self.instances[instance].runs() && self.since[instance] == (0, 0)
    }

    /// The service of an instance.
    pub(in crate::world) fn service_of(&self, instance: InstanceId) -> ServiceId {
        self.instances[instance].service
    }

    /// The number of an instance among those of its service.
    #[inline(always)]
    pub(in crate::world) fn number(&self, instance: InstanceId) -> u32 {
        self.services[self.instances[instance].service].number(instance)
    }

    /// The zone of an instance.
    #[inline(always)]
    pub(in crate::world) fn zone_of(&self, instance: InstanceId) -> ZoneId {
        self.instances[instance].zone
    }

    /// The version that an instance runs.
    pub(in crate::world) fn version(&self, instance: InstanceId) -> Option<VersionId> {
        self.versions[instance]
    }

    /// What an instance is now.
    pub(in crate::world) fn life(&self, instance: InstanceId) -> Life {
        self.instances[instance].life
    }

    /// The number of the life of an instance that runs: another one where it has started again.
    pub(in crate::world) fn life_of(&self, instance: InstanceId) -> Option<u32> {
        let at = &self.instances[instance];
        at.runs().then_some(at.epoch)
    }

    /// All places for instances of a service.
    pub(in crate::world) fn instances_of(&self, service: ServiceId) -> impl Iterator<Item = InstanceId> + use<> {
        self.services[service].ids()
    }

    /// What the instances of a service are now.
    pub(in crate::world) fn lives(&self, service: ServiceId) -> impl Iterator<Item = Life> {
        self.instances[self.services[service].places()].iter().map(|instance| instance.life)
    }

    /// The instances of a service that may be picked by any of its callers, in the order of their places.
    #[inline(always)]
    pub(in crate::world) fn routable(&self, service: ServiceId) -> &[InstanceId] {
        &self.services[service].routable
    }

    /// The instances of a service that callers know, healthy or not, in the order of their places.
    pub(in crate::world) fn known(&self, service: ServiceId) -> impl Iterator<Item = InstanceId> {
        let known = |instance: &InstanceId| self.is_known(*instance);
        self.services[service].ids().filter(known)
    }

    /// Whether callers know of an instance, so that they may pick it.
    pub(in crate::world) fn is_known(&self, instance: InstanceId) -> bool {
        let at = &self.instances[instance];
        at.registered && !at.isolated && !at.is_empty
    }

    /// The instances that a service has or may have.
    pub(in crate::world) fn ids_of(&self, service: ServiceId) -> impl Iterator<Item = InstanceId> + use<> {
        self.services[service].places().map(|place| InstanceId(place as u32))
    }

    /// Whether an instance is among those that callers may pick, as far as its life goes.
    pub(in crate::world) fn is_registered(&self, instance: InstanceId) -> bool {
        let at = &self.instances[instance];
        at.registered && !at.isolated
    }

    /// Whether an instance is up, not frozen, and has its data.
    pub(in crate::world) fn serves(&self, instance: InstanceId) -> bool {
        let at = &self.instances[instance];
        at.runs() && at.odd & instance::FROZEN == 0 && !at.is_empty
    }

    /// Which share of the replies of an instance faults make wrong in a way.
    pub(in crate::world) fn wrong_share(&self, instance: InstanceId, kind: Wrongness) -> f64 {
        let wrongs = self.instances[instance].wrongs.iter().filter(|(_, of)| *of == kind as u8);
        1.0 - wrongs.map(|(probability, _)| 1.0 - probability).product::<f64>()
    }

    /// Whether an instance has no data yet that it has to have before it serves.
    pub(in crate::world) fn is_empty(&self, instance: InstanceId) -> bool {
        self.instances[instance].is_empty
    }

    /// Whether some instance of a service gets only a share of its calls.
    pub(in crate::world) fn some_get_a_share(&self, service: ServiceId) -> bool {
        self.services[service].places > 1 && self.services[service].ids().any(|i| self.instances[i].share < 1.0)
    }

    /// Which share of its calls an instance gets.
    pub(in crate::world) fn share_of(&self, instance: InstanceId) -> f64 {
        self.instances[instance].share
    }

    /// How often the disk of an instance has flushed for somebody, and how long they waited in all [ns].
    pub(in crate::world) fn flushed(&self, instance: InstanceId) -> (u64, u64) {
        self.instances[instance].disk.as_ref().map_or((0, 0), |disk| disk.flushed())
    }

    /// Requests that wait in an instance, and all that are in it.
    pub(in crate::world) fn inside(&self, instance: InstanceId) -> (u32, u32) {
        (self.instances[instance].queue_len, self.instances[instance].in_system)
    }

    /// The weight of an instance that starts slowly for callers who go by this checker, 1 being the whole.
    pub(in crate::world) fn ramp(
        &self,
        instance: InstanceId,
        checker: Option<CheckerId>,
        now_ns: u64,
        slow_start: SlowStart,
    ) -> f64 {
        let entered =
            self.services[self.instances[instance].service].entered.get(self.place_of_entry(instance, checker));
        entered.copied().flatten().map_or(1.0, |entered| slow_start.weight(now_ns - entered))
    }

    /// Where it stands when an instance came into the balancers of callers who go by a checker.
    fn place_of_entry(&self, instance: InstanceId, checker: Option<CheckerId>) -> usize {
        let at = &self.services[self.instances[instance].service];
        let by = checker.map_or(0, |checker| self.health.number(checker));
        (by * at.places + at.number(instance)) as usize
    }

    /// An instance has come into the balancers of all its callers: it is new to them.
    fn enters(&mut self, instance: InstanceId, now_ns: u64) {
        let at = &mut self.services[self.instances[instance].service];
        let number = at.number(instance) as usize;
        at.entered.iter_mut().skip(number).step_by(at.places as usize).for_each(|entered| *entered = Some(now_ns));
    }

    /// An instance has come into the balancers of callers who go by a checker.
    fn enters_for(&mut self, instance: InstanceId, checker: CheckerId, now_ns: u64) {
        let place = self.place_of_entry(instance, Some(checker));
        if let Some(entered) = self.services[self.instances[instance].service].entered.get_mut(place) {
            *entered = Some(now_ns);
        }
    }

    /// Whether an instance serves and has a free worker.
    pub(in crate::world) fn is_idle(&self, instance: InstanceId) -> bool {
        let at = &self.instances[instance];
        at.free > 0 && at.life == Life::Up
    }

    /// Whether so many workers of a service that takes messages are busy that none can be idle. `workers` are those of an instance.
    pub(in crate::world) fn all_are_busy(&self, service: ServiceId, workers: u64) -> bool {
        let at = &self.services[service];
        u64::from(at.busy_now) >= at.running.now * workers
    }

    /// Whether requests that wait for a worker of a service lose patience.
    pub(in crate::world) fn has_patience(&self, service: ServiceId) -> bool {
        self.services[service].patience.is_some()
    }

    /// All running sums of a service at this moment; differences of two of them are what results hold. Processor time is that of the last
    /// [`World::read_cpu`].
    pub(in crate::world) fn sums(&self, service: ServiceId, now_ns: u64) -> ServiceCounts {
        let at = &self.services[service];
        at.sums(now_ns, &self.instances[at.places()])
    }

    /// Waits for a worker of a service, as of the last [`World::read_waits`].
    pub(in crate::world) fn waits(&self, service: ServiceId) -> &Histogram {
        &self.waits[service]
    }

    /// The same of all services in turn.
    pub(in crate::world) fn all_waits(&self) -> &[Histogram] {
        &self.waits
    }

    /// What is counted of a service as a whole.
    pub(in crate::world) fn counts(&mut self, service: ServiceId) -> &mut Tally<SERVICE_COUNTERS> {
        &mut self.services[service].counts
    }

    /// How long each service and endpoint has been up, and how often it went down.
    pub(in crate::world) fn up(&self) -> &up::Up {
        &self.up
    }

    /// Time 0: outages before do not count as the first.
    pub(in crate::world) fn measuring_begins(&mut self, now_ns: u64) {
        self.up.measuring_begins(now_ns);
    }

    /// What faults do to an instance from now on: how much slower it is, and its work by stolen time, and the chances that it fails or answers
    /// wrongly.
    pub(in crate::world) fn set_faults(
        &mut self,
        instance: InstanceId,
        (slow, stolen): (f64, f64),
        fails: Vec<(f64, Outcome)>,
        wrongs: Vec<(f64, u8)>,
    ) {
        let at = &mut self.instances[instance];
        at.set_faults(fails, wrongs);
        at.fault_slow = slow;
        at.fault_stolen = stolen;
    }

    /// A message begins to wait in a queue.
    pub(in crate::world) fn message_enters(&mut self, queue: ServiceId, now_ns: u64) {
        let at = &mut self.services[queue];
        at.queue.enter(now_ns);
        if let Some(messages) = &mut at.messages {
            messages.entered += 1;
        }
    }

    /// Messages that are in a queue, those that were set aside among them.
    pub(in crate::world) fn messages_in(&self, queue: ServiceId) -> u64 {
        self.services[queue].queue.now
    }

    /// A message has found no consumer with a free worker.
    pub(in crate::world) fn message_waits(&mut self, queue: ServiceId) {
        if let Some(messages) = &mut self.services[queue].messages {
            messages.waited += 1;
        }
    }

    /// A message has waited so long, and is handed over.
    pub(in crate::world) fn message_handed(&mut self, queue: ServiceId, now_ns: u64, waited_ns: u64) {
        let at = &mut self.services[queue];
        at.queue.leave(now_ns);
        if let Some(messages) = &mut at.messages {
            messages.handed += 1;
            messages.wait_sum = messages.wait_sum.wrapping_add(waited_ns);
        }
        self.waits[queue].record(waited_ns);
    }

    /// One more, or one less, waits in some queue; bounded where requests queue.
    pub(in crate::world) fn backlog(&mut self) -> &mut u64 {
        &mut self.backlog
    }

    /// Whether no request is in any instance, waiting or at work.
    #[cfg(test)]
    pub(in crate::world) fn are_empty(&self) -> bool {
        self.instances.iter().all(|at| (at.in_system, at.queue_len, at.held()) == (0, 0, 0))
    }

    /// How many instances there can be in all.
    pub(in crate::world) fn places(&self) -> usize {
        self.instances.len()
    }

    /// The metrics of a service's scaler ask for so many instances.
    pub(in crate::world) fn wants(&mut self, service: ServiceId, desired: u32) {
        self.services[service].desired = desired;
    }

    /// How many instances a service can have.
    pub(in crate::world) fn places_of(&self, service: ServiceId) -> u32 {
        self.services[service].places
    }

    /// Requests to these endpoints are turned away from now on, by endpoint.
    pub(in crate::world) fn refuses(&mut self, topology: &Topology, refused: Vec<bool>) {
        for (service, at) in
            self.services.ids().zip(self.services.iter()).map(|(id, at)| (id, at.ids())).collect::<Vec<_>>()
        {
            let of = |(place, is_refused): (usize, &bool)| *is_refused && topology.endpoints[place].service == service;
            let any = refused.iter().enumerate().any(of);
            at.for_each(|instance| self.instances[instance].mark(instance::REFUSES, any));
        }
        self.refused = refused;
    }

    /// Whether a switch turns requests to an endpoint away.
    pub(in crate::world) fn is_refused(&self, endpoint: EndpointId) -> bool {
        self.refused.get(endpoint.index()).is_some_and(|refused| *refused)
    }

    /// Whether a fault makes replies of an instance wrong.
    #[inline(always)]
    pub(in crate::world) fn falsifies(&self, instance: InstanceId) -> bool {
        self.instances[instance].odd & instance::WRONGS != 0
    }

    /// The first instance of a service; the others follow it.
    pub(in crate::world) fn first(&self, service: ServiceId) -> InstanceId {
        self.services[service].first
    }
}

fn places(model: &Model, of_run: u64, feeds: impl Fn(ServiceId) -> Vec<ServiceId>) -> (Vec<Service>, Vec<Instance>) {
    let (mut services, mut instances) = (Vec::new(), Vec::new());
    for (index, settings) in model.services.iter().enumerate() {
        let places = settings.max_instances.max(settings.instances).max(1);
        let feeds = feeds(ServiceId::from(index));
        let tied = model.edges.iter().any(|edge| {
            edge.hedge.as_ref().is_some_and(crate::call::hedge::HedgeSettings::is_tied)
                && model.endpoints[edge.callee.index()].service.index() == index
        });
        services.push(Service {
            wanted: settings.instances,
            desired: settings.instances,
            limited: settings.workers.is_some(),
            patience: settings.max_wait.as_ref().map(crate::dist::Distribution::build),
            pulls: feeds.clone(),
            messages: matches!(settings.node, Node::Queue(_)).then(Box::default),
            ..Service::new(InstanceId::from(instances.len()), places, settings.reserved)
        });
        let endpoints = model.endpoints.iter().filter(|e| e.service.index() == index);
        let beyond = endpoints.clone().any(|e| e.is_async) || endpoints.clone().any(|e| works_beside(&e.steps));
        for number in 0..places {
            let zone = settings.zones[number as usize % settings.zones.len()];
            let cores = cores::shared(
                settings,
                beyond || !settings.sizes.all().is_empty(),
                mix(hash_name(&format!("{}/{number}", settings.name)), of_run),
            );
            let workers = if matches!(settings.node, Node::Queue(_)) { None } else { settings.workers };
            let mut instance = Instance::gone(ServiceId::from(index), zone, workers, cores);
            instance.capacity = settings.queue_capacity;
            instance.line = settings.discipline.build().map(Box::new);
            instance.mark(LINED, instance.line.is_some());
            instance.mark(PATIENCE, settings.max_wait.is_some());
            instance.mark(PULLS, !feeds.is_empty());
            instance.mark(TIED, tied);
            instance.doors = doors::Doors::new(&model.services, &model.endpoints, model.run.warm_up.ns(), index);
            instance.mark(GATED, instance.doors.is_some());
            instance.disk = settings.device.as_ref().map(|device| Box::new(Disk::new(device)));
            instance.memory = settings.memory.map(|memory| Box::new(Memory::new(memory)));
            instance.mark(HEAVY, instance.memory.is_some());
            instances.push(instance);
        }
    }
    (services, instances)
}

/// Whether steps work beside each other, so that a request may use more than the core of its worker.
fn works_beside(steps: &[Step]) -> bool {
    steps.iter().any(|step| match step {
        Step::Parallel { .. } | Step::Background(_) | Step::Lookup { .. } => true,
        Step::Choose(arms) => arms.iter().any(|(_, steps)| works_beside(steps)),
        Step::Steps(steps) | Step::Fallback { otherwise: steps, .. } => works_beside(steps),
        _ => false,
    })
}
