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
use super::frame::{FrameId, WEAKER, WRONG};
use crate::data::{Cause, Wrongness};
use crate::ids::EdgeId;
use crate::results::{LevelShown, WrongAnswer};
use crate::topology::Node;

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
    pub(super) fn arises(&mut self, frame: FrameId, kind: u8, cause: Cause) {
        let at = &self.frames[frame];
        let (site, mut kinds) = (at.edge, self.kinds(frame, at.flags));
        if kinds.here & 1 << kind == 0 {
            kinds.here |= 1 << kind;
            self.set_kinds(frame, kinds);
            self.recorder.wrong_arises(site, kind);
            self.lists_wrong(site, kind, cause, Some(frame));
        }
    }

    /// A wrong answer is counted by its cause, and listed if it is one of the first. `frame` is of the attempt, where that is known.
    #[cold]
    pub(super) fn lists_wrong(&mut self, site: EdgeId, kind: u8, cause: Cause, frame: Option<FrameId>) {
        let key = frame.and_then(|frame| self.key_in_store(frame, site));
        self.lists_wrong_row(site, kind, cause, (frame, key));
    }

    /// The same of a row that is known.
    pub(super) fn lists_wrong_row(
        &mut self,
        site: EdgeId,
        kind: u8,
        cause: Cause,
        (frame, key): (Option<FrameId>, Option<u64>),
    ) {
        let request = frame.map_or(0, |frame| self.request_of(frame));
        let shown = frame.and_then(|frame| self.shown_by(frame, site));
        self.lists(site, kind, cause, (request, key, shown));
    }

    /// The same of a request of which no frame is known; 0 of none.
    pub(super) fn lists_wrong_of(&mut self, site: EdgeId, kind: u8, cause: Cause, request: u64) {
        self.lists(site, kind, cause, (request, None, None));
    }

    fn lists(
        &mut self,
        site: EdgeId,
        kind: u8,
        cause: Cause,
        (request, key, shown): (u64, Option<u64>, Option<LevelShown>),
    ) {
        let Some(kind) = Wrongness::from_number(kind) else { return };
        let request = Some(request).filter(|request| *request != 0);
        let at_ns = self.now.saturating_sub(self.zero);
        let Some(list) = self.recorder.wrong_list() else { return };
        list.add(kind, cause, || WrongAnswer { at_ns, kind, cause, call: site, request, key, shown });
    }

    /// The row that a request touches at a store that is called.
    fn key_in_store(&self, frame: FrameId, site: EdgeId) -> Option<u64> {
        let store = self.calls.callee(site);
        match &self.model.services[store.index()].node {
            Node::Store(of) if of.keys.is_some() => Some(self.row(frame, store)),
            _ => None,
        }
    }

    /// The answer of an attempt is wrong in these ways, one bit each.
    pub(super) fn all_arise(&mut self, frame: FrameId, kinds: u16, cause: Cause) {
        each(kinds, |kind| self.arises(frame, kind, cause));
    }

    /// A stale read that has come with an answer is not used: the frame's own answer is not stale because of it.
    pub(super) fn forgets_stale(&mut self, frame: FrameId) {
        let flags = self.frames[frame].flags;
        if flags & WRONG == 0 {
            return;
        }
        let mut kinds = self.kinds(frame, flags);
        kinds.below &= !(1 << Wrongness::StaleRead as u8);
        self.set_kinds(frame, kinds);
        if kinds == Kinds::default() {
            self.frames[frame].flags &= !WRONG;
        }
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

    /// A caller uses the answer of an attempt that has these flags: what is wrong in it is wrong in the caller's own, and its level is no stronger.
    #[cold]
    pub(super) fn uses_wrong(&mut self, caller: FrameId, attempt: FrameId, flags: u16) {
        if flags & WEAKER != 0 {
            self.hears_level(caller, attempt);
        }
        if flags & WRONG == 0 {
            return;
        }
        let (brought, mut kinds) = (self.kinds(attempt, flags), self.kinds(caller, self.frames[caller].flags));
        kinds.below |= brought.here | brought.below;
        self.set_kinds(caller, kinds);
    }

    /// A frame that works in another one's place, or took it, hands over what is wrong in its answer. It had these flags.
    #[cold]
    pub(super) fn shares_wrong(&mut self, to: FrameId, from: FrameId, flags: u16) {
        if flags & WEAKER != 0 {
            self.hears_level(to, from);
        }
        if flags & WRONG == 0 {
            return;
        }
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
