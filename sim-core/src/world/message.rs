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

use super::admit::Door;
use super::frame::{CLIENT, Frame, NONE, Phase, Rank};
use super::state::Life;
use super::{World, fact};
use crate::call::retry;
use crate::counters::count;
use crate::data::{self, Wrongness};
use crate::engine::rng::mix;
use crate::metrics::Histogram;
use crate::model::Model;
use crate::outcome::Outcome;
use crate::topology::{Consumer, Node};
use std::collections::VecDeque;

const MESSAGE: u64 = 0x81;

/// One queue while it runs.
#[derive(Default)]
struct Queue {
    capacity: u64,
    consumers: Vec<Consumer>,
    waiting: VecDeque<u32>,
    /// Messages that nobody takes: only counted.
    kept: u64,
    /// Ages of messages when they were done.
    ages: Histogram,
    /// Where the search for an idle instance begins.
    turn: u32,
}

/// All queues, by service; and which call sites hand messages over.
#[derive(Default)]
pub(super) struct Queues {
    queues: Vec<Queue>,
    /// By call site: its queue's service and its consumer, or `NONE`.
    by_site: Vec<(u32, u32)>,
}

impl Queues {
    pub(super) fn new(model: &Model) -> Self {
        let mut queues = Self { queues: Vec::new(), by_site: vec![(NONE, 0); model.edges.len()] };
        for (index, service) in model.services.iter().enumerate() {
            let mut queue = Queue::default();
            if let Node::Queue(settings) = &service.node {
                queue.capacity = settings.capacity;
                queue.consumers.clone_from(&settings.consumers);
                for (number, consumer) in settings.consumers.iter().enumerate() {
                    queues.by_site[consumer.edge.index()] = (index as u32, number as u32);
                }
            }
            queues.queues.push(queue);
        }
        queues
    }

    /// Ages of the messages of a queue when they were done; of all else there are none.
    pub(super) fn ages(&self, service: usize) -> &Histogram {
        &self.queues[service].ages
    }

    /// The same of all services in turn.
    pub(super) fn all_ages(&self) -> impl Iterator<Item = &Histogram> {
        self.queues.iter().map(|queue| &queue.ages)
    }

    /// Whether a call site hands messages over.
    #[inline]
    pub(super) fn owns(&self, site: u16) -> bool {
        self.by_site[site as usize].0 != NONE
    }

    /// The queue of a message that waits in it or is being worked on; `None` of every other frame.
    pub(super) fn queue_of(&self, frame: &Frame) -> Option<u32> {
        let is_message = frame.phase == Phase::Message || (frame.flags & CLIENT != 0 && self.owns(frame.edge));
        is_message.then(|| self.by_site[frame.edge as usize].0)
    }

    /// The queues from which a service takes messages.
    pub(super) fn feeding(&self, model: &Model, service: u32) -> Vec<u32> {
        let feeds = |queue: &Queue| {
            queue.consumers.iter().any(|c| {
                let endpoint = model.edges[c.edge.index()].callee;
                model.endpoints[endpoint.index()].service.0 == service
            })
        };
        (0..self.queues.len() as u32).filter(|&q| feeds(&self.queues[q as usize])).collect()
    }
}

