//! Operating modes while a run goes on: one is in force, and every look may change it.
//!
//! A look takes its conditions in this order: `rollback`, `leave` of the mode in force, and `enter` of the others. Entered is the first mode in the
//! order of the file whose condition has held for its time; from a mode other than the initial one only one that stands before it, unless that mode
//! is left. A mode that is left for no other gives way to the initial one.
//!
//! What a mode sets is set by its actions, one after the other, each when its time has passed. Until the last of them is done, what the mode before
//! has set stays in force, so that nothing falls back in between; a rollback takes everything back at once. Each entry into a mode owns what it sets
//! ([`Owner::Mode`]), and what was to be done for one that is over is not done.

use super::Due;
use super::set::Owner;
use crate::expression::{Metric, Resolved, Subject};
use crate::mode::{Modes, Turn};
use crate::model::Model;
use crate::results::{JournalEntry, JournalKind, JournalValue, JournalWriter, ModesRun, Span};
use crate::world::World;
use crate::world::events::EventId;

/// How long a condition has held.
#[derive(Debug, Clone, Copy, Default)]
struct Held {
    since: Option<u64>,
}

impl Held {
    /// What was seen now; whether it has held for so long [ns].
    fn sees(&mut self, holds: bool, now: u64, for_ns: u64) -> bool {
        self.since = holds.then(|| self.since.unwrap_or(now));
        self.since.is_some_and(|since| now - since >= for_ns)
    }
}

/// The modes in a run.
#[derive(Debug, Default)]
pub(super) struct InForce {
    /// The mode, by its place.
    mode: usize,
    /// Since when [ns].
    since: u64,
    /// Times that a mode was entered: the number of the present entry.
    entry: u32,
    /// Entries before this one whose values still hold.
    before: Vec<u32>,
    enters: Vec<Held>,
    leaves: Held,
    rolls_back: Held,
    run: ModesRun,
    journal: JournalWriter,
}

impl InForce {
    pub(super) fn new(model: &Model) -> Self {
        let Some(modes) = &model.modes else { return Self::default() };
        Self { mode: modes.initial, enters: vec![Held::default(); modes.states.len()], ..Self::default() }
    }

    /// What became of them.
    pub(super) fn finish(self) -> ModesRun {
        ModesRun { journal: self.journal.finish(), ..self.run }
    }
}

impl<'m> World<'m> {
    /// Looks at what telemetry has delivered, and changes the mode where that says so.
    pub(super) fn look_at_modes(&mut self, control: EventId) {
        let model = self.model;
        let Some(modes) = &model.modes else { return };
        self.deliver_scrapes(modes.pipeline as u32);
        let now = self.now;
        let current = self.control.modes.mode;
        let from_initial = current == modes.initial;
        let rolls_back = modes.rollback.as_ref().map(|turn| (turn, self.mode_holds(modes, turn, None)));
        let leave = modes.states[current].leave.as_ref();
        let leaves = leave.map(|turn| (turn, self.mode_holds(modes, turn, None)));
        let at = &mut self.control.modes;
        let is_old = now - at.since >= modes.states[current].stays_ns;
        let rolls_back =
            rolls_back.filter(|(turn, holds)| at.rolls_back.sees(*holds, now, turn.for_ns) && !from_initial);
        let leaves = leaves.filter(|(turn, holds)| at.leaves.sees(*holds, now, turn.for_ns) && is_old);
        let left = leaves.map(|_| current);
        let enters: Vec<bool> = modes
            .states
            .iter()
            .map(|mode| mode.enter.as_ref().is_some_and(|turn| self.mode_holds(modes, turn, left)))
            .collect();
        let mut entered = None;
        for (place, (mode, holds)) in modes.states.iter().zip(enters).enumerate() {
            let Some(turn) = &mode.enter else { continue };
            let ready = self.control.modes.enters[place].sees(holds, now, turn.for_ns);
            let may = left.is_some() || (is_old && (from_initial || place < current));
            if ready && may && place != current && entered.is_none() {
                entered = Some((place, turn));
            }
        }
        if let Some((turn, _)) = rolls_back {
            self.gives_up_mode(modes, turn);
        } else if let Some((place, turn)) = entered {
            self.enters_mode(modes, place, turn, left);
        } else if let Some((turn, _)) = leaves {
            self.enters_mode(modes, modes.initial, turn, left);
        }
        self.again(now + modes.every_ns, control);
    }

    /// Whether a condition holds now, where `left` is the mode that is being left.
    fn mode_holds(&self, modes: &Modes, turn: &Turn, left: Option<usize>) -> bool {
        turn.check.when.truth(&mut |metric| self.mode_value(modes, metric, left)) == Some(true)
    }

