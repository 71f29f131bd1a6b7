//! Work that is left: its caller has given up without cancelling it, has crashed, or has failed because of another branch, so that nobody waits for
//! what it comes to.
//!
//! Such a frame has the flag `IN_VAIN`, and so has all that works for it: the attempts, copies and branches that it has begun, which are found when
//! it is left, and those that it begins afterwards, which inherit the flag. Not in vain is what nobody ever waits for: background steps, values that
//! a cache keeps, messages. A join that has as many answers as it needs leaves its other branches wanted: the third write of three replicas is no
//! waste.

use crate::world::World;
use crate::world::calls::Calls;
use crate::world::frame::{FrameId, IN_VAIN, Phase, REGENERATES, Waiter};

/// By frame that has ever waited for branches: those of its last join. Which of them are still under way is told by their waiters.
///
/// Not a list through the branches: the frame of one that has ended may be a branch of another join by now.
#[derive(Debug, Default)]
pub(super) struct Branches(Vec<Vec<FrameId>>);

impl Branches {
    /// The branches of a frame's last join; of a join under way that is this one.
    fn of(&self, frame: FrameId) -> &[FrameId] {
        self.0.get(frame.index()).map_or(&[], Vec::as_slice)
    }
}

impl Calls {
    /// A frame begins to wait for branches.
    pub(in crate::world) fn forks(&mut self, frame: FrameId) {
        let branches = &mut self.branches.0;
        if branches.len() <= frame.index() {
            branches.resize_with(frame.index() + 1, Vec::new);
        }
        branches[frame.index()].clear();
    }

    /// A frame that waits for branches has begun one more.
    pub(in crate::world) fn begins_branch(&mut self, frame: FrameId, branch: FrameId) {
        self.branches.0[frame.index()].push(branch);
    }
}

impl World<'_> {
    /// Nobody waits any more for what a frame comes to, nor for anything that works for it.
    pub(in crate::world) fn is_left(&mut self, frame: FrameId) {
        let mut left = vec![frame];
        while let Some(frame) = left.pop() {
            let at = &mut self.frames[frame];
            if at.flags & IN_VAIN != 0 {
                continue;
            }
            at.flags |= IN_VAIN;
            self.goes_on_in_vain(frame);
            self.works_below(frame, &mut left);
        }
    }

    /// The branches of a frame that waits for them are left.
    pub(in crate::world) fn branches_are_left(&mut self, frame: FrameId) {
        let mut left = Vec::new();
        self.works_below(frame, &mut left);
        left.into_iter().for_each(|branch| self.is_left(branch));
    }

    /// The attempt for which a frame waits is left, if it is under way.
    pub(in crate::world) fn callee_is_left(&mut self, frame: FrameId) {
        let at = &self.frames[frame];
        let (callee, seq) = (at.next.callee(), at.seq);
        if self.belongs(callee, frame, seq) {
            self.is_left(callee);
        }
    }

    /// The frames that work for another one at this moment.
    fn works_below(&self, frame: FrameId, below: &mut Vec<FrameId>) {
        let at = &self.frames[frame];
        match at.phase {
            Phase::Calling => {
                below.extend(Some(at.next.callee()).filter(|&callee| self.belongs(callee, frame, at.seq)));
            }
            Phase::Hedging => below.extend(self.calls.races.copies(at.next.of_race())),
            Phase::Joining => {
                // One who waits for a value of a cache has begun no branches here, but its frame may have before, and what makes the value may lie
                // where one of them did: that works for others too.
                let is_left = |branch: &FrameId| {
                    self.frames[*branch].flags & REGENERATES == 0 && self.belongs(*branch, frame, at.seq)
                };
                below.extend(self.calls.branches.of(frame).iter().copied().filter(is_left));
            }
            _ => {}
        }
    }

    /// What a frame does from now on it does for nobody who waits, and not in vain: background steps.
    pub(in crate::world) fn works_by_itself(&mut self, frame: FrameId) {
        let at = &mut self.frames[frame];
        at.waiter = Waiter::NOBODY;
        at.flags &= !IN_VAIN;
    }
}
