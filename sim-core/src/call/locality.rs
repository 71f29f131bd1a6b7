//! Locality: calls that stay near, and what is called where few instances are healthy.

use crate::kind::Kind;
use crate::problem::Problems;
use crate::units::{Factor, Probability};
use serde::{Deserialize, Serialize};

/// Calls go to instances that are near, and to all of them where too few are healthy.
///
/// # What it models
/// Envoy's priority levels and its panic threshold, with the levels of Istio's locality failover. With `prefer: zone` the instances in the caller's
/// zone are the first level, those of other zones of its region the second, all others the third; with `prefer: region` there are two. Without
/// `prefer` all are one level.
///
/// The health of a level is its share of healthy instances times `overprovisioning`, at most 100 %. The first level gets as much of the calls as its
/// health, each further one as much as its own of what is left. So a level gives nothing away until less than 71 % of it are healthy, 30 % when
/// half is, and all when none is. Where the healths of all levels add up to less than 100 %, each level gets its part of their sum; then a level of
/// which less than `panic_below` is healthy is in panic: calls to it go to all its instances, also those that are known to be bad, since those that
/// are left would not bear the load. When all levels are in panic each gets calls by the number of its instances. Inside of a level the balancer
/// picks.
///
/// An instance is healthy that passes its `health` check and is not ejected by this caller's `outlier_ejection`. With `panic_below: 0%` there
/// is no panic: where none is healthy a call fails at once as unreachable.
///
/// Without `locality` there is no panic threshold for health checks: healthy instances alone are called as long as there is one. An
/// `outlier_ejection` by itself calls all when it would leave fewer than half.
///
/// It differs from Envoy's zone-aware routing in this: how many callers stand in a zone is not looked at, so that callers all in one zone load
/// that zone alone, as with Istio. Shares of levels are not rounded to whole percents. Users stand in a zone where their load class says `from`.
///
/// # When to use it
/// Where messages between zones cost money or time. With few instances a zone, look at what a bad one does to its neighbours.
///
/// # Knobs
/// - `prefer`: `zone` or `region`; default none
/// - `panic_below`: percentage of healthy instances, default 50%
/// - `overprovisioning`: factor, default 1.4
///
/// # Example
/// ```yaml
/// locality: {prefer: zone, panic_below: 50%}
/// ```
///
/// # Source
/// Envoy `healthy_panic_threshold`, `overprovisioning_factor`, "Priority levels" and "Panic threshold" of its documentation; Istio
/// `localityLbSetting`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LocalitySettings {
    /// Which instances are near.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefer: Option<Prefer>,
    /// Below which share of healthy instances all are called.
    pub panic_below: Probability,
    /// How many times its healthy share a level can bear.
    pub overprovisioning: Factor,
}

/// Which instances are near.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Prefer {
    /// Those of the caller's zone, then those of its region.
    Zone,
    /// Those of the caller's region.
    Region,
}

/// The kinds of locality.
pub const ALL: &[Kind] =
    &[Kind { family: "locality", name: "locality", schema: || schemars::schema_for!(LocalitySettings) }];

/// Levels of nearness at most.
pub const LEVELS: usize = 3;

/// The instances of a level.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Level {
    /// All that the caller knows.
    pub known: u32,
    /// Those of them that are healthy.
    pub healthy: u32,
}

/// How calls are shared among the levels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shares {
    /// The share of each level; all are 0 where a call cannot go anywhere.
    pub load: [f64; LEVELS],
    /// Whether calls to a level go to all its instances.
    pub panics: [bool; LEVELS],
}

impl Default for LocalitySettings {
    fn default() -> Self {
        Self {
            prefer: None,
            panic_below: Probability::new(0.5).unwrap_or(Probability::ZERO),
            overprovisioning: Factor::new(1.4).unwrap_or_default(),
        }
    }
}

impl LocalitySettings {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        if self.overprovisioning.value() < 1.0 {
            problems.error("overprovisioning", "a level that is healthy bears at least its own calls").hint =
                Some("write a factor of 1 or more, such as 1.4".into());
        }
    }

    /// The level of an instance by whether it stands in the caller's zone and region.
    pub fn level(&self, is_same_zone: bool, is_same_region: bool) -> usize {
        match self.prefer {
            None => 0,
            Some(Prefer::Zone) => usize::from(!is_same_zone) + usize::from(!is_same_region),
            Some(Prefer::Region) => usize::from(!is_same_region),
        }
    }

    /// How calls are shared among levels, from the nearest on.
    pub fn shares(&self, levels: &[Level; LEVELS]) -> Shares {
        let health = levels.map(|level| self.health_percent(level));
        let total = health.iter().sum::<u32>().min(100);
        let panics = levels.map(|level| total < 100 && self.is_in_panic(level));
        let hosts: u32 = levels.iter().map(|level| level.known).sum();
        if panics == [true; LEVELS] && hosts > 0 {
            return Shares { load: levels.map(|level| f64::from(level.known) / f64::from(hosts)), panics };
        }
        let (mut load, mut left) = ([0.0; LEVELS], f64::from(u8::from(total > 0)));
        for (load, health) in load.iter_mut().zip(health) {
            *load = (f64::from(health) / f64::from(total.max(1))).min(left);
            left -= *load;
        }
        Shares { load, panics }
    }

    /// Envoy's health of a level, in whole percents cut off.
    fn health_percent(&self, level: Level) -> u32 {
        let percent = self.overprovisioning.value() * 100.0;
        let health = percent * f64::from(level.healthy) / f64::from(level.known.max(1));
        // A product such as 1.4 * 100 may lie below the whole number that is meant.
        (health + 1e-9).floor().min(100.0) as u32
    }

    /// A level without instances is in panic, as in Envoy: it says nothing against the panic of all.
    fn is_in_panic(&self, level: Level) -> bool {
        let healthy = f64::from(level.healthy) / f64::from(level.known.max(1));
        self.panic_below.value() > 0.0 && healthy < self.panic_below.value()
    }
}

