//! What sessions see of the writes of a store with a primary: which orders they find broken, which are kept for them, and how old what replicas show
//! is.
//!
//! A session is a request with all that it causes. Each write knows its session, and which writes that had made or read before some copy lacked then:
//! a copy that is to keep their order has the write when it has those. What a session has read is where and when it did, so that what it has seen
//! follows from what that copy had then.

use super::{AWAY, Copies, HALTED, Write};
use crate::data::replication::SessionGuarantee;

/// In the place of a copy: all that was answered by then was read, at whatever copy.
const CLOSED: u32 = u32::MAX;

/// A write that comes before another one of a session.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before {
    pub(super) position: u64,
    /// The session has made it; else it has read it.
    pub(super) is_own: bool,
}

/// Where a session has read its row, and when [ns]: it has seen what that copy had then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::world) struct Seen {
    copy: u32,
    at: u64,
}

impl Seen {
    /// At a copy, at this time [ns].
    pub(in crate::world::data) fn at(copy: usize, at: u64) -> Self {
        Self { copy: copy as u32, at }
    }

    /// Whether this was by a time [ns], and at a copy that had a write then; `had` is by copy from when on it has it [ns].
    pub(in crate::world::data) fn had(&self, had: &[u64], by: u64) -> bool {
        self.at <= by && had[self.copy as usize] <= self.at
    }

    /// Whether this was at the same copy as another read.
    pub(in crate::world) fn is_where(&self, other: &Self) -> bool {
        self.copy == other.copy
    }

    fn has(&self, write: &Write) -> bool {
        if self.copy == CLOSED { write.committed <= self.at } else { write.applied[self.copy as usize] <= self.at }
    }
}

/// Who reads or writes: a request with all that it causes.
#[derive(Debug, Clone, Copy)]
pub(in crate::world::data) struct Session<'a> {
    /// Its identity; 0 where nothing is known of it.
    pub id: u64,
    /// What it has seen of the row.
    pub seen: &'a [Seen],
}

/// Which orders a read finds broken: whether it lacks what its session has written, or read, and whether it sees a write without what the session
/// of that had written, or read, before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::world::data) struct Disorder {
    pub own_writes_missed: bool,
    pub reads_went_back: bool,
    pub writes_out_of_order: bool,
    pub writes_before_reads: bool,
}

impl Copies {
    /// What sessions can rely on, and how old what replicas show is at least [ns].
    pub(in crate::world::data) fn promises(&mut self, guarantees: &[SessionGuarantee], closed_lag: Option<u64>) {
        self.guarantees = guarantees.to_vec();
        self.closed = closed_lag.map(|lag| (lag, 0));
    }

    /// Replicas show what is so old at least from now on [ns]. What was closed stays closed.
    pub(in crate::world::data) fn closed_lag_changes(&mut self, lag: u64, now: u64) {
        self.closed = self.closed_at(now).map(|closed| (lag, closed));
    }

    /// The time of which replicas show what was answered by then [ns]; `None` where they show all that they have.
    pub(super) fn closed_at(&self, now: u64) -> Option<u64> {
        self.closed.map(|(lag, before)| now.saturating_sub(lag).max(before))
    }

    fn orders(&self, before: Before) -> bool {
        let by = if before.is_own { SessionGuarantee::MonotonicWrites } else { SessionGuarantee::WritesFollowReads };
        self.guarantees.contains(&by)
    }

    /// Who acknowledges a write has those that come before it: they are committed too, though their own acknowledgements may be late or lost, and a
    /// closed time that shows the one shows the others.
    #[cold]
    pub(super) fn commits_before(&mut self, place: usize, now: u64) {
        let mut open = vec![place];
        while let Some(place) = open.pop() {
            for at in 0..self.log[place].after.len() {
                let before = self.log[place].after[at];
                let earlier = before.position.checked_sub(self.first).map(|place| place as usize);
                if let Some(earlier) = earlier.filter(|_| self.orders(before))
                    && self.log[earlier].committed > now
                {
                    self.log[earlier].committed = now;
                    open.push(earlier);
                }
            }
        }
    }

