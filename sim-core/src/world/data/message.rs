//! Queues: messages wait until a consumer has a free worker, and come back when it does not finish in time.
//!
//! A queue pushes and consumers pull, whichever comes first: a message that arrives looks for an idle instance ([`World::offer`]), and a worker
//! that becomes free looks for a message ([`World::pull`]). So a message never waits while an instance that could take it is idle.
//!
//! A message is a client frame: it is the caller of its deliveries, each of which is an attempt with the visibility timeout as its timer. A
//! delivery that is not done by then comes back to the end of the queue; the instance that still works on it is not stopped, so the message
//! may be done twice, as with a real queue. After `max_deliveries` it goes to the dead-letter queue, or is lost and counted as such.
//!
//! Messages that no consumer takes are only counted (`kept`): they have no frame, because nothing will ever happen to them.

use crate::call::retry;
use crate::counters::{count, part};
use crate::data::{self, Cause, Wrongness};
use crate::engine::calendar::LaneId;
use crate::engine::rng::mix;
use crate::engine::table::{Id, Maybe, Table};
use crate::ids::{EdgeId, InstanceId, ServiceId};
use crate::metrics::PartAt;
use crate::model::Model;
use crate::outcome::Outcome;
use crate::topology::{Consumer, Node};
use crate::world::frame::{AGAIN, CLIENT, Frame, FrameId, Link, Phase, Rank, Waiter};
use crate::world::network::{self, Departure};
use crate::world::stations::Door;
use crate::world::{World, fact};
use std::collections::VecDeque;

const MESSAGE: u64 = 0x81;

/// One queue while it runs.
#[derive(Default)]
struct Queue {
    capacity: u64,
    consumers: Vec<Consumer>,
    waiting: VecDeque<FrameId>,
    /// Messages that nobody takes: only counted.
    kept: u64,
    /// Where the search for an idle instance begins.
    turn: u32,
    /// The consumer that is asked first for the next message.
    first_asked: u32,
}

/// All queues, by service; and which call sites hand messages over.
#[derive(Default)]
pub(super) struct Queues {
    queues: Table<ServiceId, Queue>,
    /// By call site: its queue's service, and its consumer's place in that; none of a call site that is no consumer's.
    by_site: Table<EdgeId, (Maybe<ServiceId>, u32)>,
    /// By service: from where its idle workers take messages, the consumers of all queues that hand them to it, and which has the next turn.
    sources: Table<ServiceId, Sources>,
}

/// From where the workers of a service take messages.
#[derive(Debug, Default)]
struct Sources {
    consumers: Vec<(ServiceId, EdgeId)>,
    turn: u32,
}

impl Queues {
    pub(in crate::world) fn new(model: &Model) -> Self {
        let mut queues = Self {
            queues: Table::default(),
            by_site: vec![(Maybe::NONE, 0); model.edges.len()].into(),
            sources: model.services.iter().map(|_| Sources::default()).collect::<Vec<_>>().into(),
        };
        for (index, service) in model.services.iter().enumerate() {
            let mut queue = Queue::default();
            if let Node::Queue(settings) = &service.node {
                queue.capacity = settings.capacity;
                queue.consumers.clone_from(&settings.consumers);
                for (number, consumer) in settings.consumers.iter().enumerate() {
                    queues.by_site[consumer.edge] = (ServiceId::from(index).into(), number as u32);
                    let endpoint = model.edges[consumer.edge.index()].callee;
                    let taker = model.endpoints[endpoint.index()].service;
                    queues.sources[taker].consumers.push((ServiceId::from(index), consumer.edge));
                }
            }
            queues.queues.push(queue);
        }
        queues
    }

    /// Whether a call site hands messages over.
    #[inline]
    pub(in crate::world) fn owns(&self, site: EdgeId) -> bool {
        !self.by_site[site].0.is_none()
    }

    /// The queue of a message that waits in it or is being worked on; `None` of every other frame.
    pub(in crate::world) fn queue_of(&self, frame: &Frame) -> Option<ServiceId> {
        let is_message = frame.phase == Phase::Message || (frame.flags & CLIENT != 0 && self.owns(frame.edge));
        if is_message { self.by_site[frame.edge].0.get() } else { None }
    }

    /// So many messages fit from now on; those that are in stay.
    pub(super) fn queue_changes(&mut self, queue: ServiceId, capacity: u64) {
        self.queues[queue].capacity = capacity;
    }

    /// A consumer is this from now on. Its visibility timeout is that of its call, of deliveries from now on.
    pub(super) fn consumer_changes(&mut self, queue: ServiceId, place: usize, consumer: &Consumer) {
        self.queues[queue].consumers[place].clone_from(consumer);
    }

