//! What is wrong in the answer of each frame: kinds of wrongness travel with answers, up to the load.
//!
//! A kind arises at one attempt of one call ([`World::arises`]): a stale row is read there, or a fault falsifies its answer. It is counted there
//! once, whatever becomes of the answer. From there it goes with the answer to the caller that hears it, and into that caller's own answer; a caller
//! that had given up hears nothing, and a failed attempt brings nothing along. When a caller hears an answer, the kinds in it that arose further down
//! are counted at its call site too ([`World::hears_wrong`]).
//!
//! So a kind is no part of the ticket, which attempts that were given up share with those that took their place. Duplicate effects and lost messages
//! are in no answer, and are counted only where they arise.
//!
//! The list beside the arena is written and read only where a frame has the flag `WRONG`: right answers pay nothing.

use super::World;
use super::frame::{FrameId, WRONG};

/// Kinds of wrongness in the answer of a frame so far, one bit each.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Kinds {
    /// Those that arose at this very attempt.
    here: u16,
    /// Those that came with answers of the calls that it made.
    below: u16,
}

/// What is wrong in the answers of all frames. What it says of a frame without the flag `WRONG` is of an earlier use of the frame.
#[derive(Debug, Default)]
pub(super) struct Wrongs {
    by_frame: Vec<Kinds>,
}

impl World<'_> {
    fn kinds(&self, frame: FrameId, flags: u16) -> Kinds {
        let kinds = self.wrongs.by_frame.get(frame.index()).copied();
        kinds.filter(|_| flags & WRONG != 0).unwrap_or_default()
    }

    fn set_kinds(&mut self, frame: FrameId, kinds: Kinds) {
        let place = frame.index();
        if self.wrongs.by_frame.len() <= place {
            self.wrongs.by_frame.resize(place + 1, Kinds::default());
        }
        self.wrongs.by_frame[place] = kinds;
        self.frames[frame].flags |= WRONG;
    }

    /// The answer of an attempt is wrong in this way. One answer is wrong in each way once.
    pub(super) fn arises(&mut self, frame: FrameId, kind: u8) {
        let at = &self.frames[frame];
        let (site, mut kinds) = (at.edge, self.kinds(frame, at.flags));
        if kinds.here & 1 << kind == 0 {
            kinds.here |= 1 << kind;
            self.set_kinds(frame, kinds);
            self.recorder.wrong_arises(site, kind);
        }
    }

    /// The answer of an attempt is wrong in these ways, one bit each.
    pub(super) fn all_arise(&mut self, frame: FrameId, kinds: u16) {
        each(kinds, |kind| self.arises(frame, kind));
    }

    /// What is wrong in the answer of a frame so far, one bit each.
    pub(super) fn wrong_in(&self, frame: FrameId) -> u16 {
        let kinds = self.kinds(frame, self.frames[frame].flags);
        kinds.here | kinds.below
    }

    /// A caller hears an answer that is wrong, of a frame that was just given back and had these flags.
    #[cold]
    pub(super) fn hears_wrong(&mut self, frame: FrameId, flags: u16, site: crate::ids::EdgeId) {
        let kinds = self.kinds(frame, flags);
        each(kinds.below & !kinds.here, |kind| self.recorder.wrong_is_passed_on(site, kind));
    }

    /// A caller uses the answer of an attempt that has these flags: what is wrong in it is wrong in the caller's own.
    #[cold]
    pub(super) fn uses_wrong(&mut self, caller: FrameId, attempt: FrameId, flags: u16) {
        let (brought, mut kinds) = (self.kinds(attempt, flags), self.kinds(caller, self.frames[caller].flags));
        kinds.below |= brought.here | brought.below;
        self.set_kinds(caller, kinds);
    }

    /// A frame that works in another one's place, or took it, hands over what is wrong in its answer. It had these flags.
    #[cold]
    pub(super) fn shares_wrong(&mut self, to: FrameId, from: FrameId, flags: u16) {
        let (brought, mut kinds) = (self.kinds(from, flags), self.kinds(to, self.frames[to].flags));
        kinds.here |= brought.here;
        kinds.below |= brought.below;
        self.set_kinds(to, kinds);
    }
}

fn each(mut kinds: u16, mut act: impl FnMut(u8)) {
    while kinds != 0 {
        act(kinds.trailing_zeros() as u8);
        kinds &= kinds - 1;
    }
}
