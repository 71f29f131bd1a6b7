//! The question `gate`.

use super::question::Question;
use serde::{Deserialize, Serialize};

/// How `check` judges the scenario.
///
/// # What it models
/// A gate in continuous integration: all promises and clauses are judged, and replications are spent only until every verdict is
/// certain, or the budget of the study is spent.
///
/// # When to use it
/// Where some verdicts are close, so that they need many replications, and most are not.
///
/// # Knobs
/// - `stop_when_certain`: stop as soon as every verdict is certain, default true
///
/// # Example
/// ```yaml
/// studies:
///   gate: {ask: {gate: {stop_when_certain: true}}, confidence: 95%, budget: {replications: 2000}}
/// ```
///
/// # Source
/// Verdicts that are valid however often one looks: H. Robbins, Annals of Mathematical Statistics 41, 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GateSettings {
    /// Whether to stop as soon as every verdict is certain; default true.
    pub stop_when_certain: bool,
}

impl Default for GateSettings {
    fn default() -> Self {
        Self { stop_when_certain: true }
    }
}

impl Question for GateSettings {}
