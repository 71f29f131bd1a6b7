//! The limit by the ratio of a long mean of answers to the last.

use super::vegas::validate_smoothing;
use super::window::{ByWindow, Seen, Windowed, validate_bounds, validate_window};
use crate::problem::Problems;
use crate::units::{Count, Factor, Probability, SimDuration};
use serde::{Deserialize, Serialize};

/// Shrinks while answers are slower than they were for long, and grows by a few places while they are not.
///
/// # What it models
/// Two measures of the time of an answer: the last window's mean, s, and an exponential mean over `long_window` windows, l (a plain mean of the first
/// ten; where it is more than twice s, it falls by 5 % a window more, so that it forgets a time of trouble). The gradient is `tolerance` l / s,
/// between 0.5 and 1. The limit goes to limit x gradient + `queue`, by the share `smoothing` of the way, and stays between `min` and `max`. It stays
/// as it is while fewer than half of the places are taken. Windows last `window`, and longer until `minimum_samples` have ended. Errors, and answers
/// faster than 0.1 ms, say nothing. What is dropped is seen by its time alone. An attempt that finds no place is turned away at once (outcome
/// `rejected`).
///
/// # When to use it
/// Where no time without load can be known, because what is asked for changes. A slowness that lasts becomes the measure: after `long_window` windows
/// the limit lets it be.
///
/// # Knobs
/// - `initial`: where it begins, count, default 20
/// - `min`: never fewer, count, default 20
/// - `max`: never more, count, default 200
/// - `smoothing`: share of each step that is made, percent, default 20%
/// - `tolerance`: how much slower the last window may be, factor of at least 1, default 1.5
/// - `queue`: places more for attempts that wait, count, default 4
/// - `long_window`: windows of the long mean, count, default 600
/// - `window`: how long a window is, duration, default 1s
/// - `minimum_samples`: attempts that a window holds at least, count, default 10
///
/// # Example
/// ```yaml
/// call: {to: db.get, timeout: 1s, concurrency_limit: {gradient2: {min: 4, max: 100}}}
/// ```
///
/// # Source
/// Netflix `concurrency-limits`, `Gradient2Limit` under `WindowedLimit`: `initialLimit` 20, `minLimit` 20, `maxConcurrency` 200, `smoothing` 0.2,
/// `rttTolerance` 1.5, `queueSize` 4, `longWindow` 600.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Gradient2Settings {
    /// Where it begins.
    pub initial: Count,
    /// Never fewer.
    pub min: Count,
    /// Never more.
    pub max: Count,
    /// Share of each step that is made.
    pub smoothing: Probability,
    /// How much slower the last window may be.
    pub tolerance: Factor,
    /// Places more for attempts that wait.
    pub queue: Count,
    /// Windows of the long mean.
    pub long_window: Count,
    /// How long a window is.
    pub window: SimDuration,
    /// Attempts that a window holds at least.
    pub minimum_samples: Count,
}

impl Default for Gradient2Settings {
    fn default() -> Self {
        Self {
            initial: Count::new(20),
            min: Count::new(20),
            max: Count::new(200),
            smoothing: Probability::new(0.2).unwrap_or_default(),
            tolerance: Factor::new(1.5).unwrap_or_default(),
            queue: Count::new(4),
            long_window: Count::new(600),
            window: SimDuration::SECOND,
            minimum_samples: Count::new(10),
        }
    }
}

impl Gradient2Settings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        validate_bounds(self.initial, self.min, self.max, problems);
        validate_smoothing(self.smoothing, problems);
        validate_window(self.window, self.minimum_samples, problems);
        if self.tolerance.value() < 1.0 {
            problems.error("tolerance", "below 1 the limit shrinks while answers are as fast as ever").hint =
                Some("write tolerance: 1.5".into());
        }
        if self.long_window.get() == 0 {
            problems.error("long_window", "a mean of no window is none").hint = Some("write long_window: 600".into());
        }
    }

    pub(super) fn build(&self) -> Windowed<Gradient2> {
        Windowed::new(self.window, self.minimum_samples, self.rule())
    }

    fn rule(&self) -> Gradient2 {
        Gradient2 { settings: *self, estimate: self.initial.get() as f64, long: LongMean::default() }
    }
}

/// The rule at work.
#[derive(Debug, Clone)]
pub struct Gradient2 {
    settings: Gradient2Settings,
    /// The limit, before it is rounded down.
    estimate: f64,
    long: LongMean,
}

/// Windows that are averaged plainly before the exponential mean begins.
const PLAIN: u64 = 10;

/// A plain mean of the first windows, and an exponential one from there on.
#[derive(Debug, Clone, Default)]
struct LongMean {
    count: u64,
    sum: f64,
    value: f64,
}

impl LongMean {
    fn add(&mut self, sample: f64, windows: u64) -> f64 {
        if self.count < PLAIN {
            self.count += 1;
            self.sum += sample;
            self.value = self.sum / self.count as f64;
        } else {
            let factor = 2.0 / (windows as f64 + 1.0);
            self.value = self.value * (1.0 - factor) + sample * factor;
        }
        self.value
    }
}

impl ByWindow for Gradient2 {
    fn limit(&mut self, _key: u64) -> u64 {
        self.estimate as u64
    }

    fn update(&mut self, seen: Seen) {
        let settings = &self.settings;
        let short = seen.rtt_ns;
        let long = self.long.add(short, settings.long_window.get());
        if long > 2.0 * short {
            self.long.value *= 0.95;
        }
        if (seen.in_flight as f64) < self.estimate / 2.0 {
            return;
        }
        let gradient = (settings.tolerance.value() * long / short).clamp(0.5, 1.0);
        let next = self.estimate * gradient + settings.queue.get() as f64;
        let smoothing = settings.smoothing.value();
        let next = self.estimate * (1.0 - smoothing) + next * smoothing;
        self.estimate = next.clamp(settings.min.get() as f64, settings.max.get() as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(rtts_ms: &[u64], in_flight: impl Fn(u64) -> u64) -> Vec<u64> {
        let mut rule = Gradient2Settings::default().rule();
        let limits = rtts_ms.iter().map(|&rtt_ms| {
            let in_flight = in_flight(rule.limit(0));
            rule.update(Seen { rtt_ns: rtt_ms as f64 * 1e6, in_flight, is_dropped: false });
            rule.limit(0)
        });
        limits.collect()
    }

    #[test]
    fn limits_follow_the_published_rule() {
        // No test of Netflix's own exists: an evaluation of the rule of Gradient2Limit and ExpAvgMeasurement with its defaults.
        let grows = [20, 21, 22, 23, 24, 24, 25, 26, 27, 28, 28, 29, 30, 31, 32, 32, 33, 34, 35, 36];
        assert_eq!(limits(&[10; 20], |limit| limit), grows);
        let shrinks = [90, 82, 75, 68, 62, 56, 52, 47, 43, 40, 36, 33, 31, 29, 26, 25, 23, 21, 20];
        let rtts = [[10; 100].as_slice(), &[40; 19]].concat();
        assert_eq!(limits(&rtts, |limit| limit)[99..], [&[100], shrinks.as_slice()].concat());
        assert_eq!(limits(&[10; 20], |_| 5)[19], 20, "few of the places are taken");
    }
}
