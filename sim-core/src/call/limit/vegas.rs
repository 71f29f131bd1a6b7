//! The limit that reckons how many wait at the callee, as TCP Vegas does.

use super::window::{ByWindow, Seen, Windowed, validate_bounds, validate_window};
use crate::problem::Problems;
use crate::units::{Count, Probability, SimDuration};
use serde::{Deserialize, Serialize};

/// Reckons from how much slower answers have become how many attempts wait at the callee, and keeps that number between two bounds.
///
/// # What it models
/// The time of an answer without load, t, is the smallest mean of a window so far. Where a window's mean is r, the attempts that wait at the callee
/// are reckoned as ceil(limit (1 - t / r)). With l = log10 of the limit, rounded down, at least 1: if they are at most l, the limit grows by 6 l; if
/// fewer than 3 l, by l; if more than 6 l, it shrinks by l; and it shrinks by l if an attempt of the window was dropped (timeout, unreachable,
/// rejected, shed). It stays as it is while fewer than half of the places are taken. `smoothing` of the step is made. After `probe_multiplier` times
/// the limit windows, or, by chance, after as few as half of them, t is taken anew from the next. Windows last `window`, and longer until
/// `minimum_samples` have ended. Errors, and answers faster than 0.1 ms, say nothing. An attempt that finds no place is turned away at once (outcome
/// `rejected`).
///
/// # When to use it
/// For callees whose answers take about the same time without load. Where t is taken anew under load, the wait becomes the new measure, and the limit
/// rises.
///
/// # Knobs
/// - `initial`: where it begins, count, default 20
/// - `max`: never more, count, default 1000
/// - `smoothing`: share of each step that is made, percent, default 100%
/// - `probe_multiplier`: windows for each place until the time without load is taken anew, count, default 30
/// - `window`: how long a window is, duration, default 1s
/// - `minimum_samples`: attempts that a window holds at least, count, default 10
///
/// # Example
/// ```yaml
/// call: {to: db.get, timeout: 1s, concurrency_limit: {vegas: {max: 200}}}
/// ```
///
/// # Source
/// Netflix `concurrency-limits`, `VegasLimit` under `WindowedLimit`: `initialLimit` 20, `maxConcurrency` 1000, alpha 3 log10, beta 6 log10,
/// `probeMultiplier` 30 times a jitter from 0.5 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct VegasSettings {
    /// Where it begins.
    pub initial: Count,
    /// Never more.
    pub max: Count,
    /// Share of each step that is made.
    pub smoothing: Probability,
    /// Windows for each place until the time without load is taken anew.
    pub probe_multiplier: Count,
    /// How long a window is.
    pub window: SimDuration,
    /// Attempts that a window holds at least.
    pub minimum_samples: Count,
}

impl Default for VegasSettings {
    fn default() -> Self {
        Self {
            initial: Count::new(20),
            max: Count::new(1000),
            smoothing: Probability::new(1.0).unwrap_or_default(),
            probe_multiplier: Count::new(30),
            window: SimDuration::SECOND,
            minimum_samples: Count::new(10),
        }
    }
}

impl VegasSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        validate_bounds(self.initial, Count::new(1), self.max, problems);
        validate_smoothing(self.smoothing, problems);
        validate_window(self.window, self.minimum_samples, problems);
        if self.probe_multiplier.get() == 0 {
            problems.error("probe_multiplier", "the time without load would be taken anew at every window").hint =
                Some("write probe_multiplier: 30".into());
        }
    }

    pub(super) fn build(&self) -> Windowed<Vegas> {
        Windowed::new(self.window, self.minimum_samples, self.rule())
    }

    fn rule(&self) -> Vegas {
        Vegas {
            settings: *self,
            estimate: self.initial.get() as f64,
            no_load_ns: None,
            windows: 0,
            jitter: None,
            last_key: 0,
            steps: Steps::default(),
        }
    }
}

/// Problems of a share of each step.
pub(super) fn validate_smoothing(smoothing: Probability, problems: &mut Problems) {
    if smoothing.value() <= 0.0 {
        problems.error("smoothing", "no step would be made, and the limit would stay as it begins").hint =
            Some("write smoothing: 20%".into());
    }
}

/// The rule at work.
#[derive(Debug, Clone)]
pub struct Vegas {
    settings: VegasSettings,
    /// The limit, before it is rounded down.
    estimate: f64,
    /// The time of an answer without load [ns].
    no_load_ns: Option<f64>,
    /// Windows since the time without load was taken.
    windows: u64,
    /// From 0.5 to 1, drawn anew with the time without load; none until somebody asks.
    jitter: Option<f64>,
    /// The key of the attempt that asked last.
    last_key: u64,
    steps: Steps,
}

/// How far the limit moves, in a window in which attempts wait at the callee: how few are too few, how many too many, and how it shrinks.
#[derive(Debug, Clone, Copy)]
struct Steps {
    alpha: fn(f64) -> f64,
    beta: fn(f64) -> f64,
    decrease: fn(f64) -> f64,
}

