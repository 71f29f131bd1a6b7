//! People: who is called when an alert fires, how late they react, when they work, what they may throw and how often they are wrong.

use crate::deed::{self, Deed, DeedSettings};
use crate::dist::Distribution;
use crate::engine::math::whole_ns;
use crate::engine::rng::Stream;
use crate::names::Names;
use crate::problem::Problems;
use crate::units::{Factor, Probability, SimDuration};
use serde::{Deserialize, Serialize};

/// A person who is called.
///
/// # What it models
/// Somebody on call. From the alert until the first action is begun the reaction takes its time: to hear the pager, to log in, to find the runbook.
/// Outside of office hours, where there are any, the reaction begins when they do. A person does one thing at a time: while he does a runbook,
/// whatever else he has reacted to waits until it is done, and is then done at once, in that order: another runbook, an incident to acknowledge, a
/// change of a scaler to approve. Only an incident that the runbook is of is acknowledged meanwhile; from others, who waits goes on to the next who
/// gets them. With `errs` an action may be the wrong one: it takes its time and has no effect, or that of
/// `instead`; then the right one is done, and takes its time again. Whom an incident calls is said by `gets`, in the order of the file: the second
/// only where the first does not answer in time.
///
/// # When to use it
/// To ask what it costs that people react in minutes and automation in seconds, and that they are wrong at times.
///
/// # Knobs
/// - `reacts_after`: from the alert to the begin of the first action, duration or distribution, default 0s
/// - `pace`: by what actions take longer when this person does them, factor, default 1
/// - `office_hours`: when he works; default always
///   - `from`, `to`: hours of the day, durations from midnight such as 9h and 17h30m
///   - `weekends`: whether Saturdays and Sundays too, default false
/// - `errs`: how often he does the wrong thing; default never
///   - `probability`: of each action, percentage
///   - `instead`: what he does then (`do`, with `where`), default nothing
/// - `gets`: which incidents he is called for; default none
///   - `severity`: list of numbers from 1 to 5
/// - `may`: the switches that he may throw, names, default none
///
/// # Example
/// ```yaml
/// control:
///   people:
///     on-call: {reacts_after: {lognormal: {p50: 4m, p95: 15m}}, gets: {severity: [3, 4, 5]}, errs: {probability: 10%}}
///     developer: {reacts_after: 10m, office_hours: {from: 9h, to: 17h}, gets: {severity: [1, 2]}}
/// ```
///
/// # Source
/// Beyer et al., Site Reliability Engineering, chapter 11: response times of minutes for what users see. Errors of action: Swain and Guttmann,
/// Handbook of Human Reliability Analysis, NUREG/CR-1278, 1983.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PersonSettings {
    /// From the alert to the begin of the first action.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reacts_after: Option<Distribution>,
    /// By what actions take longer when this person does them; default 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pace: Option<Factor>,
    /// When he works; default always.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub office_hours: Option<OfficeHours>,
    /// How often he does the wrong thing; default never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errs: Option<ErrsSettings>,
    /// Which incidents he is called for; default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gets: Option<GetsSettings>,
    /// The switches that he may throw; default none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub may: Vec<String>,
}

/// When a person works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OfficeHours {
    /// Begin, from midnight.
    pub from: SimDuration,
    /// End, from midnight.
    pub to: SimDuration,
    /// Whether Saturdays and Sundays too.
    #[serde(default)]
    pub weekends: bool,
}

/// How often a person does the wrong thing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrsSettings {
    /// Of each action.
    pub probability: Probability,
    /// What he does then; default nothing that has an effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead: Option<Box<DeedSettings>>,
}

/// Which incidents a person is called for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetsSettings {
    /// Of these severities, from 1 to 5.
    pub severity: Vec<u8>,
}

/// A person, as meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// As the user wrote it.
    pub name: String,
    /// From the alert to the begin of the first action; `None` is at once.
    pub reacts_after: Option<Distribution>,
    /// By what actions take longer.
    pub pace: f64,
    /// When he works; `None` is always.
    pub office_hours: Option<OfficeHours>,
    /// The chance that an action is the wrong one, and what is done then.
    pub errs: Option<(f64, Option<Deed>)>,
    /// Severities of incidents that he is called for.
    pub gets: Vec<u8>,
    /// Switches that he may throw, by their places.
    pub may: Vec<usize>,
}

const DAY_NS: i64 = 24 * 3_600 * 1_000_000_000;

