//! First come, first served while few wait, and last come, first served while many do.

use crate::problem::Problems;
use crate::units::Count;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// While few requests wait the first is served first, and while many do the last.
///
/// # What it models
/// Facebook's rule: in good times a queue is fair, and in an overload those that came last are the only ones that can still be answered in time.
/// Where more than `above` requests wait when a worker becomes free, it takes the one that came last, else the one that came first. The old ones are
/// served when the overload is over, if they still wait.
///
/// It differs from the source in this: there the queue is taken from the other end while it has not been empty for a while (`CoDel`), here while it
/// is long.
///
/// # When to use it
/// For overload with impatient callers, where `lifo` would be unfair in good times.
///
/// # Knobs
/// - `above`: waiting requests above which the last is served first, count, default 10
///
/// # Example
/// ```yaml
/// queue: {discipline: {adaptive_lifo: {above: 20}}, max_wait: 2s}
/// ```
///
/// # Source
/// B. Maurer, "Fail at Scale", ACM Queue 13(8), 2015.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AdaptiveLifoSettings {
    /// Waiting requests above which the last is served first.
    pub above: Count,
}

impl Default for AdaptiveLifoSettings {
    fn default() -> Self {
        Self { above: Count::new(10) }
    }
}

impl AdaptiveLifoSettings {
    pub(super) fn validate(self, problems: &mut Problems) {
        if self.above.get() == 0 {
            problems.error("above", "the last is always served first").hint = Some("write discipline: lifo".into());
        }
    }

    pub(super) fn build(self) -> BothEnds {
        BothEnds { above: usize::try_from(self.above.get()).unwrap_or(usize::MAX), waiting: VecDeque::new() }
    }
}

/// Those who wait, in the order in which they came.
#[derive(Debug, Clone)]
pub struct BothEnds {
    above: usize,
    waiting: VecDeque<u32>,
}

impl BothEnds {
    pub(super) fn enter(&mut self, who: u32) {
        self.waiting.push_back(who);
    }

    pub(super) fn take(&mut self) -> Option<u32> {
        if self.waiting.len() > self.above { self.waiting.pop_back() } else { self.waiting.pop_front() }
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn retain(&mut self, mut stays: impl FnMut(u32) -> bool) {
        self.waiting.retain(|who| stays(*who));
    }

    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_goes_first_while_more_wait_than_allowed() {
        let mut line = AdaptiveLifoSettings { above: Count::new(2) }.build();
        (1..=4).for_each(|who| line.enter(who));
        assert_eq!([line.take(), line.take()], [Some(4), Some(3)]);
        line.enter(5);
        assert_eq!([line.take(), line.take(), line.take(), line.take()], [Some(5), Some(1), Some(2), None]);
    }
}
