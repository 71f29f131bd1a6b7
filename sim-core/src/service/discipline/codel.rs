//! First come, first served, but those that waited too long are dropped while the queue stays slow.

use crate::problem::Problems;
use crate::units::SimDuration;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// The first come is served first, and while the queue stays slow some of those that waited too long are dropped.
///
/// # What it models
/// `CoDel` (controlled delay). A queue that is long for a moment does no harm; one in which all have waited for longer than `target` for a whole
/// `interval` does. Then the request that a worker would take is dropped (outcome `shed`, counted by `codel_dropped`), and as long as the waits stay
/// above `target` one more after each `interval` / √n, n being the number dropped so far. One request that has
/// waited for less ends it. The last that waits is never dropped. Soon after a stretch of dropping the next begins at the rate at which that ended.
///
/// It looks when a worker takes a request, not when one comes. TCP sends less when packets are dropped; callers here do not. So dropping grows slowly
/// until waits are back at `target`, and in a heavy overload the queue is slow at first.
///
/// # When to use it
/// For services with a deep queue whose callers would rather be told at once than late. Set `target` to a few times (work of a request / workers),
/// and `interval` to a time in which the queue would surely have emptied for a moment.
///
/// # Knobs
/// - `target`: the acceptable wait, duration, default 5ms
/// - `interval`: how long all may have waited longer before one is dropped, duration, default 100ms
///
/// # Example
/// ```yaml
/// queue: {discipline: {codel: {target: 20ms, interval: 200ms}}}
/// ```
///
/// # Source
/// K. Nichols et al., "Controlled Delay Active Queue Management", RFC 8289, 2018, section 5; for requests, B. Maurer, "Fail at Scale", ACM Queue
/// 13(8), 2015, with the same numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CodelSettings {
    /// The acceptable wait.
    pub target: SimDuration,
    /// How long all may have waited longer before one is dropped.
    pub interval: SimDuration,
}

impl Default for CodelSettings {
    fn default() -> Self {
        Self { target: SimDuration::from_ns(5_000_000), interval: SimDuration::from_ns(100_000_000) }
    }
}

impl CodelSettings {
    pub(super) fn validate(self, problems: &mut Problems) {
        if self.target.is_zero() {
            problems.error("target", "all who wait would be dropped in turn").hint = Some("write target: 5ms".into());
        } else if self.interval <= self.target {
            let message =
                "the interval has to be longer than the target, as it is the time in which a good queue empties";
            let usual = SimDuration::from_ns(self.target.ns().saturating_mul(20));
            problems.error("interval", message).hint = Some(format!("write interval: {usual}"));
        }
    }

    pub(super) fn build(self) -> Controlled {
        Controlled {
            target_ns: self.target.ns(),
            interval_ns: self.interval.ns(),
            waiting: VecDeque::new(),
            above_until: None,
            drops: Drops::default(),
            dropped: Vec::new(),
        }
    }
}

/// Those who wait, in the order in which they came, and what was dropped.
#[derive(Debug, Clone)]
pub struct Controlled {
    target_ns: u64,
    interval_ns: u64,
    /// Frames that wait, each with when it came [ns].
    waiting: VecDeque<(u32, u64)>,
    /// When the waits have been above the target for an interval [ns], while they are.
    above_until: Option<u64>,
    drops: Drops,
    /// Dropped, and not yet told.
    dropped: Vec<u32>,
}

/// The state of dropping: RFC 8289 calls these `dropping_`, `count_`, `lastcount_` and `drop_next_`.
#[derive(Debug, Clone, Default)]
struct Drops {
    is_dropping: bool,
    count: u32,
    last_count: u32,
    next_ns: u64,
}

impl Controlled {
    pub(super) fn enter(&mut self, who: u32, now_ns: u64) {
        self.waiting.push_back((who, now_ns));
    }

    /// Takes out who is served, and drops those before it that the control law says: RFC 8289, `dequeue`.
    pub(super) fn take(&mut self, now_ns: u64, mut is_gone: impl FnMut(u32) -> bool) -> Option<u32> {
        let mut first = self.next(now_ns, &mut is_gone);
        if self.drops.is_dropping {
            if !first.is_some_and(|(_, may_drop)| may_drop) {
                self.drops.is_dropping = false;
            }
            while self.drops.is_dropping && now_ns >= self.drops.next_ns {
                self.dropped.extend(first.map(|(who, _)| who));
                self.drops.count = self.drops.count.saturating_add(1);
                first = self.next(now_ns, &mut is_gone);
                if first.is_some_and(|(_, may_drop)| may_drop) {
                    self.drops.next_ns = self.after(self.drops.next_ns);
                } else {
                    self.drops.is_dropping = false;
                }
            }
        } else if let Some((who, true)) = first {
            self.dropped.push(who);
            first = self.next(now_ns, &mut is_gone);
            self.begins(now_ns);
        }
        first.map(|(who, _)| who)
    }

    /// Dropping begins: at the rate at which it ended, if that was not long ago.
    fn begins(&mut self, now_ns: u64) {
        let drops = &mut self.drops;
        let since = drops.count - drops.last_count;
        let was_just_now = now_ns < drops.next_ns.saturating_add(16 * self.interval_ns);
        drops.is_dropping = true;
        drops.count = if since > 1 && was_just_now { since } else { 1 };
        drops.last_count = drops.count;
        self.drops.next_ns = self.after(now_ns);
    }

    /// When the next is dropped: the control law.
    fn after(&self, ns: u64) -> u64 {
        ns + (self.interval_ns as f64 / f64::from(self.drops.count).sqrt()) as u64
    }

