//! What one place of a cache keeps, and which value leaves it when another needs its room.
//!
//! Values stand in slots, in a list by the order in which they were kept (`fifo`) or asked for (`lru`); `lfu` has an ordered set by how often keys
//! were asked for instead. Whether a value has expired is nothing to know here.

use super::keyed::Eviction;
use std::collections::{BTreeMap, BTreeSet};

/// No slot.
const NONE: u32 = u32::MAX;

/// One value that is kept.
#[derive(Debug, Clone)]
struct Slot<V> {
    key: u64,
    value: V,
    /// The slot that leaves next before this one.
    before: u32,
    /// The slot that leaves next behind this one.
    behind: u32,
}

/// The values that a cache keeps in one place, by key.
#[derive(Debug, Clone)]
pub struct Kept<V> {
    capacity: u64,
    eviction: Eviction,
    places: BTreeMap<u64, u32>,
    slots: Vec<Slot<V>>,
    free: Vec<u32>,
    /// The slot that leaves first.
    first: u32,
    /// The slot that leaves last.
    last: u32,
    /// With `lfu`, how often each key was asked for.
    asked: BTreeMap<u64, u64>,
    /// With `lfu`, the keys that are kept, by how often and then how long ago they were asked for.
    ranks: BTreeSet<(u64, u64, u64)>,
    /// With `lfu`, the place of each kept key in `ranks`: when it was asked for, by the number of the lookup.
    asked_at: BTreeMap<u64, u64>,
    lookups: u64,
}

impl<V> Kept<V> {
    /// Nothing is kept yet; at most so many values will be.
    pub fn new(capacity: u64, eviction: Eviction) -> Self {
        Self {
            capacity,
            eviction,
            places: BTreeMap::new(),
            slots: Vec::new(),
            free: Vec::new(),
            first: NONE,
            last: NONE,
            asked: BTreeMap::new(),
            ranks: BTreeSet::new(),
            asked_at: BTreeMap::new(),
            lookups: 0,
        }
    }

    /// The value of a key, which somebody asks for.
    pub fn ask(&mut self, key: u64) -> Option<&V> {
        let slot = self.places.get(&key).copied();
        match self.eviction {
            Eviction::Fifo => {}
            Eviction::Lru => {
                if let Some(slot) = slot {
                    self.unlink(slot);
                    self.link_last(slot);
                }
            }
            Eviction::Lfu => self.counts(key),
        }
        slot.map(|slot| &self.slots[slot as usize].value)
    }

