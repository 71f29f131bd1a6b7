//! Fallbacks as written: what answers when a call has failed for good.

use super::CallStep;
use serde::{Deserialize, Serialize};
use sim_core::dist::Distribution;
use sim_core::kind::Kind;
use sim_core::outcome::Outcome;
use sim_core::problem::Problems;
use sim_core::units::SimDuration;

/// Something else takes the place of a call that failed: an answer of the caller's own, the last good answer, or another call.
///
/// # What it models
/// When a call has failed for good, after its retries or because its breaker is open, with one of `outcomes`, the request goes on with what the
/// fallback answers.
/// - Alone it is a constant, a default, a message such as "service unavailable".
/// - `cached` is the last good answer to the same call, which each instance of the caller keeps in the memory of its process: it is lost with
///   a restart. The answer is given if it is not older than `max_age`; else the failure stands. Nobody checks whether the kept answer is still
///   right, so that each one that is given counts as a `stale_read`. A degraded answer is not kept.
/// - `call` is another call, made by the same instance, with a policy, retries and a timeout of its own. The outcome of the other call is the
///   outcome of the first call too, and both calls are counted. The other call has to end within the `deadline` of the first call, but not within
///   its `total_timeout`, and is optional where the first call is. It may have a fallback in turn. A fallback never leads back to itself: where a
///   policy has a fallback whose call names the same policy, or the defaults have a fallback, the other call is made once.
///
/// The other call may lead back to the endpoint that makes it, directly or by way of other services, because it is only made when the first call
/// fails. While the first call fails, each request then causes another one, which fails in the same way: it ends when workers, a deadline, a breaker
/// or a limit stop it, or the bounds of the run.
///
/// Users of a load class have the first form only: they keep no answers and know no other address.
///
/// # When to use it
/// Wherever half an answer is better than none; its price is what the degraded or old answer costs (`costs`, `wrongness`). Another call is load on
/// its target at the worst moment: give it a limit, and look at the target with the first callee down.
///
/// # Knobs
/// - `latency`: time to answer, or until the other call begins, distribution of duration, default 0s
/// - `outcome`: what the caller has then, default degraded; of another call what that has
/// - `outcomes`: which failures it answers, default rejected, error, timeout, unreachable
/// - `cached`: `max_age` of the answer, and the `key` space that tells answers apart, default none
/// - `call`: the other call, with all settings of a call, default none
/// - `text`: what it says, for the reader of the file only
///
/// # Example
/// ```yaml
/// fallback: {call: {to: archive.read, timeout: 200ms}}
/// ```
///
/// # Source
/// resilience4j `Decorators.withFallback`, Polly `AddFallback`, Hystrix `getFallback`: "Fallback: Cache via Network", "Fallback: Stubbed".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FallbackSettings {
    /// Time that the fallback takes.
    pub latency: Distribution,
    /// What the caller has then; default degraded, or what the other call has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Which failures it answers.
    pub outcomes: Vec<Outcome>,
    /// The last good answer is given again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached: Option<CachedSettings>,
    /// Another call is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<Box<CallStep>>,
    /// What it says, for the reader of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// The last good answer, which a caller gives again when the callee fails.
///
/// # What it models
/// Each instance of the caller keeps the last answer of the call that was ok, in the memory of its process, and gives it again for as long as it is
/// not older than `max_age`. A crash, a restart or a replacement begins with nothing. With a `key` one answer is kept for each key that was asked
/// for; without it the answer is the same for all requests, such as a list of flags. What is given again counts as a `stale_read`, with what was
/// wrong in it.
///
/// # When to use it
/// For what changes seldom: catalogues, flags, prices of yesterday. An outage longer than `max_age`, a restart during it, and keys that were not
/// asked for before it are what the scenario should have.
///
/// # Knobs
/// - `max_age`: how old the answer may be, duration, required
/// - `key`: the key space that tells answers apart, name, default none
///
/// # Example
/// ```yaml
/// fallback: {cached: {max_age: 5m, key: product}}
/// ```
///
/// # Source
/// `stale-if-error`, RFC 5861, section 4; Hystrix, "Fallback: Cache via Network".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CachedSettings {
    /// How old the answer may be.
    pub max_age: SimDuration,
    /// The key space whose keys tell answers apart; without it one answer serves all requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// The kinds of fallback.
pub const ALL: &[Kind] = &[
    Kind { family: "fallback", name: "fallback", schema: || schemars::schema_for!(FallbackSettings) },
    Kind { family: "fallback", name: "cached", schema: || schemars::schema_for!(CachedSettings) },
];

impl Default for FallbackSettings {
    fn default() -> Self {
        let sim_core::call::fallback::Fallback { latency, outcomes, .. } =
            sim_core::call::fallback::Fallback::default();
        Self { latency, outcome: None, outcomes, cached: None, call: None, text: None }
    }
}

impl FallbackSettings {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        problems.at("latency", |p| self.latency.validate(p));
        if self.outcome.is_some_and(|outcome| !outcome.is_answer()) {
            problems.error("outcome", "a fallback that does not answer is none").hint =
                Some("write outcome: degraded".into());
        }
        if self.outcomes.is_empty() {
            problems.error("outcomes", "a fallback that answers no failure is never used").hint =
                Some("leave `outcomes` out for rejected, error, timeout and unreachable".into());
        }
        if self.outcomes.iter().any(|outcome| outcome.is_answer()) {
            problems.error("outcomes", "ok and degraded are answers, which need no fallback").hint =
                Some("leave them out".into());
        }
        if let Some(cached) = &self.cached {
            if cached.max_age.is_zero() {
                problems.error("cached.max_age", "no answer is that young").hint = Some("write max_age: 5m".into());
            }
            if self.call.is_some() {
                problems.error("cached", "a fallback answers in one way").hint = Some(
                    "write fallback: {cached: ...} into the call of the fallback: it answers if that fails too".into(),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_answers_is_a_problem() {
        let told = |settings: FallbackSettings| {
            let mut problems = Problems::new();
            settings.validate(&mut problems);
            problems.into_vec().into_iter().map(|problem| problem.path).collect::<Vec<_>>()
        };
        let default = FallbackSettings::default;
        assert!(told(default()).is_empty());
        assert_eq!(told(FallbackSettings { outcome: Some(Outcome::Error), ..default() }), ["outcome"]);
        assert_eq!(told(FallbackSettings { outcomes: vec![], ..default() }), ["outcomes"]);
        assert_eq!(told(FallbackSettings { outcomes: vec![Outcome::Ok], ..default() }), ["outcomes"]);
        let cached = Some(CachedSettings { max_age: SimDuration::ZERO, key: None });
        assert_eq!(told(FallbackSettings { cached, ..default() }), ["cached.max_age"]);
    }
}
