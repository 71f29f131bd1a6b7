//! The event queue: a 4-ary heap of 16-byte keys with a lazy pop, and FIFO lanes for constant delays.
//!
//! An event is one `u128`: time, sequence number, kind and index, so that comparing two events is comparing two integers and the
//! order (time, sequence) is total. The sequence number doubles as a generation: a frame that waits for an event keeps its number,
//! and an event whose number nobody keeps is stale. There is no cancel set.
//!
//! A pop leaves a hole at the root; the handler's first push fills it, so that "pop one, push one" costs one sift down.
//! Timeouts, nearly all of which are cancelled, wait in a [`Lanes`] FIFO for each distinct delay, with one sentinel in the heap.

use super::table::{Id, Table, id};
use std::collections::{BTreeMap, BTreeSet};

const INDEX_BITS: u32 = 25;
const KIND_BITS: u32 = 3;
const SEQUENCE_BITS: u32 = 36;
/// Sequence numbers count in steps of this, which leaves room for kind and index below them. They start at 1, so that 0 is nobody's.
const STEP: u64 = 1 << (KIND_BITS + INDEX_BITS);
const _: () = assert!(SEQUENCE_BITS + KIND_BITS + INDEX_BITS == 64);
/// How many sequence numbers there are.
pub const SEQUENCES: u64 = (1 << SEQUENCE_BITS) - 1;
/// The greatest index that an event can carry.
pub const LAST_INDEX: u32 = (1 << INDEX_BITS) - 1;

/// An event: when, in which order, what and about whom.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(u128);

impl Key {
    /// Packs an event. `sequence` is one of [`Calendar::next_sequence`]; `index` must be at most [`LAST_INDEX`], which the owner of the
    /// index checks where it grows.
    #[inline(always)]
    pub fn new(time_ns: u64, sequence: u64, kind: u8, index: u32) -> Self {
        debug_assert!(index <= LAST_INDEX && sequence.is_multiple_of(STEP) && kind < 1 << KIND_BITS);
        let low = sequence | (u64::from(kind) << INDEX_BITS) | u64::from(index);
        Self((u128::from(time_ns) << 64) | u128::from(low))
    }

    /// When it happens [ns].
    #[inline(always)]
    pub fn time(self) -> u64 {
        (self.0 >> 64) as u64
    }

    /// Its place in the order of all events, and the generation of the frame that waits for it.
    #[inline(always)]
    pub fn sequence(self) -> u64 {
        self.0 as u64 & !(STEP - 1)
    }

    /// What it is.
    #[inline(always)]
    pub fn kind(self) -> u8 {
        ((self.0 as u64) >> INDEX_BITS) as u8 & ((1 << KIND_BITS) - 1)
    }

    /// Whom it is about.
    #[inline(always)]
    pub fn index(self) -> u32 {
        self.0 as u32 & LAST_INDEX
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ns #{} kind {} of {}", self.time(), self.sequence() / STEP, self.kind(), self.index())
    }
}

/// Later than all events.
pub const NEVER: Key = Key(u128::MAX);

/// The queue of future events.
#[derive(Debug)]
pub struct Calendar {
    heap: Vec<Key>,
    /// The root was popped and its place is empty.
    hole: bool,
    sequence: u64,
    /// The earliest of the rare events; [`NEVER`] if there is none.
    next_rare: Key,
    /// The rare events.
    rare: BTreeSet<Key>,
}

impl Default for Calendar {
    fn default() -> Self {
        Self { heap: Vec::new(), hole: false, sequence: 0, next_rare: NEVER, rare: BTreeSet::new() }
    }
}

impl Calendar {
    /// An empty calendar.
    pub fn new() -> Self {
        Self { heap: Vec::with_capacity(1024), ..Self::default() }
    }

    /// The next sequence number, for a frame that waits for something that has no event in the heap.
    ///
    /// # Panics
    /// After 2^36 numbers: no run is that long within its bound of events.
    #[inline(always)]
    pub fn next_sequence(&mut self) -> u64 {
        let Some(next) = self.sequence.checked_add(STEP) else { run_out() };
        self.sequence = next;
        next
    }

    /// How many numbers were given.
    pub fn sequences(&self) -> u64 {
        self.sequence / STEP
    }

    /// Adds an event and tells its sequence number.
    #[inline(always)]
    pub fn push(&mut self, time_ns: u64, kind: u8, index: u32) -> u64 {
        let sequence = self.next_sequence();
        self.push_key(Key::new(time_ns, sequence, kind, index));
        sequence
    }

