//! Day and night: a cosine with its peak at a time of day.

use super::Piece;
use crate::engine::math;
use crate::problem::Problems;
use crate::units::{Probability, SimDuration};
use serde::{Deserialize, Serialize};

/// Nanoseconds of a day.
const DAY_NS: i64 = 86_400_000_000_000;
/// A piece of the curve for bounds: a quarter of an hour.
const PIECE_NS: i64 = 900_000_000_000;

/// The load swings with the time of day: full at the peak, a part of it twelve hours later.
///
/// # What it models
/// A cosine over the day: the rate that the load class gives is that of the peak, `low` is the part of it that is left at the
/// quietest time. The time of day at time 0 is `run.start.time`.
///
/// # When to use it
/// For runs of hours and days, and for scalers that should follow the day.
///
/// # Knobs
/// - `peak_at`: time of day of the peak, duration from midnight; required
/// - `low`: the part that is left at the quietest time, percentage; required
///
/// # Example
/// ```yaml
/// shape: [{diurnal: {peak_at: 20h, low: 40%}}]
/// ```
///
/// # Source
/// The first harmonic of measured daily traffic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DiurnalSettings {
    /// Time of day of the peak, from midnight.
    pub peak_at: SimDuration,
    /// The part of the load that is left at the quietest time.
    pub low: Probability,
}

impl DiurnalSettings {
    /// The peak lies within a day.
    pub fn validate(&self, problems: &mut Problems) {
        if self.peak_at >= SimDuration::DAY {
            problems.error("peak_at", "a time of day is under 24h").hint =
                Some("write a time such as 20h or 19h30m".into());
        }
    }

    pub(super) fn factor(&self, t_ns: i64, start_of_week_ns: u64) -> f64 {
        let since_peak = (self.day_ns(t_ns, start_of_week_ns) - self.peak_at.ns() as i64).rem_euclid(DAY_NS);
        let angle = std::f64::consts::TAU * (since_peak as f64 / DAY_NS as f64);
        let low = self.low.value();
        low + (1.0 - low) * (1.0 + math::cos(angle)) / 2.0
    }

    pub(super) fn piece(&self, t_ns: i64, start_of_week_ns: u64) -> Piece {
        let day_ns = self.day_ns(t_ns, start_of_week_ns);
        let until_ns = t_ns + PIECE_NS - day_ns.rem_euclid(PIECE_NS);
        let to_peak = (self.peak_at.ns() as i64 - day_ns).rem_euclid(DAY_NS);
        let bound = if to_peak <= until_ns - t_ns {
            1.0
        } else {
            self.factor(t_ns, start_of_week_ns).max(self.factor(until_ns, start_of_week_ns))
        };
        Piece { until_ns, bound }
    }

    #[expect(clippy::unused_self, reason = "reads as the time of the curve's day")]
    fn day_ns(&self, t_ns: i64, start_of_week_ns: u64) -> i64 {
        (t_ns.saturating_add(start_of_week_ns as i64)).rem_euclid(DAY_NS)
    }
}
