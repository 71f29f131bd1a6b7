//! What a plain station keeps of its requests: who waits, who is at work, and who is done next.

use crate::engine::calendar::Calendar;
use crate::ids::EdgeId;
use std::collections::VecDeque;

/// A request that waits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiting {
    pub(super) key: u64,
    /// When it arrived [ns].
    pub(super) arrived: u64,
    /// How long it will work [ns], drawn on its arrival, when nobody has to wait for the draw.
    pub(super) work: u64,
    pub(super) edge: EdgeId,
}

/// A request at work.
#[derive(Debug, Clone, Copy)]
pub(super) struct Working {
    /// When it will be done [ns].
    pub(super) due: u64,
    /// When its work began [ns].
    pub(super) start: u64,
    /// When it arrived [ns].
    pub(super) arrived: u64,
    pub(super) key: u64,
    pub(super) edge: EdgeId,
}

/// The requests of a plain station.
#[derive(Debug)]
pub(super) struct Plain {
    pub(super) waiting: VecDeque<Waiting>,
    /// The request at work that is done first; its `due` is `u64::MAX` where none is at work. It stands outside of the heap, so that a station of
    /// one worker needs none.
    pub(super) first: Working,
    /// All others at work, and when each is done: the index is its place here.
    others: Vec<Working>,
    /// Places of `others` that are free: nobody is there.
    spare: Vec<u32>,
    done: Calendar,
}

/// Nobody, in the place of a request at work.
const NOBODY: Working = Working { due: u64::MAX, start: 0, arrived: 0, key: 0, edge: EdgeId(0) };

impl Default for Plain {
    fn default() -> Self {
        let (others, spare) = (Vec::new(), Vec::new());
        Self { waiting: VecDeque::new(), first: NOBODY, others, spare, done: Calendar::default() }
    }
}

impl Plain {
    /// Processor time that was charged and lies ahead [ns].
    pub(super) fn cpu_ahead(&self, now_ns: u64) -> u64 {
        self.at_work().map(|at| at.due - now_ns).sum()
    }

    /// The requests at work.
    pub(super) fn at_work(&self) -> impl Iterator<Item = &Working> {
        self.others.iter().chain([&self.first]).filter(|at| at.due < u64::MAX)
    }

    /// One more is at work.
    #[inline(always)]
    pub(super) fn begins(&mut self, at: Working) {
        let later = if at.due < self.first.due { std::mem::replace(&mut self.first, at) } else { at };
        if later.due == u64::MAX {
            return;
        }
        let place = if let Some(place) = self.spare.pop() {
            self.others[place as usize] = later;
            place
        } else {
            self.others.push(later);
            self.others.len() as u32 - 1
        };
        self.done.push(later.due, 0, place);
    }

    /// The first is done, and `next` is at work in its place, if anybody.
    #[inline(always)]
    pub(super) fn goes_on(&mut self, next: Option<Working>) {
        match (self.done.peek(), next) {
            (None, next) => self.first = next.unwrap_or(NOBODY),
            (Some(second), Some(next)) if next.due < second.time() => self.first = next,
            (Some(second), next) => {
                let place = second.index();
                self.done.pop();
                self.first = self.others[place as usize];
                match next {
                    Some(next) => {
                        self.others[place as usize] = next;
                        self.done.push(next.due, 0, place);
                    }
                    None => {
                        self.others[place as usize] = NOBODY;
                        self.spare.push(place);
                    }
                }
            }
        }
    }
}
