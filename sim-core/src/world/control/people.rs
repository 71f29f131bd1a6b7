//! People while a run goes on: each does one thing at a time.
//!
//! A runbook is all that takes time. While a person does one, whatever else he has reacted to waits, and is done afterwards in the order in which he
//! has reacted: another runbook, an incident that he acknowledges, a change that he approves.

use crate::model::Model;
use crate::world::World;
use std::collections::VecDeque;

/// What a person has reacted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// A runbook.
    Runbook(u32),
    /// An incident, and which call because of it.
    Acknowledges(u32, u32),
    /// What a scaler wants.
    Approves(u32),
}

/// What each person does now, and what waits for him.
#[derive(Debug)]
pub(super) struct People(Vec<(Option<u32>, VecDeque<Task>)>);

impl People {
    pub(super) fn new(model: &Model) -> Self {
        Self(model.people.iter().map(|_| (None, VecDeque::new())).collect())
    }

    /// The runbook that a person does now.
    pub(super) fn does(&self, person: usize) -> Option<u32> {
        self.0[person].0
    }

    /// A person begins with a runbook.
    pub(super) fn begins(&mut self, person: usize, runbook: u32) {
        self.0[person].0 = Some(runbook);
    }
}

impl World<'_> {
    /// Whether a person is busy with a runbook, so that he does this afterwards.
    pub(super) fn has_to_wait(&mut self, person: usize, task: Task) -> bool {
        let (does, waiting) = &mut self.control.people.0[person];
        if does.is_some() {
            waiting.push_back(task);
        }
        does.is_some()
    }

    /// A person has done a runbook: he goes on with what waits.
    pub(super) fn has_time(&mut self, person: usize) {
        self.control.people.0[person].0 = None;
        while self.control.people.does(person).is_none() {
            let Some(next) = self.control.people.0[person].1.pop_front() else { return };
            match next {
                Task::Runbook(runbook) => self.reacts(runbook),
                Task::Acknowledges(incident, page) => self.acknowledges(incident, page),
                Task::Approves(scaler) => self.approves(scaler),
            }
        }
    }
}
