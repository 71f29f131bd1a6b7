//! Health checks: each instance is asked by each checker of its service, and what does not answer in time is left out of the balancers of the
//! callers that go by this checker (`checkers`).
//!
//! A check is a message as requests are, and crosses the same network there and back ([`World::transmit`]): links and faults delay and lose it. At
//! its instance it knocks like a request: a free worker answers, else it waits in the queue behind the requests, and takes a worker for no time. A
//! frozen instance answers when it is no longer frozen, one that has spent its limit of processor time when the next period begins, and one that is
//! down refuses or is silent. Where an answer takes time (`takes`), it does so at the speed of the instance, and holds no worker. Limits at the door
//! do not ask it. It is no request, and is counted nowhere. The checker gives up after its timeout: what comes later is not heard.
//!
//! All checkers of a service ask at the same times, and one that still waits for an answer of an instance does not ask it again. Those that nothing
//! tells apart ask together, until something does ([`World::part_checkers`]).
//!
//! The callers of a service share one list of instances as long as all its checkers agree ([`World::refresh_routable`]), so that a call pays nothing
//! for checks. While they differ each checker has a list, and callers look up theirs.

use super::Due;
use super::checkers::{CheckerId, Checkers};
use super::instance::{CLOSED, FROZEN, LINED, Life};
use crate::engine::math::whole_ns;
use crate::engine::rng::{Keyed, hash_name, mix};
use crate::engine::table::Id;
use crate::ids::{EdgeId, InstanceId, Location, ServiceId, ZoneId};
use crate::model::Model;
use crate::outcome::Outcome;
use crate::topology::Health;
use crate::world::World;
use crate::world::events::EventId;
use crate::world::frame::{Frame, FrameId, Link, Phase, Rank, Waiter};
use crate::world::network::Network;
use crate::world::program::Pc;

const PROBED: u64 = 0xb1;
const SENT: u64 = 0xb2;

/// What a checker knows of an instance.
#[derive(Debug, Clone, Copy, Default)]
struct Checked {
    /// Good answers in a row, and bad ones.
    good: u32,
    bad: u32,
    /// Whether it is left out.
    is_ill: bool,
    under_way: Option<Check>,
}

/// A check that has not been answered.
#[derive(Debug, Clone, Copy)]
struct Check {
    /// When it has failed if nothing has come back [ns]: by the timeout with which it was sent.
    until: u64,
    /// Its frame; none where it will never be answered.
    frame: Option<FrameId>,
}

/// All health checks.
#[derive(Debug, Default)]
pub(super) struct Checks {
    checkers: Checkers,
    /// By checker: the one that asks for it now, with which it knows the same.
    asks: Vec<CheckerId>,
    /// By checker, of each place for an instance.
    checked: Vec<Vec<Checked>>,
    /// By checker: what keeps its draws apart from those of others. That of the first of a service is 0.
    salts: Vec<u64>,
    /// By checker: the name of its service, for draws.
    names: Vec<u64>,
    /// By checker: the instances that its callers may pick; empty where all of its service agree.
    lists: Vec<Vec<InstanceId>>,
    /// By service: whether its checkers know different things; empty where no service has a check.
    differ: Vec<bool>,
}

impl Checks {
    pub(in crate::world) fn new(model: &Model) -> Self {
        let checkers = Checkers::new(model);
        let places = |service: &crate::topology::Service| service.max_instances.max(service.instances).max(1) as usize;
        let of = |checker: CheckerId| &model.services[checkers.list[checker].of.index()];
        Self {
            checked: checkers.list.ids().map(|id| vec![Checked::default(); places(of(id))]).collect(),
            salts: checkers.list.ids().map(|id| salt(model, &checkers, id)).collect(),
            names: checkers.list.ids().map(|id| hash_name(&of(id).name)).collect(),
            lists: vec![Vec::new(); checkers.list.len()],
            asks: checkers.leads.clone(),
            differ: if checkers.list.is_empty() { Vec::new() } else { vec![false; model.services.len()] },
            checkers,
        }
    }

    /// How many checkers a service has.
    pub(super) fn count(&self, service: ServiceId) -> u32 {
        self.checkers.of(service).count() as u32
    }

    /// A checker's place among those of its service.
    pub(super) fn number(&self, checker: CheckerId) -> u32 {
        self.checkers.number(checker)
    }

