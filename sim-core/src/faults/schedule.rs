//! When a fault is there: at a time, again and again, or at random by its mean times.

use crate::dist::Distribution;
use crate::problem::Problems;
use crate::results::Span;
use crate::units::{Count, SimDuration};
use serde::{Deserialize, Serialize};

/// Failures at random: how long things last, and how long they are down.
///
/// # What it models
/// Each selected thing fails on its own clock: it runs for a time drawn from `mtbf`, is down for a time drawn from `mttr`, and so
/// on. With `together` the selection fails and recovers as one. A bare time is the **mean of an exponential**, as the words say;
/// any other distribution is written out. With fewer `crews` than failed things, those that failed later wait, first come, first
/// served, and are down for the wait too. All run when the warm-up begins; those that run go on failing while others are down.
///
/// # When to use it
/// For availability arithmetic and for years of wear and tear.
///
/// # Knobs
/// - `mtbf`: time from a repair to the next failure, bare mean or distribution; required
/// - `mttr`: time that a crew takes for a repair, bare mean or distribution; required
/// - `crews`: how many things can be under repair at a time, default all of them
/// - `together`: the selection fails as one, default false
///
/// # Example
/// ```yaml
/// faults:
///   crashes: {inject: crash, where: {service: web}, random: {mtbf: 500h, mttr: 8h, crews: 1}}
/// ```
///
/// # Source
/// The alternating renewal process and the machine repairman of reliability theory: Trivedi, "Probability and Statistics with
/// Reliability, Queuing and Computer Science Applications", 2nd ed. 2002, chapter 8.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RandomSettings {
    /// Time from a repair to the next failure; a bare time is the mean of an exponential.
    pub mtbf: Distribution,
    /// Time of a repair; a bare time is the mean of an exponential.
    pub mttr: Distribution,
    /// How many things can be under repair at a time; default all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crews: Option<Count>,
    /// Whether the selection fails and recovers as one.
    #[serde(default)]
    pub together: bool,
}

impl RandomSettings {
    fn validate_crews(&self, problems: &mut Problems) {
        let Some(crews) = self.crews else { return };
        if crews.get() == 0 {
            problems.error("crews", "without a crew nothing is ever repaired").hint =
                Some("write at least 1, or leave `crews` out: enough for all".into());
        } else if self.together {
            problems.error("crews", "what fails together is repaired as one, so that crews change nothing").hint =
                Some("keep one of the two".into());
        }
    }
}

/// When a fault is there, as meant.
#[derive(Debug, Clone, PartialEq)]
pub enum Schedule {
    /// At fixed times.
    Fixed {
        /// First begin, from time 0 [ns].
        at_ns: i64,
        /// Length [ns]; `None` is to the end.
        for_ns: Option<u64>,
        /// From one begin to the next [ns]; `None` is once.
        every_ns: Option<u64>,
        /// How often in all; `None` is until the end.
        times: Option<u32>,
    },
    /// At random.
    Random {
        /// Time from a repair to the next failure.
        mtbf: Distribution,
        /// Time of a repair.
        mttr: Distribution,
        /// How many things can be under repair at a time; `None` is all of them.
        crews: Option<u32>,
        /// Whether the selection fails as one.
        together: bool,
    },
}

/// The keys of a schedule, as they stand beside the verb.
#[derive(Debug, Clone, Copy)]
pub struct ScheduleKeys<'a> {
    /// When the first occurrence begins, after time 0.
    pub at: Option<SimDuration>,
    /// How long each occurrence lasts; `None`: to the end of the run.
    pub length: Option<SimDuration>,
    /// From the begin of one occurrence to the begin of the next; `None`: there is one.
    pub every: Option<SimDuration>,
    /// How often it occurs at most.
    pub times: Option<Count>,
    /// At random.
    pub random: Option<&'a RandomSettings>,
}

impl ScheduleKeys<'_> {
    /// Problems of the keys and between them.
    pub fn validate(&self, problems: &mut Problems) {
        if let Some(random) = self.random {
            self.validate_random(random, problems);
            return;
        }
        if self.length.is_some_and(SimDuration::is_zero) {
            problems.error("for", "a fault that lasts no time does nothing").hint =
                Some("write a length such as 2m, or leave `for` out: to the end".into());
        }
        match (self.every, self.length) {
            (Some(every), _) if every.is_zero() => {
                problems.error("every", "a period of no time never gets on").hint =
                    Some("write a period such as 1h".into());
            }
            (Some(_), None) => {
                problems.error("every", "what comes again has to end first").hint = Some("give its length: for".into());
            }
            (Some(every), Some(length)) if length > every => {
                problems.error("for", "the next one begins before this one ends").label =
                    Some(format!("every {every}, each for {length}"));
            }
            (None, _) if self.times.is_some() => {
                problems.error("times", "`times` says how often, and nothing says when again").hint =
                    Some("give the period: every".into());
            }
            _ => {}
        }
        if self.times.is_some_and(|times| times.get() == 0) {
            problems.error("times", "a fault that comes no times does nothing").hint = Some("remove the fault".into());
        }
    }

    fn validate_random(&self, random: &RandomSettings, problems: &mut Problems) {
        let fixed = [
            ("at", self.at.is_some()),
            ("for", self.length.is_some()),
            ("every", self.every.is_some()),
            ("times", self.times.is_some()),
        ];
        for (key, given) in fixed {
            if given {
                problems.error(key, format!("`{key}` says when, and `random` says by chance")).hint =
                    Some("keep one of the two".into());
            }
        }
        problems.at("random", |p| {
            for (key, time) in [("mtbf", &random.mtbf), ("mttr", &random.mttr)] {
                p.at(key, |p| time.validate(p));
                if time.mean() <= 0.0 {
                    p.error(key, format!("a mean time of zero for `{key}` never gets on"));
                }
            }
            random.validate_crews(p);
        });
    }

    /// The schedule as meant.
    pub fn compile(&self) -> Schedule {
        match self.random {
            Some(random) => Schedule::Random {
                mtbf: random.mtbf.or_exponential(),
                mttr: random.mttr.or_exponential(),
                crews: random.crews.map(Count::get_u32),
                together: random.together,
            },
            None => Schedule::Fixed {
                at_ns: self.at.map_or(0, |at| i64::try_from(at.ns()).unwrap_or(i64::MAX)),
                for_ns: self.length.map(SimDuration::ns),
                every_ns: self.every.map(SimDuration::ns),
                times: self.times.map(Count::get_u32),
            },
        }
    }
}

