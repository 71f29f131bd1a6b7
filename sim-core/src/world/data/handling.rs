//! What becomes of messages: which are handed over together, who holds how many, what follows when a delivery has ended, and messages that were set
//! aside.
//!
//! A batch is handed over as its first message: the others wait with it, and what becomes of that becomes of all of them. Messages that were set
//! aside in a queue with `redrive` keep their frames, and so the queue from which they came, and their keys: what fails on every consumer still does,
//! until the fault that makes it so is over.

use super::Due;
use super::message::MESSAGE;
use crate::call::retry;
use crate::counters::{count, part};
use crate::data::{self, Cause, Wrongness};
use crate::engine::rng::{Keyed, mix};
use crate::ids::{EdgeId, InstanceId, ServiceId};
use crate::message::{Consumer, Redrive};
use crate::metrics::PartAt;
use crate::outcome::Outcome;
use crate::topology::Node;
use crate::world::frame::{FrameId, Phase};
use crate::world::{World, fact};

const POISON: u64 = 0x83;
const AGAIN_AFTER: u64 = 0x84;

impl World<'_> {
    /// Whether an instance takes a message more: it has a free worker, or holds fewer than it may.
    pub(super) fn takes_one_more(&self, queue: ServiceId, number: usize, instance: InstanceId) -> bool {
        let of = &self.data.queues.queues[queue];
        match of.consumers[number].prefetch {
            None => self.stations.is_idle(instance),
            Some(most) => {
                let held = of.held.get(&(number as u32, instance)).copied().unwrap_or(0);
                held < most && self.stations.serves(instance) && self.stations.is_registered(instance)
            }
        }
    }

    /// The line from which an instance may take a message of a consumer.
    pub(super) fn ready_line(&self, (queue, site): (ServiceId, EdgeId), instance: InstanceId) -> Option<usize> {
        let of = &self.data.queues.queues[queue];
        let number = self.data.queues.by_site[site].1 as usize;
        if !of.groups.is_empty() {
            return self.line_for(queue, number, instance);
        }
        let is_ready = !of.lines[0][0].waiting.is_empty()
            && self.takes_one_more(queue, number, instance)
            && self.has_batch(queue, number, 0);
        is_ready.then_some(0)
    }

    /// Whether as many messages wait in a line as are handed over together, or the first has waited long enough for them.
    pub(super) fn has_batch(&self, queue: ServiceId, number: usize, line: usize) -> bool {
        let of = &self.data.queues.queues[queue];
        let Some(batch) = of.consumers[number].batch else { return true };
        let group = if of.groups.is_empty() { 0 } else { number };
        let waiting = &of.lines[group][line].waiting;
        let since = waiting.front().map_or(u64::MAX, |&first| self.frames[first].start);
        waiting.len() as u64 >= u64::from(batch.count) || since.saturating_add(batch.max_wait.ns()) <= self.now
    }

    /// When the first messages have waited long enough for others [ns]; none where no consumer takes batches.
    fn batch_waits_until(&self, queue: ServiceId) -> Option<u64> {
        let of = &self.data.queues.queues[queue];
        let consumers =
            of.consumers.iter().enumerate().filter_map(|(number, consumer)| Some((number, consumer.batch?)));
        let due = consumers.flat_map(|(number, batch)| {
            let group = if of.groups.is_empty() { 0 } else { number };
            let firsts = of.lines[group].iter().filter_map(|line| line.waiting.front());
            firsts.map(move |&first| self.frames[first].start.saturating_add(batch.max_wait.ns()))
        });
        due.filter(|due| *due > self.now).min()
    }

    /// A message has come that may have to wait for others.
    pub(super) fn batch_begins(&mut self, queue: ServiceId) {
        let of = &self.data.queues.queues[queue];
        if of.batch_is_due || of.consumers.iter().all(|consumer| consumer.batch.is_none()) {
            return;
        }
        if let Some(due) = self.batch_waits_until(queue) {
            self.data.queues.queues[queue].batch_is_due = true;
            self.schedule(due, Due::BatchWaits { queue });
        }
    }

    /// Messages have waited long enough: those whose consumers are free are handed over.
    pub(super) fn batch_has_waited(&mut self, queue: ServiceId) {
        self.data.queues.queues[queue].batch_is_due = false;
        self.offers_all(queue);
        self.batch_begins(queue);
    }

    fn offers_all(&mut self, queue: ServiceId) {
        if self.data.queues.queues[queue].groups.is_empty() {
            let waiting = |world: &Self| world.data.queues.queues[queue].lines[0][0].waiting.len();
            loop {
                let before = waiting(self);
                self.offer_first(queue);
                if waiting(self) == before {
                    return;
                }
            }
        }
        for group in 0..self.data.queues.queues[queue].lines.len() {
            for line in 0..self.data.queues.queues[queue].lines[group].len() {
                self.offers_line(queue, group, line);
            }
        }
    }

    /// Takes the first message out of a line, with those that are handed over together with it.
    pub(super) fn takes_out(
        &mut self,
        queue: ServiceId,
        site: EdgeId,
        line: usize,
        instance: InstanceId,
    ) -> Option<FrameId> {
        let of = &mut self.data.queues.queues[queue];
        let number = self.data.queues.by_site[site].1;
        let group = if of.groups.is_empty() { 0 } else { number as usize };
        let Consumer { batch, prefetch, .. } = of.consumers[number as usize];
        let held = of.held.get(&(number, instance)).copied().unwrap_or(0);
        let free = prefetch.map_or(u32::MAX, |most| most.saturating_sub(held));
        let most = batch.map_or(1, |batch| batch.count).min(free) as usize;
        let waiting = &mut of.lines[group][line].waiting;
        let together: Vec<FrameId> = waiting.drain(..most.min(waiting.len())).collect();
        let (&first, others) = together.split_first()?;
        if prefetch.is_some() {
            *of.held.entry((number, instance)).or_insert(0) += together.len() as u32;
            self.data.queues.holders.insert(first, instance);
        }
        for &message in &together {
            self.has_waited(queue, message);
        }
        for &message in others {
            let at = &mut self.frames[message];
            at.edge = site;
            at.tries = at.tries.saturating_add(1);
            // Each message is a call, of which the delivery of the batch is an attempt.
            if at.tries == 1 {
                self.calls.counts(site).calls += 1;
            }
        }
        if !others.is_empty() {
            self.data.queues.batches.insert(first, others.to_vec());
        }
        Some(first)
    }

    /// The identity of the call of which the deliveries of a message are attempts.
    pub(super) fn delivered_as(&self, message: FrameId, site: EdgeId) -> u64 {
        self.event_of_saga(message, site).unwrap_or(self.frames[message].key)
    }

    /// Whether a message, or one that is handed over with it, fails on every consumer.
    pub(super) fn is_poison(&self, queue: ServiceId, message: FrameId) -> bool {
        let probability = self.data.queues.queues[queue].poison;
        let is_topic = !self.data.queues.queues[queue].groups.is_empty();
        let group = if is_topic { self.data.queues.by_site[self.frames[message].edge].1 } else { 0 };
        let fails = |message: &FrameId| {
            let key = super::topics::of_all_groups(self.frames[*message].key, group);
            Keyed::new(mix(key, POISON)).unit() < probability
        };
        fails(&message) || self.data.queues.batches.get(&message).is_some_and(|others| others.iter().any(fails))
    }

    /// How long a message that has failed waits before it is handed over again [ns].
    pub(super) fn backs_off(&self, message: FrameId, consumer: &Consumer) -> u64 {
        let at = &self.frames[message];
        let wait = |backoff: &retry::Backoff| backoff.wait_ns(u32::from(at.tries), mix(at.key, AGAIN_AFTER));
        consumer.backoff.as_ref().map_or(0, wait)
    }

    /// A delivery has ended: its messages are done, come back, are set aside, or are lost.
    pub(in crate::world) fn delivery_ended(&mut self, message: FrameId, outcome: u8) -> Option<FrameId> {
        let at = self.frames[message];
        self.digest.fact(self.now, at.key, fact::DELIVERED | u64::from(outcome));
        let (queue, number) = self.data.queues.by_site[at.edge];
        let queue = queue.known();
        let is_topic = !self.data.queues.queues[queue].groups.is_empty();
        let line = self.data.queues.line_of(message);
        let others = self.data.queues.batches.remove(&message).unwrap_or_default();
        let count = 1 + others.len() as u32;
        let holder = self.data.queues.holders.remove(&message);
        let consumer = self.data.queues.queues[queue].consumers[number as usize].clone();
        if consumer.is_of_saga {
            self.event_ended(message, outcome, queue, &consumer);
        } else {
            if outcome <= Outcome::Degraded as u8 {
                // The call of the first message is counted where its answer is heard.
                self.calls.counts(at.edge).call_outcomes[usize::from(outcome)] += others.len() as u64;
            }
            let together = std::iter::once(message).chain(others);
            if is_topic {
                // The last first, as each goes before all that wait.
                together
                    .collect::<Vec<_>>()
                    .into_iter()
                    .rev()
                    .for_each(|one| self.one_ended(one, outcome, queue, &consumer));
            } else {
                together.for_each(|one| self.one_ended(one, outcome, queue, &consumer));
            }
        }
        if let Some(instance) = holder {
            self.lets_go(queue, number, instance, count);
        }
        if is_topic {
            self.line_goes_on(queue, number as usize, line);
        }
        None
    }

    fn one_ended(&mut self, message: FrameId, outcome: u8, queue: ServiceId, consumer: &Consumer) {
        let at = self.frames[message];
        let is_topic = !self.data.queues.queues[queue].groups.is_empty();
        if outcome > Outcome::Degraded as u8
            && (consumer.max_deliveries == u32::MAX || u32::from(at.tries) < consumer.max_deliveries)
        {
            let at = &mut self.frames[message];
            at.seq = 0;
            at.outcome = 0;
            at.phase = Phase::Message;
            return self.comes_back(queue, message, outcome, consumer);
        }
        if is_topic {
            self.group_lags(at.edge, 1, 0);
        }
        if outcome <= Outcome::Degraded as u8 {
            self.is_done(queue, message);
            self.frames.release(message);
            return;
        }
        self.calls.counts(at.edge).call_outcomes[usize::from(outcome & 7)] += 1;
        if !self.is_set_aside(message, consumer) {
            count!(self.stations.counts(queue), data::MESSAGES_LOST);
            self.recorder.wrong_arises(at.edge, Wrongness::LostMessage as u8);
            self.lists_wrong(at.edge, Wrongness::LostMessage as u8, Cause::Deliveries, Some(message));
        }
    }

    /// A message that nobody could handle goes to the dead-letter queue, if there is one with room; else it is given back.
    fn is_set_aside(&mut self, message: FrameId, consumer: &Consumer) -> bool {
        let at = self.frames[message];
        let dead = consumer.dead_letter.map(|endpoint| self.model.endpoints[endpoint.index()].service);
        if let Some(dead) = dead.filter(|&dead| self.redrive_of(dead).is_some())
            && self.stations.messages_in(dead) < self.data.queues.queues[dead].capacity
        {
            let at = &mut self.frames[message];
            (at.seq, at.outcome, at.tries, at.phase) = (0, 0, 0, Phase::Message);
            self.enters_queue(dead, message);
            self.data.queues.queues[dead].dead.push_back(message);
            self.stations.message_waits(dead);
            return true;
        }
        self.frames.release(message);
        dead.is_some_and(|dead| self.take_in(dead, mix(at.key, MESSAGE), at.rank, message))
    }

    /// An instance holds so many messages less, and takes the next.
    fn lets_go(&mut self, queue: ServiceId, number: u32, instance: InstanceId, count: u32) {
        if let Some(held) = self.data.queues.queues[queue].held.get_mut(&(number, instance)) {
            *held -= count;
        }
        self.offers_all(queue);
    }

    fn redrive_of(&self, queue: ServiceId) -> Option<Redrive> {
        match &self.model.services[queue.index()].node {
            Node::Queue(of) => of.redrive,
            _ => None,
        }
    }

    /// Plans when messages that were set aside go back.
    pub(in crate::world) fn plan_redrives(&mut self) {
        for queue in (0..self.model.services.len()).map(ServiceId::from) {
            if let Some(redrive) = self.redrive_of(queue) {
                self.schedule(self.zero.saturating_add(redrive.at.ns()), Due::Redrives { queue });
            }
        }
    }

    /// The messages that were set aside until now go back, one after the other: where others still do, behind those.
    pub(super) fn redrives(&mut self, queue: ServiceId) {
        let at = &mut self.data.queues.queues[queue];
        let is_under_way = std::mem::replace(&mut at.to_redrive, at.dead.len() as u64) > 0;
        if !is_under_way && at.to_redrive > 0 {
            let first = at.next_redrive.max(self.now);
            self.schedule(first, Due::RedrivesOne { queue });
        }
        if let Some(every) = self.redrive_of(queue).and_then(|redrive| redrive.every) {
            self.schedule(self.now.saturating_add(every.ns()), Due::Redrives { queue });
        }
    }

    /// A message goes back to the queue from which it came.
    pub(super) fn redrives_one(&mut self, queue: ServiceId) {
        let per_second = self.redrive_of(queue).map_or(1.0, |redrive| redrive.per_second);
        let next = self.now.saturating_add(((1e9 / per_second) as u64).max(1));
        let at = &mut self.data.queues.queues[queue];
        at.to_redrive = at.to_redrive.saturating_sub(1);
        at.next_redrive = next;
        let left = at.to_redrive;
        let Some(message) = at.dead.pop_front() else { return };
        self.has_waited(queue, message);
        count!(self.stations.counts(queue), data::REDRIVEN);
        let site = self.frames[message].edge;
        if let Some(origin) = self.data.queues.by_site[site].0.get() {
            if !self.data.queues.queues[origin].groups.is_empty() {
                self.group_lags(site, 0, 1);
            }
            self.waits_again(origin, message, false);
        }
        if left > 0 {
            self.schedule(next, Due::RedrivesOne { queue });
        }
    }

    /// A message is done.
    pub(super) fn is_done(&mut self, queue: ServiceId, message: FrameId) {
        let age = self.now - self.frames[message].arrived;
        self.times.record(PartAt::service(const { part(&data::AGE) }, queue), age);
    }
}
