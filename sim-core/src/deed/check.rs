//! Validation: what was mended is looked at before it is used again.

use super::Whom;
use super::restore::check_target;
use crate::expression::Condition;
use crate::names::Names;
use crate::problem::Problems;
use crate::topology::Topology;
use crate::units::{Bandwidth, Probability, SimDuration};
use crate::watched::Check;
use serde::{Deserialize, Serialize};

/// What was mended is looked at before it is used again.
///
/// # What it models
/// The gate before traffic returns. When `takes` is over, an `audit` reads a part of the data of each selected instance, which takes sample × size /
/// rate of the store's `state`; if the instance gives records that a fault has made wrong (`corrupt_record`, `wrong_amount`), it finds that out, and
/// the runbook ends there, so that what was isolated stays so. Then all `checks` have to be true, as telemetry has delivered it (the pipeline of the
/// runbook's alert). If one is not, or has no data, they are looked at again after each scrape until all are, or until `within` is over, and then the
/// runbook ends there.
///
/// An audit finds wrong records with certainty: where one reply in a million is wrong, a sample of gigabytes holds some.
///
/// # When to use it
/// In runbooks, before `return`: it costs time, and saves users from what was not mended.
///
/// # Knobs
/// - `checks`: conditions, at least one of these or an audit
/// - `audit`: `{sample, rate}`, a percentage of the data and a bandwidth, default 5% and 100MB/s; default no audit
/// - `within`: how long the checks are waited for, duration, default as long as it takes
///
/// # Example
/// ```yaml
/// actions: [{do: {validate: {checks: [p99(docs.put) over 1m < 50ms], audit: {sample: 5%, rate: 100MB/s}}}, where: {found_by: audit}}]
/// ```
///
/// # Source
/// Beyer et al., Site Reliability Engineering, chapter 26 (data integrity: restores that are tested, and validation out of band).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "DoValidateSettings")]
pub struct ValidateSettings {
    /// Conditions on what telemetry has delivered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Condition>,
    /// How much of the data is read, and how fast; default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audit: Option<AuditSettings>,
    /// How long the checks are waited for; default as long as it takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<SimDuration>,
}

/// Reading a part of the data.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AuditSettings {
    /// Which part; default 5%.
    pub sample: Probability,
    /// How fast; default 100MB/s.
    pub rate: Bandwidth,
}

impl Default for AuditSettings {
    fn default() -> Self {
        Self {
            sample: Probability::new(0.05).unwrap_or(Probability::ONE),
            rate: Bandwidth::from_bytes_per_second(100e6),
        }
    }
}

/// A validation, as meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Validation {
    /// What has to be true.
    pub checks: Vec<Check>,
    /// Which part of the data is read, and how much of it a second [bytes].
    pub audit: Option<(f64, f64)>,
    /// How long the checks are waited for [ns].
    pub within_ns: Option<u64>,
}

impl ValidateSettings {
    /// Problems of the settings by themselves.
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.checks.is_empty() && self.audit.is_none() {
            problems.error("", "nothing is looked at").hint =
                Some("write checks: [availability(api.get) over 1m > 99%], or audit: {sample: 5%}".into());
        }
        if self.audit.is_some_and(|audit| audit.sample.value() <= 0.0 || audit.rate.bytes_per_second() <= 0.0) {
            problems.error("audit", "an audit that reads nothing finds nothing").hint =
                Some("write audit: {sample: 5%, rate: 100MB/s}".into());
        }
        if self.within.is_some() && self.checks.is_empty() {
            problems.error("within", "there are no checks to wait for").hint = Some("remove within".into());
        }
    }

    /// The validation with ids.
    pub(super) fn compile(
        &self,
        whom: &Whom,
        names: &Names,
        topology: &Topology,
        problems: &mut Problems,
    ) -> Option<Validation> {
        if self.audit.is_some() {
            check_target(None, whom, topology, problems)?;
        }
        let checks: Vec<Option<Check>> = problems.at("do", |p| {
            p.at("validate", |p| {
                p.at("checks", |p| {
                    let each = |(at, check): (usize, &Condition)| p.at(at, |p| Check::compile(check, names, p));
                    self.checks.iter().enumerate().map(each).collect()
                })
            })
        });
        let audit = self.audit.map(|audit| (audit.sample.value(), audit.rate.bytes_per_second()));
        let checks = checks.into_iter().collect::<Option<Vec<Check>>>()?;
        Some(Validation { checks, audit, within_ns: self.within.map(SimDuration::ns) })
    }
}
