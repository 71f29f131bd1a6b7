//! Days of the week: each its own level.

use super::Piece;
use crate::problem::Problems;
use crate::units::Percent;
use serde::{Deserialize, Serialize};

/// Nanoseconds of a day.
const DAY_NS: i64 = 86_400_000_000_000;

/// Each day of the week has its own level.
///
/// # What it models
/// The rate is multiplied by the day's percentage; days that are not written stay at 100 %. The day at time 0 is
/// `run.start.weekday`.
///
/// # When to use it
/// For runs of a week and more, beside `diurnal`.
///
/// # Knobs
/// - `monday`, `tuesday`, ... `sunday`: percentage of the load on that day, default 100%
///
/// # Example
/// ```yaml
/// shape: [{weekly: {saturday: 60%, sunday: 45%}}]
/// ```
///
/// # Source
/// Measured weekly traffic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WeeklySettings {
    /// Load on Mondays.
    pub monday: Percent,
    /// Load on Tuesdays.
    pub tuesday: Percent,
    /// Load on Wednesdays.
    pub wednesday: Percent,
    /// Load on Thursdays.
    pub thursday: Percent,
    /// Load on Fridays.
    pub friday: Percent,
    /// Load on Saturdays.
    pub saturday: Percent,
    /// Load on Sundays.
    pub sunday: Percent,
}

impl Default for WeeklySettings {
    fn default() -> Self {
        let all = Percent::new(1.0).unwrap_or_default();
        Self { monday: all, tuesday: all, wednesday: all, thursday: all, friday: all, saturday: all, sunday: all }
    }
}

impl WeeklySettings {
    /// No day has less than nothing, and not all have nothing.
    pub fn validate(&self, problems: &mut Problems) {
        let names = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
        for (name, level) in names.into_iter().zip(self.levels()) {
            if level < 0.0 {
                problems.error(name, "a day cannot have less than no load").hint =
                    Some("write what is left of the load, such as 60%".into());
            }
        }
        if self.levels().iter().all(|level| *level <= 0.0) {
            problems.error("", "no day of the week has any load");
        }
    }

    fn levels(&self) -> [f64; 7] {
        [self.monday, self.tuesday, self.wednesday, self.thursday, self.friday, self.saturday, self.sunday]
            .map(Percent::fraction)
    }

    pub(super) fn factor(&self, t_ns: i64, start_of_week_ns: u64) -> f64 {
        let day = t_ns.saturating_add(start_of_week_ns as i64).div_euclid(DAY_NS).rem_euclid(7);
        self.levels()[day as usize]
    }

    pub(super) fn piece(&self, t_ns: i64, start_of_week_ns: u64) -> Piece {
        let into_day = t_ns.saturating_add(start_of_week_ns as i64).rem_euclid(DAY_NS);
        Piece { until_ns: t_ns.saturating_add(DAY_NS - into_day), bound: self.factor(t_ns, start_of_week_ns) }
    }
}
