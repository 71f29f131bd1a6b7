//! Runbooks while they run: begun by an alert, done step by step by a person or by automation, with a journal.
//!
//! A runbook is idle, waits for its person, or does one of its actions. A person is busy with at most one runbook (`people.rs`).

use super::Due;
use super::people::Task;
use super::works::Then;
use crate::deed::{DeedEffect, Whom};
use crate::engine::rng::Stream;
use crate::ids::InstanceId;
use crate::model::Model;
use crate::results::{JournalEntry, JournalKind, JournalWriter, Response, RunbookRun};
use crate::world::World;

/// One runbook in a run.
#[derive(Debug, Default)]
struct Follow {
    /// Whether it is under way, be it that its person has not reacted yet.
    is_under_way: bool,
    /// What its alert accused as it began.
    found: Vec<InstanceId>,
    /// By action that is done: to whom.
    done_to: Vec<Vec<InstanceId>>,
    /// When the time of the present action was over first [ns], where it was not done then.
    looked_at: Option<u64>,
    /// Whether its person has just done the wrong thing, and does the right one now.
    has_erred: bool,
    responses: Vec<Response>,
    journal: JournalWriter,
}

/// All runbooks.
#[derive(Debug, Default)]
pub(super) struct Runbooks {
    all: Vec<Follow>,
}

impl Runbooks {
    pub(super) fn new(model: &Model) -> Self {
        Self { all: model.runbooks.iter().map(|_| Follow::default()).collect() }
    }

    /// What became of them.
    pub(super) fn finish(self) -> Vec<RunbookRun> {
        let ended = |follow: Follow| RunbookRun { responses: follow.responses, journal: follow.journal.finish() };
        self.all.into_iter().map(ended).collect()
    }

    fn write(&mut self, runbook: u32, entry: JournalEntry) {
        self.all[runbook as usize].journal.write(entry);
    }
}

