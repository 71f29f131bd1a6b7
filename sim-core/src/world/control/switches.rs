//! Switches while they are thrown, and scalers that somebody holds.

use super::Due;
use crate::deed::Throw;
use crate::engine::rng::Stream;
use crate::ids::{InstanceId, ServiceId};
use crate::model::Model;
use crate::switch::{Switch, SwitchEffect};
use crate::world::World;
use crate::world::stations::Life;

/// One switch in a run.
#[derive(Debug, Clone, Default)]
struct At {
    is_thrown: bool,
    /// How often it was thrown: an end that was planned before the last throw is none.
    times: u32,
    /// Of what stops services: how many instances each had.
    before: Vec<(ServiceId, u32)>,
    /// Of what redirects: whom it took out.
    taken_out: Vec<InstanceId>,
    /// The runbook that threw it last.
    by: Option<u32>,
}

/// All switches.
#[derive(Debug, Default)]
pub(super) struct Switches {
    all: Vec<At>,
    /// By scaler: how many switches hold it.
    held: Vec<u32>,
}

impl Switches {
    pub(super) fn new(model: &Model) -> Self {
        Self { all: vec![At::default(); model.switches.len()], held: vec![0; model.scalers.len()] }
    }

    /// Whether a scaler is held.
    pub(super) fn holds(&self, scaler: usize) -> bool {
        self.held[scaler] > 0
    }
}

impl<'m> World<'m> {
    /// Somebody throws switches; what became of it, in words. One that fails keeps none of the others back.
    pub(super) fn throws(&mut self, throw: &Throw, by: Option<u32>, who: &str) -> String {
        let model = self.model;
        let mut said = Vec::new();
        for &place in &throw.switches {
            let switch = &model.switches[place];
            let times = self.control.switches.all[place].times;
            let mut stream = Stream::new(self.seed, self.replication, &switch.name, &format!("throw {times}"));
            self.control.switches.all[place].times += 1;
            if switch.fails > 0.0 && stream.unit() < switch.fails {
                said.push(format!("{}, which does not work", switch.name));
                continue;
            }
            self.control.switches.all[place].by = by;
            if !std::mem::replace(&mut self.control.switches.all[place].is_thrown, true) {
                self.switch_acts(place, switch);
            }
            if let Some(for_ns) = switch.for_ns {
                let times = self.control.switches.all[place].times;
                self.schedule(self.now.saturating_add(for_ns), Due::Reverts(place as u32, times));
            }
            said.push(format!("{}: {}", switch.name, switch.says));
        }
        let reason = throw.reason.as_deref().map_or_else(String::new, |reason| format!(" ({reason})"));
        format!("{who} throws {}{reason}", said.join("; "))
    }

    /// A switch has acted for its time, unless it was thrown again.
    pub(super) fn reverts(&mut self, place: u32, times: u32) {
        let at = &mut self.control.switches.all[place as usize];
        if at.times != times || !std::mem::replace(&mut at.is_thrown, false) {
            return;
        }
        let by = at.by;
        let switch = &self.model.switches[place as usize];
        self.switch_ceases(place as usize, switch);
        if let Some(by) = by {
            self.switch_is_back(by, format!("{} reverts", switch.name));
        }
    }

    fn switch_acts(&mut self, place: usize, switch: &'m Switch) {
        match &switch.effect {
            SwitchEffect::Refuse(_) | SwitchEffect::Answer { .. } => self.doors_change(),
            SwitchEffect::Hold(scaler) => self.control.switches.held[*scaler] += 1,
            SwitchEffect::Stop(services, drain_ns) => {
                for service in services {
                    let present =
                        self.stations.lives(*service).filter(|l| !matches!(l, Life::Gone | Life::Draining)).count();
                    self.control.switches.all[place].before.push((*service, present as u32));
                    self.hold_scalers_of(*service, 1);
                    let all: Vec<InstanceId> =
                        self.stations.ids().filter(|&i| self.stations.service_of(i) == *service).collect();
                    for instance in all.into_iter().filter(|&i| self.stations.life(i) != Life::Gone).collect::<Vec<_>>()
                    {
                        self.drain_within(instance, *drain_ns);
                    }
                    self.refresh_routable(*service);
                }
            }
            SwitchEffect::Redirect(services, region) => {
                let is_meant = |i: &InstanceId| {
                    let zone = self.stations.zone_of(*i);
                    self.model.zones[zone.index()].region == *region && services.contains(&self.stations.service_of(*i))
                };
                let all: Vec<InstanceId> = self.stations.ids().filter(is_meant).collect();
                all.iter().for_each(|instance| self.isolate(*instance, true));
                self.control.switches.all[place].taken_out = all;
                services.iter().for_each(|service| self.refresh_routable(*service));
            }
        }
    }

    fn switch_ceases(&mut self, place: usize, switch: &'m Switch) {
        match &switch.effect {
            SwitchEffect::Refuse(_) | SwitchEffect::Answer { .. } => self.doors_change(),
            SwitchEffect::Hold(scaler) => self.control.switches.held[*scaler] -= 1,
            SwitchEffect::Stop(..) => {
                for (service, count) in std::mem::take(&mut self.control.switches.all[place].before) {
                    self.hold_scalers_of(service, -1);
                    self.scale_to(service, count);
                    self.refresh_routable(service);
                }
            }
            SwitchEffect::Redirect(services, _) => {
                let all = std::mem::take(&mut self.control.switches.all[place].taken_out);
                all.into_iter().for_each(|instance| self.isolate(instance, false));
                services.iter().for_each(|service| self.refresh_routable(*service));
            }
        }
    }

    fn hold_scalers_of(&mut self, service: ServiceId, by: i32) {
        for (scaler, _) in self.model.scalers.iter().enumerate().filter(|(_, meant)| meant.of == service) {
            let held = &mut self.control.switches.held[scaler];
            *held = held.saturating_add_signed(by);
        }
    }

    /// What the switches that are thrown make of requests at the doors of endpoints: the first in the file counts.
    fn doors_change(&mut self) {
        let model = self.model;
        let mut refused = vec![false; model.endpoints.len()];
        let mut answered = vec![None; model.endpoints.len()];
        let thrown =
            model.switches.iter().zip(&self.control.switches.all).enumerate().filter(|(_, (_, at))| at.is_thrown);
        for (place, (switch, _)) in thrown {
            match &switch.effect {
                SwitchEffect::Refuse(endpoints) => endpoints.iter().for_each(|of| refused[of.index()] = true),
                SwitchEffect::Answer { endpoints, .. } => {
                    let answer = self.program.answers[place];
                    for of in endpoints {
                        answered[of.index()].get_or_insert(answer);
                    }
                }
                _ => {}
            }
        }
        for site in self.calls.ids() {
            let callee = model.edges[site.index()].callee;
            let pc = answered[callee.index()].unwrap_or(self.program.door[callee]);
            self.calls.begins_at(site, pc);
        }
        self.stations.refuses(&model.topology, refused);
    }
}
