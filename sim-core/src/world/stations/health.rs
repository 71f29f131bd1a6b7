//! Health checks: each instance is probed, and what does not answer in time is left out of the balancer.
//!
//! A probe knocks like a request: a free worker answers at once, else it waits in the queue behind the requests, and takes a worker for
//! no time. It is no request, and is counted nowhere. All instances of a service are probed at the same times, and one that still owes
//! an answer is not probed again.
//!
//! A probe is no message of the network: a scenario does not say where its checker stands, so that there is no way between two zones on which a
//! link or a partition could act.

use super::Due;
use super::instance::{CLOSED, FROZEN, LINED, Life};
use crate::engine::rng::{Keyed, mix};
use crate::ids::{EdgeId, InstanceId, ServiceId};
use crate::model::Model;
use crate::topology::Health;
use crate::world::World;
use crate::world::events::EventId;
use crate::world::frame::{FrameId, Link, Phase, Waiter};

const PROBED: u64 = 0xb1;

/// What a check knows of an instance.
#[derive(Debug, Clone, Copy, Default)]
struct Checked {
    /// Good answers in a row, and bad ones.
    good: u32,
    bad: u32,
    under_way: Option<Probe>,
}

/// A probe that has not been answered.
#[derive(Debug, Clone, Copy)]
struct Probe {
    /// When it was sent [ns].
    sent: u64,
    /// Its frame in the queue; none where it will never be answered.
    frame: Option<FrameId>,
}

/// All health checks.
#[derive(Debug, Default)]
pub(super) struct Checks {
    /// By instance; empty where no service has a check.
    checked: Vec<Checked>,
}

impl Checks {
    pub(in crate::world) fn new(model: &Model) -> Self {
        if model.services.iter().all(|service| service.health.is_none()) {
            return Self::default();
        }
        let places = |service: &crate::topology::Service| service.max_instances.max(service.instances).max(1) as usize;
        Self { checked: vec![Checked::default(); model.services.iter().map(places).sum()] }
    }

    /// An instance is no more: another one in its place is not judged by it.
    pub(super) fn forget(&mut self, instance: InstanceId) {
        if let Some(checked) = self.checked.get_mut(instance.index()) {
            *checked = Checked::default();
        }
    }
}

