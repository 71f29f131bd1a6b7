//! A change of the number of instances, as rules write it.

use super::situation::ceil;
use crate::problem::Problems;
use crate::units::{Count, Factor, Percent};
use serde::{Deserialize, Serialize};

/// A change of the number of instances.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeSettings {
    /// So many times as many: up is rounded up, down is rounded down.
    Factor(Factor),
    /// By a part of the current number, signed: rounded toward zero, at least one instance.
    Percent(Percent),
    /// By so many more; `-` takes them away.
    Count(SignedCount),
    /// To this number.
    Set(Count),
}

/// A whole number of instances more or less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct SignedCount(pub i64);

impl ChangeSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        let changes_nothing = match self {
            Self::Factor(factor) => (factor.value() - 1.0).abs() < 1e-12,
            Self::Percent(percent) => percent.fraction() == 0.0,
            Self::Count(count) => count.0 == 0,
            Self::Set(_) => false,
        };
        if changes_nothing {
            problems.error("change", "this changes nothing");
        }
    }

    /// How many there are after it.
    pub(super) fn after(&self, current: u32) -> u32 {
        let most = f64::from(u32::MAX);
        match self {
            Self::Factor(factor) if factor.value() > 1.0 => ceil(f64::from(current) * factor.value()),
            Self::Factor(factor) => (f64::from(current) * factor.value() + 1e-9).floor().clamp(0.0, most) as u32,
            Self::Percent(percent) => by_percent(current, *percent),
            Self::Count(count) => (i64::from(current).saturating_add(count.0)).clamp(0, i64::from(u32::MAX)) as u32,
            Self::Set(count) => count.get_u32(),
        }
    }
}

/// A part more or less, rounded toward zero and at least one.
pub(super) fn by_percent(current: u32, percent: Percent) -> u32 {
    let exact = f64::from(current) * percent.fraction();
    let size = (exact.abs() + 1e-9).floor().max(1.0);
    let by = if exact < 0.0 { -size } else { size };
    (f64::from(current) + by).clamp(0.0, f64::from(u32::MAX)) as u32
}
