//! Plain stations: instances whose requests come from open load alone, take one draw of work, and leave. They are simulated by themselves.
//!
//! A request of such a station meets nothing on its way but the station. So it needs no frame and no event in the calendar: the station keeps who
//! waits and who is at work, with the time at which that is done, and is brought up to date whenever somebody looks: when the next request arrives,
//! before each event that reads or changes anything ([`World::catch_up_all`]), and at the end. Work is drawn from the key of its request, all that is
//! counted is a sum, and so is the digest: therefore results are to the byte those of a run by events, which a test holds on random models.
//!
//! What holds: the fields of the instance (`free`, `queue_len`, `sums` ...) are those of an ordinary one at the time to which the station was
//! brought. Of an arrival and the end of work in the same nanosecond, the one comes first whose event would have been made first. A run that ends at
//! one of its bounds is run again by events ([`super::super::simulate`]), since the bounds count events one by one. At the end of a run the requests
//! inside become ordinary frames ([`World::unfold_all`]), so that nothing else knows of plain stations.

use super::instance::{CLOSED, Sums};
use super::plain::{Waiting, Working};
use crate::engine::digest::Digest;
use crate::engine::math::whole_ns;
use crate::engine::rng::Keyed;
use crate::engine::table::Id;
use crate::ids::{Caller, EdgeId, InstanceId, ServiceId};
use crate::outcome::Outcome;
use crate::topology::Node;
use crate::workload::Arrival;
use crate::world::frame::{Frame, FrameId, HELD, INSIDE, Link, Phase, Waiter};
use crate::world::program::{Op, Pc, Program, SamplerId};
use crate::world::{WORK, World, fact};

/// The work of an endpoint that is nothing else.
fn only_work(program: &Program, door: Pc) -> Option<(SamplerId, u32)> {
    let mut next = door;
    next += 1;
    match (program.ops[door], program.ops[next]) {
        (Op::Work { sampler, place }, Op::End) if program.samplers[sampler].is_continuous() => Some((sampler, place)),
        _ => None,
    }
}

