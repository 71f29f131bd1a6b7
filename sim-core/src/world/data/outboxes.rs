//! Outboxes while they run: messages that lie beside the rows of a store, and the relay that sends them.
//!
//! A message is put in where the store is done with the write, and not where its caller hears of it. It waits as a frame that only carries the ticket
//! of its request. The relay is an event for each outbox that has messages, at whole multiples of `every`. What it has sent it keeps until its next
//! look: then either it is noted that it was sent, or the instance on which the relay ran is gone, and all of it is sent again. What it asks of its
//! store and sends to its queue is lost as messages between their zones are, and takes their time: a look goes on until what it sends has come.

use super::message::MESSAGE;
use super::{Due, topics};
use crate::counters::{count, level};
use crate::engine::rng::{hash_name, mix};
use crate::engine::table::Maybe;
use crate::ids::{Caller, EdgeId, InstanceId, ServiceId, ZoneId};
use crate::message::outbox::{self, Outbox};
use crate::metrics::LevelAt;
use crate::model::Model;
use crate::topology::Node;
use crate::world::World;
use crate::world::frame::{FrameId, Phase};
use std::collections::{BTreeSet, VecDeque};

const OUTBOX: u64 = 0x93;

/// One outbox.
#[derive(Debug)]
struct Messages {
    settings: Outbox,
    store: ServiceId,
    /// The service on whose instances the relay runs; `None` of a load class, whose relay never goes.
    by: Option<ServiceId>,
    waiting: VecDeque<FrameId>,
    /// Sent, and not noted yet.
    sent: Vec<FrameId>,
    /// Where the relay ran at its last look, and in which of its lives.
    relay: (Maybe<InstanceId>, u32),
    /// How many the relay has read at its look, to send them.
    read: u32,
    /// A look is due, or goes on.
    is_due: bool,
}

/// All outboxes.
#[derive(Debug, Default)]
pub(super) struct Outboxes {
    all: Vec<Messages>,
    /// Queues and topics that get what they send.
    fed: BTreeSet<ServiceId>,
}

impl Outboxes {
    pub(super) fn new(model: &Model) -> Self {
        let mut outboxes = Self::default();
        for (index, service) in model.services.iter().enumerate() {
            let Node::Store(store) = &service.node else { continue };
            for settings in &store.outboxes {
                let by = match model.edges[settings.edge.index()].caller {
                    Caller::Endpoint(endpoint) => Some(model.endpoints[endpoint.index()].service),
                    Caller::Queue(_) | Caller::Load(_) | Caller::Scaler(_) => None,
                };
                outboxes.fed.insert(model.endpoints[settings.to.index()].service);
                outboxes.all.push(Messages {
                    settings: settings.clone(),
                    store: ServiceId::from(index),
                    by,
                    waiting: VecDeque::new(),
                    sent: Vec::new(),
                    relay: (Maybe::NONE, 0),
                    read: 0,
                    is_due: false,
                });
            }
        }
        outboxes
    }

    fn number(&self, site: EdgeId) -> Option<usize> {
        self.all.iter().position(|outbox| outbox.settings.edge == site)
    }

    /// Whether a call writes into an outbox.
    pub(super) fn has(&self, site: EdgeId) -> bool {
        !self.all.is_empty() && self.number(site).is_some()
    }

    /// Whether a message of a queue may come again, however well its first delivery went.
    pub(super) fn feeds(&self, queue: Option<ServiceId>) -> bool {
        queue.is_some_and(|queue| self.fed.contains(&queue))
    }
}