    /// Adds an event that has its number already.
    #[inline(always)]
    pub fn push_key(&mut self, key: Key) {
        if self.hole {
            self.hole = false;
            sift_down(&mut self.heap, key);
        } else {
            self.heap.push(key);
            sift_up(&mut self.heap, key);
        }
    }

    /// Takes the earliest event.
    #[inline(always)]
    pub fn pop(&mut self) -> Option<Key> {
        self.fill();
        match self.heap.first() {
            Some(&first) if first < self.next_rare => {
                self.hole = true;
                Some(first)
            }
            _ => self.pop_rare(),
        }
    }

    #[cold]
    fn pop_rare(&mut self) -> Option<Key> {
        let first = self.rare.pop_first();
        self.next_rare = self.rare.first().copied().unwrap_or(NEVER);
        first
    }

    /// Adds an event of a kind of which a few come in a second at most. It waits outside of the heap, which stays as small as what
    /// comes and goes all the time; its place in the order is the same.
    pub fn push_rare(&mut self, time_ns: u64, kind: u8, index: u32) -> u64 {
        let sequence = self.next_sequence();
        let key = Key::new(time_ns, sequence, kind, index);
        self.rare.insert(key);
        self.next_rare = self.next_rare.min(key);
        sequence
    }

    /// The earliest event that is not rare, which stays.
    #[inline(always)]
    pub fn peek(&mut self) -> Option<Key> {
        self.fill();
        self.heap.first().copied()
    }

    /// Drops all events.
    pub fn clear(&mut self) {
        self.heap.clear();
        self.rare.clear();
        self.next_rare = NEVER;
        self.hole = false;
    }

    /// Number of events that wait.
    pub fn len(&self) -> usize {
        self.heap.len() - usize::from(self.hole) + self.rare.len()
    }

    /// Whether no event waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[inline(always)]
    fn fill(&mut self) {
        if self.hole {
            self.hole = false;
            if let Some(last) = self.heap.pop()
                && !self.heap.is_empty()
            {
                sift_down(&mut self.heap, last);
            }
        }
    }
}

#[cold]
fn run_out() -> ! {
    panic!("more than 2^36 events in one run")
}

/// Moves `key` up from the last place to where it belongs.
#[inline(always)]
fn sift_up(heap: &mut [Key], key: Key) {
    let mut at = heap.len() - 1;
    // SAFETY: `at` starts as the last valid place and only moves to its parent.
    unsafe {
        while at > 0 {
            let parent = (at - 1) >> 2;
            let above = *heap.get_unchecked(parent);
            if above <= key {
                break;
            }
            *heap.get_unchecked_mut(at) = above;
            at = parent;
        }
        *heap.get_unchecked_mut(at) = key;
    }
}

/// Puts `key` at the root and moves it down to where it belongs.
#[inline(always)]
fn sift_down(heap: &mut [Key], key: Key) {
    let len = heap.len();
    let mut at = 0usize;
    // SAFETY: `at` is 0 in a heap that is not empty, or a child that was compared with `len`.
    unsafe {
        loop {
            let child = 4 * at + 1;
            let least = if child + 3 < len {
                let (a, b) = (*heap.get_unchecked(child), *heap.get_unchecked(child + 1));
                let (c, d) = (*heap.get_unchecked(child + 2), *heap.get_unchecked(child + 3));
                let (left, left_key) = if b < a { (child + 1, b) } else { (child, a) };
                let (right, right_key) = if d < c { (child + 3, d) } else { (child + 2, c) };
                if right_key < left_key { right } else { left }
            } else {
                if child >= len {
                    break;
                }
                let mut least = child;
                if child + 1 < len {
                    least += usize::from(heap.get_unchecked(child + 1) < heap.get_unchecked(child));
                    if child + 2 < len && heap.get_unchecked(child + 2) < heap.get_unchecked(least) {
                        least = child + 2;
                    }
                }
                least
            };
            let below = *heap.get_unchecked(least);
            if key <= below {
                break;
            }
            *heap.get_unchecked_mut(at) = below;
            at = least;
        }
        *heap.get_unchecked_mut(at) = key;
    }
}

/// A queue of events that all come after the same delay, so that they are in order without a heap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaneId(u32);

id!(LaneId);

/// FIFO lanes: one for each distinct delay, and some for events that come in order although their delays differ.
///
/// Entries of one lane are in order by construction. A lane that is not empty has exactly one sentinel in the heap, which carries
/// the time and number of the head at the moment it was set, so that the order of events stays exactly (time, sequence).
#[derive(Debug, Default)]
pub struct Lanes {
    lanes: Table<LaneId, Lane>,
    by_delay: BTreeMap<u64, LaneId>,
}

