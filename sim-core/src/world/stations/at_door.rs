//! What stands at the door of an instance before its workers and its queue: limits of rate and of concurrency, and shedding.
//!
//! An instance with any of them has the flag `GATED`, and all others pay one test of a flag that they test anyway. A request that was let in holds
//! its places until it leaves ([`World::leave`]), whichever way.

use super::doors::Doors;
use super::instance::{GATED, LINED};
use crate::call::doorman::{Ended, Knock};
use crate::counters::{level, place};
use crate::engine::table::{Id, Maybe};
use crate::ids::{EndpointId, InstanceId, ServiceId};
use crate::metrics::LevelAt;
use crate::outcome::Outcome;
use crate::service::admission::{self, AdmissionSettings, AtDoor};
use crate::world::World;
use crate::world::frame::{FrameId, INSIDE, Phase};

impl World<'_> {
    /// Asks what stands at the door of a request's instance: how the request ends where it is refused.
    #[inline(never)]
    pub(super) fn asks_at_door(&mut self, frame: FrameId) -> Option<Outcome> {
        let at = &self.frames[frame];
        let (index, endpoint, priority) = (at.instance.known(), self.calls.endpoint(at.edge), at.rank.priority());
        let instance = &self.stations.instances[index];
        if instance.free <= 0 && instance.queue_len >= instance.capacity {
            return Some(Outcome::Rejected);
        }
        let service = instance.service;
        let queue_wait_ns = self.queue_wait(index);
        let model = self.model;
        let settings = [&model.services[service.index()].admission, &model.endpoints[endpoint.index()].admission];
        let subjects = settings.map(|admission| {
            let per = admission.as_ref().and_then(|admission| admission.per)?;
            Some(self.subject_of(frame, per))
        });
        let mut subjects = settings.iter().zip(subjects).filter(|(admission, _)| admission.is_some()).map(|(_, s)| s);
        let now = self.now;
        let (by, key) = (frame.place(), self.frames[frame].key);
        let doors = self.stations.instances[index].doors.as_mut()?;
        let before = doors.places();
        let mut refused = None;
        for (number, door) in doors.of(endpoint).enumerate() {
            let knock = Knock { now_ns: now, key, by, subject: subjects.next().flatten() };
            if let Err(why) = door.ask(AtDoor { knock, priority, queue_wait_ns }) {
                refused = Some((number, why));
                break;
            }
        }
        if let Some((number, _)) = refused {
            doors.of(endpoint).take(number).for_each(|door| door.withdrawn(now, by));
        }
        let after = doors.places();
        self.levels.moves(LevelAt::service(const { level(&admission::PLACES) }, service), now, before, after);
        let (_, (outcome, counter)) = refused?;
        self.stations.counts(service)[place(&counter)] += 1;
        Some(outcome)
    }

    /// How slow the queue of an instance is [ns].
    fn queue_wait(&mut self, index: InstanceId) -> u64 {
        let instance = &self.stations.instances[index];
        let Some(doors) = instance.doors.as_ref().filter(|_| instance.free <= 0) else { return 0 };
        let last = doors.last_wait_ns;
        if instance.odd & LINED != 0 {
            return last;
        }
        while let Some(first) = self.stations.instances[index].head.get() {
            let at = &self.frames[first];
            match at.phase {
                Phase::Queued => return last.max(self.now - at.start),
                // It has given up, and would be skipped when it comes up.
                Phase::Skipped => {
                    let instance = &mut self.stations.instances[index];
                    instance.head = at.next.next();
                    if instance.head.is_none() {
                        instance.tail = Maybe::NONE;
                    }
                    self.frames.release(first);
                }
                _ => return last,
            }
        }
        last
    }

    /// A request gets a worker of an instance with doors, after it had waited or at once.
    pub(super) fn notes_wait(&mut self, frame: FrameId, at_once: bool) {
        let at = &self.frames[frame];
        let waited_ns = if at_once { 0 } else { self.now - at.start };
        if let Some(doors) = &mut self.stations.instances[at.instance.known()].doors {
            doors.last_wait_ns = waited_ns;
        }
    }

    /// The frame that stands in for a request will leave in its place.
    pub(in crate::world) fn leaves_instead(&mut self, stand_in: FrameId, frame: FrameId) {
        let at = &self.frames[frame];
        let (endpoint, flags) = (self.calls.endpoint(at.edge), at.flags);
        let Some(instance) = at.instance.get().filter(|_| flags & INSIDE != 0) else { return };
        if let Some(doors) = &mut self.stations.instances[instance].doors {
            doors.of(endpoint).for_each(|door| door.is_renamed(frame.place(), stand_in.place()));
        }
    }

    /// A request that was let in leaves.
    #[inline(never)]
    pub(super) fn leaves_door(&mut self, frame: FrameId, index: InstanceId) {
        let at = &self.frames[frame];
        let (endpoint, now) = (self.calls.endpoint(at.edge), self.now);
        let (outcome, latency_ns) = (Outcome::ALL[at.outcome as usize], now - at.arrived);
        let ended = Ended { now_ns: now, outcome, latency_ns, by: frame.place(), is_broken: false };
        let instance = &mut self.stations.instances[index];
        let service = instance.service;
        let Some(doors) = &mut instance.doors else { return };
        let before = doors.places();
        doors.of(endpoint).for_each(|door| door.left(ended));
        let after = doors.places();
        self.levels.moves(LevelAt::service(const { level(&admission::PLACES) }, service), now, before, after);
    }

    /// The door of a service, or of one of its endpoints, asks something else from now on.
    pub(in crate::world) fn door_changes(
        &mut self,
        service: ServiceId,
        of: Option<EndpointId>,
        settings: &AdmissionSettings,
    ) {
        let now = self.now;
        for instance in self.stations.services[service].ids() {
            if let Some(doors) = &mut self.stations.instances[instance].doors {
                doors.becomes(of, now, settings);
            }
        }
    }

    /// A machine has crashed, and all on it is gone: its doors begin anew.
    pub(super) fn doors_begin_anew(&mut self, index: InstanceId) {
        let instance = &self.stations.instances[index];
        if instance.odd & GATED != 0 {
            let (services, endpoints) = (&self.in_force.services, &self.in_force.endpoints);
            let doors = Doors::new(services, endpoints, self.zero, instance.service.index());
            self.stations.instances[index].doors = doors;
        }
    }
}
