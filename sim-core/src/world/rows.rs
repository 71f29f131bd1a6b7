//! Rows of stores: who has seen which write, which reads are stale, and which effects were applied twice.
//!
//! A write draws for each replica when it will be applied there. A read at a replica is stale when a write that was committed before
//! the read began is not applied there yet. Only writes that some replica still lacks are kept, so memory follows the lag.
//!
//! Where an endpoint compares and sets, each row has a version, which every write raises, and each request remembers the version that it
//! has read last.

use super::World;
use super::program::has_versions;
use crate::data::{Effect, KeySampler, Wrongness};
use crate::dist::Sampler;
use crate::engine::math::whole_ns;
use crate::engine::rng::{Keyed, mix};
use crate::model::{Model, Node, Replication};
use std::collections::{BTreeMap, VecDeque};

const ROW: u64 = 0x71;
const LAG: u64 = 0x72;
/// Effects are remembered so long: nobody tries again later [ns].
const REMEMBER: u64 = 3_600_000_000_000;
/// And so many of them at most, the latest, so that memory does not grow with the length of the run.
const MOST_EFFECTS: usize = 1 << 18;

/// A write on its way to the replicas.
struct Write {
    committed: u64,
    applied: Vec<u64>,
}

/// The rows of one store.
#[derive(Default)]
struct Store {
    keys: Option<(KeySampler, u64)>,
    lag: Option<Sampler>,
    lag_factor: Vec<f64>,
    consensus_bytes: u64,
    writes: BTreeMap<u64, Vec<Write>>,
    /// (when all replicas have it, row), in the order of commits.
    expiry: VecDeque<(u64, u64)>,
    /// Versions of rows and who has read them, where they are compared.
    versions: Option<Versions>,
}

/// Versions of the rows of one store.
#[derive(Default)]
struct Versions {
    /// Number of writes, by row.
    rows: BTreeMap<u64, u64>,
    /// The version that a request has read, by its identity.
    read: BTreeMap<u64, u64>,
    /// (when it was read, request), in order, so that who never writes is forgotten.
    order: VecDeque<(u64, u64)>,
}

impl Versions {
    fn of(&self, row: u64) -> u64 {
        self.rows.get(&row).copied().unwrap_or(0)
    }

    fn has_read(&mut self, now: u64, request: u64, version: u64) {
        while self.order.front().is_some_and(|first| first.0 + REMEMBER < now) {
            if let Some((_, old)) = self.order.pop_front() {
                self.read.remove(&old);
            }
        }
        if self.read.insert(request, version).is_none() {
            self.order.push_back((now, request));
        }
    }
}

/// The rows of all stores, and the effects of calls.
#[derive(Default)]
pub(super) struct Rows {
    stores: Vec<Store>,
    /// Whether any store has rows of requests, so that frames have to remember for which request they work.
    follows: bool,
    /// The identity of the request for which each frame works. It outlives the frames between: those of messages, of background steps, and
    /// of callers who have gone.
    of_request: Vec<u64>,
    effects: BTreeMap<u64, u64>,
    effect_order: VecDeque<(u64, u64)>,
}

impl Rows {
    pub(super) fn new(model: &Model) -> Self {
        let stores = model.services.iter().enumerate().map(|(index, service)| match &service.node {
            Node::Store(store) => {
                let mut rows = Store {
                    lag_factor: vec![1.0; service.max_instances as usize],
                    keys: store.keys.map(|id| {
                        let space = &model.keys[id.index()];
                        (space.popularity.build(), crate::engine::rng::hash_name(&space.name))
                    }),
                    versions: has_versions(model, index.into()).then(Versions::default),
                    ..Store::default()
                };
                match &store.replication {
                    Replication::Primary { lag, .. } => rows.lag = Some(lag.build()),
                    Replication::Consensus { regions, round_trips, message } => {
                        rows.consensus_bytes = u64::from(*regions) * u64::from(*round_trips) * message.get();
                    }
                    Replication::None => {}
                }
                rows
            }
            _ => Store::default(),
        });
        let stores: Vec<Store> = stores.collect();
        let follows = stores.iter().any(|store| store.keys.is_some() || store.versions.is_some());
        Self { stores, follows, ..Self::default() }
    }

    /// An effect of a call is applied; true if it was applied before and that counts.
    pub(super) fn applied(&mut self, call: u64, now: u64, effect: &Effect) -> bool {
        while self.effect_order.front().is_some_and(|first| first.0 + REMEMBER < now)
            || self.effect_order.len() >= MOST_EFFECTS
        {
            if let Some((_, old)) = self.effect_order.pop_front() {
                self.effects.remove(&old);
            }
        }
        match self.effects.insert(call, now) {
            Some(before) => effect.duplicates(now - before),
            None => {
                self.effect_order.push_back((now, call));
                false
            }
        }
    }

    /// How much later the replicas of a store apply writes while a fault makes them lag; by instance number.
    pub(super) fn set_lag(&mut self, service: u32, number: usize, factor: f64) {
        if let Some(at) = self.stores[service as usize].lag_factor.get_mut(number) {
            *at = factor;
        }
    }
}

