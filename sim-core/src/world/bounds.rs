//! Bounds that end a run before its time, so that none hangs, panics or fills the machine: events, attempts in flight, and how much may
//! happen while time stands still. The bound of the backlog is looked at where requests queue.
//!
//! Events are bounded exactly, by one comparison an event. Steps that take no time happen within one event, in the interpreter; what can
//! multiply there is counted: branches, retries, and the calls of endpoints that may take no time.

use super::World;
use crate::engine::calendar::SEQUENCES;
use crate::results::Stopped;

/// Events and steps that may happen at one instant: as many as an event for each attempt that can be in flight.
const MOST_AT_ONCE: u64 = 1 << 25;
/// Events from one look at the clock to the next, unless the bound of events is nearer.
const LOOK_EVERY: u64 = 1 << 20;
/// Numbers that are left when a run is stopped because they run out; the rest is for what happens between two looks.
const SPARE_SEQUENCES: u64 = 1 << 32;

/// How much has happened at one instant.
#[derive(Debug, Default)]
pub(super) struct Instant {
    at_ns: u64,
    steps: u64,
}

impl World<'_> {
    /// Looks at the bounds before the next event, which is at `next_ns`. Tells whether the run has come to its end.
    #[cold]
    #[inline(never)]
    pub(super) fn look_at_bounds(&mut self, next_ns: u64) -> bool {
        if self.done {
            return true;
        }
        if self.frames.is_full() {
            self.stop_for_in_flight();
            return true;
        }
        self.now = next_ns;
        let most = self.model.run.max_events;
        if self.events >= most || self.calendar.sequences() > SEQUENCES - SPARE_SEQUENCES {
            self.stop(Stopped::Events { at_ns: self.since_zero(self.now) });
            return true;
        }
        self.frames.look_at = most.min(self.events + LOOK_EVERY);
        // The first look is before the first event.
        if self.events > 0 && self.now == self.instant.at_ns {
            return self.too_much_at_once(LOOK_EVERY);
        }
        self.pass_to(self.now);
        false
    }

    fn pass_to(&mut self, now: u64) {
        if self.instant.at_ns != now {
            self.instant = Instant { at_ns: now, steps: 0 };
        }
    }

    /// Counts steps that take no time. Tells whether there were too many at this instant, so that the run ends here.
    #[cold]
    #[inline(never)]
    pub(super) fn too_much_at_once(&mut self, steps: u64) -> bool {
        self.pass_to(self.now);
        self.instant.steps += steps;
        if self.frames.is_full() {
            self.stop_for_in_flight();
        } else if self.instant.steps > MOST_AT_ONCE {
            self.stop(Stopped::TimeStandsStill { at_ns: self.since_zero(self.now) });
        }
        self.done
    }

    /// More attempts are in flight than may be.
    #[cold]
    #[inline(never)]
    pub(super) fn stop_for_in_flight(&mut self) {
        let mut there = vec![0_u64; self.stations.services().count()];
        for site in self.calls.ids() {
            there[self.calls.callee(site).index()] += self.calls.under_way(site);
        }
        let most = (0..there.len()).max_by_key(|&service| (there[service], usize::MAX - service));
        let service = most.map_or_else(String::new, |service| self.model.services[service].name.clone());
        self.stop(Stopped::InFlight { at_ns: self.since_zero(self.now), service });
    }

    /// Ends the run for a bound, when the step that has begun is over: what is counted until then is in the results.
    pub(super) fn stop(&mut self, why: Stopped) {
        if !self.done {
            self.stopped = Some(why);
            self.done = true;
            self.frames.look_at = 0;
            self.ready.clear();
        }
    }
}
