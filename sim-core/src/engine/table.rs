//! A list that only grows, for what the hot path indexes several times an event, and the ids by which it is indexed.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut, Index, IndexMut, Range};

/// A type whose values are places in one table and in no other.
pub trait Id: Copy + Eq {
    /// The id of a place.
    fn at(place: u32) -> Self;
    /// Where it stands in its table, from 0.
    fn place(self) -> u32;
}

/// Makes an [`Id`] of a type that is a place and nothing else.
macro_rules! id {
    ($name:ident) => {
        impl $crate::engine::table::Id for $name {
            #[inline(always)]
            fn at(place: u32) -> Self {
                Self(place)
            }

            #[inline(always)]
            fn place(self) -> u32 {
                self.0
            }
        }
    };
}
pub(crate) use id;

/// An id or none, in four bytes. It indexes no table: an id has to be taken out of it first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Maybe<K>(u32, PhantomData<K>);

impl<K: Id> Maybe<K> {
    /// An id or none, as a link that also says other things holds it: its place, or `u32::MAX`.
    #[inline(always)]
    pub fn raw(place: u32) -> Self {
        Self(place, PhantomData)
    }

    /// No id.
    pub const NONE: Self = Self(u32::MAX, PhantomData);

    /// The id, if there is one.
    #[inline(always)]
    pub fn get(self) -> Option<K> {
        (self.0 != u32::MAX).then(|| K::at(self.0))
    }

    /// The place, or `u32::MAX` where there is none.
    #[inline(always)]
    pub fn to_raw(self) -> u32 {
        self.0
    }

    /// Whether there is none.
    #[inline(always)]
    pub fn is_none(self) -> bool {
        self.0 == u32::MAX
    }

    /// The id where the caller knows that there is one: a request that is in an instance has an instance. As with the bounds of a [`Table`], that is
    /// checked where debug assertions are on, as in all tests; checking it always took 2 % of W3.
    ///
    /// # Panics
    /// If there is none, where debug assertions are on.
    #[inline(always)]
    pub fn known(self) -> K {
        debug_assert!(!self.is_none(), "an id is taken where there is none");
        K::at(self.0)
    }
}

impl<K: Id> From<K> for Maybe<K> {
    #[inline(always)]
    fn from(id: K) -> Self {
        Self(id.place(), PhantomData)
    }
}

impl<K: Id + fmt::Debug> fmt::Debug for Maybe<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

/// Things that were laid down once and are found by their id ever after.
///
/// An id of a table is made in one of two ways: by the compiler of a model, from a list of the model that the table mirrors, or by
/// [`Table::push`]. Nothing is ever taken out, so an id that was good once stays good, and its bounds are not checked
/// again where the program is optimised; where debug assertions are on, as in all tests, they are. On the hot path of a
/// request that takes about a tenth off the whole run. The id of another table is another type, and does not compile.
#[derive(Debug, Clone)]
pub struct Table<K, T>(Vec<T>, PhantomData<K>);

impl<K: Id, T> Table<K, T> {
    /// An empty table that does not move before it holds `capacity` things.
    pub fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity), PhantomData)
    }

    /// Lays down one more, and tells its id.
    pub fn push(&mut self, thing: T) -> K {
        let id = K::at(self.0.len() as u32);
        self.0.push(thing);
        id
    }

    /// The ids of all that is there.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = K> + ExactSizeIterator + use<K, T> {
        (0..self.0.len() as u32).map(K::at)
    }
}

impl<K, T> Default for Table<K, T> {
    fn default() -> Self {
        Self(Vec::new(), PhantomData)
    }
}

impl<K, T> From<Vec<T>> for Table<K, T> {
    fn from(things: Vec<T>) -> Self {
        Self(things, PhantomData)
    }
}

impl<K, T> Deref for Table<K, T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<K, T> DerefMut for Table<K, T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

impl<K: Id, T> Index<K> for Table<K, T> {
    type Output = T;
    #[inline(always)]
    fn index(&self, id: K) -> &T {
        let at = id.place() as usize;
        debug_assert!(at < self.0.len(), "place {at} of {}", self.0.len());
        // SAFETY: an id is the place of something that was laid down (see the type), and nothing is taken out.
        unsafe { self.0.get_unchecked(at) }
    }
}

impl<K: Id, T> IndexMut<K> for Table<K, T> {
    #[inline(always)]
    fn index_mut(&mut self, id: K) -> &mut T {
        let at = id.place() as usize;
        debug_assert!(at < self.0.len(), "place {at} of {}", self.0.len());
        // SAFETY: as in `index`.
        unsafe { self.0.get_unchecked_mut(at) }
    }
}

impl<K, T> Index<Range<usize>> for Table<K, T> {
    type Output = [T];
    fn index(&self, places: Range<usize>) -> &[T] {
        &self.0[places]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    struct Number(u32);

    id!(Number);

    #[test]
    fn what_was_laid_down_stays_in_its_place() {
        let mut table: Table<Number, i32> = Table::from(vec![7, 8]);
        let third = table.push(9);
        table[Number(1)] += 1;
        assert_eq!((table[Number(0)], table[Number(1)], table[third], &table[1..3]), (7, 9, 9, &[9, 9][..]));
        assert_eq!(table.ids().collect::<Vec<_>>(), [Number(0), Number(1), third]);
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "place 2 of 2")]
    fn tests_check_bounds() {
        let table: Table<Number, i32> = Table::from(vec![7, 8]);
        let _ = table[Number(2)];
    }

    #[test]
    fn an_id_may_be_missing() {
        let none = Maybe::<Number>::NONE;
        assert_eq!((none.get(), none.is_none(), size_of::<Maybe<Number>>()), (None, true, 4));
        let some = Maybe::from(Number(3));
        assert_eq!((some.get(), some.is_none(), some.known()), (Some(Number(3)), false, Number(3)));
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "an id is taken where there is none")]
    fn a_missing_id_is_no_index() {
        let _ = Maybe::<Number>::NONE.known();
    }
}
