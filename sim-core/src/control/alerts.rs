//! Alerts: a condition that has to last for a while.
//!
//! The state machine is that of Prometheus: pending at the first true evaluation, firing at the first one that comes at least `for`
//! after it, inactive at the first false one; with `keep_firing` it fires on until the condition has been false for so long. No data
//! is false.

use crate::counters::TIMED;
use crate::engine::math;
use crate::expression::{CompareOp, Condition, LevelSubject, Resolved, Sides, Subject, Tree};
use crate::ids::{EdgeId, FaultId, ServiceId};
use crate::metrics::{PartAt, TimedAt};
use crate::names::Names;
use crate::problem::Problems;
use crate::results::{Looks, Span};
use crate::topology::Topology;
use crate::units::{SimDuration, Unit};
use serde::{Deserialize, Serialize};

/// A condition on what telemetry delivers, that fires when it has lasted.
///
/// # What it models
/// A rule of an alerting system: evaluated again and again, pending while the condition is true, firing when it has been true for
/// long enough. With `finds` it accuses a fault: detections, misses and false alarms are counted against what really was injected.
///
/// # When to use it
/// To ask how long users suffer before anybody knows.
///
/// # Knobs
/// - `when`: condition; required
/// - `for`: how long it has to last, duration, default 0s
/// - `keep_firing`: how long it fires on after the condition is no longer true, duration, default 0s; so that a condition that comes and goes is
///   one firing
/// - `every`: between two evaluations, duration, default as often as its telemetry is scraped
/// - `severity`: 1 to 5, 5 is worst, default 3; reports list the most severe alerts first
/// - `per`: `instance`, where each instance that it accuses raises an alert of its own; default one alert for all. It matters to `incidents` alone
/// - `reads`: the telemetry pipeline that it sees, name, default the first
/// - `finds`: the fault that it is there to find, name, default none
///
/// In `when` may stand, besides the metrics of requests and services:
/// - how fast a budget is spent, over two windows: `burn_rate(works) over 1h > 14.4 and burn_rate(works) over 5m > 14.4`
/// - what is unusual: `zscore(rps(api.get)) over 1h > 3`
/// - what differs from a week ago: `rps(api.get) over 30m < 80% * rps(api.get) over 30m offset 7d`
/// - what costs money: `cost(sales) over 5m > $1000/min`, but for wrong replies, which nobody sees as they are given
/// - that nothing is heard, read by another pipeline: `age(main) > 2m`
///
/// Where an alert finds a fault and compares one metric with a number above 0, the run also follows what it would have done with other numbers, from
/// an eighth of it to eight times as much: the report shows how soon each finds the fault and how often each is wrong. A firing belongs to the strike
/// in which it begins.
///
/// Deeds may be done to what an alert accuses (`where: {found_by: ALERT}`): the instances for which `when` is true by their own readings, rightly
/// or not, as it begins to fire. An instance has readings of its own of `queue_length` and `in_system`, as they are then, of `corrupt_record` and
/// `wrong_amount`, which an audit of its records finds, of `nic_drops` in the window, and of its disk's `fsync`, of which the mean in the window
/// is taken for each percentile. Of all else it has none; then, and where the condition is true for no
/// instance alone, all instances of the services that `when` reads are accused.
///
/// # Example
/// ```yaml
/// control:
///   alerts:
///     errors: {when: error_rate(api.get) over 1m > 1%, for: 2m, finds: api-fails}
/// ```
///
/// # Source
/// Prometheus alerting rules (`for`, `keep_firing_for`, `offset`); Google, The Site Reliability Workbook, chapter 5 (burn rates over several
/// windows).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AlertSettings {
    /// The alert fires while this holds.
    pub when: Condition,
    /// How long it has to last.
    #[serde(default, rename = "for")]
    pub length: SimDuration,
    /// How long it fires on after the condition is no longer true.
    #[serde(default)]
    pub keep_firing: SimDuration,
    /// Between two evaluations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<SimDuration>,
    /// From 1 to 5, 5 is worst.
    #[serde(default = "medium")]
    pub severity: u8,
    /// Whether each instance that it accuses raises an alert of its own; default one alert for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per: Option<Per>,
    /// The telemetry pipeline that it sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reads: Option<String>,
    /// The fault that it is there to find.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finds: Option<String>,
}