impl Schedule {
    /// When a fixed schedule strikes before `end_ns` [ns from time 0]; empty for a random one, whose times differ from run to run.
    pub fn spans(&self, end_ns: i64) -> Vec<Span> {
        let Self::Fixed { at_ns, for_ns, every_ns, times } = *self else { return Vec::new() };
        let length = for_ns.map_or(i64::MAX, |ns| i64::try_from(ns).unwrap_or(i64::MAX));
        let period = every_ns.and_then(|ns| i64::try_from(ns).ok()).filter(|ns| *ns > 0);
        let count = if period.is_some() { times.unwrap_or(u32::MAX) } else { 1 };
        (0..i64::from(count))
            .map(|i| at_ns.saturating_add(period.unwrap_or(0).saturating_mul(i)))
            .take_while(|from_ns| *from_ns < end_ns)
            .map(|from_ns| Span { from_ns, to_ns: from_ns.saturating_add(length).min(end_ns) })
            .collect()
    }

    /// Whether this is an event in the life of the system, which a bill counts by its frequency, and not a lasting or recurring
    /// condition, which the simulated time holds in its true proportion.
    pub fn is_incident(&self) -> bool {
        match self {
            Self::Fixed { at_ns, for_ns, every_ns, times } => {
                (every_ns.is_none() || times.is_some()) && (for_ns.is_some() || *at_ns > 0)
            }
            Self::Random { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(keys: ScheduleKeys<'_>, expect: &[(i64, i64)]) {
        let spans: Vec<(i64, i64)> = keys.compile().spans(100).iter().map(|s| (s.from_ns, s.to_ns)).collect();
        assert_eq!(spans, expect);
    }

    #[expect(clippy::unnecessary_wraps, reason = "keys of a schedule may be left out")]
    fn ns(n: u64) -> Option<SimDuration> {
        Some(SimDuration::from_ns(n))
    }

    const NONE: ScheduleKeys<'static> = ScheduleKeys { at: None, length: None, every: None, times: None, random: None };

    #[test]
    fn schedules_strike_when_they_say() {
        check(NONE, &[(0, 100)]);
        check(ScheduleKeys { at: ns(10), ..NONE }, &[(10, 100)]);
        check(ScheduleKeys { at: ns(90), length: ns(20), ..NONE }, &[(90, 100)]);
        check(ScheduleKeys { at: ns(200), length: ns(20), ..NONE }, &[]);
        check(ScheduleKeys { at: ns(10), length: ns(5), every: ns(40), ..NONE }, &[(10, 15), (50, 55), (90, 95)]);
        let twice = Some(Count::new(2));
        check(ScheduleKeys { length: ns(5), every: ns(40), times: twice, ..NONE }, &[(0, 5), (40, 45)]);
    }

    #[test]
    fn contradictions_are_errors() {
        let error = |keys: ScheduleKeys<'_>| {
            let mut problems = Problems::new();
            keys.validate(&mut problems);
            problems.into_vec().iter().map(|p| p.path.clone()).collect::<Vec<_>>()
        };
        assert_eq!(error(ScheduleKeys { length: ns(0), ..NONE }), ["for"]);
        assert_eq!(error(ScheduleKeys { every: ns(5), ..NONE }), ["every"]);
        assert_eq!(error(ScheduleKeys { every: ns(5), length: ns(6), ..NONE }), ["for"]);
        assert_eq!(error(ScheduleKeys { times: Some(Count::new(3)), ..NONE }), ["times"]);
    }

    #[test]
    fn crews_that_repair_nothing_are_errors() {
        let error = |text: &str| {
            let random: RandomSettings = serde_json::from_str(text).unwrap();
            let mut problems = Problems::new();
            ScheduleKeys { random: Some(&random), ..NONE }.validate(&mut problems);
            problems.into_vec().iter().map(|p| p.path.clone()).collect::<Vec<_>>()
        };
        assert_eq!(error(r#"{"mtbf": "500h", "mttr": "8h", "crews": "0"}"#), ["random.crews"]);
        assert_eq!(error(r#"{"mtbf": "500h", "mttr": "8h", "crews": "2", "together": true}"#), ["random.crews"]);
        assert!(error(r#"{"mtbf": "500h", "mttr": "8h", "crews": "2"}"#).is_empty());
    }

    #[test]
    fn lasting_conditions_are_no_incidents() {
        assert!(!NONE.compile().is_incident());
        assert!(ScheduleKeys { length: ns(5), ..NONE }.compile().is_incident());
        assert!(ScheduleKeys { at: ns(5), ..NONE }.compile().is_incident());
    }
}
