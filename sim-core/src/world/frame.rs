//! The arena of frames: one frame an attempt, 64 bytes, one cache line.
//!
//! A frame is also the caller of the calls that its steps make. `seq` is the sequence number of what it waits for, and so its
//! generation: a reply, a timeout or the end of work is live when it carries that number. Free frames form a LIFO list, so that the
//! line that was touched last is used next.

use super::program::Pc;
use crate::engine::calendar::LAST_INDEX;
use crate::engine::table::{Maybe, Table, id};
use crate::ids::{EdgeId, InstanceId};
use crate::workload::Priority;

/// A frame's place in the arena.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FrameId(u32);

id!(FrameId);

impl FrameId {
    /// The place, for a list beside the arena.
    #[inline(always)]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Who waits for the answer of a frame: the caller's frame and the number for which it waits, in one word.
///
/// A sequence number leaves its low bits free, and the place of a frame fits into them; so both are compared at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiter(u64);

impl Waiter {
    const PLACE: u64 = LAST_INDEX as u64;
    /// A load class that has no frame for the request.
    pub const LOAD: Self = Self(Self::PLACE);
    /// Nobody: the caller has its answer already, or nobody ever waited.
    pub const NOBODY: Self = Self(Self::PLACE - 1);

    /// The frame that waits for this number.
    #[inline(always)]
    pub fn new(frame: FrameId, seq: u64) -> Self {
        debug_assert!(seq & Self::PLACE == 0 && u64::from(frame.0) < Self::PLACE - 1);
        Self(seq | u64::from(frame.0))
    }

    /// The frame that waits, or waited; `None` where no frame ever did.
    #[inline(always)]
    pub fn frame(self) -> Option<FrameId> {
        let place = self.0 & Self::PLACE;
        (place < Self::PLACE - 1).then_some(FrameId(place as u32))
    }

    /// The number for which it waits.
    #[inline(always)]
    pub fn seq(self) -> u64 {
        self.0 & !Self::PLACE
    }
}

/// What a frame points to, which depends on what it is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link(u32);

impl Link {
    /// Nothing.
    pub const NONE: Self = Self(u32::MAX);

    /// The next in a queue or on the free list, or the callee during a call.
    #[inline(always)]
    pub const fn to(frame: FrameId) -> Self {
        Self(frame.0)
    }

    /// The next in a queue or on the free list.
    #[inline(always)]
    pub fn next(self) -> Maybe<FrameId> {
        Maybe::raw(self.0)
    }

    /// During a call, the callee.
    #[inline(always)]
    pub fn callee(self) -> FrameId {
        FrameId(self.0)
    }

    /// During a join, the branches that have not ended, and how many of them have to succeed.
    pub fn join(out: u32, needed: u32) -> Self {
        debug_assert!(out < 1 << 16 && needed < 1 << 16);
        Self(out << 16 | needed)
    }

    /// Branches that have not ended, and how many of them have to succeed.
    pub fn branches(self) -> (u32, u32) {
        (self.0 >> 16, self.0 & 0xffff)
    }

    /// During a hedged call, its race.
    pub fn race(race: u32) -> Self {
        Self(race)
    }

    /// While a call waits before its attempt is sent, the gate at which it does.
    pub fn gate(gate: usize) -> Self {
        Self(gate as u32)
    }

    /// The gate at which a call waits.
    pub fn of_gate(self) -> usize {
        self.0 as usize
    }

