//! Wrongness: few replies are wrong.

use crate::data::WrongnessKind;
use crate::units::Probability;
use serde::{Deserialize, Serialize};

/// At most a share of requests gets a reply that looks right and is wrong.
///
/// # What it models
/// Wrong replies of a kind, as a share of the requests that ended. A wrong reply makes that of its caller wrong too, so that a stale read
/// is counted at the store and at each endpoint above that answers with it. Duplicate effects and lost messages are in no reply, and are
/// counted where they happen. Without `of`, each is counted once, where it arises, as a share of the requests of all load classes.
///
/// # When to use it
/// Where being wrong is worse than being down.
///
/// # Knobs
/// - `kind`: a kind of wrongness, or `any`; required
/// - `at_most`: share of requests, percentage; required
///
/// # Example
/// ```yaml
/// promises:
///   right: {keep: {wrongness: {kind: stale_read, at_most: 0.01%}}, of: accounts.read}
/// ```
///
/// # Source
/// Bailis et al., Probabilistically bounded staleness, VLDB 2012.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WrongnessPromiseSettings {
    /// In which way wrong.
    pub kind: WrongnessKind,
    /// Share of requests.
    pub at_most: Probability,
}