    /// The first who waits still, and whether it may be dropped: RFC 8289, `dodequeue`.
    fn next(&mut self, now_ns: u64, is_gone: &mut impl FnMut(u32) -> bool) -> Option<(u32, bool)> {
        let Some((who, since_ns)) = self.first(is_gone) else {
            self.above_until = None;
            return None;
        };
        // One alone is no queue, as a single packet is none; nor is one before those who have given up.
        while self.waiting.back().is_some_and(|last| is_gone(last.0)) {
            self.waiting.pop_back();
        }
        if now_ns - since_ns < self.target_ns || self.waiting.is_empty() {
            self.above_until = None;
            return Some((who, false));
        }
        let until = *self.above_until.get_or_insert(now_ns + self.interval_ns);
        Some((who, now_ns >= until))
    }

    fn first(&mut self, is_gone: &mut impl FnMut(u32) -> bool) -> Option<(u32, u64)> {
        loop {
            let first = self.waiting.pop_front()?;
            if !is_gone(first.0) {
                return Some(first);
            }
        }
    }

    /// Who was dropped since this was asked last.
    pub(super) fn take_dropped(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.dropped)
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn retain(&mut self, mut stays: impl FnMut(u32) -> bool) {
        self.waiting.retain(|(who, _)| stays(*who));
    }

    pub(super) fn clear(&mut self) {
        self.waiting.clear();
        self.above_until = None;
        self.drops = Drops::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    /// When requests are dropped [ns], of a worker that takes one each 0.1 ms, all of whom came at 0 and so waited too long from 5 ms on.
    fn drop_times(line: &mut Controlled, until_ms: u64) -> Vec<u64> {
        (0..20_000).for_each(|who| line.enter(who, 0));
        let mut times = Vec::new();
        for now in (0..until_ms * MS).step_by(100_000) {
            line.take(now, |_| false);
            line.take_dropped().into_iter().for_each(|_| times.push(now));
        }
        times
    }

    #[test]
    fn drops_come_at_the_times_of_the_control_law() {
        // RFC 8289 with 5 ms and 100 ms: the first a whole interval after the wait has reached the target, then after 100 ms over the root of how
        // many.
        let times = drop_times(&mut CodelSettings::default().build(), 620);
        assert_eq!(times[0], 105 * MS);
        let gaps = [0.0, 100.0, 170.711, 228.446, 278.446, 323.167, 363.992, 401.788, 437.144, 470.477];
        for (at, ms) in times.iter().zip(gaps) {
            let off = (*at - times[0]) as f64 / 1e6 - ms;
            assert!((0.0..=0.11).contains(&off), "{at} is {off} ms from {ms} ms");
        }
        assert!(times.len() > gaps.len());
    }

    #[test]
    fn one_that_has_waited_for_less_ends_the_dropping_and_the_last_is_never_dropped() {
        let mut line = CodelSettings::default().build();
        let before = drop_times(&mut line, 300).len();
        assert!(before > 2 && line.drops.is_dropping);
        line.waiting.clear();
        [(1, 296), (2, 297)].into_iter().for_each(|(who, ms)| line.enter(who, ms * MS));
        assert_eq!(line.take(300 * MS, |_| false), Some(1));
        assert!(!line.drops.is_dropping);
        assert_eq!(line.take(9_000 * MS, |_| false), Some(2), "nobody waits behind it");
        assert_eq!(line.take(9_000 * MS, |_| false), None);
        assert!(line.take_dropped().is_empty());
    }

    #[test]
    fn the_last_is_not_dropped_either_where_others_behind_it_have_given_up() {
        let mut line = CodelSettings::default().build();
        drop_times(&mut line, 300);
        line.waiting.clear();
        [(1, 301), (2, 302), (3, 303)].into_iter().for_each(|(who, ms)| line.enter(who, ms * MS));
        assert_eq!(line.take(9_000 * MS, |who| who > 1), Some(1));
        assert!(line.take_dropped().is_empty());
    }

    #[test]
    fn dropping_that_begins_again_goes_on_at_its_rate() {
        let mut line = CodelSettings::default().build();
        drop_times(&mut line, 620);
        let count = line.drops.count;
        line.waiting.clear();
        (0..5).for_each(|who| line.enter(who, 621 * MS));
        assert_eq!(line.take(622 * MS, |_| false), Some(0));
        (5..5000).for_each(|who| line.enter(who, 622 * MS));
        let again = (630..900).find(|ms| {
            line.take(ms * MS, |_| false);
            !line.take_dropped().is_empty()
        });
        assert_eq!(again, Some(730), "an interval after the waits are above the target");
        assert_eq!(line.drops.count, count - 1, "not from 1");
    }

    #[test]
    fn those_that_gave_up_are_neither_served_nor_dropped() {
        let mut line = CodelSettings::default().build();
        (1..=4).for_each(|who| line.enter(who, 0));
        assert_eq!(line.take(0, |who| who < 3), Some(3));
        assert_eq!(line.take(0, |_| true), None);
    }

    #[test]
    fn a_target_of_nothing_and_an_interval_within_it_are_refused() {
        for (json, path) in [
            (serde_json::json!({"target": "0s"}), "target"),
            (serde_json::json!({"target": "100ms"}), "interval"),
            (serde_json::json!({"interval": "0s"}), "interval"),
        ] {
            let settings: CodelSettings = serde_json::from_value(json).unwrap();
            let mut problems = Problems::new();
            settings.validate(&mut problems);
            assert_eq!(problems.into_vec().iter().map(|p| p.path.as_str()).collect::<Vec<_>>(), [path]);
        }
    }
}
