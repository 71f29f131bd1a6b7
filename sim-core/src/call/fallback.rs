//! Fallbacks: who answers when a call has failed for good.

use crate::dist::Distribution;
use crate::kind::Kind;
use crate::outcome::Outcome;
use crate::problem::Problems;
use crate::units::SimDuration;
use serde::{Deserialize, Serialize};

/// A static answer takes the place of a call that failed.
///
/// # What it models
/// The caller answers by itself (from a constant, a default, a message such as "service unavailable") when the breaker is open or the
/// call has failed after its retries. The request goes on with a *degraded* outcome, never *ok*.
///
/// # When to use it
/// Wherever half an answer is better than none; its price is what the degraded answer costs (`costs`, `wrongness`).
///
/// # Knobs
/// - `latency`: time to answer, distribution of duration, default 0s
/// - `outcome`: what the caller has then, default degraded
/// - `outcomes`: which failures it answers, default rejected, error, timeout, unreachable
/// - `text`: what it says, for the reader of the file only
///
/// # Example
/// ```yaml
/// fallback: {latency: 1ms, outcome: degraded, text: service unavailable}
/// ```
///
/// # Source
/// Resilience4j `Decorators.withFallback`, Polly `AddFallback`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FallbackSettings {
    /// Time that the fallback takes.
    pub latency: Distribution,
    /// What the caller has then.
    pub outcome: Outcome,
    /// Which failures it answers.
    pub outcomes: Vec<Outcome>,
    /// What it says, for the reader of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// The kinds of fallback.
pub const ALL: &[Kind] =
    &[Kind { family: "fallback", name: "fallback", schema: || schemars::schema_for!(FallbackSettings) }];

impl Default for FallbackSettings {
    fn default() -> Self {
        Self {
            latency: Distribution::constant(SimDuration::ZERO),
            outcome: Outcome::Degraded,
            outcomes: vec![Outcome::Rejected, Outcome::Error, Outcome::Timeout, Outcome::Unreachable],
            text: None,
        }
    }
}

impl FallbackSettings {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        problems.at("latency", |p| self.latency.validate(p));
        if !self.outcome.is_answer() {
            problems.error("outcome", "a fallback that does not answer is none").hint =
                Some("write outcome: degraded".into());
        }
        if self.outcomes.is_empty() {
            problems.error("outcomes", "a fallback that answers no failure is never used").hint =
                Some("leave `outcomes` out for rejected, error, timeout and unreachable".into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_answers_failures_with_degraded() {
        let settings = FallbackSettings::default();
        assert_eq!(settings.outcome, Outcome::Degraded);
        assert!(settings.outcomes.contains(&Outcome::Timeout) && !settings.outcomes.contains(&Outcome::Ok));
    }

    #[test]
    fn a_fallback_that_fails_is_a_problem() {
        let mut problems = Problems::new();
        FallbackSettings { outcome: Outcome::Error, ..FallbackSettings::default() }.validate(&mut problems);
        assert!(problems.has_errors());
    }
}
