//! Wrongness: few replies are wrong.

use crate::data::WrongnessKind;
use crate::model::{Caller, Edge, EndpointId, Model};
use crate::results::RunResult;
use crate::units::Probability;
use serde::{Deserialize, Serialize};

/// At most a share of requests gets a reply that looks right and is wrong.
///
/// # What it models
/// Wrong replies of a kind, as a share of the requests that ended; without `of`, of the requests of all load classes.
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
///   right: {keep: {wrongness: {kind: stale_read, at_most: 0.01%}}, of: bank.transfer}
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

/// The share of requests that were wrong so; `None` without requests.
pub(super) fn share(run: &RunResult, model: &Model, of: Option<EndpointId>, kind: WrongnessKind) -> Option<f64> {
    let wrong: f64 = run.slices.iter().map(|slice| crate::economics::wrong_replies(model, slice, kind, of)).sum();
    let counts = |edge: &Edge| match of {
        Some(of) => edge.callee == of,
        None => matches!(edge.caller, Caller::Load(_)),
    };
    let edges = model.edges.iter().enumerate().filter(|(_, edge)| counts(edge));
    let ended: u64 = edges.map(|(id, _)| run.edge(id.into(), run.whole()).ended()).sum();
    (ended > 0).then(|| wrong / ended as f64)
}
