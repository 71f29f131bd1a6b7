//! Last come, first served.

use serde::{Deserialize, Serialize};

/// The request that came last is served first.
///
/// # What it models
/// A stack per instance. The mean wait is that of `fifo`, its spread is much larger: under overload new requests are served at
/// once, and the oldest are served when the overload is over, if they still wait.
///
/// # When to use it
/// For overload with impatient callers: better to serve some in time than all too late.
///
/// # Knobs
/// none
///
/// # Example
/// ```yaml
/// queue: {discipline: lifo, max_wait: 1s}
/// ```
///
/// # Source
/// The LCFS of queueing theory; B. Maurer, "Fail at Scale", ACM Queue 13(8), 2015.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LifoSettings {}

/// Those who wait, the last on top.
#[derive(Debug, Clone, Default)]
pub struct Stack {
    waiting: Vec<u32>,
}

impl Stack {
    pub(super) fn enter(&mut self, who: u32) {
        self.waiting.push(who);
    }

    pub(super) fn take(&mut self) -> Option<u32> {
        self.waiting.pop()
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn retain(&mut self, mut stays: impl FnMut(u32) -> bool) {
        self.waiting.retain(|who| stays(*who));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_is_served_first() {
        let mut line = Stack::default();
        [1, 2].into_iter().for_each(|who| line.enter(who));
        assert_eq!(line.take(), Some(2));
        line.enter(3);
        assert_eq!([line.take(), line.take(), line.take()], [Some(3), Some(1), None]);
    }
}
