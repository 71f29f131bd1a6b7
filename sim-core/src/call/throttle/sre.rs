//! Adaptive throttling as in the SRE book.

use super::window::{self, Sliding};
use crate::call::time_window::TimeWindow;
use crate::problem::Problems;
use crate::units::{Factor, SimDuration};
use serde::{Deserialize, Serialize};

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
    pub window: TimeWindow,
}

impl Default for SreSettings {
    fn default() -> Self {
        let window = TimeWindow { time: SimDuration::from_ns(120_000_000_000) };
        Self { ratio: Factor::new(2.0).unwrap_or_default(), window }
    }
}

impl SreSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.ratio.value() < 1.0 {
            problems.error("ratio", "below 1 calls are turned away that the callee would accept").hint =
                Some("write ratio: 2".into());
        }
        window::validate(self.window, "{time: 2m}", problems);
    }

    pub(super) fn build(&self) -> Sre {
        Sre { ratio: self.ratio.value(), calls: Sliding::new(self.window) }
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
    calls: Sliding,
}

impl Sre {
    pub(super) fn admit(&mut self, now_ns: u64, draw: f64) -> bool {
        let (requests, accepts) = self.calls.seen(now_ns);
        self.calls.add(now_ns, 1, 0);
        draw >= rejection(requests, accepts, self.ratio)
    }

    pub(super) fn record(&mut self, now_ns: u64, accepted: bool) {
        if accepted {
            self.calls.add(now_ns, 0, 1);
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