impl World<'_> {
    /// `send`: the message is taken in, or there is no room.
    pub(super) fn enqueue(&mut self, frame: u32, queue: u32) -> Option<u32> {
        let at = &self.frames[frame];
        let (key, rank) = (mix(at.key, MESSAGE), at.rank);
        let request = self.request_of(frame);
        if !self.take_in(queue, key, rank, request) {
            return self.fail(frame, Outcome::Rejected as u8);
        }
        self.frames[frame].pc += 1;
        Some(frame)
    }

    fn take_in(&mut self, queue: u32, key: u64, rank: Rank, request: u64) -> bool {
        let state = &self.queues.queues[queue as usize];
        if state.waiting.len() as u64 + state.kept >= state.capacity {
            return false;
        }
        let Some(site) = state.consumers.first().map(|c| c.edge.0) else {
            self.queues.queues[queue as usize].kept += 1;
            self.enters(queue);
            if let Some(messages) = &mut self.services[queue as usize].messages {
                messages.waited += 1;
            }
            return true;
        };
        let message = self.new_client(site, key, 0);
        self.is_request(message, request);
        self.frames[message].phase = Phase::Message;
        self.frames[message].rank = rank;
        self.wait_in_queue(queue, message);
        self.offer(queue);
        true
    }

    fn wait_in_queue(&mut self, queue: u32, message: u32) {
        self.queues.queues[queue as usize].waiting.push_back(message);
        self.frames[message].start = self.now;
        self.enters(queue);
        self.backlog += 1;
    }

    /// A message begins to wait.
    fn enters(&mut self, queue: u32) {
        let at = &mut self.services[queue as usize];
        at.queue.enter(self.now);
        if let Some(messages) = &mut at.messages {
            messages.entered += 1;
        }
    }

    /// A message has waited, and is handed over.
    fn has_waited(&mut self, queue: u32, message: u32) {
        let waited = self.now - self.frames[message].start;
        let at = &mut self.services[queue as usize];
        at.queue.leave(self.now);
        if let Some(messages) = &mut at.messages {
            messages.handed += 1;
            messages.wait_sum = messages.wait_sum.wrapping_add(waited);
        }
        self.waits[queue as usize].record(waited);
        self.backlog -= 1;
    }

    /// A message is done.
    fn is_done(&mut self, queue: u32, message: u32) {
        let age = self.now - self.frames[message].arrived;
        if let Some(messages) = &mut self.services[queue as usize].messages {
            messages.done += 1;
            messages.age_sum = messages.age_sum.wrapping_add(age);
        }
        self.queues.queues[queue as usize].ages.record(age);
    }

    /// Looks for an idle instance of a consumer for the message that has just come.
    fn offer(&mut self, queue: u32) {
        self.offer_first(queue);
        if let (false, Some(messages)) =
            (self.queues.queues[queue as usize].waiting.is_empty(), &mut self.services[queue as usize].messages)
        {
            messages.waited += 1;
        }
    }

    /// Hands the message that waits first to an idle instance of a consumer, if there is one.
    fn offer_first(&mut self, queue: u32) {
        let consumers = self.queues.queues[queue as usize].consumers.len();
        for number in 0..consumers {
            let site = self.queues.queues[queue as usize].consumers[number].edge.0;
            let service = self.sites[site as usize].service as usize;
            let routable = &self.services[service].routable;
            if routable.is_empty() || u64::from(self.services[service].busy_now) >= self.idle_bound(service) {
                continue;
            }
            let turn = self.queues.queues[queue as usize].turn;
            let count = routable.len() as u32;
            let idle = (0..count).map(|i| routable[((turn + i) % count) as usize]).find(|&i| {
                let at = &self.instances[i as usize];
                at.free > 0 && at.life == Life::Up
            });
            if let Some(instance) = idle {
                self.queues.queues[queue as usize].turn = turn.wrapping_add(1);
                self.hand_over(queue, site, instance);
                return;
            }
        }
    }

    /// With so many workers busy none can be idle.
    fn idle_bound(&self, service: usize) -> u64 {
        let workers = self.model.services[service].workers.map_or(u64::MAX / 4096, u64::from);
        self.services[service].running.now * workers
    }

    /// An instance has a free worker and nobody waiting: it takes a message.
    pub(super) fn pull(&mut self, instance: u32, service: usize) {
        if self.instances[instance as usize].life != Life::Up || self.instances[instance as usize].free <= 0 {
            return;
        }
        for at in 0..self.services[service].pulls.len() {
            let queue = self.services[service].pulls[at];
            let state = &self.queues.queues[queue as usize];
            let site =
                state.consumers.iter().map(|c| c.edge.0).find(|&s| self.sites[s as usize].service as usize == service);
            if let (false, Some(site)) = (state.waiting.is_empty(), site) {
                self.hand_over(queue, site, instance);
                return;
            }
        }
    }

    /// Gives the first message of a queue to an instance.
    fn hand_over(&mut self, queue: u32, site: u32, instance: u32) {
        let Some(message) = self.queues.queues[queue as usize].waiting.pop_front() else { return };
        let now = self.now;
        self.has_waited(queue, message);
        let at = &mut self.frames[message];
        at.edge = site as u16;
        at.pc = self.program.client[site as usize];
        at.start = now;
        at.tries += 1;
        let (tries, key, rank) = (at.tries, at.key, at.rank);
        let lane = self.queue_timer(site);
        let frames = &self.frames;
        let seq = self.lanes.push(&mut self.calendar, now, lane, super::LANE, message, |i, s| frames.waits_for(i, s));
        let counts = &mut self.sites[site as usize].counts;
        counts.attempts += 1;
        // The message is the call, its deliveries are the attempts.
        if tries > 1 {
            count!(counts, retry::RETRIES);
        } else {
            counts.calls += 1;
        }
        let callee = self.frames.take();
        let new = &mut self.frames[callee];
        new.key = key.wrapping_add(super::call::ATTEMPT.wrapping_mul(u64::from(tries)));
        new.seq = 0;
        new.parent_seq = seq;
        new.arrived = now;
        new.parent = message;
        new.instance = instance;
        new.edge = site as u16;
        new.tries = 0;
        new.attempt = tries;
        new.outcome = 0;
        new.flags = 0;
        new.phase = Phase::Arriving;
        new.rank = rank;
        self.works_for(callee, message);
        let at = &mut self.frames[message];
        at.seq = seq;
        at.next = callee;
        at.phase = Phase::Calling;
        let network = self.sites[site as usize].network;
        let door = if network { self.depart_message(callee, site) } else { Some(self.admit(callee)) };
        match door {
            Some(Door::In) => self.ready.push(callee),
            Some(Door::Waits) | None => {}
            Some(Door::Lost) => {
                self.frames.release(callee);
            }
            Some(Door::Away(outcome)) => {
                let next = self.deliver(callee, outcome as u8);
                self.ready.extend(next);
            }
        }
    }

    fn queue_timer(&self, site: u32) -> u32 {
        match self.sites[site as usize].timer {
            super::state::Timer::Lane(lane) => lane,
            _ => unreachable!("a consumer's visibility timeout is constant"),
        }
    }

    /// A delivery has ended: the message is done, comes back, is set aside, or is lost.
    pub(super) fn delivery_ended(&mut self, message: u32, outcome: u8) -> Option<u32> {
        let at = self.frames[message];
        self.digest.fact(self.now, at.key, fact::DELIVERED | u64::from(outcome));
        let (queue, number) = self.queues.by_site[at.edge as usize];
        let consumer = self.queues.queues[queue as usize].consumers[number as usize].clone();
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
        self.sites[at.edge as usize].counts.call_outcomes[usize::from(outcome & 7)] += 1;
        self.frames.release(message);
        let request = self.request_of(message);
        let set_aside = consumer.dead_letter.is_some_and(|endpoint| {
            let service = self.model.endpoints[endpoint.index()].service.0;
            self.take_in(service, mix(at.key, MESSAGE), at.rank, request)
        });
        if !set_aside {
            count!(self.services[queue as usize].counts, data::MESSAGES_LOST);
            let endpoint = self.model.edges[at.edge as usize].callee.0;
            self.recorder.wrong(endpoint, Wrongness::LostMessage as u8);
        }
        None
    }
}

/// Whether a node is a queue.
pub(super) fn is_queue(node: &Node) -> bool {
    matches!(node, Node::Queue(_))
}
