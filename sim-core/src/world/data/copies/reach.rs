//! Which copies the primary reaches, and what becomes of writes and acknowledgements that do not come through.

use super::{CUT, Copies};

impl Copies {
    /// Whether nothing comes through from the primary to a copy.
    pub(in crate::world::data) fn is_cut(&self, number: usize) -> bool {
        self.copies[number].is_cut
    }

    /// From now on nothing comes through from the primary to a copy, or all does; whether that is new. What is on its way comes.
    pub(in crate::world::data) fn is_reached(&mut self, number: usize, is_cut: bool, now: u64) -> bool {
        let copy = &mut self.copies[number];
        if number == self.leader || copy.is_cut == is_cut {
            return false;
        }
        copy.is_cut = is_cut;
        if is_cut {
            copy.followed = copy.has_followed(now);
        } else if copy.is_up && self.copies[self.leader].is_up {
            self.catches_up(number, now);
        }
        true
    }

    /// Acknowledgements that did not come through set out again, where they do now: how long each takes [ns].
    pub(in crate::world::data) fn acknowledges_again(
        &mut self,
        now: u64,
        mut takes: impl FnMut(usize, u64) -> Option<u64>,
    ) {
        let first = self.first;
        for (place, write) in self.log.iter_mut().enumerate().filter(|(_, write)| write.needs > 0) {
            for (number, back) in write.backs.iter_mut().enumerate().filter(|(_, back)| **back == CUT) {
                if let Some(takes) = takes(number, first + place as u64) {
                    *back = takes.saturating_add(now.saturating_sub(write.applied[number]));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{CALLS, Copies, Session};
    use crate::data::replication::Commit;
    use crate::dist::Distribution;
    use crate::engine::table::Maybe;
    use crate::units::SimDuration;

    const MS: u64 = 1_000_000;

    #[test]
    fn what_was_on_its_way_when_the_primary_stopped_does_not_come_to_a_copy_that_is_cut_off_by_then() {
        let lag = Distribution::Constant(SimDuration::from_ns(100 * MS));
        let mut copies = Copies::new(3, 3, &lag, Commit::Primary, 1);
        let session = Session { id: 0, seen: &[] };
        copies.write((5, false, session), (1, 0), [Maybe::NONE; CALLS], &[]);
        copies.halts(10 * MS);
        copies.is_reached(1, true, 20 * MS);
        copies.resumes(30 * MS, true);
        let behind = |copies: &Copies, at: u64| [1, 2].map(|number| copies.behind(5, number, at * MS));
        assert_eq!(behind(&copies, 129), [1, 1]);
        assert_eq!(behind(&copies, 131), [1, 0]);
        copies.is_reached(1, false, 200 * MS);
        assert_eq!(behind(&copies, 299), [1, 0]);
        assert_eq!(behind(&copies, 301), [0, 0]);
    }

    #[test]
    fn writes_that_nobody_waits_for_any_more_leave_the_log_though_replicas_show_what_is_old() {
        let lag = Distribution::Constant(SimDuration::from_ns(5 * MS));
        let mut copies = Copies::new(2, 2, &lag, Commit::OneReplica, 1);
        copies.promises(&[], Some(1_000 * MS));
        let write = |copies: &mut Copies, at: u64| {
            copies.write((5, false, Session { id: 0, seen: &[] }), (1, at * MS), [Maybe::NONE; CALLS], &[])
        };
        write(&mut copies, 0);
        copies.halts(MS);
        copies.resumes(100 * MS, false);
        write(&mut copies, 5_000);
        assert_eq!(copies.log.len(), 1);
    }
}
