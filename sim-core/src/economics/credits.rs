//! Credits: an hour of a platform that is paid in units of its own.

use super::meter::Meter;
use crate::names::Names;
use crate::problem::Problems;
use crate::units::{Allowance, Rate};
use serde::{Deserialize, Serialize};

/// Credits that a platform charges for each hour in which it is active.
///
/// # What it models
/// Each instance that is paid for burns `rate` credits. With `active` it does so only for that part of the time, as a warehouse that is
/// suspended between two batches; how long it is active is then what the file says, and not what was simulated.
///
/// # When to use it
/// For warehouses and other platforms that sell credits and not machines.
///
/// # Knobs
/// - `of`: service or store; required
/// - `rate`: credits over time of one instance, such as `16/h`; required
/// - `active`: the time in which credits are burnt, allowance such as `240h/month`, default all the time
///
/// # Example
/// ```yaml
/// costs:
///   credits: {meter: {credits: {of: warehouse, rate: 16/h, active: 240h/month}}, price: $2}
/// ```
///
/// # Source
/// Price lists of data warehouses: credits an hour by size, billed while the warehouse is not suspended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreditsSettings {
    /// Whose instances burn them.
    pub of: String,
    /// Credits of one instance over time.
    pub rate: Rate,
    /// The time in which they are burnt; default all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<Allowance>,
}

impl CreditsSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.rate.per_second() <= 0.0 {
            problems.error("rate", "no credit is ever burnt").hint = Some("write a rate such as 16/h".into());
        }
        if self.active.is_some_and(|active| active.used.is_zero()) {
            problems.error("active", "it is never active, so that it burns no credit").hint =
                Some("write an allowance such as 240h/month, or leave it out".into());
        }
    }

    pub(super) fn compile(&self, names: &Names, problems: &mut Problems) -> Option<Meter> {
        let of = names.with_instances("of", &self.of, problems)?;
        let active = self.active.map_or(1.0, Allowance::share);
        Some(Meter::Credits { of, per_s: self.rate.per_second() * active })
    }
}
