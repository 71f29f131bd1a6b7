//! What sessions see of the writes of a store whose copies merge: which orders they find broken, and which copies have what they may rely on.
//!
//! Copies that merge tell each other all that they know. So who has a write has all that its copy had when it took it, and the orders of writes are
//! kept where each write goes to a copy that has those before it; nothing has to be held back.
//!
//! # Source
//! Terry, Demers, Petersen, Spreitzer, Theimer and Welch, "Session Guarantees for Weakly Consistent Replicated Data", PDIS 1994: which of the four
//! guarantees is checked at reads and which at writes.

use super::{Merging, Write};
use crate::data::replication::SessionGuarantee;
use crate::topology::Access;
use crate::world::data::copies::{Disorder, Seen, Session};

/// A write that comes before another one of a session.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before {
    /// The copy that took it.
    pub(super) copy: usize,
    /// Its number in the log of that copy.
    pub(super) number: u64,
    /// The session has made it; else it has read it.
    is_own: bool,
}

impl Write {
    /// Whether a session had made it by then [ns].
    fn is_of(&self, session: Session<'_>, by: u64) -> bool {
        self.session == session.id && self.at <= by
    }

    /// Whether a session had read it by then [ns].
    fn was_read_in(&self, session: Session<'_>, by: u64) -> bool {
        session.seen.iter().any(|seen| seen.had(&self.had, by))
    }
}

impl Merging {
    /// What sessions can rely on.
    pub(in crate::world::data) fn promises(&mut self, guarantees: &[SessionGuarantee]) {
        self.guarantees = guarantees.to_vec();
    }

    fn has(&self, copy: usize, of: usize, number: u64) -> bool {
        self.known[copy][of] >= number
    }

    fn of_row(&self, row: u64) -> impl Iterator<Item = &Write> {
        self.rows.get(&row).into_iter().flatten()
    }

    /// What a session that sends a write then [ns] has written or read of the row before, and some copy lacks.
    pub(super) fn before(&self, row: u64, session: Session<'_>, since: u64) -> Vec<Before> {
        let mut found = Vec::new();
        if session.id == 0 {
            return found;
        }
        for write in self.of_row(row) {
            for (is_before, is_own) in [(write.is_of(session, since), true), (write.was_read_in(session, since), false)]
            {
                if is_before {
                    found.push(Before { copy: write.copy, number: write.number, is_own });
                }
            }
        }
        found
    }

    /// What a session sees that reads a row at a copy now; `None` where all copies have all writes of it, so that there is nothing to remember.
    pub(in crate::world::data) fn sees(&self, row: u64, copy: usize, now: u64) -> Option<Seen> {
        self.rows.get(&row)?;
        Some(Seen::at(copy, now))
    }

    /// Which orders of writes a read at a copy finds broken that was sent then [ns]. What its session did later, beside it, it need not know.
    pub(in crate::world::data) fn disorder(&self, row: u64, copy: usize, session: Session<'_>, since: u64) -> Disorder {
        let mut found = Disorder::default();
        if session.id == 0 {
            return found;
        }
        for write in self.of_row(row) {
            if !self.has(copy, write.copy, write.number) {
                found.own_writes_missed |= write.is_of(session, since);
                found.reads_went_back |= write.was_read_in(session, since);
                continue;
            }
            for before in write.after.iter().filter(|before| !self.has(copy, before.copy, before.number)) {
                found.writes_out_of_order |= before.is_own;
                found.writes_before_reads |= !before.is_own;
            }
        }
        found
    }

