//! The interpreter: walks a frame through its operations until it has to wait.

use super::frame::{BRANCH, FrameId, HANDED_ON, Link, Phase, REGENERATES, WEAKER, WRONG, Waiter};
use super::probe::Stage;
use super::program::{Fork, Op, Pc};
use super::{World, fact};
use crate::engine::rng::{Keyed, mix};
use crate::outcome::Outcome;

/// Keeps the draws of one purpose apart from those of another.
const CHOOSE: u64 = 0x11;
const FAIL: u64 = 0x12;
const FORK: u64 = 0x13;

impl World<'_> {
    /// Runs a frame, and each frame to which it hands on, until none can go on at once.
    #[inline(always)]
    pub(super) fn advance(&mut self, mut frame: FrameId) {
        loop {
            // As with events: few enough arms to be told by comparison.
            let next = match self.program.ops[self.frames[frame].pc] {
                Op::Work { sampler, place } => self.start_work(frame, sampler, place),
                Op::Call { site, frees } => {
                    if frees {
                        self.release_worker(frame);
                    }
                    self.call(frame, site)
                }
                Op::End => {
                    let at = &self.frames[frame];
                    let outcome = at.outcome;
                    if at.flags & BRANCH == 0 { self.finish(frame, outcome) } else { self.branch_end(frame, outcome) }
                }
                other => self.rare(frame, other),
            };
            match next {
                Some(next) => frame = next,
                None => return,
            }
        }
    }

    #[inline(never)]
    fn rare(&mut self, frame: FrameId, op: Op) -> Option<FrameId> {
        match op {
            Op::Wait { sampler, place } => return self.start_wait(frame, sampler, place),
            Op::Disk { work, place } => return self.asks_disk(frame, self.program.disk_work[work as usize], place),
            Op::BranchEnd => {
                let outcome = self.frames[frame].outcome;
                return self.branch_end(frame, outcome);
            }
            Op::ClientEnd => {
                let outcome = self.frames[frame].outcome;
                return self.client_end(frame, outcome);
            }
            Op::Jump(to) => {
                self.frames[frame].pc = to;
                return Some(frame);
            }
            Op::Release => self.release_worker(frame),
            Op::Leave => self.leave(frame),
            Op::Choose { first, count } => {
                self.choose(frame, first, count);
                return Some(frame);
            }
            Op::Fork(fork) => return self.fork(frame, fork),
            Op::Drop => {
                self.gone(frame);
                return None;
            }
            Op::Hedge { site, frees } => {
                if frees {
                    self.release_worker(frame);
                }
                if !self.too_much_at_once(1) {
                    self.hedged_call(frame, site);
                }
                return None;
            }
            Op::CallAtOnce { site, frees } => {
                if self.too_much_at_once(1) {
                    return None;
                }
                if frees {
                    self.release_worker(frame);
                }
                return self.call_at_once(frame, site);
            }
            Op::Copy(site) => return self.copy_starts(frame, site),
            Op::CopyEnd(site) => {
                let outcome = self.frames[frame].outcome;
                return self.copy_ends(frame, site, outcome);
            }
            Op::Reply(outcome) => self.reply_early(frame, outcome as u8),
            Op::Fail(chance, outcome) => {
                let place = self.place(frame);
                let draw = Keyed::new(mix(self.frames[frame].key, FAIL ^ (place << 8))).unit();
                if draw < self.program.chances[chance as usize] {
                    return self.fail(frame, outcome as u8);
                }
            }
            Op::Spawn(at) => {
                if self.too_much_at_once(1) {
                    return None;
                }
                let branch = self.branch(frame, at, 0);
                self.works_by_itself(branch);
                self.has_no_deadline(branch);
                self.ready.push(branch);
            }
            Op::Agree(service) => return self.agree(frame, service),
            Op::AsksRegions(service) => return self.asks_regions(frame, service),
            Op::Read(service) => return self.reads(frame, service),
            Op::Take(service) => return self.takes_stock(frame, service),
            Op::Confirm(service) if !self.confirms(frame, service) => return self.fail(frame, Outcome::Error as u8),
            Op::Write(service) => return self.writes(frame, service),
            Op::CompareAndSet(service) => return self.compare_and_set(frame, service),
            Op::ReadsDeadline if self.refuses_late(frame) => return self.fail(frame, Outcome::Timeout as u8),
            Op::Saga(service, mark) => return self.saga_mark(frame, service, mark),
            Op::Known(end) if self.brings_a_known_key(frame) => {
                self.frames[frame].pc = end;
                return Some(frame);
            }
            Op::Requires(level) if !self.reaches(frame, level) => return self.fail(frame, Outcome::Refused as u8),
            Op::Provides(level) => self.provides(frame, level),
            Op::ComesToGate(site) => self.comes_to_gate(frame, site),
            Op::PassesGate(site) => return self.passes_gate(frame, site),
            Op::ReadsDeadline | Op::Known(_) | Op::Requires(_) | Op::Confirm(_) => {}
            Op::Enqueue(_) if self.too_much_at_once(1) => return None,
            Op::Enqueue(service) => return self.enqueue(frame, service),
            Op::Asks => self.asks_cache(frame),
            Op::Answers => self.cache_answers(frame),
            Op::Lookup(number) => return self.look_up(frame, number),
            Op::Invalidate(number) => self.invalidates(frame, number),
            Op::Work { .. } | Op::Call { .. } | Op::End => {
                unreachable!("handled by the interpreter itself")
            }
        }
        self.frames[frame].pc += 1;
        Some(frame)
    }

    /// Where a frame stands in its endpoint's code: the same whatever other endpoints there are.
    #[inline(always)]
    pub(super) fn place(&self, frame: FrameId) -> u64 {
        let at = &self.frames[frame];
        u64::from(at.pc.0.wrapping_sub(self.program.entry[self.calls.endpoint(at.edge)].0))
    }

    fn choose(&mut self, frame: FrameId, first: u32, count: u16) {
        let place = self.place(frame);
        let at = &mut self.frames[frame];
        let draw = Keyed::new(mix(at.key, CHOOSE ^ (place << 8))).unit();
        let arms = &self.program.choices[first as usize..first as usize + usize::from(count)];
        let arm = arms.iter().find(|arm| draw < arm.0).unwrap_or(&arms[arms.len() - 1]);
        at.pc = arm.1;
    }

    /// A frame for steps that run beside their endpoint's own, in its place.
    pub(super) fn branch(&mut self, frame: FrameId, at: Pc, number: u64) -> FrameId {
        let branch = self.frames.take();
        let parent = self.frames[frame];
        let place = self.place(frame);
        let new = &mut self.frames[branch];
        *new = parent;
        new.key = mix(parent.key, FORK ^ (place << 8) ^ (number << 40));
        new.seq = 0;
        new.waiter = Waiter::new(frame, parent.seq);
        new.pc = at;
        new.tries = 0;
        new.outcome = 0;
        new.flags = BRANCH | parent.flags & HANDED_ON;
        new.phase = Phase::Running;
        self.works_for(branch, frame);
        branch
    }

    fn fork(&mut self, frame: FrameId, fork: u32) -> Option<FrameId> {
        let Fork { first, branches, count, need } = self.program.forks[fork as usize];
        if self.too_much_at_once(u64::from(count)) {
            return None;
        }
        let seq = self.calendar.next_sequence();
        let at = &mut self.frames[frame];
        at.seq = seq;
        at.phase = Phase::Joining;
        at.next = Link::join(u32::from(count), u32::from(need));
        if need == 0 || count == 0 {
            at.seq = 0;
            at.pc += 1;
            return Some(frame);
        }
        // The last is pushed first, so that branches start in the order in which they are written.
        self.calls.forks(frame);
        for number in (0..u32::from(count)).rev() {
            let code = self.program.branches[(first + number % branches) as usize];
            let branch = self.branch(frame, code, u64::from(number));
            self.calls.begins_branch(frame, branch);
            self.ready.push(branch);
        }
        None
    }

    /// A branch is done: tells the frame that waits for it, if that still waits.
    pub(super) fn branch_end(&mut self, branch: FrameId, outcome: u8) -> Option<FrameId> {
        let regenerates = self.frames[branch].flags & REGENERATES != 0;
        let outcome = if regenerates { self.regeneration_ends(branch, outcome) } else { outcome };
        let at = self.frames[branch];
        self.digest.fact(self.now, at.key, fact::BRANCH_ENDED | u64::from(outcome));
        self.stage(branch, Stage::Stops);
        self.frames.release(branch);
        let caller = self.frames.waiting(at.waiter)?;
        if at.flags & (WRONG | WEAKER) != 0 && outcome <= Outcome::Degraded as u8 {
            self.shares_wrong(caller, branch, at.flags);
        }
        let parent = &mut self.frames[caller];
        let (out, needed) = parent.next.branches();
        let out = out - 1;
        if outcome > 1 {
            parent.next = Link::join(out, needed);
            if out < needed {
                // The failure that decides is the reason of the whole.
                parent.flags |= at.flags & super::frame::BELOW;
                self.branches_are_left(caller);
                self.frames[caller].seq = 0;
                if let Some(next) = self.saga_fork_fails(caller) {
                    return Some(next);
                }
                return self.fail(caller, outcome);
            }
            return None;
        }
        parent.outcome = parent.outcome.max(outcome);
        parent.next = Link::join(out, needed - 1);
        if needed > 1 {
            return None;
        }
        parent.seq = 0;
        parent.pc += 1;
        parent.phase = Phase::Running;
        Some(caller)
    }

    /// A frame cannot go on: ends it with this outcome, whatever it is.
    pub(super) fn fail(&mut self, frame: FrameId, outcome: u8) -> Option<FrameId> {
        let flags = self.frames[frame].flags;
        if flags & BRANCH != 0 {
            self.branch_end(frame, outcome)
        } else if flags & super::frame::CLIENT != 0 {
            self.client_end(frame, outcome)
        } else {
            self.finish(frame, outcome)
        }
    }
}