    fn mode_value(&self, modes: &Modes, metric: &Resolved, left: Option<usize>) -> Option<f64> {
        match (metric.metric, &metric.subject) {
            (Metric::Left, Subject::Mode(mode)) => Some(f64::from(u8::from(left == Some(*mode)))),
            _ => self.delivered(modes.pipeline as u32, metric),
        }
    }

    /// An entry that says why, with what was seen.
    fn why(&self, modes: &Modes, kind: JournalKind, turn: &Turn, left: Option<usize>) -> JournalEntry {
        let measured = turn.check.when.metrics().into_iter().zip(&turn.check.measured);
        let values = measured.map(|(metric, (of, unit))| JournalValue {
            of: of.as_str().into(),
            value: self.mode_value(modes, metric, left),
            unit: *unit,
        });
        let entry = self.entry(kind, turn.check.text.clone());
        JournalEntry { holds: Some(true), values: values.collect(), bounds: turn.check.bounds.clone(), ..entry }
    }

    /// Another mode is in force from now on.
    fn enters_mode(&mut self, modes: &'m Modes, place: usize, turn: &Turn, left: Option<usize>) {
        let why = self.why(modes, JournalKind::Observation, turn, left);
        let says =
            format!("{} in the place of {}", modes.states[place].name, modes.states[self.control.modes.mode].name);
        let entry = self.entry(JournalKind::Begin, says);
        let old = self.control.modes.entry;
        self.changes_to(place, [why, entry]);
        self.control.modes.before.push(old);
        self.next_of_mode(modes, 0);
    }

    /// Everything is as in the initial mode at once, and each condition has to hold anew.
    fn gives_up_mode(&mut self, modes: &'m Modes, turn: &Turn) {
        let why = self.why(modes, JournalKind::Observation, turn, None);
        let says = format!("{} given up", modes.states[self.control.modes.mode].name);
        let entry = self.entry(JournalKind::Rollback, says);
        let old = self.control.modes.entry;
        self.changes_to(modes.initial, [why, entry]);
        let at = &mut self.control.modes;
        at.before.push(old);
        at.enters.fill(Held::default());
        at.rolls_back = Held::default();
        at.run.rollbacks += u64::from(self.now >= self.zero);
        self.ends_before();
        self.next_of_mode(modes, 0);
    }

    fn changes_to(&mut self, place: usize, entries: [JournalEntry; 2]) {
        self.closes_mode();
        let at = &mut self.control.modes;
        entries.into_iter().for_each(|entry| at.journal.write(entry));
        (at.mode, at.since, at.leaves) = (place, self.now, Held::default());
        at.entry += 1;
    }

    /// The time in which the present mode was in force is over.
    fn closes_mode(&mut self) {
        let now_ns = self.since_zero(self.now);
        let from_ns = self.since_zero(self.control.modes.since).max(0);
        let at = &mut self.control.modes;
        if now_ns > from_ns {
            at.run.spans.push((at.mode, Span { from_ns, to_ns: now_ns }));
        }
    }

    /// What modes before this one have set is as before.
    fn ends_before(&mut self) {
        for entry in std::mem::take(&mut self.control.modes.before) {
            self.takes_back(Owner::Mode(entry));
        }
    }

    /// Begins an action of the mode, or ends what was before when there are no more.
    fn next_of_mode(&mut self, modes: &'m Modes, action: u32) {
        let (mode, entry) = (self.control.modes.mode, self.control.modes.entry);
        let Some(deed) = modes.states[mode].actions.get(action as usize) else {
            self.ends_before();
            return;
        };
        match self.duration(deed, entry) {
            0 => self.mode_acts(entry, action),
            took => self.schedule(self.now.saturating_add(took), Due::ModeActs(entry, action)),
        }
    }

    /// An action of a mode is done, if that is still in force.
    pub(super) fn mode_acts(&mut self, entry: u32, action: u32) {
        let model = self.model;
        let Some(modes) = model.modes.as_ref().filter(|_| self.control.modes.entry == entry) else { return };
        let deed = &modes.states[self.control.modes.mode].actions[action as usize];
        let says = self.does(deed, Some(Owner::Mode(entry)), Vec::new());
        let done = self.entry(JournalKind::Action, says);
        self.control.modes.journal.write(done);
        self.next_of_mode(modes, action + 1);
    }

    /// The mode that is in force at the end is so until the end.
    pub(in crate::world) fn close_modes(&mut self) {
        if self.model.modes.is_some() {
            self.closes_mode();
        }
    }
}