impl World<'_> {
    /// A store is done with a write: its message lies in the outbox.
    pub(super) fn writes_outbox(&mut self, frame: FrameId) {
        let at = self.frames[frame];
        let Some(number) = self.data.outboxes.number(at.edge) else { return };
        let carrier = self.new_client(at.edge, mix(at.key, OUTBOX), 0);
        self.works_for(carrier, frame);
        self.has_no_deadline(carrier);
        self.frames[carrier].phase = Phase::Message;
        self.frames[carrier].rank = at.rank;
        let outbox = &mut self.data.outboxes.all[number];
        outbox.waiting.push_back(carrier);
        let store = outbox.store;
        self.outbox_moves(store, 0, 1);
        self.relay_is_due(number);
    }

    fn outbox_moves(&mut self, store: ServiceId, before: u64, after: u64) {
        self.levels.moves(LevelAt::service(const { level(&outbox::OUTBOX) }, store), self.now, before, after);
    }

    fn relay_is_due(&mut self, number: usize) {
        let outbox = &mut self.data.outboxes.all[number];
        if !std::mem::replace(&mut outbox.is_due, true) {
            let every = outbox.settings.every.ns();
            let due = (self.now / every + 1).saturating_mul(every);
            self.schedule(due, Due::Relays { number: number as u32 });
        }
    }

    /// The relay looks: notes what it has sent, and sends more. Where nobody runs it, or it does not reach its store, it looks again later.
    pub(super) fn relays(&mut self, number: usize) {
        let Some(relay) = self.relay_now(number) else { return self.relay_looks_later(number) };
        let store = self.data.outboxes.all[number].store;
        let Some(there) = self.relay_reaches(number, relay.0, store) else { return self.relay_looks_later(number) };
        let outbox = &mut self.data.outboxes.all[number];
        let was = std::mem::replace(&mut outbox.relay, relay);
        let sent = std::mem::take(&mut outbox.sent);
        if was == relay {
            for carrier in sent {
                self.outbox_moves(store, 1, 0);
                self.frames.release(carrier);
            }
        } else {
            count!(self.stations.counts(store), outbox::RELAYED_AGAIN, sent.len() as u64);
            sent.into_iter().rev().for_each(|carrier| self.data.outboxes.all[number].waiting.push_front(carrier));
        }
        let outbox = &mut self.data.outboxes.all[number];
        outbox.read = outbox.settings.count.min(outbox.waiting.len() as u32);
        // The answer of the store takes as long as the question.
        let busy = (2 * there).saturating_add(outbox.settings.takes.ns());
        if busy == 0 {
            return self.relay_has_read(number);
        }
        self.schedule(self.now.saturating_add(busy), Due::RelayHasRead { number: number as u32 });
    }

    /// The relay has read its batch, and sends it; unless it has gone meanwhile.
    pub(super) fn relay_has_read(&mut self, number: usize) {
        let Messages { relay, settings: Outbox { to, .. }, .. } = self.data.outboxes.all[number];
        if self.relay_now(number) != Some(relay) {
            return self.relay_looks_later(number);
        }
        let queue = self.model.endpoints[to.index()].service;
        // Once for each look: the relay has a connection, on which one lost packet does not end what is sent.
        match self.relay_reaches(number, relay.0, queue) {
            None => self.relay_looks_later(number),
            Some(0) => self.relay_sends(number),
            Some(there) => {
                self.schedule(self.now.saturating_add(there), Due::RelaySends { number: number as u32 });
            }
        }
    }

    /// What the relay has sent comes to its queue.
    pub(super) fn relay_sends(&mut self, number: usize) {
        self.sends_from_outbox(number);
        self.relay_looks_later(number);
    }

    /// A look is over: the next one is due if there is anything to send or to note.
    fn relay_looks_later(&mut self, number: usize) {
        let outbox = &mut self.data.outboxes.all[number];
        outbox.is_due = false;
        if !outbox.waiting.is_empty() || !outbox.sent.is_empty() {
            self.relay_is_due(number);
        }
    }

    /// The instance on which a relay runs, and in which of its lives: the one on which it ran, while that serves. `None` where there is none.
    fn relay_now(&self, number: usize) -> Option<(Maybe<InstanceId>, u32)> {
        let Messages { by, relay, .. } = self.data.outboxes.all[number];
        let Some(by) = by else { return Some((Maybe::NONE, 0)) };
        let goes_on = |instance: InstanceId| self.stations.serves(instance) && self.stations.epoch(instance) == relay.1;
        let instance = relay
            .0
            .get()
            .filter(|&instance| goes_on(instance))
            .or_else(|| self.stations.ids_of(by).find(|&instance| self.stations.serves(instance)))?;
        Some((instance.into(), self.stations.epoch(instance)))
    }

    /// How long what a relay sends now takes to some instance of a service that serves [ns]; `None` where it comes to none.
    fn relay_reaches(&mut self, number: usize, relay: Maybe<InstanceId>, to: ServiceId) -> Option<u64> {
        let serve = self.stations.ids_of(to).filter(|&instance| self.stations.serves(instance));
        let zones: Vec<ZoneId> = serve.map(|instance| self.stations.zone_of(instance)).collect();
        let (Some(by), Some(relay)) = (self.data.outboxes.all[number].by, relay.get()) else {
            return (!zones.is_empty()).then_some(0);
        };
        let from = self.stations.zone_of(relay);
        // By their names: what other services there are changes no draw.
        let [sender, receiver] = [by, to].map(|of| hash_name(&self.model.services[of.index()].name));
        let key = mix(mix(sender, receiver), self.now);
        zones.into_iter().find_map(|zone| self.message_takes((by, to), (from, zone), key))
    }

    fn sends_from_outbox(&mut self, number: usize) {
        let Messages { read, settings: Outbox { to, .. }, .. } = self.data.outboxes.all[number];
        let queue = self.model.endpoints[to.index()].service;
        for _ in 0..read {
            let Some(carrier) = self.data.outboxes.all[number].waiting.pop_front() else { return };
            let (key, rank) = (self.frames[carrier].key, self.frames[carrier].rank);
            if !self.take_in(queue, mix(key, MESSAGE), rank, carrier) {
                // There is no room: it goes first at the next look.
                return self.data.outboxes.all[number].waiting.push_front(carrier);
            }
            self.data.outboxes.all[number].sent.push(carrier);
        }
    }

    /// The messages that may be sent again, by the identity of what they are in a queue.
    pub(super) fn may_be_relayed(&self) -> impl Iterator<Item = u64> {
        self.data.outboxes.all.iter().flat_map(move |outbox| {
            let queue = self.model.endpoints[outbox.settings.to.index()].service;
            let groups = self.data.queues.queues[queue].groups.len().max(1) as u32;
            let sent = outbox.sent.iter().chain(&outbox.waiting);
            sent.flat_map(move |&carrier| {
                (0..groups).map(move |group| topics::of_group(mix(self.frames[carrier].key, MESSAGE), group))
            })
        })
    }
}
