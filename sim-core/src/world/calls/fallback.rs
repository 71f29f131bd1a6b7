//! Fallbacks while calls run: answers that callers keep, and calls that take the place of others.
//!
//! Another call is an operation behind the first, which only a failed call comes to (`Step::Fallback` in the program): it begins as any call does, so
//! that doormen, timeouts, retries and cancellation need to know nothing of it. What it ends with is what the first call ends with: no outcome is
//! counted for the first when it fails, and where counts are read those of the other call are added (`adds_other`). Its deadline is the first call's
//! too, and stands in a list by frame, because a frame's own deadline holds for its later calls as well.

use super::call::Then;
use crate::call::fallback::{self, Answer, Fallback, Memory, Source};
use crate::counters::count;
use crate::data::{Cause, Wrongness};
use crate::engine::math::whole_ns;
use crate::engine::rng::{Keyed, mix};
use crate::engine::table::Maybe;
use crate::ids::EdgeId;
use crate::model::Model;
use crate::outcome::Outcome;
use crate::results::EdgeCounts;
use crate::world::World;
use crate::world::frame::{FrameId, Phase};

const FALLBACK: u64 = 0x34;

/// What callers keep of answers, and which calls take the place of others.
#[derive(Debug, Default)]
pub(super) struct Fallbacks {
    pub(super) memory: Memory,
    /// By call site: the other call, and what its answers count as; empty where no call has one.
    others: Vec<Option<(EdgeId, Option<Outcome>)>>,
    /// By call site: the call whose place it takes; empty in the same way.
    firsts: Vec<Maybe<EdgeId>>,
    /// By frame that makes another call: the deadline of the first [ns].
    until: Vec<u64>,
}

impl Fallbacks {
    pub(super) fn new(model: &Model) -> Self {
        if model.edges.iter().all(|edge| edge.other_call().is_none()) {
            return Self::default();
        }
        let of = |edge: &crate::topology::Edge| Some((edge.other_call()?, edge.fallback.as_ref()?.outcome));
        let others: Vec<_> = model.edges.iter().map(of).collect();
        let mut firsts = vec![Maybe::NONE; others.len()];
        for (first, other) in others.iter().enumerate() {
            if let Some((other, _)) = other {
                firsts[other.index()] = EdgeId::from(first).into();
            }
        }
        Self { others, firsts, ..Self::default() }
    }

    /// The call that takes the place of this one, and what its answers count as.
    pub(super) fn other_of(&self, site: EdgeId) -> Option<(EdgeId, Option<Outcome>)> {
        self.others.get(site.index()).copied().flatten()
    }

    /// The call whose place this one takes.
    pub(super) fn first_of(&self, site: EdgeId) -> Option<EdgeId> {
        self.firsts.get(site.index())?.get()
    }

    /// The deadline of the call whose place a frame's call takes [ns].
    pub(super) fn until(&self, frame: FrameId) -> u64 {
        self.until.get(frame.index()).copied().unwrap_or(u64::MAX)
    }

    fn set_until(&mut self, frame: FrameId, until: u64) {
        if self.until.len() <= frame.index() {
            self.until.resize(frame.index() + 1, u64::MAX);
        }
        self.until[frame.index()] = until;
    }
}

/// Adds to the counts of a call how the calls have ended that took its place.
pub(super) fn adds_other(counts: &mut EdgeCounts, other: &EdgeCounts, outcome: Option<Outcome>) {
    for (number, ended) in other.call_outcomes.into_iter().enumerate() {
        let counts_as = outcome.map_or(number, |least| number.max(least as usize));
        counts.call_outcomes[counts_as] += ended;
    }
}

impl World<'_> {
    /// A call has failed for good, and has a fallback. `None` where that does not answer this failure.
    pub(super) fn tries_fallback(&mut self, frame: FrameId, site: EdgeId, outcome: Outcome) -> Option<Then> {
        let Fallback { latency, outcomes, source, .. } = self.in_force.edges[site.index()].fallback.as_ref()?;
        if !outcomes.contains(&outcome) {
            return None;
        }
        if let Source::Kept { max_age, key } = *source {
            let of = self.kept_as(frame, site, key);
            if self.calls.fallbacks.memory.not_older(of, self.now, max_age).is_none() {
                count!(self.calls.sites[site].counts, fallback::NOTHING_KEPT);
                return None;
            }
        }
        let key = mix(self.call_key(frame, site), FALLBACK);
        let wait = whole_ns(latency.build().sample(&mut Keyed::new(key)));
        count!(self.calls.sites[site].counts, fallback::USED);
        if wait == 0 {
            return Some(Then::Run(self.falls_back(frame, site)));
        }
        self.wakes_after(frame, wait, Phase::Fallback);
        Some(Then::Wait)
    }

    /// The fallback answers, or its call begins.
    pub(super) fn falls_back(&mut self, frame: FrameId, site: EdgeId) -> FrameId {
        let fallback = self.in_force.edges[site.index()].fallback.as_ref();
        let (source, outcome) = fallback.map_or((Source::Itself, None), |f| (f.source, f.outcome));
        match source {
            Source::Itself => {}
            Source::Kept { key, .. } => {
                let of = self.kept_as(frame, site, key);
                let wrong = self.calls.fallbacks.memory.last(of).map_or(0, |answer| answer.wrong);
                self.all_arise(frame, wrong | 1 << Wrongness::StaleRead as u8, Cause::Kept);
                self.hears_kept(frame, self.calls.callee(site), &[]);
            }
            Source::Call(_) => return self.starts_other_call(frame, site, outcome),
        }
        self.goes_on(frame, site, outcome.unwrap_or(Outcome::Degraded) as u8)
    }

    /// The frame goes to the call that stands behind the one that failed, and behind the operation that would pass it.
    fn starts_other_call(&mut self, frame: FrameId, site: EdgeId, outcome: Option<Outcome>) -> FrameId {
        if self.calls.has_deadlines {
            let until = self.deadline_of_call(frame, site);
            self.calls.fallbacks.set_until(frame, until);
        }
        let at = &mut self.frames[frame];
        // If the other call fails too, the request does, whatever stands here.
        at.outcome = at.outcome.max(outcome.map_or(0, |outcome| outcome as u8));
        at.phase = Phase::Running;
        at.pc += 2;
        frame
    }

    /// A caller keeps the answer that has just come.
    #[cold]
    pub(super) fn keeps_answer(&mut self, frame: FrameId, site: EdgeId) {
        let Some(fallback) = &self.in_force.edges[site.index()].fallback else { return };
        let Source::Kept { key, .. } = fallback.source else { return };
        let of = self.kept_as(frame, site, key);
        // The frame of the attempt was given back, and still says what was wrong in its answer.
        let wrong = self.wrong_in(self.frames[frame].next.callee());
        self.calls.fallbacks.memory.keep(of, Answer { at_ns: self.now, wrong });
    }

    /// Under what a caller keeps the answer to a request.
    fn kept_as(&self, frame: FrameId, site: EdgeId, key: Option<crate::ids::KeySpaceId>) -> (usize, EdgeId, u64) {
        let key = key.map_or(0, |space| self.data.key_in(space, self.request_of(frame)));
        (self.shared_of(frame, site), site, key)
    }
}