/// What raises an alert of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// Each instance that the alert accuses.
    Instance,
}

fn medium() -> u8 {
    3
}

/// An alert, as meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// As the user wrote it.
    pub name: String,
    /// The alert fires while this holds, with ids.
    pub when: Tree<Resolved>,
    /// The condition, as written.
    pub text: String,
    /// How long it has to last [ns].
    pub for_ns: u64,
    /// How long it fires on after the condition is no longer true [ns].
    pub keep_ns: u64,
    /// Between two evaluations [ns].
    pub every_ns: u64,
    /// From 1 to 5.
    pub severity: u8,
    /// Whether each instance that it accuses raises an alert of its own.
    pub per_instance: bool,
    /// The telemetry pipeline that it sees, by its place.
    pub pipeline: usize,
    /// The fault that it is there to find.
    pub finds: Option<FaultId>,
    /// With what it could be compared instead, where it is there to find a fault.
    pub thresholds: Option<Thresholds>,
}

/// An alert's comparison with a number, and other numbers in its place: what the detector would have done with each of them is followed too.
#[derive(Debug, Clone, PartialEq)]
pub struct Thresholds {
    /// What is compared, as written.
    pub of: String,
    /// Its unit.
    pub unit: Unit,
    /// How it is compared: the metric on the left.
    pub op: CompareOp,
    /// Whether the file has the metric on the right.
    is_right: bool,
    /// The number that the file has.
    pub set: f64,
    /// The numbers that are tried, in their order: `set` is the middle one of those there would be without a bound.
    pub tried: Vec<f64>,
}

/// The same comparison with its sides exchanged.
fn turned(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Greater => CompareOp::Less,
        CompareOp::AtLeast => CompareOp::AtMost,
        CompareOp::Less => CompareOp::Greater,
        CompareOp::AtMost => CompareOp::AtLeast,
        same => same,
    }
}

impl Thresholds {
    /// From an eighth of the number to eight times as much, in steps of the square root of 2. A share above a half is stepped by what it leaves to
    /// 100 %, and nothing from 100 % on is tried but the number itself. `None` where the condition is no comparison of one metric with a number above
    /// 0.
    fn of(when: &Condition, meant: &Tree<Resolved>) -> Option<Self> {
        let (Tree::Compare { .. }, [leaf]) = (meant, &meant.leaves()[..]) else { return None };
        let (set, is_right) = match leaf.trees() {
            [Some(Tree::Metric(_)), Some(Tree::Number { value, .. })] => (*value, false),
            [Some(Tree::Number { value, .. }), Some(Tree::Metric(_))] => (*value, true),
            _ => return None,
        };
        let metrics = when.tree().metrics();
        let [metric] = metrics[..] else { return None };
        let unit = metric.measure().shown().0;
        let op = if is_right { turned(leaf.op()) } else { leaf.op() };
        if set <= 0.0 || matches!(op, CompareOp::Equal | CompareOp::NotEqual) {
            return None;
        }
        let is_high_share = unit == Unit::Share && set > 0.5 && set < 1.0;
        let tried = (-6..=6).map(|step| match (step, math::exp(f64::from(step) * 0.5 * std::f64::consts::LN_2)) {
            (0, _) => set,
            (_, times) if is_high_share => 1.0 - (1.0 - set) / times,
            (_, times) => set * times,
        });
        let is_possible = |tried: &f64| unit != Unit::Share || *tried == set || (*tried > 0.0 && *tried < 1.0);
        Some(Self { of: metric.words(), unit, op, is_right, set, tried: tried.filter(is_possible).collect() })
    }

