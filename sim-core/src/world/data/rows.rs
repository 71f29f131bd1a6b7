//! Rows of stores: who has seen which write, and which reads are stale.
//!
//! A read at a replica is stale when a write that was answered before the read began is not applied there yet; which copy has which write is in
//! `copies`.
//!
//! Where an endpoint compares and sets, each row has a version, which every write raises, and the ticket of each request holds the version that
//! it has read last.

use super::copies::{CALLS, Copies, Disorder, Session};
use super::merge::Merging;
use super::quorum::Quorum;
use super::regions::Regions;
use crate::counters::count;
use crate::data::level::Level;
use crate::data::replication::{Commit, SessionGuarantee};
use crate::data::{self, Cause, KeysOfRequests, Wrongness};
use crate::dist::Distribution;
use crate::engine::rng::hash_name;
use crate::engine::table::{Maybe, Table};
use crate::guarantees::{given, keeps_session};
use crate::ids::{EdgeId, InstanceId, KeySpaceId, ServiceId};
use crate::model::Model;
use crate::outcome::Outcome;
use crate::topology::{KeySpace, Node, Replication};
use crate::units::SimDuration;
use crate::world::World;
use crate::world::frame::{CLIENT, FrameId, Waiter};
use crate::world::program::has_versions;
use std::collections::BTreeMap;

/// A version of a row that somebody has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::world) struct Read {
    /// The store.
    pub store: ServiceId,
    /// The row of it, by its key.
    pub row: u64,
    /// How often the row had been written.
    pub version: u64,
}

/// The rows of one store.
#[derive(Default)]
struct Store {
    keys: Option<KeysOfRequests>,
    /// Where the store has a primary.
    copies: Option<Copies>,
    /// Where it has copies and no primary.
    quorum: Option<Quorum>,
    /// Where its copies merge.
    merging: Option<Merging>,
    /// Where its regions agree, and somebody reads what one of them has.
    regions: Option<Regions>,
    /// Whether requests take things of its rows.
    sells: bool,
    consensus_bytes: u64,
    /// What requests can rely on.
    session: Vec<SessionGuarantee>,
    /// Whether reads may be kept from copies that lack what a request has seen.
    keeps_session: bool,
    /// Number of writes, and the time of the last [ns], by row, where versions are compared.
    versions: Option<BTreeMap<u64, (u64, u64)>>,
}

impl Store {
    fn version(&self, row: u64) -> u64 {
        self.versions.as_ref().and_then(|versions| versions.get(&row)).map_or(0, |(version, _)| *version)
    }
}

/// The rows of all stores.
#[derive(Default)]
pub(super) struct Rows {
    stores: Table<ServiceId, Store>,
    /// The key spaces of the model.
    spaces: Vec<KeysOfRequests>,
}

impl Rows {
    pub(in crate::world) fn new(model: &Model) -> Self {
        let of = |space: &KeySpace| KeysOfRequests::new(&space.name, &space.popularity);
        let stores = model.services.iter().enumerate().map(|(index, service)| match &service.node {
            Node::Store(store) => {
                let mut rows = Store {
                    session: store.session.clone(),
                    keeps_session: keeps_session(store) || model.has_gate_at(index.into()),
                    sells: store.stock.is_some(),
                    keys: store.keys.map(|id| of(&model.keys[id.index()])),
                    versions: has_versions(model, index.into()).then(BTreeMap::new),
                    ..Store::default()
                };
                match &store.replication {
                    Replication::Primary { lag, commit, closed_lag, .. } => {
                        let places = service.max_instances.max(service.instances) as usize;
                        let salt = hash_name(&service.name);
                        let mut copies = Copies::new(places, service.instances, lag, *commit, salt);
                        copies.promises(&store.session, closed_lag.map(SimDuration::ns));
                        rows.copies = Some(copies);
                    }
                    Replication::Quorum(settings) => {
                        let places = service.max_instances.max(service.instances) as usize;
                        rows.quorum = Some(Quorum::new(settings, service.instances, places));
                    }
                    Replication::Consensus { regions, round_trips, message } => {
                        rows.consensus_bytes = u64::from(*regions) * u64::from(*round_trips) * message.get();
                        let is_read = model.reads_own_region(index.into());
                        rows.regions = is_read.then(|| Regions::new(model, service));
                    }
                    Replication::Merge { last_wins, .. } => {
                        let places = service.max_instances.max(service.instances) as usize;
                        let mut merging = Merging::new(places, service.instances as usize);
                        if *last_wins {
                            merging.lets_the_last_win();
                        }
                        merging.promises(&store.session);
                        rows.merging = Some(merging);
                    }
                    Replication::None => {}
                }
                rows
            }
            _ => Store::default(),
        });
        let stores = stores.collect::<Vec<Store>>().into();
        Self { stores, spaces: model.keys.iter().map(of).collect() }
    }

