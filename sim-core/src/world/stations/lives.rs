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

use super::Due;
use super::instance::Life;
use super::nodes;
use crate::data::Wrongness;
use crate::data::state::State;
use crate::engine::math::whole_ns;
use crate::engine::rng::{Keyed, hash_name, mix};
use crate::engine::table::Maybe;
use crate::faults::FaultEffect;
use crate::ids::{FaultId, InstanceId, ServiceId, VersionId};
use crate::service::memory::Memory;
use crate::topology::Node;
use crate::world::World;
use crate::world::events::EventId;

const START_UP: u64 = 0xa1;

/// Whether a fault lies in the data of an instance, and so ends when that is restored.
fn is_of_data(effect: &FaultEffect) -> bool {
    matches!(effect, FaultEffect::Wrong { kind, .. } if kind.is_in_data())
}

impl World<'_> {
    /// The instances of the first moment come up.
    pub(in crate::world) fn begin_lives(&mut self) {
        let model = self.model;
        self.begin_callers();
        for (id, service) in self.stations.services.ids().zip(&model.services) {
            for instance in self.stations.services[id].ids().take(service.instances as usize) {
                self.stations.services[id].pays(0);
                self.pays_for_size(instance, true);
                self.comes_up(instance);
                self.stations.instances[instance].registered = true;
            }
            self.refresh_routable(id);
        }
        self.stations.rare.nodes = nodes::pools(model, self.seed, self.replication);
        self.begin_nodes();
    }

    /// What is due at an instance, or at all of a service.
    pub(in crate::world) fn station_due(&mut self, due: Due, id: EventId) {
        match due {
            Due::Started { instance, epoch } => self.started(instance, epoch),
            Due::Warm { instance, epoch } => self.warmed(instance, epoch),
            Due::Pulled { instance, epoch } => self.pulled(instance, epoch),
            Due::NodeReady(service) => self.node_ready(service),
            Due::Probe(service) => self.probe_all(service, id),
            Due::ProbesEnd(service) => self.probes_end(service),
            Due::Restart { instance, epoch } => self.restart_unhealthy(instance, epoch),
            Due::Grace { instance, epoch } => self.grace_ends(instance, epoch),
            Due::Emptied { instance, epoch } => self.emptied(instance, epoch),
            Due::Leaks(instance) => self.leaks(instance),
            Due::OutOfMemory { instance, epoch } => self.out_of_memory(instance, epoch),
            Due::TriesAgain(instance) => self.tries_again(instance),
            Due::GetsMore { instance, step } => self.gets_share(instance, step as usize),
        }
    }

    /// An instance stops and starts again: its requests are lost, and it serves after its start-up.
    pub(in crate::world) fn restart(&mut self, instance: InstanceId) {
        self.crash(instance, false);
        self.recover(instance, false);
    }

    /// `service/number` of an instance: does not change when another service is added.
    pub(in crate::world) fn label(&self, instance: InstanceId) -> String {
        let service = self.stations.instances[instance].service;
        format!("{}/{}", self.model.services[service.index()].name, self.stations.services[service].number(instance))
    }

    /// The speed of an instance from its faults and its warm-up.
    pub(in crate::world) fn renew_speed(&mut self, instance: InstanceId) {
        let at = &self.stations.instances[instance];
        let warming = self.model.services[at.service.index()].warm_up.filter(|_| self.now < at.warm_until);
        let stolen = at.fault_stolen;
        let slow = at.fault_slow * warming.map_or(1.0, |(_, factor)| factor) * stolen;
        // `set_slow` visits every request on the instance, which is worth nothing if the speed is the same.
        if slow.to_bits() != at.slow.to_bits() || stolen.to_bits() != at.stolen.to_bits() {
            self.set_slow(instance, slow, stolen);
        }
    }

    /// An instance goes down, or one more fault keeps it down. `silent` if its callers see nothing, else they see a reset.
    pub(in crate::world) fn crash(&mut self, instance: InstanceId, silent: bool) {
        let at = &mut self.stations.instances[instance];
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
        if at.life == Life::Draining {
            // It was on its way out, and nothing brings it back.
            self.process_ends(instance, !silent);
            self.removed(instance);
            return;
        }
        self.goes_down(instance, if silent { Life::Silent } else { Life::Down });
        self.process_ends(instance, !silent);
        self.caches.is_lost(instance, self.now);
        self.doors_begin_anew(instance);
        let service = self.stations.instances[instance].service;
        self.deploys_go_on(service);
        self.sizes_go_on(service);
        self.members_may_change(service);
    }

    /// All that a process does ends, with what it keeps between its calls. Callers see a reset at once, or nothing.
    fn process_ends(&mut self, instance: InstanceId, reset: bool) {
        // Before its attempts end, so that nobody takes what they give back, and after.
        self.caller_is_gone(instance);
        self.lose_all(instance, reset);
        self.caller_is_gone(instance);
    }

    /// A fault keeps an instance down no longer. It starts if that was the last.
    pub(in crate::world) fn recover(&mut self, instance: InstanceId, silent: bool) {
        let at = &mut self.stations.instances[instance];
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
        let service = at.service;
        self.stations.services[service].starting.enter(self.now);
        if !self.is_pending(instance) {
            self.order_start(instance);
        }
    }

    /// The instance will run after its start-up.
    pub(super) fn order_start(&mut self, instance: InstanceId) {
        self.takes_size(instance);
        let at = &mut self.stations.instances[instance];
        at.epoch += 1;
        let (epoch, service) = (at.epoch, at.service);
        let key = mix(hash_name(&self.label(instance)), mix(self.seed, START_UP ^ (u64::from(self.replication) << 32)));
        let sampler = self.in_force.services[service.index()].start_up.build();
        let took = whole_ns(sampler.sample(&mut Keyed::new(mix(key, u64::from(epoch)))));
        if took == 0 {
            // Without an event, so that it serves what comes at this very instant.
            self.started(instance, epoch);
        } else {
            self.schedule(self.now + took, Due::Started { instance, epoch });
        }
    }

    /// An instance has started, if the order was for its present life.
    pub(in crate::world) fn started(&mut self, instance: InstanceId, epoch: u32) {
        let at = &self.stations.instances[instance];
        if at.epoch != epoch || at.life != Life::Starting {
            return;
        }
        let service = at.service;
        self.takes_version(instance);
        self.comes_up(instance);
        if let Some((length, _)) = self.model.services[service.index()].warm_up {
            self.stations.instances[instance].warm_until = self.now + length.ns();
            self.schedule(self.now + length.ns(), Due::Warm { instance, epoch });
            self.renew_speed(instance);
        }
        self.stations.instances[instance].registered = !self.chaos.is_held_back(instance);
        self.stations.enters(instance, self.now);
        self.refresh_routable(service);
        self.deploys_go_on(service);
        self.sizes_go_on(service);
        self.members_may_change(service);
        // Queues hand messages to workers that ask for them: all of its workers are new and ask.
        while self.stations.instances[instance].free > 0 && !self.stations.services[service].pulls.is_empty() {
            let before = self.stations.instances[instance].free;
            self.pull(instance, service);
            if self.stations.instances[instance].free == before {
                break;
            }
        }
    }

    /// The warm-up of an instance is over, if it is still in the same life.
    pub(super) fn warmed(&mut self, instance: InstanceId, epoch: u32) {
        if self.stations.instances[instance].epoch == epoch {
            self.renew_speed(instance);
        }
    }

    /// An instance has nothing left to do: if it was on its way out, it is gone.
    #[inline]
    pub(in crate::world) fn drained(&mut self, instance: InstanceId) {
        match self.stations.instances[instance].life {
            // By an event at this instant: the request that was the last is still being looked at.
            Life::Draining | Life::Replacing => {
                let epoch = self.stations.instances[instance].epoch;
                self.schedule(self.now, Due::Emptied { instance, epoch });
            }
            _ => {}
        }
    }

    /// An instance takes nothing new, finishes what it has, and starts again. The caller has to call `refresh_routable` afterwards.
    pub(in crate::world) fn replace(&mut self, instance: InstanceId, grace_ns: u64) {
        self.stations.instances[instance].registered = false;
        let at = &mut self.stations.instances[instance];
        if at.in_system == 0 {
            self.restart(instance);
            return;
        }
        at.set_life(Life::Replacing);
        let epoch = at.epoch;
        self.schedule(self.now.saturating_add(grace_ns), Due::Grace { instance, epoch });
    }

    /// An instance that was to finish what it has has done so, if nothing has come since.
    pub(super) fn emptied(&mut self, instance: InstanceId, epoch: u32) {
        let at = &self.stations.instances[instance];
        match at.life {
            _ if at.in_system > 0 => {}
            Life::Draining if at.epoch == epoch => self.removed(instance),
            _ => self.grace_ends(instance, epoch),
        }
    }

    /// An instance finishes the requests that it has and goes, at the latest after a time [ns]. The caller has to call `refresh_routable` afterwards.
    pub(in crate::world) fn drain_within(&mut self, instance: InstanceId, within: Option<u64>) {
        self.drain(instance);
        let at = &self.stations.instances[instance];
        if let Some(within) = within
            && at.life == Life::Draining
        {
            let epoch = at.epoch;
            self.schedule(self.now.saturating_add(within), Due::Grace { instance, epoch });
        }
    }

    /// Callers pick an instance no more, whatever its checks say, or again. The caller has to call `refresh_routable` afterwards.
    pub(in crate::world) fn isolate(&mut self, instance: InstanceId, isolated: bool) {
        let at = &mut self.stations.instances[instance];
        let was = std::mem::replace(&mut at.isolated, isolated);
        at.share = 1.0;
        self.stations.rare.returning.remove(&instance);
        let at = &self.stations.instances[instance];
        if was && !isolated && at.registered {
            self.stations.enters(instance, self.now);
        }
    }

    /// As the end of an isolation, but callers send it shares of its calls first, for so long each [ns]. The caller has to call `refresh_routable`.
    pub(in crate::world) fn comes_back_by_steps(&mut self, instance: InstanceId, steps: &[f64], every_ns: u64) {
        let was_isolated = self.stations.instances[instance].isolated;
        self.isolate(instance, false);
        if was_isolated && !steps.is_empty() {
            self.stations.rare.returning.insert(instance, (steps.to_vec(), every_ns));
            self.gets_share(instance, 0);
        }
    }

    /// An instance gets a share of its calls, the next one later, and all behind the last.
    fn gets_share(&mut self, instance: InstanceId, step: usize) {
        let Some((steps, every_ns)) = self.stations.rare.returning.get(&instance) else { return };
        let (share, every_ns) = (steps.get(step).copied(), *every_ns);
        self.stations.instances[instance].share = share.unwrap_or(1.0);
        if share.is_some() {
            self.schedule(self.now.saturating_add(every_ns), Due::GetsMore { instance, step: step as u32 + 1 });
        } else {
            self.stations.rare.returning.remove(&instance);
        }
        self.refresh_routable(self.stations.instances[instance].service);
    }

    /// A new machine takes the place of an instance, which loses all that it has; no fault of the old one strikes it. The caller has to call
    /// `refresh_routable` afterwards.
    pub(in crate::world) fn gets_new_machine(&mut self, instance: InstanceId) {
        let isolated = self.stations.instances[instance].isolated;
        if self.stations.instances[instance].life != Life::Gone {
            self.removed(instance);
        }
        self.doors_begin_anew(instance);
        // What is wrong in its data is as wrong until that is restored.
        let keeps_data = self.state_of(instance).is_some();
        self.leaves_faults(instance, |effect| !(keeps_data && is_of_data(effect)));
        if self.stations.instances[instance].life == Life::Gone {
            self.orders(instance);
        }
        self.stations.instances[instance].isolated = isolated;
    }

    /// What an instance has to have before it serves.
    pub(in crate::world) fn state_of(&self, instance: InstanceId) -> Option<State> {
        match &self.model.services[self.stations.instances[instance].service.index()].node {
            Node::Store(store) => store.state,
            _ => None,
        }
    }

    /// An instance has its data: nothing in it is wrong, and it serves if it is up.
    pub(in crate::world) fn has_its_data(&mut self, instance: InstanceId) {
        self.leaves_faults(instance, is_of_data);
        self.stations.instances[instance].is_empty = false;
        self.copy_may_change(instance, false);
        self.refresh_routable(self.stations.instances[instance].service);
    }

    /// Whether an audit of its data would find something wrong.
    pub(in crate::world) fn has_wrong_data(&self, instance: InstanceId) -> bool {
        let mut kinds = Wrongness::ALL.into_iter().filter(|kind| kind.is_in_data());
        kinds.any(|kind| self.stations.wrong_share(instance, kind) > 0.0)
    }

    /// An instance that was to finish what it has has had its time.
    pub(super) fn grace_ends(&mut self, instance: InstanceId, epoch: u32) {
        let at = &self.stations.instances[instance];
        if at.epoch != epoch {
            return;
        }
        match at.life {
            Life::Replacing => self.restart(instance),
            Life::Draining => {
                let service = at.service;
                self.removed(instance);
                self.refresh_routable(service);
            }
            _ => {}
        }
    }

    /// Callers know of an instance from now on, or no more. The caller has to call `refresh_routable` afterwards.
    pub(in crate::world) fn register(&mut self, instance: InstanceId, known: bool) {
        self.stations.instances[instance].registered = known;
        if known {
            self.stations.enters(instance, self.now);
        }
    }

    /// Another version runs on an instance from now on.
    pub(in crate::world) fn runs_version(&mut self, instance: InstanceId, version: Option<VersionId>) {
        self.comes_again(instance, version);
        self.stations.versions[instance] = version;
        self.reckon(instance);
    }

    /// An instance is gone: it is not paid for, and nobody probes it.
    pub(super) fn removed(&mut self, instance: InstanceId) {
        let service = self.stations.instances[instance].service;
        self.goes_down(instance, Life::Gone);
        self.stations.services[service].pays_no_more(self.now);
        self.pays_for_size(instance, false);
        let at = &mut self.stations.instances[instance];
        at.epoch += 1;
        at.registered = false;
        at.isolated = false;
        self.forget_checks(instance);
        // No request is in it any more, but what it does in the background may be under way.
        self.process_ends(instance, true);
        self.caches.is_lost(instance, self.now);
        self.takes_no_version(instance);
        self.deploys_go_on(service);
        self.sizes_go_on(service);
        self.gives_place(instance);
        // Scaled up while it drained: there was no place for a new machine until now.
        if self.stations.services[service].owed > 0 {
            self.stations.services[service].owed -= 1;
            self.orders(instance);
        }
    }

    /// Changes the number of instances: new ones start, the last ones drain.
    pub(in crate::world) fn scale_to(&mut self, service: ServiceId, wanted: u32) {
        let all = self.stations.services[service].ids();
        let wanted = wanted.min(self.stations.services[service].places);
        let at = &mut self.stations.services[service];
        // Where a scaler orders, it says afterwards what its metrics ask for.
        (at.wanted, at.desired) = (wanted, wanted);
        let present =
            |world: &Self, i: InstanceId| !matches!(world.stations.instances[i].life, Life::Gone | Life::Draining);
        let mut count = all.clone().filter(|&i| present(self, i)).count() as u32;
        for instance in all.clone() {
            if count >= wanted {
                break;
            }
            if self.stations.instances[instance].life == Life::Gone {
                self.orders(instance);
                count += 1;
            }
        }
        self.stations.services[service].owed = wanted.saturating_sub(count);
        for instance in all.rev() {
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

    /// A new machine is ordered for a place where there is none. It runs the version that its service has by then.
    pub(in crate::world) fn orders(&mut self, instance: InstanceId) {
        let service = self.stations.instances[instance].service;
        self.stations.services[service].pays(self.now);
        self.pays_for_size(instance, true);
        self.stations.services[service].starting.enter(self.now);
        self.stations.instances[instance].set_life(Life::Starting);
        self.stations.since[instance] = (self.now, self.now);
        self.is_new(instance);
        let version = self.chaos.version_of_new(service, self.model.services[service.index()].version);
        if version != self.stations.version(instance) {
            self.runs_version(instance, version);
        }
        self.needs_place(instance);
    }

    /// A new machine takes the place of one that is gone: a fault that keeps the old one down neither strikes the new one nor ends on it.
    fn is_new(&mut self, instance: InstanceId) {
        let at = &mut self.stations.instances[instance];
        at.has_new_memory();
        at.silences = 0;
        self.stations.instances[instance].is_empty = self.state_of(instance).is_some();
        self.lay_card(instance);
        let at = &mut self.stations.instances[instance];
        if std::mem::take(&mut at.crashes) == 0 {
            return;
        }
        let model = self.model;
        let keeps_down = |fault: FaultId| {
            matches!(model.faults[fault.index()].effect, FaultEffect::Crash { .. } | FaultEffect::Restart)
        };
        self.chaos.spare(instance, keeps_down);
    }

    /// An instance finishes the requests that it has and goes. The caller has to call `refresh_routable` afterwards.
    pub(in crate::world) fn drain(&mut self, instance: InstanceId) {
        if self.stations.instances[instance].life == Life::Draining {
            return;
        }
        self.stations.instances[instance].registered = false;
        let serves = matches!(self.stations.instances[instance].life, Life::Up | Life::Replacing);
        if serves && self.stations.instances[instance].in_system > 0 {
            self.stations.instances[instance].set_life(Life::Draining);
        } else {
            self.removed(instance);
        }
    }

    /// An instance serves from now on.
    pub(super) fn comes_up(&mut self, index: InstanceId) {
        let now = self.now;
        self.starts_no_more(index);
        let instance = &mut self.stations.instances[index];
        instance.set_life(Life::Up);
        self.stations.since[index].1 = now;
        let service = instance.service;
        let workers = self.model.services[service.index()].workers.unwrap_or(0);
        self.stations.services[service].running.enter(now);
        self.stations.services[service].workers.change(now, i64::from(workers));
        self.stations.up.came(self.model, service, &self.stations.services[service], now);
        self.runs_at_size(index, true);
        self.memory_changes(index, Memory::begins);
        self.caches.begins(index, now);
        self.caller_begins(index);
        self.copy_may_change(index, false);
    }

    /// An instance that may have been starting does so no more.
    fn starts_no_more(&mut self, index: InstanceId) {
        let at = &self.stations.instances[index];
        if at.life == Life::Starting {
            self.stations.services[at.service].starting.leave(self.now);
        }
    }

    /// An instance no longer serves.
    pub(super) fn goes_down(&mut self, index: InstanceId, life: Life) {
        let now = self.now;
        self.starts_no_more(index);
        let instance = &mut self.stations.instances[index];
        if instance.runs() {
            let service = instance.service;
            let workers = self.model.services[service.index()].workers.unwrap_or(0);
            self.stations.services[service].running.leave(now);
            self.stations.services[service].workers.change(now, -i64::from(workers));
            self.stations.up.went(self.model, service, &self.stations.services[service], now);
            self.runs_at_size(index, false);
            self.stations.since[index].1 = now;
        }
        self.stations.instances[index].set_life(life);
        self.memory_changes(index, |memory, _| memory.ends());
        self.copy_may_change(index, false);
        if life == Life::Gone {
            self.zone_may_be_left(index);
        }
    }

    /// Which instances of a service callers may pick: those that they know and that pass their health check; if none does, all.
    pub(in crate::world) fn refresh_routable(&mut self, service: ServiceId) {
        let (routable, differ) = self.stations.choose_routable(service);
        let differ = differ || self.stations.some_get_a_share(service);
        let only = match routable[..] {
            [one] if !differ => one.into(),
            _ => Maybe::NONE,
        };
        self.calls.set_known(service, only, differ);
        let (had, has) = (!self.stations.services[service].routable.is_empty(), !routable.is_empty());
        self.stations.services[service].routable = routable;
        self.looks_at_primary(service);
        self.members_may_change(service);
        if had != has {
            self.tell_activators(service, has);
        }
    }
}