    /// The value of what is compared.
    pub fn value(&self, sides: Sides) -> f64 {
        if self.is_right { sides.right } else { sides.left }
    }

    /// Whether a value is beyond one of the numbers that are tried.
    fn is_beyond(&self, value: f64, tried: f64) -> bool {
        match self.op {
            CompareOp::Greater => value > tried,
            CompareOp::AtLeast => value >= tried,
            CompareOp::Less => value < tried,
            _ => value <= tried,
        }
    }
}

impl Alert {
    /// How long its condition has to last, and how long it fires on [ns].
    pub fn lasts(&self) -> (u64, u64) {
        (self.for_ns, self.keep_ns)
    }

    /// The services that its condition reads, each once: their instances are what it can accuse.
    pub fn accuses(&self, topology: &Topology) -> Vec<ServiceId> {
        let mut all: Vec<ServiceId> =
            self.when.metrics().iter().flat_map(|metric| read_of(&metric.subject, topology)).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// The services of which something is read; of calls, those that are called.
fn read_of(subject: &Subject, topology: &Topology) -> Vec<ServiceId> {
    let called = |edge: EdgeId| topology.endpoints[topology.edges[edge.index()].callee.index()].service;
    match subject {
        Subject::Service(service) | Subject::Level(_, LevelSubject::Service(service)) => vec![*service],
        Subject::Endpoint(endpoint) => vec![topology.endpoints[endpoint.index()].service],
        Subject::Edges(edges) | Subject::Level(_, LevelSubject::Calls(edges)) => {
            edges.iter().map(|edge| called(*edge)).collect()
        }
        Subject::Timed(parts) => {
            let of = |part: &PartAt| match TIMED[usize::from(part.part().0)].of {
                TimedAt::CallSite => called(EdgeId::from(part.index())),
                TimedAt::Node | TimedAt::Queue => ServiceId::from(part.index()),
            };
            parts.iter().map(of).collect()
        }
        _ => Vec::new(),
    }
}

impl AlertSettings {
    /// Problems of the settings by themselves.
    pub fn validate(&self, problems: &mut Problems) {
        if self.every.is_some_and(SimDuration::is_zero) {
            problems.error("every", "an alert that is evaluated without pause never gets on").hint =
                Some("write a period such as 15s".into());
        }
        if !(1..=5).contains(&self.severity) {
            problems.error("severity", format!("severity {} does not exist", self.severity)).label =
                Some("from 1 to 5, 5 is worst".into());
        }
    }

    /// The alert with ids; `pipelines` are those of the model.
    pub fn compile(
        &self,
        name: &str,
        names: &Names,
        pipelines: &[super::Pipeline],
        problems: &mut Problems,
    ) -> Option<Alert> {
        let when = problems.at("when", |p| self.when.compile(names, p));
        let finds = match &self.finds {
            None => Some(None),
            Some(fault) => names.fault("finds", fault, problems).map(Some),
        };
        let pipeline = match &self.reads {
            None => Some(0),
            Some(name) => names.pipeline("reads", name, problems),
        }?;
        let when = when?;
        let is_own_age = |metric: &&Resolved| metric.subject == Subject::Pipeline(pipeline);
        if when.metrics().iter().any(is_own_age) {
            let of = names.pipelines.iter().find(|(_, place)| **place == pipeline).map_or("it", |(name, _)| name);
            let what = format!("{of} cannot tell how old its own readings are: when it is silent, so is this");
            problems.error("when", what).hint = Some("write reads: ANOTHER_PIPELINE".into());
            return None;
        }
        let default_ns = pipelines.get(pipeline).map_or(SimDuration::SECOND.ns() * 15, |p| p.every_ns);
        Some(Alert {
            name: name.to_owned(),
            text: self.when.to_string(),
            for_ns: self.length.ns(),
            keep_ns: self.keep_firing.ns(),
            every_ns: self.every.map_or(default_ns, SimDuration::ns),
            severity: self.severity,
            per_instance: self.per.is_some(),
            pipeline,
            thresholds: finds?.and_then(|_| Thresholds::of(&self.when, &when)),
            finds: finds?,
            when,
        })
    }
}

/// What an alert is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AlertState {
    /// The condition is false.
    #[default]
    Inactive,
    /// True since then [ns], and not yet for long enough.
    Pending(u64),
    /// The condition has held for long enough: it fires until the condition fails.
    Firing,
    /// It fires still, but the condition is false since then [ns].
    Keeping(u64),
}

impl AlertState {
    /// Whether it fires.
    pub fn fires(self) -> bool {
        matches!(self, Self::Firing | Self::Keeping(_))
    }