impl World<'_> {
    /// Starts the clocks of all checks.
    pub(in crate::world) fn plan_checks(&mut self) {
        for (index, service) in self.model.services.iter().enumerate() {
            if let Some(health) = service.health {
                self.schedule(health.every.ns(), Due::Probe(ServiceId::from(index)));
            }
        }
    }

    /// The instances of a service are probed.
    pub(super) fn probe_all(&mut self, service: ServiceId, control: EventId) {
        let Some(health) = self.in_force.services[service.index()].health else { return };
        let places = self.stations.services[service].ids();
        let mut waits = false;
        for instance in places {
            let at = &self.stations.instances[instance];
            // What restarts an instance waits until it has started, else it would never start.
            let is_due = at.registered && !(health.restart && at.life == Life::Starting);
            if is_due && self.stations.health.checked[instance.index()].under_way.is_none() {
                self.probe(instance);
                waits |= self.stations.health.checked[instance.index()].under_way.is_some();
            }
        }
        if waits {
            self.schedule(self.now + health.timeout.ns(), Due::ProbesEnd(service));
        }
        self.again(self.now + health.every.ns(), control);
    }

    fn probe(&mut self, instance: InstanceId) {
        let at = &self.stations.instances[instance];
        if at.odd & CLOSED != 0 {
            if at.life == Life::Silent {
                self.probe_hangs(instance, None);
            } else {
                self.probed(instance, false);
            }
        } else if at.odd & FROZEN != 0 {
            self.probe_hangs(instance, None);
        } else if at.free > 0 {
            self.probe_served(instance);
        } else if at.queue_len >= at.capacity {
            self.probed(instance, false);
        } else {
            let frame = self.queue_probe(instance);
            self.probe_hangs(instance, Some(frame));
        }
    }

    fn probe_hangs(&mut self, instance: InstanceId, frame: Option<FrameId>) {
        self.stations.health.checked[instance.index()].under_way = Some(Probe { sent: self.now, frame });
    }

    /// A probe takes its place behind the requests that wait.
    fn queue_probe(&mut self, instance: InstanceId) -> FrameId {
        let frame = self.frames.take();
        self.works_for_nobody(frame);
        let at = &mut self.frames[frame];
        at.waiter = Waiter::NOBODY;
        at.instance = instance.into();
        at.next = Link::NONE;
        at.flags = 0;
        at.edge = EdgeId(0);
        at.phase = Phase::Probe;
        at.rank = crate::world::frame::Rank::of(crate::workload::Priority::default());
        let place = &mut self.stations.instances[instance];
        if place.odd & LINED != 0 {
            self.line_up(frame);
            return frame;
        }
        self.stations.enqueue(&mut self.frames, instance, frame);
        frame
    }

    /// A worker has taken a probe: it answers as it would answer a request.
    pub(super) fn probe_served(&mut self, instance: InstanceId) {
        let at = &self.stations.instances[instance];
        // Faults that strike together are independent of each other.
        let well: f64 = at.fails.iter().map(|(probability, _)| 1.0 - probability).product();
        let fails = well < 1.0 && {
            let of_run = mix(self.seed, u64::from(self.replication) << 32 | u64::from(instance.0));
            Keyed::new(mix(mix(of_run, self.now), PROBED)).unit() >= well
        };
        self.probed(instance, !fails);
    }

    /// The instance of a probe that waited has crashed. The caller gives its frame back.
    pub(super) fn probe_lost(&mut self, instance: InstanceId, reset: bool) {
        if reset {
            self.probed(instance, false);
        } else if let Some(probe) = &mut self.stations.health.checked[instance.index()].under_way {
            probe.frame = None;
        }
    }

    /// Probes that were sent a timeout ago have failed.
    pub(super) fn probes_end(&mut self, service: ServiceId) {
        let Some(Health { timeout, .. }) = self.in_force.services[service.index()].health else { return };
        for instance in self.stations.services[service].ids() {
            let Some(probe) = self.stations.health.checked[instance.index()].under_way else { continue };
            if probe.sent + timeout.ns() > self.now {
                continue;
            }
            if let Some(frame) = probe.frame {
                // Its place in the queue is skipped when it comes up.
                self.frames[frame].phase = Phase::Skipped;
            }
            self.probed(instance, false);
        }
    }

    /// A probe of an instance has come to its end.
    fn probed(&mut self, instance: InstanceId, is_good: bool) {
        let at = &mut self.stations.instances[instance];
        let service = at.service;
        let Some(health) = self.in_force.services[service.index()].health else { return };
        let checked = &mut self.stations.health.checked[instance.index()];
        checked.under_way = None;
        (checked.good, checked.bad) = if is_good { (checked.good + 1, 0) } else { (0, checked.bad + 1) };
        let (recovers, fails) = (checked.good >= health.healthy_after, checked.bad >= health.unhealthy_after);
        if !at.registered {
            return;
        }
        let turns = if at.unhealthy { recovers } else { fails };
        at.unhealthy ^= turns;
        if fails && health.restart {
            // Not at once: the caller of this function is in the middle of a step on this very instance. And again after as many
            // bad answers, if it is no better then.
            checked.bad = 0;
            let epoch = at.epoch;
            self.schedule(self.now, Due::Restart { instance, epoch });
        }
        if turns {
            if recovers {
                self.stations.enters(instance, self.now);
            }
            self.refresh_routable(service);
        }
    }

    /// An instance that failed its probes is restarted, unless it has ended meanwhile.
    pub(super) fn restart_unhealthy(&mut self, instance: InstanceId, epoch: u32) {
        let at = &self.stations.instances[instance];
        if at.epoch == epoch && at.registered && at.life == Life::Up {
            self.restart(instance);
        }
    }
}
