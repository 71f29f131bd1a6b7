//! Earliest deadline first.

use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The request whose deadline comes first is served first.
///
/// # What it models
/// Earliest deadline first, without interrupting work. The deadline is that which calls hand on (`deadline` of a call or a load class). Requests
/// without one come behind all that have one, and equals are served as they came. Nothing is turned away: a request whose deadline has passed is
/// served before others unless its caller cancels it (`cancel: true`) or it loses patience (`max_wait`), so that beyond its capacity an instance may
/// work for nobody.
///
/// # When to use it
/// Where requests have different amounts of time left, because of what they did before, or because some users may wait longer; together with
/// `cancel`.
///
/// # Knobs
/// none
///
/// # Example
/// ```yaml
/// queue: {discipline: deadline}
/// ```
///
/// # Source
/// C. L. Liu and J. W. Layland, "Scheduling Algorithms for Multiprogramming in a Hard-Real-Time Environment", JACM 20(1), 1973.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DeadlineSettings {}

/// Those who wait, the earliest deadline on top.
#[derive(Debug, Clone, Default)]
pub struct Earliest {
    /// Deadline [ns], number of the one who came, and who.
    waiting: BinaryHeap<Reverse<(u64, u64, u32)>>,
    came: u64,
}

impl Earliest {
    pub(super) fn enter(&mut self, who: u32, deadline_ns: u64) {
        self.came += 1;
        self.waiting.push(Reverse((deadline_ns, self.came, who)));
    }

    pub(super) fn take(&mut self) -> Option<u32> {
        self.waiting.pop().map(|Reverse((.., who))| who)
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn retain(&mut self, mut stays: impl FnMut(u32) -> bool) {
        self.waiting.retain(|Reverse((.., who))| stays(*who));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_goes_first_and_equals_as_they_came() {
        let mut line = Earliest::default();
        for (who, deadline_ns) in [(1, u64::MAX), (2, 30), (3, 10), (4, 30), (5, u64::MAX)] {
            line.enter(who, deadline_ns);
        }
        let order: Vec<u32> = std::iter::from_fn(|| line.take()).collect();
        assert_eq!(order, [3, 2, 4, 1, 5]);
    }
}