    /// The state after an evaluation at `now_ns` by a rule that has to last `for_ns`, and fires on for `keep_ns`. No data (`None`) is false.
    #[must_use]
    pub fn after(self, now_ns: u64, holds: Option<bool>, (for_ns, keep_ns): (u64, u64)) -> Self {
        if holds != Some(true) {
            let false_ns = match self {
                Self::Firing => now_ns,
                Self::Keeping(since_ns) => since_ns,
                Self::Inactive | Self::Pending(_) => return Self::Inactive,
            };
            return if now_ns - false_ns < keep_ns { Self::Keeping(false_ns) } else { Self::Inactive };
        }
        let since_ns = match self {
            Self::Firing | Self::Keeping(_) => return Self::Firing,
            Self::Pending(since_ns) => since_ns,
            Self::Inactive => now_ns,
        };
        if now_ns - since_ns >= for_ns { Self::Firing } else { Self::Pending(since_ns) }
    }
}

/// Follows one alert through a run and keeps when it fired.
#[derive(Debug, Clone, Default)]
pub struct AlertTracker {
    state: AlertState,
    begun_ns: i64,
    spans: Vec<Span>,
    looks: Looks,
    /// What it would do with each of the numbers that are tried.
    tried: Vec<AlertTracker>,
}

/// More firings than this are counted no more: the alert flaps.
const SPANS_MAX: usize = 10_000;

impl AlertTracker {
    /// Evaluates at `now_ns`, which is `from_zero_ns` from time 0, a rule that has to last and fires on for so long [ns]. Whether it began to fire.
    pub fn evaluate(&mut self, now_ns: u64, from_zero_ns: i64, holds: Option<bool>, lasts: (u64, u64)) -> bool {
        self.looks.all += 1;
        self.looks.without_data += u64::from(holds.is_none());
        let before = self.state;
        self.state = before.after(now_ns, holds, lasts);
        match (before.fires(), self.state.fires()) {
            (false, true) => {
                self.begun_ns = from_zero_ns;
                true
            }
            (true, false) => {
                self.close(from_zero_ns);
                false
            }
            _ => false,
        }
    }

    /// The same with each of the numbers that are tried, at a `value` of what is compared.
    pub fn try_all(&mut self, now_ns: u64, from_zero_ns: i64, value: Option<f64>, alert: &Alert) {
        let Some(thresholds) = &alert.thresholds else { return };
        self.tried.resize_with(thresholds.tried.len(), Self::default);
        for (tracker, tried) in self.tried.iter_mut().zip(&thresholds.tried) {
            let holds = value.map(|value| thresholds.is_beyond(value, *tried));
            tracker.evaluate(now_ns, from_zero_ns, holds, alert.lasts());
        }
    }

    /// When it would have fired with each of the numbers that are tried, in a run that ended then [ns from time 0].
    pub fn take_tried(&mut self, end_ns: i64) -> Vec<Vec<Span>> {
        std::mem::take(&mut self.tried).into_iter().map(|tracker| tracker.finish(end_ns)).collect()
    }

