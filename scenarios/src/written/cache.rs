//! The section `caches`: what keeps values that others have made.

use super::node::{NodeKeys, with_node_keys};
use super::step::StepSettings;
use sim_core::data::cache::{CoalesceSettings, ContentsSettings, EarlySettings};
use sim_core::problem::Problems;
use sim_core::units::SimDuration;

with_node_keys! {
    /// A cache: keeps values, so that they need not be made for each request. With `steps` it has instances, which are called over the network;
    /// without, it lies in the memory of each instance that looks something up.
    CacheSettings {
        /// What is in it: a share of hits, or keys. Required.
        #[serde(skip_serializing_if = "Option::is_none")]
        contents: Option<ContentsSettings>,
        /// What an instance does for a lookup or an invalidation; default none, and then the cache has no instances.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        steps: Vec<StepSettings>,
        /// How far those who miss the same key wait for one of them; default not at all.
        #[serde(skip_serializing_if = "Option::is_none")]
        coalesce: Option<CoalesceSettings>,
        /// When a value is made anew before it expires; default never.
        #[serde(skip_serializing_if = "Option::is_none")]
        early: Option<EarlySettings>,
        /// For how long an expired value is still given, while one request at a time makes it anew in the background; default not at all. It is a
        /// stale read.
        #[serde(skip_serializing_if = "Option::is_none")]
        stale_while_revalidate: Option<SimDuration>,
    }
}

impl CacheSettings {
    /// Whether it lies in the memory of its callers.
    pub fn is_local(&self) -> bool {
        self.steps.is_empty()
    }

    /// Problems of the settings by themselves.
    pub fn validate(&self, problems: &mut Problems) {
        let Some(contents) = &self.contents else {
            problems.error("contents", "the cache does not say what is in it").hint =
                Some("write contents: {keyed: {key: NAME, ttl: 10m}}, or {fixed: {hit_ratio: 90%}}".into());
            return;
        };
        problems.at("contents", |p| contents.validate(p));
        if let Some(coalesce) = self.coalesce {
            problems.at("coalesce", |p| coalesce.validate(p));
        }
        let needs = [
            ("coalesce", self.coalesce.is_some(), contents.key().is_some(), "keys, to tell who misses the same"),
            (
                "early",
                self.early.is_some(),
                contents.key().is_some() && contents.ttl().is_some(),
                "keyed contents with a ttl",
            ),
            (
                "stale_while_revalidate",
                self.stale_while_revalidate.is_some(),
                contents.key().is_some() && contents.ttl().is_some(),
                "keyed contents with a ttl",
            ),
        ];
        for (key, is_written, is_possible, what) in needs {
            if is_written && !is_possible {
                problems.error(key, format!("{key} needs {what}")).hint =
                    Some("write contents: {keyed: {key: NAME, ttl: 10m}}".into());
            }
        }
        if self.stale_while_revalidate.is_some_and(SimDuration::is_zero) {
            problems.error("stale_while_revalidate", "no expired value is given for no time").hint =
                Some("write stale_while_revalidate: 60s, or leave it out".into());
        }
        if self.is_local() {
            self.has_no_instances(problems);
        }
    }

    /// What is said of instances that are not there.
    fn has_no_instances(&self, problems: &mut Problems) {
        let NodeKeys {
            instances,
            need,
            zones,
            workers,
            machine,
            queue,
            admission,
            start_up,
            warm_up,
            slow_start,
            health,
            labels,
            version,
            is_async,
        } = self.node_keys();
        let written = [
            ("instances", instances.is_some()),
            ("need", need.is_some()),
            ("zones", zones.is_some()),
            ("workers", workers.is_some()),
            ("machine", machine.is_some()),
            ("queue", queue.is_some()),
            ("admission", admission.is_some()),
            ("start_up", start_up.is_some()),
            ("warm_up", warm_up.is_some()),
            ("slow_start", slow_start.is_some()),
            ("health", health.is_some()),
            ("labels", labels.is_some()),
            ("version", version.is_some()),
            ("async", is_async.is_some()),
        ];
        for (key, _) in written.into_iter().filter(|(_, is_written)| *is_written) {
            problems.error(key, "a cache without steps lies in the memory of its callers, and has no instances").hint =
                Some("write what an instance of it does for a lookup, as steps: [{work: 0.2ms}]".into());
        }
    }
}