impl Default for Steps {
    fn default() -> Self {
        Self {
            alpha: |limit| 3.0 * log10(limit),
            beta: |limit| 6.0 * log10(limit),
            decrease: |limit| limit - log10(limit),
        }
    }
}

/// The logarithm of a limit, rounded down, at least 1: as Netflix's table has it.
fn log10(limit: f64) -> f64 {
    let digits = (limit.max(1.0) as u64).ilog10();
    f64::from(digits.max(1))
}

impl Vegas {
    fn step(&mut self, seen: Seen, no_load_ns: f64) {
        let (limit, steps) = (self.estimate, self.steps);
        // The bounds are those of the whole places that there are now.
        let (whole, waiting) = (limit.trunc(), (limit * (1.0 - no_load_ns / seen.rtt_ns)).ceil());
        let next = if seen.is_dropped {
            (steps.decrease)(limit)
        } else if seen.in_flight as f64 * 2.0 < limit {
            return;
        } else if waiting <= log10(whole) {
            limit + (steps.beta)(whole)
        } else if waiting < (steps.alpha)(whole) {
            limit + log10(whole)
        } else if waiting > (steps.beta)(whole) {
            (steps.decrease)(limit)
        } else {
            return;
        };
        let smoothing = self.settings.smoothing.value();
        self.estimate = limit + smoothing * (next.clamp(1.0, self.settings.max.get() as f64) - limit);
    }
}

impl ByWindow for Vegas {
    fn limit(&mut self, key: u64) -> u64 {
        self.last_key = key;
        self.estimate as u64
    }

    fn update(&mut self, seen: Seen) {
        self.windows += 1;
        let jitter =
            *self.jitter.get_or_insert_with(|| crate::engine::rng::Keyed::new(self.last_key).unit().mul_add(0.5, 0.5));
        let multiplier = self.settings.probe_multiplier.get() as f64;
        if jitter * multiplier * self.estimate <= self.windows as f64 {
            self.jitter = None;
            self.windows = 0;
            self.no_load_ns = Some(seen.rtt_ns);
            return;
        }
        match self.no_load_ns {
            Some(no_load_ns) if seen.rtt_ns >= no_load_ns => self.step(seen, no_load_ns),
            _ => self.no_load_ns = Some(seen.rtt_ns),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(settings: VegasSettings, steps: Steps, samples: &[(u64, u64)]) -> Vec<u64> {
        let mut vegas = Vegas { steps, ..settings.rule() };
        samples
            .iter()
            .map(|&(rtt_ms, in_flight)| {
                vegas.update(Seen { rtt_ns: rtt_ms as f64 * 1e6, in_flight, is_dropped: false });
                vegas.limit(0)
            })
            .collect()
    }

    #[test]
    fn limits_are_those_of_netflix() {
        // Netflix/concurrency-limits@78a74b98 VegasLimitTest: alpha 3, beta 6, smoothing 1, from 10, at most 20.
        let settings = VegasSettings { initial: Count::new(10), max: Count::new(20), ..VegasSettings::default() };
        let steps = Steps { alpha: |_| 3.0, beta: |_| 6.0, ..Steps::default() };
        assert_eq!(limits(settings, steps, &[(10, 10), (10, 11)]), [10, 16]);
        assert_eq!(limits(settings, steps, &[(10, 10), (50, 11)]), [10, 9]);
        // The same class: decrease by half, smoothing 0.5, from 100, at most 200.
        let smoothing = Probability::new(0.5).unwrap();
        let settings = VegasSettings { initial: Count::new(100), max: Count::new(200), smoothing, ..settings };
        let steps = Steps { decrease: |limit| limit / 2.0, ..Steps::default() };
        assert_eq!(limits(settings, steps, &[(10, 100), (20, 100), (20, 100)]), [100, 75, 56]);
    }

    #[test]
    fn a_limit_that_is_not_used_stays_and_one_that_drops_shrinks() {
        let mut vegas = VegasSettings { initial: Count::new(100), ..VegasSettings::default() }.rule();
        let seen = |in_flight, is_dropped| Seen { rtt_ns: 1e7, in_flight, is_dropped };
        vegas.update(seen(100, false));
        vegas.update(seen(49, false));
        assert_eq!(vegas.limit(0), 100);
        vegas.update(seen(49, true));
        assert_eq!(vegas.limit(0), 98, "log10 of 100 is 2");
    }

    #[test]
    fn the_time_without_load_is_taken_anew() {
        // From 0.5 to 1 of 30 windows for each of 20 places, at a limit that cannot move.
        let settings = VegasSettings { max: Count::new(20), ..VegasSettings::default() };
        let mut vegas = settings.rule();
        vegas.update(Seen { rtt_ns: 1e6, in_flight: 20, is_dropped: false });
        let mut windows = 1;
        while vegas.no_load_ns == Some(1e6) {
            vegas.update(Seen { rtt_ns: 2e6, in_flight: 0, is_dropped: false });
            windows += 1;
        }
        assert!((300..=600).contains(&windows), "{windows}");
        assert_eq!(vegas.no_load_ns, Some(2e6));
    }
}
