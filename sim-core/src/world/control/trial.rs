//! Experiments while they run: looked at before, begun, watched, aborted or ended, and rolled back; with the journal of all that.
//!
//! An experiment looks at what telemetry has delivered: what it `reads`, or a pipeline of its own that begins in time for the longest
//! window before it and looks when the experiment does. Its faults are planned when it begins and called off when it ends.

use super::Due;
use super::set::Owner;
use crate::control::{Pipeline, PipelineSettings};
use crate::deed::Deed;
use crate::experiment::Experiment;
use crate::expression::{CompareOp, Tree, Window};
use crate::ids::{Caller, EdgeId, FaultId, InstanceId};
use crate::results::{
    Course, ExperimentRun, JournalBound, JournalEntry, JournalKind, JournalValue, JournalWriter, Span, Unit, Words,
};
use crate::watched::Check;
use crate::world::World;
use crate::world::events::EventId;

/// Instances beyond this many are not named.
const MOST_NAMED: usize = 6;

/// How far an experiment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// It has not begun.
    Waiting,
    /// It runs since then [ns].
    Running(u64),
    /// It is over, or will not come.
    Over,
}

/// A condition to abort, and how near it came.
#[derive(Debug, Clone, Default)]
struct Watched {
    /// Whether it was looked at.
    seen: bool,
    /// What it was at the last look; `None` without data.
    last: Option<bool>,
    /// By how much it came nearest to being true, and what was seen then.
    nearest: Option<(f64, JournalEntry)>,
}

/// An experiment in a run.
#[derive(Debug)]
pub(super) struct Trial {
    phase: Phase,
    /// Its pipeline, by its place.
    pipe: u32,
    /// Whether its own pipeline has looked.
    has_looked: bool,
    /// Occurrences of its faults.
    strikes: Vec<u32>,
    watched: Vec<Watched>,
    /// Requests of load classes at its begin: ended, and of these not answered.
    before: (u64, u64),
    /// What becomes of it, but for its journal.
    run: ExperimentRun,
    journal: JournalWriter,
}

impl Trial {
    /// What became of it.
    pub(in crate::world) fn finish(self) -> ExperimentRun {
        ExperimentRun { journal: self.journal.finish(), ..self.run }
    }
}

/// Calls of load classes.
fn entries(world: &World<'_>) -> impl Iterator<Item = EdgeId> {
    let by_load = |(_, edge): &(usize, &crate::topology::Edge)| matches!(edge.caller, Caller::Load(_));
    world.model.edges.iter().enumerate().filter(by_load).map(|(index, _)| EdgeId::from(index))
}

impl<'m> World<'m> {
    /// Begins to look in time.
    pub(in crate::world) fn plan_trials(&mut self) {
        let model = self.model;
        for (index, experiment) in model.experiments.iter().enumerate() {
            let metrics = experiment.metrics();
            let own =
                Pipeline { every_ns: experiment.every_ns, ..PipelineSettings::default().compile(&experiment.name) };
            let pipeline = experiment.reads.map_or(&own, |place| &model.telemetry[place]);
            // Also of a pipeline that others read it has a copy, so that nobody's draws change.
            let pipe = self.add_pipe((pipeline, experiment.reads), &metrics, &experiment.name);
            let begin = self.zero + experiment.at_ns;
            let mut first = begin;
            if experiment.reads.is_some() {
                self.schedule(pipeline.every_ns, Due::Scrape(pipe));
            } else {
                first -= experiment.every_ns * looks_before(experiment).min(begin / experiment.every_ns);
            }
            self.schedule(first, Due::Look(index as u32));
            let run = ExperimentRun {
                course: Course::NotReached,
                spans: Vec::new(),
                because: Vec::new(),
                journal: Vec::new(),
            };
            self.control.trials.push(Trial {
                phase: Phase::Waiting,
                pipe,
                has_looked: false,
                strikes: Vec::new(),
                watched: vec![Watched::default(); experiment.abort_when.len()],
                before: (0, 0),
                run,
                journal: JournalWriter::default(),
            });
        }
    }

