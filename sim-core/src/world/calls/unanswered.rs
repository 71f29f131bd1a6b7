//! Requests that are still without an answer when the run ends, and when each of them became unanswered.
//!
//! A request in flight at the end is either young, and nobody can know how it would have gone on (it is censored, and only counted in
//! `in_flight`), or it has waited longer than its caller could be expected to wait: then it is *unanswered*. An unanswered request counts
//! as not available, lies above every percentile, and is booked at the moment at which it had waited too long, as a timeout would be.
//! Without this rule a system that hangs for good would look perfect, because only answers would be counted.
//!
//! Messages that are not done, and requests that wait for a worker, are looked at in the same way.
//!
//! A caller with a timeout of its own never leaves a request unanswered: the timeout is its outcome. For all others the patience is
//! the longest latency that is promised of the endpoint, or without such a promise a minute, or a tenth of a run that is shorter than ten
//! minutes; but never less than twice the longest answer of the run at the same call site, so that slow work is not taken for lost work.
//!
//! What is found here is found once, by looking at all frames after the last event: the run itself pays nothing for it. Requests that vanish
//! without leaving a frame (lost on the network, or on an instance that crashed silently, where a load class calls without a frame of its
//! own) are the one exception, and are noted when they vanish.

use super::site::Timer;
use crate::counters::part;
use crate::data::AGE;
use crate::dist::Distribution;
use crate::ids::{EdgeId, ServiceId};
use crate::metrics::{Histogram, PartAt};
use crate::model::Model;
use crate::promise::PromiseKind;
use crate::world::World;
use crate::world::frame::{BRANCH, CLIENT, COPY, FrameId, Phase, Waiter};

/// The patience of callers of an endpoint of which no latency is promised, in a run that is long enough [ns].
const PATIENCE_NS: u64 = 60_000_000_000;
/// The part of a shorter run that is the patience then.
const PART_OF_RUN: u64 = 10;
/// How many times the longest answer a request has to wait at least before it is unanswered.
const TIMES_LONGEST: u64 = 2;

/// A request in flight at the end.
#[derive(Debug, Clone, Copy)]
struct Open {
    /// Where it is counted.
    site: EdgeId,
    /// The call at which its caller stands: another one where that has taken the place of a call that failed.
    stands_at: EdgeId,
    /// When it was sent [ns from the start].
    since: u64,
    /// The frame that waits for it, if one does.
    caller: Option<FrameId>,
    /// The frame that is to answer it, if it is left.
    callee: Option<FrameId>,
}

/// Requests of load classes that vanished without leaving a frame: call site, and when they were sent [ns].
#[derive(Debug, Default)]
pub(super) struct Vanished(Vec<Open>);

/// All that is in flight at the end: attempts, and calls where results count them apart.
#[derive(Debug, Default)]
struct InFlight {
    attempts: Vec<Open>,
    calls: Vec<Open>,
}