    fn of(&mut self, checker: CheckerId, number: u32) -> &mut Checked {
        &mut self.checked[checker.place() as usize][number as usize]
    }

    /// Who asks for a checker now.
    fn asked_by(&self, checker: CheckerId) -> CheckerId {
        self.asks[checker.place() as usize]
    }

    /// Whether a checker wants to know of the instances in a zone: for callers, or to restart them.
    fn wants(&self, checker: CheckerId, zone: ZoneId, restart: bool) -> bool {
        self.checkers.list[checker].is_for_callers || restart && self.checkers.restarts(checker, zone)
    }

    /// Whether anybody for whom a checker asks wants to know of the instances in a zone.
    fn is_wanted(&self, checker: CheckerId, zone: ZoneId, restart: bool) -> bool {
        let mut all = self.checkers.of(self.checkers.list[checker].of);
        all.any(|other| self.asked_by(other) == checker && self.wants(other, zone, restart))
    }

    /// The checkers of a service by which callers go.
    fn for_callers(&self, service: ServiceId) -> impl Iterator<Item = CheckerId> {
        self.checkers.of(service).filter(|&checker| self.checkers.list[checker].is_for_callers)
    }
}

/// What keeps the draws of a checker apart: the names of where it stands, so that another one changes none of them.
fn salt(model: &Model, checkers: &Checkers, id: CheckerId) -> u64 {
    if checkers.number(id) == 0 {
        return 0;
    }
    let (zone, caller) = checkers.stands_at[id.place() as usize];
    let zone = zone.map_or("", |zone| &model.zones[zone.index()].name);
    let caller = match caller {
        Some(Location::Service(service)) => &model.services[service.index()].name,
        Some(Location::Load(load)) => &model.loads[load.index()].name,
        _ => "",
    };
    mix(hash_name(zone), hash_name(caller))
}

impl super::Stations {
    /// In which of its lives an instance is: another number after each crash.
    pub(in crate::world) fn epoch(&self, instance: InstanceId) -> u32 {
        self.instances[instance].epoch
    }

    /// The checker of a call site's callers in a zone; `None` where the callee is not checked.
    pub(in crate::world) fn checker_of(&self, site: EdgeId, zone: Option<ZoneId>) -> Option<CheckerId> {
        self.health.checkers.of_caller(site, zone)
    }

    /// Whether the checkers of a service know different things of its instances.
    pub(in crate::world) fn checkers_differ(&self, service: ServiceId) -> bool {
        self.health.differ.get(service.index()).copied().unwrap_or(false)
    }

    /// The instances of a service that may be picked by callers who go by this checker, in the order of their places.
    pub(in crate::world) fn routable_for(&self, service: ServiceId, checker: Option<CheckerId>) -> &[InstanceId] {
        match checker {
            Some(checker) if self.checkers_differ(service) => &self.health.lists[checker.place() as usize],
            _ => self.routable(service),
        }
    }

    /// Whether an instance passes its health check, as this checker knows; if it has none, it does.
    pub(in crate::world) fn is_healthy(&self, instance: InstanceId, checker: Option<CheckerId>) -> bool {
        let number = self.number(instance) as usize;
        checker.is_none_or(|checker| !self.health.checked[checker.place() as usize][number].is_ill)
    }

    /// Which of the instances of a service that callers know they may pick: those that pass their health check; if none does, all. One list for all
    /// callers, unless checkers know different things: then that of each, and what any of them may pick. Tells whether they do.
    pub(super) fn choose_routable(&mut self, service: ServiceId) -> (Vec<InstanceId>, bool) {
        let known: Vec<InstanceId> = self.known(service).collect();
        let list = |checker: CheckerId| -> Vec<InstanceId> {
            let well = known.iter().copied().filter(|&i| self.is_healthy(i, Some(checker)));
            let well: Vec<InstanceId> = well.collect();
            if well.is_empty() { known.clone() } else { well }
        };
        let lists: Vec<(CheckerId, Vec<InstanceId>)> =
            self.health.for_callers(service).map(|checker| (checker, list(checker))).collect();
        let differ = lists.windows(2).any(|two| two[0].1 != two[1].1);
        let routable = match lists.first() {
            None => known,
            Some((_, first)) if !differ => first.clone(),
            Some(_) => known.into_iter().filter(|i| lists.iter().any(|(_, list)| list.contains(i))).collect(),
        };
        if let Some(differs) = self.health.differ.get_mut(service.index()) {
            *differs = differ;
        }
        for (checker, list) in lists {
            self.health.lists[checker.place() as usize] = if differ { list } else { Vec::new() };
        }
        (routable, differ)
    }
}

