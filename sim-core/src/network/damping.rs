//! Route flap damping: a route that is withdrawn again and again is left aside for a while.

use crate::engine::math::{exp2, ln};
use crate::problem::Problems;
use crate::units::SimDuration;
use serde::{Deserialize, Serialize};

/// Leaves a link of a route aside that comes and goes.
///
/// # What it models
/// Each withdrawal of a link adds `penalty` to its figure of merit, which decays by half in each `half_life`. Above `suppress` the link is not used,
/// though it is there, until the figure has decayed to `reuse`. No figure is larger than what decays to `reuse` within `cap`, so that a link is left
/// aside for at most `cap` after its last withdrawal.
///
/// # When to use it
/// Where a link that flaps does more harm than a longer one that holds.
///
/// # Knobs
/// - `half_life`: duration, default 15m
/// - `reuse`: figure at which the link is used again, number, default 750
/// - `suppress`: figure above which it is left aside, number, default 3000
/// - `penalty`: what a withdrawal adds, number, default 1000
/// - `cap`: longest time aside, duration, default 60m
///
/// # Example
/// ```yaml
/// regions: {west: {zones: [west-a]}, east: {zones: [east-a]}}
/// network:
///   links:
///     direct: {between: [west, east], latency: 18ms}
///     detour: {between: [west, east], latency: 95ms}
///   routes:
///     west-east: {between: [west, east], prefer: [direct, detour], dampening: {suppress: 2000}}
/// ```
///
/// # Source
/// RFC 2439; the defaults are those that Juniper documents.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Dampening {
    /// In this time the figure decays by half.
    pub half_life: SimDuration,
    /// Figure at which the link is used again.
    pub reuse: f64,
    /// Figure above which it is left aside.
    pub suppress: f64,
    /// What a withdrawal adds.
    pub penalty: f64,
    /// Longest time aside.
    pub cap: SimDuration,
}

impl Default for Dampening {
    fn default() -> Self {
        let minutes = |m: u64| SimDuration::from_ns(m * 60 * SimDuration::SECOND.ns());
        Self { half_life: minutes(15), reuse: 750.0, suppress: 3000.0, penalty: 1000.0, cap: minutes(60) }
    }
}

impl Dampening {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        if self.half_life.is_zero() {
            problems.error("half_life", "a figure that decays in no time leaves nothing aside");
        }
        for (key, value) in [("reuse", self.reuse), ("suppress", self.suppress), ("penalty", self.penalty)] {
            if !value.is_finite() || value <= 0.0 {
                problems.error(key, format!("{value} is no figure of merit")).label = Some("above 0".into());
            }
        }
        if self.reuse >= self.suppress {
            problems.error("reuse", "a link is used again at a figure below that at which it is left aside").hint =
                Some(format!("write a number below suppress, {}", self.suppress));
        }
        if self.suppress >= self.most() {
            problems.error("suppress", "no link ever comes to this figure: cap and half_life keep it below").hint =
                Some(format!("the figure is at most reuse times 2^(cap / half_life), here {:.0}", self.most()));
        }
    }

    /// The largest figure.
    fn most(&self) -> f64 {
        self.reuse * exp2((self.cap.ns() as f64 / self.half_life.ns().max(1) as f64).min(1000.0))
    }
}

/// How often a link was withdrawn of late.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Merit {
    figure: f64,
    /// When the figure was that [ns].
    at: u64,
    aside: bool,
}

impl Merit {
    /// The link is withdrawn. Where it is left aside, or would be once it is announced again: until when [ns].
    pub fn withdrawn(&mut self, rule: &Dampening, now: u64) -> Option<u64> {
        self.figure = (self.decayed(rule, now) + rule.penalty).min(rule.most());
        self.at = now;
        self.aside |= self.figure > rule.suppress;
        self.aside_until(rule)
    }

    /// Whether the link is left aside.
    pub fn is_aside(&mut self, rule: &Dampening, now: u64) -> bool {
        self.aside &= self.aside_until(rule).is_some_and(|until| now < until);
        self.aside
    }

    fn decayed(&self, rule: &Dampening, now: u64) -> f64 {
        self.figure * exp2(-((now - self.at) as f64) / rule.half_life.ns() as f64)
    }

    fn aside_until(&self, rule: &Dampening) -> Option<u64> {
        let halvings = ln(self.figure / rule.reuse) / std::f64::consts::LN_2;
        self.aside.then(|| self.at + (halvings.max(0.0) * rule.half_life.ns() as f64).ceil() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60_000_000_000;

    fn minutes(ns: u64) -> f64 {
        ns as f64 / MINUTE as f64
    }

    /// Half-life 15 min, reuse 750: a figure of 4000 takes 15 log2(4000 / 750) = 36.2 min, and one of 3000 takes 30.
    #[test]
    fn four_withdrawals_at_once_are_held_for_36_minutes() {
        let rule = Dampening::default();
        let mut merit = Merit::default();
        for _ in 0..3 {
            assert_eq!(merit.withdrawn(&rule, MINUTE), None, "3000 is not above 3000");
        }
        let until = merit.withdrawn(&rule, MINUTE).unwrap();
        assert!((minutes(until) - 1.0 - 36.225).abs() < 0.001, "{}", minutes(until));
        assert!(merit.is_aside(&rule, until - 1));
        assert!(!merit.is_aside(&rule, until));
        let catalogue = Dampening { suppress: 2000.0, ..rule };
        let mut merit = Merit::default();
        for _ in 0..2 {
            assert_eq!(merit.withdrawn(&catalogue, 0), None);
        }
        let until = merit.withdrawn(&catalogue, 0).unwrap();
        assert!((minutes(until) - 30.0).abs() < 0.001, "{}", minutes(until));
    }

    #[test]
    fn no_link_is_left_aside_for_longer_than_the_cap() {
        let rule = Dampening::default();
        let mut merit = Merit::default();
        let until = (0..1000).filter_map(|_| merit.withdrawn(&rule, 0)).last().unwrap();
        assert!((minutes(until) - 60.0).abs() < 0.001, "{}", minutes(until));
    }

    #[test]
    fn what_is_withdrawn_rarely_is_never_left_aside() {
        let rule = Dampening::default();
        let mut merit = Merit::default();
        assert!((0..100).all(|hour| merit.withdrawn(&rule, hour * 60 * MINUTE).is_none()));
    }

    #[test]
    fn figures_that_cannot_be_are_refused() {
        let problems = |rule: Dampening| {
            let mut problems = Problems::new();
            rule.validate(&mut problems);
            problems.into_vec().into_iter().map(|p| p.path).collect::<Vec<_>>()
        };
        let rule = Dampening::default();
        assert!(problems(rule).is_empty());
        assert_eq!(problems(Dampening { reuse: 3000.0, ..rule }), ["reuse"]);
        assert_eq!(problems(Dampening { suppress: 12000.0, ..rule }), ["suppress"]);
        assert_eq!(problems(Dampening { penalty: 0.0, ..rule }), ["penalty"]);
    }
}