    /// Whether it fires now.
    pub fn fires(&self) -> bool {
        self.state.fires()
    }

    fn close(&mut self, to_ns: i64) {
        if self.spans.len() < SPANS_MAX {
            self.spans.push(Span { from_ns: self.begun_ns, to_ns });
        }
    }

    /// How often it was evaluated, and how often without data.
    pub fn looks(&self) -> Looks {
        self.looks
    }

    /// When it fired, in a run that ended then [ns from time 0].
    pub fn finish(mut self, end_ns: i64) -> Vec<Span> {
        if self.state.fires() {
            self.close(end_ns);
        }
        self.spans
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// States after evaluations once a minute of a rule that has to last `for_s`.
    fn states(for_s: u64, holds: &[bool]) -> Vec<AlertState> {
        states_of((for_s, 0), holds)
    }

    /// The same of a rule that has to last, and fires on for so long [s].
    fn states_of(lasts: (u64, u64), holds: &[bool]) -> Vec<AlertState> {
        let mut state = AlertState::Inactive;
        let minutes = holds.iter().enumerate();
        minutes
            .map(|(minute, holds)| {
                state = state.after(minute as u64 * 60, Some(*holds), lasts);
                state
            })
            .collect()
    }

    // Prometheus promtool unittest.yml + rules.yml, prometheus/prometheus@d15adb9a.
    #[test]
    fn pending_at_4m_and_firing_at_5m_of_a_rule_for_5m() {
        let states = states(300, &[true; 7]);
        assert_eq!(states[0], AlertState::Pending(0));
        assert_eq!(states[4], AlertState::Pending(0));
        assert_eq!(states[5], AlertState::Firing);
    }

    #[test]
    fn without_for_it_fires_at_once() {
        assert_eq!(states(0, &[true]), [AlertState::Firing]);
    }

    // prometheus/prometheus@d15adb9a rules/alerting_test.go: > 50, for 1m, keep_firing_for 1m; 75 85 70 70 10 10.
    #[test]
    fn it_fires_on_for_a_while_after_the_condition_has_become_false() {
        use AlertState::{Firing, Inactive, Keeping, Pending};
        let holds: Vec<bool> = [75, 85, 70, 70, 10, 10].into_iter().map(|value| value > 50).collect();
        assert_eq!(states_of((60, 60), &holds), [Pending(0), Firing, Firing, Firing, Keeping(240), Inactive]);
        // What becomes true again meanwhile fires on, and has a whole while again.
        assert_eq!(
            states_of((0, 120), &[true, false, true, false, false, false]),
            [Firing, Keeping(60), Firing, Keeping(180), Keeping(180), Inactive]
        );
        // Only what fires is kept: pending ends at once.
        assert_eq!(states_of((60, 600), &[true, false, true]), [Pending(0), Inactive, Pending(120)]);
    }

    // Prometheus rules/alerting_test.go, without keep_firing_for.
    #[test]
    fn one_false_evaluation_ends_it_and_pending_begins_anew() {
        let expect = [AlertState::Pending(0), AlertState::Firing, AlertState::Inactive, AlertState::Pending(180)];
        assert_eq!(states(60, &[true, true, false, true]), expect);
    }

    #[test]
    fn no_data_is_false() {
        assert_eq!(AlertState::Firing.after(60, None, (0, 0)), AlertState::Inactive);
    }

    #[test]
    fn firing_spans_are_kept_to_the_end_of_the_run() {
        let mut tracker = AlertTracker::default();
        let mut began = 0;
        for (minute, holds) in [true, true, false, true].into_iter().enumerate() {
            let now = minute as u64 * 60;
            began += u32::from(tracker.evaluate(now, now as i64 - 60, Some(holds), (0, 0)));
        }
        assert_eq!(began, 2);
        assert_eq!(tracker.finish(500), [Span { from_ns: -60, to_ns: 60 }, Span { from_ns: 120, to_ns: 500 }]);
    }
}
