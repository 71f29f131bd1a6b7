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
//! A gate may find that what was read is old, so that it is used no more. Where there are gates, each frame keeps the stale reads that its answer is
//! made of, and what a gate has found is taken back (`stale`), from the slices and the list as well: what is counted is what was acted upon.
//!
//! The list beside the arena is written and read only where a frame has the flag `WRONG`: right answers pay nothing.

use super::World;
use super::frame::{FrameId, Phase, WEAKER, WRONG};
use crate::data::{Cause, Wrongness};
use crate::ids::{EdgeId, ServiceId};
use crate::model::Model;
use crate::results::{LevelShown, WrongAnswer};
use crate::topology::Node;
use std::collections::BTreeMap;

const STALE: u8 = Wrongness::StaleRead as u8;

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
    /// Whether there are gates, which may find stale reads.
    has_gates: bool,
    /// The stale reads of which the answer of a frame is made so far.
    stale: BTreeMap<FrameId, Vec<Stale>>,
}

/// A stale read that was counted.
#[derive(Debug, Clone, Copy)]
struct Stale {
    /// The call at which it was.
    site: EdgeId,
    /// When [ns].
    at: u64,
    /// Why it arose there; `None` where it came with what the callee had read.
    cause: Option<Cause>,
    /// Whether it arose at the very attempt of the frame.
    is_here: bool,
    request: u64,
}

impl Wrongs {
    pub(super) fn new(model: &Model) -> Self {
        Self { has_gates: model.edges.iter().any(|edge| edge.gate.is_some()), ..Self::default() }
    }
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
            if self.wrongs.has_gates && kind == STALE {
                let (at, request) = (self.now, self.request_of(frame));
                self.is_made_of(frame, [Stale { site, at, cause: Some(cause), is_here: true, request }]);
            }
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

    /// The answer of a frame is made of these stale reads too. What is kept of a frame without the flag `WRONG` is of an earlier use of it.
    fn is_made_of(&mut self, frame: FrameId, stale: impl IntoIterator<Item = Stale>) {
        let kept = self.wrongs.stale.entry(frame).or_default();
        if self.frames[frame].flags & WRONG == 0 {
            kept.clear();
        }
        kept.extend(stale);
    }

    /// A frame takes the stale reads of another into its answer: one that it has called (`below`), or one that worked in its place.
    fn takes_stale(&mut self, frame: FrameId, from: FrameId, below: bool) {
        if let Some(stale) = self.wrongs.stale.remove(&from) {
            self.is_made_of(frame, stale.into_iter().map(|of| Stale { is_here: of.is_here && !below, ..of }));
        }
    }

    /// A gate has found that what was read of a store, or of all where nothing else was read, is used no more: its stale reads are none, and the
    /// frame's answer is not stale because of them.
    pub(super) fn forgets_stale(&mut self, frame: FrameId, gate: EdgeId, store: ServiceId, is_all: bool) {
        let flags = self.frames[frame].flags;
        if flags & WRONG == 0 {
            return;
        }
        let all = self.wrongs.stale.remove(&frame).unwrap_or_default();
        // What the gate itself has read is used, and what a fault makes of the frame's own answer stands.
        let is_used = |of: &Stale| of.site == gate || of.is_here && of.cause == Some(Cause::Fault);
        let is_found = |of: &Stale| !is_used(of) && (is_all || self.calls.callee(of.site) == store);
        let arose = |of: &&Stale| of.cause.is_some();
        let stands: Vec<Stale> = all.iter().filter(arose).filter(|of| !is_found(of)).copied().collect();
        let is_any = !stands.is_empty();
        // What came with the answers of others goes with the last of that which they had read.
        let (passed_on, found): (Vec<Stale>, Vec<Stale>) =
            all.into_iter().filter(|of| of.cause.is_none() || is_found(of)).partition(|of| of.cause.is_none());
        let found = found.into_iter().chain(passed_on.iter().copied().filter(|_| !is_any));
        found.for_each(|of| self.takes_stale_back(of));
        let mut kinds = self.kinds(frame, flags);
        if !stands.iter().any(|of| of.is_here) {
            kinds.here &= !(1 << STALE);
        }
        if !stands.iter().any(|of| !of.is_here) {
            kinds.below &= !(1 << STALE);
        }
        if is_any {
            self.wrongs.stale.insert(frame, stands.into_iter().chain(passed_on).collect());
        }
        self.set_kinds(frame, kinds);
        if kinds == Kinds::default() {
            self.frames[frame].flags &= !WRONG;
        }
    }

    /// The run ends. Where there are gates, nobody knows yet what the requests in flight will make of what they have read: none is wrong yet.
    pub(super) fn nobody_has_acted_yet(&mut self) {
        for (frame, stale) in std::mem::take(&mut self.wrongs.stale) {
            let at = self.frames[frame];
            if at.phase != Phase::Free && at.flags & WRONG != 0 {
                stale.into_iter().for_each(|of| self.takes_stale_back(of));
            }
        }
    }

    fn takes_stale_back(&mut self, of: Stale) {
        self.recorder.wrong_is_taken_back((of.site, STALE), (of.at, self.zero), of.cause.is_some());
        if let Some(cause) = of.cause
            && let Some(at_ns) = of.at.checked_sub(self.zero)
            && let Some(list) = self.recorder.wrong_list()
        {
            let request = Some(of.request).filter(|request| *request != 0);
            list.take_back((Wrongness::StaleRead, cause), (at_ns, of.site, request));
        }
    }

    /// What is wrong in the answer of a frame so far, one bit each.
    pub(super) fn wrong_in(&self, frame: FrameId) -> u16 {
        let kinds = self.kinds(frame, self.frames[frame].flags);
        kinds.here | kinds.below
    }

    /// A caller, by its frame if it has one, hears an answer that is wrong, of a frame that was just given back and had these flags.
    #[cold]
    pub(super) fn hears_wrong(&mut self, caller: Option<FrameId>, frame: FrameId, flags: u16, site: EdgeId) {
        let kinds = self.kinds(frame, flags);
        let passed_on = kinds.below & !kinds.here;
        each(passed_on, |kind| self.recorder.wrong_is_passed_on(site, kind));
        if self.wrongs.has_gates
            && passed_on & 1 << STALE != 0
            && let Some(caller) = caller
        {
            self.is_made_of(caller, [Stale { site, at: self.now, cause: None, is_here: false, request: 0 }]);
        }
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
        self.takes_stale(caller, attempt, true);
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
        self.takes_stale(to, from, false);
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
