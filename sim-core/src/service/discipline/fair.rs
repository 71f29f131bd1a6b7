//! Those who ask for more wait for themselves: one of each in turn.

use crate::workload::TENANT;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// Serves one request of each tenant, or of each key, in turn.
///
/// # What it models
/// Each tenant with requests that wait has a line of its own, first come, first served, and workers take the first of each line in turn. A tenant
/// that comes back to an empty line is the last of the turn. So one that asks for a thousand times what the others do waits behind its own requests,
/// and the others behind one of its at a time. Requests count alike, whatever work they are. The queue's `capacity` is that of all together: a flood
/// that fills it still keeps the others out, for which `rate_limit: {..., per: tenant}` is the remedy.
///
/// Messages wait in their queue, first come, first served, for all tenants alike, and come to a worker only when it is free.
///
/// Tenants are those of load classes (`tenant`); all load classes without one are one tenant together. With a key space, each of its keys is
/// served in turn.
///
/// # When to use it
/// Against noisy neighbours, where many customers share what none of them pays for alone.
///
/// # Knobs
/// - `per`: `tenant`, or a key space, default tenant
///
/// # Example
/// ```yaml
/// queue: {discipline: {fair: {per: tenant}}}
/// ```
///
/// # Source
/// J. Nagle, "On Packet Switches with Infinite Storage", RFC 970, 1985: round robin between sources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FairSettings {
    /// Whose requests are served in turn.
    pub per: String,
}

impl Default for FairSettings {
    fn default() -> Self {
        Self { per: TENANT.to_owned() }
    }
}

/// Those who wait, by whose they are.
#[derive(Debug, Clone, Default)]
pub struct Turns {
    lines: BTreeMap<u64, VecDeque<u32>>,
    /// Whose turn it is, those with somebody in their line alone.
    turn: VecDeque<u64>,
    count: usize,
}

impl Turns {
    pub(super) fn enter(&mut self, who: u32, subject: u64) {
        let line = self.lines.entry(subject).or_default();
        if line.is_empty() {
            self.turn.push_back(subject);
        }
        line.push_back(who);
        self.count += 1;
    }

    /// Takes out who is served next. Those who are gone use up no turn: else a tenant of whom the first has always given up would never be served.
    pub(super) fn take(&mut self, mut is_gone: impl FnMut(u32) -> bool) -> Option<u32> {
        while let Some(subject) = self.turn.pop_front() {
            let Some(line) = self.lines.get_mut(&subject) else { continue };
            let mut next = None;
            while let Some(who) = line.pop_front() {
                self.count -= 1;
                if !is_gone(who) {
                    next = Some(who);
                    break;
                }
            }
            if line.is_empty() {
                self.lines.remove(&subject);
            } else {
                self.turn.push_back(subject);
            }
            if next.is_some() {
                return next;
            }
        }
        None
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    pub(super) fn retain(&mut self, mut stays: impl FnMut(u32) -> bool) {
        self.lines.values_mut().for_each(|line| line.retain(|who| stays(*who)));
        self.lines.retain(|_, line| !line.is_empty());
        self.turn.retain(|subject| self.lines.contains_key(subject));
        self.count = self.lines.values().map(VecDeque::len).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_served_in_turn_whoever_asks_for_more() {
        let mut line = Turns::default();
        for (who, subject) in [(1, 7), (2, 7), (3, 7), (4, 8), (5, 9), (6, 9)] {
            line.enter(who, subject);
        }
        assert_eq!([line.take(|_| false), line.take(|_| false)], [Some(1), Some(4)]);
        // One whose line was empty is the last of the turn.
        line.enter(8, 8);
        let order: Vec<u32> = std::iter::from_fn(|| line.take(|_| false)).collect();
        assert_eq!(order, [5, 2, 8, 6, 3]);
        assert_eq!(line.len(), 0);
    }

    #[test]
    fn those_who_have_gone_leave_no_turn() {
        let mut line = Turns::default();
        for (who, subject) in [(1, 7), (2, 8), (3, 8)] {
            line.enter(who, subject);
        }
        line.retain(|who| who == 3);
        assert_eq!((line.len(), line.take(|_| false), line.take(|_| false)), (1, Some(3), None));
        for (who, subject) in [(1, 7), (2, 7), (3, 8), (4, 7)] {
            line.enter(who, subject);
        }
        assert_eq!(
            [line.take(|who| who == 1), line.take(|_| false), line.take(|_| false)],
            [Some(2), Some(3), Some(4)]
        );
        assert_eq!(line.len(), 0);
    }
}
