//! Attempts beyond those that a frame can count: callers who never give up.
//!
//! A frame counts attempts in a byte; the last value says that the number stands here, so that the common call pays one comparison.

use crate::world::World;
use crate::world::frame::FrameId;
use std::collections::BTreeMap;

/// A frame's count of attempts that says: the number stands in [`Many`].
const MANY: u8 = u8::MAX;

/// Attempts from the 255th on, by frame. What a frame leaves here is overwritten when it counts so far again.
#[derive(Debug, Default)]
pub(super) struct Many {
    /// Attempts of a caller's present call.
    calls: BTreeMap<FrameId, u32>,
    /// Which attempt a callee's frame is.
    attempts: BTreeMap<FrameId, u32>,
}

impl World<'_> {
    /// Attempts of a frame's present call.
    #[inline]
    pub(in crate::world) fn tries(&self, frame: FrameId) -> u32 {
        match self.frames[frame].tries {
            MANY => self.calls.many.calls.get(&frame).copied().unwrap_or(u32::from(MANY)),
            few => u32::from(few),
        }
    }

    /// Counts one more attempt of a frame's present call, and tells the number.
    #[inline(always)]
    pub(super) fn one_more_try(&mut self, frame: FrameId) -> u32 {
        let at = &mut self.frames[frame];
        if at.tries < MANY - 1 {
            at.tries += 1;
            return u32::from(at.tries);
        }
        self.one_of_many(frame)
    }

    #[cold]
    fn one_of_many(&mut self, frame: FrameId) -> u32 {
        let tries = self.tries(frame).saturating_add(1);
        self.set_tries(frame, tries);
        tries
    }

    /// A frame's present call has had so many attempts.
    pub(super) fn set_tries(&mut self, frame: FrameId, tries: u32) {
        self.frames[frame].tries = tries.min(u32::from(MANY)) as u8;
        if tries >= u32::from(MANY) {
            self.calls.many.calls.insert(frame, tries);
        }
    }

    /// Which attempt of its caller's call a frame is.
    pub(in crate::world) fn attempt_number(&self, frame: FrameId) -> u32 {
        match self.frames[frame].attempt {
            MANY => self.calls.many.attempts.get(&frame).copied().unwrap_or(u32::from(MANY)),
            few => u32::from(few),
        }
    }

    /// What a callee's frame holds of its number.
    #[inline(always)]
    pub(super) fn number_attempt(&mut self, callee: FrameId, tries: u32) -> u8 {
        if tries < u32::from(MANY) {
            return tries as u8;
        }
        self.calls.many.attempts.insert(callee, tries);
        MANY
    }
}
