//! Data: queues and their messages, rows of stores, agreement between regions, and effects that were applied.

mod agree;
mod choreography;
mod copies;
mod effects;
mod failover;
mod handling;
mod merge;
mod message;
mod outboxes;
mod quorum;
mod reach;
mod regions;
mod rows;
mod sagas;
mod stock;
mod topics;
mod two_phase;

pub(in crate::world) use copies::Seen;
pub(in crate::world) use rows::Read;

use super::events::EventId;
use super::frame::{Frame, FrameId};
use super::{Event, World, fact};
use crate::data::replication::Commit;
use crate::data::stock::Escrow;
use crate::dist::Distribution;
use crate::engine::rng::mix;
use crate::ids::{EdgeId, InstanceId, KeySpaceId, ServiceId};
use crate::message::Consumer;
use crate::model::Model;
use std::collections::{BTreeMap, BTreeSet};

/// What may be due of data.
#[derive(Debug, Clone, Copy)]
pub(in crate::world) enum Due {
    /// It is noticed that the primary of a store is down.
    Detected { store: ServiceId, term: u32 },
    /// Another copy of a store has taken over.
    TakesOver { store: ServiceId, term: u32 },
    /// The copies of a store merge.
    Merges { store: ServiceId },
    /// A zone of a store is asked for rights to sell, by another.
    AsksRights { store: ServiceId, row: u64, zone: u16, of: u16 },
    /// Rights to sell that were lost on their way set out again.
    SendsRights { store: ServiceId, row: u64, from: u16, to: u16, rights: u64 },
    /// Rights to sell come to a zone.
    RightsArrive { store: ServiceId, row: u64, zone: u16, rights: u64 },
    /// So long was nothing heard of a member of a consumer group.
    SessionEnds { queue: ServiceId, group: u32, member: InstanceId, number: u32 },
    /// The partitions of a consumer group are shared out.
    Rebalanced { queue: ServiceId, group: u32, generation: u32 },
    /// Messages have waited long enough for others to be handed over with them.
    BatchWaits { queue: ServiceId },
    /// Messages that were set aside begin to go back.
    Redrives { queue: ServiceId },
    /// The next of them goes back.
    RedrivesOne { queue: ServiceId },
    /// It is time to look again at a message that was not renewed, and whose visibility timeout ends then [ns].
    Renewal { message: FrameId, seq: u64, until: u64 },
    /// The relay of an outbox looks.
    Relays { number: u32 },
    /// A relay has read its batch.
    RelayHasRead { number: u32 },
    /// What a relay has sent comes to its queue.
    RelaySends { number: u32 },
    /// A participant of a two-phase commit hears the decision, which this instance has sent; or, where that was lost, it is sent again.
    Decision { frame: FrameId, of: u64, from: InstanceId, is_lost: bool },
    /// People have put a saga right.
    Repaired { saga: ServiceId },
}

impl From<Due> for Event {
    fn from(due: Due) -> Self {
        Self::Data(due)
    }
}

impl super::events::Due for Due {
    fn recurs(self) -> bool {
        matches!(self, Self::Merges { .. })
    }

    fn fact(self) -> Option<(u64, u64)> {
        match self {
            Self::Detected { .. }
            | Self::Merges { .. }
            | Self::AsksRights { .. }
            | Self::SendsRights { .. }
            | Self::Relays { .. }
            | Self::RelayHasRead { .. }
            | Self::RelaySends { .. }
            | Self::Decision { .. }
            | Self::SessionEnds { .. }
            | Self::BatchWaits { .. }
            | Self::Renewal { .. }
            | Self::Redrives { .. } => None,
            Self::RightsArrive { store, row, rights, .. } => {
                Some((mix(u64::from(store.0) << 32 ^ row, rights), fact::RIGHTS_ARRIVE))
            }
            Self::Rebalanced { queue, group, .. } => {
                Some((u64::from(queue.0) << 32 | u64::from(group), fact::REBALANCED))
            }
            Self::RedrivesOne { queue } => Some((u64::from(queue.0), fact::REDRIVEN)),
            Self::Repaired { saga } => Some((u64::from(saga.0), fact::REPAIRED)),
            Self::TakesOver { store, term } => Some((u64::from(store.0) << 32 | u64::from(term), fact::TAKES_OVER)),
        }
    }
}

