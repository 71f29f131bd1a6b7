//! Which copies the primary reaches, and what becomes of writes and acknowledgements that do not come through.

use super::{AWAY, CUT, Copies, NEVER};

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
            copy.followed = copy.is_up && copy.follows_from <= now;
            if copy.follows_from <= now {
                copy.lacks.clear();
            }
            copy.follows_from = AWAY;
        } else if copy.is_up && self.copies[self.leader].is_up {
            self.catches_up(number, now);
        }
        self.forgets_tail();
        true
    }

    pub(super) fn forgets_tail(&mut self) {
        if self.copies.iter().all(|copy| !copy.is_cut) {
            self.tail = Vec::new();
        }
    }

    /// Acknowledgements that did not come through set out again, where they do now: how long each takes [ns].
    pub(in crate::world::data) fn acknowledges_again(
        &mut self,
        now: u64,
        mut takes: impl FnMut(usize, u64) -> Option<u64>,
    ) {
        let first = self.first;
        for (place, write) in self.log.iter_mut().enumerate().filter(|(_, write)| write.committed == NEVER) {
            for (number, back) in write.backs.iter_mut().enumerate().filter(|(_, back)| **back == CUT) {
                if let Some(takes) = takes(number, first + place as u64) {
                    *back = takes.saturating_add(now.saturating_sub(write.applied[number]));
                }
            }
        }
    }
}
