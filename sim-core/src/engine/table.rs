//! A list that only grows, for what the hot path indexes several times an event.

use std::ops::{Deref, DerefMut, Index, IndexMut, Range};

/// Things that were laid down once and are found by their place ever after.
///
/// An index into a table is made in one of two ways: by the compiler of a model, from a list of the model that the table mirrors, or by
/// [`Table::push`]. Nothing is ever taken out, so an index that was good once stays good, and its bounds are not checked
/// again where the program is optimised; where debug assertions are on, as in all tests, they are. On the hot path of a
/// request that takes about a tenth off the whole run.
#[derive(Debug, Clone)]
pub struct Table<T>(Vec<T>);

impl<T> Table<T> {
    /// An empty table that does not move before it holds `capacity` things.
    pub fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    /// Lays down one more: its place is the number of those that were there.
    pub fn push(&mut self, thing: T) {
        self.0.push(thing);
    }
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> From<Vec<T>> for Table<T> {
    fn from(things: Vec<T>) -> Self {
        Self(things)
    }
}

impl<T> Deref for Table<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> DerefMut for Table<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

impl<T> Index<usize> for Table<T> {
    type Output = T;
    #[inline(always)]
    fn index(&self, at: usize) -> &T {
        debug_assert!(at < self.0.len(), "place {at} of {}", self.0.len());
        // SAFETY: an index is the place of something that was laid down (see the type), and nothing is taken out.
        unsafe { self.0.get_unchecked(at) }
    }
}

impl<T> IndexMut<usize> for Table<T> {
    #[inline(always)]
    fn index_mut(&mut self, at: usize) -> &mut T {
        debug_assert!(at < self.0.len(), "place {at} of {}", self.0.len());
        // SAFETY: as in `index`.
        unsafe { self.0.get_unchecked_mut(at) }
    }
}

impl<T> Index<Range<usize>> for Table<T> {
    type Output = [T];
    fn index(&self, places: Range<usize>) -> &[T] {
        &self.0[places]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_laid_down_stays_in_its_place() {
        let mut table = Table::from(vec![7, 8]);
        table.push(9);
        table[1] += 1;
        assert_eq!((table[0], table[1], table[2], &table[1..3], table.len()), (7, 9, 9, &[9, 9][..], 3));
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "place 2 of 2")]
    fn tests_check_bounds() {
        let table = Table::from(vec![7, 8]);
        let _ = table[2];
    }
}