impl World<'_> {
    /// Finds the plain stations, before anything has happened.
    pub(in crate::world) fn find_plain(&mut self) {
        let model = self.model;
        // What strikes, tries something out, is done because of an alert or set by a mode may come to any instance.
        let acts = !model.experiments.is_empty() || !model.runbooks.is_empty() || model.modes.is_some();
        if acts || !model.faults.is_empty() {
            return;
        }
        let mut works: Vec<Option<Vec<_>>> =
            self.stations.services().map(|of| self.stands_alone(of).then(Vec::new)).collect();
        for site in self.calls.ids() {
            let of = &mut works[self.calls.callee(site).index()];
            let work = only_work(&self.program, self.calls.entry(site)).filter(|_| self.comes_plainly(site));
            match (of.as_mut(), work) {
                (Some(all), Some(work)) => all.push((site, work)),
                _ => *of = None,
            }
        }
        for (service, works) in self.stations.services().zip(works) {
            let Some(works) = works.filter(|works| !works.is_empty()) else { continue };
            works.into_iter().for_each(|(site, work)| self.calls.set_plain(site, work));
            let first = self.stations.first(service);
            self.stations.instances[first].plain = Some(Box::default());
            self.stations.plain.push(first);
        }
    }

    /// Whether the requests of a call site come one by one from open load, over no network, with nothing that looks at their answers.
    fn comes_plainly(&self, site: EdgeId) -> bool {
        let Caller::Load(load) = self.model.edges[site.index()].caller else { return false };
        let is_closed = matches!(self.model.loads[load.index()].arrival, Arrival::Closed { .. });
        !is_closed && self.calls.is_bare(site)
    }

    /// Whether a service is one instance with workers of their own, first come, first served, that nothing takes away, probes or adds to.
    fn stands_alone(&self, service: ServiceId) -> bool {
        let (at, settings) = (&self.stations.services[service], &self.model.services[service.index()]);
        let instance = &self.stations.instances[at.first];
        matches!(settings.node, Node::Service)
            && at.places == 1
            && at.limited
            && instance.odd & !CLOSED == 0
            && settings.health.is_none()
            && self.model.scalers.iter().all(|scaler| scaler.of != service)
    }

    /// A request arrives at a plain station, by an event that was made at `made_ns`.
    #[inline(always)]
    pub(in crate::world) fn arrives_plainly(
        &mut self,
        instance: InstanceId,
        edge: EdgeId,
        (sampler, place): (SamplerId, u32),
        key: u64,
        made_ns: u64,
    ) {
        let now = self.now;
        self.catch_up(instance, now, made_ns);
        let mut keyed = Keyed::of(key, super::work::DRAW ^ (u64::from(place) << 8));
        let at = &mut self.stations.instances[instance];
        let Some(plain) = &mut at.plain else { return };
        let work = whole_ns(self.program.samplers[sampler].sample_times(&mut keyed, self.calls.slow(edge) * at.slow));
        if at.free > 0 {
            at.in_system += 1;
            at.sums.inside = at.sums.inside.wrapping_sub(now);
            at.sums.at_once += 1;
            let begun = Working { due: now + work, start: now, arrived: now, key, edge };
            if work == 0 {
                leave(&mut at.in_system, &mut at.sums, &mut self.digest, instance, begun);
                self.calls.answers_plainly(begun.edge, begun.due - begun.arrived);
                return;
            }
            at.free -= 1;
            at.sums.busy = at.sums.busy.wrapping_sub(now);
            at.sums.cpu += work;
            plain.begins(begun);
            return;
        }
        if at.queue_len >= at.capacity {
            self.digest.fact(now, key, fact::ANSWERED | Outcome::Rejected as u64);
            self.calls.counts(edge).outcomes[Outcome::Rejected as usize] += 1;
            return;
        }
        at.in_system += 1;
        at.queue_len += 1;
        at.sums.queue = at.sums.queue.wrapping_sub(now);
        at.sums.inside = at.sums.inside.wrapping_sub(now);
        plain.waiting.push_back(Waiting { key, arrived: now, work, edge });
        self.stations.backlog += 1;
        if self.stations.backlog > self.stations.max_backlog.min(u64::from(self.frames.room())) {
            // The run ends at a bound, and will be run by events: which bound it is, is found out there.
            self.stop_for_backlog();
        }
    }

    /// Brings a plain station to a time. Work that ends in its very nanosecond ends before it if it began before `made_ns`.
    #[inline(always)]
    fn catch_up(&mut self, instance: InstanceId, now: u64, made_ns: u64) {
        let at = &mut self.stations.instances[instance];
        let Some(plain) = &mut at.plain else { return };
        while plain.first.due <= now {
            let done = plain.first;
            let due = done.due;
            if due == now && done.start >= made_ns {
                return;
            }
            self.events += 1;
            // The first who waits gets the worker; one whose work takes no time passes it on at once.
            let next = loop {
                let Some(Waiting { key, arrived, work, edge }) = plain.waiting.pop_front() else { break None };
                let waited = due - arrived;
                at.queue_len -= 1;
                at.sums.queue = at.sums.queue.wrapping_add(due);
                at.sums.waited += 1;
                at.sums.wait_sum += waited;
                at.sums.cpu += work;
                self.stations.backlog -= 1;
                self.stations.waits[at.service].record(waited);
                let begun = Working { due: due + work, start: due, arrived, key, edge };
                if work > 0 {
                    break Some(begun);
                }
                leave(&mut at.in_system, &mut at.sums, &mut self.digest, instance, begun);
                self.calls.answers_plainly(begun.edge, begun.due - begun.arrived);
            };
            if next.is_none() {
                at.free += 1;
                at.sums.busy = at.sums.busy.wrapping_add(due);
            }
            plain.goes_on(next);
            leave(&mut at.in_system, &mut at.sums, &mut self.digest, instance, done);
            self.calls.answers_plainly(done.edge, done.due - done.arrived);
        }
    }

    /// Brings all plain stations to this moment, before something is read or changed. Nothing that happens at this very moment has happened yet: the
    /// events that read were made long before.
    pub(in crate::world) fn catch_up_all(&mut self) {
        for place in 0..self.stations.plain.len() {
            self.catch_up(self.stations.plain[place], self.now, 0);
        }
    }

    /// Makes ordinary stations of all plain ones: who is inside gets a frame, and work an event.
    pub(in crate::world) fn unfold_all(&mut self) {
        self.catch_up_all();
        for instance in std::mem::take(&mut self.stations.plain) {
            let Some(plain) = self.stations.instances[instance].plain.take() else { continue };
            let mut at_work: Vec<Working> = plain.at_work().copied().collect();
            at_work.sort_unstable_by_key(|working| (working.start, working.key));
            for Working { due, arrived, key, edge, .. } in at_work {
                let frame = self.unfold(instance, edge, key, arrived);
                let seq = self.calendar.push(due, WORK, frame.place());
                let at = &mut self.frames[frame];
                (at.seq, at.start, at.phase) = (seq, due, Phase::Working);
                at.flags |= HELD;
            }
            for Waiting { key, arrived, edge, .. } in plain.waiting {
                let frame = self.unfold(instance, edge, key, arrived);
                let at = &mut self.frames[frame];
                (at.start, at.phase) = (arrived, Phase::Queued);
                self.stations.enqueue(&mut self.frames, instance, frame);
            }
        }
        self.calls.forget_plain();
    }

    /// A frame for a request inside a station.
    fn unfold(&mut self, instance: InstanceId, edge: EdgeId, key: u64, arrived: u64) -> FrameId {
        let frame = self.frames.take();
        self.frames[frame] = Frame {
            key,
            seq: 0,
            waiter: Waiter::LOAD,
            arrived,
            start: 0,
            instance: instance.into(),
            pc: self.calls.entry(edge),
            next: Link::NONE,
            edge,
            flags: INSIDE,
            tries: 0,
            attempt: 1,
            outcome: 0,
            phase: Phase::Arriving,
            rank: self.calls.rank(edge),
        };
        self.is_request(frame, key);
        frame
    }
}

/// A request has left a plain station, and its caller has the answer.
#[inline(always)]
fn leave(in_system: &mut u32, sums: &mut Sums, digest: &mut Digest, instance: InstanceId, done: Working) {
    *in_system -= 1;
    sums.inside = sums.inside.wrapping_add(done.due);
    sums.left += 1;
    digest.fact(done.due, done.key, fact::LEFT | u64::from(instance.0));
    digest.fact(done.due, done.key, fact::ANSWERED | Outcome::Ok as u64);
}