    /// The key of a request in a key space: that of its rows in all stores with these keys.
    pub(in crate::world) fn key_in(&self, space: KeySpaceId, request: u64) -> u64 {
        self.spaces[space.index()].of(request)
    }

    /// How often a row was written, where that is counted.
    pub(super) fn version_of(&self, store: ServiceId, row: u64) -> u64 {
        self.stores[store].version(row)
    }

    /// When a row was written last [ns], where that is kept and it ever was.
    pub(super) fn written_last(&self, store: ServiceId, row: u64) -> Option<u64> {
        self.stores[store].versions.as_ref()?.get(&row).map(|(_, written)| *written)
    }

    /// Whether any store has rows of requests, so that frames have to carry tickets.
    pub(in crate::world) fn need_tickets(&self) -> bool {
        let touches = |store: &Store| {
            let has_copies =
                store.copies.is_some() || store.quorum.is_some() || store.merging.is_some() || store.regions.is_some();
            store.versions.is_some() || store.sells || (store.keys.is_some() && has_copies)
        };
        self.stores.iter().any(touches)
    }

    /// Whether requests can rely on something at a store, whatever copy they read.
    pub(super) fn keeps_sessions(&self, store: ServiceId) -> bool {
        self.stores[store].keeps_session
    }

    /// The copies of a store with a primary.
    pub(super) fn copies(&self, store: ServiceId) -> Option<&Copies> {
        self.stores[store].copies.as_ref()
    }

    /// The copies of a store with a primary.
    pub(super) fn copies_mut(&mut self, store: ServiceId) -> Option<&mut Copies> {
        self.stores[store].copies.as_mut()
    }

    /// Takes the copies of a store with a primary out, until they are given back.
    pub(super) fn take_copies(&mut self, store: ServiceId) -> Option<Copies> {
        self.stores[store].copies.take()
    }

    /// Gives them back.
    pub(super) fn give_copies(&mut self, store: ServiceId, copies: Copies) {
        self.stores[store].copies = Some(copies);
    }

    /// The copies of a store without a primary.
    pub(super) fn quorum(&self, store: ServiceId) -> Option<&Quorum> {
        self.stores[store].quorum.as_ref()
    }

    /// The copies of a store without a primary.
    pub(super) fn quorum_mut(&mut self, store: ServiceId) -> Option<&mut Quorum> {
        self.stores[store].quorum.as_mut()
    }

    /// The copies of a store that merge.
    pub(super) fn merging_mut(&mut self, store: ServiceId) -> Option<&mut Merging> {
        self.stores[store].merging.as_mut()
    }

    /// What the regions of a store have that agree.
    pub(super) fn regions(&self, store: ServiceId) -> Option<&Regions> {
        self.stores[store].regions.as_ref()
    }

    /// What the regions of a store have that agree.
    pub(super) fn regions_mut(&mut self, store: ServiceId) -> Option<&mut Regions> {
        self.stores[store].regions.as_mut()
    }

    /// Takes what the regions of a store have out, until it is given back.
    pub(super) fn take_regions(&mut self, store: ServiceId) -> Option<Regions> {
        self.stores[store].regions.take()
    }

    /// Gives it back.
    pub(super) fn give_regions(&mut self, store: ServiceId, regions: Regions) {
        self.stores[store].regions = Some(regions);
    }

    /// How late replicas of a store apply the writes that come from now on.
    pub(super) fn lag_changes(&mut self, store: ServiceId, lag: &Distribution) {
        self.copies_mut(store).into_iter().for_each(|copies| copies.lag_changes(lag));
    }

    /// What a write of a store waits for from now on; whether somebody has set it.
    pub(super) fn commit_changes(&mut self, store: ServiceId, commit: Commit, is_set: bool) {
        self.copies_mut(store).into_iter().for_each(|copies| copies.commit_changes(commit, is_set));
    }

    /// How much later the replicas of a store apply writes while a fault makes them lag; by instance number.
    pub(in crate::world) fn set_lag(&mut self, store: ServiceId, number: usize, factor: f64) {
        self.copies_mut(store).into_iter().for_each(|copies| copies.set_lag_factor(number, factor));
    }
}