    /// An experiment looks: before it begins for what it has to know then, and while it runs at the conditions to abort.
    pub(super) fn look(&mut self, index: u32, control: EventId) {
        let experiment = &self.model.experiments[index as usize];
        let (trial, own) = (&mut self.control.trials[index as usize], experiment.reads.is_none());
        let (pipe, phase) = (trial.pipe, trial.phase);
        if phase == Phase::Over {
            return;
        }
        if own && std::mem::replace(&mut trial.has_looked, true) {
            self.take(pipe);
        } else if own {
            // From here on is counted.
            self.look_at_all(pipe);
        }
        self.deliver_scrapes(pipe);
        match phase {
            Phase::Running(_) => self.may_abort(index),
            Phase::Waiting if self.now >= self.zero + experiment.at_ns => self.may_begin(index),
            _ => {}
        }
        let watches = !experiment.abort_when.is_empty() || experiment.users.is_some();
        let goes_on = match self.control.trials[index as usize].phase {
            Phase::Waiting => true,
            Phase::Running(_) => watches,
            Phase::Over => false,
        };
        if goes_on {
            self.again(self.now + experiment.every_ns, control);
        }
    }

    /// What a condition is now, and what it is made of.
    fn observe(&self, index: u32, check: &Check, kind: JournalKind) -> JournalEntry {
        self.observe_by(self.control.trials[index as usize].pipe, check, kind)
    }

    /// What a condition is by a pipeline now, and what it is made of.
    pub(in crate::world) fn observe_by(&self, pipe: u32, check: &Check, kind: JournalKind) -> JournalEntry {
        let value = |metric: &_| self.delivered(pipe, metric);
        let holds = check.when.truth(&mut |metric| value(metric));
        let measured = check.when.metrics().into_iter().zip(&check.measured);
        let values = measured.map(|(metric, (of, unit))| JournalValue {
            of: of.as_str().into(),
            value: value(metric),
            unit: *unit,
        });
        let entry = self.entry(kind, check.text.clone());
        JournalEntry { holds, values: values.collect(), bounds: check.bounds.clone(), ..entry }
    }

    /// An entry of a journal, of this moment.
    pub(in crate::world) fn entry(&self, kind: JournalKind, text: String) -> JournalEntry {
        let at_s = self.since_zero(self.now) as f64 / 1e9;
        JournalEntry { at_s, kind, text: text.into(), holds: None, values: Vec::new(), bounds: Vec::new() }
    }

    fn write(&mut self, index: u32, kind: JournalKind, text: String) {
        let entry = self.entry(kind, text);
        self.control.trials[index as usize].journal.write(entry);
    }

    /// Its time has come: it begins if all checks hold.
    fn may_begin(&mut self, index: u32) {
        let experiment = &self.model.experiments[index as usize];
        let steady = experiment.steady_state.iter().map(|check| (check, JournalKind::SteadyState));
        let safe = experiment.safety_checks.iter().map(|check| (check, JournalKind::Safety));
        let mut because = Vec::new();
        for (check, kind) in steady.chain(safe) {
            let entry = self.observe(index, check, kind);
            if entry.holds != Some(true) {
                because.push(check.text.clone());
            }
            self.control.trials[index as usize].journal.write(entry);
        }
        if because.is_empty() {
            self.begin(index);
            return;
        }
        self.write(index, JournalKind::NotRun, because.join(", "));
        let trial = &mut self.control.trials[index as usize];
        trial.phase = Phase::Over;
        trial.run.course = Course::NotRun;
        trial.run.because = because.into_iter().map(Words::from).collect();
    }

    fn begin(&mut self, index: u32) {
        let model = self.model;
        let experiment = &model.experiments[index as usize];
        self.mark();
        let (now, before) = (self.now, self.users());
        let trial = &mut self.control.trials[index as usize];
        trial.phase = Phase::Running(now);
        self.recorder.begins();
        trial.before = before;
        trial.run.course = Course::CutShort;
        self.write(index, JournalKind::Begin, experiment.name.clone());
        let end = now + experiment.for_ns;
        self.schedule(end, Due::Conclude(index));
        for fault in &experiment.faults {
            let spans = model.faults[fault.index()].schedule.spans(model.run.duration.ns() as i64);
            for span in spans {
                let at = |ns: i64| self.zero + ns.unsigned_abs();
                let (from, to) = (at(span.from_ns), at(span.to_ns));
                if from < end {
                    self.plan_in(index, *fault, from, to.min(end), end);
                }
            }
        }
        for (place, (at_ns, deed)) in experiment.deeds.iter().enumerate() {
            let done = now + at_ns + self.duration(deed, 0);
            if done == now {
                self.deed(index, place as u32);
            } else {
                self.schedule(done, Due::Deed(index, place as u32));
            }
        }
    }

