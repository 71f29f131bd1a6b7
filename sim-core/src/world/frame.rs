//! The arena of frames: one frame an attempt, 64 bytes, one cache line.
//!
//! A frame is also the caller of the calls that its steps make. `seq` is the sequence number of what it waits for, and so its
//! generation: a reply, a timeout or the end of work is live when it carries that number. Free frames form a LIFO list, so that the
//! line that was touched last is used next.

use crate::engine::calendar::LAST_INDEX;
use crate::engine::table::Table;
use crate::workload::Priority;

/// No frame, instance or parent.
pub const NONE: u32 = u32::MAX;
/// The parent of a frame whose caller has its answer already, or that nobody waits for.
pub const DETACHED: u32 = u32::MAX - 1;

/// Holds a worker of its instance.
pub const HELD: u8 = 1;
/// Saw something wrong (a stale row), so that an ok reply is a wrong one.
pub const WRONG: u8 = 2;
/// A branch of a fork, or background steps: works inside another frame's place.
pub const BRANCH: u8 = 4;
/// A load class's request or a message: a caller that is no endpoint.
pub const CLIENT: u8 = 8;
/// Counted in its service.
pub const INSIDE: u8 = 16;
/// Measured: has a place in the count of attempts.
pub const CLOSED_USER: u8 = 32;
/// A copy of a hedged call: what it comes to decides the call.
pub const COPY: u8 = 64;
/// Fails because a call failed that it made, and not by its own doing.
pub const BELOW: u8 = 128;

/// What a frame is doing. A crash, a change of speed or a cancellation decides by it what has to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// On the free list.
    Free,
    /// About to run, or running now.
    Running,
    /// Its request is on the way to the callee.
    Arriving,
    /// A message that its consumer keeps a worker for, while it is on its way.
    HandedOver,
    /// Waits for a worker.
    Queued,
    /// Given up while it waited for a worker: skipped when it comes up.
    Skipped,
    /// A health check's probe that waits for a worker behind the requests: no request, and counted nowhere.
    Probe,
    /// At work or waiting for time to pass; `start` is when it will be done.
    Working,
    /// At work on shared cores.
    Sharing,
    /// A write that waits until regions agree.
    Agreeing,
    /// Waits for a reply.
    Calling,
    /// Waits for branches.
    Joining,
    /// Waits for the first of the copies of its call.
    Hedging,
    /// A copy that is sent if the answer is late.
    Delayed,
    /// Waits before it tries again.
    Backoff,
    /// The fallback is answering.
    Fallback,
    /// Its reply is on the way back.
    Replying,
    /// A message in a queue.
    Message,
}

/// One attempt.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub struct Frame {
    /// Identity of this piece of work, the same in every variant of a scenario; all its draws derive from it.
    pub key: u64,
    /// Number of what it waits for; 0 if nothing.
    pub seq: u64,
    /// What the parent's `seq` has to be for the reply to be wanted.
    pub parent_seq: u64,
    /// When the caller sent it [ns].
    pub arrived: u64,
    /// Begin of its present call, end of its present work, or when it began to queue [ns].
    pub start: u64,
    /// The caller's frame.
    pub parent: u32,
    /// Where it runs.
    pub instance: u32,
    /// What it does next, or is doing.
    pub pc: u32,
    /// Next in a queue or on the free list; the callee's frame during a call; during a join the branches still out and needed; during a
    /// hedged call its race.
    pub next: u32,
    /// The call site by which it came.
    pub edge: u16,
    /// Attempts of its present call.
    pub tries: u8,
    /// Which attempt of its caller's call it is.
    pub attempt: u8,
    /// Worst outcome so far.
    pub outcome: u8,
    /// `HELD`, `WRONG` ...
    pub flags: u8,
    /// What it is doing.
    pub phase: Phase,
    /// How important it is, with all that is called for it, and which copy of a hedged call.
    pub rank: Rank,
}

/// How important a request is, and which copy of a hedged call it is, in one byte.
#[derive(Debug, Clone, Copy)]
pub struct Rank(u8);

impl Rank {
    /// A request that is no copy.
    pub const fn of(priority: Priority) -> Self {
        Self((priority as u8) << 4)
    }

    /// How important it is.
    pub fn priority(self) -> Priority {
        Priority::ALL[usize::from(self.0 >> 4)]
    }

    /// Which copy it is, from 0; holds only where `COPY` is set.
    pub fn copy(self) -> u8 {
        self.0 & 0xf
    }

    /// As important, and this copy.
    #[must_use]
    pub fn as_copy(self, number: u32) -> Self {
        debug_assert!(number < 16, "at most ten copies of a call");
        Self(self.0 & 0xf0 | number as u8)
    }
}