    /// Keeps a value for a key; true where another had to leave for it.
    pub fn keep(&mut self, key: u64, value: V) -> bool {
        if let Some(&slot) = self.places.get(&key) {
            self.slots[slot as usize].value = value;
            return false;
        }
        let is_full = self.places.len() as u64 >= self.capacity;
        if is_full && !self.makes_room(key) {
            return false;
        }
        let new = Slot { key, value, before: NONE, behind: NONE };
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = new;
                slot
            }
            None => {
                self.slots.push(new);
                self.slots.len() as u32 - 1
            }
        };
        self.places.insert(key, slot);
        if self.eviction == Eviction::Lfu {
            self.lookups += 1;
            self.asked_at.insert(key, self.lookups);
            self.ranks.insert((self.times(key), self.lookups, key));
        } else {
            self.link_last(slot);
        }
        is_full
    }

    /// Forgets the value of a key.
    pub fn forget(&mut self, key: u64) {
        let Some(slot) = self.places.remove(&key) else { return };
        if self.eviction == Eviction::Lfu {
            if let Some(at) = self.asked_at.remove(&key) {
                self.ranks.remove(&(self.times(key), at, key));
            }
        } else {
            self.unlink(slot);
        }
        self.free.push(slot);
    }

    /// How many values are kept.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Lets the value go that has to, for that of another key; false where that key's own is the one to go.
    fn makes_room(&mut self, key: u64) -> bool {
        let leaves = if self.eviction == Eviction::Lfu {
            let Some(&(times, _, leaves)) = self.ranks.first() else { return false };
            if self.times(key) < times {
                return false;
            }
            leaves
        } else {
            self.slots[self.first as usize].key
        };
        self.forget(leaves);
        true
    }

    fn times(&self, key: u64) -> u64 {
        self.asked.get(&key).copied().unwrap_or(0)
    }

    fn counts(&mut self, key: u64) {
        self.lookups += 1;
        let times = self.asked.entry(key).or_insert(0);
        let before = *times;
        *times += 1;
        if let Some(at) = self.asked_at.get_mut(&key) {
            self.ranks.remove(&(before, *at, key));
            *at = self.lookups;
            self.ranks.insert((before + 1, self.lookups, key));
        }
    }

    fn unlink(&mut self, slot: u32) {
        let Slot { before, behind, .. } = self.slots[slot as usize];
        match before {
            NONE => self.first = behind,
            before => self.slots[before as usize].behind = behind,
        }
        match behind {
            NONE => self.last = before,
            behind => self.slots[behind as usize].before = before,
        }
    }

    fn link_last(&mut self, slot: u32) {
        let last = std::mem::replace(&mut self.last, slot);
        let at = &mut self.slots[slot as usize];
        (at.before, at.behind) = (last, NONE);
        match last {
            NONE => self.first = slot,
            last => self.slots[last as usize].behind = slot,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::keys::{KeysSettings, ZipfKeysSettings};
    use crate::engine::math::{exp, pow};
    use crate::engine::rng::{Keyed, mix};
    use crate::units::{Count, Factor};

    const KEYS: u64 = 5_000;

    fn kept(eviction: Eviction, asked: &[u64]) -> Vec<u64> {
        let mut kept = Kept::new(3, eviction);
        for &key in asked {
            if kept.ask(key).is_none() {
                kept.keep(key, ());
            }
        }
        assert!(kept.len() <= 3);
        kept.places.keys().copied().collect()
    }

    #[test]
    fn each_order_lets_its_own_go() {
        let asked = [1, 2, 3, 1, 1, 2, 4];
        assert_eq!(kept(Eviction::Lru, &asked), [1, 2, 4], "3 was asked for longest ago");
        assert_eq!(kept(Eviction::Fifo, &asked), [2, 3, 4], "1 was kept first");
        // 4 was asked for as often as 3, which was asked for longer ago.
        assert_eq!(kept(Eviction::Lfu, &asked), [1, 2, 4]);
        assert_eq!(
            kept(Eviction::Lfu, &[1, 1, 2, 2, 3, 3, 4]),
            [1, 2, 3],
            "4 is the one that was asked for least often"
        );
        assert_eq!(kept(Eviction::Lfu, &[1, 1, 2, 2, 3, 3, 4, 4]), [2, 3, 4], "4 is now as often, and 1 longest ago");
    }

    #[test]
    fn a_key_that_is_forgotten_leaves_its_room() {
        for eviction in [Eviction::Lru, Eviction::Lfu, Eviction::Fifo] {
            let mut kept = Kept::new(2, eviction);
            for (key, value) in [(1, 'a'), (2, 'b')] {
                kept.keep(key, value);
            }
            kept.forget(1);
            kept.forget(7);
            assert_eq!((kept.len(), kept.ask(1).copied()), (1, None), "{eviction:?}");
            assert_eq!(kept.ask(2), Some(&'b'), "{eviction:?}");
            assert!(!kept.keep(3, 'c'), "{eviction:?}: there is room");
            assert!(!kept.keep(3, 'd') && kept.ask(3) == Some(&'d'), "{eviction:?}: the same key again");
            kept.forget(2);
            kept.forget(3);
            assert!(kept.is_empty());
        }
    }

    /// Probabilities of Zipf keys.
    fn zipf(exponent: f64) -> Vec<f64> {
        let weights: Vec<f64> = (1..=KEYS).map(|k| pow(k as f64, -exponent)).collect();
        let sum: f64 = weights.iter().sum();
        weights.iter().map(|weight| weight / sum).collect()
    }

    /// The characteristic time at which the expected number of keys that are kept fills the capacity, by bisection; and the share of hits.
    fn by_time(popularity: &[f64], capacity: f64, is_kept: impl Fn(f64, f64) -> f64) -> f64 {
        let (mut low, mut high) = (0.0, 1e9);
        for _ in 0..200 {
            let time = f64::midpoint(low, high);
            let filled: f64 = popularity.iter().map(|p| is_kept(*p, time)).sum();
            if filled < capacity { low = time } else { high = time }
        }
        popularity.iter().map(|p| p * is_kept(*p, low)).sum()
    }

    fn simulated(eviction: Eviction, capacity: u64, exponent: f64) -> f64 {
        let settings =
            KeysSettings::Zipf(ZipfKeysSettings { count: Count::new(KEYS), exponent: Factor::new(exponent).unwrap() });
        let sampler = settings.build();
        let mut kept = Kept::new(capacity, eviction);
        let (mut hits, warm, n) = (0u64, 300_000u64, 1_000_000u64);
        for i in 0..warm + n {
            let key = sampler.sample(&mut Keyed::new(mix(11, i)));
            if kept.ask(key).is_some() {
                hits += u64::from(i >= warm);
            } else {
                kept.keep(key, ());
            }
        }
        hits as f64 / n as f64
    }

    /// Che's approximation for `lru` (`1 - exp(-p t)` of the time a key is kept), its variant for `fifo` (`p t / (1 + p t)`), and for `lfu` the sum
    /// of the most popular. Che, Tung and Wang 2002; Martina, Garetto and Leonardi 2014; errors of the approximations are below half a percent.
    #[test]
    fn shares_of_hits_are_those_of_the_literature() {
        for (exponent, capacity) in [(0.8, 100), (0.8, 1_000), (1.0, 100), (1.0, 1_000), (1.2, 50)] {
            let popularity = zipf(exponent);
            let lru = by_time(&popularity, capacity as f64, |p, time| 1.0 - exp(-p * time));
            let fifo = by_time(&popularity, capacity as f64, |p, time| p * time / (1.0 + p * time));
            let lfu: f64 = popularity[..capacity as usize].iter().sum();
            assert!(lfu > lru && lru > fifo);
            for (eviction, exact) in [(Eviction::Lru, lru), (Eviction::Fifo, fifo), (Eviction::Lfu, lfu)] {
                let found = simulated(eviction, capacity, exponent);
                // Keys of nearly the same popularity change places for long in `lfu`.
                let near = if eviction == Eviction::Lfu { 0.01 } else { 0.004 };
                assert!((found - exact).abs() < near, "{eviction:?} {capacity} {exponent}: {found} of {exact}");
            }
        }
    }
}
