//! Sagas that nobody coordinates: each step is an event of a topic, and its participant publishes the next.
//!
//! A saga is one message that goes from line to line: when a participant is done with its event, the message becomes the event of the next step, in
//! the line of that step's group. A step that has failed for good becomes the event of the first compensation. So what a saga knows of itself travels
//! with its events, and is the same as in a saga that is orchestrated (`sagas`).

use crate::ids::{EdgeId, ServiceId};
use crate::message::Consumer;
use crate::message::saga::Saga;
use crate::outcome::Outcome;
use crate::topology::Node;
use crate::world::World;
use crate::world::frame::{FrameId, Phase, Rank};

impl<'m> World<'m> {
    pub(super) fn saga_of(&self, queue: ServiceId) -> Option<&'m Saga> {
        match &self.model.services[queue.index()].node {
            Node::Queue(of) => of.saga.as_ref(),
            _ => None,
        }
    }
}

impl World<'_> {
    /// A saga begins that goes over a topic; false where it does not.
    pub(super) fn choreographs(&mut self, queue: ServiceId, key: u64, rank: Rank, sender: FrameId) -> bool {
        let Some(saga) = self.saga_of(queue).filter(|saga| saga.runner.is_none()) else { return false };
        let Some(first) = saga.steps.first().map(|step| step.action) else { return false };
        let topic = self.data.queues.by_site[first].0.known();
        let message = self.new_message(first, key, rank, sender);
        let line = self.partition_of(topic, key, sender);
        self.data.queues.keeps_line(message, line);
        self.saga_begins(queue, message);
        self.sends_event(message, first);
        true
    }

    /// A message becomes the event of a step of its saga.
    fn sends_event(&mut self, message: FrameId, site: EdgeId) {
        let at = &mut self.frames[message];
        at.edge = site;
        (at.seq, at.tries, at.outcome, at.phase) = (0, 0, 0, Phase::Message);
        let (topic, group) = self.data.queues.by_site[site];
        let (topic, group) = (topic.known(), group as usize);
        self.group_lags(site, 0, 1);
        self.waits_in_line(topic, group, message, false);
        self.offers_line(topic, group, self.data.queues.line_of(message));
    }

    /// The identity of the call by which a message is handed over, where it is an event of a saga.
    pub(super) fn event_of_saga(&self, message: FrameId, site: EdgeId) -> Option<u64> {
        self.data.sagas.has(site).then(|| self.calls.call_of_key(self.data.sagas.key_of(message), site))
    }

    /// A participant is done with an event of a saga, or has failed.
    pub(super) fn event_ended(&mut self, message: FrameId, outcome: u8, topic: ServiceId, consumer: &Consumer) {
        let at = &mut self.frames[message];
        let site = at.edge;
        let is_done = outcome <= Outcome::Degraded as u8;
        if !is_done && u32::from(at.tries) < consumer.max_deliveries {
            (at.seq, at.outcome, at.phase) = (0, 0, Phase::Message);
            return self.comes_back(topic, message, outcome, consumer);
        }
        self.group_lags(site, 1, 0);
        if !is_done {
            self.calls.counts(site).call_outcomes[usize::from(outcome & 7)] += 1;
        }
        let Some(saga) = self.data.sagas.saga_of(site) else { return };
        match self.saga_after(message, site, Outcome::ALL[usize::from(outcome & 7)]) {
            Some(next) => self.sends_event(message, next),
            None => {
                self.is_done(saga, message);
                self.frames.release(message);
            }
        }
    }
}
