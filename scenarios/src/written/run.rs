//! The section `run`: how long and how often is simulated.

use super::precision::PrecisionSettings;
use serde::{Deserialize, Serialize};
use sim_core::problem::Problems;
use sim_core::topology::MOST_IN_FLIGHT;
use sim_core::units::{Count, SimDuration};

/// Nanoseconds of an hour.
const HOUR_NS: u64 = 3_600_000_000_000;
/// Nanoseconds of a second.
const SECOND: u64 = 1_000_000_000;
/// Events that the engine can number.
const MAX_EVENTS: u64 = 60_000_000_000;

/// How long and how often is simulated. Time 0 is the end of the warm-up, which is cut from all results.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RunSettings {
    /// What is measured; default 10m.
    pub duration: SimDuration,
    /// Runs before time 0 and is cut from all results; default 1m.
    pub warm_up: SimDuration,
    /// Independent runs, from which the intervals come. While a verdict is inconclusive, `run` goes on to at most 8 times as many (at
    /// least 64); default 40.
    pub replications: Count,
    /// Replications are run in batches of as many as `replications` says, until the answer is so precise; default one batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precision: Option<PrecisionSettings>,
    /// Where the random numbers begin; the same seed gives the same results; default 1.
    pub seed: u64,
    /// Of a system too large to be simulated request by request, how many of them; default all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thin: Option<ThinSettings>,
    /// Time of the week at time 0, for daily and weekly load; default Monday 0h.
    pub start: StartSettings,
    /// Where a run that diverges is stopped.
    pub bounds: BoundsSettings,
}

/// How many requests of all are simulated. Loads and limited workers are so many times less, and the bill counts each request for all that it
/// stands for. Shares and latencies are those of the whole where nobody waits for anybody; numbers and rates are those of what is
/// simulated, so that conditions on them are errors, as is what is shared by all requests: pools, limits, breakers, cores, bandwidth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ThinSettings {
    /// One request in so many, such as 1k. Required.
    pub one_of: Count,
}

/// Time of the week at time 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StartSettings {
    /// Day of the week; default monday.
    pub weekday: Weekday,
    /// Time of the day, such as 19h30m; default 0h.
    pub time: SimDuration,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Weekday {
    /// The first day.
    #[default]
    Monday,
    /// The second.
    Tuesday,
    /// The third.
    Wednesday,
    /// The fourth.
    Thursday,
    /// The fifth.
    Friday,
    /// The sixth.
    Saturday,
    /// The last.
    Sunday,
}

/// Where a run that diverges is stopped; its results say so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BoundsSettings {
    /// Requests waiting in all queues together; default 1M.
    pub backlog: Count,
    /// Events of one run, from 1 to 60G, the warm-up's too; default 10G. Steps that take no time are bounded beside: 33M at one instant.
    pub events: Count,
    /// Attempts in flight at once, from 1 to 32M, of about 100 bytes each; default 10M.
    pub in_flight: Count,
}

impl Default for RunSettings {
    fn default() -> Self {
        Self {
            duration: SimDuration::from_ns(HOUR_NS / 6),
            warm_up: SimDuration::from_ns(HOUR_NS / 60),
            replications: Count::new(40),
            precision: None,
            seed: 1,
            thin: None,
            start: StartSettings::default(),
            bounds: BoundsSettings::default(),
        }
    }
}

impl Default for StartSettings {
    fn default() -> Self {
        Self { weekday: Weekday::Monday, time: SimDuration::from_ns(0) }
    }
}

impl Default for BoundsSettings {
    fn default() -> Self {
        Self { backlog: Count::new(1_000_000), events: Count::new(10_000_000_000), in_flight: Count::new(10_000_000) }
    }
}

impl StartSettings {
    /// From Monday 0h.
    pub fn of_week(&self) -> SimDuration {
        SimDuration::from_ns(self.weekday as u64 * 24 * HOUR_NS).saturating_add(self.time)
    }
}