    /// When a copy may have a write at the earliest, because of what its session had written or read before [ns].
    pub(super) fn not_before(&self, after: &[Before], number: usize) -> u64 {
        let ordered = after.iter().filter(|before| self.orders(**before));
        let places = ordered.filter_map(|before| before.position.checked_sub(self.first));
        let writes = places.map(|place| &self.log[place as usize]).filter(|write| !write.is_lost);
        writes.map(|write| write.applied[number]).filter(|&at| at < HALTED).max().unwrap_or(0)
    }

    /// What a session has written or read of a row before, and some copy lacks.
    pub(super) fn before(&self, row: u64, session: Session<'_>, now: u64) -> Vec<Before> {
        if session.id == 0 {
            return Vec::new();
        }
        let mut found = Vec::new();
        for &position in self.rows.get(&row).into_iter().flatten() {
            let write = &self.log[(position - self.first) as usize];
            // A copy that is away or cut off gets all that it lacks at once: its order cannot be broken.
            if write.applied.iter().all(|&at| at <= now || at == AWAY) {
                continue;
            }
            if write.session == session.id {
                found.push(Before { position, is_own: true });
            }
            if session.seen.iter().any(|seen| seen.has(write)) {
                found.push(Before { position, is_own: false });
            }
        }
        found
    }

    /// What a session sees that reads a row at a copy now; `None` where no write of the row is on its way, so that there is nothing to remember.
    pub(in crate::world::data) fn sees(&self, row: u64, number: usize, now: u64) -> Option<Seen> {
        self.rows.get(&row)?;
        let closed = self.closed_at(now).filter(|_| number != self.leader);
        Some(closed.map_or(Seen { copy: number as u32, at: now }, |at| Seen { copy: CLOSED, at }))
    }

    /// Which orders of writes a read at a copy finds broken.
    pub(in crate::world::data) fn disorder(&self, row: u64, number: usize, session: Session<'_>, now: u64) -> Disorder {
        let mut found = Disorder::default();
        if session.id == 0 || self.lacking(row, number, now).next().is_none() {
            return found;
        }
        let closed = self.closed_at(now).filter(|_| number != self.leader);
        let lacks = |write: &Write| !write.is_lost && Self::lacks(write, number, closed, now);
        for &position in self.rows.get(&row).into_iter().flatten() {
            let write = &self.log[(position - self.first) as usize];
            if lacks(write) {
                found.own_writes_missed |= write.session == session.id;
                found.reads_went_back |= session.seen.iter().any(|seen| seen.has(write));
                continue;
            }
            for before in &write.after {
                let place = before.position.checked_sub(self.first);
                if place.is_some_and(|place| lacks(&self.log[place as usize])) {
                    found.writes_out_of_order |= before.is_own;
                    found.writes_before_reads |= !before.is_own;
                }
            }
        }
        found
    }

    /// Whether a copy has what the guarantees of its store promise to a session, and all that replicas show by now.
    pub(in crate::world::data) fn suffices(&self, row: u64, number: usize, session: Session<'_>, now: u64) -> bool {
        if number == self.leader {
            return true;
        }
        if let Some(closed) = self.closed_at(now) {
            let copy = &self.copies[number];
            let is_catching_up = copy.follows_from > now && copy.lacks.contains_key(&row);
            let positions = self.rows.get(&row).into_iter().flatten();
            let mut writes = positions.map(|position| &self.log[(position - self.first) as usize]);
            if is_catching_up || writes.any(|write| write.committed <= closed && write.applied[number] > now) {
                return false;
            }
        }
        let (own, read) = (
            self.guarantees.contains(&SessionGuarantee::ReadYourWrites),
            self.guarantees.contains(&SessionGuarantee::MonotonicReads),
        );
        session.id == 0
            || !(own || read)
            || !self.lacking(row, number, now).any(|write| {
                own && write.session == session.id || read && session.seen.iter().any(|seen| seen.has(write))
            })
    }

    /// Whether a read at a copy, which shows what was answered by `closed` where that is said, lacks a write.
    pub(super) fn lacks(write: &Write, number: usize, closed: Option<u64>, now: u64) -> bool {
        write.applied[number] > now || closed.is_some_and(|closed| write.committed > closed)
    }
}
