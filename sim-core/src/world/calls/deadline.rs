//! Deadlines, handed on from a call to every call below it.
//!
//! Each frame has a deadline: that of the call for which it works. A call's deadline is the earlier of its caller's frame's and, where the call has
//! one of its own, its begin plus that. Its attempts have that deadline, and so have all calls that they make. What nobody waits for has none:
//! background steps, messages and what their consumers do.
//!
//! The deadlines stand in a list beside the arena, which exists only where a call of the model has one (`Deadlines`). A call site below such a call
//! is `bounded`: its timers are events of their own, cut at the deadline, and before an attempt is sent it is looked at whether there is time left.
//!
//! A call site that `tells_time` sends its deadline as a time of day. The caller writes it by its clock and the callee reads it by its own, so that
//! what the list has for the callee is the true time at which the clock of the callee will show it: the deadline, plus what the caller's clock is
//! ahead, less what the callee's is. The callee looks at it as it begins (`Op::ReadsDeadline`). Clocks are wrong only while a fault makes them so.

use super::site::Site;
use crate::call::deadline::{PASSED, REFUSED};
use crate::counters::count;
use crate::engine::table::{Maybe, Table};
use crate::ids::{EdgeId, InstanceId};
use crate::outcome::Outcome;
use crate::world::World;
use crate::world::frame::{COPY, FrameId};

/// Of each frame, until when what it does is of use [ns].
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    of: Vec<u64>,
    /// By instance, how wrong its clock is; what is behind the end is right.
    clocks: Vec<Clock>,
}

/// How far a clock is ahead: a line over time, so that drift needs no events.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(in crate::world) struct Clock {
    /// How far it would have been ahead at time 0 of the calendar [ns].
    pub at_zero_ns: f64,
    /// What it gains in a unit of time.
    pub drift: f64,
}

impl Clock {
    fn ahead_ns(self, now_ns: u64) -> i64 {
        (self.at_zero_ns + self.drift * now_ns as f64).round() as i64
    }
}

impl Deadlines {
    fn of(&self, frame: FrameId) -> u64 {
        self.of.get(frame.index()).copied().unwrap_or(u64::MAX)
    }

    fn set(&mut self, frame: FrameId, deadline_ns: u64) {
        if self.of.len() <= frame.index() {
            self.of.resize(frame.index() + 1, u64::MAX);
        }
        self.of[frame.index()] = deadline_ns;
    }

    fn ahead_ns(&self, instance: Maybe<InstanceId>, now_ns: u64) -> i64 {
        let clock = instance.get().and_then(|instance| self.clocks.get(instance.index()));
        clock.map_or(0, |clock| clock.ahead_ns(now_ns))
    }
}

/// Whether any call has a deadline, so that frames have to hand them on.
pub(super) fn are_there(sites: &Table<EdgeId, Site>) -> bool {
    sites.iter().any(|site| site.bounded)
}

impl World<'_> {
    /// A frame works for nobody who waits, or for a request that has just come: it has no deadline.
    pub(in crate::world) fn has_no_deadline(&mut self, frame: FrameId) {
        if self.calls.has_deadlines {
            self.calls.deadlines.set(frame, u64::MAX);
        }
    }

    /// A frame has the deadline of another.
    pub(in crate::world) fn has_deadline_of(&mut self, frame: FrameId, other: FrameId) {
        if self.calls.has_deadlines {
            let deadline = self.calls.deadlines.of(other);
            self.calls.deadlines.set(frame, deadline);
        }
    }

    /// Until when what a frame does is of use [ns]; for ever where nothing bounds it.
    pub(in crate::world) fn deadline_of(&self, frame: FrameId) -> u64 {
        self.calls.deadlines.of(frame)
    }

    /// The frame of an attempt, or of a copy that calls in its caller's place, has the deadline of the call.
    pub(super) fn hands_on_deadline(&mut self, to: FrameId, caller: FrameId, site: EdgeId) {
        if self.calls.sites[site].bounded {
            let mut deadline = self.deadline_of_call(caller, site);
            if self.calls.sites[site].tells_time && !self.calls.deadlines.clocks.is_empty() {
                deadline = self.as_read(deadline, to, caller);
            }
            self.calls.deadlines.set(to, deadline);
        }
    }

    /// The true time at which the clock of the callee shows a deadline that was written by the clock of its caller [ns].
    #[cold]
    fn as_read(&self, deadline_ns: u64, to: FrameId, caller: FrameId) -> u64 {
        if deadline_ns == u64::MAX {
            return deadline_ns;
        }
        let ahead = |frame: FrameId| self.calls.deadlines.ahead_ns(self.frames[frame].instance, self.now);
        deadline_ns.saturating_add_signed(ahead(caller).saturating_sub(ahead(to)))
    }

    /// How far the clock of an instance is ahead [ns].
    pub(in crate::world) fn clock_ahead_ns(&self, instance: InstanceId) -> i64 {
        self.calls.deadlines.ahead_ns(instance.into(), self.now)
    }

    /// How wrong the clock of an instance is from now on.
    pub(in crate::world) fn set_clock(&mut self, instance: InstanceId, clock: Clock) {
        let clocks = &mut self.calls.deadlines.clocks;
        if clocks.len() <= instance.index() {
            if clock == Clock::default() {
                return;
            }
            clocks.resize(instance.index() + 1, Clock::default());
        }
        clocks[instance.index()] = clock;
    }

    /// Whether the deadline of a request has passed by the clock of the instance that begins it. Those that others send it as a duration are not
    /// looked at.
    pub(in crate::world) fn refuses_late(&mut self, frame: FrameId) -> bool {
        let site = self.frames[frame].edge;
        let is_late = self.calls.sites[site].tells_time && self.calls.deadlines.of(frame) <= self.now;
        if is_late {
            count!(self.calls.sites[site].counts, REFUSED);
        }
        is_late
    }

    /// When the deadline of a frame's call is [ns]; never where there is none.
    pub(super) fn deadline_of_call(&self, frame: FrameId, site: EdgeId) -> u64 {
        let at = &self.calls.sites[site];
        if !at.bounded {
            return u64::MAX;
        }
        let own = match at.deadline_ns {
            0 => u64::MAX,
            deadline => self.frames[frame].start.saturating_add(deadline),
        };
        // A copy has the first call's deadline from its caller, by its own frame: what stands in the list is of whoever had that frame before.
        let takes_place = at.follows && self.frames[frame].flags & COPY == 0;
        let first = if takes_place { self.calls.fallbacks.until(frame) } else { u64::MAX };
        own.min(first).min(self.calls.deadlines.of(frame))
    }

    /// Whether a call has no time left, so that no attempt is sent. It counts as one of those that a retry may make, so that they come to an end.
    #[cold]
    pub(super) fn is_too_late(&mut self, frame: FrameId, site: EdgeId) -> Option<Outcome> {
        if self.deadline_of_call(frame, site) > self.now {
            return None;
        }
        count!(self.calls.sites[site].counts, PASSED);
        self.gives_back_retry(frame, site);
        if self.tries(frame) > self.tries_before(frame, site) {
            self.one_more_try(frame);
        }
        Some(Outcome::Timeout)
    }
}
