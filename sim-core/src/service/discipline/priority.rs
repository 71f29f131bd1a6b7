//! The more important first.

use crate::workload::Priority;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// The more important request is served first; among equals, who came first.
///
/// # What it models
/// One line for each priority (`priority` of the load class, handed on to all that is called for its requests). A worker that becomes
/// free takes the first of the most important line that is not empty. Work under way is never interrupted. The queue's capacity is
/// for all together. `mean(api.get) of crawlers` reads the latency of one load class.
///
/// # When to use it
/// Where a little work matters much more than the rest. Whatever is left for the least important is what the others leave: under
/// overload it is starved.
///
/// # Knobs
/// none
///
/// # Example
/// ```yaml
/// queue: {capacity: 500, discipline: priority}
/// ```
///
/// # Source
/// A. Cobham, "Priority Assignment in Waiting Line Problems", Operations Research 2(1), 1954.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PrioritySettings {}

/// One line for each priority.
#[derive(Debug, Clone, Default)]
pub struct Classes {
    lines: [VecDeque<u32>; Priority::ALL.len()],
}

impl Classes {
    pub(super) fn enter(&mut self, who: u32, priority: Priority) {
        self.lines[priority as usize].push_back(who);
    }

    pub(super) fn take(&mut self) -> Option<u32> {
        self.lines.iter_mut().find_map(VecDeque::pop_front)
    }

    pub(super) fn len(&self) -> usize {
        self.lines.iter().map(VecDeque::len).sum()
    }

    pub(super) fn retain(&mut self, mut stays: impl FnMut(u32) -> bool) {
        self.lines.iter_mut().for_each(|line| line.retain(|who| stays(*who)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Priority::{Critical, CriticalPlus, Sheddable};

    #[test]
    fn the_more_important_go_first_and_equals_in_order() {
        let mut line = Classes::default();
        for (who, priority) in [(1, Sheddable), (2, Critical), (3, Sheddable), (4, Critical)] {
            line.enter(who, priority);
        }
        assert_eq!(line.take(), Some(2));
        line.enter(5, CriticalPlus);
        let order: Vec<u32> = std::iter::from_fn(|| line.take()).collect();
        assert_eq!(order, [5, 4, 1, 3]);
    }
}