#[derive(Debug)]
struct Lane {
    delay_ns: u64,
    entries: Ring,
    armed: bool,
}

/// A queue of keys in a ring that doubles when it is full.
#[derive(Debug)]
struct Ring {
    /// As many places as a power of two.
    keys: Box<[Key]>,
    head: usize,
    len: usize,
}

impl Ring {
    fn new() -> Self {
        Self { keys: vec![Key(0); 64].into_boxed_slice(), head: 0, len: 0 }
    }

    fn is_full(&self) -> bool {
        self.len == self.keys.len()
    }

    #[inline(always)]
    fn front(&self) -> Option<Key> {
        (self.len > 0).then(|| {
            // SAFETY: `head` is less than the number of places: each function that moves it sees to that.
            unsafe { *self.keys.get_unchecked(self.head) }
        })
    }

    #[inline(always)]
    fn back(&self) -> Option<Key> {
        let mask = self.keys.len() - 1;
        // SAFETY: as in `push_back`.
        (self.len > 0).then(|| unsafe { *self.keys.get_unchecked((self.head + self.len - 1) & mask) })
    }

    #[inline(always)]
    fn pop_front(&mut self) {
        self.head = (self.head + 1) & (self.keys.len() - 1);
        self.len -= 1;
    }

    /// Adds a key to a ring that is not full.
    #[inline(always)]
    fn push_back(&mut self, key: Key) {
        debug_assert!(!self.is_full(), "pushed into a full lane");
        let mask = self.keys.len() - 1;
        // SAFETY: the number of places is a power of two that is not 0, so what is masked is less than it.
        unsafe { *self.keys.get_unchecked_mut((self.head + self.len) & mask) = key };
        self.len += 1;
    }

    #[cold]
    fn grow(&mut self) {
        self.keys.rotate_left(self.head);
        let mut keys = vec![Key(0); 2 * self.keys.len()];
        keys[..self.len].copy_from_slice(&self.keys[..self.len]);
        (self.keys, self.head) = (keys.into_boxed_slice(), 0);
    }
}

impl Lane {
    #[cold]
    fn make_room(&mut self, live: impl Fn(u32, u64) -> bool) {
        while self.entries.front().is_some_and(|head| !live(head.index(), head.sequence())) {
            self.entries.pop_front();
        }
        if self.entries.is_full() {
            self.entries.grow();
        }
    }
}

impl Lanes {
    /// The lane of a delay; made if it is new.
    pub fn lane(&mut self, delay_ns: u64) -> LaneId {
        let lanes = &mut self.lanes;
        let make = || lanes.push(Lane { delay_ns, entries: Ring::new(), armed: false });
        *self.by_delay.entry(delay_ns).or_insert_with(make)
    }

    /// Starts a timer in a lane and tells its number. `lane_kind` is the kind of the sentinel's event. Before a full ring grows,
    /// its dead heads are dropped, so that memory follows what is alive.
    #[inline(always)]
    pub fn push(
        &mut self,
        calendar: &mut Calendar,
        now_ns: u64,
        lane: LaneId,
        lane_kind: u8,
        index: u32,
        live: impl Fn(u32, u64) -> bool,
    ) -> u64 {
        let sequence = calendar.next_sequence();
        let at = &mut self.lanes[lane];
        let key = Key::new(now_ns + at.delay_ns, sequence, 0, index);
        if at.entries.is_full() {
            at.make_room(live);
        }
        at.entries.push_back(key);
        if !at.armed {
            at.armed = true;
            calendar.push_key(Key::new(key.time(), sequence, lane_kind, lane.place()));
        }
        sequence
    }

    /// A lane of its own for what comes at times of its own, each no sooner than the one before.
    pub fn of_times(&mut self) -> LaneId {
        self.lanes.push(Lane { delay_ns: 0, entries: Ring::new(), armed: false })
    }

    /// Adds an event of a kind to a lane made by [`Lanes::of_times`], and tells its number. One that comes sooner than the last in the lane goes to
    /// the heap. `kinds` are those of the sentinel and of the event.
    #[inline(always)]
    pub fn push_at(
        &mut self,
        calendar: &mut Calendar,
        lane: LaneId,
        time_ns: u64,
        (lane_kind, kind): (u8, u8),
        index: u32,
        live: impl Fn(u32, u64) -> bool,
    ) -> u64 {
        let sequence = calendar.next_sequence();
        let at = &mut self.lanes[lane];
        let key = Key::new(time_ns, sequence, kind, index);
        if at.entries.back().is_some_and(|last| last > key) {
            calendar.push_key(key);
            return sequence;
        }
        if at.entries.is_full() {
            at.make_room(live);
        }
        at.entries.push_back(key);
        if !at.armed {
            at.armed = true;
            calendar.push_key(Key::new(time_ns, sequence, lane_kind, lane.place()));
        }
        sequence
    }

