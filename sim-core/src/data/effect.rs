//! What happens when an endpoint runs twice for one request: nothing, the same again, or harm.
//!
//! The settings are the whole of it: the engine asks [`Effect::duplicates`] when an attempt of a call ends that had ended well before.
//! What was applied is remembered in the engine, by call.

use crate::kind::Kind;
use crate::problem::Problems;
use crate::units::SimDuration;
use serde::{Deserialize, Serialize};

/// What an endpoint's work does to the world, and so what a second run of one request does.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Reads, or anything that leaves no trace.
    #[default]
    None,
    /// A second run leaves the world as the first left it.
    Idempotent,
    /// A second run is done a second time: a duplicate effect.
    NotIdempotent,
    /// A key sent with the request makes a second run harmless while it is remembered.
    Deduplicated(DeduplicatedSettings),
}

/// A key sent with each request is remembered, and a second run with a known key does nothing.
///
/// # What it models
/// Idempotency keys: the endpoint looks the key up before it acts and answers a known one with the first result, ok, without its steps. The key
/// of a call is known from the end of its first attempt that went well, for as long as `remember`; being asked for does not prolong it. A
/// retry that comes after the key was forgotten is done a second time and counted as a duplicate effect. A retry that begins while an
/// earlier attempt is still at work does the work too and does no harm, where the draft lets it fail with a conflict.
///
/// # When to use it
/// For endpoints that charge, send or order, and whose callers retry.
///
/// # Knobs
/// - `remember`: how long a key is kept, duration, default 24h
/// - `work`: looking the key up, duration of work added to each request, default 0s
///
/// # Example
/// ```yaml
/// endpoints:
///   charge: {effect: {deduplicated: {remember: 24h}}, steps: [{work: 2ms}]}
/// ```
///
/// # Source
/// The `Idempotency-Key` header of payment interfaces (IETF draft-ietf-httpapi-idempotency-key-header).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DeduplicatedSettings {
    /// How long a key is kept.
    pub remember: SimDuration,
    /// Work that looking the key up adds to each request.
    pub work: SimDuration,
}

impl Default for DeduplicatedSettings {
    fn default() -> Self {
        Self { remember: SimDuration::from_ns(24 * 3_600_000_000_000), work: SimDuration::ZERO }
    }
}

/// The kinds that take settings.
pub const ALL: &[Kind] =
    &[Kind { family: "effect", name: "deduplicated", schema: || schemars::schema_for!(DeduplicatedSettings) }];

impl Effect {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        if let Self::Deduplicated(settings) = self
            && settings.remember.is_zero()
        {
            problems.at("deduplicated", |p| {
                p.error("remember", "a key that is remembered for no time protects from nothing").hint =
                    Some("leave `remember` out for 24h, or write effect: not_idempotent".into());
            });
        }
    }

    /// Whether a second run of one request, so long after the first had ended, does harm [ns].
    pub fn duplicates(&self, after_ns: u64) -> bool {
        match self {
            Self::None | Self::Idempotent => false,
            Self::NotIdempotent => true,
            Self::Deduplicated(settings) => after_ns > settings.remember.ns(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgotten_key_lets_the_duplicate_through() {
        let effect =
            Effect::Deduplicated(DeduplicatedSettings { remember: SimDuration::from_ns(10), ..Default::default() });
        assert!(!effect.duplicates(10));
        assert!(effect.duplicates(11));
        assert!(Effect::NotIdempotent.duplicates(0));
        assert!(!Effect::Idempotent.duplicates(u64::MAX));
    }
}
