//! Runbooks while they run: begun by an alert, done step by step by a person or by automation, with a journal.
//!
//! A runbook is idle, waits for its person, or does one of its actions. A person is busy with at most one runbook; others wait in the order in which
//! he has reacted to them.

use super::Due;
use super::works::Then;
use crate::deed::Whom;
use crate::engine::math::whole_ns;
use crate::engine::rng::Stream;
use crate::ids::InstanceId;
use crate::model::Model;
use crate::results::{JournalEntry, JournalKind, JournalWriter, Response, RunbookRun};
use crate::world::World;
use std::collections::VecDeque;

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
    responses: Vec<Response>,
    journal: JournalWriter,
}

/// All runbooks, and those who do them.
#[derive(Debug, Default)]
pub(super) struct Runbooks {
    all: Vec<Follow>,
    /// By person: what he does now, and what waits for him.
    people: Vec<(Option<u32>, VecDeque<u32>)>,
}

impl Runbooks {
    pub(super) fn new(model: &Model) -> Self {
        Self {
            all: model.runbooks.iter().map(|_| Follow::default()).collect(),
            people: model.people.iter().map(|_| (None, VecDeque::new())).collect(),
        }
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
            if runbook.alert == alert && !self.control.runbooks.all[place].is_under_way {
                self.begin_runbook(place as u32);
            }
        }
    }

    fn begin_runbook(&mut self, place: u32) {
        let runbook = &self.model.runbooks[place as usize];
        let alert = &self.model.alerts[runbook.alert];
        let found = self.control.accused.by(runbook.alert).to_vec();
        let begun_ns = self.since_zero(self.now);
        let entry = self.entry(JournalKind::Alert, format!("{} fires{}", alert.name, self.named(&found)));
        let follow = &mut self.control.runbooks.all[place as usize];
        follow.is_under_way = true;
        follow.found = found;
        follow.done_to.clear();
        follow.responses.push(Response { begun_ns, acted_ns: None, ended_ns: None });
        let before = follow.responses.len() - 1;
        self.control.runbooks.write(place, entry);
        let person = runbook.by.map(|by| &self.model.people[by]);
        let took = person.and_then(|person| person.reacts_after.as_ref()).map_or(0, |reacts_after| {
            let occasion = format!("reacts {before}");
            let mut stream = Stream::new(self.seed, self.replication, &runbook.name, &occasion);
            whole_ns(reacts_after.build().sample(&mut stream))
        });
        if took == 0 {
            self.reacts(place);
        } else {
            self.schedule(self.now.saturating_add(took), Due::Reacts(place));
        }
    }

    /// Who does a runbook has reacted: it goes on, or waits until he has time for it.
    pub(super) fn reacts(&mut self, place: u32) {
        if let Some(by) = self.model.runbooks[place as usize].by {
            let (does, waiting) = &mut self.control.runbooks.people[by];
            if does.is_some() {
                waiting.push_back(place);
                return;
            }
            *does = Some(place);
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
        let took = self.duration(deed, before);
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
        let whom = self.done_to(place, action as usize);
        let since = *self.control.runbooks.all[place as usize].looked_at.get_or_insert(self.now);
        match self.then(model.alerts[runbook.alert].pipeline, deed, &whom, since) {
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
        let says = self.does(deed, None, whom);
        let entry = self.entry(JournalKind::Action, says);
        self.control.runbooks.write(place, entry);
        self.next_action(place, action + 1);
    }

    /// To whom an action is done. Two actions that say the same mean the same instances, also where these are drawn.
    fn done_to(&self, place: u32, action: usize) -> Vec<InstanceId> {
        let runbook = &self.model.runbooks[place as usize];
        let follow = &self.control.runbooks.all[place as usize];
        let deed = &runbook.actions[action];
        match deed.effect.whom() {
            Some(Whom::FoundBy { alert, .. }) if *alert == runbook.alert => follow.found.clone(),
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
        let Some(by) = self.model.runbooks[place as usize].by else { return };
        let (does, waiting) = &mut self.control.runbooks.people[by];
        *does = waiting.pop_front();
        if let Some(next) = *does {
            self.starts_acting(next);
        }
    }
}