impl World<'_> {
    /// The row that a request touches: drawn from the identity of the request at the root, so that all its steps touch the same, in whatever
    /// service, after whatever queue.
    fn row(&self, frame: u32, service: u32) -> u64 {
        let Some((sampler, salt)) = &self.rows.stores[service as usize].keys else { return 0 };
        sampler.sample(&mut Keyed::new(mix(self.root_key(frame), ROW ^ salt)))
    }

    /// The identity of the request for which a frame works.
    fn root_key(&self, frame: u32) -> u64 {
        self.rows.of_request.get(frame as usize).copied().unwrap_or(0)
    }

    /// A frame works for the request for which another one does: as its call, branch or copy.
    #[inline(always)]
    pub(super) fn works_for(&mut self, frame: u32, other: u32) {
        if self.rows.follows {
            self.begins_request(frame, self.root_key(other));
        }
    }

    /// A frame works for the request of this identity.
    #[cold]
    fn begins_request(&mut self, frame: u32, request: u64) {
        let place = frame as usize;
        if self.rows.of_request.len() <= place {
            self.rows.of_request.resize(place + 1, 0);
        }
        self.rows.of_request[place] = request;
    }

    /// A frame is a request of its own.
    #[inline(always)]
    pub(super) fn is_request(&mut self, frame: u32, key: u64) {
        if self.rows.follows {
            self.begins_request(frame, key);
        }
    }

    /// The request for which a message is sent.
    pub(super) fn request_of(&self, frame: u32) -> u64 {
        self.root_key(frame)
    }

    /// Writes a row if it is still as the request has read it; false if not.
    pub(super) fn compare_and_set(&mut self, frame: u32, service: u32) -> bool {
        let (row, request) = (self.row(frame, service), self.root_key(frame));
        let store = &mut self.rows.stores[service as usize];
        let versions = store.versions.as_ref();
        let unchanged = versions.is_some_and(|v| v.read.get(&request) == Some(&v.of(row)));
        if unchanged {
            self.write_row(frame, service);
            // Whoever has written knows what is there now.
            let now = self.now;
            if let Some(versions) = &mut self.rows.stores[service as usize].versions {
                let version = versions.of(row);
                versions.has_read(now, request, version);
            }
        }
        unchanged
    }

    pub(super) fn write_row(&mut self, frame: u32, service: u32) {
        let now = self.now;
        let row = self.row(frame, service);
        let key = self.frames[frame].key;
        let replicas = self.services[service as usize].places as usize;
        let store = &mut self.rows.stores[service as usize];
        self.services[service as usize].counts.consensus_bytes += store.consensus_bytes;
        if let Some(versions) = &mut store.versions {
            *versions.rows.entry(row).or_insert(0) += 1;
        }
        let Some(lag) = &store.lag else { return };
        while store.expiry.front().is_some_and(|first| first.0 <= now) {
            if let Some((_, old)) = store.expiry.pop_front()
                && let Some(writes) = store.writes.get_mut(&old)
            {
                writes.retain(|w| w.applied.iter().any(|&at| at > now));
                if writes.is_empty() {
                    store.writes.remove(&old);
                }
            }
        }
        let mut draw = Keyed::new(mix(key, LAG));
        // Instance 0 is the primary: it has the write at once.
        let applied: Vec<u64> = (0..replicas)
            .map(|n| if n == 0 { now } else { now + whole_ns(lag.sample(&mut draw) * store.lag_factor[n]) })
            .collect();
        let all = applied.iter().copied().max().unwrap_or(now);
        store.expiry.push_back((all, row));
        store.writes.entry(row).or_default().push(Write { committed: now, applied });
    }

    pub(super) fn read_row(&mut self, frame: u32, service: u32) {
        let row = self.row(frame, service);
        let at = self.frames[frame];
        let number = (at.instance - self.services[service as usize].first) as usize;
        let now = self.now;
        self.read_version(frame, service, row, number);
        let stale = self.rows.stores[service as usize].writes.get(&row).is_some_and(|writes| {
            writes.iter().any(|w| w.committed <= at.arrived && w.applied.get(number).is_some_and(|&t| t > now))
        });
        if stale {
            self.wrong(frame, Wrongness::StaleRead as u8);
        }
    }

    /// The request remembers the version that it sees; a replica shows that of the writes which it has applied.
    fn read_version(&mut self, frame: u32, service: u32, row: u64, number: usize) {
        if self.rows.stores[service as usize].versions.is_none() {
            return;
        }
        let (now, request) = (self.now, self.root_key(frame));
        let store = &mut self.rows.stores[service as usize];
        let Some(versions) = &mut store.versions else { return };
        let lacks = |w: &&Write| w.applied.get(number).is_some_and(|&at| at > now);
        let lacking = store.writes.get(&row).map_or(0, |writes| writes.iter().filter(lacks).count());
        let version = versions.of(row).saturating_sub(lacking as u64);
        versions.has_read(now, request, version);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_forgotten_when_they_never_write() {
        let mut versions = Versions::default();
        for request in 0..1000 {
            versions.has_read(request * REMEMBER / 100, request, 0);
        }
        assert!(versions.read.len() <= 102 && versions.order.len() == versions.read.len(), "{}", versions.read.len());
        assert_eq!(versions.read.get(&999), Some(&0));
    }
}