impl World<'_> {
    /// A frame is about to be given back and nobody will hear of it. Where it stands for its caller too, that is noted.
    pub(in crate::world) fn vanishes(&mut self, frame: FrameId) {
        let at = &self.frames[frame];
        if at.waiter == Waiter::LOAD && at.flags & CLIENT == 0 {
            self.calls.vanished.0.push(Open {
                site: at.edge,
                stands_at: at.edge,
                since: at.arrived,
                caller: None,
                callee: None,
            });
        }
    }

    /// Books what is unanswered in the slices and periods of the run, which have to be closed.
    pub(in crate::world) fn book_unanswered(&mut self) {
        let open = self.in_flight_at_end();
        debug_assert_eq!(
            self.by_site(&open.attempts),
            self.in_flight(),
            "attempts in flight have a frame, or are noted"
        );
        let late = |open: Vec<Open>, patience: &dyn Fn(&Open) -> Option<u64>| -> Vec<(Open, u64)> {
            open.into_iter().filter_map(|open| Some((open, self.moment(open.since, patience(&open)?)?))).collect()
        };
        // A deadline would have ended it. A call whose place another has taken ends with that one, whatever bounds its own attempts.
        let ends =
            |open: &Open| open.caller.is_some_and(|caller| self.deadline_of_call(caller, open.stands_at) < u64::MAX);
        let attempts = late(open.attempts, &|attempt| {
            if ends(attempt) { None } else { self.patience_of_attempt(attempt.site) }
        });
        let calls = late(open.calls, &|call| if ends(call) { None } else { self.patience_of_call(call.stands_at) });
        let held_up = self.held_up(attempts.iter().chain(&calls).map(|(open, _)| open.caller));
        for (attempt, moment) in attempts {
            let site = &self.calls.sites[attempt.site];
            let below = attempt.callee.is_some_and(|callee| held_up[callee.index()]);
            self.recorder.unanswered(attempt.site, moment, self.now - attempt.since, site.counts_calls, below);
            let instance = attempt.callee.and_then(|callee| self.frames[callee].instance.get());
            if let Some(version) = instance.filter(|_| site.versioned).and_then(|at| self.stations.version(at)) {
                self.recorder.unanswered_by(attempt.site, version, moment, self.now - attempt.since);
            }
        }
        for (call, moment) in calls {
            self.recorder.call_unanswered(call.site, moment, self.now - call.since);
        }
        self.book_unserved();
    }

    /// The patience of an attempt [ns]; `None` where a timeout ends it.
    fn patience_of_attempt(&self, site: EdgeId) -> Option<u64> {
        let at = &self.calls.sites[site];
        let has_no_end = matches!(at.timer, Timer::None) && at.total_ns == 0;
        has_no_end.then(|| self.patience(site, at.latency.longest()))
    }

    /// The same of a call, which waits as long as its attempts do where it tries again and again, and longer.
    fn patience_of_call(&self, site: EdgeId) -> Option<u64> {
        let at = &self.calls.sites[site];
        let longest = self.calls.call_latency[site].longest().max(at.latency.longest());
        let timeout = self.in_force.edges[site.index()].timeout.as_ref().map_or(0.0, Distribution::mean);
        (at.total_ns == 0).then(|| self.patience(site, longest.max((timeout * 1e9) as u64)))
    }

    /// For each frame whether one of its calls is unanswered, or one of its branches or copies: what asks it waits for those.
    fn held_up(&self, callers: impl Iterator<Item = Option<FrameId>>) -> Vec<bool> {
        let mut held_up = vec![false; self.frames.len() as usize];
        for caller in callers.flatten() {
            let mut frame = caller;
            while !std::mem::replace(&mut held_up[frame.index()], true) {
                let at = &self.frames[frame];
                let Some(caller) = self.frames.waiting(at.waiter).filter(|_| at.flags & BRANCH != 0) else { break };
                frame = caller;
            }
        }
        held_up
    }

    /// The same for those who wait for a worker, and for messages that are not done.
    fn book_unserved(&mut self) {
        let longest: Vec<u64> = self.stations.all_waits().iter().map(Histogram::longest).collect();
        let oldest = |queue: usize| {
            let ages = self.times.histogram(PartAt::service(const { part(&AGE) }, ServiceId::from(queue)));
            ages.map_or(0, Histogram::longest)
        };
        let oldest: Vec<u64> = (0..longest.len()).map(oldest).collect();
        let handed_over = self.data.handed_over_with_another();
        for frame in self.frames.ids() {
            let at = &self.frames[frame];
            let (service, since) = match at.phase {
                Phase::Queued => {
                    let service = self.stations.service_of(at.instance.known());
                    if self.stations.has_patience(service) {
                        continue;
                    }
                    (service, at.start)
                }
                Phase::Free | Phase::Skipped => continue,
                phase if phase.is_check() => continue,
                phase => {
                    let Some(queue) = self.data.queue_of(at) else { continue };
                    let patience = self.calls.patience_by_service[queue.index()];
                    let patience = patience.max(oldest[queue.index()].saturating_mul(TIMES_LONGEST));
                    if let Some(moment) = self.moment(at.arrived, patience) {
                        self.recorder.undone(queue, moment, self.now - at.arrived);
                    }
                    if phase != Phase::Message || handed_over.contains(&frame) {
                        continue;
                    }
                    (queue, at.start)
                }
            };
            let patience = self.calls.patience_by_service[service.index()];
            let patience = patience.max(longest[service.index()].saturating_mul(TIMES_LONGEST));
            if let Some(moment) = self.moment(since, patience) {
                self.recorder.unserved(service, moment, self.now - since);
            }
        }
    }

    /// How long a caller at a site waits, where it has no timeout, given the longest that it has waited [ns].
    fn patience(&self, site: EdgeId, longest: u64) -> u64 {
        let promised = self.calls.patience_by_endpoint[self.calls.sites[site].endpoint.index()];
        promised.max(longest.saturating_mul(TIMES_LONGEST))
    }

    /// When a request that was sent at `since` had waited too long [ns from time 0]; `None` where it has not yet.
    fn moment(&self, since: u64, patience: u64) -> Option<u64> {
        let too_long = since.saturating_add(patience);
        // What was unanswered before time 0 and still is, is unanswered from time 0 on.
        (too_long < self.now).then(|| too_long.saturating_sub(self.zero))
    }

    /// All requests in flight now.
    fn in_flight_at_end(&self) -> InFlight {
        let mut open = InFlight { attempts: self.calls.vanished.0.clone(), calls: Vec::new() };
        for frame in self.frames.ids() {
            let at = &self.frames[frame];
            match at.phase {
                Phase::Free | Phase::Skipped | Phase::Message => continue,
                phase if phase.is_check() => continue,
                Phase::Calling
                | Phase::Waiting
                | Phase::Admitted
                | Phase::Backoff
                | Phase::Fallback
                | Phase::Hedging => {
                    let site = self.site_of(frame);
                    // A retry begins later than its call. How much later is not kept, and patience is the call's.
                    let mut call = Open { site, stands_at: site, since: at.start, caller: Some(frame), callee: None };
                    if at.phase == Phase::Calling {
                        let callee = at.next.callee();
                        call.callee = self.belongs(callee, frame, at.seq).then_some(callee);
                        open.attempts.push(call);
                    }
                    let is_delivery = at.flags & CLIENT != 0 && self.data.owns(at.edge);
                    if at.flags & COPY == 0 && !is_delivery && self.calls.sites[site].counts_calls {
                        open.calls.push(call);
                        // The calls whose place it takes have no answer either.
                        let mut of = site;
                        while let Some(first) = self.calls.fallbacks.first_of(of) {
                            open.calls.push(Open { site: first, ..call });
                            of = first;
                        }
                    }
                }
                _ => {}
            }
            if at.waiter == Waiter::LOAD && at.flags & CLIENT == 0 {
                let (site, since) = (at.edge, at.arrived);
                open.attempts.push(Open { site, stands_at: site, since, caller: None, callee: Some(frame) });
            }
        }
        open
    }

    fn by_site(&self, attempts: &[Open]) -> Vec<u64> {
        let mut by_site = vec![0; self.calls.sites.len()];
        attempts.iter().for_each(|open| by_site[open.site.index()] += 1);
        by_site
    }
}

