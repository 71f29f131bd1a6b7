//! Data: queues and their messages, rows of stores, agreement between regions, and effects that were applied.

mod agree;
mod effects;
mod message;
mod rows;

use super::frame::Frame;
use super::network::Network;
use crate::ids::{EdgeId, ServiceId};
use crate::model::Model;

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

    /// The queues from which a service takes messages.
    pub(in crate::world) fn feeding(&self, model: &Model, service: ServiceId) -> Vec<ServiceId> {
        self.queues.feeding(model, service)
    }
}
