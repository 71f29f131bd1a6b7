//! Scaling by the clock.

use super::situation::{Situation, Wish};
use crate::problem::Problems;
use crate::results::Held;
use crate::units::{Count, SimDuration};
use serde::{Deserialize, Serialize};

/// A number of instances for each stretch of time.
///
/// # What it models
/// A timetable: while an entry holds, the service has that many instances; where several hold, the most; where none does, nothing is
/// changed.
///
/// # When to use it
/// For load that comes by the clock, and beside a scaler that would be late.
///
/// # Knobs
/// - a list of entries: `instances` (count; required), `at` (duration from time 0, default 0s), `for` (length, default to the end),
///   `every` (period, default once)
///
/// # Example
/// ```yaml
/// use: {scheduled: [{at: 0h, instances: 4}, {at: 8h, for: 10h, every: 1d, instances: 20}]}
/// ```
///
/// # Source
/// Scheduled actions of cloud autoscalers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct ScheduledSettings(pub Vec<ScheduledEntry>);

/// One line of the timetable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduledEntry {
    /// Start, from time 0.
    #[serde(default)]
    pub at: SimDuration,
    /// How long it lasts; default to the end.
    #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
    pub length: Option<SimDuration>,
    /// From one begin to the next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<SimDuration>,
    /// How many instances.
    pub instances: Count,
}

impl ScheduledSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.0.is_empty() {
            problems.error("", "the timetable is empty");
        }
        for (place, entry) in self.0.iter().enumerate() {
            problems.at(place, |p| {
                if entry.length.is_some_and(SimDuration::is_zero) {
                    p.error("for", "an entry that lasts no time does nothing");
                }
                if entry.every.is_some() && entry.length.is_none() {
                    p.error("every", "what comes again has to end first").hint = Some("give its length: for".into());
                }
                if entry.every.is_some_and(SimDuration::is_zero) {
                    p.error("every", "a period of no time never gets on");
                }
            });
        }
    }

    pub(super) fn wish(&self, situation: &Situation<'_>) -> Wish {
        self.wanted(situation.from_zero_ns).map_or(Wish::keep(situation.current, Held::NoRule), Wish::of)
    }

    /// The most instances of all entries that hold.
    fn wanted(&self, from_zero_ns: i64) -> Option<u32> {
        let now_ns = u64::try_from(from_zero_ns).ok()?;
        self.0.iter().filter(|entry| entry.holds(now_ns)).map(|entry| entry.instances.get_u32()).max()
    }
}

impl ScheduledEntry {
    fn holds(&self, now_ns: u64) -> bool {
        let Some(since_ns) = now_ns.checked_sub(self.at.ns()) else { return false };
        let into_ns = self.every.filter(|every| !every.is_zero()).map_or(since_ns, |every| since_ns % every.ns());
        self.length.is_none_or(|length| into_ns < length.ns())
    }
}

#[cfg(test)]
mod tests {
    use super::super::ScalerState;
    use super::super::tests::{decide, scaler};

    #[test]
    fn the_most_of_what_holds() {
        let scaler = scaler(serde_json::json!({"of": "api", "use": {"scheduled": [
            {"instances": 4}, {"at": "8h", "for": "10h", "every": "1d", "instances": 20}]}}));
        for (hour, expect) in [(0, 4), (8, 20), (17, 20), (18, 4), (33, 20)] {
            let found = decide(&scaler, &mut ScalerState::default(), hour * 3600, 7, &mut |_| None);
            assert_eq!(found, expect, "hour {hour}");
        }
    }
}