impl World<'_> {
    /// Whether a request may call at a copy of a store: its session asks for nothing, or the copy has what it asks for.
    pub(in crate::world) fn may_call_at(&self, frame: FrameId, site: EdgeId, instance: InstanceId) -> bool {
        let service = self.stations.service_of(instance);
        let store = &self.data.rows.stores[service];
        let number = self.stations.number(instance) as usize;
        // A request that has just come is its own attempt, and has no ticket yet; it has written and seen nothing.
        let at = &self.frames[frame];
        let is_root = at.waiter == Waiter::LOAD && at.flags & CLIENT == 0 && self.calls.callee(at.edge) == service;
        let id = if is_root { self.frames[frame].key } else { self.request_of(frame) };
        let row = store.keys.as_ref().map_or(0, |keys| keys.of(id));
        let session = if is_root {
            Session { id: 0, seen: &[] }
        } else {
            Session { id, seen: self.tickets.seen(frame, service) }
        };
        if store.copies.as_ref().is_some_and(|copies| !copies.suffices(row, number, session, self.now)) {
            return false;
        }
        if let Some(merging) = &store.merging
            && let Some(access) = self.model.endpoints[self.model.edges[site.index()].callee.index()].access
            && !merging.suffices(row, number, session, access)
        {
            return false;
        }
        let needed = if is_root { 0 } else { self.version_needed(frame, service) };
        if needed == 0 {
            return true;
        }
        let behind = store.copies.as_ref().map_or(0, |copies| copies.behind(row, number, self.now));
        store.version(row).saturating_sub(behind) >= needed
    }

    /// The row that a request touches: drawn from the identity of the request at the root, so that all its steps touch the same, in whatever
    /// service, after whatever queue.
    pub(in crate::world) fn row(&self, frame: FrameId, service: ServiceId) -> u64 {
        self.data.rows.stores[service].keys.as_ref().map_or(0, |keys| keys.of(self.request_of(frame)))
    }

    /// Writes a row if it is still as the request has read it; else the request fails.
    pub(in crate::world) fn compare_and_set(&mut self, frame: FrameId, service: ServiceId) -> Option<FrameId> {
        let row = self.row(frame, service);
        let version = self.data.rows.stores[service].version(row);
        if self.version_read(frame, service) != Some(version) {
            return self.fail(frame, Outcome::Error as u8);
        }
        self.writes(frame, service)
    }

    /// Writes a row, and `sells` a thing of it; the request goes on, or waits until enough copies have it.
    pub(super) fn write_row(&mut self, frame: FrameId, service: ServiceId, sells: bool) -> Option<FrameId> {
        let now = self.now;
        let row = self.row(frame, service);
        let (key, id) = (self.frames[frame].key, self.request_of(frame));
        let since = self.frames[frame].arrived;
        let has_copies = self.data.rows.stores[service].copies.is_some();
        let via = if has_copies { self.calls_above(frame) } else { [Maybe::NONE; CALLS] };
        let store = &mut self.data.rows.stores[service];
        count!(self.stations.counts(service), data::CONSENSUS_BYTES, store.consensus_bytes);
        if let Some(versions) = &mut store.versions {
            let (version, written) = versions.entry(row).or_default();
            let before = *version;
            *version += 1;
            *written = now;
            if self.version_read(frame, service) == Some(before) {
                // Who has read what was there knows what it has made of it.
                self.has_read(frame, service, before + 1);
            }
        }
        let legs = if has_copies && self.copies_are_apart() { self.legs_of_copies(service, key) } else { Vec::new() };
        let store = &mut self.data.rows.stores[service];
        if let Some(copies) = &mut store.copies {
            let session = Session { id, seen: self.tickets.seen(frame, service) };
            let (position, is_held_back) = copies.write((row, sells, session), (key, now), via, &legs);
            if is_held_back {
                count!(self.stations.counts(service), data::HELD_BACK);
            }
            if store.session.contains(&SessionGuarantee::ReadYourWrites) {
                let version = store.version(row);
                self.needs_version(frame, service, version);
            }
            return self.commits(frame, service, position);
        }
        if let Some(merging) = &mut store.merging {
            let session = Session { id, seen: self.tickets.seen(frame, service) };
            let number = self.stations.number(self.frames[frame].instance.known()) as usize;
            merging.writes(row, number, session, (since, now));
            if merging.has_registers() {
                self.stamps_write(frame, service, row);
            }
        }
        let store = &mut self.data.rows.stores[service];
        if store.quorum.is_some() {
            return self.writes_to_quorum(frame, service, row);
        }
        if store.regions.is_some() {
            self.other_regions_get(frame, service, row);
        }
        self.frames[frame].pc += 1;
        Some(frame)
    }

    /// A copy has taken a write of a row of which the last writer wins.
    fn stamps_write(&mut self, frame: FrameId, service: ServiceId, row: u64) {
        let instance = self.frames[frame].instance.known();
        let (number, via) = (self.stations.number(instance) as usize, self.calls_above(frame));
        let stamp = self.now.saturating_add_signed(self.clock_ahead_ns(instance));
        let merging = self.data.rows.merging_mut(service);
        let lost = merging.and_then(|merging| merging.stamps(row, number, stamp, via));
        self.writes_are_lost(service, lost.as_slice(), Cause::Overwritten);
    }

    pub(super) fn read_row(&mut self, frame: FrameId, service: ServiceId) {
        let row = self.row(frame, service);
        let at = self.frames[frame];
        let number = self.stations.number(at.instance.known()) as usize;
        let now = self.now;
        let of = &self.data.rows.stores[service];
        let behind = match (&of.copies, &of.merging) {
            (Some(copies), _) => copies.behind(row, number, now),
            (None, Some(merging)) => merging.behind(row, number),
            (None, None) => 0,
        };
        // What is not read at the authority can be behind it.
        let at_most = match (&of.copies, &of.merging) {
            (Some(copies), _) => (copies.leader() != number).then_some(Level::SnapshotIsolation),
            (None, Some(_)) => Some(given(&self.model.services[service.index()])),
            (None, None) => None,
        };
        let stale = match (&of.copies, &of.merging) {
            (Some(copies), _) if copies.is_stale(row, number, at.arrived, now) => Some(Cause::Replica),
            (None, Some(merging)) if merging.is_stale(row, number, at.arrived) => Some(Cause::Merge),
            _ => None,
        };
        if of.copies.is_some() || of.merging.is_some() {
            self.sees_at_copy(frame, service, (row, number), behind > 0);
        }
        self.has_seen(frame, service, row, behind);
        let version = self.data.rows.version_of(service, row).saturating_sub(behind);
        // Whoever lists the wrong answer asks for the evidence of this very read.
        self.shows(frame, service, version, at_most);
        if let Some(cause) = stale {
            self.arises(frame, Wrongness::StaleRead as u8, cause);
        }
    }

    /// A request reads its row at a copy: counts which orders of writes it finds broken, and remembers what it has seen.
    fn sees_at_copy(&mut self, frame: FrameId, service: ServiceId, (row, number): (u64, usize), is_behind: bool) {
        let store = &self.data.rows.stores[service];
        let (now, since) = (self.now, self.frames[frame].arrived);
        let session = Session { id: self.request_of(frame), seen: self.tickets.seen(frame, service) };
        let (seen, found) = match (&store.copies, &store.merging) {
            (Some(copies), _) => {
                (copies.sees(row, number, now), is_behind.then(|| copies.disorder(row, number, session, now)))
            }
            (None, Some(merging)) => {
                (merging.sees(row, number, now), is_behind.then(|| merging.disorder(row, number, session, since)))
            }
            (None, None) => return,
        };
        if let Some(found) = found.filter(|found| *found != Disorder::default()) {
            self.order_is_broken(service, found);
        }
        seen.into_iter().for_each(|seen| self.tickets.has_seen(frame, service, seen));
    }

    #[cold]
    fn order_is_broken(&mut self, service: ServiceId, found: Disorder) {
        let counts = self.stations.counts(service);
        let Disorder { own_writes_missed, reads_went_back, writes_out_of_order, writes_before_reads } = found;
        count!(counts, data::OWN_WRITES_MISSED, u64::from(own_writes_missed));
        count!(counts, data::READS_WENT_BACK, u64::from(reads_went_back));
        count!(counts, data::WRITES_OUT_OF_ORDER, u64::from(writes_out_of_order));
        count!(counts, data::WRITES_BEFORE_READS, u64::from(writes_before_reads));
    }

    /// The request remembers the version of a row that it has seen, which so many writes have followed.
    pub(super) fn has_seen(&mut self, frame: FrameId, service: ServiceId, row: u64, behind: u64) {
        let store = &self.data.rows.stores[service];
        if store.versions.is_none() {
            return;
        }
        let version = store.version(row).saturating_sub(behind);
        let keeps = store.session.contains(&SessionGuarantee::MonotonicReads);
        self.has_read(frame, service, version);
        if keeps {
            self.needs_version(frame, service, version);
        }
    }
}
