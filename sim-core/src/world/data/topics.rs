//! Topics while they run: partitions, the groups that take from them, and who takes from which.
//!
//! A message of a topic becomes a message for each group, which waits in the line of its partition. A line hands over one message, or one batch, at a
//! time, to the instance that owns it, and the next when that has ended: so messages of one key are done in order. A message that fails is tried
//! again before those behind it.
//!
//! The members of a group are looked at when an instance of its service comes, goes or crashes ([`World::members_may_change`]).

use super::message::{MessageLine, Queue};
use crate::counters::{count, level};
use crate::engine::rng::mix;
use crate::engine::table::Maybe;
use crate::ids::{EdgeId, InstanceId, ServiceId};
use crate::message::topic::{self, Topic};
use crate::metrics::LevelAt;
use crate::topology::Node;
use crate::world::World;
use crate::world::data::Due;
use crate::world::frame::{FrameId, Rank};

const PARTITION: u64 = 0x82;
/// Keeps the messages of several groups apart.
const GROUP: u64 = 0x9e37_79b9_7f4a_7c15;

/// The identity of a message, without that of the group for which it is.
pub(super) fn of_all_groups(key: u64, group: u32) -> u64 {
    key.wrapping_sub(GROUP.wrapping_mul(u64::from(group)))
}

/// The identity of a message for one group.
pub(super) fn of_group(key: u64, group: u32) -> u64 {
    key.wrapping_add(GROUP.wrapping_mul(u64::from(group)))
}