/// The patience with what nothing is promised of [ns].
fn without_promise(model: &Model) -> u64 {
    PATIENCE_NS.min(model.run.duration.ns() / PART_OF_RUN)
}

/// The patience of the callers of each endpoint, before what they have waited for is looked at [ns].
pub(super) fn patience_by_endpoint(model: &Model) -> Vec<u64> {
    let promised = |endpoint: usize| {
        let bounds = model.promises.iter().filter_map(|promise| match promise.kind {
            PromiseKind::Latency { of, at_most_s, .. } if of.index() == endpoint => Some((at_most_s * 1e9) as u64),
            _ => None,
        });
        bounds.max().unwrap_or_else(|| without_promise(model))
    };
    (0..model.endpoints.len()).map(promised).collect()
}

/// The patience of those who wait for a worker of each service, and of those who wait for the messages of each queue [ns].
pub(super) fn patience_by_service(model: &Model) -> Vec<u64> {
    let promised = |service: ServiceId| {
        let bounds = model.promises.iter().filter_map(|promise| match promise.kind {
            PromiseKind::Age { of, at_most_s, .. } if of == service => Some((at_most_s * 1e9) as u64),
            _ => None,
        });
        bounds.max().unwrap_or_else(|| without_promise(model))
    };
    (0..model.services.len()).map(ServiceId::from).map(promised).collect()
}