    /// Whether a copy has what a session may rely on that reads or writes a row there.
    pub(in crate::world::data) fn suffices(&self, row: u64, copy: usize, session: Session<'_>, access: Access) -> bool {
        use SessionGuarantee::{MonotonicReads, MonotonicWrites, ReadYourWrites, WritesFollowReads};
        let (reads, writes) = (access != Access::Write, access != Access::Read);
        let asks = |at_reads: SessionGuarantee, at_writes: SessionGuarantee| {
            reads && self.guarantees.contains(&at_reads) || writes && self.guarantees.contains(&at_writes)
        };
        let (own, read) = (asks(ReadYourWrites, MonotonicWrites), asks(MonotonicReads, WritesFollowReads));
        let is_needed =
            |write: &Write| own && write.is_of(session, u64::MAX) || read && write.was_read_in(session, u64::MAX);
        session.id == 0 || !(own || read) || !self.lacking(row, copy).any(is_needed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SessionGuarantee::{MonotonicReads, MonotonicWrites, ReadYourWrites, WritesFollowReads};

    #[test]
    fn reads_and_writes_go_to_copies_that_have_what_is_needed() {
        let mut store = Merging::new(3, 3);
        let (mine, others) = (Session { id: 1, seen: &[] }, Session { id: 2, seen: &[] });
        store.writes(7, 0, mine, (10, 10));
        store.writes(7, 1, others, (10, 10));
        let seen = [Seen::at(1, 20)];
        let reader = Session { id: 1, seen: &seen };
        for (guarantee, access, good) in [
            (ReadYourWrites, Access::Read, [true, false, false]),
            (ReadYourWrites, Access::Write, [true; 3]),
            (MonotonicWrites, Access::Read, [true; 3]),
            (MonotonicWrites, Access::Write, [true, false, false]),
            (MonotonicReads, Access::Read, [false, true, false]),
            (MonotonicReads, Access::Write, [true; 3]),
            (WritesFollowReads, Access::Read, [true; 3]),
            (WritesFollowReads, Access::Write, [false, true, false]),
            (WritesFollowReads, Access::Update, [false, true, false]),
            (ReadYourWrites, Access::Update, [true, false, false]),
        ] {
            store.promises(&[guarantee]);
            let found = [0, 1, 2].map(|copy| store.suffices(7, copy, reader, access));
            assert_eq!(found, good, "{guarantee:?} {access:?}");
        }
        store.merges(&[(0, 2), (1, 2)], 30);
        store.promises(&[MonotonicWrites]);
        let found = [0, 1, 2].map(|copy| store.suffices(7, copy, reader, Access::Write));
        assert_eq!(found, [true, false, true]);
    }

    #[test]
    fn an_order_is_broken_where_a_write_is_seen_without_what_comes_before_it() {
        let mut store = Merging::new(3, 3);
        let seen = [Seen::at(1, 20)];
        let (mine, others) = (Session { id: 1, seen: &seen }, Session { id: 2, seen: &[] });
        store.writes(7, 0, Session { id: 1, seen: &[] }, (10, 10));
        store.writes(7, 1, others, (10, 10));
        // The session has written at the first copy, has read at the second, and writes at the third, which knows nothing of either.
        store.writes(7, 2, mine, (30, 30));
        let reader = Session { id: 3, seen: &[] };
        let found = store.disorder(7, 2, reader, 40);
        assert_eq!((found.writes_out_of_order, found.writes_before_reads), (true, true));
        assert_eq!(store.disorder(7, 0, reader, 40), Disorder::default());
        // What was sent before the session wrote need not know of it.
        assert!(!store.disorder(7, 1, mine, 5).own_writes_missed && store.disorder(7, 1, mine, 40).own_writes_missed);
        assert!(store.disorder(7, 0, mine, 40).reads_went_back);
        // All have the last write, and one lacks what comes before it: that is still known.
        store.merges(&[(2, 0), (2, 1)], 50);
        let found = store.disorder(7, 1, reader, 60);
        assert_eq!((found.writes_out_of_order, found.writes_before_reads), (true, false));
        store.merges(&[(0, 1), (1, 0)], 70);
        store.merges(&[(0, 2), (1, 2)], 80);
        assert!(store.rows.is_empty());
    }
}
