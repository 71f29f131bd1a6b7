//! Additive increase, multiplicative decrease.

use super::adaptive::{Rule, Sample};
use super::window::validate_bounds;
use crate::problem::Problems;
use crate::units::{Count, Probability, SimDuration};
use serde::{Deserialize, Serialize};

/// One place more after each answer, a tenth fewer after each attempt that is dropped or too slow.
///
/// # What it models
/// A limit of attempts under way that moves with each attempt that ends. One that was dropped (timeout, unreachable, rejected, shed), or took longer
/// than `slow_after`, makes the limit `backoff` times what it was. After any other answer it is one higher, as long as at least half of the places
/// were taken when the attempt began: a caller that uses few learns nothing of more. Errors say nothing. An attempt that finds no place is turned
/// away at once (outcome `rejected`); the limit stays between `min` and `max`.
///
/// # When to use it
/// The simplest limit that finds its level by itself. It knows only what fails, so that the callee's queue fills up to timeouts before it acts: with
/// `slow_after` well above a normal answer it acts sooner.
///
/// # Knobs
/// - `initial`: where it begins, count, default 20
/// - `min`: never fewer, count, default 20
/// - `max`: never more, count, default 200
/// - `backoff`: what is left of the limit, percent from 50% to below 100%, default 90%
/// - `slow_after`: an answer that took longer counts as dropped, duration, default 5s
///
/// # Example
/// ```yaml
/// call: {to: db.get, timeout: 1s, concurrency_limit: {aimd: {initial: 20, slow_after: 200ms}}}
/// ```
///
/// # Source
/// Netflix `concurrency-limits`, `AIMDLimit`: `initialLimit` 20, `minLimit` 20, `maxLimit` 200, `backoffRatio` 0.9, `timeout` 5 s.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AimdSettings {
    /// Where it begins.
    pub initial: Count,
    /// Never fewer.
    pub min: Count,
    /// Never more.
    pub max: Count,
    /// What is left of the limit.
    pub backoff: Probability,
    /// An answer that took longer counts as dropped.
    pub slow_after: SimDuration,
}

impl Default for AimdSettings {
    fn default() -> Self {
        Self {
            initial: Count::new(20),
            min: Count::new(20),
            max: Count::new(200),
            backoff: Probability::new(0.9).unwrap_or_default(),
            slow_after: SimDuration::from_ns(5_000_000_000),
        }
    }
}

impl AimdSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        validate_bounds(self.initial, self.min, self.max, problems);
        if !(0.5..1.0).contains(&self.backoff.value()) {
            problems.error("backoff", "what is left of the limit is from 50% to below 100%").hint =
                Some("write backoff: 90%".into());
        }
        if self.slow_after.is_zero() {
            problems.error("slow_after", "every answer would count as dropped").hint =
                Some("write slow_after: 5s".into());
        }
    }

    pub(super) fn build(&self) -> Aimd {
        Aimd { settings: *self, limit: self.initial.get() }
    }
}

/// The rule at work.
#[derive(Debug, Clone)]
pub struct Aimd {
    settings: AimdSettings,
    limit: u64,
}

impl Rule for Aimd {
    fn limit(&mut self, _now_ns: u64, _key: u64) -> u64 {
        self.limit
    }

    fn sample(&mut self, sample: Sample) {
        if sample.is_ignored() {
            return;
        }
        let settings = &self.settings;
        if sample.is_dropped() || sample.rtt_ns > settings.slow_after.ns() {
            self.limit = (self.limit as f64 * settings.backoff.value()) as u64;
        } else if sample.in_flight * 2 >= self.limit {
            self.limit += 1;
        }
        self.limit = self.limit.clamp(settings.min.get(), settings.max.get());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Outcome;

    fn after(initial: u64, in_flight: u64, outcome: Outcome) -> u64 {
        let mut aimd = AimdSettings { initial: Count::new(initial), ..AimdSettings::default() }.build();
        aimd.sample(Sample { now_ns: 0, rtt_ns: 1_000_000, in_flight, outcome });
        aimd.limit
    }

    #[test]
    fn limits_are_those_of_netflix() {
        // Netflix/concurrency-limits@78a74b98 AIMDLimitTest: a success with 10 of 20 under way gives 21, a drop at 30 gives 27.
        assert_eq!(after(20, 10, Outcome::Ok), 21);
        assert_eq!(after(30, 0, Outcome::Timeout), 27);
        assert_eq!(after(30, 9, Outcome::Ok), 30, "few of the places were taken");
        assert_eq!(after(30, 30, Outcome::Error), 30, "an error says nothing");
        assert_eq!((after(200, 200, Outcome::Ok), after(21, 21, Outcome::Shed)), (200, 20), "max and min");
    }

    #[test]
    fn a_slow_answer_counts_as_dropped() {
        let mut aimd = AimdSettings { initial: Count::new(100), ..AimdSettings::default() }.build();
        let sample = |rtt_ns| Sample { now_ns: 0, rtt_ns, in_flight: 100, outcome: Outcome::Ok };
        aimd.sample(sample(5_000_000_001));
        assert_eq!(aimd.limit, 90);
        aimd.sample(sample(5_000_000_000));
        assert_eq!(aimd.limit, 91);
    }
}
