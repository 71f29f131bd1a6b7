//! Operating modes as written: what a system sets in which state, and when it changes from one to another.

use super::named::Named;
use serde::{Deserialize, Serialize};
use sim_core::deed::{self, Deed, DeedSettings, DoSettings};
use sim_core::expression::{Condition, Metric};
use sim_core::kind::Kind;
use sim_core::mode::{Mode, Modes, Turn};
use sim_core::problem::{Problem, Problems};
use sim_core::units::SimDuration;
use sim_core::watched::Check;

/// The modes.
pub const ALL: &[Kind] = &[Kind { family: "control", name: "modes", schema: || schemars::schema_for!(ModesSettings) }];

/// How often the modes are looked at where nothing is said.
const EVERY: SimDuration = SimDuration::from_ns(15 * SimDuration::SECOND.ns());

/// Operating modes: states of the whole system that set live values while they are in force.
///
/// # What it models
/// One mode is in force at a time, at first `initial`. Every look enters the first mode in the order of the file whose `enter` has held for its time,
/// so that the most urgent stands first; from a mode other than the initial one, only a mode that stands before it is entered. A mode whose `leave`
/// has held for its time gives way to a mode that says `enter: {when: left(MODE)}`, and to the initial one where none does. Two conditions that are
/// apart (enter above 6, leave below 1), their times and `stays` are the hysteresis that keeps it from going back and forth.
///
/// A mode's `actions` set live values (`do: set`), one after the other, each when the time that it `takes` has passed, so that a change goes in
/// steps. When the last of them is done, what the mode before had set is taken back, and what no mode sets is as in the file. `rollback` takes
/// everything back at once and returns to the initial mode, and each condition has to hold anew; write it for a change that makes things worse.
///
/// Conditions see what telemetry has delivered, late and sampled, and have no data where it is down: no mode changes then.
///
/// # When to use it
/// For a system that gives up freshness or features under stress by rule: longer TTLs, lower admission, more lag allowed. Ask whether
/// it saves the error budget, and whether it flaps: `mode_changes`, `time_in(MODE)`.
///
/// # Knobs
/// - `initial`: the mode at the begin, in which nothing is set unless it has actions; required
/// - `states`: by name `enter`, `leave` (each `when` and `for`, default 0s), `stays` (at least so long, default 0s) and `actions`; required
/// - `rollback`: `when` and `for`; default none
/// - `every`: between two looks, duration, default 15s
/// - `reads`: the telemetry pipeline that is seen, default the first
///
/// # Example
/// ```yaml
/// control:
///   modes:
///     initial: target
///     states:
///       target: {}
///       degraded:
///         enter: {when: burn_rate(works) over 5m > 6, for: 1m}
///         leave: {when: burn_rate(works) over 10m < 1, for: 5m}
///         actions: [{do: {set: {caches.posts.contents.keyed.ttl: 10m}}, takes: 2m}]
///     rollback: {when: availability(feed.home) over 2m < 90%}
/// ```
///
/// # Source
/// Beyer et al., Site Reliability Engineering, chapter 22 (graceful degradation); hysteresis as in a Schmitt trigger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModesSettings {
    /// The mode at the begin.
    pub initial: String,
    /// The modes, the most urgent first.
    pub states: Named<ModeSettings>,
    /// What takes everything back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback: Option<TurnSettings>,
    /// Between two looks; default 15s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<SimDuration>,
    /// The telemetry pipeline that is seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reads: Option<String>,
}

/// A mode: when it is entered and left, and what it sets.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ModeSettings {
    /// What lets it be entered; the initial mode has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enter: Option<TurnSettings>,
    /// What lets it be left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leave: Option<TurnSettings>,
    /// It is not left before so long.
    pub stays: SimDuration,
    /// What it sets, one after the other.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<DeedSettings>,
}

/// A condition that has to hold for a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TurnSettings {
    /// The condition, of what telemetry delivers; `left(MODE)` is whether that mode is being left.
    pub when: Condition,
    /// How long it has to hold; default 0s.
    #[serde(default, rename = "for")]
    pub length: SimDuration,
}

