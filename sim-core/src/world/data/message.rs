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
use crate::counters::count;
use crate::engine::calendar::LaneId;
use crate::engine::rng::mix;
use crate::engine::table::{Id, Maybe, Table};
use crate::ids::{EdgeId, InstanceId, ServiceId};
use crate::message::Consumer;
use crate::model::Model;
use crate::outcome::Outcome;
use crate::topology::Node;
use crate::world::World;
use crate::world::calls::ATTEMPT;
use crate::world::data::Due;
use crate::world::frame::{AGAIN, CLIENT, Frame, FrameId, Link, POISONED, Phase, Rank, Waiter};
use crate::world::network::{self, Departure};
use crate::world::program::Pc;
use crate::world::stations::Door;
use std::collections::{BTreeMap, VecDeque};

pub(super) const MESSAGE: u64 = 0x81;
/// How long a saga waits that a coordinator has turned away [ns].
const TURNED_AWAY_NS: u64 = 1_000_000_000;

/// Messages that wait in order.
#[derive(Debug)]
pub(super) struct MessageLine {
    pub(super) waiting: VecDeque<FrameId>,
    /// In topics: the instance that takes its messages.
    pub(super) owner: Maybe<InstanceId>,
    /// In topics: its first message is being worked on.
    pub(super) is_busy: bool,
}

impl Default for MessageLine {
    fn default() -> Self {
        Self { waiting: VecDeque::new(), owner: Maybe::NONE, is_busy: false }
    }
}

/// The instances of one consumer of a topic.
#[derive(Debug, Default)]
pub(super) struct Group {
    /// Who shares the partitions now.
    pub(super) members: Vec<InstanceId>,
    /// Nobody takes anything until the partitions are shared out.
    pub(super) is_paused: bool,
    /// Counts when partitions were shared out, so that what was planned before is out of date.
    pub(super) generation: u32,
    /// Members of which nothing is heard, each with the number of its silence.
    pub(super) silent: BTreeMap<InstanceId, u32>,
    /// How many silences there were.
    pub(super) silences: u32,
}

/// One queue while it runs.
#[derive(Default)]
pub(super) struct Queue {
    pub(super) capacity: u64,
    pub(super) consumers: Vec<Consumer>,
    /// The lines of each consumer group of a topic; of any other queue one line for all.
    pub(super) lines: Vec<Vec<MessageLine>>,
    /// Of a topic: the members of each group.
    pub(super) groups: Vec<Group>,
    /// Messages that were set aside here, and may go back.
    pub(super) dead: VecDeque<FrameId>,
    /// Of consumers that hold several messages: how many each instance has.
    pub(super) held: BTreeMap<(u32, InstanceId), u32>,
    /// How many of those that were set aside are still to go back, one after the other; and before when [ns] the next one must not.
    pub(super) to_redrive: u64,
    pub(super) next_redrive: u64,
    /// An event is due for messages that wait for others.
    pub(super) batch_is_due: bool,
    /// The share of its messages that fail on every consumer.
    pub(super) poison: f64,
    /// Where the search for an idle instance begins.
    turn: u32,
    /// The consumer that is asked first for the next message.
    first_asked: u32,
}