impl World<'_> {
    /// What is due of data.
    pub(in crate::world) fn data_due(&mut self, due: Due, id: EventId) {
        match due {
            Due::Detected { store, term } => self.failure_is_detected(store, term),
            Due::TakesOver { store, term } => self.takeover_ends(store, term),
            Due::Merges { store } => self.copies_merge(store, id),
            Due::AsksRights { store, row, zone, of } => {
                self.is_asked_for_rights(store, row, (usize::from(zone), usize::from(of)));
            }
            Due::SendsRights { store, row, from, to, rights } => {
                self.sends_rights(store, row, (usize::from(from), usize::from(to)), rights);
            }
            Due::RightsArrive { store, row, zone, rights } => {
                self.rights_arrive(store, row, usize::from(zone), rights);
            }
            Due::SessionEnds { queue, group, member, number } => {
                self.session_ends(queue, group as usize, member, number);
            }
            Due::Rebalanced { queue, group, generation } => self.rebalanced(queue, group as usize, generation),
            Due::BatchWaits { queue } => self.batch_has_waited(queue),
            Due::Redrives { queue } => self.redrives(queue),
            Due::RedrivesOne { queue } => self.redrives_one(queue),
            Due::Renewal { message, seq, until } => self.renewal_is_due(message, seq, until),
            Due::Relays { number } => self.relays(number as usize),
            Due::RelayHasRead { number } => self.relay_has_read(number as usize),
            Due::RelaySends { number } => self.relay_sends(number as usize),
            Due::Decision { frame, of, from, is_lost: true } => self.sends_decision((frame, of), from),
            Due::Decision { frame, of, .. } => self.hears_decision((frame, of)),
            Due::Repaired { saga } => self.saga_is_repaired(saga),
        }
    }
}

/// What stores and queues hold.
pub(in crate::world) struct Data {
    queues: message::Queues,
    rows: rows::Rows,
    effects: effects::Effects,
    outboxes: outboxes::Outboxes,
    sagas: sagas::Sagas,
    agreements: agree::Agreements,
    failovers: failover::Failovers,
    stocks: stock::Stocks,
    /// Writes that wait for a quorum: their store, row and number.
    at_quorum: BTreeMap<FrameId, (ServiceId, u64, u64)>,
    /// By frame of a request that sells at a quorum store: its identity, and how many things it has seen to be gone, and then writes.
    counted: BTreeMap<FrameId, (u64, u64)>,
}

impl Data {
    pub(in crate::world) fn new(model: &Model) -> Self {
        Self {
            queues: message::Queues::new(model),
            rows: rows::Rows::new(model),
            effects: effects::Effects::new(model),
            outboxes: outboxes::Outboxes::new(model),
            sagas: sagas::Sagas::new(model),
            agreements: agree::Agreements::new(model),
            failovers: failover::Failovers::new(model),
            stocks: stock::Stocks::new(model),
            at_quorum: BTreeMap::new(),
            counted: BTreeMap::new(),
        }
    }

    /// A request that may sell has seen how many things of its row are gone.
    fn sees_stock(&mut self, (frame, key): (FrameId, u64), store: ServiceId, gone: u64) {
        if self.stocks.sells(store) {
            self.counted.insert(frame, (key, gone));
        }
    }

    /// What a request has seen so, once; `None` where another request had its frame then.
    fn has_seen_stock(&mut self, frame: FrameId, key: u64) -> Option<u64> {
        self.counted.remove(&frame).filter(|(by, _)| *by == key).map(|(_, gone)| gone)
    }

    /// The key of a request in a key space.
    pub(in crate::world) fn key_in(&self, space: KeySpaceId, request: u64) -> u64 {
        self.rows.key_in(space, request)
    }

    /// How often a row of a store was written, where that is counted.
    pub(in crate::world) fn version_of(&self, store: ServiceId, row: u64) -> u64 {
        self.rows.version_of(store, row)
    }

    /// When a row of a store was written last [ns], where that is kept and it ever was.
    pub(in crate::world) fn written_last(&self, store: ServiceId, row: u64) -> Option<u64> {
        self.rows.written_last(store, row)
    }

