//! Slow: work takes several times as long, and nothing says so.

use crate::problem::Problems;
use crate::units::Factor;
use serde::{Deserialize, Serialize};

/// Work and waits take several times as long; no error is reported.
///
/// # What it models
/// A brownout: the struck instances answer rightly and late. Work under way is slowed for what is left of it. With an edge as target
/// (`where: {to: users.scan}`) only that endpoint's work is slow.
///
/// # When to use it
/// For overloaded dependencies, bad query plans, throttled processors.
///
/// # Knobs
/// - `factor`: by which work and waits are multiplied, factor; required
///
/// # Example
/// ```yaml
/// faults:
///   brownout: {inject: {slow: {factor: 10}}, where: {service: payment}, at: 5m, for: 2m, frequency: 4/year}
/// ```
///
/// # Source
/// Huang et al., Gray failure, `HotOS` 2017.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlowSettings {
    /// By what work and waits are multiplied.
    pub factor: Factor,
}

impl SlowSettings {
    /// A factor of 1 does nothing.
    pub fn validate(&self, problems: &mut Problems) {
        if (self.factor.value() - 1.0).abs() < f64::EPSILON {
            problems.error("factor", "a factor of 1 changes nothing").hint = Some("write a factor such as 10".into());
        }
    }
}
