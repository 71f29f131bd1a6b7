//! Large systems as groups: a box for all nodes that play the same part, so that two hundred services are as readable as ten.
//!
//! Nodes of one kind that are called by the same groups and call the same groups become one. Where that leaves too many, as in systems in which
//! no two services are wired alike, nodes of one kind become one that are as many calls away from a load.

use sim_core::results::{NodeKind, System};
use std::collections::BTreeMap;

/// Boxes that are drawn one by one; of more, groups are drawn.
pub const MOST: usize = 80;
/// Groups that are still read at a glance.
const MOST_GROUPS: usize = 24;

/// Calls from a load at which distances are told apart no more.
pub const FARTHEST: usize = 11;

/// How nodes were put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Not at all: each box is a node.
    Nothing,
    /// Those that call and are called by the same groups.
    Part,
    /// Those that are as many calls away from a load.
    Distance,
}

/// A box of a drawing.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Places of its nodes in the system; at least one, and all of one kind.
    pub members: Vec<usize>,
    /// Calls between a load and its nodes; `None` where no load leads to them, or where that is not asked.
    pub distance: Option<usize>,
}

/// The boxes of a drawing of a system.
pub fn groups(system: &System) -> (Vec<Group>, By) {
    let count = system.nodes.len();
    if count <= MOST {
        return ((0..count).map(|node| Group { members: vec![node], distance: None }).collect(), By::Nothing);
    }
    let by_part = gathered(&parts(system), |_| None);
    if by_part.len() <= MOST_GROUPS {
        return (by_part, By::Part);
    }
    let distances = distances(system);
    let key: Vec<(usize, u8)> =
        (0..count).map(|node| (distances[node].unwrap_or(usize::MAX), system.nodes[node].kind as u8)).collect();
    (gathered(&key, |node| distances[node]), By::Distance)
}

/// Nodes of the same key together, in the order of the first of each.
fn gathered<K: Ord + Clone>(keys: &[K], distance: impl Fn(usize) -> Option<usize>) -> Vec<Group> {
    let mut places: BTreeMap<K, usize> = BTreeMap::new();
    let mut all: Vec<Group> = Vec::new();
    for (node, key) in keys.iter().enumerate() {
        let place = *places.entry(key.clone()).or_insert(all.len());
        if place == all.len() {
            all.push(Group { members: Vec::new(), distance: distance(node) });
        }
        all[place].members.push(node);
    }
    all
}

/// The part that each node plays, as a number: the coarsest in which nodes of one part have callers and callees of the same parts.
fn parts(system: &System) -> Vec<usize> {
    let mut part: Vec<usize> = system.nodes.iter().map(|node| node.kind as usize).collect();
    loop {
        let mut seen: Vec<(usize, Vec<usize>, Vec<usize>)> =
            part.iter().map(|part| (*part, Vec::new(), Vec::new())).collect();
        for call in &system.calls {
            seen[call.from].1.push(part[call.to]);
            seen[call.to].2.push(part[call.from]);
        }
        for (_, to, from) in &mut seen {
            [to, from].into_iter().for_each(|list| {
                list.sort_unstable();
                list.dedup();
            });
        }
        let mut numbers: BTreeMap<_, usize> = BTreeMap::new();
        let next: Vec<usize> = seen
            .into_iter()
            .map(|key| {
                let number = numbers.len();
                *numbers.entry(key).or_insert(number)
            })
            .collect();
        let count = |parts: &[usize]| parts.iter().max().map_or(0, |most| most + 1);
        if count(&next) == count(&part) || count(&next) > MOST_GROUPS {
            return next;
        }
        part = next;
    }
}

/// The fewest calls from a load to each node, [`FARTHEST`] at most; `None` where none leads there.
fn distances(system: &System) -> Vec<Option<usize>> {
    let is_load = |node: usize| system.nodes[node].kind == NodeKind::Load;
    let mut found: Vec<Option<usize>> = (0..system.nodes.len()).map(|node| is_load(node).then_some(0)).collect();
    let mut changed = true;
    while changed {
        changed = false;
        for call in &system.calls {
            let Some(next) = found[call.from].map(|from| (from + 1).min(FARTHEST)) else { continue };
            if found[call.to].is_none_or(|now| now > next) {
                found[call.to] = Some(next);
                changed = true;
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::system::testing;

    #[test]
    fn few_nodes_are_boxes_of_their_own() {
        let (groups, by) = groups(&testing::random(3, MOST));
        assert!(groups.len() == MOST && by == By::Nothing && groups.iter().all(|g| g.members.len() == 1));
    }

    #[test]
    fn the_same_subsystem_many_times_is_one() {
        let mut system = System::default();
        for shop in 0..60 {
            let first = system.nodes.len();
            system.nodes.push(testing::node(NodeKind::Load, &format!("users-{shop}")));
            system.nodes.push(testing::node(NodeKind::Service, &format!("shop-{shop}")));
            system.nodes.push(testing::node(NodeKind::Store, &format!("db-{shop}")));
            system.calls.extend([testing::call(first, first + 1), testing::call(first + 1, first + 2)]);
        }
        let (groups, by) = groups(&system);
        assert_eq!((groups.iter().map(|g| g.members.len()).collect::<Vec<_>>(), by), (vec![60, 60, 60], By::Part));
    }

    #[test]
    fn large_systems_are_few_groups_and_each_node_is_in_one() {
        for seed in 0..20 {
            let system = testing::random(seed, 200);
            let (groups, by) = groups(&system);
            let mut members: Vec<usize> = groups.iter().flat_map(|group| group.members.clone()).collect();
            members.sort_unstable();
            assert_eq!(members, (0..system.nodes.len()).collect::<Vec<_>>(), "seed {seed}");
            assert!(by != By::Nothing && groups.len() <= MOST, "seed {seed}: {} groups", groups.len());
            let kinds = |group: &Group| {
                group.members.iter().all(|m| system.nodes[*m].kind == system.nodes[group.members[0]].kind)
            };
            assert!(groups.iter().all(kinds), "seed {seed}");
        }
    }
}
