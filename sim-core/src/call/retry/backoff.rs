//! The wait before the next attempt, and its jitter.

use crate::dist::Distribution;
use crate::engine::math::{self, whole_ns};
use crate::engine::rng::{Draw, Keyed, mix};
use crate::problem::Problems;
use crate::units::{Factor, Probability, SimDuration};
use serde::{Deserialize, Serialize};

/// The wait before the next attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Backoff {
    /// Always the same.
    Fixed(FixedSettings),
    /// Longer by the same with each attempt.
    Linear(LinearSettings),
    /// Longer by a factor with each attempt.
    Exponential(ExponentialSettings),
}

impl Default for Backoff {
    fn default() -> Self {
        Self::Exponential(ExponentialSettings::default())
    }
}

/// How a wait `v` is spread, so that callers who failed together do not come back together.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Jitter {
    /// Not at all: v.
    None,
    /// Half of it: v/2 + U(0, v/2).
    Equal,
    /// All of it: U(0, v).
    #[default]
    Full,
    /// From the wait before it: min(cap, U(base, 3 times the last wait)).
    Decorrelated,
    /// By so much around it: v U(1 - percent, 1 + percent), as gRPC (20 %) and resilience4j (50 %) have it.
    Around(Probability),
}

impl Jitter {
    /// How many times the wait may be at most.
    fn above(self) -> f64 {
        match self {
            Self::Around(percent) => 1.0 + percent.value(),
            Self::None | Self::Equal | Self::Full | Self::Decorrelated => 1.0,
        }
    }
}

/// Every wait is the same, or is drawn from the same distribution.
///
/// # What it models
/// A pause between attempts that does not grow. With an exponential delay the waiting callers are the orbit of a retrial queue.
///
/// # When to use it
/// For people who try again, tests and old clients. With a constant delay callers that fail together come back together, again and
/// again.
///
/// # Knobs
/// - `delay`: duration or distribution, required
///
/// # Example
/// ```yaml
/// backoff: {fixed: {delay: {exponential: {mean: 30s}}}}
/// ```
///
/// # Source
/// resilience4j `waitDuration` and `IntervalFunction`; G. Falin and J. Templeton, Retrial Queues, 1997.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FixedSettings {
    /// The wait, or its distribution.
    pub delay: Distribution,
}

/// The n-th wait is n times the base.
///
/// # What it models
/// Waits of base, 2 base, 3 base, up to the cap, spread by the jitter.
///
/// # When to use it
/// Where a client does so; exponential backs off faster.
///
/// # Knobs
/// - `base`: duration, default 50ms
/// - `cap`: longest wait, duration, default 20s
/// - `jitter`: none, equal, full or `{around: 20%}`, default full
///
/// # Example
/// ```yaml
/// backoff: {linear: {base: 100ms, cap: 1s}}
/// ```
///
/// # Source
/// Polly `DelayBackoffType.Linear`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LinearSettings {
    /// The first wait.
    pub base: SimDuration,
    /// The longest wait.
    pub cap: SimDuration,
    /// How it is spread.
    pub jitter: Jitter,
}

/// Each wait is a multiple of the one before.
///
/// # What it models
/// The n-th wait is v = min(cap, base times multiplier^(n-1)), spread by the jitter: `none` v, `equal` v/2 + U(0, v/2), `full` U(0, v),
/// `decorrelated` min(cap, U(base, 3 times the last wait)), `{around: 20%}` v U(0.8, 1.2), which may be above the cap as gRPC's is.
///
/// # When to use it
/// The common choice; full jitter spreads callers best.
///
/// # Knobs
/// - `base`: the first wait, duration, default 50ms
/// - `multiplier`: factor, default 2
/// - `cap`: longest wait, duration, default 20s
/// - `jitter`: none, equal, full, decorrelated or `{around: 20%}`, default full
///
/// # Example
/// ```yaml
/// backoff: {exponential: {base: 50ms, cap: 1s, jitter: full}}
/// ```
///
/// # Source
/// M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015; gRPC proposal A6.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExponentialSettings {
    /// The first wait.
    pub base: SimDuration,
    /// Each wait is so many times the one before.
    pub multiplier: Factor,
    /// The longest wait.
    pub cap: SimDuration,
    /// How it is spread.
    pub jitter: Jitter,
}

const BASE: u64 = 50_000_000;
const CAP: u64 = 20_000_000_000;
/// Waits before this many no longer matter to decorrelated jitter: it has reached its cap long since.
const REMEMBERED: u32 = 200;

impl Default for LinearSettings {
    fn default() -> Self {
        Self { base: SimDuration::from_ns(BASE), cap: SimDuration::from_ns(CAP), jitter: Jitter::Full }
    }
}

impl Default for ExponentialSettings {
    fn default() -> Self {
        Self {
            base: SimDuration::from_ns(BASE),
            multiplier: Factor::new(2.0).unwrap_or_default(),
            cap: SimDuration::from_ns(CAP),
            jitter: Jitter::Full,
        }
    }
}

