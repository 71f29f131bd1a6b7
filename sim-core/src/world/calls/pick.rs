//! Which instance gets an attempt, and what the balancer is told of it.
//!
//! Candidates are the instances that are in the balancer: where checkers know different things, in that of the caller. Where all will do, the
//! balancer picks among them; where the callee's role, another copy of the same call, an ejector or locality leaves fewer, among those. A balancer
//! that hashes is given the key of the request, which is the same wherever the request is asked for its key.

use super::site::Role;
use crate::call::balance::Asking;
use crate::call::locality::{LEVELS, Level, LocalitySettings};
use crate::counters::count;
use crate::data::{self, level::Route};
use crate::engine::rng::{Keyed, mix};
use crate::engine::table::{Id, Maybe};
use crate::ids::{Caller, EdgeId, InstanceId, ZoneId};
use crate::topology::{Node, ReadFrom, Replication, Store};
use crate::world::World;
use crate::world::frame::{CLIENT, COPY, FrameId, Waiter};

const PICK: u64 = 0x32;
const HASH: u64 = 0x37;
const LEVEL: u64 = 0x38;
const SHARE: u64 = 0x39;

impl World<'_> {
    /// Tells the balancer where an attempt goes.
    #[inline]
    pub(super) fn attempt_goes(&mut self, frame: FrameId, site: EdgeId, instance: Maybe<InstanceId>) {
        if self.calls.placed.len() <= frame.index() {
            self.calls.placed.resize(self.frames.len() as usize, Maybe::NONE);
        }
        self.calls.placed[frame.index()] = instance;
        if let Some(instance) = instance.get() {
            let shared = self.shared_of(frame, site);
            self.calls.shared[shared].balancer.sent(self.stations.number(instance), frame.place(), self.now);
        }
    }

    /// Tells the balancer that an attempt has ended.
    #[inline]
    pub(super) fn attempt_ended(&mut self, frame: FrameId, site: EdgeId, is_broken: bool) {
        let instance = std::mem::replace(&mut self.calls.placed[frame.index()], Maybe::NONE);
        if let Some(instance) = instance.get() {
            self.no_longer_outstanding(frame, site, instance, is_broken);
        }
    }

    /// Tells the balancer of a caller's frame that one attempt less is outstanding at an instance.
    #[inline]
    pub(super) fn no_longer_outstanding(
        &mut self,
        frame: FrameId,
        site: EdgeId,
        instance: InstanceId,
        is_broken: bool,
    ) {
        let shared = self.shared_of(frame, site);
        self.calls.shared[shared].balancer.ended(self.stations.number(instance), frame.place(), self.now, is_broken);
    }

    /// The instance that gets an attempt; `frame` is the caller's, or the attempt's own where a load calls without a frame for the caller.
    pub(in crate::world) fn pick(&mut self, frame: FrameId, site: EdgeId, key: u64) -> Maybe<InstanceId> {
        let to = &self.calls.sites[site];
        if to.role != Role::Any {
            return self.pick_by_role(frame, site, key);
        }
        let (first, routable) = (self.stations.first(to.service), self.stations.routable(to.service));
        match routable {
            [] => Maybe::NONE,
            [one] => (*one).into(),
            several => {
                let shared = self.shared_of(frame, site);
                let mut draw = Keyed::of(key, PICK);
                let asking = Asking { now_ns: self.now, hash: self.hash_of(frame, site) };
                let place = |i: usize| several[i].0 - first.0;
                several[self.calls.shared[shared].balancer.pick(several.len(), place, &mut draw, asking)].into()
            }
        }
    }

    /// Hash of the key by which the balancer of a call picks an instance; 0 where no balancer of the model hashes.
    #[inline]
    fn hash_of(&self, frame: FrameId, site: EdgeId) -> u64 {
        if self.calls.hash_keys.is_empty() { 0 } else { self.hash_of_key(frame, site) }
    }

    #[cold]
    fn hash_of_key(&self, frame: FrameId, site: EdgeId) -> u64 {
        let at = &self.frames[frame];
        // A request that has just come is its own attempt, and has no ticket yet.
        let is_root = at.waiter == Waiter::LOAD && at.flags & CLIENT == 0;
        let request = if is_root { at.key } else { self.request_of(frame) };
        let keys = &self.calls.hash_keys[self.model.edges[site.index()].guard.index()];
        mix(keys.as_ref().map_or(request, |keys| keys.of(request)), HASH)
    }

    /// The instances that a caller may call, where nothing is said of locality: those in the balancer, but for the ejected ones.
    fn healthy(&mut self, frame: FrameId, site: EdgeId, replica: bool) -> Vec<InstanceId> {
        let service = self.calls.sites[site].service;
        let first = self.stations.first(service);
        let primary = self.leader_of(service);
        let routable = self.known_of_caller(frame, site).iter().copied();
        let mut able: Vec<InstanceId> = routable.filter(|&i| !replica || i != primary).collect();
        let shared = self.shared_of(frame, site);
        if let Some(ejector) = &mut self.calls.shared[shared].ejector
            && let Some(avoided) = ejector.avoided(self.now, able.iter().map(|i| i.0 - first.0))
        {
            let mut avoided = avoided.into_iter();
            able.retain(|_| avoided.next() == Some(false));
        }
        able
    }

    /// The instances of the level of nearness that gets a call: the healthy ones, or all where the level is in panic.
    fn near(
        &mut self,
        frame: FrameId,
        site: EdgeId,
        key: u64,
        (locality, replica): (LocalitySettings, bool),
    ) -> Vec<InstanceId> {
        let service = self.calls.sites[site].service;
        let first = self.stations.first(service);
        let primary = self.leader_of(service);
        let known: Vec<InstanceId> = self.stations.known(service).filter(|&i| !replica || i != primary).collect();
        let shared = self.shared_of(frame, site);
        let ejector = self.calls.shared[shared].ejector.as_mut();
        let ejected = ejector.and_then(|e| e.ejected(self.now, known.iter().map(|i| i.0 - first.0)));
        let here = self.zone_of_caller(frame, site);
        let checker = self.stations.checker_of(site, here);
        let region = |zone: ZoneId| self.model.zones[zone.index()].region;
        let mut levels = [Level::default(); LEVELS];
        let mut all = Vec::with_capacity(known.len());
        for (place, &instance) in known.iter().enumerate() {
            let zone = self.stations.zone_of(instance);
            // Who calls from nowhere is near to all.
            let is_same = |same: &dyn Fn(ZoneId) -> bool| here.is_none_or(same);
            let level = locality.level(is_same(&|here| here == zone), is_same(&|here| region(here) == region(zone)));
            let is_ejected = ejected.as_ref().is_some_and(|ejected| ejected[place]);
            let is_healthy = self.stations.is_healthy(instance, checker) && !is_ejected;
            levels[level].known += 1;
            levels[level].healthy += u32::from(is_healthy);
            all.push((instance, level, is_healthy));
        }
        let shares = locality.shares(&levels);
        let Some(level) = shares.level(Keyed::of(key, LEVEL).unit()) else { return Vec::new() };
        let goes =
            |&(_, at, is_healthy): &(InstanceId, usize, bool)| at == level && (is_healthy || shares.panics[level]);
        all.into_iter().filter(goes).map(|(instance, ..)| instance).collect()
    }

    /// The instances that are in a caller's balancer, in the order of their places: those that its checker has found well.
    pub(super) fn known_of_caller(&self, frame: FrameId, site: EdgeId) -> &[InstanceId] {
        let service = self.calls.sites[site].service;
        if !self.stations.checkers_differ(service) {
            return self.stations.routable(service);
        }
        self.stations.routable_for(service, self.stations.checker_of(site, self.zone_of_caller(frame, site)))
    }

    /// The zone in which a caller stands; `None` of users who stand nowhere.
    fn zone_of_caller(&self, frame: FrameId, site: EdgeId) -> Option<ZoneId> {
        match self.model.edges[site.index()].caller {
            Caller::Load(load) => self.model.loads[load.index()].zone,
            Caller::Scaler(scaler) => Some(self.zone_of_scaler(scaler)),
            Caller::Queue(queue) => Some(self.stations.zone_of(self.stations.first(queue))),
            Caller::Endpoint(_) => Some(self.stations.zone_of(self.frames[frame].instance.known())),
        }
    }

    /// Whose turn it is while an instance starts slowly, by the weights that the balancer and the ramps of instances give; `None` where all
    /// weigh alike.
    fn turn(&mut self, frame: FrameId, site: EdgeId, able: &[InstanceId], shared: usize) -> Option<usize> {
        let guard = &self.model.guards[self.calls.shared[shared].guard.index()];
        let slow_start = self.model.services[guard.callee.index()].slow_start.filter(|_| guard.balance.weighs())?;
        let checker = self.stations.checker_of(site, self.zone_of_caller(frame, site));
        let ramps: Vec<f64> = able.iter().map(|&i| self.stations.ramp(i, checker, self.now, slow_start)).collect();
        if ramps.iter().all(|ramp| *ramp >= 1.0) {
            return None;
        }
        let balancer = &self.calls.shared[shared].balancer;
        let places = able.iter().map(|&i| self.stations.number(i));
        let weights: Vec<(u32, f64)> =
            places.zip(ramps).map(|(place, ramp)| (place, ramp * balancer.weight(place))).collect();
        Some(self.calls.turns.entry(shared).or_default().next(&weights))
    }

    /// Copies that lack what a request has written or seen, where its store says so, are left out; whether all are.
    #[cold]
    fn leaves_out_copies(&mut self, able: &mut Vec<InstanceId>, frame: FrameId, site: EdgeId) -> bool {
        let store = self.calls.sites[site].service;
        let before = able.len();
        able.retain(|&instance| self.may_call_at(frame, site, instance));
        if able.len() < before {
            count!(self.stations.counts(store), data::KEPT_FROM_COPIES);
        }
        if able.is_empty() && before > 0 && !self.data.has_primary(store) {
            // Copies that merge have no primary: one that is farther away may have it, or nobody.
            *able = self.healthy(frame, site, false);
            able.retain(|&instance| self.may_call_at(frame, site, instance));
            return false;
        }
        able.is_empty() && before > 0
    }

    /// Instances that get a share of their calls leave the rest to others, where there are any.
    fn leaves_to_others(&self, able: &mut Vec<InstanceId>, key: u64) {
        let takes = |instance: &InstanceId| {
            let share = self.stations.share_of(*instance);
            // By its number in its service: what other services there are changes no draw.
            let number = self.stations.number(*instance);
            share >= 1.0 || Keyed::of(mix(key, u64::from(number)), SHARE).unit() < share
        };
        if able.iter().any(takes) {
            able.retain(takes);
        }
    }

    /// Which copies a read may go to by the level that is asked for; where none is, as its store says.
    #[cold]
    fn role_by_level(&self, frame: FrameId, site: EdgeId) -> Role {
        // A request that has just come is its own attempt, and carries no level yet: that of its load stands at its call.
        let is_root = self.frames[frame].edge == site;
        let asked = self.model.edges[site.index()].level.is_some();
        let route = if is_root && !asked { None } else { self.route(frame, site) };
        match route {
            Some(Route::Primary) => Role::Primary,
            Some(Route::Replica) => Role::Replica,
            Some(Route::Nearest | Route::Quorum) => Role::Others,
            None => match self.in_store(site) {
                ReadFrom::Primary => Role::Primary,
                ReadFrom::Replica => Role::Replica,
                ReadFrom::Nearest => Role::Others,
            },
        }
    }

    /// Where reads go of which nobody says a level.
    fn in_store(&self, site: EdgeId) -> ReadFrom {
        let service = self.calls.sites[site].service;
        match &self.model.services[service.index()].node {
            Node::Store(Store { replication: Replication::Primary { reads, .. }, .. }) => *reads,
            _ => ReadFrom::Nearest,
        }
    }

    /// Picks where not all instances will do: one of a role, another for each copy of a hedged call, none that is ejected.
    fn pick_by_role(&mut self, frame: FrameId, site: EdgeId, key: u64) -> Maybe<InstanceId> {
        let to = &self.calls.sites[site];
        let service = to.service;
        let role = if to.role == Role::ByLevel { self.role_by_level(frame, site) } else { to.role };
        let first = self.stations.first(service);
        let replica = role == Role::Replica;
        if role == Role::Primary || (replica && self.stations.places_of(service) == 1) {
            return self.primary_of(service).map_or(Maybe::NONE, Maybe::from);
        }
        let mut able = match self.in_force.edges[site.index()].locality {
            Some(locality) => self.near(frame, site, key, (locality, replica)),
            None => self.healthy(frame, site, replica),
        };
        let goes_to_primary = self.data.keeps_sessions(service) && self.leaves_out_copies(&mut able, frame, site);
        if able.len() > 1 && self.stations.some_get_a_share(service) {
            self.leaves_to_others(&mut able, key);
        }
        let shared = self.shared_of(frame, site);
        if self.frames[frame].flags & COPY != 0 {
            let taken = self.instances_of_others(frame);
            if able.iter().any(|i| !taken.contains(i)) {
                able.retain(|i| !taken.contains(i));
            }
        }
        let picked = match able.len() {
            0 if replica || goes_to_primary => match self.primary_of(service) {
                Some(primary) => primary,
                None => return Maybe::NONE,
            },
            0 => return Maybe::NONE,
            1 if !replica => able[0],
            _ if let Some(turn) = self.turn(frame, site, &able, shared) => able[turn],
            count => {
                let mut draw = Keyed::of(key, PICK);
                let asking = Asking { now_ns: self.now, hash: self.hash_of(frame, site) };
                let place = |i: usize| able[i].0 - first.0;
                able[self.calls.shared[shared].balancer.pick(count, place, &mut draw, asking)]
            }
        };
        if let Some(ejector) = &mut self.calls.shared[shared].ejector {
            ejector.sent(frame.place(), picked.0 - first.0);
        }
        picked.into()
    }
}