impl World<'_> {
    /// An alert begins to fire: those of its runbooks that are not under way begin.
    pub(super) fn begin_runbooks(&mut self, alert: usize) {
        for (place, runbook) in self.model.runbooks.iter().enumerate() {
            if runbook.alert() == Some(alert) && !self.control.runbooks.all[place].is_under_way {
                self.begin_runbook(place as u32);
            }
        }
    }

    fn begin_runbook(&mut self, place: u32) {
        let runbook = &self.model.runbooks[place as usize];
        let Some(alert) = runbook.alert() else { return };
        // Nobody is told of what is silent; automation is.
        if runbook.by.is_some() && self.why_silent(alert).is_some() {
            return;
        }
        let found = self.control.accused.by(alert).to_vec();
        let text = format!("{} fires{}", self.model.alerts[alert].name, self.named(&found));
        self.opens_runbook(place, text);
        let follow = &mut self.control.runbooks.all[place as usize];
        follow.found = found;
        let before = follow.responses.len() - 1;
        let person = runbook.by.map(|by| &self.model.people[by]);
        let took = person.map_or(0, |person| {
            let occasion = format!("reacts {before}");
            let mut stream = Stream::new(self.seed, self.replication, &runbook.name, &occasion);
            person.reaction_ns(self.since_zero(self.now), self.model.run.start.ns(), &mut stream)
        });
        if took == 0 {
            self.reacts(place);
        } else {
            self.schedule(self.now.saturating_add(took), Due::Reacts(place));
        }
    }

    /// A runbook begins, if it is not under way; whether it does.
    pub(super) fn opens_runbook(&mut self, place: u32, text: String) -> bool {
        let begun_ns = self.since_zero(self.now);
        let entry = self.entry(JournalKind::Alert, text);
        let follow = &mut self.control.runbooks.all[place as usize];
        if follow.is_under_way {
            return false;
        }
        follow.is_under_way = true;
        follow.found.clear();
        follow.done_to.clear();
        follow.has_erred = false;
        follow.responses.push(Response { begun_ns, acted_ns: None, ended_ns: None });
        self.control.runbooks.write(place, entry);
        true
    }

    /// Who does a runbook has reacted: it goes on, or waits until he has time for it.
    pub(super) fn reacts(&mut self, place: u32) {
        if let Some(by) = self.model.runbooks[place as usize].by {
            if self.has_to_wait(by, Task::Runbook(place)) {
                return;
            }
            self.control.people.begins(by, place);
        }
        self.starts_acting(place);
    }

    fn starts_acting(&mut self, place: u32) {
        let now_ns = self.since_zero(self.now);
        let runbook = &self.model.runbooks[place as usize];
        if let Some(by) = runbook.by {
            let entry = self.entry(JournalKind::Reaction, format!("{} reacts", self.model.people[by].name));
            self.control.runbooks.write(place, entry);
        }
        if let Some(last) = self.control.runbooks.all[place as usize].responses.last_mut() {
            last.acted_ns = Some(now_ns);
        }
        self.next_action(place, 0);
    }

    /// Begins an action, or ends the runbook behind the last one.
    fn next_action(&mut self, place: u32, action: u32) {
        let follow = &self.control.runbooks.all[place as usize];
        let before = follow.responses.len() as u32 - 1;
        let Some(deed) = self.model.runbooks[place as usize].actions.get(action as usize) else {
            self.runbook_ends(place, "all is done".to_owned());
            return;
        };
        let pace = self.model.runbooks[place as usize].by.map_or(1.0, |by| self.model.people[by].pace);
        let took = self.duration(deed, before);
        let took = if pace == 1.0 { took } else { (took as f64 * pace).round() as u64 };
        let took = took.saturating_add(self.work_ns(deed, self.now.saturating_add(took)));
        if took == 0 {
            self.acts(place, action);
        } else {
            self.schedule(self.now.saturating_add(took), Due::Acts(place, action));
        }
    }

    /// An action is done.
    pub(super) fn acts(&mut self, place: u32, action: u32) {
        let model = self.model;
        let runbook = &model.runbooks[place as usize];
        let deed = &runbook.actions[action as usize];
        // What is looked at again was begun rightly.
        let is_first = self.control.runbooks.all[place as usize].looked_at.is_none();
        if is_first && self.errs(place, action) {
            self.next_action(place, action);
            return;
        }
        self.control.runbooks.all[place as usize].has_erred = false;
        let whom = self.done_to(place, action as usize);
        let since = *self.control.runbooks.all[place as usize].looked_at.get_or_insert(self.now);
        match self.then(runbook.pipeline(&model.alerts), deed, &whom, since) {
            Then::IsDone => self.control.runbooks.all[place as usize].looked_at = None,
            Then::Again(after_ns, says) => {
                if let Some(says) = says {
                    let entry = self.entry(JournalKind::Action, says);
                    self.control.runbooks.write(place, entry);
                }
                self.schedule(self.now.saturating_add(after_ns), Due::Acts(place, action));
                return;
            }
            Then::Fails(says) => {
                self.control.runbooks.all[place as usize].looked_at = None;
                self.runbook_ends(place, says);
                return;
            }
        }
        self.control.runbooks.all[place as usize].done_to.push(whom.clone());
        let who = runbook.by.map_or("automation", |by| model.people[by].name.as_str());
        let says = match &deed.effect {
            DeedEffect::Throw(throw) => self.throws(throw, Some(place), who),
            _ => self.does(deed, None, whom),
        };
        let entry = self.entry(JournalKind::Action, says);
        self.control.runbooks.write(place, entry);
        self.next_action(place, action + 1);
    }

    /// Whether who does an action does the wrong one, of which this is the effect; he then begins with the right one.
    fn errs(&mut self, place: u32, action: u32) -> bool {
        let model = self.model;
        let runbook = &model.runbooks[place as usize];
        let Some((probability, instead)) = runbook.by.and_then(|by| model.people[by].errs.as_ref()) else {
            return false;
        };
        let follow = &mut self.control.runbooks.all[place as usize];
        if std::mem::replace(&mut follow.has_erred, true) {
            return false;
        }
        let occasion = format!("errs {} {action}", follow.responses.len());
        if Stream::new(self.seed, self.replication, &runbook.name, &occasion).unit() >= *probability {
            return false;
        }
        let says = match instead {
            None => "nothing that helps".to_owned(),
            Some(deed) => {
                let whom = self.whom(deed, (&runbook.name, &occasion));
                match &deed.effect {
                    DeedEffect::Throw(throw) => self.throws(throw, Some(place), "by mistake"),
                    _ => self.does(deed, None, whom),
                }
            }
        };
        let entry = self.entry(JournalKind::Action, format!("wrong action: {says}"));
        self.control.runbooks.write(place, entry);
        true
    }

    /// A switch that a runbook has thrown acts no more.
    pub(super) fn switch_is_back(&mut self, place: u32, text: String) {
        let entry = self.entry(JournalKind::Action, text);
        self.control.runbooks.write(place, entry);
    }

    /// To whom an action is done. Two actions that say the same mean the same instances, also where these are drawn.
    fn done_to(&self, place: u32, action: usize) -> Vec<InstanceId> {
        let runbook = &self.model.runbooks[place as usize];
        let follow = &self.control.runbooks.all[place as usize];
        let deed = &runbook.actions[action];
        match deed.effect.whom() {
            Some(Whom::FoundBy { alert, .. }) if Some(*alert) == runbook.alert() => follow.found.clone(),
            Some(whom) => {
                let same = runbook.actions[..action].iter().position(|before| before.effect.whom() == Some(whom));
                let occasion = format!("targets {}", follow.responses.len());
                same.map_or_else(|| self.whom(deed, (&runbook.name, &occasion)), |same| follow.done_to[same].clone())
            }
            None => Vec::new(),
        }
    }

    fn runbook_ends(&mut self, place: u32, says: String) {
        let now_ns = self.since_zero(self.now);
        let entry = self.entry(JournalKind::End, says);
        self.control.runbooks.write(place, entry);
        let follow = &mut self.control.runbooks.all[place as usize];
        follow.is_under_way = false;
        if let Some(last) = follow.responses.last_mut() {
            last.ended_ns = Some(now_ns);
        }
        if let Some(by) = self.model.runbooks[place as usize].by {
            self.has_time(by);
        }
    }
}