    /// The race of a hedged call.
    pub fn of_race(self) -> usize {
        self.0 as usize
    }
}

/// Holds a worker of its instance.
pub const HELD: u16 = 1;
/// Saw something wrong (a stale row), so that an ok reply is a wrong one.
pub const WRONG: u16 = 2;
/// A branch of a fork, or background steps: works inside another frame's place.
pub const BRANCH: u16 = 4;
/// A load class's request or a message: a caller that is no endpoint.
pub const CLIENT: u16 = 8;
/// Counted in its service.
pub const INSIDE: u16 = 16;
/// A closed user made the request, and thinks when it is answered.
pub const CLOSED_USER: u16 = 32;
/// A copy of a hedged call: what it comes to decides the call.
pub const COPY: u16 = 64;
/// Fails because a call failed that it made, and not by its own doing.
pub const BELOW: u16 = 128;
/// Works for a request to which a probe listens.
pub const WATCHED: u16 = 256;
/// A branch that makes a value of a cache.
pub const REGENERATES: u16 = 512;
/// Its present call was turned away before any attempt was sent, and is tried again.
pub const NOT_SENT: u16 = 1024;
/// Holds a place of the retry budget of its present call, for a retry that waits for its turn or is under way.
pub const RETRIES: u16 = 2048;
/// Exists because its call, or one above it, was tried again or hedged.
pub const AGAIN: u16 = 4096;
/// Nobody waits for what it comes to: its caller, or one above it, has given up or is gone.
pub const IN_VAIN: u16 = 8192;
/// Carries a weaker level than that with which it began, of which whoever hears its answer has to know.
pub const WEAKER: u16 = 16384;
/// The delivery of a message that fails on every consumer.
pub const POISONED: u16 = 32768;
/// What a frame hands on to the attempts, branches and copies that it begins.
pub const HANDED_ON: u16 = AGAIN | IN_VAIN;

/// What a frame is doing. A crash, a change of speed or a cancellation decides by it what has to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// On the free list.
    Free,
    /// About to run, or running now.
    Running,
    /// Its request waits for an address or a connection before it is sent.
    Unsent,
    /// Its request is on the way to the callee.
    Arriving,
    /// A message that its consumer keeps a worker for, while it is on its way.
    HandedOver,
    /// Waits for a worker.
    Queued,
    /// Given up while it waited for a worker: skipped when it comes up.
    Skipped,
    /// A health check, which is no request and counted nowhere, on the way to its instance.
    CheckArriving,
    /// A health check that waits for a worker behind the requests.
    CheckQueued,
    /// A health check that its instance has taken, and will answer at a time that is known, or when it is no longer frozen.
    CheckHeld,
    /// The answer to a health check, on the way back.
    CheckReplying,
    /// At work or waiting for time to pass; `start` is when it will be done.
    Working,
    /// At work on shared cores.
    Sharing,
    /// Waits for the disk of its instance.
    AtDisk,
    /// A write that waits until regions agree.
    Agreeing,
    /// Waits for a place at a gate (a limit, a pool of connections), before its attempt is sent.
    Waiting,
    /// Has such a place, and goes on at this very moment or at a time that is known.
    Admitted,
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
    /// A participant of a two-phase commit that has done its work, and waits for the decision.
    Prepared,
    /// A message in a queue.
    Message,
}

impl Phase {
    /// Whether it is a health check's.
    pub fn is_check(self) -> bool {
        matches!(self, Self::CheckArriving | Self::CheckQueued | Self::CheckHeld | Self::CheckReplying)
    }
}

/// One attempt.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub struct Frame {
    /// Identity of this piece of work, the same in every variant of a scenario; all its draws derive from it.
    pub key: u64,
    /// Number of what it waits for; 0 if nothing.
    pub seq: u64,
    /// Who waits for its answer.
    pub waiter: Waiter,
    /// When the caller sent it [ns].
    pub arrived: u64,
    /// Begin of its present call, end of its present work, or when it began to queue [ns]. Of a health check, its checker.
    pub start: u64,
    /// Where it runs.
    pub instance: Maybe<InstanceId>,
    /// What it does next, or is doing.
    pub pc: Pc,
    /// Next in a queue or on the free list; the callee's frame during a call; during a join the branches still out and needed; during a
    /// hedged call its race; before an attempt the gate at which it waits.
    pub next: Link,
    /// The call site by which it came.
    pub edge: EdgeId,
    /// `HELD`, `WRONG` ...
    pub flags: u16,
    /// Attempts of its present call.
    pub tries: u8,
    /// Which attempt of its caller's call it is.
    pub attempt: u8,
    /// Worst outcome so far.
    pub outcome: u8,
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
    /// Who waits for its answer.
    pub waiter: Waiter,
    /// When the caller sent it [ns].
    pub arrived: u64,
    /// The call site by which it came.
    pub edge: EdgeId,
    /// `WRONG`, `CLOSED_USER` ...
    pub flags: u16,
}

const EMPTY: Frame = Frame {
    key: 0,
    seq: 0,
    waiter: Waiter::LOAD,
    arrived: 0,
    start: 0,
    instance: Maybe::NONE,
    pc: Pc::START,
    next: Link::NONE,
    edge: EdgeId(0),
    flags: 0,
    tries: 0,
    attempt: 0,
    outcome: 0,
    phase: Phase::Free,
    rank: Rank::of(Priority::CriticalPlus),
};