/// All queues, by service; and which call sites hand messages over.
#[derive(Default)]
pub(super) struct Queues {
    /// Topics, for those who look whether their members are still there.
    pub(super) topics: Vec<ServiceId>,
    /// By frame of a message of a topic: its partition.
    lines: Vec<u32>,
    /// By first message of a batch: the others.
    pub(super) batches: BTreeMap<FrameId, Vec<FrameId>>,
    /// By message that an instance holds, where it may hold several.
    pub(super) holders: BTreeMap<FrameId, InstanceId>,
    pub(super) queues: Table<ServiceId, Queue>,
    need_tickets: bool,
    /// By call site: its queue's service, and its consumer's place in that; none of a call site that is no consumer's.
    pub(super) by_site: Table<EdgeId, (Maybe<ServiceId>, u32)>,
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
            topics: Vec::new(),
            lines: Vec::new(),
            batches: BTreeMap::new(),
            holders: BTreeMap::new(),
            queues: Table::default(),
            need_tickets: false,
            by_site: vec![(Maybe::NONE, 0); model.edges.len()].into(),
            sources: model.services.iter().map(|_| Sources::default()).collect::<Vec<_>>().into(),
        };
        for (index, service) in model.services.iter().enumerate() {
            let mut queue = Queue::default();
            if let Node::Queue(settings) = &service.node {
                queue.capacity = settings.capacity;
                queue.consumers.clone_from(&settings.consumers);
                let (groups, partitions) = settings
                    .topic
                    .as_ref()
                    .map_or((1, 1), |topic| (settings.consumers.len(), topic.partitions as usize));
                let lines = |_| std::iter::repeat_with(MessageLine::default).take(partitions).collect();
                queue.lines = (0..groups).map(lines).collect();
                if settings.topic.is_some() {
                    queues.topics.push(ServiceId::from(index));
                    queue.groups = std::iter::repeat_with(Group::default).take(groups).collect();
                    queues.need_tickets |= settings.topic.as_ref().is_some_and(|topic| topic.key.is_some());
                }
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

    /// Whether somebody asks for the keys of messages.
    pub(super) fn need_tickets(&self) -> bool {
        self.need_tickets
    }

    /// The share of messages that fail on every consumer.
    pub(super) fn set_poison(&mut self, queue: ServiceId, probability: f64) {
        self.queues[queue].poison = probability;
    }

    /// The partition of a message of a topic; 0 in a queue.
    pub(super) fn line_of(&self, message: FrameId) -> usize {
        self.lines.get(message.index()).map_or(0, |&line| line as usize)
    }

    /// A message is of this partition.
    pub(super) fn keeps_line(&mut self, message: FrameId, line: usize) {
        if self.lines.len() <= message.index() {
            self.lines.resize(message.index() + 1, 0);
        }
        self.lines[message.index()] = line as u32;
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
    pub(super) fn take_in(&mut self, queue: ServiceId, key: u64, rank: Rank, sender: FrameId) -> bool {
        let state = &self.data.queues.queues[queue];
        if self.stations.messages_in(queue) >= state.capacity {
            return false;
        }
        if self.choreographs(queue, key, rank, sender) {
            return true;
        }
        let state = &self.data.queues.queues[queue];
        if !state.groups.is_empty() && state.consumers.iter().any(|consumer| !consumer.is_of_saga) {
            self.publish(queue, key, rank, sender);
            return true;
        }
        let first = state.consumers.first().filter(|_| state.groups.is_empty());
        let Some(site) = first.map(|c| c.edge) else {
            // Nobody takes it: it is only counted.
            self.stations.message_enters(queue, self.now);
            self.stations.message_waits(queue);
            return true;
        };
        let message = self.new_message(site, key, rank, sender);
        if self.model_has_saga(queue) {
            self.saga_begins(queue, message);
        }
        self.wait_in_queue(queue, message);
        self.offer(queue);
        true
    }

    /// A message that works for the request for which `sender` does.
    pub(super) fn new_message(&mut self, site: EdgeId, key: u64, rank: Rank, sender: FrameId) -> FrameId {
        let message = self.new_client(site, key, 0);
        self.works_for(message, sender);
        self.has_no_deadline(message);
        self.frames[message].phase = Phase::Message;
        self.frames[message].rank = rank;
        self.frames[message].flags |= self.frames[sender].flags & AGAIN;
        message
    }

    fn wait_in_queue(&mut self, queue: ServiceId, message: FrameId) {
        self.data.queues.queues[queue].lines[0][0].waiting.push_back(message);
        self.enters_queue(queue, message);
    }

    /// A message waits in its queue from now on.
    pub(super) fn enters_queue(&mut self, queue: ServiceId, message: FrameId) {
        self.frames[message].start = self.now;
        self.batch_begins(queue);
        self.stations.message_enters(queue, self.now);
        *self.stations.backlog() += 1;
    }

    /// A message has waited, and is handed over.
    pub(super) fn has_waited(&mut self, queue: ServiceId, message: FrameId) {
        let waited = self.now - self.frames[message].start;
        self.stations.message_handed(queue, self.now, waited);
        *self.stations.backlog() -= 1;
    }

    /// Looks for an idle instance of a consumer for the message that has just come.
    pub(super) fn offer(&mut self, queue: ServiceId) {
        self.offer_first(queue);
        if !self.data.queues.queues[queue].lines[0][0].waiting.is_empty() {
            self.stations.message_waits(queue);
        }
    }

    /// Hands the message that waits first to an idle instance of a consumer, if there is one. Consumers compete: each is asked first in turn.
    pub(super) fn offer_first(&mut self, queue: ServiceId) {
        let consumers = self.data.queues.queues[queue].consumers.len();
        let first = self.data.queues.queues[queue].first_asked as usize;
        for number in (0..consumers).map(|number| (first + number) % consumers) {
            let site = self.data.queues.queues[queue].consumers[number].edge;
            let service = self.calls.callee(site);
            let zone = self.stations.zone_of(self.stations.first(queue));
            let routable = self.stations.routable_for(service, self.stations.checker_of(site, Some(zone)));
            let workers = self.model.services[service.index()].workers.map_or(u64::MAX / 4096, u64::from);
            let fetches = self.data.queues.queues[queue].consumers[number].prefetch.is_some();
            if routable.is_empty() || !fetches && self.stations.all_are_busy(service, workers) {
                continue;
            }
            let turn = self.data.queues.queues[queue].turn;
            let count = routable.len() as u32;
            let mut in_turn = (0..count).map(|i| routable[((turn + i) % count) as usize]);
            let idle = in_turn.find(|&i| self.takes_one_more(queue, number, i));
            if let Some(instance) = idle.filter(|_| self.has_batch(queue, number, 0)) {
                let state = &mut self.data.queues.queues[queue];
                state.turn = turn.wrapping_add(1);
                state.first_asked = (number as u32 + 1) % consumers as u32;
                self.hand_over(queue, site, 0, instance);
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
        let sources = &self.data.queues.sources[service];
        let number = sources.consumers.len();
        let mut in_turn = (0..number).map(|place| (sources.turn as usize + place) % number);
        let ready = in_turn.find_map(|place| Some((place, self.ready_line(sources.consumers[place], instance)?)));
        let Some((place, line)) = ready else { return };
        let (queue, site) = sources.consumers[place];
        self.data.queues.sources[service].turn = ((place + 1) % number) as u32;
        if !self.data.queues.queues[queue].groups.is_empty() {
            let group = self.data.queues.by_site[site].1 as usize;
            self.data.queues.queues[queue].lines[group][line].is_busy = true;
        }
        self.hand_over(queue, site, line, instance);
    }

    /// Gives the first message of a line, or a batch of them, to an instance.
    pub(super) fn hand_over(&mut self, queue: ServiceId, site: EdgeId, line: usize, instance: InstanceId) {
        let Some(message) = self.takes_out(queue, site, line, instance) else { return };
        let now = self.now;
        // What belongs to a saga is of the step that it is at.
        let at = &mut self.frames[message];
        at.edge = site;
        at.pc = self.program.client[site];
        at.start = now;
        // A saga is handed over until it has ended: the number goes round, as first and further deliveries alone are told apart.
        at.tries = if at.tries == u8::MAX { 2 } else { at.tries + 1 };
        let (tries, rank) = (at.tries, at.rank);
        let mut flags = if tries > 1 { AGAIN } else { at.flags & AGAIN };
        if self.data.queues.queues[queue].poison > 0.0 && self.is_poison(queue, message) {
            flags |= POISONED;
        }
        let key = self.delivered_as(message, site);
        let delivery = key.wrapping_add(ATTEMPT.wrapping_mul(u64::from(tries)));
        self.batch_sets_out(message, site, delivery);
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
        self.frames[callee] = Frame {
            key: delivery,
            seq: 0,
            waiter: Waiter::new(message, seq),
            arrived: now,
            start: 0,
            instance: instance.into(),
            pc: Pc::START,
            next: Link::NONE,
            edge: site,
            flags,
            tries: 0,
            attempt: tries,
            outcome: 0,
            phase: Phase::Arriving,
            rank,
        };
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

    fn model_has_saga(&self, queue: ServiceId) -> bool {
        matches!(&self.model.services[queue.index()].node, Node::Queue(of) if of.saga.is_some())
    }

    /// A message comes back to its queue: at once, or when its visibility timeout is over.
    pub(super) fn comes_back(&mut self, queue: ServiceId, message: FrameId, outcome: u8, consumer: &Consumer) {
        // Who turns it away at once does so again at this very moment.
        let is_at_once = self.now - self.frames[message].start < consumer.visibility_timeout.ns();
        let turned_away = consumer.max_deliveries == u32::MAX && outcome != Outcome::Unreachable as u8 && is_at_once;
        let hidden = if turned_away { TURNED_AWAY_NS } else { 0 };
        let hidden = hidden.max(self.backs_off(message, consumer));
        if hidden > 0 {
            return self.wakes_after(message, hidden, Phase::Message);
        }
        self.waits_again(queue, message, true);
    }

    /// A message waits in its queue again: in a topic at the end of its partition, or before all others there.
    pub(super) fn waits_again(&mut self, queue: ServiceId, message: FrameId, is_first: bool) {
        if self.data.queues.queues[queue].groups.is_empty() {
            self.wait_in_queue(queue, message);
            return self.offer(queue);
        }
        let group = self.data.queues.by_site[self.frames[message].edge].1 as usize;
        self.waits_in_line(queue, group, message, is_first);
        self.offers_line(queue, group, self.data.queues.line_of(message));
    }

    /// The visibility timeout of a message is over that nobody holds any more.
    pub(in crate::world) fn message_is_visible(&mut self, message: FrameId) {
        let Some(queue) = self.data.queues.by_site[self.frames[message].edge].0.get() else { return };
        self.frames[message].seq = 0;
        self.waits_again(queue, message, true);
    }

    /// The time to renew a message has come. True where the message stays invisible: its consumer is at work and renews it, or the rest of the
    /// visibility timeout begins.
    pub(in crate::world) fn stays_invisible(&mut self, message: FrameId, site: EdgeId) -> bool {
        let Some((every, rest)) = self.renews(site) else { return false };
        if !self.is_renewed(message, site) {
            // Those who wait for it still do, so that an answer that is on its way is heard.
            let until = self.now.saturating_add(rest);
            self.looks_at_renewal(message, every, until);
        }
        true
    }

    /// It is time to look again at a message that was not renewed: its consumer renews from the arrival of the delivery on. Who has not until the
    /// visibility timeout is over has lost it.
    pub(super) fn renewal_is_due(&mut self, message: FrameId, seq: u64, until: u64) {
        if self.frames[message].phase != Phase::Calling || !self.frames.waits_for(message, seq) {
            return;
        }
        let site = self.site_of(message);
        if self.is_renewed(message, site) {
            return;
        }
        match self.renews(site).filter(|_| self.now < until) {
            Some((every, _)) => self.looks_at_renewal(message, every, until),
            None => {
                let next = self.attempt_is_given_up(message, seq);
                self.ready.extend(next);
            }
        }
    }

    /// How often consumers renew a message [ns], and what is left then of its visibility timeout [ns]; `None` where they renew nothing.
    fn renews(&self, site: EdgeId) -> Option<(u64, u64)> {
        let (queue, number) = self.data.queues.by_site[site];
        let consumer = &self.data.queues.queues[queue.get()?].consumers[number as usize];
        let every = consumer.renew_every?.ns();
        Some((every, consumer.visibility_timeout.ns().saturating_sub(every)))
    }

    fn looks_at_renewal(&mut self, message: FrameId, every: u64, until: u64) {
        let seq = self.frames[message].seq;
        let at = self.now.saturating_add(every).min(until);
        self.schedule(at, Due::Renewal { message, seq, until });
    }

    /// Whether a consumer that is at work on a message begins its visibility timeout anew: its delivery goes on.
    fn is_renewed(&mut self, message: FrameId, site: EdgeId) -> bool {
        let (delivery, seq) = (self.frames[message].next.callee(), self.frames[message].seq);
        if !self.belongs(delivery, message, seq) {
            return false;
        }
        let at = &self.frames[delivery];
        // What is on its way to the consumer, or frozen there, renews nothing.
        let is_at_work = !matches!(at.phase, Phase::Arriving | Phase::HandedOver)
            && at.instance.get().is_some_and(|instance| self.stations.serves(instance));
        if !is_at_work {
            return false;
        }
        let lane = self.queue_timer(site);
        let (now, frames) = (self.now, &self.frames);
        let seq = self
            .lanes
            .push(&mut self.calendar, now, lane, crate::world::LANE, message.place(), |i, s| frames.wanted(i, s));
        self.frames[message].seq = seq;
        self.frames[delivery].waiter = Waiter::new(message, seq);
        true
    }

    fn queue_timer(&self, site: EdgeId) -> LaneId {
        let Some(lane) = self.calls.lane(site) else { unreachable!("a consumer's visibility timeout is constant") };
        lane
    }
}
