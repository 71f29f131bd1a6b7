//! Topics: queues whose messages go to each of their consumers.

use super::Compiler;
use crate::written::topic::TopicSettings;
use sim_core::message::Queue;
use sim_core::message::topic::Topic;
use sim_core::problem::Problems;
use sim_core::topology::Node;

impl Compiler<'_> {
    pub(super) fn topics(&mut self, problems: &mut Problems) {
        let written = self.written;
        problems.at("topics", |p| {
            for (name, settings) in written.topics.iter() {
                p.at(name, |p| self.topic(name, settings, p));
            }
        });
    }

    fn topic(&mut self, name: &str, settings: &TopicSettings, problems: &mut Problems) {
        settings.validate(problems);
        let id = self.names.services[name];
        let consumers = problems.at("consumers", |p| {
            let all = settings.consumers.iter();
            all.filter_map(|(consumer, settings)| p.at(consumer, |p| self.consumer(name, id, settings, p))).collect()
        });
        if let Some(zone) = settings.zone.as_ref().and_then(|zone| self.names.zone("zone", zone, problems)) {
            self.model.services[id.index()].zones = vec![zone];
        }
        let key = settings.key.as_ref().and_then(|key| self.names.key_space("key", key, problems));
        let topic = Topic { partitions: settings.partitions.get_u32(), key, rebalance: settings.rebalance };
        self.model.services[id.index()].node =
            Node::Queue(Queue { capacity: settings.capacity.get(), consumers, topic: Some(topic), ..Queue::default() });
    }
}