impl RunSettings {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        if self.duration.is_zero() {
            problems.error("duration", "nothing is simulated in no time").hint = Some("write duration: 10m".into());
        }
        if self.duration.saturating_add(self.warm_up).ns() > 100 * 365 * 24 * HOUR_NS {
            problems.error("duration", "more than a hundred years are too long for a run");
        }
        match self.replications.get() {
            0 => {
                problems.error("replications", "no replication means no result").hint = Some("write at least 1".into());
            }
            1..=1_000_000 => {}
            _ => {
                problems.error("replications", "more than a million replications are too many").hint =
                    Some("write at most 1M".into());
            }
        }
        if let Some(precision) = &self.precision {
            problems.at("precision", |p| precision.validate(self.replications, p));
        }
        if self.thin.is_some_and(|thin| !(1..=1_000_000_000).contains(&thin.one_of.get())) {
            problems.error("thin.one_of", "one request in 1 to 1G is simulated").hint = Some("write one_of: 1k".into());
        }
        if self.start.time.ns() >= 24 * HOUR_NS {
            problems.error("start.time", "a day has 24 hours").hint = Some("the day stands in weekday".into());
        }
        if self.bounds.backlog.get() == 0 {
            problems.error("bounds.backlog", "a backlog of zero stops every run at once");
        }
        if !(1..=MAX_EVENTS).contains(&self.bounds.events.get()) {
            problems.error("bounds.events", "a run has between 1 and 60G events");
        }
        if !(1..=MOST_IN_FLIGHT).contains(&self.bounds.in_flight.get()) {
            problems.error("bounds.in_flight", "between 1 and 32M attempts can be in flight");
        }
    }

    /// Length of a window of the time series: the nicest that makes at most about 200 of them, or about 50 where a system has
    /// many call sites, of each of which every window keeps all counts.
    pub fn window(&self, call_sites: usize) -> SimDuration {
        let most = (COUNTS_KEPT / call_sites.max(1) as u64).clamp(50, 200);
        SimDuration::from_ns(nice(self.duration.ns().div_ceil(most)))
    }
}

/// Windows times call sites that results keep at most, but for systems of more than a few hundred sites.
const COUNTS_KEPT: u64 = 20_000;

/// The smallest nice length that is not below `least_ns`.
fn nice(least_ns: u64) -> u64 {
    let units = [(1, &[1, 2, 5, 10, 20, 50, 100, 200, 500][..]), (1_000, &[1, 2, 5, 10, 20, 50, 100, 200, 500])];
    let small = units.iter().flat_map(|(unit, steps)| steps.iter().map(move |s| unit * s * 1_000));
    let seconds = [1, 2, 5, 10, 15, 30].map(|s| s * SECOND);
    let minutes = [1, 2, 5, 10, 15, 30].map(|m| m * 60 * SECOND);
    let hours = [1, 2, 6, 12, 24, 48, 7 * 24, 30 * 24].map(|h| h * HOUR_NS);
    small.chain(seconds).chain(minutes).chain(hours).find(|w| *w >= least_ns).unwrap_or(365 * 24 * HOUR_NS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_nice_and_about_two_hundred() {
        let minutes = |m: u64| RunSettings { duration: SimDuration::from_ns(m * HOUR_NS / 60), ..Default::default() };
        assert_eq!(minutes(15).window(60).ns(), 5 * SECOND);
        assert_eq!(minutes(10).window(60).ns(), 5 * SECOND);
        assert_eq!(minutes(20).window(60).ns(), 10 * SECOND);
        assert_eq!(minutes(20).window(500).ns(), 30 * SECOND);
        assert_eq!(minutes(120).window(60).ns(), 60 * SECOND);
        assert_eq!(minutes(30 * 24 * 60).window(60).ns(), 6 * HOUR_NS);
        assert_eq!(
            RunSettings { duration: SimDuration::from_ns(3_000_000_000), ..Default::default() }.window(60).ns(),
            20_000_000
        );
    }

    #[test]
    fn friday_evening_is_late_in_the_week() {
        let start = StartSettings { weekday: Weekday::Friday, time: SimDuration::from_ns(19 * HOUR_NS) };
        assert_eq!(start.of_week().ns(), (4 * 24 + 19) * HOUR_NS);
    }

    #[test]
    fn impossible_runs_are_errors() {
        let run = RunSettings {
            duration: SimDuration::from_ns(0),
            replications: Count::new(0),
            bounds: BoundsSettings { backlog: Count::new(0), events: Count::new(0), in_flight: Count::new(0) },
            ..Default::default()
        };
        let mut problems = Problems::new();
        run.validate(&mut problems);
        assert_eq!(problems.into_vec().len(), 5);
    }
}
