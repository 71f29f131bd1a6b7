//! What happens when an endpoint runs twice for one request: nothing, the same again, or harm.
//!
//! The settings are the whole of it: the engine asks [`Effect::duplicates`] when an attempt of a call ends that had ended well before.
//! What was applied is remembered in the engine, by call.

use crate::ids::EdgeId;
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
/// Keys lie beside what the endpoint does, in one transaction with it, unless `store` says where else: then each request begins with a call of that
/// store, which takes its time, is load there and may fail. `when_down: refuse` fails the request with it; `process` goes on without knowing
/// whether it was done before (the answer is degraded, and `unchecked` counts it), and what is done so leaves no key. So exactly-once effects break
/// where keys are forgotten (`remember`), where requests are worked on unchecked, and where a store that keeps its keys in memory crashes
/// (`survives_crash: false`): each is counted as `duplicate_effect` when the same comes again.
///
/// # When to use it
/// For endpoints that charge, send or order, and whose callers retry.
///
/// # Knobs
/// - `remember`: how long a key is kept, duration, default 24h
/// - `work`: looking the key up, duration of work added to each request, default 0s
/// - `store`: `{to, timeout, when_down, survives_crash}`: the endpoint that is asked for keys, an attempt of how long (default 100ms), `refuse` or
///   `process` (default refuse), and whether its keys outlive a crash of the instance that has them (default true); default none
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
    /// Where keys are kept, if not beside what the endpoint does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<KeyStoreSettings>,
}

/// Where keys are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyStoreSettings {
    /// The endpoint that is asked, of a store or a service.
    pub to: String,
    /// How long it may take to answer; default 100ms.
    #[serde(default = "tenth_of_a_second")]
    pub timeout: SimDuration,
    /// What becomes of a request whose key cannot be looked up; default refuse.
    #[serde(default)]
    pub when_down: WhenDown,
    /// Whether keys outlive a crash of the instance that has them; default true.
    #[serde(default = "yes")]
    pub survives_crash: bool,
    /// The call, as compiled.
    #[serde(skip)]
    pub edge: Option<EdgeId>,
}

/// What becomes of a request whose key cannot be looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhenDown {
    /// It fails: nothing is done twice.
    #[default]
    Refuse,
    /// It is worked on: nothing is left undone.
    Process,
}

fn tenth_of_a_second() -> SimDuration {
    SimDuration::from_ns(100_000_000)
}

fn yes() -> bool {
    true
}

impl Default for DeduplicatedSettings {
    fn default() -> Self {
        Self { remember: SimDuration::from_ns(24 * 3_600_000_000_000), work: SimDuration::ZERO, store: None }
    }
}

/// The kinds that take settings.
pub const ALL: &[Kind] =
    &[Kind { family: "effect", name: "deduplicated", schema: || schemars::schema_for!(DeduplicatedSettings) }];

impl Effect {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        let Self::Deduplicated(settings) = self else { return };
        if settings.store.as_ref().is_some_and(|store| store.timeout.is_zero()) {
            problems.at("deduplicated", |p| {
                p.error("store.timeout", "nobody answers in no time").hint = Some("write 100ms".into());
            });
        }
        if settings.remember.is_zero() {
            problems.at("deduplicated", |p| {
                p.error("remember", "a key that is remembered for no time protects from nothing").hint =
                    Some("leave `remember` out for 24h, or write effect: not_idempotent".into());
            });
        }
    }

    /// Where its keys are kept, if not beside what the endpoint does.
    pub fn key_store(&self) -> Option<&KeyStoreSettings> {
        if let Self::Deduplicated(settings) = self { settings.store.as_ref() } else { None }
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
