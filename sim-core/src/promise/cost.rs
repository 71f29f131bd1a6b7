//! Cost: the infrastructure costs no more than a bound.

use super::PromiseKind;
use crate::problem::Problems;
use crate::results::Unit;
use crate::units::{Per, Price, SimDuration};
use serde::{Deserialize, Serialize};

/// The infrastructure costs at most a sum a month or year.
///
/// # What it models
/// The bill of the infrastructure, scaled from the time without incidents to a month of 730 h.
///
/// # When to use it
/// To keep a design within its budget.
///
/// # Knobs
/// - the sum over time itself, such as $30k/month
///
/// # Example
/// ```yaml
/// promises:
///   affordable: {keep: {cost: $30k/month}}
/// ```
///
/// # Source
/// Any budget.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct CostPromiseSettings(pub Price);

impl CostPromiseSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.kind().is_none() {
            let problem = problems.error("cost", format!("{} is not money over time", self.0));
            problem.label = Some("expected money over time such as $30k/month".into());
        }
    }

    /// The bound a year where it was written so, else a month.
    pub(super) fn kind(&self) -> Option<PromiseKind> {
        let Per::Time(time) = self.0.per else { return None };
        let (unit, period) = if time == SimDuration::YEAR {
            (Unit::MoneyPerYear, SimDuration::YEAR)
        } else {
            (Unit::MoneyPerMonth, SimDuration::MONTH)
        };
        Some(PromiseKind::Cost { at_most: self.0.for_seconds(period.secs())?.amount(), unit })
    }
}
