//! Events that come a few times a second at most: each names a subsystem and what is due there, which only the subsystem reads.
//!
//! The calendar's key has room for eight kinds of events. Seven are those of requests; an event of the eighth waits in a list beside the calendar,
//! and the key holds its place there. A subsystem has a type of its own for what may be due in it, and [`Event`] joins these types, so that one more
//! is a matter of its subsystem. What comes again and again keeps its place.

use super::{Event, World};
use crate::engine::table::{Id, Table, id};

/// Something that is due in a subsystem.
pub(super) trait Due: Copy + Into<Event> {
    /// What it does to the system, for the digest: about whom, and what. What only measures or looks is no fact.
    fn fact(self) -> Option<(u64, u64)> {
        None
    }

    /// Whether it comes again and again, and so keeps its place in the list.
    fn recurs(self) -> bool {
        false
    }
}

/// The place of an event in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EventId(u32);

id!(EventId);

/// All events that wait beside the calendar.
#[derive(Debug, Default)]
pub(super) struct Events {
    list: Table<EventId, Event>,
    /// Places that are free again.
    spare: Vec<EventId>,
}

impl Events {
    fn reserve(&mut self, event: Event) -> EventId {
        match self.spare.pop() {
            Some(id) => {
                self.list[id] = event;
                id
            }
            None => self.list.push(event),
        }
    }
}

impl World<'_> {
    /// Schedules something.
    pub(super) fn schedule(&mut self, at_ns: u64, due: impl Due) {
        if at_ns <= self.end {
            let id = self.reserve(due);
            self.calendar.push_rare(at_ns, super::EVENT, id.place());
        }
    }

    /// A place for something that is scheduled again and again.
    pub(super) fn reserve(&mut self, due: impl Due) -> EventId {
        self.events_beside.reserve(due.into())
    }

    /// Schedules again what has just come up, in its old place.
    pub(super) fn again(&mut self, at_ns: u64, id: EventId) {
        if at_ns <= self.end {
            self.calendar.push_rare(at_ns, super::EVENT, id.place());
        }
    }

    /// What is due by an event.
    pub(super) fn due(&self, id: EventId) -> Event {
        self.events_beside.list[id]
    }

    /// Notes what an event does, frees its place unless it will come again, and lets its subsystem act.
    pub(super) fn happens<D: Due>(&mut self, due: D, id: EventId, act: impl FnOnce(&mut Self, D, EventId)) {
        if let Some((about, fact)) = due.fact() {
            self.digest.fact(self.now, about, fact);
        }
        if !due.recurs() {
            self.events_beside.spare.push(id);
        }
        act(self, due, id);
    }
}
