//! Nodes behind instances: an instance that is ordered needs a place on one.

use super::situation::{Situation, Wish};
use crate::dist::Distribution;
use crate::problem::Problems;
use crate::results::Held;
use crate::units::{Count, SimDuration};
use serde::{Deserialize, Serialize};

/// Nodes behind the instances of a service, and an autoscaler that provides them.
///
/// # What it models
/// A node has `instances_per_node` places. An instance that is ordered and finds a place on a node that is ready starts there, after its `start_up`;
/// the first on a node that has just come pulls its image first. One that finds none waits, pending, and all who wait get the places of the next node
/// that is ready, or that another instance leaves, first come, first served.
///
/// The scaler looks each `every` (10s is usual) and wants as many nodes as hold all instances, the pending ones too, and `spare_nodes` on top. A node
/// that it orders is ready after `provision`. A node without instances is given back when it was not needed for `unneeded`. `min` and `max` are of
/// nodes.
///
/// While the provider has no capacity (`shortages`) an order fails, and the next is tried after `backoff`, twice as long after each failure up to
/// half an hour.
///
/// The level `nodes` is how many are ready, `pending_instances` how many wait for one: `average(api.nodes)`, `most(api.pending_instances)`.
///
/// It differs from the Cluster Autoscaler in this: nodes hold the instances of this service alone and do not fail by themselves (a fault strikes
/// instances), and nothing is moved from one node to another to empty it. An instance is paid for from its order on; nodes have no price of their
/// own.
///
/// # When to use it
/// Beside the scaler of the instances, to see what the second delay does: that of the machines.
///
/// # Knobs
/// - `instances_per_node`: count; required
/// - `provision`: from order to ready, duration or distribution; required
/// - `spare_nodes`: count, default 0
/// - `image_pull`: for the first instance on a new node, duration or distribution, default 0s
/// - `unneeded`: how long a node stays without instances, duration, default 10m
/// - `shortages`: list of `at` and `for`, durations, default none
/// - `backoff`: after an order that failed, duration, default 5m
///
/// # Example
/// ```yaml
/// control:
///   scalers:
///     nodes:
///       of: api
///       use: {cluster: {instances_per_node: 4, spare_nodes: 1, provision: {lognormal: {p50: 2m, p99: 6m}}}}
///       every: 10s
///       max: 12
/// ```
///
/// # Source
/// kubernetes/autoscaler, Cluster Autoscaler FAQ: `scan-interval` 10 s, `scale-down-unneeded-time` 10 min, backoff 5 min to 30 min.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClusterSettings {
    /// Places on a node.
    pub instances_per_node: Count,
    /// From order to ready.
    pub provision: Distribution,
    /// Nodes on top of those that are needed.
    #[serde(default)]
    pub spare_nodes: Count,
    /// For the first instance on a new node.
    #[serde(default = "at_once")]
    pub image_pull: Distribution,
    /// How long a node stays without instances.
    #[serde(default = "ten_minutes")]
    pub unneeded: SimDuration,
    /// When the provider has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shortages: Vec<ShortageSettings>,
    /// After an order that failed.
    #[serde(default = "five_minutes")]
    pub backoff: SimDuration,
}

/// A stretch of time in which the provider has no nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShortageSettings {
    /// Begin, from time 0.
    pub at: SimDuration,
    /// How long it lasts.
    #[serde(rename = "for")]
    pub length: SimDuration,
}

fn at_once() -> Distribution {
    Distribution::constant(SimDuration::ZERO)
}

fn minutes(count: u64) -> SimDuration {
    SimDuration::from_ns(60 * count * SimDuration::SECOND.ns())
}

fn ten_minutes() -> SimDuration {
    minutes(10)
}

fn five_minutes() -> SimDuration {
    minutes(5)
}

/// The longest time after which a failed order is tried again [ns].
pub const LONGEST_BACKOFF_NS: u64 = 30 * 60 * 1_000_000_000;

impl ClusterSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.instances_per_node.get() == 0 {
            problems.error("instances_per_node", "a node without places is of no use");
        }
        problems.at("provision", |p| self.provision.validate(p));
        problems.at("image_pull", |p| self.image_pull.validate(p));
        if self.backoff.is_zero() {
            problems.error("backoff", "an order that is tried again without pause never gets on");
        }
        problems.at("shortages", |p| {
            for (place, shortage) in self.shortages.iter().enumerate() {
                if shortage.length.is_zero() {
                    p.at(place, |p| {
                        p.error("for", "a shortage that lasts no time does nothing");
                    });
                }
            }
        });
    }

    /// Whether the provider has nodes at a time from time 0 [ns].
    pub fn has_nodes(&self, from_zero_ns: i64) -> bool {
        let Ok(now_ns) = u64::try_from(from_zero_ns) else { return true };
        let is_short = |s: &ShortageSettings| now_ns >= s.at.ns() && now_ns - s.at.ns() < s.length.ns();
        !self.shortages.iter().any(is_short)
    }

    /// Nodes that hold so many instances.
    pub fn nodes_for(&self, instances: u32) -> u32 {
        let per_node = self.instances_per_node.get_u32().max(1);
        instances.div_ceil(per_node).saturating_add(self.spare_nodes.get_u32())
    }

    /// So many nodes: `running` is the number of instances, and `current` that of nodes, ordered ones too.
    pub(super) fn wish(&self, situation: &Situation<'_>) -> Wish {
        let (desired, current) = (self.nodes_for(situation.running), situation.current);
        if desired > current && situation.is_short {
            return Wish { desired, to: current, held: Held::Shortage };
        }
        // Those that hold something stay, and those that were needed lately.
        Wish { desired, to: desired.max(current.saturating_sub(situation.idle)), held: Held::OnTarget }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ScalerState;
    use super::super::tests::{decide, scaler};
    use crate::results::Held;

    #[test]
    fn nodes_hold_all_instances_and_some_are_spare() {
        let scaler = scaler(serde_json::json!({"of": "api", "min": 1, "max": 6,
            "use": {"cluster": {"instances_per_node": 4, "spare_nodes": 1, "provision": "2m"}}}));
        let mut state = ScalerState::default();
        // In the tests as many run as there are: of nodes, so many instances.
        for (instances, nodes) in [(4, 2), (5, 3), (12, 4), (17, 6), (40, 6)] {
            assert_eq!(decide(&scaler, &mut state, 0, instances, &mut |_| None), nodes, "{instances} instances");
        }
        assert_eq!(decide(&scaler, &mut state, 0, 6, &mut |_| None), 3);
        assert_eq!(state.held.by[Held::OnTarget as usize], 0);
    }

    #[test]
    fn a_shortage_lasts_from_its_begin_to_its_end() {
        let settings: super::ClusterSettings = serde_json::from_value(serde_json::json!({"instances_per_node": 4,
            "provision": "2m", "shortages": [{"at": "10m", "for": "5m"}]}))
        .unwrap();
        let at = |minute: i64| settings.has_nodes(minute * 60_000_000_000);
        assert_eq!([at(-1), at(9), at(10), at(14), at(15)], [true, true, false, false, true]);
    }
}