    /// The queues from which a service takes messages.
    pub(in crate::world) fn feeding(&self, model: &Model, service: ServiceId) -> Vec<ServiceId> {
        let feeds = |queue: &Queue| {
            queue.consumers.iter().any(|c| {
                let endpoint = model.edges[c.edge.index()].callee;
                model.endpoints[endpoint.index()].service == service
            })
        };
        self.queues.ids().filter(|&queue| feeds(&self.queues[queue])).collect()
    }
}

impl World<'_> {
    /// `send`: the message is taken in, or there is no room.
    pub(in crate::world) fn enqueue(&mut self, frame: FrameId, queue: ServiceId) -> Option<FrameId> {
        let at = &self.frames[frame];
        let (key, rank) = (mix(at.key, MESSAGE), at.rank);
        if !self.take_in(queue, key, rank, frame) {
            return self.fail(frame, Outcome::Rejected as u8);
        }
        self.frames[frame].pc += 1;
        Some(frame)
    }

    /// A message that works for the request for which `sender` does, or did, is taken in; false where there is no room.
    fn take_in(&mut self, queue: ServiceId, key: u64, rank: Rank, sender: FrameId) -> bool {
        let state = &self.data.queues.queues[queue];
        if state.waiting.len() as u64 + state.kept >= state.capacity {
            return false;
        }
        let Some(site) = state.consumers.first().map(|c| c.edge) else {
            self.data.queues.queues[queue].kept += 1;
            self.stations.message_enters(queue, self.now);
            self.stations.message_waits(queue);
            return true;
        };
        let message = self.new_client(site, key, 0);
        self.works_for(message, sender);
        self.has_no_deadline(message);
        self.frames[message].phase = Phase::Message;
        self.frames[message].rank = rank;
        self.frames[message].flags |= self.frames[sender].flags & AGAIN;
        self.wait_in_queue(queue, message);
        self.offer(queue);
        true
    }

    fn wait_in_queue(&mut self, queue: ServiceId, message: FrameId) {
        self.data.queues.queues[queue].waiting.push_back(message);
        self.frames[message].start = self.now;
        self.stations.message_enters(queue, self.now);
        *self.stations.backlog() += 1;
    }

    /// A message has waited, and is handed over.
    fn has_waited(&mut self, queue: ServiceId, message: FrameId) {
        let waited = self.now - self.frames[message].start;
        self.stations.message_handed(queue, self.now, waited);
        *self.stations.backlog() -= 1;
    }

    /// A message is done.
    fn is_done(&mut self, queue: ServiceId, message: FrameId) {
        let age = self.now - self.frames[message].arrived;
        self.times.record(PartAt::service(const { part(&data::AGE) }, queue), age);
    }

    /// Looks for an idle instance of a consumer for the message that has just come.
    fn offer(&mut self, queue: ServiceId) {
        self.offer_first(queue);
        if !self.data.queues.queues[queue].waiting.is_empty() {
            self.stations.message_waits(queue);
        }
    }

    /// Hands the message that waits first to an idle instance of a consumer, if there is one. Consumers compete: each is asked first in turn.
    fn offer_first(&mut self, queue: ServiceId) {
        let consumers = self.data.queues.queues[queue].consumers.len();
        let first = self.data.queues.queues[queue].first_asked as usize;
        for number in (0..consumers).map(|number| (first + number) % consumers) {
            let site = self.data.queues.queues[queue].consumers[number].edge;
            let service = self.calls.callee(site);
            let zone = self.stations.zone_of(self.stations.first(queue));
            let routable = self.stations.routable_for(service, self.stations.checker_of(site, Some(zone)));
            let workers = self.model.services[service.index()].workers.map_or(u64::MAX / 4096, u64::from);
            if routable.is_empty() || self.stations.all_are_busy(service, workers) {
                continue;
            }
            let turn = self.data.queues.queues[queue].turn;
            let count = routable.len() as u32;
            let idle = (0..count).map(|i| routable[((turn + i) % count) as usize]).find(|&i| self.stations.is_idle(i));
            if let Some(instance) = idle {
                let state = &mut self.data.queues.queues[queue];
                state.turn = turn.wrapping_add(1);
                state.first_asked = (number as u32 + 1) % consumers as u32;
                self.hand_over(queue, site, instance);
                return;
            }
        }
    }

    /// An instance has a free worker and nobody waiting: it takes a message. Where its service consumes from several queues, or as several consumers,
    /// these have their turns one after the other, so that none starves behind another that always has messages.
    pub(in crate::world) fn pull(&mut self, instance: InstanceId, service: ServiceId) {
        if !self.stations.is_idle(instance) {
            return;
        }
        let queues = &mut self.data.queues;
        let sources = &mut queues.sources[service];
        let number = sources.consumers.len();
        let in_turn = (0..number).map(|place| (sources.turn as usize + place) % number);
        let has_messages = |place: &usize| !queues.queues[sources.consumers[*place].0].waiting.is_empty();
        let Some(place) = in_turn.into_iter().find(has_messages) else { return };
        sources.turn = ((place + 1) % number) as u32;
        let (queue, site) = sources.consumers[place];
        self.hand_over(queue, site, instance);
    }

    /// Gives the first message of a queue to an instance.
    fn hand_over(&mut self, queue: ServiceId, site: EdgeId, instance: InstanceId) {
        let Some(message) = self.data.queues.queues[queue].waiting.pop_front() else { return };
        let now = self.now;
        self.has_waited(queue, message);
        let at = &mut self.frames[message];
        at.edge = site;
        at.pc = self.program.client[site];
        at.start = now;
        at.tries += 1;
        let (tries, key, rank) = (at.tries, at.key, at.rank);
        let flags = if tries > 1 { AGAIN } else { at.flags & AGAIN };
        let lane = self.queue_timer(site);
        let frames = &self.frames;
        let seq = self
            .lanes
            .push(&mut self.calendar, now, lane, crate::world::LANE, message.place(), |i, s| frames.wanted(i, s));
        let counts = self.calls.counts(site);
        counts.attempts += 1;
        // The message is the call, its deliveries are the attempts.
        if tries > 1 {
            count!(counts, retry::RETRIES);
        } else {
            counts.calls += 1;
        }
        if flags & AGAIN != 0 {
            count!(counts, retry::BY_RETRIES);
        }
        let callee = self.frames.take();
        let new = &mut self.frames[callee];
        new.key = key.wrapping_add(crate::world::calls::ATTEMPT.wrapping_mul(u64::from(tries)));
        new.seq = 0;
        new.waiter = Waiter::new(message, seq);
        new.arrived = now;
        new.instance = instance.into();
        new.edge = site;
        new.tries = 0;
        new.attempt = tries;
        new.outcome = 0;
        new.flags = flags;
        new.phase = Phase::Arriving;
        new.rank = rank;
        self.works_for(callee, message);
        let at = &mut self.frames[message];
        at.seq = seq;
        at.next = Link::to(callee);
        at.phase = Phase::Calling;
        match self.departs(callee, site) {
            Departure::Runs => self.ready.push(callee),
            Departure::Away => {}
            Departure::Ends(outcome) => {
                let next = self.deliver(callee, outcome);
                self.ready.extend(next);
            }
        }
    }

    /// A delivery sets out to an instance that is idle. That has a worker for it, unless it is silent.
    fn departs(&mut self, callee: FrameId, site: EdgeId) -> Departure {
        if self.calls.crosses_network(site) {
            return self.transmit(callee, network::Message::Delivery);
        }
        match self.admit(callee) {
            Door::In => Departure::Runs,
            Door::Waits => Departure::Away,
            Door::Lost => {
                self.frames.release(callee);
                Departure::Away
            }
            Door::Away(outcome) => Departure::Ends(outcome as u8),
        }
    }

    fn queue_timer(&self, site: EdgeId) -> LaneId {
        let Some(lane) = self.calls.lane(site) else { unreachable!("a consumer's visibility timeout is constant") };
        lane
    }

    /// A delivery has ended: the message is done, comes back, is set aside, or is lost.
    pub(in crate::world) fn delivery_ended(&mut self, message: FrameId, outcome: u8) -> Option<FrameId> {
        let at = self.frames[message];
        self.digest.fact(self.now, at.key, fact::DELIVERED | u64::from(outcome));
        let (queue, number) = self.data.queues.by_site[at.edge];
        let queue = queue.known();
        let consumer = self.data.queues.queues[queue].consumers[number as usize].clone();
        if outcome <= Outcome::Degraded as u8 {
            self.is_done(queue, message);
            self.frames.release(message);
            return None;
        }
        if u32::from(at.tries) < consumer.max_deliveries {
            let at = &mut self.frames[message];
            at.seq = 0;
            at.outcome = 0;
            at.phase = Phase::Message;
            self.wait_in_queue(queue, message);
            self.offer(queue);
            return None;
        }
        self.calls.counts(at.edge).call_outcomes[usize::from(outcome & 7)] += 1;
        self.frames.release(message);
        let set_aside = consumer.dead_letter.is_some_and(|endpoint| {
            let service = self.model.endpoints[endpoint.index()].service;
            self.take_in(service, mix(at.key, MESSAGE), at.rank, message)
        });
        if !set_aside {
            count!(self.stations.counts(queue), data::MESSAGES_LOST);
            self.recorder.wrong_arises(at.edge, Wrongness::LostMessage as u8);
            self.lists_wrong(at.edge, Wrongness::LostMessage as u8, Cause::Deliveries, Some(message));
        }
        None
    }
}