/// What is left of an attempt that has ended.
#[derive(Debug, Clone, Copy)]
pub struct Ended {
    /// The caller's frame.
    pub parent: u32,
    /// What the caller's `seq` has to be for the reply to be wanted.
    pub parent_seq: u64,
    /// When the caller sent it [ns].
    pub arrived: u64,
    /// The call site by which it came.
    pub edge: u16,
    /// `WRONG`, `CLOSED_USER` ...
    pub flags: u8,
}

const EMPTY: Frame = Frame {
    key: 0,
    seq: 0,
    parent_seq: 0,
    arrived: 0,
    start: 0,
    parent: NONE,
    instance: NONE,
    pc: 0,
    next: NONE,
    edge: 0,
    tries: 0,
    attempt: 0,
    outcome: 0,
    flags: 0,
    phase: Phase::Free,
    rank: Rank::of(Priority::CriticalPlus),
};

/// How many frames may be in use at once, whatever is asked for. What is left below the last index is for what one event begins before
/// anybody asks.
const MOST_FRAMES: u32 = crate::topology::MOST_IN_FLIGHT as u32;

const _: () = assert!(size_of::<Frame>() == 64);
const _: () = assert!(MOST_FRAMES < LAST_INDEX - (1 << 20));

/// All frames.
#[derive(Debug)]
pub struct Arena {
    frames: Table<Frame>,
    free: u32,
    /// The event before which the bounds of the run are looked at; at once where more frames are in use than may be, or the run is done. It
    /// stands here so that the loop of events asks for one number.
    pub look_at: u64,
    /// More frames are in use than may be.
    is_full: bool,
    /// How many may be in use at once.
    most: u32,
}

impl Arena {
    /// No frame is in use; `most` may be at once. A few more are given, so that a step can end that has begun, if [`Self::is_full`] is
    /// asked before each event, by [`Self::look_at`], and before each fork.
    pub fn new(most: u64) -> Self {
        let most = u32::try_from(most).unwrap_or(MOST_FRAMES).min(MOST_FRAMES);
        Self { frames: Table::with_capacity(1024), free: NONE, look_at: 0, is_full: false, most }
    }

    /// Takes a frame; its contents are as [`EMPTY`] but for what the last owner left in fields that `init` overwrites.
    #[inline(always)]
    pub fn take(&mut self) -> u32 {
        let index = self.free;
        if index != NONE {
            self.free = self.frames[index as usize].next;
            return index;
        }
        self.grow()
    }

    #[inline(never)]
    fn grow(&mut self) -> u32 {
        let index = self.frames.len() as u32;
        assert!(index < LAST_INDEX, "frames are taken without asking whether all are in use");
        if index >= self.most {
            self.is_full = true;
            self.look_at = 0;
        }
        self.frames.push(EMPTY);
        index
    }

    /// Whether more frames were in use than may be: the run has to end.
    #[inline(always)]
    pub fn is_full(&self) -> bool {
        self.is_full
    }

    /// Gives a frame back, and tells what its caller may want to know.
    #[inline(always)]
    pub fn release(&mut self, index: u32) -> Ended {
        let frame = &mut self.frames[index as usize];
        debug_assert!(frame.phase != Phase::Free, "frame {index} is given back twice");
        frame.seq = 0;
        frame.phase = Phase::Free;
        frame.next = self.free;
        self.free = index;
        Ended {
            parent: frame.parent,
            parent_seq: frame.parent_seq,
            arrived: frame.arrived,
            edge: frame.edge,
            flags: frame.flags,
        }
    }

    /// Whether the frame waits for what has this number.
    #[inline(always)]
    pub fn waits_for(&self, index: u32, seq: u64) -> bool {
        self.frames[index as usize].seq == seq
    }

    /// Number of frames that were ever in use at once.
    pub fn len(&self) -> u32 {
        self.frames.len() as u32
    }
}

impl std::ops::Index<u32> for Arena {
    type Output = Frame;
    #[inline(always)]
    fn index(&self, index: u32) -> &Frame {
        &self.frames[index as usize]
    }
}

impl std::ops::IndexMut<u32> for Arena {
    #[inline(always)]
    fn index_mut(&mut self, index: u32) -> &mut Frame {
        &mut self.frames[index as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_keep_both_parts() {
        for priority in Priority::ALL {
            let rank = Rank::of(priority).as_copy(9);
            assert_eq!((rank.priority(), rank.copy(), rank.as_copy(0).priority()), (priority, 9, priority));
        }
    }

    #[test]
    fn the_frame_given_back_last_is_taken_first() {
        let mut arena = Arena::new(100);
        let (a, b) = (arena.take(), arena.take());
        for index in [a, b] {
            arena[index].phase = Phase::Running;
        }
        arena.release(a);
        assert_eq!(arena.take(), a);
        assert_eq!(arena.len(), 2);
    }

    #[test]
    fn one_frame_beyond_the_bound_is_given_and_told() {
        let mut arena = Arena::new(2);
        arena.take();
        arena.take();
        assert!(!arena.is_full());
        assert_eq!(arena.take(), 2);
        assert!(arena.is_full());
    }
}