    /// Plans an occurrence of a fault of an experiment; what strikes now does so before anything else happens.
    fn plan_in(&mut self, index: u32, fault: FaultId, from: u64, to: u64, end: u64) {
        let strike = self.chaos.add(crate::world::chaos::Occurrence::new(fault, None));
        self.control.trials[index as usize].strikes.push(strike);
        if from == self.now {
            self.strike(strike);
        } else {
            self.schedule(from, crate::world::chaos::Due::Strike(strike));
        }
        if to < end {
            self.schedule(to, crate::world::chaos::Due::Mend(strike));
        }
    }

    /// Requests of load classes that ended, and of these those that were not answered.
    fn users(&self) -> (u64, u64) {
        let (mut ended, mut lost) = (0, 0);
        for edge in entries(self) {
            let outcomes = self.calls.sums(edge).call_outcomes;
            let all: u64 = outcomes.iter().sum();
            ended += all;
            lost += all - outcomes[0] - outcomes[1];
        }
        (ended, lost)
    }

    /// Looks at the conditions to abort, and at the users in the blast radius.
    fn may_abort(&mut self, index: u32) {
        let experiment = &self.model.experiments[index as usize];
        let mut because = Vec::new();
        for (place, check) in experiment.abort_when.iter().enumerate() {
            let entry = self.observe(index, check, JournalKind::Observation);
            if entry.holds == Some(true) {
                because.push(check.text.clone());
            }
            let near = nearness(check, &entry);
            self.control.trials[index as usize].saw(place, entry, near);
        }
        because.extend(experiment.users.and_then(|allowed| self.hurts_users(index, allowed)));
        if !because.is_empty() {
            self.close_observations(index);
            self.write(index, JournalKind::Abort, because.join(", "));
            self.control.trials[index as usize].run.because = because.into_iter().map(Words::from).collect();
            self.end_trial(index, Course::Aborted);
        }
    }

    /// What is said where more users than allowed got no answer since the begin.
    fn hurts_users(&mut self, index: u32, allowed: f64) -> Option<String> {
        let trial = &self.control.trials[index as usize];
        let (ended, lost) = self.users();
        let (ended, lost) = (ended - trial.before.0, lost - trial.before.1);
        let share = if ended > 0 { lost as f64 / ended as f64 } else { 0.0 };
        if share <= allowed {
            return None;
        }
        let of = "requests of users not answered since the begin".into();
        let text = format!("blast_radius.users: {}", crate::units::Probability::new(allowed).unwrap_or_default());
        let values = vec![JournalValue { of, value: Some(share), unit: Unit::Share }];
        let entry = self.entry(JournalKind::Observation, text.clone());
        let bounds = vec![JournalBound { value: 0, below: false, bound: allowed }];
        self.control.trials[index as usize].journal.write(JournalEntry { holds: Some(true), values, bounds, ..entry });
        Some(text)
    }

    /// Writes how near each condition to abort came to being true.
    fn close_observations(&mut self, index: u32) {
        let trial = &mut self.control.trials[index as usize];
        for place in 0..trial.watched.len() {
            if let Some((_, entry)) = trial.watched[place].nearest.take().filter(|(_, entry)| entry.holds != Some(true))
            {
                trial.journal.write(entry);
            }
        }
    }

    /// Its time is over.
    pub(super) fn conclude(&mut self, index: u32) {
        if !matches!(self.control.trials[index as usize].phase, Phase::Running(_)) {
            return;
        }
        self.close_observations(index);
        self.write(index, JournalKind::End, "its time is over".to_owned());
        self.end_trial(index, Course::Completed);
    }

    /// All its faults end, and the rollback begins.
    fn end_trial(&mut self, index: u32, course: Course) {
        self.mark();
        self.close_trial(index, course);
        for strike in std::mem::take(&mut self.control.trials[index as usize].strikes) {
            self.call_off(strike);
        }
        if self.takes_back(Owner::Experiment(index)) {
            self.write(index, JournalKind::Rollback, "values that were set are as before".to_owned());
        }
        self.next_step(index, 0);
    }

    fn close_trial(&mut self, index: u32, course: Course) {
        let to_ns = self.since_zero(self.now);
        let Phase::Running(since) = self.control.trials[index as usize].phase else { return };
        let from_ns = self.since_zero(since);
        let trial = &mut self.control.trials[index as usize];
        trial.phase = Phase::Over;
        trial.run.course = course;
        trial.run.spans.push(Span { from_ns, to_ns });
    }