impl Shares {
    /// The level of a call, by a number that is uniform from 0 to 1; `None` where it cannot go anywhere.
    pub fn level(&self, unit: f64) -> Option<usize> {
        let mut below = unit;
        for (level, load) in self.load.iter().enumerate() {
            if below < *load {
                return Some(level);
            }
            below -= load;
        }
        // What rounding leaves is the last level's that gets any.
        self.load.iter().rposition(|load| *load > 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whole percents for each level, and which of them panic, where each level has a hundred instances; below zero there are none.
    fn check(settings: &str, healthy: &[i32], load: &[u32], panics: &[bool]) {
        let settings: LocalitySettings = serde_json::from_str(settings).unwrap();
        let mut levels = [Level::default(); LEVELS];
        for (level, healthy) in levels.iter_mut().zip(healthy) {
            *level = Level { known: 100, healthy: *healthy as u32 };
        }
        let shares = settings.shares(&levels);
        let found: Vec<u32> = shares.load.iter().take(load.len()).map(|load| (load * 100.0).round() as u32).collect();
        assert_eq!((found.as_slice(), &shares.panics[..panics.len()]), (load, panics), "{healthy:?}");
    }

    /// Envoy, "Priority levels": one level beside a healthy one, two alike, and three.
    #[test]
    fn shares_are_those_of_the_documentation_of_envoy() {
        for (first, load) in
            [(100, [100, 0]), (72, [100, 0]), (71, [99, 1]), (50, [70, 30]), (25, [35, 65]), (0, [0, 100])]
        {
            check("{}", &[first, 100], &load, &[false, false]);
        }
        for (healthy, load) in [
            ([100, 100, 100], [100, 0, 0]),
            ([72, 72, 100], [100, 0, 0]),
            ([71, 71, 100], [99, 1, 0]),
            ([50, 50, 100], [70, 30, 0]),
            ([25, 100, 100], [35, 65, 0]),
            ([25, 25, 100], [35, 35, 30]),
        ] {
            check("{}", &healthy, &load, &[false; 3]);
        }
    }

    /// Envoy, "Panic threshold", with its threshold of 50 %.
    #[test]
    fn panic_is_that_of_the_documentation_of_envoy() {
        for (healthy, load, panics) in [
            ([72, 72], [100, 0], [false, false]),
            ([71, 71], [99, 1], [false, false]),
            ([50, 60], [70, 30], [false, false]),
            ([25, 100], [35, 65], [false, false]),
            ([25, 25], [50, 50], [true, true]),
            ([5, 65], [7, 93], [true, false]),
        ] {
            check("{}", &healthy, &load, &panics);
        }
    }

    #[test]
    fn one_level_panics_below_the_threshold_and_not_at_it() {
        check("{}", &[50], &[100], &[false]);
        check("{}", &[49], &[100], &[true]);
        check("{}", &[0], &[100], &[true]);
        check(r#"{"panic_below": "30%"}"#, &[30], &[100], &[false]);
        check(r#"{"panic_below": "30%"}"#, &[29], &[100], &[true]);
        // Three quarters times 1.4 are enough for all calls, whatever the threshold: Envoy disregards it then.
        check(r#"{"panic_below": "90%"}"#, &[75], &[100], &[false]);
    }

    #[test]
    fn without_panic_a_call_goes_nowhere_when_none_is_healthy() {
        let settings: LocalitySettings = serde_json::from_str(r#"{"panic_below": "0%"}"#).unwrap();
        let shares = settings.shares(&[Level { known: 4, healthy: 0 }, Level::default(), Level::default()]);
        assert_eq!((shares.level(0.3), shares.panics), (None, [false; 3]));
        let shares = settings.shares(&[Level { known: 4, healthy: 1 }, Level::default(), Level::default()]);
        assert_eq!(shares.level(0.999), Some(0));
    }

    #[test]
    fn levels_in_panic_are_called_by_the_number_of_their_instances() {
        let level = |known| Level { known, healthy: 0 };
        let shares = LocalitySettings::default().shares(&[level(1), level(3), level(0)]);
        assert_eq!((shares.load, shares.panics), ([0.25, 0.75, 0.0], [true; 3]));
        assert_eq!((shares.level(0.2), shares.level(0.9)), (Some(0), Some(1)));
    }

    #[test]
    fn levels_follow_from_zone_and_region() {
        let of = |text| serde_json::from_str::<LocalitySettings>(text).unwrap();
        let zone = of(r#"{"prefer": "zone"}"#);
        assert_eq!([zone.level(true, true), zone.level(false, true), zone.level(false, false)], [0, 1, 2]);
        let region = of(r#"{"prefer": "region"}"#);
        assert_eq!([region.level(true, true), region.level(false, true), region.level(false, false)], [0, 0, 1]);
        assert_eq!(of("{}").level(false, false), 0);
    }
}