impl ModesSettings {
    /// Problems of the settings by themselves.
    pub fn validate(&self, problems: &mut Problems) {
        if self.every.is_some_and(SimDuration::is_zero) {
            problems.error("every", "modes that are looked at without pause never let the run go on").hint =
                Some("write a period such as 15s".into());
        }
        if self.states.get(&self.initial).is_none() {
            problems.unknown("initial", "mode", &self.initial, self.states.names());
        }
        problems.at("states", |p| {
            for (name, state) in self.states.iter() {
                p.at(name, |p| state.validate(name == self.initial, p));
            }
        });
    }

    /// The modes with ids.
    pub fn compile(&self, around: deed::Around<'_>, problems: &mut Problems) -> Option<Modes> {
        let names = around.names;
        let pipeline = match &self.reads {
            None => Some(0),
            Some(name) => names.pipeline("reads", name, problems),
        };
        let turn = |key: &str, turn: &Option<TurnSettings>, p: &mut Problems| match turn {
            None => Some(None),
            Some(turn) => p.at(key, |p| p.at("when", |p| turn.compile(names, p))).map(Some),
        };
        let states: Vec<Option<Mode>> = problems.at("states", |p| {
            let each = |(name, state): (&str, &ModeSettings)| {
                p.at(name, |p| {
                    let (enter, leave) = (turn("enter", &state.enter, p), turn("leave", &state.leave, p));
                    let actions = state.actions.iter().enumerate();
                    let actions: Vec<Option<Deed>> = p.at("actions", |p| {
                        actions
                            .map(|(at, deed)| p.at(at, |p| deed.compile(&format!("{name}.{at}"), around, p)))
                            .collect()
                    });
                    let actions = actions.into_iter().collect::<Option<Vec<Deed>>>()?;
                    Some(Mode {
                        name: name.to_owned(),
                        enter: enter?,
                        leave: leave?,
                        stays_ns: state.stays.ns(),
                        actions,
                    })
                })
            };
            self.states.iter().map(each).collect()
        });
        let rollback = turn("rollback", &self.rollback, problems);
        Some(Modes {
            initial: self.states.names().position(|name| name == self.initial)?,
            states: states.into_iter().collect::<Option<Vec<Mode>>>()?,
            pipeline: pipeline?,
            every_ns: self.every.unwrap_or(EVERY).ns(),
            rollback: rollback?,
        })
    }
}

impl ModeSettings {
    fn validate(&self, is_initial: bool, problems: &mut Problems) {
        match (is_initial, &self.enter, &self.leave) {
            (true, Some(_), _) => {
                problems.error("enter", "the initial mode is entered by itself, when the mode in force is left").hint =
                    Some("remove it, and say when the others are left".into());
            }
            (true, _, Some(_)) => {
                problems.error("leave", "the initial mode is left when another one is entered").hint =
                    Some("remove it, and say when the others are entered".into());
            }
            (false, None, _) => {
                problems.error("", "nothing lets this mode be entered").hint =
                    Some("write enter: {when: burn_rate(works) over 5m > 6, for: 1m}".into());
            }
            (false, Some(_), None) => {
                let never = Problem::warning(problems.path(), "this mode is left for a more urgent one only");
                problems.push(never.hint("write leave: {when: burn_rate(works) over 10m < 1, for: 5m}"));
            }
            _ => {}
        }
        problems.at("actions", |p| {
            for (place, deed) in self.actions.iter().enumerate() {
                p.at(place, |p| {
                    deed.validate(p);
                    if !matches!(deed.what, DoSettings::Set(_)) {
                        p.error("do", "a mode sets values, and takes them back when it is over").hint =
                            Some("write do: {set: {PATH: VALUE}}; what is done once is a runbook's".into());
                    }
                });
            }
        });
    }
}

impl TurnSettings {
    fn compile(&self, names: &sim_core::names::Names, problems: &mut Problems) -> Option<Turn> {
        let check = Check::compile_knowing(&self.when, &[Metric::Left], names, problems)?;
        Some(Turn { check, for_ns: self.length.ns() })
    }
}