    /// Whether frames have to carry tickets.
    pub(in crate::world) fn needs_tickets(&self) -> bool {
        self.rows.need_tickets() || self.queues.need_tickets() || self.sagas.are_any()
    }

    /// Whether a call site hands over messages.
    #[inline(always)]
    pub(in crate::world) fn owns(&self, site: EdgeId) -> bool {
        self.queues.owns(site)
    }

    /// Whether a call asks a participant of a two-phase commit to prepare.
    pub(in crate::world) fn is_two_phase(&self, site: EdgeId) -> bool {
        self.sagas.is_two_phase(site)
    }

    /// The queue of a message that waits in it or is being worked on; `None` of every other frame.
    pub(in crate::world) fn queue_of(&self, frame: &Frame) -> Option<ServiceId> {
        self.queues.queue_of(frame)
    }

    /// Messages that do not wait any more, as they were handed over behind the first of their batch.
    pub(in crate::world) fn handed_over_with_another(&self) -> BTreeSet<FrameId> {
        self.queues.batches.values().flatten().copied().collect()
    }

    /// How much later the replicas of a store apply writes while a fault makes them lag; by instance number.
    pub(in crate::world) fn set_lag(&mut self, service: ServiceId, number: usize, factor: f64) {
        self.rows.set_lag(service, number, factor);
    }

    /// How late replicas of a store apply the writes that come from now on.
    pub(in crate::world) fn lag_changes(&mut self, service: ServiceId, lag: &Distribution) {
        self.rows.lag_changes(service, lag);
    }

    /// Replicas of a store show what is so old at least from now on [ns].
    pub(in crate::world) fn closed_lag_changes(&mut self, service: ServiceId, lag: u64, now: u64) {
        self.rows.copies_mut(service).into_iter().for_each(|copies| copies.closed_lag_changes(lag, now));
    }

    /// What a write of a store waits for from now on; whether somebody has set it.
    pub(in crate::world) fn commit_changes(&mut self, service: ServiceId, commit: Commit, is_set: bool) {
        self.rows.commit_changes(service, commit, is_set);
    }

    /// How the right to sell what a store has is split from now on.
    pub(in crate::world) fn escrow_changes(&mut self, store: ServiceId, escrow: Escrow) {
        self.stocks.escrow_changes(store, escrow);
    }

    /// Whether requests can rely on something at a store, whatever copy they read.
    pub(in crate::world) fn keeps_sessions(&self, store: ServiceId) -> bool {
        self.rows.keeps_sessions(store)
    }

    /// Whether a store has a primary.
    pub(in crate::world) fn has_primary(&self, store: ServiceId) -> bool {
        self.rows.copies(store).is_some()
    }

    /// Whether the writes of a store are answered before its disk has them.
    pub(in crate::world) fn is_asynchronous(&self, store: ServiceId) -> bool {
        self.rows.copies(store).is_some_and(copies::Copies::is_asynchronous)
    }

    /// The disk of an instance is asked for a flush that no write waits for; by its number.
    pub(in crate::world) fn asks_flush(&mut self, store: ServiceId, number: usize) {
        self.rows.copies_mut(store).into_iter().for_each(|copies| copies.asks_flush(number));
    }

    /// Such a flush is done.
    pub(in crate::world) fn flushed(&mut self, store: ServiceId, number: usize) {
        self.rows.copies_mut(store).into_iter().for_each(|copies| copies.flushed(number));
    }

    /// So many messages fit into a queue from now on.
    pub(in crate::world) fn queue_changes(&mut self, queue: ServiceId, capacity: u64) {
        self.queues.queue_changes(queue, capacity);
    }

    /// A consumer of a queue is this from now on.
    pub(in crate::world) fn consumer_changes(&mut self, queue: ServiceId, place: usize, consumer: &Consumer) {
        self.queues.consumer_changes(queue, place, consumer);
    }

    /// Messages of a queue are poison with this probability from now on: they fail on every consumer.
    pub(in crate::world) fn set_poison(&mut self, queue: ServiceId, probability: f64) {
        self.queues.set_poison(queue, probability);
    }

    /// The queues from which a service takes messages.
    pub(in crate::world) fn feeding(&self, model: &Model, service: ServiceId) -> Vec<ServiceId> {
        self.queues.feeding(model, service)
    }
}