/// How many frames may be in use at once, whatever is asked for. What is left below the last index is for what one event begins before
/// anybody asks.
const MOST_FRAMES: u32 = crate::topology::MOST_IN_FLIGHT as u32;

const _: () = assert!(size_of::<Frame>() == 64);
const _: () = assert!(MOST_FRAMES < LAST_INDEX - (1 << 20));

impl From<Maybe<FrameId>> for Link {
    #[inline(always)]
    fn from(frame: Maybe<FrameId>) -> Self {
        Self(frame.to_raw())
    }
}

/// All frames.
#[derive(Debug)]
pub struct Arena {
    frames: Table<FrameId, Frame>,
    /// The frame that was given back last.
    free: Maybe<FrameId>,
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
        Self { frames: Table::with_capacity(1024), free: Maybe::NONE, look_at: 0, is_full: false, most }
    }

    /// Takes a frame; its contents are as [`EMPTY`] but for what the last owner left in fields that `init` overwrites.
    #[inline(always)]
    pub fn take(&mut self) -> FrameId {
        if let Some(frame) = self.free.get() {
            self.free = self.frames[frame].next.next();
            return frame;
        }
        self.grow()
    }

    #[inline(never)]
    fn grow(&mut self) -> FrameId {
        let frames = self.len();
        assert!(frames < LAST_INDEX - 1, "frames are taken without asking whether all are in use");
        if frames >= self.most {
            self.is_full = true;
            self.look_at = 0;
        }
        self.frames.push(EMPTY)
    }

    /// All frames that were ever in use.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = FrameId> + ExactSizeIterator + use<> {
        self.frames.ids()
    }

    /// How many more frames may be in use at once than ever were.
    pub fn room(&self) -> u32 {
        self.most.saturating_sub(self.len())
    }

    /// Whether more frames were in use than may be: the run has to end.
    #[inline(always)]
    pub fn is_full(&self) -> bool {
        self.is_full
    }

    /// Gives a frame back, and tells what its caller may want to know.
    #[inline(always)]
    pub fn release(&mut self, id: FrameId) -> Ended {
        let frame = &mut self.frames[id];
        debug_assert!(frame.phase != Phase::Free, "{id:?} is given back twice");
        debug_assert!(frame.flags & RETRIES == 0, "{id:?} is given back with a place of a retry budget");
        frame.seq = 0;
        frame.phase = Phase::Free;
        frame.next = self.free.into();
        self.free = id.into();
        Ended { waiter: frame.waiter, arrived: frame.arrived, edge: frame.edge, flags: frame.flags }
    }

    /// Whether the frame waits for what has this number.
    #[inline(always)]
    pub fn waits_for(&self, frame: FrameId, seq: u64) -> bool {
        self.frames[frame].seq == seq
    }

    /// The frame that waits, if it still does.
    #[inline(always)]
    pub fn waiting(&self, waiter: Waiter) -> Option<FrameId> {
        waiter.frame().filter(|&frame| self.frames[frame].seq == waiter.seq())
    }

    /// Whether the event of this index and number is one for which a frame waits.
    #[inline(always)]
    pub fn wanted(&self, index: u32, seq: u64) -> bool {
        self.waits_for(FrameId(index), seq)
    }

    /// Number of frames that were ever in use at once.
    pub fn len(&self) -> u32 {
        self.frames.len() as u32
    }
}

impl std::ops::Index<FrameId> for Arena {
    type Output = Frame;
    #[inline(always)]
    fn index(&self, frame: FrameId) -> &Frame {
        &self.frames[frame]
    }
}

impl std::ops::IndexMut<FrameId> for Arena {
    #[inline(always)]
    fn index_mut(&mut self, frame: FrameId) -> &mut Frame {
        &mut self.frames[frame]
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
    fn a_waiter_keeps_both_parts() {
        let (frame, seq) = (FrameId(LAST_INDEX - 2), 3 << 28);
        let waiter = Waiter::new(frame, seq);
        assert_eq!((waiter.frame(), waiter.seq()), (Some(frame), seq));
        assert_eq!((Waiter::LOAD.frame(), Waiter::NOBODY.frame()), (None, None));
        assert_ne!(Waiter::LOAD, Waiter::NOBODY);
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
        assert_eq!(arena.take(), FrameId(2));
        assert!(arena.is_full());
    }
}
