//! The windows in which Netflix's limits look at what has ended.

use super::adaptive::{Rule, Sample};
use crate::problem::Problems;
use crate::units::{Count, SimDuration};

/// Shorter answers tell nothing of the callee [ns].
const SHORTEST_NS: u64 = 100_000;

/// A window of attempts that have ended: what it tells when it is over, it tells as one attempt that took their mean time.
#[derive(Debug, Clone)]
pub(super) struct SampleWindow {
    length_ns: u64,
    minimum: u64,
    ends_ns: u64,
    sum_ns: u64,
    count: u64,
    most: u64,
    is_dropped: bool,
}

/// What a window tells.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// Mean time of an attempt [ns].
    pub rtt_ns: f64,
    /// The most that were under way when one began.
    pub in_flight: u64,
    /// Whether one of them was dropped.
    pub is_dropped: bool,
}

impl SampleWindow {
    /// A window that begins with the first attempt that ends.
    pub fn new(length: SimDuration, minimum: Count) -> Self {
        let (length_ns, minimum) = (length.ns(), minimum.get());
        Self { length_ns, minimum, ends_ns: 0, sum_ns: 0, count: 0, most: 0, is_dropped: false }
    }

    /// Takes in an attempt: what the window tells, where it is over.
    pub fn take(&mut self, sample: Sample) -> Option<Seen> {
        if sample.is_ignored() || sample.rtt_ns < SHORTEST_NS {
            return None;
        }
        self.sum_ns = self.sum_ns.saturating_add(sample.rtt_ns);
        self.count += 1;
        self.most = self.most.max(sample.in_flight);
        self.is_dropped |= sample.is_dropped();
        if sample.now_ns <= self.ends_ns || self.count < self.minimum {
            return None;
        }
        let seen =
            Seen { rtt_ns: self.sum_ns as f64 / self.count as f64, in_flight: self.most, is_dropped: self.is_dropped };
        self.ends_ns = sample.now_ns.saturating_add(self.length_ns);
        (self.sum_ns, self.count, self.most, self.is_dropped) = (0, 0, 0, false);
        Some(seen)
    }
}

/// How a limit moves from window to window.
pub(super) trait ByWindow: std::fmt::Debug + Clone {
    /// How many attempts may be under way now. `key` is that of the attempt that asks, for a rule that draws.
    fn limit(&mut self, key: u64) -> u64;

    /// A window is over.
    fn update(&mut self, seen: Seen);
}

/// A limit that looks at what has ended in windows.
#[derive(Debug, Clone)]
pub(super) struct Windowed<R> {
    window: SampleWindow,
    rule: R,
}

impl<R> Windowed<R> {
    /// In windows of this length, and longer until so many attempts have ended.
    pub fn new(length: SimDuration, minimum: Count, rule: R) -> Self {
        Self { window: SampleWindow::new(length, minimum), rule }
    }
}

impl<R: ByWindow> Rule for Windowed<R> {
    fn limit(&mut self, _now_ns: u64, key: u64) -> u64 {
        self.rule.limit(key)
    }

    fn sample(&mut self, sample: Sample) {
        if let Some(seen) = self.window.take(sample) {
            self.rule.update(seen);
        }
    }
}

/// Problems of the settings that limits with windows have in common.
pub(super) fn validate_bounds(initial: Count, min: Count, max: Count, problems: &mut Problems) {
    if min.get() == 0 {
        problems.error("min", "a limit of none lets nothing through, and learns nothing").hint =
            Some("write min: 1".into());
    }
    if max < min {
        problems.error("max", "the limit could go nowhere: max is below min").hint = Some("raise max".into());
    } else if initial < min || initial > max {
        problems.error("initial", "the limit begins outside of min and max").hint =
            Some(format!("write a count from {min} to {max}"));
    }
}

/// Problems of a window.
pub(super) fn validate_window(window: SimDuration, minimum: Count, problems: &mut Problems) {
    if window.is_zero() {
        problems.error("window", "a window of no time holds no call").hint = Some("write window: 1s".into());
    }
    if minimum.get() == 0 {
        problems.error("minimum_samples", "nothing can be learned of no call").hint =
            Some("write minimum_samples: 10".into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Outcome;

    #[test]
    fn a_window_tells_the_mean_when_it_is_over_and_has_enough() {
        const MS: u64 = 1_000_000;
        let mut window = SampleWindow::new(SimDuration::from_ns(1000 * MS), Count::new(3));
        let mut take = |at_ms: u64, rtt_ms: u64, outcome| {
            let sample = Sample { now_ns: at_ms * MS, rtt_ns: rtt_ms * MS, in_flight: rtt_ms, outcome };
            window.take(sample).map(|seen| (seen.rtt_ns / 1e6, seen.in_flight, seen.is_dropped))
        };
        let ok = Outcome::Ok;
        assert_eq!([take(1, 10, ok), take(2, 20, ok), take(3, 900, Outcome::Error)], [None, None, None]);
        assert_eq!(take(4, 60, ok), Some((30.0, 60, false)), "errors are left out");
        assert_eq!([take(5, 10, ok), take(6, 10, ok), take(7, 10, ok)], [None, None, None], "the window is not over");
        assert_eq!(take(1005, 50, Outcome::Timeout), Some((20.0, 50, true)));
    }
}
