//! Admission control as Envoy has it: a caller that turns its own calls away by the share of them that fails.

use super::window::{self, Sliding};
use crate::call::time_window::TimeWindow;
use crate::engine::math::pow;
use crate::problem::Problems;
use crate::units::{Factor, Probability, Rate, SimDuration};
use serde::{Deserialize, Serialize};

/// Turns calls away by chance, the more the further the share that succeeds lies below what is wanted.
///
/// # What it models
/// Each caller instance counts, over the window, the calls that were sent and have ended, n, and those of them that were answered, ok. A call is
/// turned away (outcome `rejected`, no attempt is sent) with probability (max(0, n - ok / `success_rate`) / (n + 1))^(1 / `aggression`), at most
/// `max_rejection`, and never while fewer than `minimum_rate` end a second. What it turns away itself is not counted, so that the share recovers as
/// soon as the callee does. The window slides in 60 steps.
///
/// # When to use it
/// As `sre`, in a mesh. The two differ in what they count: this one sees a callee that fails half of the calls the same however many it turns away,
/// and never stops calling altogether.
///
/// # Knobs
/// - `window`: the calls looked at, `{time: 30s}`, default 30 seconds
/// - `success_rate`: the share that succeeds below which calls are turned away, percent from 1%, default 95%
/// - `aggression`: above 1 more are turned away for the same share of failures, factor of at least 1, default 1
/// - `minimum_rate`: below it nothing is turned away, rate, default 0/s
/// - `max_rejection`: the largest share that is turned away, percent, default 80%
///
/// # Example
/// ```yaml
/// call: {to: ads.pick, throttle: {admission_control: {aggression: 2}}}
/// ```
///
/// # Source
/// Envoy's `admission_control` filter: `sampling_window` 30 s, `sr_threshold` 95 %, `aggression` 1, `rps_threshold` 0, `max_rejection_probability` 80
/// %. Its window slides by the second.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AdmissionControlSettings {
    /// The calls that are looked at.
    pub window: TimeWindow,
    /// The share that succeeds below which calls are turned away.
    pub success_rate: Probability,
    /// Above 1 more are turned away for the same share of failures.
    pub aggression: Factor,
    /// Below it nothing is turned away.
    pub minimum_rate: Rate,
    /// The largest share that is turned away.
    pub max_rejection: Probability,
}

impl Default for AdmissionControlSettings {
    fn default() -> Self {
        Self {
            window: TimeWindow { time: SimDuration::from_ns(30_000_000_000) },
            success_rate: Probability::new(0.95).unwrap_or_default(),
            aggression: Factor::new(1.0).unwrap_or_default(),
            minimum_rate: Rate::default(),
            max_rejection: Probability::new(0.8).unwrap_or_default(),
        }
    }
}

impl AdmissionControlSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        window::validate(self.window, "{time: 30s}", problems);
        if self.success_rate.value() < 0.01 {
            problems.error("success_rate", "Envoy allows nothing below 1%").hint =
                Some("write success_rate: 95%".into());
        }
        if self.aggression.value() < 1.0 {
            problems.error("aggression", "Envoy allows nothing below 1").hint = Some("write aggression: 1".into());
        }
        if self.max_rejection.value() <= 0.0 {
            problems.error("max_rejection", "nothing would ever be turned away").hint =
                Some("write max_rejection: 80%".into());
        }
    }

    pub(super) fn build(&self) -> AdmissionControl {
        AdmissionControl { settings: self.clone(), calls: Sliding::new(self.window) }
    }

    /// Probability of turning a call away.
    fn rejection(&self, ended: u64, ok: u64) -> f64 {
        let too_many = (ended as f64 - ok as f64 / self.success_rate.value()).max(0.0) / (ended as f64 + 1.0);
        let aggression = self.aggression.value();
        let share = if aggression > 1.0 { pow(too_many, 1.0 / aggression) } else { too_many };
        share.min(self.max_rejection.value())
    }
}

/// The throttle at work.
#[derive(Debug, Clone)]
pub struct AdmissionControl {
    settings: AdmissionControlSettings,
    calls: Sliding,
}

impl AdmissionControl {
    pub(super) fn admit(&mut self, now_ns: u64, draw: f64) -> bool {
        let (ended, ok) = self.calls.seen(now_ns);
        let a_second = ended as f64 / (self.settings.window.time.ns() as f64 / 1e9);
        a_second < self.settings.minimum_rate.per_second() || draw >= self.settings.rejection(ended, ok)
    }

    pub(super) fn record(&mut self, now_ns: u64, accepted: bool) {
        self.calls.add(now_ns, 1, u64::from(accepted));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::rng::{Keyed, mix};

    #[test]
    fn probability_follows_the_formula() {
        // Envoy's documentation: (n - ok / 0.95) / (n + 1), to the power of 1 / aggression, at most 80 %.
        let settings = AdmissionControlSettings::default();
        let close = |found: f64, exact: f64| assert!((found - exact).abs() < 1e-12, "{found}, expected {exact}");
        close(settings.rejection(100, 100), 0.0);
        close(settings.rejection(100, 95), 0.0);
        close(settings.rejection(100, 50), (100.0 - 50.0 / 0.95) / 101.0);
        close(settings.rejection(1000, 0), 0.8);
        let twice = AdmissionControlSettings { aggression: Factor::new(2.0).unwrap(), ..settings };
        close(twice.rejection(100, 80), ((100.0 - 80.0 / 0.95) / 101.0f64).sqrt());
    }

    #[test]
    fn the_share_turned_away_depends_on_failures_and_not_on_what_it_turned_away() {
        // A callee that fails 60 % of what it gets: 1 - 0.4 / 0.95 are turned away, at any load.
        let mut throttle = AdmissionControlSettings::default().build();
        let mut sent = 0u64;
        for call in 0..300_000u64 {
            let now_ns = call * 1_000_000;
            if throttle.admit(now_ns, Keyed::new(mix(3, call)).unit()) {
                sent += u64::from(call >= 100_000);
                throttle.record(now_ns, Keyed::new(mix(4, call)).unit() < 0.4);
            }
        }
        let share = 1.0 - sent as f64 / 200_000.0;
        assert!((share - (1.0 - 0.4 / 0.95)).abs() < 0.01, "{share}");
    }

    #[test]
    fn a_callee_that_is_hardly_called_is_always_called() {
        let settings = AdmissionControlSettings {
            minimum_rate: Rate::parse("1/s").unwrap(),
            ..AdmissionControlSettings::default()
        };
        let mut throttle = settings.build();
        (0..29).for_each(|_| throttle.record(0, false));
        assert!(throttle.admit(1, 0.0));
        throttle.record(1, false);
        assert!(!throttle.admit(2, 0.5));
    }
}
