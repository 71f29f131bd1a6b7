//! The lives of instances: they are ordered, start, run, crash, come back, drain and are gone.
//!
//! An instance has a place from the start of the run, whether it is there or not: a service has as many places as a scaler or an experiment may
//! ever make of it. [`Life`] says what it is now. Only the functions here change it, and each change that may alter which instances a
//! balancer picks is followed by `refresh_routable`.
//!
//! An instance can be kept down by several faults at once. `crashes` counts them and `silences` those of them after which callers see nothing;
//! it comes back with the end of the last. `epoch` grows with each life and with each order to start, so that an event that was
//! scheduled for an earlier life (a start, the end of a warm-up) finds another number and does nothing.
//!
//! Start-up takes a time that is drawn from the instance's name and its epoch: another service, or another instance, changes no draw.

use super::frame::NONE;
use super::state::{Life, Role};
use super::{Control, World};
use crate::engine::math::whole_ns;
use crate::engine::rng::{Keyed, hash_name, mix};
use crate::faults::FaultEffect;

const START_UP: u64 = 0xa1;

impl World<'_> {
    /// An instance stops and starts again: its requests are lost, and it serves after its start-up.
    pub(super) fn restart(&mut self, instance: u32) {
        self.crash(instance, false);
        self.recover(instance, false);
    }

    /// `service/number` of an instance: does not change when another service is added.
    pub(super) fn label(&self, instance: u32) -> String {
        let service = self.instances[instance as usize].service as usize;
        format!("{}/{}", self.model.services[service].name, instance - self.services[service].first)
    }

    /// The speed of an instance from its faults and its warm-up.
    pub(super) fn renew_speed(&mut self, instance: u32) {
        let at = &self.instances[instance as usize];
        let warming = self.model.services[at.service as usize].warm_up.filter(|_| self.now < at.warm_until);
        let slow = at.fault_slow * warming.map_or(1.0, |(_, factor)| factor);
        // `set_slow` visits every request on the instance, which is worth nothing if the speed is the same.
        if slow.to_bits() != at.slow.to_bits() {
            self.set_slow(instance, slow);
        }
    }

    /// An instance goes down, or one more fault keeps it down. `silent` if its callers see nothing, else they see a reset.
    pub(super) fn crash(&mut self, instance: u32, silent: bool) {
        let at = &mut self.instances[instance as usize];
        at.crashes += 1;
        at.silences += u32::from(silent);
        at.epoch += 1;
        if at.crashes > 1 || at.life == Life::Gone {
            // Down already: of two faults that keep it down, a silent one decides what callers see.
            if silent && at.life == Life::Down {
                at.set_life(Life::Silent);
            }
            return;
        }
        self.goes_down(instance, if silent { Life::Silent } else { Life::Down });
        self.lose_all(instance, !silent);
    }

    /// A fault keeps an instance down no longer. It starts if that was the last.
    pub(super) fn recover(&mut self, instance: u32, silent: bool) {
        let at = &mut self.instances[instance as usize];
        at.crashes = at.crashes.saturating_sub(1);
        at.silences = at.silences.saturating_sub(u32::from(silent));
        if at.crashes > 0 && at.silences == 0 && at.life == Life::Silent {
            at.set_life(Life::Down);
        }
        // A scaler may have taken it away while it was down.
        if at.crashes > 0 || !matches!(at.life, Life::Down | Life::Silent) {
            return;
        }
        at.set_life(Life::Starting);
        self.order_start(instance);
    }

    /// The instance will run after its start-up.
    pub(super) fn order_start(&mut self, instance: u32) {
        let at = &mut self.instances[instance as usize];
        at.epoch += 1;
        let (epoch, service) = (at.epoch, at.service as usize);
        let key = mix(hash_name(&self.label(instance)), mix(self.seed, START_UP ^ (u64::from(self.replication) << 32)));
        let sampler = self.model.services[service].start_up.build();
        let took = whole_ns(sampler.sample(&mut Keyed::new(mix(key, u64::from(epoch)))));
        if took == 0 {
            // Without an event, so that it serves what comes at this very instant.
            self.started(instance, epoch);
        } else {
            self.schedule(self.now + took, Control::Started { instance, epoch });
        }
    }

    /// An instance has started, if the order was for its present life.
    pub(super) fn started(&mut self, instance: u32, epoch: u32) {
        let at = &self.instances[instance as usize];
        if at.epoch != epoch || at.life != Life::Starting {
            return;
        }
        let service = at.service as usize;
        self.comes_up(instance);
        if let Some((length, _)) = self.model.services[service].warm_up {
            self.instances[instance as usize].warm_until = self.now + length.ns();
            self.schedule(self.now + length.ns(), Control::Warm { instance, epoch });
            self.renew_speed(instance);
        }
        self.instances[instance as usize].registered = true;
        self.refresh_routable(service);
        // Queues hand messages to workers that ask for them: all of its workers are new and ask.
        while self.instances[instance as usize].free > 0 && !self.services[service].pulls.is_empty() {
            let before = self.instances[instance as usize].free;
            self.pull(instance, service);
            if self.instances[instance as usize].free == before {
                break;
            }
        }
    }

    /// The warm-up of an instance is over, if it is still in the same life.
    pub(super) fn warmed(&mut self, instance: u32, epoch: u32) {
        if self.instances[instance as usize].epoch == epoch {
            self.renew_speed(instance);
        }
    }

    /// An instance has nothing left to do: if it was on its way out, it is gone.
    #[inline]
    pub(super) fn drained(&mut self, instance: u32) {
        if self.instances[instance as usize].life == Life::Draining {
            self.removed(instance);
        }
    }

    /// An instance is gone: it is not paid for, and nobody probes it.
    fn removed(&mut self, instance: u32) {
        let service = self.instances[instance as usize].service as usize;
        self.goes_down(instance, Life::Gone);
        self.services[service].paid.leave(self.now);
        let at = &mut self.instances[instance as usize];
        at.epoch += 1;
        at.registered = false;
        at.unhealthy = false;
        self.health.forget(instance);
    }

    /// Changes the number of instances: new ones start, the last ones drain.
    pub(super) fn scale_to(&mut self, service: usize, wanted: u32) {
        let (first, places) = (self.services[service].first, self.services[service].places);
        let wanted = wanted.min(places);
        self.services[service].wanted = wanted;
        let present = |world: &Self, i: u32| !matches!(world.instances[i as usize].life, Life::Gone | Life::Draining);
        let mut count = (first..first + places).filter(|&i| present(self, i)).count() as u32;
        for instance in first..first + places {
            if count >= wanted {
                break;
            }
            if self.instances[instance as usize].life == Life::Gone {
                self.services[service].paid.enter(self.now);
                self.instances[instance as usize].set_life(Life::Starting);
                self.is_new(instance);
                self.order_start(instance);
                count += 1;
            }
        }
        for instance in (first..first + places).rev() {
            if count <= wanted {
                break;
            }
            if !present(self, instance) {
                continue;
            }
            count -= 1;
            self.drain(instance);
        }
        self.refresh_routable(service);
    }

    /// A new machine takes the place of one that is gone: a fault that keeps the old one down neither strikes the new one nor ends on it.
    fn is_new(&mut self, instance: u32) {
        let at = &mut self.instances[instance as usize];
        at.silences = 0;
        if std::mem::take(&mut at.crashes) == 0 {
            return;
        }
        let model = self.model;
        let keeps_down = |fault: u32| {
            matches!(model.faults[fault as usize].effect, FaultEffect::Crash { .. } | FaultEffect::Restart)
        };
        self.strikes.spare(instance, keeps_down);
    }

    /// An instance finishes the requests that it has and goes. The caller has to call `refresh_routable` afterwards.
    pub(super) fn drain(&mut self, instance: u32) {
        if self.instances[instance as usize].life == Life::Draining {
            return;
        }
        self.instances[instance as usize].registered = false;
        if self.instances[instance as usize].life == Life::Up && self.instances[instance as usize].in_system > 0 {
            self.instances[instance as usize].set_life(Life::Draining);
        } else {
            self.removed(instance);
        }
    }

    /// An instance serves from now on.
    pub(super) fn comes_up(&mut self, index: u32) {
        let now = self.now;
        let instance = &mut self.instances[index as usize];
        instance.set_life(Life::Up);
        let service = instance.service as usize;
        let workers = self.model.services[service].workers.unwrap_or(0);
        self.services[service].running.enter(now);
        self.services[service].workers.change(now, i64::from(workers));
        self.up.came(self.model, service, &self.services[service], now);
    }

    /// An instance no longer serves.
    pub(super) fn goes_down(&mut self, index: u32, life: Life) {
        let now = self.now;
        let instance = &mut self.instances[index as usize];
        if instance.runs() {
            let service = instance.service as usize;
            let workers = self.model.services[service].workers.unwrap_or(0);
            self.services[service].running.leave(now);
            self.services[service].workers.change(now, -i64::from(workers));
            self.up.went(self.model, service, &self.services[service], now);
        }
        self.instances[index as usize].set_life(life);
    }

    /// Which instances of a service callers may pick: those that they know and that pass their health check; if none does, all.
    pub(super) fn refresh_routable(&mut self, service: usize) {
        let at = &self.services[service];
        let known: Vec<u32> =
            (at.first..at.first + at.places).filter(|&i| self.instances[i as usize].registered).collect();
        let healthy: Vec<u32> = known.iter().copied().filter(|&i| !self.instances[i as usize].unhealthy).collect();
        let routable = if healthy.is_empty() { known } else { healthy };
        let only = if routable.len() == 1 { routable[0] } else { NONE };
        for site in self.sites.iter_mut().filter(|s| s.service as usize == service && s.role == Role::Any) {
            site.only = only;
        }
        self.services[service].routable = routable;
    }
}
