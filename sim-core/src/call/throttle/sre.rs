//! Adaptive throttling as in the SRE book.

use super::window::ThrottleWindow;
use crate::problem::Problems;
use crate::units::{Factor, SimDuration};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Turns calls away by chance, so that the callee sees `ratio` times what it accepts.
///
/// # What it models
/// Each caller instance counts, over the window, the calls that were asked for (those that it turned away itself too) and those that
/// the callee accepted, that is, answered. A call is turned away (outcome `rejected`, no attempt is sent) with probability
/// max(0, (requests - ratio accepts) / (requests + 1)). The window slides in 60 steps.
///
/// # When to use it
/// Where rejecting a request costs the callee nearly as much as serving it. A smaller ratio spares the callee more, and finds out
/// later that it is well again.
///
/// # Knobs
/// - `ratio`: the callee sees so many times what it accepts, factor, default 2
/// - `window`: the calls looked at, `{time: 2m}`, default 2 minutes
///
/// # Example
/// ```yaml
/// call: {to: ads.pick, throttle: {sre: {ratio: 2, window: {time: 2m}}}}
/// ```
///
/// # Source
/// B. Beyer et al., Site Reliability Engineering, 2016, chapter 21, "Client-Side Throttling".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SreSettings {
    /// The callee sees so many times what it accepts.
    pub ratio: Factor,
    /// The calls that are looked at.
    pub window: ThrottleWindow,
}

/// Steps in which the window slides.
const STEPS: u64 = 60;

impl Default for SreSettings {
    fn default() -> Self {
        let window = ThrottleWindow { time: SimDuration::from_ns(120_000_000_000) };
        Self { ratio: Factor::new(2.0).unwrap_or_default(), window }
    }
}

impl SreSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.ratio.value() < 1.0 {
            problems.error("ratio", "below 1 calls are turned away that the callee would accept").hint =
                Some("write ratio: 2".into());
        }
        if self.window.time.ns() < STEPS {
            problems.error("window", "a window of no time holds no call").hint =
                Some("write window: {time: 2m}".into());
        }
    }

    pub(super) fn build(&self) -> Sre {
        let step_ns = (self.window.time.ns() / STEPS).max(1);
        Sre { ratio: self.ratio.value(), step_ns, steps: VecDeque::new(), requests: 0, accepts: 0 }
    }
}

/// Probability of turning a call away (SRE book, equation 21-1).
fn rejection(requests: u64, accepts: u64, ratio: f64) -> f64 {
    ((requests as f64 - ratio * accepts as f64) / (requests as f64 + 1.0)).max(0.0)
}

/// The throttle at work.
#[derive(Debug, Clone)]
pub struct Sre {
    ratio: f64,
    step_ns: u64,
    /// Number of a step, requests and accepts in it; only those of the window.
    steps: VecDeque<(u64, u64, u64)>,
    requests: u64,
    accepts: u64,
}

impl Sre {
    pub(super) fn admit(&mut self, now_ns: u64, draw: f64) -> bool {
        self.slide(now_ns);
        let admitted = draw >= rejection(self.requests, self.accepts, self.ratio);
        self.add(now_ns, 1, 0);
        admitted
    }

    pub(super) fn record(&mut self, now_ns: u64, accepted: bool) {
        if accepted {
            self.slide(now_ns);
            self.add(now_ns, 0, 1);
        }
    }

    fn add(&mut self, now_ns: u64, requests: u64, accepts: u64) {
        let step = now_ns / self.step_ns;
        if self.steps.back().is_none_or(|last| last.0 != step) {
            self.steps.push_back((step, 0, 0));
        }
        if let Some(last) = self.steps.back_mut() {
            last.1 += requests;
            last.2 += accepts;
        }
        self.requests += requests;
        self.accepts += accepts;
    }

    /// Forgets the steps that the window has left.
    fn slide(&mut self, now_ns: u64) {
        let oldest = (now_ns / self.step_ns).saturating_sub(STEPS - 1);
        while let Some((_, requests, accepts)) = self.steps.front().copied().filter(|first| first.0 < oldest) {
            self.requests -= requests;
            self.accepts -= accepts;
            self.steps.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::rng::{Keyed, mix};

    #[test]
    fn probability_follows_the_formula() {
        // B. Beyer et al., Site Reliability Engineering, chapter 21, K = 2.
        for (requests, accepts, expected) in [(100, 100, 0.0), (1000, 250, 500.0 / 1001.0), (10, 0, 10.0 / 11.0)] {
            assert_eq!(rejection(requests, accepts, 2.0), expected);
        }
    }

    #[test]
    fn callee_sees_twice_what_it_accepts() {
        // 1000 calls a second, of which the callee accepts the first 100 of each second.
        let mut throttle = SreSettings::default().build();
        let (mut sent, mut sent_now) = (0, 0);
        for call in 0..600_000u64 {
            sent_now = if call % 1000 == 0 { 0 } else { sent_now };
            let now_ns = call * 1_000_000;
            if throttle.admit(now_ns, Keyed::new(mix(3, call)).unit()) {
                sent_now += 1;
                sent += u64::from(call >= 300_000);
                throttle.record(now_ns, sent_now <= 100);
            }
        }
        let a_second = sent as f64 / 300.0;
        assert!((a_second - 200.0).abs() < 10.0, "{a_second} sent a second");
    }

    #[test]
    fn window_forgets() {
        let mut throttle = SreSettings::default().build();
        for _ in 0..100 {
            throttle.admit(0, 0.0);
        }
        assert!(!throttle.admit(119_000_000_000, 0.5));
        assert!(throttle.admit(240_000_000_000, 0.0), "nothing is left of what failed two minutes ago");
    }
}
