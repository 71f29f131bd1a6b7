//! Breach: what a broken promise costs.

use super::YEAR_S;
use super::meter::Meter;
use crate::ids::PromiseId;
use crate::names::Names;
use crate::problem::Problems;
use crate::promise::{Promise, PromiseKind};
use serde::{Deserialize, Serialize};

/// Periods in which a promise was broken.
///
/// # What it models
/// A promise with a `period` is kept or broken once in each. A run that breaks it without incidents stands for periods that all break it. An
/// incident that breaks it costs one period, where the same run without the incident keeps it, and counts `frequency` times a year. Over all
/// replications the share of runs that break it is the share of periods that are paid for. A period is paid for once, however many incidents break
/// it: where one that breaks it comes x times a year, of the N periods of a year N (1 - e^(-x/N)) are broken, and never more than N. The
/// distribution of losses over years draws whole periods.
///
/// # When to use it
/// For service credits and contractual penalties.
///
/// # Knobs
/// - `promise`: name of a promise of availability that has a `period`, of a year at most; required
///
/// # Example
/// ```yaml
/// promises:
///   works: {keep: {availability: 99.9%}, of: api.get, period: 1month}
/// costs:
///   credits-to-customers: {meter: {breach: {promise: works}}, price: $10k}
/// ```
///
/// # Source
/// Service level agreements of public clouds: a credit for each billing month below the promised share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BreachSettings {
    /// The promise that is broken, by its name.
    pub promise: String,
}

impl BreachSettings {
    pub(super) fn compile(&self, names: &Names, promises: &[Promise], problems: &mut Problems) -> Option<Meter> {
        let id: PromiseId = names.promise("promise", &self.promise, problems)?;
        // A promise that could not be read is reported where it stands.
        let promise = promises.iter().find(|promise| promise.name == self.promise)?;
        if matches!(promise.kind, PromiseKind::Cost { .. }) {
            let problem = problems.error("promise", format!("{} is about the bill itself", self.promise));
            problem.hint = Some("name a promise about requests or messages".into());
            return None;
        }
        let Some(period_s) = promise.period_s.filter(|period| *period > 0.0) else {
            problems
                .error(
                    "promise",
                    format!("{} has no period, so that nobody knows how often it can be broken", self.promise),
                )
                .hint = Some(format!("write period: 1month into promises.{}", self.promise));
            return None;
        };
        // 365 and 366 days are years, too.
        if period_s > 1.01 * YEAR_S {
            problems.error("promise", format!("{} has a period that is longer than a year", self.promise)).hint =
                Some(format!("write a period of at most 1year into promises.{}", self.promise));
            return None;
        }
        Some(Meter::Breach { promise: id, period_s })
    }
}