    /// The end of the run: what runs is cut short, unless its time is over at this moment.
    pub(in crate::world) fn close_trials(&mut self) {
        for index in 0..self.control.trials.len() {
            let Phase::Running(since) = self.control.trials[index].phase else { continue };
            let over = self.now >= since + self.model.experiments[index].for_ns;
            let (course, text) = if over {
                (Course::Completed, "its time is over, and so is the run's")
            } else {
                (Course::CutShort, "the run ends before it")
            };
            self.close_observations(index as u32);
            self.write(index as u32, JournalKind::End, text.to_owned());
            self.close_trial(index as u32, course);
        }
    }

    /// Begins a step of the rollback.
    fn next_step(&mut self, index: u32, step: u32) {
        let Some(deed) = self.model.experiments[index as usize].rollback.get(step as usize) else { return };
        let took = self.duration(deed, 0);
        if took == 0 {
            self.roll_back(index, step);
        } else {
            self.schedule(self.now + took, Due::Rollback(index, step));
        }
    }

    /// A step of the rollback is done.
    pub(super) fn roll_back(&mut self, index: u32, step: u32) {
        let model = self.model;
        self.do_it(index, &model.experiments[index as usize].rollback[step as usize], JournalKind::Rollback);
        self.next_step(index, step + 1);
    }

    /// A deed of an experiment is done, if that still runs.
    pub(super) fn deed(&mut self, index: u32, place: u32) {
        let model = self.model;
        if matches!(self.control.trials[index as usize].phase, Phase::Running(_)) {
            let (_, deed) = &model.experiments[index as usize].deeds[place as usize];
            self.do_it(index, deed, JournalKind::Action);
        }
    }

    fn do_it(&mut self, index: u32, deed: &'m Deed, kind: JournalKind) {
        let owner = (kind == JournalKind::Action).then_some(Owner::Experiment(index));
        let whom = self.whom(deed, (&deed.name, "targets"));
        let says = self.does(deed, owner, whom);
        self.write(index, kind, says);
    }

    /// A fault of an experiment has struck.
    pub(in crate::world) fn note_strike(&mut self, strike: u32) {
        let (fault, struck) = self.struck(strike);
        let fault = &self.model.faults[fault.index()];
        let Some(index) = fault.experiment else { return };
        let text = format!("{}{}", fault.says, self.named(struck));
        self.write(index as u32, JournalKind::Action, text);
    }

    /// Instances in words: `: payment/2 and payment/5`.
    pub(in crate::world) fn named(&self, instances: &[InstanceId]) -> String {
        if instances.is_empty() {
            return String::new();
        }
        let names: Vec<String> = instances.iter().take(MOST_NAMED).map(|&i| self.label(i)).collect();
        match instances.len() - names.len() {
            0 => format!(": {}", names.join(", ")),
            more => format!(": {} and {more} more", names.join(", ")),
        }
    }
}

impl Trial {
    /// A condition to abort was looked at: written down at the first look and whenever it has become another, and kept where it came
    /// nearest to being true.
    fn saw(&mut self, place: usize, entry: JournalEntry, near: Option<f64>) {
        let watched = &mut self.watched[place];
        let is_news = !watched.seen || watched.last != entry.holds;
        (watched.seen, watched.last) = (true, entry.holds);
        if let Some(near) = near
            && watched.nearest.as_ref().is_none_or(|(before, _)| near > *before)
        {
            let text = format!("nearest to {}", entry.text).into();
            watched.nearest = Some((near, JournalEntry { text, ..entry.clone() }));
        }
        if is_news {
            self.journal.write(entry);
        }
    }
}

/// How near a comparison is to being true: the difference of its sides, larger is nearer. `None` without data, for several
/// comparisons, and for equality.
fn nearness(check: &Check, entry: &JournalEntry) -> Option<f64> {
    let Tree::Compare { .. } = check.when else { return None };
    let leaf = check.when.leaves().pop()?;
    let mut values = entry.values.iter().map(|value| value.value);
    let sides = leaf.sides(&mut |_| values.next().flatten())?;
    match leaf.op() {
        CompareOp::Greater | CompareOp::AtLeast => Some(sides.left - sides.right),
        CompareOp::Less | CompareOp::AtMost => Some(sides.right - sides.left),
        CompareOp::Equal | CompareOp::NotEqual => None,
    }
}

/// How many looks before its begin fill the longest window that is asked of then; at least one.
fn looks_before(experiment: &Experiment) -> u64 {
    let windows = experiment.metrics().into_iter().map(|metric| match metric.scope.window {
        Some(Window::Over(time)) => time.ns(),
        Some(Window::Last(_)) => crate::units::SimDuration::HOUR.ns(),
        None => 0,
    });
    windows.max().unwrap_or(0).div_ceil(experiment.every_ns).max(1)
}