impl OfficeHours {
    /// How long until he works [ns], at a time of the week [ns from Monday 0h].
    fn begin_in_ns(self, of_week_ns: i64) -> u64 {
        let works = |day: i64| self.weekends || day.rem_euclid(7) < 5;
        let today = of_week_ns.div_euclid(DAY_NS);
        let begins = (today..today + 8).filter(|day| works(*day)).map(|day| day * DAY_NS);
        let mut spans = begins.map(|day| (day + self.from.ns() as i64, day + self.to.ns() as i64));
        spans.find(|(_, to)| *to > of_week_ns).map_or(0, |(from, _)| (from - of_week_ns).max(0) as u64)
    }
}

impl Person {
    /// How long it takes until he has reacted [ns] to what happens at this time of the run, which begins at this time of the week [ns from Monday
    /// 0h].
    pub fn reaction_ns(&self, from_zero_ns: i64, start_ns: u64, stream: &mut Stream) -> u64 {
        let drawn = self.reacts_after.as_ref().map_or(0, |after| whole_ns(after.build().sample(stream)));
        let waits = self.office_hours.map_or(0, |hours| hours.begin_in_ns(start_ns as i64 + from_zero_ns));
        drawn.saturating_add(waits)
    }
}

impl PersonSettings {
    /// Problems of the settings by themselves.
    pub fn validate(&self, problems: &mut Problems) {
        if let Some(reacts_after) = &self.reacts_after {
            problems.at("reacts_after", |p| reacts_after.validate(p));
        }
        if let Some(hours) = &self.office_hours
            && (hours.from >= hours.to || hours.to.ns() as i64 > DAY_NS)
        {
            problems.error("office_hours.to", "a day's work ends after it begins, and by midnight").hint =
                Some("write office_hours: {from: 9h, to: 17h}".into());
        }
        if let Some(errs) = &self.errs {
            if errs.probability.value() <= 0.0 {
                problems.error("errs.probability", "who never errs does the right thing").hint =
                    Some("leave errs out".into());
            }
            if let Some(instead) = &errs.instead {
                problems.at("errs", |p| {
                    p.at("instead", |p| {
                        instead.validate(p);
                        if matches!(instead.what, deed::DoSettings::Set(_)) {
                            p.error("do", "what is done by mistake is done to instances, faults or switches").hint =
                                Some("write do: restart, and where".into());
                        }
                        if instead.takes.is_some() {
                            p.error("takes", "the wrong action takes as long as the right one").hint =
                                Some("leave takes out".into());
                        }
                    });
                });
            }
        }
        for severity in self.gets.iter().flat_map(|gets| &gets.severity) {
            if !(1..=5).contains(severity) {
                problems.error("gets.severity", format!("severity {severity} does not exist")).label =
                    Some("from 1 to 5, 5 is worst".into());
            }
        }
    }

    /// The person with ids.
    pub fn compile(
        &self,
        name: &str,
        names: &Names,
        around: deed::Around<'_>,
        problems: &mut Problems,
    ) -> Option<Person> {
        let may = self
            .may
            .iter()
            .enumerate()
            .map(|(place, switch)| problems.at("may", |p| p.at(place, |p| names.switch("", switch, p))));
        let may: Vec<Option<usize>> = may.collect();
        let errs = self.errs.as_ref().map(|errs| {
            let instead = errs.instead.as_ref().map(|instead| {
                problems.at("errs", |p| p.at("instead", |p| instead.compile(&format!("{name}.errs"), around, p)))
            });
            Some((errs.probability.value(), instead.map_or(Some(None), |deed| deed.map(Some))?))
        });
        Some(Person {
            name: name.to_owned(),
            reacts_after: self.reacts_after.clone(),
            pace: self.pace.map_or(1.0, Factor::value),
            office_hours: self.office_hours,
            errs: errs.map_or(Some(None), |errs| errs.map(Some))?,
            gets: self.gets.as_ref().map_or_else(Vec::new, |gets| gets.severity.clone()),
            may: may.into_iter().collect::<Option<Vec<usize>>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_begins_when_the_office_opens() {
        const HOUR: i64 = 3_600_000_000_000;
        let hours = |weekends| OfficeHours {
            from: SimDuration::from_ns(9 * HOUR as u64),
            to: SimDuration::from_ns(17 * HOUR as u64),
            weekends,
        };
        let check = |weekends, at: i64, expect: i64| {
            assert_eq!(hours(weekends).begin_in_ns(at * HOUR), (expect * HOUR) as u64, "at hour {at}");
        };
        check(false, 0, 9);
        check(false, 9, 0);
        check(false, 16, 0);
        check(false, 17, 16);
        // From Friday 17h to Monday 9h.
        check(false, 4 * 24 + 17, 64);
        check(true, 4 * 24 + 17, 16);
        // The next week begins like this one, and the one before ended so.
        check(false, 7 * 24 + 10, 0);
        check(false, -7, 16);
    }
}
