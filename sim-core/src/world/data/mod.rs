//! Data: queues and their messages, rows of stores, agreement between regions, and effects that were applied.

mod agree;
mod effects;
mod message;
mod rows;

pub(in crate::world) use rows::Read;

use super::frame::Frame;
use super::network::Network;
use crate::dist::Distribution;
use crate::ids::{EdgeId, KeySpaceId, ServiceId};
use crate::model::Model;
use crate::topology::Consumer;

/// What stores and queues hold.
pub(in crate::world) struct Data {
    queues: message::Queues,
    rows: rows::Rows,
    effects: effects::Effects,
    agreements: agree::Agreements,
}

impl Data {
    pub(in crate::world) fn new(model: &Model, network: &Network) -> Self {
        Self {
            queues: message::Queues::new(model),
            rows: rows::Rows::new(model),
            effects: effects::Effects::default(),
            agreements: agree::Agreements::new(model, network),
        }
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
        self.rows.need_tickets()
    }

    /// Whether a call site hands over messages.
    #[inline(always)]
    pub(in crate::world) fn owns(&self, site: EdgeId) -> bool {
        self.queues.owns(site)
    }

    /// The queue of a message that waits in it or is being worked on; `None` of every other frame.
    pub(in crate::world) fn queue_of(&self, frame: &Frame) -> Option<ServiceId> {
        self.queues.queue_of(frame)
    }

    /// How much later the replicas of a store apply writes while a fault makes them lag; by instance number.
    pub(in crate::world) fn set_lag(&mut self, service: ServiceId, number: usize, factor: f64) {
        self.rows.set_lag(service, number, factor);
    }

    /// How late replicas of a store apply the writes that come from now on.
    pub(in crate::world) fn lag_changes(&mut self, service: ServiceId, lag: &Distribution) {
        self.rows.lag_changes(service, lag);
    }

    /// So many messages fit into a queue from now on.
    pub(in crate::world) fn queue_changes(&mut self, queue: ServiceId, capacity: u64) {
        self.queues.queue_changes(queue, capacity);
    }

    /// A consumer of a queue is this from now on.
    pub(in crate::world) fn consumer_changes(&mut self, queue: ServiceId, place: usize, consumer: &Consumer) {
        self.queues.consumer_changes(queue, place, consumer);
    }

    /// The queues from which a service takes messages.
    pub(in crate::world) fn feeding(&self, model: &Model, service: ServiceId) -> Vec<ServiceId> {
        self.queues.feeding(model, service)
    }
}