impl World<'_> {
    /// Starts the clocks of all checks.
    pub(in crate::world) fn plan_checks(&mut self) {
        for (index, service) in self.model.services.iter().enumerate() {
            if let Some(health) = service.health {
                self.schedule(health.every.ns(), Due::Probe(ServiceId::from(index)));
            }
        }
    }

    /// The instances of a service are checked.
    pub(super) fn probe_all(&mut self, service: ServiceId, control: EventId) {
        let Some(health) = self.in_force.services[service.index()].health else { return };
        let mut waits = false;
        for checker in self.stations.health.checkers.of(service) {
            if self.stations.health.asked_by(checker) != checker {
                continue;
            }
            for instance in self.stations.services[service].ids() {
                let at = &self.stations.instances[instance];
                let zone = at.zone;
                // What restarts an instance waits until it has started, else it would never start.
                let is_due = at.registered && !(health.restart && at.life == Life::Starting);
                let number = self.stations.number(instance);
                if is_due
                    && self.stations.health.is_wanted(checker, zone, health.restart)
                    && self.stations.health.of(checker, number).under_way.is_none()
                {
                    self.check(checker, instance);
                    waits |= self.stations.health.of(checker, number).under_way.is_some();
                }
            }
        }
        if waits {
            self.schedule(self.now + health.timeout.ns(), Due::ProbesEnd(service));
        }
        self.again(self.now + health.every.ns(), control);
    }

    /// A checker asks an instance.
    fn check(&mut self, checker: CheckerId, instance: InstanceId) {
        let frame = self.frames.take();
        self.works_for_nobody(frame);
        let key = self.key_of_check(checker, instance, SENT);
        self.frames[frame] = Frame {
            key,
            seq: 0,
            waiter: Waiter::NOBODY,
            arrived: self.now,
            start: u64::from(checker.place()),
            instance: instance.into(),
            pc: Pc::START,
            next: Link::NONE,
            edge: EdgeId(0),
            flags: 0,
            tries: 0,
            attempt: 0,
            outcome: 0,
            phase: Phase::CheckHeld,
            rank: Rank::of(crate::workload::Priority::default()),
        };
        let number = self.stations.number(instance);
        let timeout =
            self.in_force.services[self.stations.service_of(instance).index()].health.map_or(0, |h| h.timeout.ns());
        let check = Check { until: self.now.saturating_add(timeout), frame: Some(frame) };
        self.stations.health.of(checker, number).under_way = Some(check);
        self.send_check(frame);
    }

    /// The key of what is drawn for a check at this time.
    fn key_of_check(&self, checker: CheckerId, instance: InstanceId, what: u64) -> u64 {
        // By the name of the service and the number in it: another service changes no draw.
        let number = self.stations.number(instance);
        let of_run = mix(self.seed, u64::from(self.replication) << 32 | u64::from(number));
        let of_instance = mix(of_run, self.stations.health.names[checker.place() as usize]);
        mix(mix(of_instance, self.now), what.wrapping_add(self.stations.health.salts[checker.place() as usize]))
    }

    /// The checker of a check's frame.
    pub(in crate::world) fn checker_of(&self, frame: FrameId) -> CheckerId {
        debug_assert!(self.frames[frame].phase.is_check(), "{frame:?} is no check");
        CheckerId::at(self.frames[frame].start as u32)
    }

    /// A check is at its instance: what is answered at once.
    pub(in crate::world) fn check_arrives(&mut self, frame: FrameId) -> Option<Outcome> {
        let instance = self.frames[frame].instance.known();
        let at = &self.stations.instances[instance];
        if at.odd & CLOSED != 0 {
            if at.life != Life::Silent {
                return Some(Outcome::Unreachable);
            }
            self.check_is_lost(frame);
        } else if at.odd & FROZEN != 0 {
            self.frames[frame].phase = Phase::CheckHeld;
        } else if at.free > 0 {
            return self.check_is_taken(frame);
        } else if at.queue_len >= at.capacity {
            return Some(Outcome::Rejected);
        } else {
            self.queue_check(frame);
        }
        None
    }

    /// A check takes its place behind the requests that wait.
    fn queue_check(&mut self, frame: FrameId) {
        self.frames[frame].phase = Phase::CheckQueued;
        let instance = self.frames[frame].instance.known();
        if self.stations.instances[instance].odd & LINED != 0 {
            self.line_up(frame);
        } else {
            self.stations.enqueue(&mut self.frames, instance, frame);
        }
    }

    /// A worker has taken a check that waited.
    pub(super) fn check_is_served(&mut self, frame: FrameId) {
        if let Some(outcome) = self.check_is_taken(frame) {
            self.send_check_reply(frame, outcome);
        }
    }

    /// A worker takes a check: what it answers at once.
    fn check_is_taken(&mut self, frame: FrameId) -> Option<Outcome> {
        let now = self.now;
        let at = &mut self.stations.instances[self.frames[frame].instance.known()];
        let takes = self.in_force.services[at.service.index()].health.map_or(0, |health| health.takes.ns());
        let still = at.cores.as_mut().map_or(0, |cores| cores.stands_still_for(now));
        let after = whole_ns(takes as f64 * at.slow).saturating_add(still);
        if after > 0 {
            self.wakes_after(frame, after, Phase::CheckHeld);
            return None;
        }
        Some(self.answers_check(frame))
    }

    /// What an instance answers: what it would answer to a request.
    fn answers_check(&self, frame: FrameId) -> Outcome {
        let instance = self.frames[frame].instance.known();
        // Faults that strike together are independent of each other.
        let well: f64 =
            self.stations.instances[instance].fails.iter().map(|(probability, _)| 1.0 - probability).product();
        let fails = well < 1.0 && {
            let key = self.key_of_check(self.checker_of(frame), instance, PROBED);
            Keyed::new(key).unit() >= well
        };
        if fails { Outcome::Error } else { Outcome::Ok }
    }

    /// A check has come to the time for which it waited.
    pub(in crate::world) fn check_wakes(&mut self, frame: FrameId) {
        let at = &mut self.frames[frame];
        at.seq = 0;
        let (phase, instance, outcome) = (at.phase, at.instance.known(), at.outcome);
        match phase {
            Phase::CheckArriving => self.check_has_come(frame),
            Phase::CheckReplying => self.check_ends(frame, outcome),
            // What is frozen answers later.
            Phase::CheckHeld if self.stations.instances[instance].odd & FROZEN == 0 => {
                let outcome = self.answers_check(frame);
                self.send_check_reply(frame, outcome);
            }
            _ => {}
        }
    }

    /// An instance is no longer frozen: it looks at the checks that have come meanwhile. `there` are frames on it.
    pub(super) fn checks_go_on(&mut self, there: &[FrameId]) {
        for &frame in there {
            if self.frames[frame].phase == Phase::CheckHeld && self.frames[frame].seq == 0 {
                self.check_has_come(frame);
            }
        }
    }

    /// The instance of a check that it had has crashed.
    pub(super) fn check_falls(&mut self, frame: FrameId, reset: bool) {
        self.frames[frame].seq = 0;
        if reset {
            self.send_check_reply(frame, Outcome::Unreachable);
        } else {
            self.check_is_lost(frame);
        }
    }

    /// A check, or its answer, is lost: its checker hears nothing.
    pub(in crate::world) fn check_is_lost(&mut self, frame: FrameId) {
        let (checker, instance) = (self.checker_of(frame), self.frames[frame].instance.known());
        let number = self.stations.number(instance);
        if let Some(check) = &mut self.stations.health.of(checker, number).under_way {
            check.frame = None;
        }
        self.frames.release(frame);
    }

    /// The answer to a check has come to its checker.
    pub(in crate::world) fn check_ends(&mut self, frame: FrameId, outcome: u8) {
        let (checker, instance) = (self.checker_of(frame), self.frames[frame].instance.known());
        self.frames.release(frame);
        self.checked(checker, instance, outcome <= Outcome::Degraded as u8);
    }

    /// Nobody waits for a check any more.
    fn abandon_check(&mut self, check: Check) {
        let Some(frame) = check.frame else { return };
        if self.frames[frame].phase == Phase::CheckQueued {
            // Its place in the queue is skipped when it comes up.
            self.frames[frame].phase = Phase::Skipped;
        } else {
            self.frames.release(frame);
        }
    }

    /// Checks that were sent a timeout ago have failed.
    pub(super) fn probes_end(&mut self, service: ServiceId) {
        for checker in self.stations.health.checkers.of(service) {
            for instance in self.stations.services[service].ids() {
                let number = self.stations.number(instance);
                let Some(check) = self.stations.health.of(checker, number).under_way else { continue };
                if check.until <= self.now {
                    self.abandon_check(check);
                    self.checked(checker, instance, false);
                }
            }
        }
    }

    /// An instance is no more: another one in its place is not judged by it.
    pub(super) fn forget_checks(&mut self, instance: InstanceId) {
        let service = self.stations.service_of(instance);
        for checker in self.stations.health.checkers.of(service) {
            let number = self.stations.number(instance);
            let before = std::mem::take(self.stations.health.of(checker, number));
            if let Some(check) = before.under_way {
                self.abandon_check(check);
            }
        }
    }

    /// A checker, and those for whom it asks, know how a check of an instance has ended.
    fn checked(&mut self, checker: CheckerId, instance: InstanceId, is_good: bool) {
        let at = &self.stations.instances[instance];
        let (service, zone) = (at.service, at.zone);
        let number = self.stations.number(instance);
        let Some(health) = self.in_force.services[service.index()].health else { return };
        self.stations.health.of(checker, number).under_way = None;
        let mut turns = false;
        for other in self.stations.health.checkers.of(service) {
            let checks = &self.stations.health;
            if other == checker || checks.asked_by(other) == checker && checks.wants(other, zone, health.restart) {
                turns |= self.learns(other, instance, is_good, &health);
            }
        }
        if turns {
            self.refresh_routable(service);
        }
    }

    /// A checker learns how a check of an instance has ended. Whether it thinks otherwise of that now.
    fn learns(&mut self, checker: CheckerId, instance: InstanceId, is_good: bool, health: &Health) -> bool {
        let at = &self.stations.instances[instance];
        let (zone, registered, epoch) = (at.zone, at.registered, at.epoch);
        let number = self.stations.number(instance);
        let restarts = health.restart && self.stations.health.checkers.restarts(checker, zone);
        let checked = self.stations.health.of(checker, number);
        (checked.good, checked.bad) = if is_good { (checked.good + 1, 0) } else { (0, checked.bad + 1) };
        let (recovers, fails) = (checked.good >= health.healthy_after, checked.bad >= health.unhealthy_after);
        if !registered {
            return false;
        }
        let turns = if checked.is_ill { recovers } else { fails };
        checked.is_ill ^= turns;
        if fails && restarts {
            // Again after as many bad answers, if it is no better then. Not at once: the caller of this function is in the middle of a step on this
            // very instance.
            checked.bad = 0;
            self.schedule(self.now, Due::Restart { instance, epoch });
        }
        if turns && recovers {
            self.stations.enters_for(instance, checker, self.now);
        }
        turns
    }

    /// Something has begun to act on messages. Where it is not the same to all checkers of a service that ask together, each asks for itself from now
    /// on; what one is waiting for is heard by that one alone.
    pub(in crate::world) fn part_checkers<T: PartialEq>(&mut self, meets: impl Fn(&Network, CheckerId) -> T) {
        let checks = &mut self.stations.health;
        for service in (0..self.model.services.len()).map(ServiceId::from) {
            let network = &self.network;
            let is_parted = |checker: CheckerId| {
                let asks = checks.asks[checker.place() as usize];
                asks != checker && meets(network, checker) != meets(network, asks)
            };
            if checks.checkers.of(service).any(is_parted) {
                checks.checkers.of(service).for_each(|checker| checks.asks[checker.place() as usize] = checker);
            }
        }
    }

    /// An instance that failed its checks is restarted, unless it has ended meanwhile.
    pub(super) fn restart_unhealthy(&mut self, instance: InstanceId, epoch: u32) {
        let at = &self.stations.instances[instance];
        if at.epoch == epoch && at.registered && at.life == Life::Up {
            self.restart(instance);
        }
    }
}
