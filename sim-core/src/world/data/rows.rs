//! Rows of stores: who has seen which write, and which reads are stale.
//!
//! A write draws for each replica when it will be applied there. A read at a replica is stale when a write that was committed before
//! the read began is not applied there yet. Only writes that some replica still lacks are kept, so memory follows the lag.
//!
//! Where an endpoint compares and sets, each row has a version, which every write raises, and the ticket of each request holds the version that
//! it has read last.

use crate::counters::count;
use crate::data::{self, KeysOfRequests, Wrongness};
use crate::dist::{Distribution, Sampler};
use crate::engine::math::whole_ns;
use crate::engine::rng::{Keyed, mix};
use crate::engine::table::Table;
use crate::ids::{KeySpaceId, ServiceId};
use crate::model::Model;
use crate::topology::{KeySpace, Node, Replication};
use crate::world::World;
use crate::world::frame::FrameId;
use crate::world::program::has_versions;
use std::collections::{BTreeMap, VecDeque};

const LAG: u64 = 0x72;

/// A write on its way to the replicas.
struct Write {
    committed: u64,
    applied: Vec<u64>,
}

/// A version of a row that somebody has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::world) struct Read {
    /// The store.
    pub store: ServiceId,
    /// The row.
    pub row: u64,
    /// How often the row had been written.
    pub version: u64,
}

/// The rows of one store.
#[derive(Default)]
struct Store {
    keys: Option<KeysOfRequests>,
    lag: Option<Sampler>,
    lag_factor: Vec<f64>,
    consensus_bytes: u64,
    writes: BTreeMap<u64, Vec<Write>>,
    /// (when all replicas have it, row), in the order of commits.
    expiry: VecDeque<(u64, u64)>,
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
                    lag_factor: vec![1.0; service.max_instances as usize],
                    keys: store.keys.map(|id| of(&model.keys[id.index()])),
                    versions: has_versions(model, index.into()).then(BTreeMap::new),
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
        let touches = |store: &Store| store.versions.is_some() || (store.keys.is_some() && store.lag.is_some());
        self.stores.iter().any(touches)
    }

    /// How late replicas of a store apply the writes that come from now on.
    pub(super) fn lag_changes(&mut self, service: ServiceId, lag: &Distribution) {
        self.stores[service].lag = Some(lag.build());
    }

    /// How much later the replicas of a store apply writes while a fault makes them lag; by instance number.
    pub(in crate::world) fn set_lag(&mut self, service: ServiceId, number: usize, factor: f64) {
        if let Some(at) = self.stores[service].lag_factor.get_mut(number) {
            *at = factor;
        }
    }
}

impl World<'_> {
    /// The row that a request touches: drawn from the identity of the request at the root, so that all its steps touch the same, in whatever
    /// service, after whatever queue.
    pub(in crate::world) fn row(&self, frame: FrameId, service: ServiceId) -> u64 {
        self.data.rows.stores[service].keys.as_ref().map_or(0, |keys| keys.of(self.request_of(frame)))
    }

    /// Writes a row if it is still as the request has read it; false if not.
    pub(in crate::world) fn compare_and_set(&mut self, frame: FrameId, service: ServiceId) -> bool {
        let row = self.row(frame, service);
        let unchanged = self.version_read(frame, service) == Some(self.data.rows.stores[service].version(row));
        if unchanged {
            self.write_row(frame, service);
            // The request that has written knows what is there now.
            self.has_read(frame, service, self.data.rows.stores[service].version(row));
        }
        unchanged
    }

    pub(in crate::world) fn write_row(&mut self, frame: FrameId, service: ServiceId) {
        let now = self.now;
        let row = self.row(frame, service);
        let key = self.frames[frame].key;
        let replicas = self.stations.places_of(service) as usize;
        let store = &mut self.data.rows.stores[service];
        count!(self.stations.counts(service), data::CONSENSUS_BYTES, store.consensus_bytes);
        if let Some(versions) = &mut store.versions {
            let (version, written) = versions.entry(row).or_default();
            *version += 1;
            *written = now;
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

    pub(in crate::world) fn read_row(&mut self, frame: FrameId, service: ServiceId) {
        let row = self.row(frame, service);
        let at = self.frames[frame];
        let number = self.stations.number(at.instance.known()) as usize;
        let now = self.now;
        self.read_version(frame, service, row, number);
        let stale = self.data.rows.stores[service].writes.get(&row).is_some_and(|writes| {
            writes.iter().any(|w| w.committed <= at.arrived && w.applied.get(number).is_some_and(|&t| t > now))
        });
        if stale {
            self.arises(frame, Wrongness::StaleRead as u8);
        }
    }

    /// The request remembers the version that it sees; a replica shows that of the writes which it has applied.
    fn read_version(&mut self, frame: FrameId, service: ServiceId, row: u64, number: usize) {
        let store = &self.data.rows.stores[service];
        if store.versions.is_none() {
            return;
        }
        let now = self.now;
        let lacks = |w: &&Write| w.applied.get(number).is_some_and(|&at| at > now);
        let lacking = store.writes.get(&row).map_or(0, |writes| writes.iter().filter(lacks).count());
        let version = store.version(row).saturating_sub(lacking as u64);
        self.has_read(frame, service, version);
    }
}
