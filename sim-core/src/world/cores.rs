//! Cores that the work of one instance shares: processor sharing in virtual time.
//!
//! With `n` pieces of work on `c` cores each advances at `min(1, c / n)` of full speed, divided by the instance's slow-down. Virtual
//! time is how far each piece has advanced; a piece is done when virtual time reaches what it stood at on its arrival plus its work.
//! An instance has one pending event: it is re-armed when it comes up early (more work has come since), and replaced only by an
//! earlier one. No event is made for an arrival that changes nothing soon.

use super::strike::STANDSTILL;
use std::collections::BinaryHeap;

/// Work on shared cores.
#[derive(Debug)]
pub struct Cores {
    cores: f64,
    /// Virtual time [ns of work].
    virtual_ns: f64,
    /// When virtual time was last brought up to date [ns].
    updated: u64,
    /// Slow-down that applies since then.
    slow: f64,
    /// Pieces of work that are wanted.
    active: u32,
    heap: BinaryHeap<Piece>,
    /// Number of the pending event; 0 if there is none.
    pub armed_seq: u64,
    /// When the pending event comes up [ns].
    armed_at: u64,
    /// CPU time used since the last reading [ns of one core].
    used: f64,
}

/// A piece of work: when it is done in virtual time, and whose it is.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Piece {
    due: f64,
    seq: u64,
    frame: u32,
}

impl Eq for Piece {}

impl Ord for Piece {
    /// The earliest is the greatest, for the heap; ties by sequence.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        other.due.total_cmp(&self.due).then_with(|| other.seq.cmp(&self.seq))
    }
}

impl PartialOrd for Piece {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Cores {
    /// `cores` idle cores.
    pub fn new(cores: u32) -> Self {
        Self {
            cores: f64::from(cores),
            virtual_ns: 0.0,
            updated: 0,
            slow: 1.0,
            active: 0,
            heap: BinaryHeap::new(),
            armed_seq: 0,
            armed_at: u64::MAX,
            used: 0.0,
        }
    }

    /// How fast each piece advances.
    fn speed(&self) -> f64 {
        (self.cores / f64::from(self.active.max(1))).min(1.0) / self.slow
    }

    fn update(&mut self, now_ns: u64) {
        let passed = (now_ns - self.updated) as f64;
        self.updated = now_ns;
        if self.active > 0 {
            self.virtual_ns += passed * self.speed();
            if self.slow < STANDSTILL {
                self.used += passed * f64::from(self.active).min(self.cores);
            }
        }
    }

    /// Adds work [ns at full speed] for a frame that waits for `seq`.
    pub fn add(&mut self, now_ns: u64, work_ns: f64, frame: u32, seq: u64) {
        self.update(now_ns);
        if self.active == 0 {
            // Idle: start virtual time afresh, so that it stays small and exact.
            self.virtual_ns = 0.0;
            self.heap.clear();
        }
        self.active += 1;
        self.heap.push(Piece { due: self.virtual_ns + work_ns, seq, frame });
    }

    /// A piece is no longer wanted; its entry is skipped when it comes up.
    pub fn remove(&mut self, now_ns: u64) {
        self.update(now_ns);
        self.active -= 1;
    }

    /// All work is gone: the instance crashed.
    pub fn clear(&mut self, now_ns: u64) {
        self.update(now_ns);
        self.active = 0;
        self.heap.clear();
    }

    /// From now on work is slower by another factor.
    pub fn set_slow(&mut self, now_ns: u64, slow: f64) {
        self.update(now_ns);
        self.slow = slow;
    }

    /// Takes the next frame whose work is done, if any. `live` tells whether a frame still waits for a number.
    pub fn pop_done(&mut self, now_ns: u64, live: impl Fn(u32, u64) -> bool) -> Option<u32> {
        self.update(now_ns);
        self.skip_dead(live);
        let first = self.heap.peek()?;
        // Half a nanosecond of rounding: the event was set to the next whole one.
        if first.due > self.virtual_ns + 0.5 {
            return None;
        }
        let frame = self.heap.pop()?.frame;
        self.active -= 1;
        Some(frame)
    }

    fn skip_dead(&mut self, live: impl Fn(u32, u64) -> bool) {
        while self.heap.peek().is_some_and(|p| !live(p.frame, p.seq)) {
            self.heap.pop();
        }
    }

    /// When the next piece will be done if nothing changes, if an event has to be made for it: there is none pending, or only a
    /// later one. Call [`Self::arm`] with its number.
    pub fn wants_event(&mut self, live: impl Fn(u32, u64) -> bool) -> Option<u64> {
        self.skip_dead(live);
        let first = self.heap.peek()?;
        let wait = (first.due - self.virtual_ns).max(0.0) / self.speed();
        let at = self.updated.saturating_add(wait.ceil().min(1e18) as u64);
        (self.armed_seq == 0 || at < self.armed_at).then_some(at)
    }

    /// An event was made.
    pub fn arm(&mut self, at_ns: u64, seq: u64) {
        self.armed_at = at_ns;
        self.armed_seq = seq;
    }

    /// The pending event came up.
    pub fn disarm(&mut self) {
        self.armed_seq = 0;
        self.armed_at = u64::MAX;
    }

    /// CPU time used since the last reading [ns of one core].
    pub fn take_used(&mut self, now_ns: u64) -> u64 {
        self.update(now_ns);
        let whole = self.used.floor();
        self.used -= whole;
        whole as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_pieces_share_one_core() {
        let mut cores = Cores::new(1);
        cores.add(0, 100.0, 1, 1);
        cores.add(50, 100.0, 2, 2);
        // The first has 50 left when the second comes: both at half speed, done at 150; then 50 left alone: 200.
        let at = cores.wants_event(|_, _| true).unwrap();
        assert_eq!(at, 150);
        assert_eq!(cores.pop_done(150, |_, _| true), Some(1));
        assert_eq!(cores.pop_done(150, |_, _| true), None);
        assert_eq!(cores.wants_event(|_, _| true), Some(200));
        assert_eq!(cores.pop_done(200, |_, _| true), Some(2));
        assert_eq!(cores.take_used(200), 200);
    }

    #[test]
    fn as_many_cores_as_pieces_slow_nobody() {
        let mut cores = Cores::new(2);
        cores.add(0, 100.0, 1, 1);
        cores.add(0, 70.0, 2, 2);
        assert_eq!(cores.wants_event(|_, _| true), Some(70));
        assert_eq!(cores.pop_done(70, |_, _| true), Some(2));
        assert_eq!(cores.wants_event(|_, _| true), Some(100));
    }

    #[test]
    fn a_slow_down_stretches_what_is_left() {
        let mut cores = Cores::new(1);
        cores.add(0, 100.0, 1, 1);
        cores.set_slow(50, 2.0);
        assert_eq!(cores.wants_event(|_, _| true), Some(150));
    }

    #[test]
    fn what_is_no_longer_wanted_gives_its_share_back() {
        let mut cores = Cores::new(1);
        cores.add(0, 100.0, 1, 1);
        cores.add(0, 50.0, 2, 2);
        cores.remove(20);
        let live = |frame: u32, _| frame == 1;
        assert_eq!(cores.wants_event(live), Some(110));
        assert_eq!(cores.pop_done(110, live), Some(1));
    }
}
