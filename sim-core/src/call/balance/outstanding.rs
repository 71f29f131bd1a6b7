//! What one caller awaits of each instance of a callee.
//!
//! A list by place where callers times places are few, else only the places of which anything is awaited: a thousand callers of a
//! thousand instances would be four megabytes for each call, and nearly all of them zeros. A list of few places has no memory of its own, so that
//! the caller finds it in the line of the cache that it has at hand.

use std::collections::BTreeMap;

/// Up to so many counters of all callers of a call together they are lists: 1 MiB.
const DENSE_MOST: usize = 1 << 18;

/// Up to so many places are counted in place.
const FEW: usize = 14;

/// Outstanding requests by place.
#[derive(Debug, Clone)]
pub enum Outstanding {
    /// One counter for each of a few places, none of which is as large as it can be.
    Few([u16; FEW]),
    /// One counter a place.
    Dense(Box<[u32]>),
    /// Only counters above 0.
    Sparse(BTreeMap<u32, u32>),
}

impl Outstanding {
    /// None outstanding, at a callee with so many places, of one of so many callers.
    pub fn new(places: usize, callers: usize) -> Self {
        if places <= FEW {
            Self::Few([0; FEW])
        } else if places.saturating_mul(callers) <= DENSE_MOST || callers == 1 {
            Self::Dense(vec![0; places].into())
        } else {
            Self::Sparse(BTreeMap::new())
        }
    }

    /// How many are outstanding at a place.
    #[inline]
    pub fn at(&self, place: u32) -> u32 {
        match self {
            Self::Few(counts) => u32::from(counts[place as usize]),
            Self::Dense(counts) => counts[place as usize],
            Self::Sparse(counts) => counts.get(&place).copied().unwrap_or(0),
        }
    }

    /// One more.
    #[inline]
    pub fn sent(&mut self, place: u32) {
        match self {
            Self::Few(counts) => {
                let count = &mut counts[place as usize];
                *count += 1;
                if *count == u16::MAX {
                    *self = Self::Dense(counts.map(u32::from).into());
                }
            }
            Self::Dense(counts) => counts[place as usize] += 1,
            Self::Sparse(counts) => *counts.entry(place).or_insert(0) += 1,
        }
    }

    /// One less.
    #[inline]
    pub fn ended(&mut self, place: u32) {
        debug_assert!(self.at(place) > 0, "nothing is outstanding at place {place}");
        match self {
            Self::Few(counts) => counts[place as usize] -= 1,
            Self::Dense(counts) => counts[place as usize] -= 1,
            Self::Sparse(counts) => {
                if let Some(count) = counts.get_mut(&place) {
                    *count -= 1;
                    if *count == 0 {
                        counts.remove(&place);
                    }
                }
            }
        }
    }

    /// How many are outstanding in all.
    #[cfg(test)]
    pub fn total(&self) -> u32 {
        match self {
            Self::Few(counts) => counts.iter().map(|&count| u32::from(count)).sum(),
            Self::Dense(counts) => counts.iter().sum(),
            Self::Sparse(counts) => counts.values().sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_places_count_beyond_what_fits_in_place() {
        let mut few = Outstanding::new(FEW, 1);
        assert!(matches!(few, Outstanding::Few(_)));
        few.sent(3);
        (0..100_000).for_each(|_| few.sent(FEW as u32 - 1));
        (0..30_000).for_each(|_| few.ended(FEW as u32 - 1));
        assert_eq!((few.at(3), few.at(FEW as u32 - 1), few.total()), (1, 70_000, 70_001));
        assert!(matches!(Outstanding::new(FEW + 1, 1), Outstanding::Dense(_)));
    }

    #[test]
    fn both_forms_count_alike_and_the_sparse_one_forgets() {
        let (mut dense, mut sparse) = (Outstanding::new(1000, 10), Outstanding::new(1000, 1000));
        assert!(matches!((&dense, &sparse), (Outstanding::Dense(_), Outstanding::Sparse(_))));
        for place in [7, 999, 7, 0] {
            dense.sent(place);
            sparse.sent(place);
        }
        dense.ended(7);
        sparse.ended(7);
        for place in [0, 7, 999, 5] {
            assert_eq!(dense.at(place), sparse.at(place), "place {place}");
        }
        assert_eq!((dense.total(), sparse.total()), (3, 3));
        [0, 7, 999].into_iter().for_each(|place| sparse.ended(place));
        assert!(matches!(sparse, Outstanding::Sparse(counts) if counts.is_empty()));
    }
}