impl Backoff {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        let check = |base: SimDuration, cap: SimDuration, p: &mut Problems| {
            if cap < base {
                p.error("cap", "the longest wait is shorter than the first").label = Some(format!("base is {base}"));
            }
        };
        match self {
            Self::Fixed(s) => problems.at("fixed.delay", |p| s.delay.validate(p)),
            Self::Linear(s) => problems.at("linear", |p| {
                check(s.base, s.cap, p);
                if s.jitter == Jitter::Decorrelated {
                    p.error("jitter", "decorrelated jitter grows by itself: it goes with exponential").hint =
                        Some("write jitter: full".into());
                }
            }),
            Self::Exponential(s) => problems.at("exponential", |p| {
                check(s.base, s.cap, p);
                if s.multiplier.value() < 1.0 {
                    p.error("multiplier", "waits have to grow").hint = Some("write multiplier: 2".into());
                }
            }),
        }
    }

    /// Whether there is a wait at all.
    pub fn pauses(&self) -> bool {
        match self {
            Self::Fixed(s) => s.delay.mean() > 0.0,
            Self::Linear(s) => s.base.ns() > 0,
            Self::Exponential(s) => s.base.ns() > 0,
        }
    }

    /// The longest wait after attempt `attempt` (from 1) has failed [ns]. Of a delay that is drawn from a distribution it is the mean, which
    /// some waits exceed.
    pub fn longest_ns(&self, attempt: u32) -> f64 {
        let attempt = f64::from(attempt);
        match self {
            Self::Fixed(s) => s.delay.mean(),
            Self::Linear(s) => (s.base.ns() as f64 * attempt).min(s.cap.ns() as f64) * s.jitter.above(),
            Self::Exponential(s) => {
                let factor = if s.jitter == Jitter::Decorrelated { 3.0 } else { s.multiplier.value() };
                // Decorrelated jitter may draw three times its last wait, from the first wait on.
                let steps = if s.jitter == Jitter::Decorrelated { attempt } else { attempt - 1.0 };
                (s.base.ns() as f64 * math::pow(factor, steps.min(200.0))).min(s.cap.ns() as f64) * s.jitter.above()
            }
        }
    }

    /// Whether callers that fail at the same moment try again at the same moment.
    pub fn keeps_step(&self) -> bool {
        match self {
            Self::Fixed(s) => s.delay.build().is_constant().is_some(),
            Self::Linear(s) => s.jitter == Jitter::None,
            Self::Exponential(s) => s.jitter == Jitter::None,
        }
    }

    /// The wait after attempt `attempt` (from 1) of the call with this key has failed [ns]. Decorrelated jitter needs the wait before
    /// it: all are drawn anew, but for those so long ago that they do not matter any more.
    pub fn wait_ns(&self, attempt: u32, key: u64) -> u64 {
        match self {
            Self::Fixed(s) => match &s.delay {
                Distribution::Constant(delay) => delay.ns(),
                drawn @ Distribution::Kind(_) => {
                    whole_ns(drawn.build().sample(&mut Keyed::new(mix(key, u64::from(attempt)))))
                }
            },
            Self::Exponential(s) if s.jitter == Jitter::Decorrelated => {
                let first = attempt.saturating_sub(REMEMBERED).max(1);
                let mut draw = Keyed::nth(key, u64::from(first - 1));
                (first..=attempt).fold(0, |previous, n| self.delay_ns(n, previous, &mut draw))
            }
            // Each wait takes one draw.
            _ => self.delay_ns(attempt, 0, &mut Keyed::nth(key, u64::from(attempt - 1))),
        }
    }

    /// The wait after attempt `attempt` (from 1) has failed [ns]; `previous_ns` is the wait before, 0 for the first.
    fn delay_ns(&self, attempt: u32, previous_ns: u64, draw: &mut impl Draw) -> u64 {
        let (value, base, cap, jitter) = match self {
            Self::Fixed(s) => return whole_ns(s.delay.build().sample(draw)),
            Self::Linear(s) => (s.base.ns() as f64 * f64::from(attempt), s.base, s.cap, s.jitter),
            Self::Exponential(s) => {
                let mut value = s.base.ns() as f64;
                for _ in 1..attempt.min(200) {
                    value *= s.multiplier.value();
                }
                (value, s.base, s.cap, s.jitter)
            }
        };
        let (base, cap) = (base.ns() as f64, cap.ns() as f64);
        let value = value.min(cap);
        let unit = draw.unit();
        let wait = match jitter {
            Jitter::None => value,
            Jitter::Equal => value / 2.0 + unit * value / 2.0,
            Jitter::Full => unit * value,
            Jitter::Around(percent) => value * (1.0 + percent.value() * (2.0 * unit - 1.0)),
            Jitter::Decorrelated => {
                let last = if previous_ns == 0 { base } else { previous_ns as f64 };
                (base + unit * (3.0 * last - base).max(0.0)).min(cap)
            }
        };
        wait as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::rng::Keyed;

    const MS: u64 = 1_000_000;

    fn exponential(jitter: Jitter) -> Backoff {
        Backoff::Exponential(ExponentialSettings {
            base: SimDuration::from_ns(10 * MS),
            cap: SimDuration::from_ns(100 * MS),
            jitter,
            ..ExponentialSettings::default()
        })
    }

    #[test]
    fn doubles_up_to_the_cap_without_jitter() {
        let backoff = exponential(Jitter::None);
        let waits: Vec<u64> = (1..=6).map(|n| backoff.delay_ns(n, 0, &mut Keyed::new(1)) / MS).collect();
        assert_eq!(waits, [10, 20, 40, 80, 100, 100]);
    }

    #[test]
    fn no_wait_is_longer_than_the_longest() {
        let around = Jitter::Around(Probability::new(0.2).unwrap());
        for jitter in [Jitter::None, Jitter::Equal, Jitter::Full, Jitter::Decorrelated, around] {
            let backoff = exponential(jitter);
            for attempt in 1..=8 {
                let longest = (0..2_000).map(|call| backoff.wait_ns(attempt, call * 7919)).max().unwrap_or(0) as f64;
                let bound = backoff.longest_ns(attempt);
                assert!(longest <= bound + 1.0 && longest > 0.8 * bound, "{jitter:?} {attempt}: {longest} of {bound}");
            }
        }
        let fixed: Backoff = serde_json::from_str(r#"{"fixed": {"delay": "30ms"}}"#).unwrap();
        assert_eq!((fixed.longest_ns(9), fixed.keeps_step()), (30e6, true));
        assert!(!exponential(Jitter::Equal).keeps_step());
    }

    #[test]
    fn waits_of_grpc_are_within_a_fifth_of_the_backoff() {
        // gRPC proposal A6: min(initialBackoff multiplier^(n-1), maxBackoff) U(0.8, 1.2).
        let backoff: Backoff =
            serde_json::from_str(r#"{"exponential": {"base": "10ms", "cap": "100ms", "jitter": {"around": "20%"}}}"#)
                .unwrap();
        for (attempt, value) in [(1, 10.0), (2, 20.0), (4, 80.0), (5, 100.0)] {
            let waits: Vec<f64> = (0..5000).map(|call| backoff.wait_ns(attempt, call * 7919) as f64 / 1e6).collect();
            let mean = waits.iter().sum::<f64>() / waits.len() as f64;
            assert!(waits.iter().all(|wait| (0.8 * value..=1.2 * value).contains(wait)), "attempt {attempt}");
            assert!((mean / value - 1.0).abs() < 0.01, "attempt {attempt}: {mean}");
        }
    }

    #[test]
    fn fixed_waits_are_drawn_for_each_attempt() {
        let backoff: Backoff =
            serde_json::from_str(r#"{"fixed": {"delay": {"exponential": {"mean": "10ms"}}}}"#).unwrap();
        let waits: Vec<f64> = (1..=20_000).map(|attempt| backoff.wait_ns(attempt, 99) as f64 / MS as f64).collect();
        let mean = waits.iter().sum::<f64>() / waits.len() as f64;
        let square = waits.iter().map(|w| w * w).sum::<f64>() / waits.len() as f64;
        assert!((mean - 10.0).abs() < 0.3 && (square / 200.0 - 1.0).abs() < 0.1, "mean {mean}, second moment {square}");
        assert_eq!(backoff.wait_ns(7, 99), backoff.wait_ns(7, 99));
    }

    #[test]
    fn waits_of_a_call_are_those_of_its_draws_in_a_row() {
        for jitter in [Jitter::None, Jitter::Equal, Jitter::Full, Jitter::Decorrelated] {
            let backoff = exponential(jitter);
            let (mut draw, mut last) = (Keyed::new(31), 0);
            for attempt in 1..=100 {
                last = backoff.delay_ns(attempt, last, &mut draw);
                assert_eq!(backoff.wait_ns(attempt, 31), last, "{jitter:?} after attempt {attempt}");
            }
            assert!(backoff.wait_ns(1_000_000, 31) <= 100 * MS);
        }
    }

    #[test]
    fn jitters_keep_their_bounds_and_means() {
        for (jitter, low, mean) in [(Jitter::Equal, 20.0, 30.0), (Jitter::Full, 0.0, 20.0)] {
            let backoff = exponential(jitter);
            let waits: Vec<f64> =
                (0..20_000).map(|i| backoff.delay_ns(3, 0, &mut Keyed::new(i * 7919)) as f64 / MS as f64).collect();
            assert!(waits.iter().all(|w| (low..=40.0).contains(w)), "{jitter:?}");
            let found = waits.iter().sum::<f64>() / waits.len() as f64;
            assert!((found - mean).abs() < 0.3, "{jitter:?} has mean {found}");
        }
    }

    #[test]
    fn decorrelated_stays_between_base_and_three_times_the_last() {
        let backoff = exponential(Jitter::Decorrelated);
        let mut draw = Keyed::new(5);
        let mut last = 0;
        for n in 1..1000 {
            let wait = backoff.delay_ns(n, last, &mut draw);
            let most = if last == 0 { 30 * MS } else { 3 * last };
            assert!(wait >= 10 * MS && wait <= most.clamp(10 * MS, 100 * MS) + 1, "{wait} after {last}");
            last = wait;
        }
    }
}