    /// Handles a sentinel that came up: drops dead heads, sets the sentinel to the new head, and tells the timer that fires now,
    /// if the head is the one that the sentinel was set for and is still alive.
    #[inline(always)]
    pub fn fire(&mut self, calendar: &mut Calendar, sentinel: Key, live: impl Fn(u32, u64) -> bool) -> Option<Key> {
        let lane = &mut self.lanes[LaneId(sentinel.index())];
        let mut due = None;
        while let Some(head) = lane.entries.front() {
            if !live(head.index(), head.sequence()) {
                lane.entries.pop_front();
            } else if head.sequence() == sentinel.sequence() {
                due = Some(head);
                lane.entries.pop_front();
            } else {
                break;
            }
        }
        match lane.entries.front() {
            Some(head) => calendar.push_key(Key::new(head.time(), head.sequence(), sentinel.kind(), sentinel.index())),
            None => lane.armed = false,
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pops_in_order_of_time_then_sequence() {
        let mut calendar = Calendar::new();
        let mut state = 1u64;
        let mut pending = Vec::new();
        let mut now = 0;
        for round in 0..20_000u32 {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            if state >> 62 != 0 || pending.is_empty() {
                let time = now + (state >> 40) % 50;
                let sequence = if round % 7 == 0 {
                    calendar.push_rare(time, 5, round & 0xff)
                } else {
                    calendar.push(time, 1, round & 0xff)
                };
                pending.push((time, sequence));
            } else {
                let least = *pending.iter().min().unwrap();
                pending.retain(|p| *p != least);
                let key = calendar.pop().unwrap();
                assert_eq!((key.time(), key.sequence()), least);
                now = key.time();
            }
            assert_eq!(calendar.len(), pending.len());
        }
    }

    #[test]
    fn a_lane_of_times_keeps_the_order_of_the_heap() {
        let (mut calendar, mut lanes) = (Calendar::new(), Lanes::default());
        let lane = lanes.of_times();
        let mut expected = Vec::new();
        for i in 0..500u32 {
            // Every tenth comes sooner than the one before it.
            let time = u64::from(i / 3) + if i % 10 == 9 { 0 } else { 40 };
            let sequence = lanes.push_at(&mut calendar, lane, time, (2, 3), i, |_, _| true);
            expected.push((time, sequence, i));
        }
        assert!(calendar.len() < 60, "{} wait in the heap", calendar.len());
        expected.sort_unstable();
        let mut came = Vec::new();
        while let Some(key) = calendar.pop() {
            let due = if key.kind() == 2 { lanes.fire(&mut calendar, key, |_, _| true).unwrap() } else { key };
            assert_eq!(due.kind(), 3);
            came.push((due.time(), due.sequence(), due.index()));
        }
        assert_eq!(came, expected);
    }

    #[test]
    fn a_key_keeps_its_parts() {
        let key = Key::new(u64::MAX, 0u64.wrapping_sub(STEP), 7, LAST_INDEX);
        assert_eq!(
            (key.time(), key.sequence(), key.kind(), key.index()),
            (u64::MAX, 0u64.wrapping_sub(STEP), 7, LAST_INDEX)
        );
    }

    #[test]
    fn lanes_fire_exactly_the_live_ones_in_order() {
        let (mut calendar, mut lanes) = (Calendar::new(), Lanes::default());
        let (short, long) = (lanes.lane(10), lanes.lane(30));
        assert_eq!(lanes.lane(10), short);
        let mut dead = Vec::new();
        for i in 0..300u32 {
            let lane = if i % 3 == 0 { long } else { short };
            let sequence = lanes.push(&mut calendar, u64::from(i), lane, 2, i, |_, s| !dead.contains(&s));
            if i % 4 != 0 {
                dead.push(sequence);
            }
        }
        let mut fired = Vec::new();
        while let Some(sentinel) = calendar.pop() {
            if let Some(key) = lanes.fire(&mut calendar, sentinel, |_, s| !dead.contains(&s)) {
                assert_eq!(key.time(), sentinel.time());
                fired.push((key.time(), key.sequence(), key.index()));
            }
        }
        let mut expected: Vec<u32> = (0..300).filter(|i| i % 4 == 0).collect();
        assert!(fired.is_sorted());
        let mut indexes: Vec<u32> = fired.iter().map(|f| f.2).collect();
        indexes.sort_unstable();
        expected.sort_unstable();
        assert_eq!(indexes, expected);
    }
}
