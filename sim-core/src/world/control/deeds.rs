//! What is done to the running system, by experiments, by runbooks and by modes.

use super::set::Owner;
use crate::data::state::State;
use crate::deed::{Deed, DeedEffect, Whom};
use crate::engine::math::whole_ns;
use crate::engine::rng::Stream;
use crate::ids::{InstanceId, ServiceId};
use crate::topology::Node;
use crate::world::World;
use crate::world::stations::Life;

impl<'m> World<'m> {
    /// How long the work of a deed takes that begins at a time, when its `takes` is over [ns].
    pub(super) fn work_ns(&self, deed: &Deed, from_ns: u64) -> u64 {
        let services = deed.effect.whom().map_or(&[][..], Whom::services);
        let stores = services.iter().filter_map(|id| match &self.model.services[id.index()].node {
            Node::Store(store) => store.state,
            _ => None,
        });
        let from_s = self.since_zero(from_ns) as f64 / 1e9;
        let takes_s = |state: State| match &deed.effect {
            DeedEffect::Restore(_, way) => state.restored_after_s(*way, from_s),
            DeedEffect::Validate(_, validation) => {
                validation.audit.map_or(0.0, |(sample, rate)| state.size * sample / rate)
            }
            _ => 0.0,
        };
        whole_ns(stores.map(takes_s).fold(0.0, f64::max) * 1e9)
    }

    /// How long a deed takes [ns], which is done for the time `before` + 1.
    pub(super) fn duration(&self, deed: &Deed, before: u32) -> u64 {
        let Some(takes) = &deed.takes else { return 0 };
        let occasion = match before {
            0 => "takes".to_owned(),
            _ => format!("takes {before}"),
        };
        whole_ns(takes.build().sample(&mut Stream::new(self.seed, self.replication, &deed.name, &occasion)))
    }

    /// Does it to these instances, and says so. `owner` takes back what it sets.
    pub(super) fn does(&mut self, deed: &'m Deed, owner: Option<Owner>, mut whom: Vec<InstanceId>) -> String {
        if matches!(deed.effect, DeedEffect::Restart(_) | DeedEffect::Drain(..) | DeedEffect::Restore(..)) {
            // Where there is no machine, there is nothing to stop.
            whom.retain(|instance| self.stations.life(*instance) != Life::Gone);
        }
        match &deed.effect {
            DeedEffect::Restart(_) => whom.iter().for_each(|instance| self.restart(*instance)),
            DeedEffect::Drain(_, within) => {
                whom.iter().for_each(|instance| self.drain_within(*instance, *within));
            }
            DeedEffect::Replace(_) => whom.iter().for_each(|instance| self.gets_new_machine(*instance)),
            DeedEffect::Isolate(_) => whom.iter().for_each(|instance| self.isolate(*instance, true)),
            DeedEffect::Return(_, steps, every_ns) => {
                whom.iter().for_each(|instance| self.comes_back_by_steps(*instance, steps, *every_ns));
            }
            DeedEffect::Restore(..) => whom.iter().for_each(|instance| self.has_its_data(*instance)),
            DeedEffect::SpreadInterrupts(_, queues) => {
                whom.iter().for_each(|instance| self.spread_interrupts(*instance, *queues));
            }
            DeedEffect::Failover(store) => self.hands_over(*store),
            DeedEffect::Scale { service, to } => self.scale_to(*service, *to),
            DeedEffect::Mend(fault) => self.mend_fault(*fault),
            DeedEffect::Rollback(faults) => faults.iter().for_each(|fault| self.mend_fault(*fault)),
            DeedEffect::Throw(throw) => return self.throws(throw, None, "automation"),
            DeedEffect::Look | DeedEffect::Validate(..) => {}
            DeedEffect::Set(changes) => self.sets(owner, changes),
        }
        let mut services: Vec<ServiceId> = whom.iter().map(|instance| self.stations.service_of(*instance)).collect();
        services.dedup();
        services.into_iter().for_each(|service| self.refresh_routable(service));
        if whom.is_empty() && deed.effect.whom().is_some() {
            return format!("{}: no instance", deed.says);
        }
        format!("{}{}", deed.says, self.named(&whom))
    }

    /// The instances to which a deed is done, drawn under a name where it says so; of what an alert accuses, what it did last.
    pub(super) fn whom(&self, deed: &Deed, (name, occasion): (&str, &str)) -> Vec<InstanceId> {
        match deed.effect.whom() {
            Some(Whom::Selected(selection)) => self.select_of(selection, name, occasion),
            Some(Whom::FoundBy { alert, .. }) => self.control.accused.by(*alert).to_vec(),
            None => Vec::new(),
        }
    }
}