impl World<'_> {
    /// The partition of a message that works for the request for which `sender` does.
    pub(super) fn partition_of(&self, topic: ServiceId, key: u64, sender: FrameId) -> usize {
        let Some(topic) = self.topic(topic) else { return 0 };
        let of = topic.key.map_or(key, |space| self.data.key_in(space, self.request_of(sender)));
        (mix(of, PARTITION) % u64::from(topic.partitions)) as usize
    }

    fn topic(&self, queue: ServiceId) -> Option<&Topic> {
        match &self.model.services[queue.index()].node {
            Node::Queue(of) => of.topic.as_ref(),
            _ => None,
        }
    }

    /// A message of a topic is put into a line of each group.
    pub(super) fn publish(&mut self, queue: ServiceId, key: u64, rank: Rank, sender: FrameId) {
        let partition = self.partition_of(queue, key, sender);
        for number in 0..self.data.queues.queues[queue].consumers.len() {
            if self.data.queues.queues[queue].consumers[number].is_of_saga {
                continue;
            }
            let site = self.data.queues.queues[queue].consumers[number].edge;
            let key = of_group(key, number as u32);
            let message = self.new_message(site, key, rank, sender);
            self.data.queues.keeps_line(message, partition);
            self.group_lags(site, 0, 1);
            self.waits_in_line(queue, number, message, false);
            if !self.offers_line(queue, number, partition) {
                self.stations.message_waits(queue);
            }
        }
    }

    /// Messages are added to those that a group is not done with, or taken away.
    pub(super) fn group_lags(&mut self, site: EdgeId, before: u64, after: u64) {
        let guard = self.model.edges[site.index()].guard;
        self.levels.moves(LevelAt::calls(const { level(&topic::LAG) }, guard), self.now, before, after);
    }

    /// A message waits in its line, at the end or before all others.
    pub(super) fn waits_in_line(&mut self, queue: ServiceId, group: usize, message: FrameId, is_first: bool) {
        let line = self.data.queues.line_of(message);
        let at = &mut self.data.queues.queues[queue].lines[group][line];
        if is_first {
            at.waiting.push_front(message);
        } else {
            at.waiting.push_back(message);
        }
        self.enters_queue(queue, message);
    }

    /// Hands the first message of a line to its owner, if that has a free worker; false where nothing was handed over.
    pub(super) fn offers_line(&mut self, queue: ServiceId, group: usize, line: usize) -> bool {
        self.begins_group(queue, group);
        let of = &self.data.queues.queues[queue];
        let at = &of.lines[group][line];
        if of.groups[group].is_paused || at.is_busy || at.waiting.is_empty() {
            return false;
        }
        let site = of.consumers[group].edge;
        let Some(owner) = at.owner.get().filter(|&owner| self.takes_one_more(queue, group, owner)) else {
            return false;
        };
        if !self.has_batch(queue, group, line) {
            return false;
        }
        self.data.queues.queues[queue].lines[group][line].is_busy = true;
        self.hand_over(queue, site, line, owner);
        true
    }

    /// A line is free for its next message.
    pub(super) fn line_goes_on(&mut self, queue: ServiceId, group: usize, line: usize) {
        self.data.queues.queues[queue].lines[group][line].is_busy = false;
        self.offers_line(queue, group, line);
    }

    /// The first line of a group with messages that this instance may take.
    pub(super) fn line_for(&self, queue: ServiceId, group: usize, instance: InstanceId) -> Option<usize> {
        let of = &self.data.queues.queues[queue];
        if of.groups.get(group).is_some_and(|group| group.is_paused) {
            return None;
        }
        let is_ready =
            |line: &MessageLine| !line.is_busy && line.owner == Maybe::from(instance) && !line.waiting.is_empty();
        // The one whose first message has waited longest, so that no partition starves.
        let lines = of.lines[group].iter().enumerate().filter(|(_, line)| is_ready(line));
        let since = |line: &MessageLine| line.waiting.front().map_or(u64::MAX, |&first| self.frames[first].start);
        let first = lines.min_by_key(|(place, line)| (since(line), *place)).map(|(place, _)| place)?;
        self.has_batch(queue, group, first).then_some(first)
    }

    /// The members of a group as they are: instances of its service that take requests.
    fn members_now(&self, queue: ServiceId, group: usize) -> Vec<InstanceId> {
        let service = self.calls.callee(self.data.queues.queues[queue].consumers[group].edge);
        let places = self.stations.ids_of(service);
        places.filter(|&instance| self.stations.serves(instance) && self.stations.is_registered(instance)).collect()
    }

    /// Before its first message a group has its members, and shares the partitions without a pause.
    fn begins_group(&mut self, queue: ServiceId, group: usize) {
        let at = &self.data.queues.queues[queue].groups[group];
        if at.members.is_empty() && at.generation == 0 {
            self.shares_out(queue, group);
        }
    }

    fn shares_out(&mut self, queue: ServiceId, group: usize) {
        let members = self.members_now(queue, group);
        let at: &mut Queue = &mut self.data.queues.queues[queue];
        for (place, line) in at.lines[group].iter_mut().enumerate() {
            line.owner = members.get(place % members.len().max(1)).copied().map_or(Maybe::NONE, Maybe::from);
        }
        at.groups[group].members = members;
    }

    /// Instances of a service came up, went down, or are not asked any more: the groups that they are members of look whether they are still there.
    pub(in crate::world) fn members_may_change(&mut self, service: ServiceId) {
        if self.data.queues.topics.is_empty() {
            return;
        }
        for queue in self.data.queues.topics.clone() {
            for group in 0..self.data.queues.queues[queue].consumers.len() {
                if self.calls.callee(self.data.queues.queues[queue].consumers[group].edge) == service {
                    self.looks_at_group(queue, group);
                }
            }
        }
    }

    fn looks_at_group(&mut self, queue: ServiceId, group: usize) {
        let now = self.members_now(queue, group);
        let at = &mut self.data.queues.queues[queue].groups[group];
        // Who is heard again has its next silence from its own beginning.
        at.silent.retain(|member, _| !now.contains(member));
        if at.members == now || at.members.is_empty() && at.generation == 0 {
            return;
        }
        let gone: Vec<InstanceId> = at.members.iter().filter(|member| !now.contains(member)).copied().collect();
        let came = now.iter().any(|member| !at.members.contains(member));
        let left = gone.iter().any(|member| self.stations.serves(*member));
        if came || left {
            return self.begins_rebalance(queue, group);
        }
        // Nobody has said that it goes: that is noticed when nothing was heard of it for long enough.
        let ends = self.now.saturating_add(self.topic(queue).map_or(0, |topic| topic.rebalance.session_timeout.ns()));
        for member in gone {
            let at = &mut self.data.queues.queues[queue].groups[group];
            if at.silent.contains_key(&member) {
                continue;
            }
            at.silences += 1;
            let number = at.silences;
            at.silent.insert(member, number);
            self.schedule(ends, Due::SessionEnds { queue, group: group as u32, member, number });
        }
    }

    /// So long was nothing heard of a member.
    pub(super) fn session_ends(&mut self, queue: ServiceId, group: usize, member: InstanceId, number: u32) {
        if self.data.queues.queues[queue].groups[group].silent.get(&member) == Some(&number) {
            self.begins_rebalance(queue, group);
        }
    }

    fn begins_rebalance(&mut self, queue: ServiceId, group: usize) {
        let takes = self.topic(queue).map_or(0, |topic| topic.rebalance.takes.ns());
        let at = &mut self.data.queues.queues[queue].groups[group];
        at.generation += 1;
        at.is_paused = true;
        at.silent.clear();
        // So that the next look compares with those for whom it is done.
        let generation = at.generation;
        self.data.queues.queues[queue].groups[group].members = self.members_now(queue, group);
        count!(self.stations.counts(queue), topic::REBALANCES);
        self.schedule(self.now.saturating_add(takes), Due::Rebalanced { queue, group: group as u32, generation });
    }

    /// The partitions of a group are shared out.
    pub(super) fn rebalanced(&mut self, queue: ServiceId, group: usize, generation: u32) {
        let at = &mut self.data.queues.queues[queue].groups[group];
        if at.generation != generation {
            return;
        }
        at.is_paused = false;
        self.shares_out(queue, group);
        for line in 0..self.data.queues.queues[queue].lines[group].len() {
            self.offers_line(queue, group, line);
        }
        // What has changed during the pause.
        self.looks_at_group(queue, group);
    }
}
